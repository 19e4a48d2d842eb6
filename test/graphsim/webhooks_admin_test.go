// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"net/http"
	"strings"
	"testing"
)

func TestAdminOfWebhooks(t *testing.T) {
	h := newHooks(t)
	admin := func(path string, body any) answer {
		t.Helper()
		return h.do(http.MethodPost, "/_sim/webhooks/"+path, body)
	}
	h.must(admin("callback", map[string]any{"app": testApp, "callbackURL": "https://elsewhere.example.com", "fields": []string{"account_update"}}))
	h.must(admin("host", map[string]any{"host": "elsewhere.example.com", "base": "http://127.0.0.1:1"}))
	h.must(admin("habits", map[string]any{"nasty": true}))
	h.must(admin("habits", map[string]any{"batch": 10}))
	h.must(admin("emit", `{"account":"`+testWABA+`","changes":[{"field":"account_update","value":{"event":"VERIFIED_ACCOUNT"},"time":1739321024}]}`))
	if got := h.must(admin("deliver", nil)); got.body["accepted"] != 0.0 || !strings.Contains(got.text("failed"), "HTTP status 0") {
		t.Errorf("%s", got.raw)
	}
	state := h.must(h.get("/_sim/webhooks")).raw
	for _, want := range []string{`"on":true`, `"pending":1`, `"Batch":10`, `"Shuffle":false`, `"CallbackURL":"https://elsewhere.example.com"`} {
		if !strings.Contains(string(state), want) {
			t.Errorf("%s is missing: %s", want, state)
		}
	}
	h.listen("elsewhere.example.com", h.receiver)
	h.must(admin("deliver", map[string]any{"all": true}))
	if got := h.take(); len(got) != 1 || !strings.Contains(string(got[0].raw), `"time":1739321024`) {
		t.Errorf("%+v", got)
	}
	if got := string(h.must(h.get("/_sim/webhooks/deliveries")).raw); !strings.Contains(got, `"Attempt":2`) || !strings.Contains(got, "VERIFIED_ACCOUNT") || strings.Contains(got, testSecret) {
		t.Errorf("%s", got)
	}
	h.must(admin("reset", nil))
	h.must(admin("emit", `{"account":"`+testWABA+`","changes":[{"field":"account_update","value":{}}]}`))
	h.must(admin("drop", nil))
	if n, _ := h.sim.PendingDeliveries(); n != 0 || len(h.sim.Deliveries()) != 0 {
		t.Errorf("%d wait", n)
	}
}

func TestRefusedAdminOfWebhooks(t *testing.T) {
	h := newHooks(t)
	for path, bodies := range map[string][]string{
		"emit": {`[`, `{"account":"1"}`, `{"account":"` + testWABA + `","changes":[{"value":{}}]}`}, "habits": {`[`}, "host": {`[`}, "callback": {`[`}, "deliver": {`[`},
	} {
		for _, body := range bodies {
			if got := h.do(http.MethodPost, "/_sim/webhooks/"+path, body); got.status == http.StatusOK {
				t.Errorf("%s %s was accepted", path, body)
			}
		}
	}
	off := newFixture(t)
	if got := off.do(http.MethodPost, "/_sim/webhooks/emit", `{"account":"`+testWABA+`"}`); got.status == http.StatusOK {
		t.Errorf("%s", got.raw)
	}
}

func TestSeededCallbacks(t *testing.T) {
	f := newFixture(t)
	if err := f.sim.Load([]byte(`{"callbacks":[{"app":"` + testApp + `","callbackURL":"` + hookURL + `","fields":["security","account_update"]}]}`)); err != nil {
		t.Fatal(err)
	}
	if address, fields := f.sim.AppCallback(testApp); address != hookURL || strings.Join(fields, " ") != "account_update security" {
		t.Errorf("%s %v", address, fields)
	}
}
