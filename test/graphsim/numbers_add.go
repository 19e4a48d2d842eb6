// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

var dialCode = regexp.MustCompile(`^[1-9][0-9]{0,2}$`)

// countries gives the region of a dial code; Meta knows them all.
var countries = map[string]string{
	"1": "US", "33": "FR", "34": "ES", "39": "IT", "41": "CH", "44": "GB", "49": "DE", "52": "MX", "55": "BR", "61": "AU",
	"62": "ID", "65": "SG", "81": "JP", "82": "KR", "91": "IN", "971": "AE",
}

func digitsOf(text string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, text)
}

// nationalNumber strips blanks, brackets and hyphens, and the country code, which callers may send or leave out (documented). How
// Meta distinguishes the two is a guess, like the trunk zero that goes (it stays in Italy).
func nationalNumber(cc, text string) (string, bool) {
	if strings.Trim(text, "+0123456789 -().") != "" {
		return "", false
	}
	rest := digitsOf(text)
	long := len(rest) >= 11 || strings.HasPrefix(strings.TrimSpace(text), "+")
	if own, ok := strings.CutPrefix(rest, cc); ok && long {
		rest = own
	} else if strings.HasPrefix(strings.TrimSpace(text), "+") {
		return "", false // of another country
	}
	if cc != "39" {
		rest = strings.TrimLeft(rest, "0")
	}
	total := len(cc) + len(rest)
	return rest, total >= 7 && total <= 15
}

// displayNumber formats as Meta does: "+1 555-078-3881", "+55 51 9999-8229". That other countries look like the second
// is a guess.
func displayNumber(cc, rest string) string {
	if cc == "1" && len(rest) == 10 {
		return "+1 " + rest[:3] + "-" + rest[3:6] + "-" + rest[6:]
	}
	switch n := len(rest); {
	case n >= 10:
		return "+" + cc + " " + rest[:n-8] + " " + rest[n-8:n-4] + "-" + rest[n-4:]
	case n > 4:
		return "+" + cc + " " + rest[:n-4] + "-" + rest[n-4:]
	}
	return "+" + cc + " " + rest
}

// addKey is the number in international form, as far as it can be derived, for the statistics.
func addKey(c *call) string {
	cc := strings.TrimPrefix(strings.TrimSpace(c.param("cc")), "+")
	rest, ok := nationalNumber(cc, c.param("phone_number"))
	if !ok {
		return c.param("cc") + " " + c.param("phone_number")
	}
	return "+" + cc + rest
}

// addNumber is POST /{waba}/phone_numbers. There is no key against doing it twice, and no call that deletes a number.
// The codes 100, 200, 300 and 200000 are documented, which of them answers what is a guess.
// See https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/phone_numbers/ and
// https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/registering-phone-numbers.
func (s *Simulator) addNumber(c *call) (any, *apiError) {
	if problem := accountLocked(c.account); problem != nil {
		return nil, problem
	}
	migrate, _, problem := flag(c, "migrate_phone_number")
	if problem != nil {
		return nil, problem
	}
	cc, rest, problem := sentNumber(c)
	if problem != nil {
		return nil, problem
	}
	other := s.holderOf(cc + rest)
	if migrate {
		return s.migrateNumber(c, other)
	}
	name := strings.TrimSpace(c.param("verified_name"))
	switch {
	case name == "":
		return nil, badParam("The parameter verified_name is required.")
	case !goodLength(name):
		return nil, badName()
	case other != nil && other.account == c.account:
		return nil, invalid(2388012, "Phone Number Already Exists", "The phone number you are trying to add already exists in this WhatsApp Business account.")
	case other != nil:
		return nil, &apiError{Code: 200000, Message: "(#200000) Cannot add phone number to WhatsApp Business Account",
			Text: "This phone number is already registered to another WhatsApp Business account."}
	case s.numbersOfBusiness(c.account.OwnerBusinessID) >= numberLimit(c.account):
		// 2388103 has many meanings, only the text distinguishes them (documented); this text is a guess.
		return nil, invalid(2388103, "Phone Number Limit Reached", "You have reached the maximum number of phone numbers for this business portfolio.")
	}
	n := &number{account: c.account, seq: s.nextSequence(), Number: Number{
		ID: s.newID(), DisplayPhoneNumber: displayNumber(cc, rest), VerifiedName: name, CodeVerificationStatus: "NOT_VERIFIED",
		NameStatus: "NONE", QualityRating: "UNKNOWN", Status: "PENDING", PlatformType: "NOT_APPLICABLE",
		ThroughputLevel: "NOT_APPLICABLE", AccountMode: "LIVE", OfficialStatus: "NOT_STARTED", Config: newConfig(),
	}}
	n.memory.dial = cc
	n.memory.quarantine = s.recentlyDeleted(cc + rest)
	s.insertNumber(n)
	s.submitName(n, c.now)
	c.commit = append(c.commit, commitment{op: OpAddNumber, key: c.key})
	return map[string]any{"id": n.ID}, nil
}

func sentNumber(c *call) (cc, rest string, problem *apiError) {
	cc = strings.TrimPrefix(strings.TrimSpace(c.param("cc")), "+")
	switch {
	case cc == "":
		return "", "", badParam("The parameter cc is required.")
	case c.param("phone_number") == "":
		return "", "", badParam("The parameter phone_number is required.")
	case !dialCode.MatchString(cc):
		return "", "", badParam("Param cc must be a country dial code - got %q.", c.param("cc"))
	}
	rest, ok := nationalNumber(cc, c.param("phone_number"))
	if !ok {
		return "", "", invalid(0, "Invalid Phone Number", "The phone number you entered isn't valid. Check it and try again.")
	}
	return cc, rest, nil
}

func (s *Simulator) insertNumber(n *number) {
	s.used[n.ID] = true
	n.account.numbers = append(n.account.numbers, n)
	s.numbers[n.ID] = n
}

// holderOf returns the number that has these digits, nil without one; not one that is being migrated away.
func (s *Simulator) holderOf(digits string) *number {
	for _, n := range s.numbers {
		if !n.memory.removed && !n.memory.leaving && digitsOf(n.DisplayPhoneNumber) == digits {
			return n
		}
	}
	return nil
}

// recentlyDeleted returns until when a number that was deleted can't be registered again.
func (s *Simulator) recentlyDeleted(digits string) (until time.Time) {
	for _, n := range s.numbers {
		if end := n.memory.removedAt.Add(deletionQuarantine); n.memory.removed && digitsOf(n.DisplayPhoneNumber) == digits && end.After(until) {
			until = end
		}
	}
	return until
}

func (s *Simulator) numbersOfBusiness(id string) int {
	total := 0
	for _, a := range s.accounts {
		if a.OwnerBusinessID == id {
			total += len(a.numbers)
		}
	}
	return total
}

// numberLimit: a new portfolio has 2 numbers, after verification or with a limit of 2,000 it has 20.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/whatsapp-business-accounts.
func numberLimit(a *account) int {
	switch {
	case a.NumberLimit > 0:
		return a.NumberLimit
	case strings.EqualFold(a.VerificationStatus, "verified"), !slices.Contains(smallTiers, a.MessagingLimit):
		return largeNumberLimit
	}
	return smallNumberLimit
}

// migrateNumber moves a number here from another account of the same business. Only the text says which precondition is missing
// (documented); the texts are guesses.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/support/migrating-phone-numbers-among-solution-partners-programmatically.
func (s *Simulator) migrateNumber(c *call, from *number) (any, *apiError) {
	refuse := func(text string) (any, *apiError) {
		return nil, invalid(2388103, "Can't Migrate Phone Number", text)
	}
	switch {
	case from != nil && from.account == c.account:
		return nil, invalid(2388012, "Phone Number Already Exists", "The phone number you are trying to add already exists in this WhatsApp Business account.")
	case from == nil:
		return nil, invalid(2388093, "Phone Number Isn't Eligible", "This phone number isn't eligible for migration.")
	case from.account.OwnerBusinessID != c.account.OwnerBusinessID:
		return refuse("The source and the destination WhatsApp Business account must belong to the same business.")
	case from.PinEnabled:
		return refuse("Two-step verification must be disabled for the phone number before it can be migrated.")
	case from.NameStatus != "APPROVED" || from.NewNameStatus == "PENDING_REVIEW":
		return refuse("The display name must be approved and must not have a pending change.")
	case !approvedAccount(from.account) || !approvedAccount(c.account):
		return refuse("Both WhatsApp Business accounts must be approved and their business verified.")
	case c.account.PrimaryFundingID == "" || len(c.account.apps) == 0:
		return refuse("The destination WhatsApp Business account needs a payment method and a subscribed app.")
	}
	moved := &number{account: c.account, seq: s.nextSequence(), Number: from.Number}
	moved.ID, moved.CodeVerificationStatus, moved.PlatformType = s.newID(), "NOT_VERIFIED", "NOT_APPLICABLE"
	moved.Status, moved.Config = "PENDING", from.Config.clone()
	moved.memory = numberMemory{dial: from.memory.dial, source: from}
	s.insertNumber(moved)
	from.memory.leaving = true // it works until the new one is registered
	c.commit = append(c.commit, commitment{op: OpAddNumber, key: c.key})
	return map[string]any{"id": moved.ID}, nil
}

func approvedAccount(a *account) bool {
	return a.ReviewStatus == "APPROVED" && strings.EqualFold(a.VerificationStatus, "verified")
}

// goodLength: display names have 3 characters at least (documented for people in the help centre); the upper limit is a
// guess.
func goodLength(name string) bool {
	n := utf8.RuneCountInString(name)
	return n >= 3 && n <= 128
}

// badName is refused before any review; subcode and text are guesses.
func badName() *apiError {
	return invalid(0, "Invalid Display Name", "Display names must have between 3 and 128 characters.")
}
