// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"net/http"
	"strings"
	"testing"
)

func overrideBody(address string) map[string]any {
	return map[string]any{"override_callback_uri": address, "verify_token": verifyToken}
}

const appsPath = "/v25.0/" + testWABA + "/subscribed_apps"

func TestOverrideOfAnAccount(t *testing.T) {
	h := newHooks(t)
	const bot = "https://" + hookHost + "/bot"
	h.sim.SubscribeApp(testWABA, "999", "https://partner.example.com")
	h.must(h.do(http.MethodDelete, appsPath, nil))
	h.refused(h.do(http.MethodPost, appsPath, overrideBody(bot)), 100, 0) // not subscribed to the account
	h.must(h.do(http.MethodPost, appsPath, nil))
	h.sim.SetAppCallback(testApp, hookURL, "account_update")
	h.refused(h.do(http.MethodPost, appsPath, overrideBody(bot)), 100, 0) // not subscribed to messages
	h.sim.SetAppCallback(testApp, hookURL, "account_update", "messages")
	h.refused(h.do(http.MethodPost, appsPath, overrideBody(bot+strings.Repeat("x", 200))), 100, 0)
	if got := h.take(); len(got) != 0 {
		t.Errorf("no handshake was due: %+v", got)
	}
	wrong := overrideBody(bot)
	wrong["verify_token"] = "other"
	h.refused(h.do(http.MethodPost, appsPath, wrong), 2200, 0)
	h.must(h.do(http.MethodPost, appsPath, overrideBody(bot)))
	if got := h.take(); len(got) != 2 || got[1].path != "/bot" {
		t.Errorf("%+v", got)
	}
	shown := string(h.must(h.get("/v25.0/" + testWABA + "?fields=subscribed_apps")).raw)
	if !strings.Contains(shown, bot) || !strings.Contains(shown, "https://partner.example.com") {
		t.Errorf("%s", shown)
	}
	f, _ := h.fields(h.first(), "webhook_configuration")["webhook_configuration"].(map[string]any)
	h.same(f, map[string]any{"application": hookURL, "whatsapp_business_account": bot, "phone_number": nil})

	h.must(h.do(http.MethodPost, appsPath, nil)) // removes the override
	if shown := string(h.must(h.get(appsPath)).raw); strings.Contains(shown, bot) || !strings.Contains(shown, "partner.example.com") {
		t.Errorf("%s", shown)
	}
}

func TestHandshakeOfANumber(t *testing.T) {
	h := newHooks(t)
	id := h.first()
	const own = "https://" + hookHost + "/number"
	h.must(h.post(id, map[string]any{"webhook_configuration": overrideBody(own)}))
	wrong := overrideBody("https://" + hookHost + "/wrong")
	wrong["verify_token"] = "other"
	h.refused(h.post(id, map[string]any{"webhook_configuration": wrong}), 2200, 0)
	f, _ := h.fields(id, "webhook_configuration")["webhook_configuration"].(map[string]any)
	h.same(f, map[string]any{"phone_number": own, "application": hookURL, "whatsapp_business_account": nil})

	// another app sees its own levels only
	h.sim.AddApp(App{ID: "999", Secret: "other"})
	h.sim.AddToken(Token{Name: "partner", Value: "EAAGpartner", AppID: "999", Scopes: []string{scopeManagement}, Accounts: []string{testWABA}})
	if got := h.must(h.as("EAAGpartner", http.MethodGet, "/v25.0/"+id+"?fields=webhook_configuration", nil)); got.body["webhook_configuration"] != nil {
		t.Errorf("%s", got.raw)
	}
	h.must(h.post(id, map[string]any{"webhook_configuration": map[string]any{"override_callback_uri": ""}}))
	f, _ = h.fields(id, "webhook_configuration")["webhook_configuration"].(map[string]any)
	h.same(f, map[string]any{"phone_number": nil})
}

// TestWhereEventsGo: number, account, app; and management fields to the app always.
func TestWhereEventsGo(t *testing.T) {
	h := newHooks(t)
	n := h.number(h.first())
	emit := func() string {
		h.sim.Emit(testWABA, MessageEvent("messages", n), CallingEvent(n, "ENABLED", testStart), ReviewEvent("APPROVED"))
		var paths []string
		for _, got := range h.deliver() {
			paths = append(paths, got.path)
		}
		return strings.Join(paths, " ")
	}
	if got := emit(); got != "/meta /meta /meta" {
		t.Error(got)
	}
	h.sim.SubscribeApp(testWABA, testApp, "https://"+hookHost+"/account")
	if got := emit(); got != "/account /account /meta" {
		t.Error(got)
	}
	h.sim.UpdateNumber(n.ID, func(n *Number) { n.CallbackURL = "https://" + hookHost + "/number" })
	if got := emit(); got != "/number /number /meta" {
		t.Error(got)
	}
}

func TestWhoGetsEvents(t *testing.T) {
	h := newHooks(t)
	other := &receiver{t: t}
	h.listen("other.example.com", other)
	h.sim.AddApp(App{ID: "999", Secret: "other"})
	h.sim.SetAppCallback("999", "https://other.example.com", "account_review_update")
	h.sim.Emit(testWABA, ReviewEvent("PENDING"), AccountEvent("VERIFIED_ACCOUNT")) // the other app isn't subscribed to the account
	h.sim.SubscribeApp(testWABA, "999", "")
	h.sim.Emit(testWABA, ReviewEvent("APPROVED"), AccountEvent("VERIFIED_ACCOUNT")) // and not to account_update
	h.expect("account_review_update PENDING", "account_update VERIFIED_ACCOUNT", "account_review_update APPROVED", "account_update VERIFIED_ACCOUNT")
	got := other.take()
	if len(got) != 1 || got[0].signature != signatureOf("other", got[0].raw) {
		t.Errorf("%+v", got)
	}

	// events about partners come under the portfolio, to apps with a token for the account
	h.must(h.do(http.MethodDelete, appsPath, nil))
	h.sim.Emit(testWABA, ReviewEvent("REJECTED"), PartnerRemovedEvent("2949482758682047", testWABA, "23294", "PRIMARY_INACTIVITY", "SYSTEM"))
	posts := changes(h.deliver())
	if len(posts) != 1 || posts[0].entryID != "2949482758682047" || posts[0].value["waba_info"].(map[string]any)["waba_id"] != testWABA {
		t.Errorf("%+v", posts)
	}
}
