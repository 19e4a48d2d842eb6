// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"strings"
	"time"
	"unicode"
)

// readAccountUpdate takes every companion that comes with an event, whichever event it is documented for.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/account_update
func readAccountUpdate(n node) Value {
	update := AccountUpdate{Event: n.upper("event"), Violation: violationFrom(n), Ban: banFrom(n), Detail: detail(n)}
	for _, item := range n.nodes("restriction_info") {
		if kind := item.upper("restriction_type"); kind != "" {
			update.Restrictions = append(update.Restrictions,
				Restriction{Type: kind, Expires: item.time("expiration"), Remediation: item.text("remediation")})
		}
	}
	return orNil(update, update.Event)
}

func violationFrom(n node) *Violation {
	kind := n.obj("violation_info").upper("violation_type")
	if kind == "" {
		return nil
	}
	return &Violation{Type: kind, PhoneNumber: n.digits("phone_number")}
}

func banFrom(n node) *Ban {
	info := n.obj("ban_info")
	ban := Ban{State: info.upper("waba_ban_state"), Date: info.time("waba_ban_date")}
	switch {
	case ban == Ban{}:
		return nil
	case ban.State == "":
		ban.State = banUnknown
	}
	return &ban
}

// banUnknown is the state of a ban of which only the date can be read.
const banUnknown = "UNKNOWN"

// readBusinessStatus reads business_status_update: something happened to the business portfolio that owns the account.
func readBusinessStatus(n node) Value {
	event := n.upper("event")
	return orNil(AccountUpdate{Event: event, Detail: line(", ", named("business_id ", n.text("business_id")), detail(n))}, event)
}

// detail describes the other companions in Meta's terms, separated by commas.
func detail(n node) string {
	waba, gone := n.obj("waba_info"), n.obj("disconnection_info")
	parts := []string{
		line(" ", gone.reason("reason"), named("by ", gone.upper("initiated_by"))),
		named("partner_app_id ", waba.text("partner_app_id"), n.text("partner_app_id")),
		named("ad_account_linked ", waba.text("ad_account_linked")),
		named("solution_id ", waba.text("solution_id")),
		named("solution_partner_business_ids ", strings.Join(waba.texts("solution_partner_business_ids"), " ")),
		named("country ", n.upper("country")),
		priceTier(n.obj("volume_tier_info")),
		internationalRates(n.obj("auth_international_rate_eligibility")),
		certification(n.obj("partner_client_certification_info")),
	}
	if violationFrom(n) == nil {
		parts = append(parts, named("phone_number ", n.digits("phone_number")))
	}
	return line(", ", parts...)
}

func priceTier(n node) string {
	return line(" ", named("tier ", n.text("tier")), named("in ", n.upper("pricing_category")),
		named("for region ", n.text("region")), named("from ", n.text("effective_month")))
}

func internationalRates(n node) string {
	parts := []string{since(n)}
	for _, exception := range n.nodes("exception_countries") {
		parts = append(parts, line(" ", named("country ", exception.upper("country_code")), since(exception)))
	}
	return line(", ", parts...)
}

func since(n node) string {
	start := n.time("start_time")
	if start.IsZero() {
		return ""
	}
	return "from " + start.Format(time.DateOnly)
}

func certification(n node) string {
	var reasons []string
	for _, reason := range n.texts("rejection_reasons") {
		if !strings.EqualFold(reason, "NONE") {
			reasons = append(reasons, strings.ToUpper(reason))
		}
	}
	return line(" ", named("client_business_id ", n.text("client_business_id")), n.upper("status"),
		named("because of ", strings.Join(reasons, ", ")))
}

// readSolution reads partner_solutions.
func readSolution(n node) Value {
	event := n.upper("event")
	return orNil(AccountUpdate{Event: event, Detail: line(" ", n.text("solution_id"), n.upper("solution_status"))}, event)
}

// readPayment reads payment_configuration_update, which has no event. Its states aren't in upper case.
func readPayment(n node) Value {
	name, status := n.text("configuration_name"), n.text("status")
	if provider := n.text("provider_name"); provider != "" {
		name += " (" + provider + ")"
	}
	return orNil(AccountUpdate{Event: "PAYMENT_CONFIGURATION_UPDATE", Detail: line(": ", name, status)}, name, status)
}

// named puts a name before the first value that there is; without one there is no name either.
func named(name string, values ...string) string {
	for _, value := range values {
		if value != "" {
			return name + value
		}
	}
	return ""
}

// line joins what is not empty to one line of bounded length.
func line(separator string, parts ...string) string {
	var kept []string
	for _, part := range parts {
		words := strings.FieldsFunc(part, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) })
		if len(words) > 0 {
			kept = append(kept, strings.Join(words, " "))
		}
	}
	return shortened(strings.Join(kept, separator))
}
