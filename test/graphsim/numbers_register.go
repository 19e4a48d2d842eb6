// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

var (
	pinPattern = regexp.MustCompile(`^[0-9]{6}$`)
	// regions are those of local storage.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/local-storage.
	regions = strings.Fields("AU ID IN JP SG KR DE CH GB BR BH ZA AE CA")
)

// registerBudget allows ten calls in 72 hours; the eleventh blocks the number for the 72 hours after it (documented).
// That calls with bad parameters count, that a block is for both calls and that calling on starts it anew are guesses.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/registration.
func registerBudget(m *numberMemory, used *[]time.Time, now time.Time) *apiError {
	*used = within(*used, now, registerWindow)
	if m.blocked.After(now) || len(*used) >= registerLimit {
		m.blocked = now.Add(registerWindow)
		const text = "Registration or Deregistration failed because there were too many attempts for this phone number in a short period of time"
		return &apiError{Code: 133016, Message: "(#133016) " + text, Details: text}
	}
	*used = append(*used, now)
	return nil
}

// register is POST /{phone number}/register. The codes are documented; their order is a guess.
// See https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account-to-number-current-status/register.
func (s *Simulator) register(c *call) (any, *apiError) {
	n, m := c.number, &c.number.memory
	if problem := registerAllowed(c); problem != nil {
		return nil, problem
	}
	if problem := registerBudget(m, &m.registers, c.now); problem != nil {
		return nil, problem
	}
	region, problem := registerParameters(c)
	if problem != nil {
		return nil, problem
	}
	switch {
	case n.OnBizApp: // seen in public bug reports
		return nil, badParam("Register endpoint is not available for SMB businesses.")
	case m.quarantine.After(c.now):
		return nil, &apiError{Code: 133015, Message: "(#133015) Please wait a few minutes before attempting to register this phone number",
			Details: "The business phone number was deleted recently. Wait 5 minutes before you register it."}
	case n.DeregisterIncomplete:
		return nil, &apiError{Code: 133000, Message: "(#133000) Incomplete deregistration", Details: "A previous deregistration attempt failed. Deregister the number again before you register it."}
	case n.CodeVerificationStatus != "VERIFIED" && n.PlatformType != "CLOUD_API":
		return nil, &apiError{Code: 133006, Message: "(#133006) Phone number re-verification needed", Details: "The phone number needs to be verified before registering."}
	case !usableName(n.NameStatus) && !usableName(n.NewNameStatus):
		return nil, noCertificate("Certificate cannot be created for this phone number. Its display name may still be in review, or its ownership unproven.")
	case n.UsedInApp:
		return nil, noCertificate("This number is registered to an existing WhatsApp account. To use this number, disconnect it from the existing account.")
	}
	if problem := s.comparePIN(n, c.param("pin"), c.now); problem != nil {
		return nil, problem
	}
	if n.PlatformType != "CLOUD_API" {
		s.emitNumberQuality(n, "ONBOARDING", c.now)
	}
	s.connect(n, region, c.param("pin"), c.now)
	return done(c), nil
}

// noCertificate: code, title and the text about the existing account were seen in public bug reports; that a name in
// review has the same subcode is third-party knowledge, its text a guess. Waiting helps against the one only.
func noCertificate(text string) *apiError {
	return invalid(2388001, "Cannot Create Certificate", text)
}

func registerAllowed(c *call) *apiError {
	if problem := needMessaging(c); problem != nil {
		return problem
	}
	if problem := accountLocked(c.account); problem != nil {
		return problem
	}
	if c.number.Status == "BANNED" { // which code a banned number gets is a guess
		return &apiError{Code: 131031, Message: defaultMessage(131031), Details: "The phone number has been banned for violating a policy."}
	}
	return nil
}

func registerParameters(c *call) (region string, problem *apiError) {
	if problem := needProduct(c); problem != nil {
		return "", problem
	}
	region = c.param("data_localization_region")
	switch {
	case !c.has("pin"):
		return "", badParam("The parameter pin is required.")
	case !pinPattern.MatchString(c.param("pin")):
		return "", &apiError{Code: 131009, Message: "(#131009) Parameter value is not valid", Details: "The pin must have 6 digits."}
	case region != "" && !slices.Contains(regions, region):
		return "", &apiError{Code: 131009, Message: "(#131009) Parameter value is not valid", Details: "data_localization_region isn't a supported country."}
	}
	return region, nil
}

// comparePIN compares with the PIN that the number has; guessing is punished (documented, the figures are guesses).
func (s *Simulator) comparePIN(n *number, pin string, now time.Time) *apiError {
	m := &n.memory
	if n.PINRetired || !n.PinEnabled {
		return nil
	}
	wait := func(until time.Time) int { return int((until.Sub(now) + time.Second - 1) / time.Second) }
	switch next := m.lastWrongPIN.Add(pinGuessInterval); {
	case m.pinBlock.After(now):
		return &apiError{Code: 133008, Message: "(#133008) Too Many two step verification PIN Guesses",
			Details: fmt.Sprintf("Too many two-step verification PIN guesses for this phone number. Try again in %d seconds.", wait(m.pinBlock))}
	case !m.lastWrongPIN.IsZero() && next.After(now):
		return &apiError{Code: 133009, Message: "(#133009) Two step verification PIN Guessed Too Fast",
			Details: fmt.Sprintf("The two-step verification PIN was entered too quickly. Try again in %d seconds.", wait(next))}
	}
	if pin == n.PIN && n.PIN != "" {
		m.wrongPINs, m.lastWrongPIN = 0, time.Time{}
		return nil
	}
	m.wrongPINs++
	m.lastWrongPIN = now
	if m.wrongPINs >= pinGuesses {
		m.wrongPINs, m.pinBlock = 0, now.Add(pinGuessLock)
	}
	return &apiError{Code: 133005, Message: "(#133005) Two step verification PIN Mismatch", Details: "The two-step verification PIN is incorrect."}
}

// connect registers. Registering a number again succeeds without a word and sets no PIN (documented with the new account
// model); only an approved display name takes effect then.
func (s *Simulator) connect(n *number, region, pin string, now time.Time) {
	m := &n.memory
	if usableName(n.NewNameStatus) {
		applyRename(n)
	}
	if n.PlatformType == "CLOUD_API" {
		return
	}
	if !n.PinEnabled && !n.PINRetired {
		n.PIN, n.PinEnabled = pin, true
	}
	if region != "" && s.keepsRegion() {
		n.Config.Storage = Storage{Status: "IN_COUNTRY_STORAGE_ENABLED", Region: region}
	}
	if n.Config.PublicKey != "" { // upload it again (documented)
		n.Config.PublicKeyStatus = "MISMATCH"
	}
	n.PlatformType, n.ThroughputLevel, n.Status = "CLOUD_API", "STANDARD", "PENDING"
	n.LastOnboardedTime, m.connectDue = now, now.Add(s.connectDelay)
	if s.connectDelay <= 0 {
		n.Status, m.connectDue = "CONNECTED", time.Time{}
	}
	if m.source != nil {
		m.source.disconnect()
		m.source.Status = "MIGRATED"
		m.source = nil
	}
}

func (s *Simulator) keepsRegion() bool {
	if s.regionAtRegister == RegionSeeded {
		return toss(s.seed, "region at register")%2 == 0
	}
	return s.regionAtRegister == RegionKept
}

// deregister is POST /{phone number}/deregister. The number, its PIN and its verification stay.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/registration.
func (s *Simulator) deregister(c *call) (any, *apiError) {
	n, m := c.number, &c.number.memory
	if problem := registerAllowed(c); problem != nil {
		return nil, problem
	}
	if problem := registerBudget(m, &m.deregisters, c.now); problem != nil {
		return nil, problem
	}
	switch {
	case n.OnBizApp: // refused (documented), in these words (guess)
		return nil, badParam("Deregister endpoint is not available for SMB businesses.")
	case n.DeregisterIncomplete:
		n.DeregisterIncomplete = false
	case n.PlatformType != "CLOUD_API": // guess
		return nil, notRegistered()
	}
	n.disconnect()
	return done(c), nil
}

// disconnect leaves the status that the sheet of values has for it; which one Meta shows is a guess.
func (n *number) disconnect() {
	n.PlatformType, n.ThroughputLevel, n.Status = "NOT_APPLICABLE", "NOT_APPLICABLE", "DISCONNECTED"
	n.memory.connectDue, n.memory.upgradeDue = time.Time{}, time.Time{}
}

// updateNumber is POST /{phone number}: the PIN, the display name and the override of the callback. Everything is
// checked first. Parameters that Graph does not know are ignored, but one it must know.
func (s *Simulator) updateNumber(c *call) (any, *apiError) {
	name := strings.TrimSpace(c.param("new_display_name"))
	raw, override := c.raw("webhook_configuration")
	switch {
	case !c.has("pin") && !c.has("new_display_name") && !override:
		return nil, badParam("Invalid parameter")
	case c.has("pin") && !pinPattern.MatchString(c.param("pin")):
		return nil, badParam("Param pin must be a 6 digit number.")
	case c.has("new_display_name") && !goodLength(name):
		return nil, badName()
	}
	if problem := accountLocked(c.account); problem != nil {
		return nil, problem
	}
	var callback string
	if override {
		var problem *apiError
		if callback, problem = s.overrideURL(c, raw); problem != nil {
			return nil, problem
		}
	}
	if c.has("new_display_name") {
		if problem := s.rename(c, name); problem != nil {
			return nil, problem
		}
	}
	if override {
		c.number.CallbackURL, c.number.memory.callbackApp = callback, c.token.AppID
	}
	if c.has("pin") {
		setPIN(c.number, c.param("pin"))
	}
	return done(c), nil
}

// setPIN needs no old PIN. A lock after guessing stays (guess); a retired PIN is accepted and forgotten.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/two-step-verification.
func setPIN(n *number, pin string) {
	if !n.PINRetired {
		n.PIN, n.PinEnabled, n.memory.wrongPINs = pin, true, 0
	}
}
