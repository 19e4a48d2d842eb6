// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"strings"
	"testing"
	"time"
)

// TestShapesOfEvents compares with the samples of the reference pages.
func TestShapesOfEvents(t *testing.T) {
	at := time.Date(2025, 4, 17, 23, 30, 0, 0, time.UTC)
	n := Number{ID: "106540352242922", DisplayPhoneNumber: "+1 555-078-3881"}
	x := Template{ID: "278077987957091", Name: "welcome", Language: "en_US", Category: "UTILITY"}
	template := `"message_template_id":278077987957091,"message_template_language":"en_US","message_template_name":"welcome"`
	cases := []struct {
		change WebhookChange
		want   string
	}{
		{AccountEvent("ACCOUNT_DELETED"), `{"event":"ACCOUNT_DELETED"}`},
		{
			RestrictionEvent(RestrictedUntil{Type: "RESTRICTED_BIZ_INITIATED_MESSAGING", End: at}, RestrictedUntil{Type: "RESTRICTED_UTILITY_TEMPLATES", Remediation: "Stop."}),
			`{"event":"ACCOUNT_RESTRICTION","restriction_info":[{"expiration":1744932600,"restriction_type":"RESTRICTED_BIZ_INITIATED_MESSAGING"},{"remediation":"Stop.","restriction_type":"RESTRICTED_UTILITY_TEMPLATES"}]}`,
		},
		{ViolationEvent("ALCOHOL", "+1 555"), `{"event":"ACCOUNT_VIOLATION","phone_number":"1555","violation_info":{"violation_type":"ALCOHOL"}}`},
		{BanEvent("SCHEDULE_FOR_DISABLE", at), `{"ban_info":{"waba_ban_date":"April 17, 2025","waba_ban_state":"SCHEDULE_FOR_DISABLE"},"event":"DISABLED_UPDATE"}`},
		{CountryEvent("DE"), `{"country":"DE","event":"BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE"}`},
		{PricingTierEvent("UTILITY", "25000001:50000000", "India", at), `{"event":"VOLUME_BASED_PRICING_TIER_UPDATE","volume_tier_info":{"effective_month":"2025-04","pricing_category":"UTILITY","region":"India","tier":"25000001:50000000","tier_update_time":1744932600}}`},
		{AuthPricingEvent(at, "IN"), `{"auth_international_rate_eligibility":{"exception_countries":[{"country_code":"IN","start_time":1744932600}],"start_time":1744932600},"event":"AUTH_INTL_PRICE_ELIGIBILITY_UPDATE"}`},
		{CertificationEvent("7", "FAILED", "LEGAL NAME NOT MATCHING"), `{"event":"PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE","partner_client_certification_info":{"client_business_id":"7","rejection_reasons":["LEGAL NAME NOT MATCHING"],"status":"FAILED"}}`},
		{PartnerEvent("PARTNER_APP_INSTALLED", "1", "2", "3").With("partner_app_id", "4"), `{"event":"PARTNER_APP_INSTALLED","partner_app_id":"4","waba_info":{"owner_business_id":"3","waba_id":"2"}}`},
		{SolutionEvent("1", "SOLUTION_UPDATED", "77", "ACTIVE"), `{"event":"SOLUTION_UPDATED","solution_id":"77","solution_status":"ACTIVE"}`},
		{CapabilityEvent("TIER_2K", 25, true), `{"max_daily_conversations_per_business":2000,"max_phone_numbers_per_waba":25}`},
		{CapabilityEvent("TIER_250", 2, false), `{"max_daily_conversations_per_business":"TIER_250","max_phone_numbers_per_business":2}`},
		{PaymentEvent("prod", "razorpay", "acc_1", "Needs Testing", at, at), `{"configuration_name":"prod","created_timestamp":1744932600,"provider_mid":"acc_1","provider_name":"razorpay","status":"Needs Testing","updated_timestamp":1744932600}`},
		{NumberQualityEvent(n, "THROUGHPUT_UPGRADE", "TIER_UNLIMITED"), `{"display_phone_number":"15550783881","event":"THROUGHPUT_UPGRADE","max_daily_conversations_per_business":"TIER_UNLIMITED"}`},
		{NameEvent(n, "APPROVED", "Acme", ""), `{"decision":"APPROVED","display_phone_number":"15550783881","rejection_reason":null,"requested_verified_name":"Acme"}`},
		{SecurityEvent(n, "PIN_RESET_REQUEST", "61"), `{"display_phone_number":"15550783881","event":"PIN_RESET_REQUEST","requester":"61"}`},
		{UsernameEvent(n, "acme", "reserved"), `{"display_phone_number":"15550783881","status":"reserved","username":"acme"}`},
		{CallingEvent(n, "ENABLED", at), `{"messaging_product":"whatsapp","phone_number_settings":{"calling":{"status":"ENABLED"},"phone_number_id":"106540352242922"},"timestamp":"1744932600","type":"phone_number_settings"}`},
		{FlowStatusEvent("66", "", "DRAFT"), `{"event":"FLOW_STATUS_CHANGE","flow_id":"66","message":"Flow 66 changed its status to DRAFT","new_status":"DRAFT"}`},
		{FlowStatusEvent("66", "PUBLISHED", "BLOCKED"), `{"event":"FLOW_STATUS_CHANGE","flow_id":"66","message":"Flow 66 changed its status to BLOCKED","new_status":"BLOCKED","old_status":"PUBLISHED"}`},
		{FlowAlertEvent("66", "ENDPOINT_ERROR_RATE", "ACTIVATED", "Too many."), `{"alert_state":"ACTIVATED","error_rate":14.28,"event":"ENDPOINT_ERROR_RATE","flow_id":"66","message":"Too many.","threshold":5}`},
		{CompromisedEvent(123), `{"business_id":123,"event":"COMPROMISED_NOTIFICATION"}`},
		{TemplateStatusEvent(x, "PENDING_DELETION"), `{"event":"PENDING_DELETION","message_template_category":"UTILITY",` + template + `,"reason":null}`},
		{PauseEvent(x, "LOCKED", "FIRST_PAUSE", "Why."), `{"event":"LOCKED","message_template_category":"UTILITY",` + template + `,"other_info":{"description":"Why.","title":"FIRST_PAUSE"},"reason":"NONE"}`},
		{CategoryAnnouncement(x, "MARKETING", at), `{"category_update_timestamp":1744932600,"correct_category":"MARKETING",` + template + `,"new_category":"UTILITY"}`},
		{CategoryDetection(x, "MARKETING"), `{"category":"UTILITY","correct_category":"MARKETING",` + template + `}`},
		{TemplateQualityEvent(Template{ID: "tpl", Name: "a", Language: "de"}, "GREEN", "RED"), `{"message_template_id":"tpl","message_template_language":"de","message_template_name":"a","new_quality_score":"RED","previous_quality_score":"GREEN"}`},
	}
	for _, c := range cases {
		w := metaWriter{}
		w.value(asJSON(c.change.Value))
		if string(w.out) != c.want || !webhookFields[c.change.Field] {
			t.Errorf("%s: got\n%s, want\n%s", c.change.Field, w.out, c.want)
		}
	}
}

func TestMessageEvents(t *testing.T) {
	h := newHooks(t, WithWebhookHabits(WebhookHabits{Timeless: 1}))
	n := h.number(h.first())
	var timed, timeless int
	for _, field := range MessageFields() {
		h.sim.Emit(testWABA, MessageEvent(field, n))
		got := h.deliver()
		x := changes(got)
		meta, _ := x[0].value["metadata"].(map[string]any)
		if len(x) != 1 || x[0].field != field || !webhookFields[field] || meta["phone_number_id"] != n.ID {
			t.Errorf("%+v", x)
		}
		if x[0].timed {
			timed++
		} else {
			timeless++
		}
		if strings.Contains(string(got[0].raw), "$") {
			t.Errorf("%s: %s", field, got[0].raw)
		}
	}
	if timed == 0 || timeless == 0 {
		t.Errorf("%d with time, %d without", timed, timeless)
	}
	defer func() {
		if recover() == nil {
			t.Error("security is no message field")
		}
	}()
	MessageEvent("security", n)
}
