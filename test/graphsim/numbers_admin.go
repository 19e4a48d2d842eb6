// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"
)

// numberActions are the paths below /_sim/ that concern phone numbers.
var numberActions = map[string]adminAction{
	"number/name":       {http.MethodPost, adminNumberName},
	"number/code":       {http.MethodPost, adminNumberCode},
	"number/edit":       {http.MethodPost, adminNumberEdit},
	"number/pin":        {http.MethodPost, adminNumberPIN},
	"number/disconnect": {http.MethodPost, adminNumber((*Simulator).DisconnectNumber)},
	"number/ban":        {http.MethodPost, adminNumber((*Simulator).BanNumber)},
	"number/coexist":    {http.MethodPost, adminNumber((*Simulator).MoveToBizApp)},
	"number/delete":     {http.MethodPost, adminNumber((*Simulator).DeleteNumberInManager)},
	"number/upgrade":    {http.MethodPost, adminNumber((*Simulator).UpgradeThroughput)},
	"limit":             {http.MethodPost, adminLimit},
}

// numberTarget names a phone number by id, or by account and number.
type numberTarget struct{ ID, Account, Number string }

func (s *Simulator) resolveNumber(x numberTarget) (string, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for id, n := range s.numbers {
		byNumber := x.ID == "" && n.account.ID == x.Account && digitsOf(n.DisplayPhoneNumber) == digitsOf(x.Number)
		if !n.memory.removed && (id == x.ID || byNumber) {
			return id, nil
		}
	}
	return "", errNotFound
}

// targetOf reads the number that a body names, and the rest of the body into more.
func (s *Simulator) targetOf(body []byte, more any) (string, error) {
	var x numberTarget
	if err := json.Unmarshal(body, &x); err != nil {
		return "", err
	}
	if err := json.Unmarshal(body, more); err != nil {
		return "", err
	}
	return s.resolveNumber(x)
}

func adminNumber(do func(*Simulator, string)) func(*Simulator, []byte) (any, error) {
	return func(s *Simulator, body []byte) (any, error) {
		id, err := s.targetOf(body, &struct{}{})
		if err != nil {
			return nil, err
		}
		do(s, id)
		return accepted, nil
	}
}

func adminNumberName(s *Simulator, body []byte) (any, error) {
	var in NameDecision
	id, err := s.targetOf(body, &in)
	if err != nil {
		return nil, err
	}
	return accepted, s.DecideName(id, in)
}

// adminNumberCode answers with the code that the person sees.
func adminNumberCode(s *Simulator, body []byte) (any, error) {
	id, err := s.targetOf(body, &struct{}{})
	if err != nil {
		return nil, err
	}
	code, found := s.SentCode(id)
	if !found {
		return nil, errNotFound
	}
	return code, nil
}

// adminNumberEdit sets fields of Number: {"id":"…","set":{"QualityRating":"RED","Status":"RESTRICTED"}}.
func adminNumberEdit(s *Simulator, body []byte) (any, error) {
	in := struct{ Set json.RawMessage }{}
	id, err := s.targetOf(body, &in)
	if err != nil {
		return nil, err
	}
	if len(in.Set) == 0 {
		return nil, errors.New("set is missing")
	}
	if err := json.Unmarshal(in.Set, &Number{}); err != nil {
		return nil, err
	}
	s.UpdateNumber(id, func(n *Number) { _ = json.Unmarshal(in.Set, n) }) // parsed above
	return accepted, nil
}

func adminNumberPIN(s *Simulator, body []byte) (any, error) {
	in := struct{ PIN string }{}
	id, err := s.targetOf(body, &in)
	if err != nil {
		return nil, err
	}
	s.SetPINInManager(id, in.PIN)
	return accepted, nil
}

func adminLimit(s *Simulator, body []byte) (any, error) {
	in := struct{ Account, Limit string }{}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	if !s.hasAccount(in.Account) || in.Limit == "" {
		return nil, errNotFound
	}
	s.SetMessagingLimit(in.Account, in.Limit)
	return accepted, nil
}

// shown is a copy without secrets.
func (n *number) shown() Number {
	out := n.public()
	out.PIN = ""
	return out
}

func (n *number) public() Number {
	out := n.Number
	out.Config, out.Health = n.Config.clone(), slices.Clone(n.Health)
	return out
}

// Numbers returns copies of an account's phone numbers, oldest first, with their PINs.
func (s *Simulator) Numbers(wabaID string) []Number {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.now())
	a := s.accounts[wabaID]
	if a == nil {
		return nil
	}
	out := make([]Number, 0, len(a.numbers))
	for _, n := range a.numbers {
		out = append(out, n.public())
	}
	return out
}

// NumberByID returns a copy of one phone number.
func (s *Simulator) NumberByID(id string) (Number, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.now())
	n := s.numbers[id]
	if n == nil || n.memory.removed {
		return Number{}, false
	}
	return n.public(), true
}

// withNumber changes a number under the lock. It panics on an unknown id: the test is wrong then.
func (s *Simulator) withNumber(id string, change func(*number, time.Time)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.settle(now)
	n := s.numbers[id]
	if n == nil {
		panic("graphsim: no number " + id)
	}
	change(n, now)
}

// overrule cancels what would happen by itself to values that were set by hand.
func (m *numberMemory) overrule(before, after *Number) {
	if before.NameStatus != after.NameStatus {
		m.nameDue = time.Time{}
	}
	if before.NewNameStatus != after.NewNameStatus || before.NewDisplayName != after.NewDisplayName {
		m.renameDue, m.renameEnds = time.Time{}, time.Time{}
	}
	if before.Status != after.Status {
		m.connectDue = time.Time{}
	}
	if before.CodeVerificationStatus != after.CodeVerificationStatus {
		m.verifiedAt = time.Time{}
	}
}

// DisconnectNumber deregisters a number as another partner, or a person, can at any time.
func (s *Simulator) DisconnectNumber(id string) {
	s.withNumber(id, func(n *number, _ time.Time) { n.disconnect() })
}

// BanNumber bans a number for a violation of a policy. Lift it with UpdateNumber.
func (s *Simulator) BanNumber(id string) {
	s.withNumber(id, func(n *number, _ time.Time) { n.Status = "BANNED" })
}

// MoveToBizApp makes a number one that is used in the WhatsApp Business app and on the Cloud API at once.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/embedded-signup/onboarding-business-app-users.
func (s *Simulator) MoveToBizApp(id string) {
	s.withNumber(id, func(n *number, now time.Time) {
		if n.PlatformType != "CLOUD_API" {
			n.LastOnboardedTime = now
		}
		n.OnBizApp, n.PlatformType, n.Status, n.CodeVerificationStatus = true, "CLOUD_API", "CONNECTED", "VERIFIED"
		n.ThroughputLevel, n.memory.connectDue = "STANDARD", time.Time{}
	})
}

// UpgradeThroughput starts the upgrade to 1,000 messages a second; for a minute writes get 131057.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/throughput.
func (s *Simulator) UpgradeThroughput(id string) {
	s.withNumber(id, func(n *number, now time.Time) { n.memory.upgradeDue = now.Add(upgradeTime) })
}

// SetPINInManager sets the PIN as a person does in WhatsApp Manager; an empty one switches two-step verification off,
// which no API call can.
func (s *Simulator) SetPINInManager(id, pin string) {
	s.withNumber(id, func(n *number, now time.Time) {
		n.PIN, n.PinEnabled, n.memory.wrongPINs = pin, pin != "", 0
		s.emitPIN(n, now)
	})
}

// DeleteNumberInManager deletes a number as only a person can. Added again, it can't be registered for 5 minutes.
func (s *Simulator) DeleteNumberInManager(id string) {
	s.withNumber(id, func(n *number, now time.Time) { s.dropNumber(n, now) })
}

// dropNumber takes a number out of its account; the id is remembered.
func (s *Simulator) dropNumber(n *number, now time.Time) {
	n.account.numbers = slices.DeleteFunc(n.account.numbers, func(x *number) bool { return x == n })
	n.memory = numberMemory{removed: true, removedAt: now, dial: n.memory.dial}
	n.Status, n.PlatformType = "DELETED", "NOT_APPLICABLE"
}

// SetMessagingLimit changes the limit of the portfolio, which all its accounts share. When it rises to 2,000 or more, Meta
// reviews the display names that have had no review yet (documented).
func (s *Simulator) SetMessagingLimit(wabaID, limit string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.settle(now)
	owner := s.mustAccount(wabaID).OwnerBusinessID
	for _, a := range s.accounts {
		if !strings.EqualFold(a.OwnerBusinessID, owner) {
			continue
		}
		if a.MessagingLimit != limit {
			a.MessagingLimit = limit
			s.emitLimit(a, now)
		}
		for _, n := range a.numbers {
			if n.NameStatus == "AVAILABLE_WITHOUT_REVIEW" && !unreviewed(a) {
				s.submitName(n, now)
			}
		}
	}
}
