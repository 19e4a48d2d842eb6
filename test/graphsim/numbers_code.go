// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"fmt"
	"regexp"
	"slices"
	"time"
)

var codeLanguage = regexp.MustCompile(`^[a-z]{2}(_[A-Z]{2})?$`)

// requestError is how request_code fails. Code, subcodes, message and texts were seen in public bug reports. 2388091 says that
// the number is verified already as well as that one must wait an hour; only the text, which is translated, distinguishes them.
// code_verification_status is the only safe answer.
func requestError(subcode int, title, text string) *apiError {
	return &apiError{Code: 136024, Subcode: subcode, Message: "Request code error", Title: title, Text: text}
}

// verifyError is how verify_code fails. The code was seen in public bug reports; that every cause has the same one, the
// message and the texts are guesses.
func verifyError(subcode int, text string) *apiError {
	return &apiError{Code: 136025, Subcode: subcode, Message: "Verify code error", Title: "Verify code failed", Text: text}
}

// requestCode is POST /{phone number}/request_code. Meta publishes no limits, so these are strict.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/registering-phone-numbers.
func (s *Simulator) requestCode(c *call) (any, *apiError) {
	n, m := c.number, &c.number.memory
	method, language := c.param("code_method"), c.param("language")
	switch {
	case method == "":
		return nil, badParam("The parameter code_method is required.")
	case !slices.Contains([]string{"SMS", "VOICE"}, method):
		return nil, badParam("Param code_method must be one of {SMS, VOICE} - got %q.", method)
	case language == "":
		return nil, badParam("The parameter language is required.")
	case !codeLanguage.MatchString(language):
		return nil, badParam("Param language must be a language code such as en or en_US - got %q.", language)
	}
	if problem := accountLocked(c.account); problem != nil {
		return nil, problem
	}
	if n.CodeVerificationStatus == "VERIFIED" {
		return nil, requestError(2388091, "", "You have already verified ownership of this phone number.")
	}
	m.codeRequests = within(m.codeRequests, c.now, codeWindow)
	lastHour := within(slices.Clone(m.codeRequests), c.now, time.Hour)
	switch {
	case m.codeBlock.hit(c.now):
	case len(m.codeRequests) >= codesPerWindow:
		m.codeBlock.start(c.now, codeWindow)
	case len(lastHour) >= codesPerHour:
		m.codeBlock.start(c.now, time.Hour)
	default:
		m.codeRequests = append(m.codeRequests, c.now)
		s.sendCode(n, method, language, c.now)
		return done(c), nil
	}
	if m.codeBlock.length == time.Hour {
		return nil, requestError(2388091, "", "Our servers are temporarily unavailable. Please wait 1 hour and try again.")
	}
	return nil, requestError(2388367, "Request code rate limit", "You have asked for a verification code too many times. Try again later.")
}

// sendCode makes earlier codes worthless; that is a guess.
func (s *Simulator) sendCode(n *number, method, language string, now time.Time) {
	m := &n.memory
	code := fmt.Sprintf("%06d", s.rand.IntN(1_000_000))
	m.codes = append(m.codes, SentCode{
		Time: now, Method: method, Language: language, Code: code,
		Message: "Your WhatsApp code: " + code[:3] + "-" + code[3:],
	})
	m.usedUp, m.wrongCodes = false, 0
}

// verifyCode is POST /{phone number}/verify_code; the code has no hyphen there.
func (s *Simulator) verifyCode(c *call) (any, *apiError) {
	n, m := c.number, &c.number.memory
	code := c.param("code")
	if code == "" {
		return nil, badParam("The parameter code is required.")
	}
	switch {
	case m.checkBlock.hit(c.now):
		return nil, verifyError(2388364, "You have tried too many times. Wait 1 hour before you try again.")
	case n.CodeVerificationStatus == "VERIFIED":
		// A lost answer looks like this when the call is repeated.
		return nil, verifyError(0, "This phone number is already verified.")
	case len(m.codes) == 0 || m.usedUp:
		return nil, verifyError(0, "Request a verification code first.")
	}
	sent := m.codes[len(m.codes)-1]
	switch {
	case c.now.Sub(sent.Time) >= codeLife:
		return nil, verifyError(0, "The verification code has expired. Request a new one.")
	case code != sent.Code:
		m.wrongCodes++
		if m.wrongCodes >= codeGuesses {
			m.usedUp = true
			m.checkBlock.start(c.now, codeGuessLock)
			return nil, verifyError(2388364, "You have tried too many times. Wait 1 hour before you try again.")
		}
		return nil, verifyError(0, "The verification code you entered is incorrect.")
	}
	m.usedUp, m.verifiedAt, n.CodeVerificationStatus = true, c.now, "VERIFIED"
	return done(c), nil
}

// SentCodes returns the verification codes that reached the phone, oldest first: what the person who holds it sees.
func (s *Simulator) SentCodes(id string) []SentCode {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.numbers[id]
	if n == nil || n.Unreachable {
		return nil
	}
	return slices.Clone(n.memory.codes)
}

// SentCode returns the newest of SentCodes, whether it is still good or not.
func (s *Simulator) SentCode(id string) (SentCode, bool) {
	codes := s.SentCodes(id)
	if len(codes) == 0 {
		return SentCode{}, false
	}
	return codes[len(codes)-1], true
}
