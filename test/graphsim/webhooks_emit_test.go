// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"
)

const statusField = "message_template_status_update "

func TestLifeOfATemplateInEvents(t *testing.T) {
	h := newHooks(t, WithReviewDelay(time.Minute), WithPendingDeletion(time.Hour))
	h.must(h.create(utility("parcel", "en_US")))
	h.expect(statusField + "PENDING")
	id := h.template("parcel").ID
	h.clock.Step(time.Minute)
	h.expect(statusField + "APPROVED")
	decide := func(d Decision) {
		t.Helper()
		if err := h.sim.Decide(id, d); err != nil {
			t.Fatal(err)
		}
	}
	decide(Decision{QualityScore: "YELLOW"})
	h.expect("message_template_quality_update YELLOW")
	decide(Decision{CorrectCategory: "MARKETING"})
	h.expect("template_category_update MARKETING")
	decide(Decision{Category: "MARKETING"})
	h.expect("template_category_update MARKETING")

	decide(Decision{Status: "PAUSED"})
	decide(Decision{Status: "FLAGGED"})
	h.expect(statusField+"PAUSED", statusField+"FLAGGED")
	decide(Decision{Status: "PAUSED"})
	got := changes(h.deliver())
	if info, _ := got[0].value["other_info"].(map[string]any); info["title"] != "SECOND_PAUSE" {
		t.Errorf("%v", got)
	}
	h.clock.Step(6 * time.Hour)
	got = changes(h.deliver())
	if info, _ := got[0].value["other_info"].(map[string]any); info["title"] != "UNPAUSE" || got[0].value["event"] != "APPROVED" {
		t.Errorf("%v", got)
	}
	decide(Decision{Status: "PAUSED"}) // the third time
	got = changes(h.deliver())
	if info, _ := got[0].value["disable_info"].(map[string]any); got[0].value["event"] != "DISABLED" || info["disable_date"] != itoa(int(h.clock.Now().Unix())) {
		t.Errorf("%v", got)
	}
	decide(Decision{Status: "IN_APPEAL"})
	decide(Decision{Status: "DISABLED"})
	decide(Decision{Status: "APPROVED"})
	h.expect(statusField+"IN_APPEAL", statusField+"DISABLED", statusField+"REINSTATED")

	ids := map[string]any{"hsm_ids": []string{id}}
	h.must(h.post(testWABA+"/message_templates/archive", ids))
	h.must(h.post(testWABA+"/message_templates/unarchive", ids))
	h.expect(statusField+"ARCHIVED", statusField+"UNARCHIVED")
	h.must(h.do(http.MethodDelete, "/v25.0/"+testWABA+"/message_templates?name=parcel", nil))
	h.expect(statusField + "PENDING_DELETION")
	h.clock.Step(time.Hour)
	h.expect(statusField + "DELETED")
}

func TestReviewsInEvents(t *testing.T) {
	h := newHooks(t, WithReviewDelay(time.Minute))
	h.sim.AddTemplate(testWABA, Template{Name: "first"})
	h.must(h.create(withText("bad", "Your request was received, we will come back to you.")))
	h.must(h.create(withText("promo", "Get 20 % off this week, only here and only now.")))
	h.clock.Step(time.Minute)
	seen := map[string]map[string]any{}
	for _, x := range changes(h.deliver()) {
		name, _ := x.value["message_template_name"].(string)
		event, _ := x.value["event"].(string)
		seen[name+" "+x.field+" "+event] = x.value
	}
	rejected := seen["bad "+statusField+"REJECTED"]
	if info, _ := rejected["rejection_info"].(map[string]any); rejected["reason"] != "INVALID_FORMAT" || info["recommendation"] == "" {
		t.Errorf("%v", rejected)
	}
	if moved := seen["promo template_category_update "]; moved["previous_category"] != "UTILITY" || moved["new_category"] != "MARKETING" {
		t.Errorf("%v", seen)
	}
	if seen["promo "+statusField+"APPROVED"]["message_template_category"] != "MARKETING" {
		t.Errorf("%v", seen)
	}
}

func TestEditsInEvents(t *testing.T) {
	h := newHooks(t, WithReviewDelay(0), WithEditReview(EditReviewKeep))
	id := h.sim.AddTemplate(testWABA, Template{Name: "parcel"})
	h.must(h.post(id, map[string]any{"components": []any{
		map[string]any{"type": "HEADER", "format": "TEXT", "text": "Parcel"},
		map[string]any{"type": "BODY", "text": "Your parcel is on its way to you."},
		map[string]any{"type": "FOOTER", "text": "Acme"},
		map[string]any{"type": "BUTTONS", "buttons": []any{
			map[string]any{"type": "URL", "text": "Track", "url": "https://acme.example.com"},
			map[string]any{"type": "PHONE_NUMBER", "text": "Call", "phone_number": "+15550783881"},
		}},
	}}))
	got := changes(h.deliver())
	raw, _ := json.Marshal(got[0].value["message_template_buttons"])
	if len(got) != 1 || got[0].field != "message_template_components_update" || !strings.Contains(string(raw), `"message_template_button_phone_number"`) ||
		!strings.Contains(string(raw), `"message_template_button_url":"https://acme.example.com"`) {
		t.Errorf("%+v %s", got, raw)
	}
	h.same(got[0].value, map[string]any{"message_template_title": "Parcel", "message_template_element": "Your parcel is on its way to you.", "message_template_footer": "Acme"})
	h.sim.EditInManager(id, func(x *Template) {
		x.Components, x.Category, x.CorrectCategory = json.RawMessage(`[{"type":"BODY","text":"Other words, by hand."}]`), "MARKETING", "UTILITY"
		x.QualityScore, x.Status = "RED", "REJECTED"
	})
	h.expect("message_template_components_update", "template_category_update MARKETING", "template_category_update UTILITY",
		"message_template_quality_update RED", statusField+"REJECTED")
	h.sim.EditInManager(id, func(*Template) {})
	h.sim.DeleteInManager(id)
	h.expect(statusField + "DELETED")
}

func TestAccountsInEvents(t *testing.T) {
	h := newHooks(t)
	h.sim.UpdateAccount(testWABA, func(a *Account) { a.ReviewStatus = "REJECTED" })
	h.sim.UpdateAccount(testWABA, func(a *Account) { a.Status = "DISABLED" })
	h.sim.UpdateAccount(testWABA, func(a *Account) { a.Status = "ACTIVE" })
	h.sim.UpdateAccount(testWABA, func(a *Account) { a.Name = "Other" })
	h.expect("account_review_update REJECTED", "account_update DISABLED_UPDATE", "account_update DISABLED_UPDATE")
	h.sim.SetMessagingLimit(testWABA, "TIER_2K") // as before
	h.sim.SetMessagingLimit(testWABA, "TIER_250")
	h.sim.UpdateAccount(testWABA, func(a *Account) { a.MessagingLimit = "TIER_UNLIMITED" })
	got := changes(h.deliver())
	if len(got) != 2 || got[0].value["max_phone_numbers_per_business"] == nil || got[1].value["max_daily_conversations_per_business"] != "TIER_UNLIMITED" || got[1].value["max_phone_numbers_per_waba"] == nil {
		t.Errorf("%+v", got)
	}
	h.sim.RemoveAccount(testWABA)
	h.expect("account_update ACCOUNT_DELETED")
}

func TestNumbersInEvents(t *testing.T) {
	h := newHooks(t, WithNameReviewDelay(time.Minute), WithNameSwitch(NameSwitchAtOnce))
	id := h.first()
	names := func() (out []string) {
		t.Helper()
		for _, x := range changes(h.deliver()) {
			decision, _ := x.value["decision"].(string)
			name, _ := x.value["requested_verified_name"].(string)
			reason, _ := x.value["rejection_reason"].(string)
			out = append(out, decision+" "+name+" "+reason)
		}
		return out
	}
	h.must(h.post(id+"?new_display_name=Acme+Meta+Shop", nil))
	h.clock.Step(time.Minute)
	if got := strings.Join(names(), ", "); got != "PENDING Acme Meta Shop , REJECTED Acme Meta Shop NAME_NOT_CONSISTENT" {
		t.Error(got)
	}
	h.must(h.post(id+"?new_display_name=Acme+Shop", nil))
	h.clock.Step(time.Minute)
	if got := strings.Join(names(), ", "); got != "PENDING Acme Shop , APPROVED Acme Shop " {
		t.Error(got)
	}
	h.sim.UpdateNumber(id, func(n *Number) { n.NameStatus, n.NameReason, n.QualityRating = "DECLINED", "UNKNOWN", "RED" })
	h.sim.UpdateNumber(id, func(n *Number) { n.NewDisplayName, n.NewNameStatus = "Acme", "DEFERRED" })
	if got := strings.Join(names(), ", "); got != "REJECTED Acme Shop UNKNOWN, DEFERRED Acme " {
		t.Error(got)
	}

	h.must(h.post(id+"/settings", map[string]any{"calling": map[string]any{"status": "ENABLED"}}))
	got := changes(h.deliver())
	if settings, _ := got[0].value["phone_number_settings"].(map[string]any); settings["phone_number_id"] != id {
		t.Errorf("%+v", got)
	}
	h.sim.UpdateNumber(id, func(n *Number) { n.Config.Calling = json.RawMessage(`{"status":"DISABLED"}`) })
	h.must(h.post(id+"/username?username=acme", nil))
	h.must(h.do(http.MethodDelete, "/v25.0/"+id+"/username", nil))
	h.expect("account_settings_update phone_number_settings", "business_username_update reserved", "business_username_update deleted")

	h.sim.SetPINInManager(id, testPIN)
	h.sim.SetPINInManager(id, "")
	h.expect("security PIN_CHANGED", "security PIN_RESET_REQUEST", "security PIN_REQUEST_SUCCESS")
	h.sim.UpgradeThroughput(id)
	h.clock.Step(time.Minute)
	h.expect("phone_number_quality_update THROUGHPUT_UPGRADE")

	added := h.verified()
	h.must(h.register(added, testPIN))
	h.must(h.register(added, testPIN)) // again: nothing new
	h.expect("phone_number_name_update PENDING", "phone_number_name_update APPROVED", "phone_number_quality_update ONBOARDING")
}

// TestSilentWithoutWebhooks: a simulator without webhooks has no waiting events.
func TestSilentWithoutWebhooks(t *testing.T) {
	f := newFixture(t)
	f.sim.SetAppCallback(testApp, hookURL, allFields()...)
	f.must(f.create(utility("parcel", "en_US")))
	if n, _ := f.sim.PendingDeliveries(); n != 0 {
		t.Errorf("%d", n)
	}
}
