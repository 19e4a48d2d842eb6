// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import (
	"cmp"
	"math"
	"strings"
)

// readers give the value of each management field, or nil where what makes the event useful is missing. Names of events and
// states are passed on whatever they are, because Meta adds new ones without notice.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
var readers = map[string]func(node) Value{
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
func templateFrom(n node) (t Template, key string) {
	t = Template{
		ID:       n.text("message_template_id"),
		Name:     n.text("message_template_name"),
		Language: strings.ReplaceAll(n.text("message_template_language"), "-", "_"),
	}
	return t, cmp.Or(t.ID, t.Name)
}

func readStatus(n node) Value {
	template, key := templateFrom(n)
	rejection, other := n.obj("rejection_info"), n.obj("other_info")
	status := TemplateStatus{
		Template:                template,
		Event:                   n.upper("event"),
		Category:                n.upper("message_template_category"),
		Reason:                  n.reason("reason"),
		RejectionReason:         rejection.text("reason"),
		RejectionRecommendation: rejection.text("recommendation"),
		PauseTitle:              other.upper("title"),
		PauseDescription:        other.text("description"),
		DisableDate:             n.obj("disable_info").time("disable_date"),
	}
	return orNil(status, key, status.Event)
}

func readQuality(n node) Value {
	template, key := templateFrom(n)
	quality := TemplateQuality{Template: template, Previous: n.upper("previous_quality_score"), New: n.upper("new_quality_score")}
	return orNil(quality, key, quality.New)
}

// readComponents omits the new texts: they are read from the template itself.
func readComponents(n node) Value {
	template, key := templateFrom(n)
	return orNil(TemplateComponents{Template: template}, key)
}

func readCategory(n node) Value {
	template, key := templateFrom(n)
	category := TemplateCategory{
		Template:   template,
		Previous:   n.upper("previous_category"),
		New:        cmp.Or(n.upper("new_category"), n.upper("category")),
		Correct:    n.upper("correct_category"),
		ChangeTime: n.time("category_update_timestamp"),
	}
	return orNil(category, key, cmp.Or(category.New, category.Correct))
}

func readReview(n node) Value {
	review := AccountReview{Decision: n.upper("decision")}
	return orNil(review, review.Decision)
}

func readAlert(n node) Value {
	info := n.obj("alert_info")
	if info == nil {
		info = n
	}
	alert := Alert{
		Type:        info.upper("alert_type"),
		Severity:    info.upper("alert_severity"),
		Status:      info.upper("alert_status"),
		Description: info.text("alert_description"),
		EntityType:  n.upper("entity_type"),
		EntityID:    n.text("entity_id"),
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
func readFlow(n node) Value {
	alert := Alert{
		Type: n.upper("event"), Severity: warning, Status: alertActive, EntityType: "FLOW", EntityID: n.text("flow_id"),
		Description: n.text("message"),
	}
	status := n.upper("new_status")
	switch {
	case status == "BLOCKED":
		alert.Severity = severe
	case status != "" && status != "THROTTLED":
		alert.Severity, alert.Status = harmless, alertOver
	case n.upper("alert_state") == "DEACTIVATED":
		alert.Status = alertOver
	}
	if status != "" {
		alert.Description = line(" ", named("from ", n.upper("old_status")), "to "+status)
	}
	alert.Description = line("; ", alert.Description, n.text("warning"))
	return orNil(alert, alert.Type, alert.EntityID)
}

func readCapability(n node) Value {
	capability := Capability{
		MessagingLimit: cmp.Or(n.tier("max_daily_conversations_per_business"), n.tier("max_daily_conversation_per_phone")),
	}
	// The second is sent while the limit is the lowest.
	numbers := cmp.Or(n.integer("max_phone_numbers_per_waba"), n.integer("max_phone_numbers_per_business"))
	capability.MaxPhoneNumbers = int(max(0, min(numbers, math.MaxInt32)))
	if capability == (Capability{}) {
		return nil
	}
	return capability
}

func readNumberQuality(n node) Value {
	quality := NumberQuality{
		PhoneNumber:    n.digits("display_phone_number"),
		Event:          n.upper("event"),
		MessagingLimit: cmp.Or(n.tier("max_daily_conversations_per_business"), n.tier("current_limit")),
	}
	return orNil(quality, quality.PhoneNumber, cmp.Or(quality.Event, quality.MessagingLimit))
}

func readName(n node) Value {
	name := NumberName{
		PhoneNumber:     n.digits("display_phone_number"),
		Decision:        n.upper("decision"),
		RequestedName:   n.text("requested_verified_name"),
		RejectionReason: n.reason("rejection_reason"),
	}
	return orNil(name, name.PhoneNumber, name.Decision)
}

func readSecurity(n node) Value {
	security := NumberSecurity{PhoneNumber: n.digits("display_phone_number"), Event: n.upper("event")}
	return orNil(security, security.PhoneNumber, security.Event)
}

func readSettings(n node) Value {
	settings := n.obj("phone_number_settings")
	out := NumberSettings{PhoneNumberID: settings.text("phone_number_id"), CallingStatus: settings.obj("calling").upper("status")}
	return orNil(out, out.PhoneNumberID)
}

func readUsername(n node) Value {
	username := NumberUsername{
		PhoneNumber: n.digits("display_phone_number"),
		Username:    n.text("username"),
		Status:      n.upper("status"),
	}
	return orNil(username, username.PhoneNumber, username.Status)
}
