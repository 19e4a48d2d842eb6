// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// newConfig is what a number has before any configuration. The text of about is what the app shows by default; that the API does
// so too is a guess.
func newConfig() NumberConfig {
	return NumberConfig{
		Profile: Profile{About: "Hey there! I am using WhatsApp.", Vertical: "UNDEFINED"},
		Storage: Storage{Status: "IN_COUNTRY_STORAGE_DISABLED"},
	}
}

func (x *NumberConfig) clone() NumberConfig {
	out := *x
	out.Profile.Websites = slices.Clone(x.Profile.Websites)
	out.Automation.Prompts, out.Automation.Commands = slices.Clone(x.Automation.Prompts), slices.Clone(x.Automation.Commands)
	for _, raw := range []*json.RawMessage{&out.Calling, &out.IdentityChange, &out.PayloadEncryption, &out.CallingRestrictions} {
		*raw = slices.Clone(*raw)
	}
	if x.Compliance != nil {
		c := *x.Compliance
		out.Compliance = &c
	}
	return out
}

// newNumber fills in what a seeded number lacks: by default it is registered and works.
func (s *Simulator) newNumber(a *account, n Number) *number {
	if n.ID == "" {
		n.ID = s.newID()
	}
	config := newConfig()
	for _, d := range []struct {
		field *string
		value string
	}{
		{&n.DisplayPhoneNumber, "+1 555-" + fmt.Sprintf("%03d-%04d", len(a.numbers)+1, toss(s.seed, n.ID)%10000)},
		{&n.VerifiedName, a.Name}, {&n.NameStatus, "AVAILABLE_WITHOUT_REVIEW"}, {&n.CodeVerificationStatus, "VERIFIED"},
		{&n.QualityRating, "GREEN"}, {&n.Status, "CONNECTED"}, {&n.PlatformType, "CLOUD_API"}, {&n.ThroughputLevel, "STANDARD"},
		{&n.AccountMode, "LIVE"}, {&n.OfficialStatus, "NOT_STARTED"}, {&n.Config.Profile.About, config.Profile.About},
		{&n.Config.Profile.Vertical, config.Profile.Vertical}, {&n.Config.Storage.Status, config.Storage.Status},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	if n.PIN != "" {
		n.PinEnabled = true
	}
	if n.LastOnboardedTime.IsZero() && n.PlatformType == "CLOUD_API" {
		n.LastOnboardedTime = s.now().Add(-24 * time.Hour)
	}
	n.Config = n.Config.clone()
	return &number{Number: n, account: a, seq: s.nextSequence()}
}

// listedNumbers sorts and filters GET /{waba}/phone_numbers: the last onboarded first unless asked otherwise. Cursors
// hold the place in that order, so a number that is registered between two pages moves.
func listedNumbers(c *call) ([]*number, func(*number) int64, *apiError) {
	sign := int64(1)
	switch order := strings.Trim(c.param("sort"), `[]'" `); order { // Meta's example has ['…']
	case "", "last_onboarded_time_descending":
	case "last_onboarded_time_ascending":
		sign = -1
	default:
		return nil, nil, badParam("Param sort must be one of {last_onboarded_time_ascending, last_onboarded_time_descending} - got %q.", order)
	}
	keep, problem := numberFilter(c)
	if problem != nil {
		return nil, nil, problem
	}
	place := func(n *number) int64 {
		at := int64(0) // never onboarded
		if !n.LastOnboardedTime.IsZero() {
			at = n.LastOnboardedTime.Unix()
		}
		return sign * (at*1_000_000 + n.seq)
	}
	var out []*number
	for _, n := range c.account.numbers {
		if keep == "" || n.AccountMode == keep {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b *number) int {
		if place(a) > place(b) {
			return -1
		}
		return 1
	})
	return out, place, nil
}

// numberFilter is filtering=[{"field":"account_mode","operator":"EQUAL","value":"LIVE"}]; no other is documented.
func numberFilter(c *call) (mode string, problem *apiError) {
	raw, ok := c.raw("filtering")
	if !ok {
		return "", nil
	}
	var in []struct{ Field, Operator, Value string }
	if json.Unmarshal([]byte(scalar(raw)), &in) != nil {
		return "", badParam("Param filtering must be an array")
	}
	for _, x := range in {
		if x.Field != "account_mode" || x.Operator != "EQUAL" {
			return "", badParam("Filtering field %q with operator %q is invalid", x.Field, x.Operator)
		}
		mode = x.Value
	}
	return mode, nil
}

// limitTier is the deprecated limit of a number: before v24.0 in its own old steps, then the portfolio's. Which old step
// stands for 2,000 is a guess.
func limitTier(c *call, limit string) string {
	if !c.atLeast(24) && limit == "TIER_2K" {
		return "TIER_1K"
	}
	return limit
}

// numberIdentity are fields of what a number is called.
func (s *Simulator) numberIdentity(n *number, name string) any {
	switch name {
	case "search_visibility":
		if !n.Config.Hidden {
			return "VISIBLE"
		}
		return []string{"HIDDEN", "NON_VISIBLE"}[toss(s.seed, "hidden", n.ID)%2] // the pages say one, the SDKs the other
	case "eligibility_for_api_business_global_search":
		return "NON_ELIGIBLE_UNDEFINED_COUNTRY" // guess
	case "username":
		return absentWhenEmpty(n.Config.Username)
	case "conversational_automation":
		return automationField(&n.Config.Automation)
	case "country_dial_code":
		return absentWhenEmpty(dialCodeOf(n))
	case "country_code":
		return absentWhenEmpty(countries[dialCodeOf(n)])
	case "certificate":
		return certificate(n.NameStatus, n.VerifiedName)
	case "new_certificate":
		return certificate(n.NewNameStatus, n.NewDisplayName)
	}
	return nil
}

func dialCodeOf(n *number) string {
	if n.memory.dial != "" {
		return n.memory.dial
	}
	first, _, _ := strings.Cut(strings.TrimPrefix(n.DisplayPhoneNumber, "+"), " ")
	return first
}

// certificate is legacy, and there only when the name can be used.
func certificate(status, name string) any {
	if !usableName(status) {
		return nil
	}
	return base64.StdEncoding.EncodeToString([]byte("certificate of " + name))
}

// numberHealth derives the health status of a number. The code 141000 for one that is not connected is a guess. 138024 and 138025
// are documented, and with them Meta's own example answers BLOCKED at the top although every entity can send.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/support/health-status.
func (s *Simulator) numberHealth(c *call, n *number) any {
	if len(n.Health) > 0 {
		return n.Health
	}
	own := map[string]any{"entity_type": "PHONE_NUMBER", "id": n.ID, "can_send_message": "AVAILABLE"}
	switch {
	case n.Status == "BANNED":
		own["can_send_message"] = "BLOCKED"
		own["errors"] = healthError(131031, "The phone number has been banned.", "Request a review in Business Support Home.")
	case n.PlatformType != "CLOUD_API" || n.Status != "CONNECTED" && n.Status != "FLAGGED":
		own["can_send_message"] = "BLOCKED"
		own["errors"] = healthError(141000, "The phone number is not connected to the WhatsApp Business Platform.", "Register the phone number.")
	case !usableName(n.NameStatus), testRange(n) && n.NameStatus != "APPROVED":
		own["can_send_message"] = "LIMITED"
		own["additional_info"] = []string{"Your display name has not been approved yet. Your message limit will increase after the display name is approved."}
	}
	entities := append([]map[string]any{own}, s.accountEntities(c)...)
	calls := callHealth(n, own, entities[len(entities)-1])
	out := healthObject(entities)
	if calls {
		out["can_send_message"] = "BLOCKED"
	}
	return out
}

// testRange: numbers of the 555 test range can't send before their name is approved. Seeded ones are exempt, or every
// test would have to care.
func testRange(n *number) bool {
	return n.memory.dial == "1" && strings.HasPrefix(n.DisplayPhoneNumber, "+1 555")
}
