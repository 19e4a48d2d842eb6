// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestAddNumber(t *testing.T) {
	f := newNumbers(t)
	id := f.must(f.post(testWABA+"/phone_numbers", url.Values{"cc": {"1"}, "phone_number": {"(555) 078-3882"}, "verified_name": {" Acme Support "}})).text("id")
	f.same(f.fields(id, "display_phone_number,verified_name,name_status,code_verification_status,status,platform_type,quality_rating,account_mode,last_onboarded_time,is_pin_enabled,country_code,country_dial_code"), map[string]any{
		"display_phone_number": "+1 555-078-3882", "verified_name": "Acme Support", "name_status": "PENDING_REVIEW", "code_verification_status": "NOT_VERIFIED",
		"status": "PENDING", "platform_type": "NOT_APPLICABLE", "quality_rating": "NA", "account_mode": "LIVE", "last_onboarded_time": nil,
		"is_pin_enabled": false, "country_code": "US", "country_dial_code": "1",
	})
	for _, n := range f.must(f.get("/v25.0/" + testWABA + "/phone_numbers")).list() {
		if n["id"] == id && n["quality_rating"] != "UNKNOWN" {
			t.Errorf("lists say UNKNOWN: %v", n)
		}
	}
	f.clock.Step(time.Minute)
	f.same(f.fields(id, "name_status"), map[string]any{"name_status": "APPROVED"})
}

func TestNumbersAreNormalised(t *testing.T) {
	cases := []struct{ cc, sent, want string }{
		{"49", "0170 1234567", "+49 17 0123-4567"}, {"49", "491701234567", "+49 17 0123-4567"}, {"+49", "+49 170 1234567", "+49 17 0123-4567"},
		{"1", "14155550100", "+1 415-555-0100"}, {"1", "4155550100", "+1 415-555-0100"}, {"55", "5199998229", "+55 51 9999-8229"},
		{"39", "0612345678", "+39 06 1234-5678"}, {"49", "49123456", "+49 4912-3456"},
	}
	for _, c := range cases {
		t.Run(c.cc+" "+c.sent, func(t *testing.T) {
			f := newNumbers(t)
			id := f.must(f.post(testWABA+"/phone_numbers", map[string]any{"cc": c.cc, "phone_number": c.sent, "verified_name": "Acme"})).text("id")
			if n := f.number(id); n.DisplayPhoneNumber != c.want {
				t.Errorf("%q, want %q", n.DisplayPhoneNumber, c.want)
			}
		})
	}
}

func TestAddNumberRefusals(t *testing.T) {
	good := func(change map[string]any) map[string]any {
		out := map[string]any{"cc": "49", "phone_number": "1701234567", "verified_name": "Acme"}
		for k, v := range change {
			out[k] = v
		}
		return out
	}
	locked := func(f *fixture) { f.sim.UpdateAccount(testWABA, func(a *Account) { a.Status = "DISABLED" }) }
	cases := []struct {
		name          string
		setup         func(*fixture)
		body          map[string]any
		code, subcode int
	}{
		{"no country", nil, good(map[string]any{"cc": ""}), 100, 0},
		{"no number", nil, good(map[string]any{"phone_number": ""}), 100, 0},
		{"no name", nil, good(map[string]any{"verified_name": " "}), 100, 0},
		{"short name", nil, good(map[string]any{"verified_name": "Ac"}), 100, 0},
		{"bad country", nil, good(map[string]any{"cc": "0049"}), 100, 0},
		{"letters", nil, good(map[string]any{"phone_number": "0170-ACME"}), 100, 0},
		{"short number", nil, good(map[string]any{"phone_number": "12"}), 100, 0},
		{"long number", nil, good(map[string]any{"phone_number": "12345678901234"}), 100, 0},
		{"other country", nil, good(map[string]any{"phone_number": "+1 415 555 0100"}), 100, 0},
		{"there already", nil, good(map[string]any{"phone_number": "0170 7654321"}), 100, 2388012},
		{"elsewhere", nil, good(map[string]any{"phone_number": "0170 1111111"}), 200000, 0},
		{"full", func(f *fixture) { f.sim.UpdateAccount(testWABA, func(a *Account) { a.NumberLimit = 2 }) }, good(nil), 100, 2388103},
		{"locked", locked, good(nil), 131031, 0},
		{"strange flag", nil, good(map[string]any{"migrate_phone_number": "perhaps"}), 100, 0},
		{"nothing to migrate", nil, good(map[string]any{"migrate_phone_number": true}), 100, 2388093},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newNumbers(t)
			f.sim.AddNumber(testWABA, Number{DisplayPhoneNumber: "+49 170 7654321"})
			f.sim.AddAccount(Account{ID: "7"})
			f.sim.AddNumber("7", Number{DisplayPhoneNumber: "+49 170 1111111"})
			if c.setup != nil {
				c.setup(f)
			}
			f.refused(f.post(testWABA+"/phone_numbers", c.body), c.code, c.subcode)
			if n := len(f.sim.Numbers(testWABA)); n != 2 {
				t.Errorf("%d numbers", n)
			}
		})
	}
}

func TestNumbersPerPortfolio(t *testing.T) {
	f := newNumbers(t)
	f.sim.UpdateAccount(testWABA, func(a *Account) { a.VerificationStatus, a.MessagingLimit = "not_verified", "TIER_250" })
	f.addNumber("Acme Support")
	body := map[string]any{"cc": "49", "phone_number": "1701234568", "verified_name": "Acme"}
	f.refused(f.post(testWABA+"/phone_numbers", body), 100, 2388103)
	f.sim.SetMessagingLimit(testWABA, "TIER_2K")
	f.must(f.post(testWABA+"/phone_numbers", body))
}

func TestAddIsCountedAndMayLoseItsAnswer(t *testing.T) {
	f := newNumbers(t)
	f.sim.Fail(Fault{Method: http.MethodPost, Path: "/*/phone_numbers", Cut: AfterCommit})
	body := map[string]any{"cc": "49", "phone_number": "1701234567", "verified_name": "Acme"}
	if _, err := f.try(http.MethodPost, "/v25.0/"+testWABA+"/phone_numbers", body); err == nil {
		t.Error("answered")
	}
	f.refused(f.post(testWABA+"/phone_numbers", body), 100, 2388012)
	n := f.sim.Stats()
	if n.ByNumber["+491701234567"][OpAddNumber] != 2 || n.CommittedByNumber["+491701234567"][OpAddNumber] != 1 || n.ByOp[OpAddNumber] != 2 {
		t.Errorf("%+v", n)
	}
}

func TestNoCallDeletesANumber(t *testing.T) {
	f := newNumbers(t)
	f.refused(f.do(http.MethodDelete, "/v25.0/"+f.first(), nil), 100, 33)
}

func TestDeletedNumber(t *testing.T) {
	f := newNumbers(t)
	id := f.verified()
	f.sim.DeleteNumberInManager(id)
	f.refused(f.get("/v25.0/"+id), 100, 33)
	f.refused(f.register(id, testPIN), 33, 0)
	again := f.addNumber("Acme Support")
	if again == id {
		t.Error("the same id again")
	}
	f.sim.UpdateNumber(again, func(n *Number) { n.CodeVerificationStatus, n.NameStatus = "VERIFIED", "APPROVED" })
	f.refused(f.register(again, testPIN), 133015, 0)
	f.clock.Step(deletionQuarantine)
	f.must(f.register(again, testPIN))
}

func TestMigration(t *testing.T) {
	f := newNumbers(t)
	f.sim.AddAccount(Account{ID: "7", OwnerBusinessID: "8"})
	f.sim.AddNumber("7", Number{ID: "9", DisplayPhoneNumber: "+49 170 1111111", NameStatus: "APPROVED", QualityRating: "YELLOW", NumberSecrets: NumberSecrets{PIN: testPIN}})
	f.sim.UpdateAccount(testWABA, func(a *Account) { a.OwnerBusinessID = "8" })
	body := map[string]any{"cc": "49", "phone_number": "1701111111", "migrate_phone_number": true}
	got := f.refused(f.post(testWABA+"/phone_numbers", body), 100, 2388103)
	if text, _ := got.failure()["error_user_msg"].(string); !strings.Contains(text, "Two-step") {
		t.Errorf("%s", got.raw)
	}
	f.sim.SetPINInManager("9", "")
	id := f.must(f.post(testWABA+"/phone_numbers", body)).text("id")
	f.refused(f.post(testWABA+"/phone_numbers", body), 100, 2388012)
	f.refused(f.register(id, testPIN), 133006, 0)
	f.must(f.post(id+"/request_code?code_method=VOICE&language=de", nil))
	code, _ := f.sim.SentCode(id)
	f.must(f.post(id+"/verify_code", map[string]any{"code": code.Code}))
	if n := f.number("9"); n.Status != "CONNECTED" {
		t.Errorf("the source must work until the registration: %+v", n)
	}
	f.must(f.register(id, testPIN))
	if n := f.number("9"); n.Status != "MIGRATED" || n.PlatformType != "NOT_APPLICABLE" {
		t.Errorf("source %+v", n)
	}
	if n := f.number(id); n.QualityRating != "YELLOW" || n.NameStatus != "APPROVED" || n.PIN != testPIN {
		t.Errorf("%+v", n)
	}
}
