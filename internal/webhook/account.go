// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"strings"
	"time"
	"unicode"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

// readAccountUpdate takes every companion that comes with an event, whichever event it is documented for.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/account_update
func readAccountUpdate(n lenient.Node) Value {
	update := AccountUpdate{Event: n.Upper("event"), Violation: violationFrom(n), Ban: banFrom(n), Detail: detail(n)}
	for _, item := range n.Nodes("restriction_info") {
		if kind := item.Upper("restriction_type"); kind != "" {
			update.Restrictions = append(update.Restrictions,
				Restriction{Type: kind, Expires: item.Time("expiration"), Remediation: item.Text("remediation")})
		}
	}
	return orNil(update, update.Event)
}

func violationFrom(n lenient.Node) *Violation {
	kind := n.Node("violation_info").Upper("violation_type")
	if kind == "" {
		return nil
	}
	return &Violation{Type: kind, PhoneNumber: digits(n, "phone_number")}
}

func banFrom(n lenient.Node) *Ban {
	info := n.Node("ban_info")
	ban := Ban{State: info.Upper("waba_ban_state"), Date: info.Time("waba_ban_date")}
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
func readBusinessStatus(n lenient.Node) Value {
	event := n.Upper("event")
	return orNil(AccountUpdate{Event: event, Detail: line(", ", named("business_id ", n.Text("business_id")), detail(n))}, event)
}

// detail describes the other companions in Meta's terms, separated by commas.
func detail(n lenient.Node) string {
	waba, gone := n.Node("waba_info"), n.Node("disconnection_info")
	parts := []string{
		line(" ", reason(gone, "reason"), named("by ", gone.Upper("initiated_by"))),
		named("partner_app_id ", waba.Text("partner_app_id"), n.Text("partner_app_id")),
		named("ad_account_linked ", waba.Text("ad_account_linked")),
		named("solution_id ", waba.Text("solution_id")),
		named("solution_partner_business_ids ", strings.Join(waba.Texts("solution_partner_business_ids"), " ")),
		named("country ", n.Upper("country")),
		priceTier(n.Node("volume_tier_info")),
		internationalRates(n.Node("auth_international_rate_eligibility")),
		certification(n.Node("partner_client_certification_info")),
	}
	if violationFrom(n) == nil {
		parts = append(parts, named("phone_number ", digits(n, "phone_number")))
	}
	return line(", ", parts...)
}

func priceTier(n lenient.Node) string {
	return line(" ", named("tier ", n.Text("tier")), named("in ", n.Upper("pricing_category")),
		named("for region ", n.Text("region")), named("from ", n.Text("effective_month")))
}

func internationalRates(n lenient.Node) string {
	parts := []string{since(n)}
	for _, exception := range n.Nodes("exception_countries") {
		parts = append(parts, line(" ", named("country ", exception.Upper("country_code")), since(exception)))
	}
	return line(", ", parts...)
}

func since(n lenient.Node) string {
	start := n.Time("start_time")
	if start.IsZero() {
		return ""
	}
	return "from " + start.Format(time.DateOnly)
}

func certification(n lenient.Node) string {
	var reasons []string
	for _, reason := range n.Texts("rejection_reasons") {
		if !strings.EqualFold(reason, "NONE") {
			reasons = append(reasons, strings.ToUpper(reason))
		}
	}
	return line(" ", named("client_business_id ", n.Text("client_business_id")), n.Upper("status"),
		named("because of ", strings.Join(reasons, ", ")))
}

// readSolution reads partner_solutions.
func readSolution(n lenient.Node) Value {
	event := n.Upper("event")
	return orNil(AccountUpdate{Event: event, Detail: line(" ", n.Text("solution_id"), n.Upper("solution_status"))}, event)
}

// readPayment reads payment_configuration_update, which has no event. Its states aren't in upper case.
func readPayment(n lenient.Node) Value {
	name, status := n.Text("configuration_name"), n.Text("status")
	if provider := n.Text("provider_name"); provider != "" {
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
