// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"cmp"
	"math"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

// readers give the value of each management field, or nil where what makes the event useful is missing. Names of events and
// states are passed on whatever they are, because Meta adds new ones without notice.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
var readers = map[string]func(lenient.Node) Value{
	"account_alerts":                      readAlert,
	"account_review_update":               readReview,
	"account_settings_update":             readSettings,
	"account_update":                      readAccountUpdate,
	"business_capability_update":          readCapability,
	"business_status_update":              readBusinessStatus,
	"business_username_update":            readUsername,
	"flows":                               readFlow,
	"message_template_components_update":  readComponents,
	"message_template_quality_update":     readQuality,
	"message_template_status_update":      readStatus,
	"partner_solutions":                   readSolution,
	"payment_configuration_update":        readPayment,
	"phone_number_name_update":            readName,
	"phone_number_quality_update":         readNumberQuality,
	"security":                            readSecurity,
	"template_category_update":            readCategory,
	"template_correct_category_detection": readCategory,
}

// orNil drops values that lack something.
func orNil(value Value, needed ...string) Value {
	for _, part := range needed {
		if part == "" {
			return nil
		}
	}
	return value
}

// templateFrom also gives what a template can be found by: its id, or at least its name.
func templateFrom(n lenient.Node) (t Template, key string) {
	t = Template{
		ID:       n.Text("message_template_id"),
		Name:     n.Text("message_template_name"),
		Language: strings.ReplaceAll(n.Text("message_template_language"), "-", "_"),
	}
	return t, cmp.Or(t.ID, t.Name)
}

func readStatus(n lenient.Node) Value {
	template, key := templateFrom(n)
	rejection, other := n.Node("rejection_info"), n.Node("other_info")
	status := TemplateStatus{
		Template:                template,
		Event:                   n.Upper("event"),
		Category:                n.Upper("message_template_category"),
		Reason:                  reason(n, "reason"),
		RejectionReason:         rejection.Text("reason"),
		RejectionRecommendation: rejection.Text("recommendation"),
		PauseTitle:              other.Upper("title"),
		PauseDescription:        other.Text("description"),
		DisableDate:             n.Node("disable_info").Time("disable_date"),
	}
	return orNil(status, key, status.Event)
}

func readQuality(n lenient.Node) Value {
	template, key := templateFrom(n)
	quality := TemplateQuality{Template: template, Previous: n.Upper("previous_quality_score"), New: n.Upper("new_quality_score")}
	return orNil(quality, key, quality.New)
}

// readComponents omits the new texts: they are read from the template itself.
func readComponents(n lenient.Node) Value {
	template, key := templateFrom(n)
	return orNil(TemplateComponents{Template: template}, key)
}

func readCategory(n lenient.Node) Value {
	template, key := templateFrom(n)
	category := TemplateCategory{
		Template:   template,
		Previous:   n.Upper("previous_category"),
		New:        cmp.Or(n.Upper("new_category"), n.Upper("category")),
		Correct:    n.Upper("correct_category"),
		ChangeTime: n.Time("category_update_timestamp"),
	}
	return orNil(category, key, cmp.Or(category.New, category.Correct))
}

func readReview(n lenient.Node) Value {
	review := AccountReview{Decision: n.Upper("decision")}
	return orNil(review, review.Decision)
}

func readAlert(n lenient.Node) Value {
	info := n.Node("alert_info")
	if info == nil {
		info = n
	}
	alert := Alert{
		Type:        info.Upper("alert_type"),
		Severity:    info.Upper("alert_severity"),
		Status:      info.Upper("alert_status"),
		Description: info.Text("alert_description"),
		EntityType:  n.Upper("entity_type"),
		EntityID:    n.Text("entity_id"),
	}
	return orNil(alert, alert.Type)
}

// States and severities of alerts (https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/account_alerts).
const (
	alertActive = "ACTIVE"
	alertOver   = "NONE"
	severe      = "CRITICAL"
	warning     = "WARNING"
	harmless    = "INFORMATIONAL"
)

// readFlow reads flows: a Flow's status, or an alert about its endpoint or its clients, which Meta reports when it begins and when it is
// over.
//
// Source: https://developers.facebook.com/docs/whatsapp/flows/reference/flowswebhooks
func readFlow(n lenient.Node) Value {
	alert := Alert{
		Type: n.Upper("event"), Severity: warning, Status: alertActive, EntityType: "FLOW", EntityID: n.Text("flow_id"),
		Description: n.Text("message"),
	}
	status := n.Upper("new_status")
	switch {
	case status == "BLOCKED":
		alert.Severity = severe
	case status != "" && status != "THROTTLED":
		alert.Severity, alert.Status = harmless, alertOver
	case n.Upper("alert_state") == "DEACTIVATED":
		alert.Status = alertOver
	}
	if status != "" {
		alert.Description = line(" ", named("from ", n.Upper("old_status")), "to "+status)
	}
	alert.Description = line("; ", alert.Description, n.Text("warning"))
	return orNil(alert, alert.Type, alert.EntityID)
}

func readCapability(n lenient.Node) Value {
	capability := Capability{
		MessagingLimit: cmp.Or(tier(n, "max_daily_conversations_per_business"), tier(n, "max_daily_conversation_per_phone")),
	}
	// The second is sent while the limit is the lowest.
	numbers, _ := n.Int64("max_phone_numbers_per_waba")
	if numbers == 0 {
		numbers, _ = n.Int64("max_phone_numbers_per_business")
	}
	capability.MaxPhoneNumbers = int(max(0, min(numbers, math.MaxInt32)))
	if capability == (Capability{}) {
		return nil
	}
	return capability
}

func readNumberQuality(n lenient.Node) Value {
	quality := NumberQuality{
		PhoneNumber:    digits(n, "display_phone_number"),
		Event:          n.Upper("event"),
		MessagingLimit: cmp.Or(tier(n, "max_daily_conversations_per_business"), tier(n, "current_limit")),
	}
	return orNil(quality, quality.PhoneNumber, cmp.Or(quality.Event, quality.MessagingLimit))
}

func readName(n lenient.Node) Value {
	name := NumberName{
		PhoneNumber:     digits(n, "display_phone_number"),
		Decision:        n.Upper("decision"),
		RequestedName:   n.Text("requested_verified_name"),
		RejectionReason: reason(n, "rejection_reason"),
	}
	return orNil(name, name.PhoneNumber, name.Decision)
}

func readSecurity(n lenient.Node) Value {
	security := NumberSecurity{PhoneNumber: digits(n, "display_phone_number"), Event: n.Upper("event")}
	return orNil(security, security.PhoneNumber, security.Event)
}

func readSettings(n lenient.Node) Value {
	settings := n.Node("phone_number_settings")
	out := NumberSettings{PhoneNumberID: settings.Text("phone_number_id"), CallingStatus: settings.Node("calling").Upper("status")}
	return orNil(out, out.PhoneNumberID)
}

func readUsername(n lenient.Node) Value {
	username := NumberUsername{
		PhoneNumber: digits(n, "display_phone_number"),
		Username:    n.Text("username"),
		Status:      n.Upper("status"),
	}
	return orNil(username, username.PhoneNumber, username.Status)
}
