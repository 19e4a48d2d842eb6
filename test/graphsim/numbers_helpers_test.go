// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"net/http"
	"net/url"
	"testing"
	"time"
)

const testPIN = "246810" // made up

// newNumbers is a fixture whose token may also register.
func newNumbers(tb testing.TB, opts ...Option) *fixture {
	tb.Helper()
	f := newFixture(tb, opts...)
	f.sim.UpdateToken(testToken, func(t *Token) { t.Scopes = []string{scopeManagement, scopeMessaging} })
	return f
}

func (f *fixture) post(path string, body any) answer {
	f.t.Helper()
	return f.do(http.MethodPost, "/v25.0/"+path, body)
}

// first is the fixture's own number.
func (f *fixture) first() string { f.t.Helper(); return f.sim.Numbers(testWABA)[0].ID }

func (f *fixture) number(id string) Number {
	f.t.Helper()
	n, found := f.sim.NumberByID(id)
	if !found {
		f.t.Fatalf("no number %s", id)
	}
	return n
}

// in is the same fixture in a subtest.
func (f *fixture) in(tb testing.TB) *fixture {
	tb.Helper()
	sub := *f
	sub.t = tb
	return &sub
}

// addNumber adds +49 170 1234567.
func (f *fixture) addNumber(name string) string {
	f.t.Helper()
	return f.must(f.post(testWABA+"/phone_numbers", map[string]any{"cc": "49", "phone_number": "1701234567", "verified_name": name})).text("id")
}

// verified adds a number, has its name reviewed and its ownership proven.
func (f *fixture) verified() string {
	f.t.Helper()
	id := f.addNumber("Acme Support")
	f.clock.Step(2 * time.Minute)
	f.must(f.post(id+"/request_code?code_method=SMS&language=en_US", nil))
	code, _ := f.sim.SentCode(id)
	f.must(f.post(id+"/verify_code?code="+code.Code, nil))
	return id
}

func (f *fixture) register(id, pin string) answer {
	f.t.Helper()
	return f.post(id+"/register", map[string]any{"messaging_product": "whatsapp", "pin": pin})
}

// fields reads fields of a number.
func (f *fixture) fields(id, fields string) map[string]any {
	f.t.Helper()
	return f.must(f.get("/v25.0/" + id + "?fields=" + url.QueryEscape(fields))).body
}

func (f *fixture) same(have map[string]any, want map[string]any) {
	f.t.Helper()
	for name, v := range want {
		if have[name] != v {
			f.t.Errorf("%s is %v, want %v", name, have[name], v)
		}
	}
}

// details is error_data.details.
func (a answer) details() string {
	data, _ := a.failure()["error_data"].(map[string]any)
	text, _ := data["details"].(string)
	return text
}
