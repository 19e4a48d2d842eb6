// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"fmt"
	"strings"
	"testing"
)

var accountCases = []valueCase{
	{"deleted", "account_update", `{"event":"ACCOUNT_DELETED"}`, AccountUpdate{Event: "ACCOUNT_DELETED"}},
	{"violation", "account_update", `{"event":"ACCOUNT_VIOLATION","violation_info":{"violation_type":"TOBACCO"}}`,
		AccountUpdate{Event: "ACCOUNT_VIOLATION", Violation: &Violation{Type: "TOBACCO"}}},
	{"violation of a number", "account_update", `{"event":"account_violation","phone_number":"+1 555 010 0200","violation_info":{"violation_type":"spam"}}`,
		AccountUpdate{Event: "ACCOUNT_VIOLATION", Violation: &Violation{Type: "SPAM", PhoneNumber: number}}},
	{"violation without type", "account_update", `{"event":"ACCOUNT_VIOLATION","violation_info":null}`, AccountUpdate{Event: "ACCOUNT_VIOLATION"}},
	{"restrictions", "account_update", `{"event":"ACCOUNT_RESTRICTION","restriction_info":[
		{"restriction_type":"RESTRICTED_ADD_PHONE_NUMBER_ACTION","expiration":1773446400,"remediation":"Wait."},
		{"restriction_type":"restricted_biz_initiated_messaging","expiration":"1773446400"},
		{"restriction_type":"RESTRICTED_UTILITY_TEMPLATES"},{"expiration":1},7]}`,
		AccountUpdate{Event: "ACCOUNT_RESTRICTION", Restrictions: []Restriction{
			{Type: "RESTRICTED_ADD_PHONE_NUMBER_ACTION", Expires: march14, Remediation: "Wait."},
			{Type: "RESTRICTED_BIZ_INITIATED_MESSAGING", Expires: march14},
			{Type: "RESTRICTED_UTILITY_TEMPLATES"}}}},
	{"one restriction, because of abuse", "account_update", `{"event":"ACCOUNT_RESTRICTION","violation_info":{"violation_type":"UTILITY_TEMPLATE_ABUSE"},
		"restriction_info":{"restriction_type":"RESTRICTED_UTILITY_TEMPLATES","expiration":0}}`,
		AccountUpdate{Event: "ACCOUNT_RESTRICTION", Violation: &Violation{Type: "UTILITY_TEMPLATE_ABUSE"},
			Restrictions: []Restriction{{Type: "RESTRICTED_UTILITY_TEMPLATES"}}}},
	{"ban", "account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"SCHEDULE_FOR_DISABLE","waba_ban_date":"March 14, 2026"}}`,
		AccountUpdate{Event: "DISABLED_UPDATE", Ban: &Ban{State: "SCHEDULE_FOR_DISABLE", Date: march14}}},
	{"ban with an odd date", "account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"reinstate","waba_ban_date":"someday"}}`,
		AccountUpdate{Event: "DISABLED_UPDATE", Ban: &Ban{State: "REINSTATE"}}},
	{"ban with another date", "account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":"DISABLE","waba_ban_date":"2026-03-14"}}`,
		AccountUpdate{Event: "DISABLED_UPDATE", Ban: &Ban{State: "DISABLE", Date: march14}}},
	{"ban in a list", "account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":["DISABLE","SCHEDULE_FOR_DISABLE"],"waba_ban_date":"March 14, 2026"}}`,
		AccountUpdate{Event: "DISABLED_UPDATE", Ban: &Ban{State: "SCHEDULE_FOR_DISABLE", Date: march14}}},
	{"ban in a list of objects", "account_update", `{"event":["DISABLED_UPDATE"],"ban_info":[{"waba_ban_state":["DISABLE"],"waba_ban_date":["March 14, 2026"]}]}`,
		AccountUpdate{Event: "DISABLED_UPDATE", Ban: &Ban{State: "DISABLE", Date: march14}}},
	{"ban of which only the date is known", "account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":[],"waba_ban_date":"March 14, 2026"}}`,
		AccountUpdate{Event: "DISABLED_UPDATE", Ban: &Ban{State: "UNKNOWN", Date: march14}}},
	{"ban of which nothing is known", "account_update", `{"event":"DISABLED_UPDATE","ban_info":{"waba_ban_state":{}}}`, AccountUpdate{Event: "DISABLED_UPDATE"}},
	{"compromised", "business_status_update", `{"business_id":123,"event":"COMPROMISED_NOTIFICATION"}`,
		AccountUpdate{Event: "COMPROMISED_NOTIFICATION", Detail: "business_id 123"}},
	{"no event", "business_status_update", `{"business_id":123}`, nil},

	{"a new flow", "flows", `{"event":"FLOW_STATUS_CHANGE","message":"Created.","flow_id":"66","new_status":"DRAFT"}`,
		Alert{Type: "FLOW_STATUS_CHANGE", Severity: "INFORMATIONAL", Status: "NONE", EntityType: "FLOW", EntityID: "66", Description: "to DRAFT"}},
	{"a throttled flow", "flows", `{"event":"FLOW_STATUS_CHANGE","flow_id":66,"old_status":"PUBLISHED","new_status":"throttled","warning":"Soon blocked."}`,
		Alert{Type: "FLOW_STATUS_CHANGE", Severity: "WARNING", Status: "ACTIVE", EntityType: "FLOW", EntityID: "66", Description: "from PUBLISHED to THROTTLED; Soon blocked."}},
	{"a blocked flow", "flows", `{"event":"FLOW_STATUS_CHANGE","flow_id":66,"old_status":"THROTTLED","new_status":"BLOCKED"}`,
		Alert{Type: "FLOW_STATUS_CHANGE", Severity: "CRITICAL", Status: "ACTIVE", EntityType: "FLOW", EntityID: "66", Description: "from THROTTLED to BLOCKED"}},
	{"an endpoint that fails", "flows", `{"event":"ENDPOINT_ERROR_RATE","flow_id":"66","message":"Too many.","alert_state":"ACTIVATED","errors":[{"error_type":"x"}]}`,
		Alert{Type: "ENDPOINT_ERROR_RATE", Severity: "WARNING", Status: "ACTIVE", EntityType: "FLOW", EntityID: "66", Description: "Too many."}},
	{"an endpoint that recovered", "flows", `{"event":"ENDPOINT_ERROR_RATE","flow_id":"66","alert_state":"DEACTIVATED"}`,
		Alert{Type: "ENDPOINT_ERROR_RATE", Severity: "WARNING", Status: "NONE", EntityType: "FLOW", EntityID: "66"}},
	{"an old version", "flows", `{"event":"FLOW_VERSION_EXPIRY_WARNING","flow_id":"66","warning":"Expires soon."}`,
		Alert{Type: "FLOW_VERSION_EXPIRY_WARNING", Severity: "WARNING", Status: "ACTIVE", EntityType: "FLOW", EntityID: "66", Description: "Expires soon."}},
	{"no flow", "flows", `{"event":"FLOW_STATUS_CHANGE","new_status":"DRAFT"}`, nil},
	{"verified", "account_update", `{"event":"VERIFIED_ACCOUNT","phone_number":"15550100200"}`,
		AccountUpdate{Event: "VERIFIED_ACCOUNT", Detail: "phone_number 15550100200"}},
	{"offboarded", "account_update", `{"event":"ACCOUNT_OFFBOARDED"}`, AccountUpdate{Event: "ACCOUNT_OFFBOARDED"}},
	{"reconnected", "account_update", `{"event":"ACCOUNT_RECONNECTED"}`, AccountUpdate{Event: "ACCOUNT_RECONNECTED"}},
	{"international rates", "account_update", `{"event":"AUTH_INTL_PRICE_ELIGIBILITY_UPDATE","auth_international_rate_eligibility":{"start_time":1773446400,
		"exception_countries":[{"country_code":"in","start_time":1773532800},{"country_code":"ID"}]}}`,
		AccountUpdate{Event: "AUTH_INTL_PRICE_ELIGIBILITY_UPDATE", Detail: "from 2026-03-14, country IN from 2026-03-15, country ID"}},
	{"country", "account_update", `{"event":"BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE","country":"PT"}`,
		AccountUpdate{Event: "BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE", Detail: "country PT"}},
	{"price tier", "account_update", `{"event":"VOLUME_BASED_PRICING_TIER_UPDATE","volume_tier_info":{"tier_update_time":1773446400,"pricing_category":"MARKETING",
		"tier":"25000001:50000000","effective_month":"2025-11","region":"North America"}}`,
		AccountUpdate{Event: "VOLUME_BASED_PRICING_TIER_UPDATE", Detail: "tier 25000001:50000000 in MARKETING for region North America from 2025-11"}},
	{"certification", "account_update", `{"event":"PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE","partner_client_certification_info":{"client_business_id":2729063490586005,
		"status":"FAILED","rejection_reasons":["ADDRESS NOT MATCHING","WEBSITE NOT MATCHING"]}}`,
		AccountUpdate{Event: "PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE",
			Detail: "client_business_id 2729063490586005 FAILED because of ADDRESS NOT MATCHING, WEBSITE NOT MATCHING"}},
	{"certified", "account_update", `{"event":"PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE","partner_client_certification_info":{"client_business_id":"2729063490586005",
		"status":"approved","rejection_reasons":["NONE"]}}`,
		AccountUpdate{Event: "PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE", Detail: "client_business_id 2729063490586005 APPROVED"}},
	{"certification needed", "account_update", `{"event":"PARTNER_CLIENT_CERTIFICATION_NEEDED"}`, AccountUpdate{Event: "PARTNER_CLIENT_CERTIFICATION_NEEDED"}},
	{"event of the future", "account_update", `{"event":"BRAND_NEW","country":"a\n\tb\u0000"}`, AccountUpdate{Event: "BRAND_NEW", Detail: "country A B"}},
	{"no event", "account_update", `{"country":"PT"}`, nil},

	{"needs testing", "payment_configuration_update", `{"configuration_name":"razorpay-prod","provider_name":"razorpay","provider_mid":"acc_9","status":"Needs Testing",
		"created_timestamp":1773446400,"updated_timestamp":1773446400}`,
		AccountUpdate{Event: "PAYMENT_CONFIGURATION_UPDATE", Detail: "razorpay-prod (razorpay): Needs Testing"}},
	{"no provider", "payment_configuration_update", `{"configuration_name":"main","status":"Active"}`,
		AccountUpdate{Event: "PAYMENT_CONFIGURATION_UPDATE", Detail: "main: Active"}},
	{"no status", "payment_configuration_update", `{"configuration_name":"main"}`, nil},

	{"approved", "account_review_update", `{"decision":"Approved"}`, AccountReview{Decision: "APPROVED"}},
	{"no decision", "account_review_update", `{"decision":null}`, nil},

	{"alert", "account_alerts", `{"entity_type":"BUSINESS","entity_id":506914307656634,"alert_info":{"alert_severity":"WARNING","alert_status":"ACTIVE",
		"alert_type":"INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED","alert_description":"Send more."}}`,
		Alert{Type: "INCREASED_CAPABILITIES_ELIGIBILITY_DEFERRED", Severity: "WARNING", Status: "ACTIVE", Description: "Send more.",
			EntityType: "BUSINESS", EntityID: "506914307656634"}},
	{"flat alert", "account_alerts", `{"entity_type":"current_status_id","entity_id":"7","alert_severity":"critical","alert_type":"PROFILE_PICTURE_LOST"}`,
		Alert{Type: "PROFILE_PICTURE_LOST", Severity: "CRITICAL", EntityType: "CURRENT_STATUS_ID", EntityID: "7"}},
	{"no type", "account_alerts", `{"entity_type":"BUSINESS","alert_info":{}}`, nil},

	{"numbers", "business_capability_update", `{"max_daily_conversations_per_business":2000,"max_phone_numbers_per_waba":25}`,
		Capability{MessagingLimit: "TIER_2K", MaxPhoneNumbers: 25}},
	{"names", "business_capability_update", `{"max_daily_conversations_per_business":"TIER_UNLIMITED","max_phone_numbers_per_waba":"25"}`,
		Capability{MessagingLimit: "TIER_UNLIMITED", MaxPhoneNumbers: 25}},
	{"lowest limit", "business_capability_update", `{"max_daily_conversation_per_phone":250,"max_phone_numbers_per_business":2}`,
		Capability{MessagingLimit: "TIER_250", MaxPhoneNumbers: 2}},
	{"unlimited", "business_capability_update", `{"max_daily_conversation_per_phone":-1}`, Capability{MessagingLimit: "TIER_UNLIMITED"}},
	{"both", "business_capability_update", `{"max_daily_conversations_per_business":"10000","max_daily_conversation_per_phone":100000}`,
		Capability{MessagingLimit: "TIER_10K"}},
	{"absurd", "business_capability_update", `{"max_daily_conversations_per_business":1e400,"max_phone_numbers_per_waba":99999999999}`,
		Capability{MaxPhoneNumbers: 2147483647}},
	{"nothing", "business_capability_update", `{"max_daily_conversations_per_business":null,"max_phone_numbers_per_waba":-3}`, nil},
}

func TestAccountEvents(t *testing.T) { checkValues(t, accountCases) }

// partnerCases arrive under the id of a business portfolio.
var partnerCases = []struct {
	name, field, value string
	account            string
	want               AccountUpdate
}{
	{"ad account", "account_update", `{"event":"AD_ACCOUNT_LINKED","waba_info":{"waba_id":"102290129340398","owner_business_id":"7","ad_account_linked":"820"}}`,
		account, AccountUpdate{Event: "AD_ACCOUNT_LINKED", Detail: "ad_account_linked 820"}},
	{"terms", "account_update", `{"event":"MM_LITE_TERMS_SIGNED","waba_info":{"waba_id":"102290129340398","owner_business_id":"7"}}`,
		account, AccountUpdate{Event: "MM_LITE_TERMS_SIGNED"}},
	{"added", "account_update", `{"event":"PARTNER_ADDED","waba_info":{"waba_id":102290129340398,"owner_business_id":7,"solution_id":303,
		"solution_partner_business_ids":["11",12]}}`,
		account, AccountUpdate{Event: "PARTNER_ADDED", Detail: "solution_id 303, solution_partner_business_ids 11 12"}},
	{"removed", "account_update", `{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"102290129340398"},"disconnection_info":{"reason":"PRIMARY_INACTIVITY","initiated_by":"SYSTEM"}}`,
		account, AccountUpdate{Event: "PARTNER_REMOVED", Detail: "PRIMARY_INACTIVITY by SYSTEM"}},
	{"removed without reason", "account_update", `{"event":"PARTNER_REMOVED","waba_info":{"waba_id":"102290129340398"},"disconnection_info":{"reason":"NONE","initiated_by":"user"}}`,
		account, AccountUpdate{Event: "PARTNER_REMOVED", Detail: "by USER"}},
	{"app installed", "account_update", `{"event":"PARTNER_APP_INSTALLED","waba_info":{"waba_id":"102290129340398","partner_app_id":"445"}}`,
		account, AccountUpdate{Event: "PARTNER_APP_INSTALLED", Detail: "partner_app_id 445"}},
	{"app uninstalled", "account_update", `{"event":"PARTNER_APP_UNINSTALLED","partner_app_id":445,"waba_info":{"waba_id":"102290129340398"}}`,
		account, AccountUpdate{Event: "PARTNER_APP_UNINSTALLED", Detail: "partner_app_id 445"}},
	{"no account named", "account_update", `{"event":"PARTNER_REMOVED","waba_info":null}`, "", AccountUpdate{Event: "PARTNER_REMOVED"}},
	{"unknown, but with an account", "account_update", `{"event":"PARTNER_NEW","waba_info":{"waba_id":"102290129340398"}}`,
		account, AccountUpdate{Event: "PARTNER_NEW"}},
	{"solution", "partner_solutions", `{"event":"SOLUTION_UPDATED","solution_id":"774485461512159","solution_status":"ACTIVE"}`,
		"", AccountUpdate{Event: "SOLUTION_UPDATED", Detail: "774485461512159 ACTIVE"}},
	{"solution of an account", "partner_solutions", `{"event":"solution_created","solution_id":774485461512159,"solution_status":"draft","waba_info":{"waba_id":"102290129340398"}}`,
		account, AccountUpdate{Event: "SOLUTION_CREATED", Detail: "774485461512159 DRAFT"}},
}

func partnerRows() (out []valueCase) {
	for _, c := range partnerCases {
		out = append(out, valueCase{name: c.name, field: c.field, value: c.value, want: c.want})
	}
	return out
}

func TestPartnerEvents(t *testing.T) {
	for _, c := range partnerCases {
		t.Run(c.name, func(t *testing.T) {
			got := only(t, delivery(business, fmt.Sprintf(`{"field":%q,"value":%s}`, c.field, c.value)))
			equal(t, got, Change{AccountID: c.account, BusinessID: business, Field: c.field, Time: sent, Hash: got.Hash, Value: c.want})
		})
	}
	// Meta's samples have field and object inside of the value, or beside the list of changes.
	const installed = `"event":"PARTNER_APP_INSTALLED","waba_info":{"waba_id":"102290129340398","partner_app_id":"445"}`
	for _, body := range []string{
		`{"entry":[{"id":"` + business + `","changes":[{"value":{` + installed + `,"field":"account_update","object":"whatsapp_business_account"}}]}]}`,
		`{"entry":[{"id":"` + business + `","changes":[{"value":{` + installed + `}}],"field":"account_update","object":"whatsapp_business_account"}]}`,
	} {
		got := only(t, body)
		equal(t, got.Value, Value(AccountUpdate{Event: "PARTNER_APP_INSTALLED", Detail: "partner_app_id 445"}))
		equal(t, []string{got.AccountID, got.BusinessID, got.Field}, []string{account, business, "account_update"})
	}
	// Events under the account's own id concern no portfolio, and other fields have no waba_info.
	got := only(t, event("account_update", `{"event":"PARTNER_ADDED","waba_info":{"waba_id":"102290129340398"}}`))
	equal(t, []string{got.AccountID, got.BusinessID}, []string{account, ""})
	got = only(t, event("security", `{"event":"PIN_CHANGED","display_phone_number":"1","waba_info":{"waba_id":"999"}}`))
	equal(t, []string{got.AccountID, got.BusinessID}, []string{account, ""})
}

func TestListsAreBounded(t *testing.T) {
	list := strings.TrimSuffix(strings.Repeat(`{"restriction_type":"X"},`, 1000), ",")
	update := only(t, event("account_update", `{"event":"ACCOUNT_RESTRICTION","restriction_info":[`+list+`]}`)).Value.(AccountUpdate)
	equal(t, len(update.Restrictions), 50)
	ids := strings.TrimSuffix(strings.Repeat(`"1234567890123456789012345678901234567890",`, 1000), ",")
	update = only(t, event("account_update", `{"event":"X","waba_info":{"solution_partner_business_ids":[`+ids+`]}}`)).Value.(AccountUpdate)
	equal(t, len(update.Detail), 1024)
}
