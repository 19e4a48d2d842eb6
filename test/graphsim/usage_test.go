// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"testing"
	"time"
)

type usage struct {
	Type          string
	CallCount     int `json:"call_count"`
	RegainMinutes int `json:"estimated_time_to_regain_access"`
}

func (f *fixture) usage(a answer) usage {
	f.t.Helper()
	var out map[string][]usage
	if err := json.Unmarshal([]byte(a.header.Get(businessUsageHeader)), &out); err != nil || len(out[testWABA]) != 1 {
		f.t.Fatalf("header %q: %v", a.header.Get(businessUsageHeader), err)
	}
	return out[testWABA][0]
}

func TestCallBudget(t *testing.T) {
	f := newFixture(t)
	f.sim.UpdateNumber(f.sim.accounts[testWABA].numbers[0].ID, func(n *Number) { n.PlatformType = "NOT_APPLICABLE" })
	path := "/v25.0/" + testWABA
	var last answer
	for range 200 {
		last = f.must(f.get(path))
	}
	if u := f.usage(last); u.CallCount != 100 || u.RegainMinutes != 0 || u.Type != "whatsapp_business_management" {
		t.Errorf("%+v", u)
	}
	refused := f.refused(f.get(path), 80008, 0)
	if u := f.usage(refused); u.CallCount != 100 || u.RegainMinutes != 60 {
		t.Errorf("%+v", u)
	}
	f.clock.Step(30 * time.Minute)
	if u := f.usage(f.refused(f.get(path), 80008, 0)); u.RegainMinutes != 31 {
		t.Errorf("calling on must lengthen the block: %+v", u)
	}
	f.clock.Step(31 * time.Minute)
	f.must(f.get(path))
}

func TestRegisteredNumberRaisesTheBudget(t *testing.T) {
	f := newFixture(t)
	var last answer
	for range 250 {
		last = f.must(f.get("/v25.0/" + testWABA))
	}
	if u := f.usage(last); u.CallCount != 5 {
		t.Errorf("%+v", u)
	}
}

func TestAppBudget(t *testing.T) {
	f := newFixture(t, WithAppCallBudget(3))
	f.token = testApp + "|app-secret-made-up"
	for range 3 {
		f.must(f.get("/v25.0/debug_token?input_token=x"))
	}
	if got := f.refused(f.get("/v25.0/debug_token?input_token=x"), 4, 0); got.header.Get(appUsageHeader) == "" {
		t.Error("no usage header")
	}
}

func TestSetUsage(t *testing.T) {
	f := newFixture(t)
	f.sim.SetUsage(testWABA, 80, 0)
	if u := f.usage(f.must(f.get("/v25.0/" + testWABA))); u.CallCount != 80 {
		t.Errorf("%+v", u)
	}
	f.sim.SetUsage(testWABA, 100, 7)
	f.clock.Step(2 * time.Minute)
	if u := f.usage(f.refused(f.get("/v25.0/"+testWABA), 80008, 0)); u.RegainMinutes != 5 {
		t.Errorf("%+v", u)
	}
	f.clock.Step(5 * time.Minute)
	f.must(f.get("/v25.0/" + testWABA))
	f.sim.SetUsage(testWABA, 100, 0)
	f.clock.Step(24 * time.Hour)
	f.refused(f.get("/v25.0/"+testWABA), 80008, 0)
	f.sim.SetUsage(testWABA, -1, 0)
	f.must(f.get("/v25.0/" + testWABA))
}

func TestCreateLimit(t *testing.T) {
	f := newFixture(t, WithCreateLimit(3))
	for i := range 3 {
		f.must(f.create(utility(fmt.Sprint("t", i), "en_US")))
	}
	f.refused(f.create(utility("t3", "en_US")), 80007, 0)
	f.clock.Step(time.Hour)
	f.must(f.create(utility("t3", "en_US")))
}

func TestTemplateLimit(t *testing.T) {
	f := newFixture(t, WithTemplateLimit(2))
	f.sim.AddTemplate(testWABA, Template{Name: "a"})
	f.must(f.create(utility("b", "en_US")))
	f.refused(f.create(utility("c", "en_US")), 100, 2388019)
	f.sim.UpdateAccount(testWABA, func(a *Account) { a.TemplateLimit = 3 })
	f.must(f.create(utility("c", "en_US")))
}

func TestAccountStatusStopsWrites(t *testing.T) {
	f := newFixture(t)
	for status, code := range map[string]int{"DISABLED": 131031, "RESTRICTED": 368} {
		f.sim.UpdateAccount(testWABA, func(a *Account) { a.Status = status })
		if got := f.refused(f.create(utility("a", "en_US")), code, 0); got.status != http.StatusForbidden {
			t.Errorf("HTTP %d", got.status)
		}
		f.must(f.get("/v25.0/" + testWABA))
	}
}
