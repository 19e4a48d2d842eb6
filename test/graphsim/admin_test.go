// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"net/http"
	"strings"
	"testing"
	"time"
)

func (f *fixture) admin(action string, body any) {
	f.t.Helper()
	f.must(f.do(http.MethodPost, "/_sim/"+action, body))
}

func TestAdmin(t *testing.T) {
	f := newFixture(t)
	f.must(f.create(utility("a", "en_US")))
	which := map[string]any{"account": testWABA, "name": "a", "language": "en_US"}
	with := func(more map[string]any) map[string]any {
		for k, v := range which {
			more[k] = v
		}
		return more
	}
	f.admin("decide", with(map[string]any{"status": "REJECTED", "rejectedReason": "SCAM"}))
	if x := f.template("a"); x.Status != "REJECTED" || x.RejectedReason != "SCAM" {
		t.Errorf("%+v", x)
	}
	f.admin("edit", with(map[string]any{"template": map[string]any{"status": "APPROVED", "components": []any{map[string]any{"type": "body", "text": "By a person."}}}}))
	if x := f.template("a"); x.Status != "APPROVED" || !strings.Contains(string(x.Components), `"BODY","text":"By a person."`) {
		t.Errorf("%+v", x)
	}
	f.admin("clock", map[string]any{"advance": "24h"})
	if got := f.clock.Now(); !got.Equal(testStart.Add(24 * time.Hour)) {
		t.Errorf("%v", got)
	}
	f.admin("delete", map[string]any{"id": f.template("a").ID})
	if len(f.sim.Templates(testWABA)) != 0 {
		t.Error("not deleted")
	}
	f.admin("usage", map[string]any{"account": testWABA, "percent": 100})
	f.refused(f.get("/v25.0/"+testWABA), 80008, 0)
	f.admin("usage", map[string]any{"account": testWABA, "percent": -1})
	f.admin("fail", map[string]any{"path": "/*", "code": 2, "times": -1})
	f.refused(f.get("/v25.0/"+testWABA), 2, 0)
	f.admin("clear", nil)
	f.admin("revoke", map[string]any{"name": "acme", "subcode": 460})
	f.refused(f.get("/v25.0/"+testWABA), 190, 460)
	f.admin("revoke", map[string]any{"name": "acme"})
	f.must(f.get("/v25.0/" + testWABA))
	f.admin("seed", `{"accounts":[{"id":"7","templates":[{"name":"x"}]}]}`)
	if n := len(f.sim.Templates("7")); n != 1 {
		t.Errorf("%d templates", n)
	}
}

func TestAdminReadsHoldNoSecrets(t *testing.T) {
	f := newFixture(t)
	f.get("/v25.0/debug_token?input_token=" + testToken)
	for _, action := range []string{"state", "stats", "requests"} {
		got := f.must(f.get("/_sim/" + action))
		if strings.Contains(string(got.raw), testToken) || strings.Contains(string(got.raw), "app-secret-made-up") {
			t.Errorf("%s: %s", action, got.raw)
		}
	}
	if got := f.get("/_sim/requests"); !strings.Contains(string(got.raw), `"secretsInURLs":["GET`) {
		t.Errorf("%s", got.raw)
	}
	if calls := f.sim.Stats().Calls; calls != 1 {
		t.Errorf("admin calls are counted: %d", calls)
	}
	f.admin("reset", nil)
	if len(f.sim.Requests()) != 0 || f.sim.Stats().Calls != 0 {
		t.Error("not reset")
	}
}

func TestAdminRefusals(t *testing.T) {
	f := newFixture(t)
	cases := []struct {
		method, action string
		body           any
		status         int
	}{
		{http.MethodGet, "nonsense", nil, 404},
		{http.MethodGet, "decide", nil, 405},
		{http.MethodPost, "decide", "{", 400},
		{http.MethodPost, "decide", map[string]any{"id": "1"}, 404},
		{http.MethodPost, "edit", map[string]any{"account": testWABA, "name": "x"}, 404},
		{http.MethodPost, "delete", map[string]any{"id": "1"}, 404},
		{http.MethodPost, "usage", map[string]any{"account": "1"}, 404},
		{http.MethodPost, "revoke", map[string]any{"name": "unknown"}, 404},
		{http.MethodPost, "clock", map[string]any{"advance": "soon"}, 400},
		{http.MethodPost, "seed", `{"accounts":[{"name":"without id"}]}`, 400},
	}
	for _, c := range cases {
		if got := f.do(c.method, "/_sim/"+c.action, c.body); got.status != c.status || got.text("error") == "" {
			t.Errorf("%s %v: HTTP %d %s", c.action, c.body, got.status, got.raw)
		}
	}
}

func TestClockThatCannotStep(t *testing.T) {
	s := New()
	if _, err := adminClock(s, []byte(`{"advance":"1h"}`)); err == nil {
		t.Error("the real clock was advanced")
	}
}

func TestDemo(t *testing.T) {
	s := New()
	if err := s.LoadDemo(); err != nil {
		t.Fatal(err)
	}
	if got := s.Summaries(); len(got) != 2 || got[0].Numbers != 2 || got[0].Templates != 2 {
		t.Errorf("%+v", got)
	}
}
