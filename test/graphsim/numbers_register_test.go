// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func TestRegister(t *testing.T) {
	f := newNumbers(t)
	id := f.verified()
	f.must(f.register(id, testPIN))
	f.same(f.fields(id, "platform_type,status,is_pin_enabled"), map[string]any{"platform_type": "CLOUD_API", "status": "PENDING", "is_pin_enabled": true})
	f.clock.Step(defaultConnectDelay)
	f.same(f.fields(id, "status,last_onboarded_time"), map[string]any{"status": "CONNECTED", "last_onboarded_time": "2026-11-22T12:02:00+0000"})
	f.must(f.post(id+"/deregister", nil))
	f.same(f.fields(id, "platform_type,status,is_pin_enabled,code_verification_status"), map[string]any{
		"platform_type": "NOT_APPLICABLE", "status": "DISCONNECTED", "is_pin_enabled": true, "code_verification_status": "VERIFIED",
	})
	f.refused(f.post(id+"/deregister", nil), 133010, 0)
	f.refused(f.register(id, "000000"), 133005, 0)
	if n := f.sim.Stats(); n.ByNumber[id][OpRegister] != 2 || n.CommittedByNumber[id][OpRegister] != 1 || n.ByNumber[id][OpDeregister] != 2 {
		t.Errorf("%v", n.ByNumber[id])
	}
}

func TestRegisterRefusals(t *testing.T) {
	set := func(change func(*Number)) func(*fixture, string) {
		return func(f *fixture, id string) { f.sim.UpdateNumber(id, change) }
	}
	nothing := func(*fixture, string) {}
	good := map[string]any{"messaging_product": "whatsapp", "pin": testPIN}
	cases := []struct {
		name          string
		setup         func(*fixture, string)
		body          map[string]any
		status        int
		code, subcode int
	}{
		{"no product", nothing, map[string]any{"pin": testPIN}, 400, 100, 0},
		{"other product", nothing, map[string]any{"messaging_product": "sms", "pin": testPIN}, 400, 100, 0},
		{"no pin", nothing, map[string]any{"messaging_product": "whatsapp"}, 400, 100, 0},
		{"short pin", nothing, map[string]any{"messaging_product": "whatsapp", "pin": "1234"}, 400, 131009, 0},
		{"region", nothing, map[string]any{"messaging_product": "whatsapp", "pin": testPIN, "data_localization_region": "US"}, 400, 131009, 0},
		{"not verified", set(func(n *Number) { n.CodeVerificationStatus = "NOT_VERIFIED" }), good, 400, 133006, 0},
		{"name in review", set(func(n *Number) { n.NameStatus = "PENDING_REVIEW" }), good, 400, 100, 2388001},
		{"name declined", set(func(n *Number) { n.NameStatus = "DECLINED" }), good, 400, 100, 2388001},
		{"app number", set(func(n *Number) { n.OnBizApp = true }), good, 400, 100, 0},
		{"used in an app", set(func(n *Number) { n.UsedInApp = true }), good, 400, 100, 2388001},
		{"banned", func(f *fixture, id string) { f.sim.BanNumber(id) }, good, 403, 131031, 0},
		{"locked account", func(f *fixture, _ string) {
			f.sim.UpdateAccount(testWABA, func(a *Account) { a.Status = "DISABLED" })
		}, good, 403, 131031, 0},
		{"earlier deregister failed", set(func(n *Number) { n.DeregisterIncomplete = true }), good, 500, 133000, 0},
		{"unknown pin", set(func(n *Number) { n.PinEnabled = true }), good, 400, 133005, 0},
		{"no scope", func(f *fixture, _ string) {
			f.sim.UpdateToken(testToken, func(x *Token) { x.Scopes = []string{scopeManagement} })
		}, good, 403, 200, 0},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newNumbers(t)
			id := f.verified()
			c.setup(f, id)
			if got := f.refused(f.post(id+"/register", c.body), c.code, c.subcode); got.status != c.status {
				t.Errorf("HTTP %d", got.status)
			}
			if n := f.number(id); n.PlatformType != "NOT_APPLICABLE" {
				t.Errorf("registered all the same: %+v", n)
			}
		})
	}
}

func TestRegisterBudget(t *testing.T) {
	f := newNumbers(t)
	id := f.verified()
	for range registerLimit - 1 {
		f.refused(f.register(id, ""), 131009, 0) // failed attempts count
		f.clock.Step(time.Hour)
	}
	f.must(f.register(id, testPIN))
	f.refused(f.register(id, testPIN), 133016, 0)
	f.clock.Step(71 * time.Hour)
	f.refused(f.post(id+"/deregister", nil), 133016, 0) // one block for both
	f.clock.Step(71 * time.Hour)
	f.refused(f.register(id, testPIN), 133016, 0) // and calling on starts it anew
	f.clock.Step(72 * time.Hour)
	f.must(f.register(id, testPIN))
	f.must(f.post(id+"/deregister", nil))
}

func TestRegisterWindowMoves(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	for range 3 * registerLimit {
		f.must(f.register(id, testPIN))
		f.clock.Step(registerWindow / registerLimit)
	}
}

func TestRegisterMayLoseItsAnswer(t *testing.T) {
	f := newNumbers(t)
	id := f.verified()
	f.sim.Fail(Fault{Path: "/*/register", Cut: AfterCommit})
	if _, err := f.try(http.MethodPost, "/v25.0/"+id+"/register", map[string]any{"messaging_product": "whatsapp", "pin": testPIN}); err == nil {
		t.Error("answered")
	}
	f.same(f.fields(id, "platform_type"), map[string]any{"platform_type": "CLOUD_API"})
	f.must(f.register(id, testPIN))
	if n := f.sim.Stats(); n.ByNumber[id][OpRegister] != 2 {
		t.Errorf("%v", n.ByNumber[id])
	}
}

func TestRegisteringAgainSetsNoPIN(t *testing.T) {
	f := newNumbers(t)
	f.must(f.register(f.first(), testPIN))
	if n := f.number(f.first()); n.PinEnabled || n.PIN != "" {
		t.Errorf("%+v", n)
	}
}

func TestGuessedPINs(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	f.must(f.post(id, map[string]any{"pin": testPIN}))
	f.refused(f.register(id, "000000"), 133005, 0)
	f.clock.Step(20 * time.Second)
	if got := f.refused(f.register(id, testPIN), 133009, 0); got.details() != "The two-step verification PIN was entered too quickly. Try again in 40 seconds." {
		t.Errorf("%s", got.raw)
	}
	f.clock.Step(40 * time.Second)
	f.must(f.register(id, testPIN))
}

func TestPINLock(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	f.must(f.post(id, map[string]any{"pin": testPIN}))
	for range pinGuesses {
		f.refused(f.register(id, "000000"), 133005, 0)
		f.clock.Step(pinGuessInterval)
	}
	f.refused(f.register(id, testPIN), 133008, 0)
	f.must(f.post(id, map[string]any{"pin": "135791"})) // needs no old PIN, lifts no lock
	f.refused(f.register(id, "135791"), 133008, 0)
	f.clock.Step(pinGuessLock)
	f.must(f.register(id, "135791"))
}

func TestPINIsSecret(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	f.must(f.post(id, map[string]any{"pin": testPIN}))
	f.same(f.fields(id, "is_pin_enabled"), map[string]any{"is_pin_enabled": true})
	f.refused(f.post(id, map[string]any{"pin": "12345"}), 100, 0)
	f.refused(f.get("/v25.0/"+id+"?fields=pin"), 100, 0)
	for _, path := range []string{"/_sim/state", "/_sim/requests"} {
		if got := f.get(path); strings.Contains(string(got.raw), testPIN) {
			t.Errorf("%s: %s", path, got.raw)
		}
	}
	if len(f.sim.SecretsInURLs()) != 0 {
		t.Error("a body is no URL")
	}
	f.must(f.post(id+"?pin="+testPIN, nil))
	if leaks := f.sim.SecretsInURLs(); len(leaks) != 1 || strings.Contains(leaks[0], testPIN) {
		t.Errorf("%v", leaks)
	}
}

func TestRetiredPIN(t *testing.T) {
	f := newNumbers(t)
	id := f.verified()
	f.sim.UpdateNumber(id, func(n *Number) { n.PINRetired = true })
	f.refused(f.register(id, "12"), 131009, 0)
	f.must(f.register(id, "000000"))
	f.must(f.post(id, map[string]any{"pin": testPIN}))
	f.same(f.fields(id, "is_pin_enabled"), map[string]any{"is_pin_enabled": false})
}

func TestIncompleteDeregister(t *testing.T) {
	f := newNumbers(t)
	id := f.verified()
	f.sim.UpdateNumber(id, func(n *Number) { n.DeregisterIncomplete = true })
	f.refused(f.register(id, testPIN), 133000, 0)
	f.must(f.post(id+"/deregister", nil))
	f.must(f.register(id, testPIN))
}

func TestCoexistence(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	f.sim.MoveToBizApp(id)
	f.same(f.fields(id, "is_on_biz_app,platform_type"), map[string]any{"is_on_biz_app": true, "platform_type": "CLOUD_API"})
	got := f.refused(f.register(id, testPIN), 100, 0)
	if text, _ := got.failure()["message"].(string); !strings.Contains(text, "SMB") {
		t.Errorf("%s", got.raw)
	}
	f.refused(f.post(id+"/deregister", nil), 100, 0)
}

func TestRegionAtRegister(t *testing.T) {
	for mode, want := range map[RegionAtRegister]string{RegionKept: "DE", RegionIgnored: ""} {
		f := newNumbers(t, WithRegionAtRegister(mode))
		id := f.verified()
		f.must(f.post(id+"/register", map[string]any{"messaging_product": "whatsapp", "pin": testPIN, "data_localization_region": "DE"}))
		if got := f.number(id).Config.Storage.Region; got != want {
			t.Errorf("%v: region %q", mode, got)
		}
	}
}

func TestOverrideOfANumber(t *testing.T) {
	f := newNumbers(t)
	id := f.first()
	override := func(url, token string) map[string]any {
		return map[string]any{"webhook_configuration": map[string]any{"override_callback_uri": url, "verify_token": token}}
	}
	f.refused(f.post(id, nil), 100, 0)
	f.refused(f.post(id, map[string]any{"webhook_configuration": "x"}), 100, 0)
	f.refused(f.post(id, override("http://bot.example.com", "t")), 100, 0)
	f.refused(f.post(id, override("https://bot.example.com", "")), 100, 0)
	f.must(f.post(id, override("https://bot.example.com", "t")))
	if n := f.number(id); n.CallbackURL != "https://bot.example.com" {
		t.Errorf("%+v", n)
	}
	f.must(f.post(id, override("", "")))
	if n := f.number(id); n.CallbackURL != "" {
		t.Errorf("%+v", n)
	}
}
