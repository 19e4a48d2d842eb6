// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
)

const subscriptionsPath = "/v25.0/" + testApp + "/subscriptions"

func subscriptionBody(callback string) map[string]any {
	return map[string]any{
		"object": webhookTopic, "callback_url": callback, "verify_token": verifyToken, "fields": "security,account_update", "include_values": true,
	}
}

func TestSubscriptionsOfAnApp(t *testing.T) {
	h := newHooks(t)
	h.sim.SetAppCallback(testApp, "")
	if got := h.must(h.as(appTokenText, http.MethodGet, subscriptionsPath, nil)); len(got.list()) != 0 {
		t.Errorf("%s", got.raw)
	}
	h.must(h.as(appTokenText, http.MethodPost, subscriptionsPath, subscriptionBody(hookURL)))
	if got := h.take(); len(got) != 1 || got[0].method != http.MethodGet || got[0].path != "/meta" || got[0].host != hookHost {
		t.Errorf("handshake: %+v", got)
	}
	got := h.must(h.as(appTokenText, http.MethodGet, subscriptionsPath, nil))
	const want = `{"data":[{"active":true,"callback_url":"https://hooks.example.com/meta","fields":[` +
		`{"name":"account_update","version":"v25.0"},{"name":"security","version":"v25.0"}],"object":"whatsapp_business_account"}]}`
	if string(got.raw) != want {
		t.Errorf("%s", got.raw)
	}

	// fields are a full set; a form will do, and so will parameters in the URL
	form := url.Values{"object": {webhookTopic}, "callback_url": {hookURL}, "verify_token": {verifyToken}, "fields": {"messages"}}
	h.must(h.as(appTokenText, http.MethodPost, subscriptionsPath, form))
	if _, fields := h.sim.AppCallback(testApp); strings.Join(fields, " ") != "messages" {
		t.Errorf("%v", fields)
	}
	form.Set("fields", "messages,security,calls")
	h.must(h.as(appTokenText, http.MethodPost, subscriptionsPath+"?"+form.Encode(), nil))
	h.must(h.as(appTokenText, http.MethodDelete, subscriptionsPath+"?object="+webhookTopic+"&fields=calls", nil))
	if _, fields := h.sim.AppCallback(testApp); strings.Join(fields, " ") != "messages security" {
		t.Errorf("%v", fields)
	}
	h.must(h.as(appTokenText, http.MethodDelete, subscriptionsPath+"?object=user", nil))
	if address, _ := h.sim.AppCallback(testApp); address != hookURL {
		t.Error("another topic was deleted")
	}
	h.must(h.as(appTokenText, http.MethodDelete, subscriptionsPath, nil))
	if address, _ := h.sim.AppCallback(testApp); address != "" {
		t.Errorf("%s is still there", address)
	}
	for _, r := range h.sim.Requests() {
		if strings.Contains(string(r.Body)+r.RawQuery, verifyToken) {
			t.Errorf("verify token in the log: %s %s", r.RawQuery, r.Body)
		}
	}
}

func TestRefusedSubscriptions(t *testing.T) {
	without := func(name string) map[string]any {
		body := subscriptionBody(hookURL)
		delete(body, name)
		return body
	}
	with := func(name string, v any) map[string]any {
		body := subscriptionBody(hookURL)
		body[name] = v
		return body
	}
	cases := []struct {
		name  string
		opts  []Option
		setup func(*hooks)
		token string
		body  any
		code  int
		text  string
	}{
		{name: "token of a system user", token: testToken, body: subscriptionBody(hookURL), code: 200},
		{name: "token of another app", token: "4711|other-secret", body: subscriptionBody(hookURL), code: 100},
		{name: "dashboard only", opts: []Option{WithDashboardOnly()}, body: subscriptionBody(hookURL), code: 10},
		{name: "no object", body: without("object"), code: 100},
		{name: "no callback", body: without("callback_url"), code: 100},
		{name: "no verify token", body: without("verify_token"), code: 100},
		{name: "no fields", body: without("fields"), code: 100},
		{name: "unknown field", body: with("fields", []string{"messages", "gossip"}), code: 100},
		{name: "plain http", body: subscriptionBody("http://" + hookHost), code: 100},
		{name: "wrong verify token", body: with("verify_token", "other"), code: 2200, text: "HTTP Status Code = 403; HTTP Message = Forbidden"},
		{name: "wrong answer", setup: func(h *hooks) { h.answer = "hello" }, body: subscriptionBody(hookURL), code: 2200, text: "does not match challenge"},
		{name: "no server", setup: func(h *hooks) { h.sim.MapCallback(hookHost, "http://127.0.0.1:1") }, body: subscriptionBody(hookURL), code: 2200, text: "curl_errno = 7"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			h := newHooks(t, c.opts...)
			h.sim.AddApp(App{ID: "4711", Secret: "other-secret"})
			h.sim.SetAppCallback(testApp, "https://before.example.com", "calls")
			if c.setup != nil {
				c.setup(h)
			}
			token := c.token
			if token == "" {
				token = appTokenText
			}
			got := h.as(token, http.MethodPost, subscriptionsPath, c.body)
			if got.status == http.StatusOK || got.code() != c.code || !strings.Contains(string(got.raw), c.text) || strings.Contains(string(got.raw), verifyToken) {
				t.Errorf("HTTP %d: %s", got.status, got.raw)
			}
			if address, fields := h.sim.AppCallback(testApp); address != "https://before.example.com" || len(fields) != 1 {
				t.Errorf("%s %v", address, fields)
			}
		})
	}
}

func TestWhoMayReadAndDeleteSubscriptions(t *testing.T) {
	h := newHooks(t, WithDashboardOnly())
	h.refused(h.as(testToken, http.MethodGet, subscriptionsPath, nil), 200, 0)
	h.refused(h.as(testToken, http.MethodDelete, subscriptionsPath, nil), 200, 0)
	h.refused(h.as(appTokenText, http.MethodDelete, subscriptionsPath, nil), 10, 0)
	h.must(h.as(appTokenText, http.MethodGet, subscriptionsPath, nil))
	h.refused(h.as(appTokenText, http.MethodGet, "/v25.0/4712/subscriptions", nil), 100, 33)
}

// TestHandshakeIsOutsideTheLock: a receiver may ask the simulator before it answers.
func TestHandshakeIsOutsideTheLock(t *testing.T) {
	h := newHooks(t, WithPlainCallbacks())
	h.listen("curious.example.com", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h.sim.Stats()
		h.ServeHTTP(w, r)
	}))
	h.must(h.as(appTokenText, http.MethodPost, subscriptionsPath, subscriptionBody("http://curious.example.com/a+b?x=1")))
	if got := h.take(); len(got) != 1 || got[0].path != "/a b" {
		t.Errorf("a plus sign must arrive as a space: %+v", got)
	}
}
