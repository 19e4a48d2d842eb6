// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// templateNamed is how every template event begins.
const templateNamed = `{"message_template_id":806312974732579,"message_template_name":"order_shipped","message_template_language":"en-US"`

var orderShipped = Template{ID: "806312974732579", Name: "order_shipped", Language: "en_US"}

var templateCases = []valueCase{
	{"approved", "message_template_status_update", templateNamed + `,"event":"APPROVED","reason":"NONE","message_template_category":"utility"}`,
		TemplateStatus{Template: orderShipped, Event: "APPROVED", Category: "UTILITY"}},
	{"approved without category", "message_template_status_update", templateNamed + `,"event":"approved","reason":"none"}`,
		TemplateStatus{Template: orderShipped, Event: "APPROVED"}},
	{"rejected", "message_template_status_update", templateNamed + `,"event":"REJECTED","reason":"INVALID_FORMAT","message_template_category":"UTILITY",
		"rejection_info":{"reason":"Variables touch.","recommendation":"Put a word between."}}`,
		TemplateStatus{Template: orderShipped, Event: "REJECTED", Category: "UTILITY", Reason: "INVALID_FORMAT",
			RejectionReason: "Variables touch.", RejectionRecommendation: "Put a word between."}},
	{"deletion", "message_template_status_update", templateNamed + `,"event":"PENDING_DELETION","reason":null,"other_info":null,"disable_info":null}`,
		TemplateStatus{Template: orderShipped, Event: "PENDING_DELETION"}},
	{"paused", "message_template_status_update", templateNamed + `,"event":"PAUSED","reason":"NONE","other_info":{"title":"first_pause","description":"For 3 hours."}}`,
		TemplateStatus{Template: orderShipped, Event: "PAUSED", PauseTitle: "FIRST_PAUSE", PauseDescription: "For 3 hours."}},
	{"disabled", "message_template_status_update", templateNamed + `,"event":"DISABLED","disable_info":{"disable_date":"1773446400"}}`,
		TemplateStatus{Template: orderShipped, Event: "DISABLED", DisableDate: march14}},
	{"disabled on a date", "message_template_status_update", templateNamed + `,"event":"DISABLED","disable_info":{"disable_date":"March 14, 2026"}}`,
		TemplateStatus{Template: orderShipped, Event: "DISABLED", DisableDate: march14}},
	{"state of the future", "message_template_status_update", templateNamed + `,"event":"FROZEN"}`,
		TemplateStatus{Template: orderShipped, Event: "FROZEN"}},
	{"long id as text", "message_template_status_update", `{"message_template_id":"12345678901234567","message_template_language":"zh_CN","event":"LOCKED"}`,
		TemplateStatus{Template: Template{ID: "12345678901234567", Language: "zh_CN"}, Event: "LOCKED"}},
	{"long id", "message_template_status_update", `{"message_template_id":12345678901234567,"event":"FLAGGED"}`,
		TemplateStatus{Template: Template{ID: "12345678901234567"}, Event: "FLAGGED"}},
	{"name only", "message_template_status_update", `{"message_template_name":"order_shipped","event":"DELETED"}`,
		TemplateStatus{Template: Template{Name: "order_shipped"}, Event: "DELETED"}},
	{"no template", "message_template_status_update", `{"event":"APPROVED"}`, nil},
	{"no event", "message_template_status_update", templateNamed + `}`, nil},

	{"yellow", "message_template_quality_update", templateNamed + `,"previous_quality_score":"GREEN","new_quality_score":"yellow"}`,
		TemplateQuality{Template: orderShipped, Previous: "GREEN", New: "YELLOW"}},
	{"no score", "message_template_quality_update", templateNamed + `,"new_quality_score":null}`, nil},

	{"edited", "message_template_components_update", templateNamed + `,"message_template_title":"Sent","message_template_element":"It is on its way.",
		"message_template_buttons":[{"message_template_button_type":"URL"}]}`, TemplateComponents{Template: orderShipped}},
	{"no template", "message_template_components_update", `{"message_template_element":"It is on its way."}`, nil},

	{"announced", "template_category_update", templateNamed + `,"new_category":"UTILITY","correct_category":"MARKETING","category_update_timestamp":1773446400}`,
		TemplateCategory{Template: orderShipped, New: "UTILITY", Correct: "MARKETING", ChangeTime: march14}},
	{"announced without time", "template_category_update", templateNamed + `,"new_category":"UTILITY","correct_category":"MARKETING"}`,
		TemplateCategory{Template: orderShipped, New: "UTILITY", Correct: "MARKETING"}},
	{"changed", "template_category_update", templateNamed + `,"previous_category":"UTILITY","new_category":"MARKETING","correct_category":null}`,
		TemplateCategory{Template: orderShipped, Previous: "UTILITY", New: "MARKETING"}},
	{"nothing", "template_category_update", templateNamed + `}`, nil},

	{"detected", "template_correct_category_detection", templateNamed + `,"category":"UTILITY","correct_category":"MARKETING"}`,
		TemplateCategory{Template: orderShipped, New: "UTILITY", Correct: "MARKETING"}},
}

func TestTemplateEvents(t *testing.T) { checkValues(t, templateCases) }

var numberCases = []valueCase{
	{"upgrade", "phone_number_quality_update", `{"display_phone_number":"15550100200","event":"THROUGHPUT_UPGRADE","max_daily_conversations_per_business":"TIER_UNLIMITED"}`,
		NumberQuality{PhoneNumber: number, Event: "THROUGHPUT_UPGRADE", MessagingLimit: "TIER_UNLIMITED"}},
	{"old sample", "phone_number_quality_update", `{"display_phone_number":"+1 555-010-0200","event":"flagged","current_limit":"tier_10k","old_limit":"TIER_100K"}`,
		NumberQuality{PhoneNumber: number, Event: "FLAGGED", MessagingLimit: "TIER_10K"}},
	{"limit as number", "phone_number_quality_update", `{"display_phone_number":15550100200,"event":"ONBOARDING","max_daily_conversations_per_business":250}`,
		NumberQuality{PhoneNumber: number, Event: "ONBOARDING", MessagingLimit: "TIER_250"}},
	{"no number", "phone_number_quality_update", `{"event":"ONBOARDING"}`, nil},

	{"rejected", "phone_number_name_update", `{"display_phone_number":"15550100200","decision":"REJECTED","requested_verified_name":"Acme Tea","rejection_reason":"NAME_NOT_CONSISTENT"}`,
		NumberName{PhoneNumber: number, Decision: "REJECTED", RequestedName: "Acme Tea", RejectionReason: "NAME_NOT_CONSISTENT"}},
	{"approved", "phone_number_name_update", `{"display_phone_number":"15550100200","decision":"approved","requested_verified_name":"Acme Tea","rejection_reason":null}`,
		NumberName{PhoneNumber: number, Decision: "APPROVED", RequestedName: "Acme Tea"}},
	{"reason none", "phone_number_name_update", `{"display_phone_number":"15550100200","decision":"DEFERRED","rejection_reason":"NONE"}`,
		NumberName{PhoneNumber: number, Decision: "DEFERRED"}},
	{"no decision", "phone_number_name_update", `{"display_phone_number":"15550100200"}`, nil},

	{"pin", "security", `{"display_phone_number":"15550100200","event":"PIN_RESET_REQUEST","requester":"61555000000"}`,
		NumberSecurity{PhoneNumber: number, Event: "PIN_RESET_REQUEST"}},
	{"no event", "security", `{"display_phone_number":"15550100200"}`, nil},

	{"calling", "account_settings_update", `{"messaging_product":"whatsapp","timestamp":"1773500966","type":"phone_number_settings",
		"phone_number_settings":{"phone_number_id":"106540352242922","calling":{"status":"enabled"}}}`,
		NumberSettings{PhoneNumberID: "106540352242922", CallingStatus: "ENABLED"}},
	{"something else", "account_settings_update", `{"phone_number_settings":{"phone_number_id":106540352242922,"storage":{}}}`,
		NumberSettings{PhoneNumberID: "106540352242922"}},
	{"no number", "account_settings_update", `{"phone_number_settings":{"calling":{"status":"ENABLED"}}}`, nil},

	{"approved", "business_username_update", `{"display_phone_number":"15550100200","username":"acme.tea","status":"approved"}`,
		NumberUsername{PhoneNumber: number, Username: "acme.tea", Status: "APPROVED"}},
	{"deleted", "business_username_update", `{"display_phone_number":"15550100200","username":null,"status":"DELETED"}`,
		NumberUsername{PhoneNumber: number, Status: "DELETED"}},
	{"no status", "business_username_update", `{"display_phone_number":"15550100200","username":"acme.tea"}`, nil},
}

func TestNumberEvents(t *testing.T) { checkValues(t, numberCases) }

// TestRenamedFields: events that arrive under another field than theirs.
func TestRenamedFields(t *testing.T) {
	status := templateNamed + `,"event":"APPROVED"}`
	quality := templateNamed + `,"new_quality_score":"RED"}`
	username := `{"display_phone_number":"15550100200","username":"acme.tea","status":"reserved"}`
	for _, c := range []struct{ field, value, want string }{
		{"message_template_status_change", status, "message_template_status_update"},
		{"message_template_status_update", quality, "message_template_quality_update"},
		{"message_template_status_change", quality, "message_template_quality_update"},
		{"business_username_updates", username, "business_username_update"},
	} {
		got, want := only(t, event(c.field, c.value)), only(t, event(c.want, c.value))
		if want.Value == nil {
			t.Errorf("%s is not understood", c.want)
		}
		equal(t, got, want)
	}
}

// TestRejectionInfoBeside: an old page of Meta's has rejection_info outside of the value.
func TestRejectionInfoBeside(t *testing.T) {
	const info = `"rejection_info":{"reason":"Variables touch.","recommendation":"Put a word between."}`
	const value = templateNamed + `,"event":"REJECTED","reason":"INVALID_FORMAT"`
	beside := only(t, delivery(account, `{"field":"message_template_status_update","value":`+value+`},`+info+`}`))
	inside := only(t, event("message_template_status_update", value+","+info+"}"))
	equal(t, beside.Value, inside.Value)
	both := only(t, delivery(account, `{"field":"message_template_status_update","value":`+value+","+info+`},"rejection_info":{"reason":"Other"}}`))
	equal(t, both.Value, inside.Value)
}

func TestTextsAreShortened(t *testing.T) {
	for name, c := range map[string]struct{ text, want string }{
		"short":        {"é", "é"},
		"limit":        {strings.Repeat("é", 1024), strings.Repeat("é", 1024)},
		"beyond":       {strings.Repeat("é", 1025), strings.Repeat("é", 1024)},
		"broken bytes": {"a\xffb", "a\uFFFDb"},
		"half a pair":  {`\ud83d`, "\uFFFD"},
		"other plane":  {strings.Repeat("😀", 2000), strings.Repeat("😀", 1024)},
	} {
		t.Run(name, func(t *testing.T) {
			value := only(t, event("account_alerts", `{"alert_info":{"alert_type":"X","alert_description":"`+c.text+`"}}`)).Value
			got := value.(Alert).Description
			if got != c.want || !utf8.ValidString(got) {
				t.Errorf("%d characters: %.40q", utf8.RuneCountInString(got), got)
			}
		})
	}
}
