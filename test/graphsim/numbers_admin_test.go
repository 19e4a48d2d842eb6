// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"net/http"
	"testing"
)

func TestNumberAdmin(t *testing.T) {
	f := newNumbers(t, WithNameReviewDelay(-1))
	id := f.addNumber("Acme Support")
	f.admin("number/name", map[string]any{"id": id, "status": "APPROVED"})
	f.must(f.post(id+askSMS, nil))
	byNumber := map[string]any{"account": testWABA, "number": "+491701234567"}
	code := f.must(f.do(http.MethodPost, "/_sim/number/code", byNumber)).text("Code")
	f.must(f.post(id+"/verify_code?code="+code, nil))
	f.must(f.register(id, testPIN))
	f.admin("number/edit", map[string]any{"id": id, "set": map[string]any{"QualityRating": "RED", "Config": map[string]any{"Profile": map[string]any{"Email": "by@hand.example"}}}})
	if n := f.number(id); n.QualityRating != "RED" || n.Config.Profile.Email != "by@hand.example" || n.Config.Profile.About == "" {
		t.Errorf("%+v", n)
	}
	f.admin("number/pin", map[string]any{"id": id, "pin": "111111"})
	if n := f.number(id); n.PIN != "111111" {
		t.Errorf("%+v", n)
	}
	for action, want := range map[string]func(Number) bool{
		"number/disconnect": func(n Number) bool { return n.Status == "DISCONNECTED" && n.PlatformType == "NOT_APPLICABLE" },
		"number/ban":        func(n Number) bool { return n.Status == "BANNED" },
		"number/coexist":    func(n Number) bool { return n.OnBizApp && n.PlatformType == "CLOUD_API" },
	} {
		f.admin(action, map[string]any{"id": id})
		if n := f.number(id); !want(n) {
			t.Errorf("%s: %+v", action, n)
		}
	}
	f.admin("limit", map[string]any{"account": testWABA, "limit": "TIER_100K"})
	f.same(f.fields(id, "messaging_limit_tier"), map[string]any{"messaging_limit_tier": "TIER_100K"})
	f.admin("number/delete", byNumber)
	if _, found := f.sim.NumberByID(id); found || len(f.sim.Numbers(testWABA)) != 1 {
		t.Error("not deleted")
	}
}

func TestNumberAdminRefusals(t *testing.T) {
	f := newNumbers(t)
	cases := []struct {
		action string
		body   any
		status int
	}{
		{"number/name", "{", 400},
		{"number/name", map[string]any{"id": "1", "status": "APPROVED"}, 404},
		{"number/name", map[string]any{"id": f.first()}, 400},
		{"number/code", map[string]any{"id": f.first()}, 404},
		{"number/code", map[string]any{}, 404},
		{"number/edit", map[string]any{"id": f.first()}, 400},
		{"number/edit", map[string]any{"id": f.first(), "set": map[string]any{"Official": "yes"}}, 400},
		{"number/pin", map[string]any{"id": "1"}, 404},
		{"number/ban", map[string]any{"account": testWABA, "number": "+1"}, 404},
		{"limit", map[string]any{"account": "1", "limit": "TIER_2K"}, 404},
		{"limit", "{", 400},
	}
	for _, c := range cases {
		if got := f.do(http.MethodPost, "/_sim/"+c.action, c.body); got.status != c.status || got.text("error") == "" {
			t.Errorf("%s %v: HTTP %d %s", c.action, c.body, got.status, got.raw)
		}
	}
}

func TestThroughputUpgrade(t *testing.T) {
	f := newNumbers(t)
	f.admin("number/upgrade", map[string]any{"id": f.first()})
	if got := f.refused(f.setProfile(f.first(), map[string]any{"about": "x"}), 131057, 0); got.status != http.StatusInternalServerError {
		t.Errorf("HTTP %d", got.status)
	}
	f.profile(f.first()) // reads work
	f.clock.Step(upgradeTime)
	f.must(f.setProfile(f.first(), map[string]any{"about": "x"}))
	if n := f.number(f.first()); n.ThroughputLevel != "HIGH" {
		t.Errorf("%+v", n)
	}
}

func TestDetailsOfFaults(t *testing.T) {
	f := newNumbers(t)
	f.sim.Fail(Fault{Path: "/*/register", Code: 133004, Details: "Try again in 10 minutes."})
	if got := f.refused(f.register(f.first(), testPIN), 133004, 0); got.status != http.StatusServiceUnavailable || got.details() != "Try again in 10 minutes." {
		t.Errorf("%s", got.raw)
	}
}

func TestNumbersAreCopies(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	f.must(f.setProfile(id, map[string]any{"websites": []string{"https://example.com"}}))
	f.number(id).Config.Profile.Websites[0] = "https://other.example"
	if got := f.number(id).Config.Profile.Websites[0]; got != "https://example.com" {
		t.Errorf("%s", got)
	}
	if f.sim.Numbers("1") != nil {
		t.Error("numbers of an unknown account")
	}
}

func TestByHandOverrules(t *testing.T) {
	f := newNumbers(t)
	id := f.addNumber("Acme Support")
	f.sim.UpdateNumber(id, func(n *Number) { n.NameStatus = "DECLINED" })
	f.clock.Step(defaultNameReview)
	f.same(f.fields(id, "name_status"), map[string]any{"name_status": "DECLINED"})
}

func TestSeededNumberConfig(t *testing.T) {
	s := New()
	err := s.Load([]byte(`{"accounts":[{"ID":"7","numbers":[{"ID":"9","PIN":"123456","Config":{"Profile":{"Vertical":"RETAIL"},"CartDisabled":true}}]}]}`))
	if err != nil {
		t.Fatal(err)
	}
	n, _ := s.NumberByID("9")
	if n.Config.Profile.Vertical != "RETAIL" || !n.Config.CartDisabled || n.PIN != "123456" || !n.PinEnabled || n.Config.Profile.About == "" {
		t.Errorf("%+v", n)
	}
	s.RemoveAccount("7")
	if _, found := s.NumberByID("9"); found {
		t.Error("a number without account")
	}
}
