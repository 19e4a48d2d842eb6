// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"strings"
	"time"
)

// See https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/message_template_status_update
// and its neighbours.

func templateEvent(field string, t *Template) WebhookChange {
	return WebhookChange{Field: field, Value: map[string]any{
		"message_template_id": integerID(t.ID), "message_template_name": t.Name, "message_template_language": t.Language,
	}}
}

// integerID: ids are integers in events about templates, and texts elsewhere.
func integerID(id string) any {
	if id == "" || strings.Trim(id, "0123456789") != "" || id[0] == '0' {
		return id
	}
	return json.Number(id)
}

// TemplateStatusEvent is message_template_status_update. The reason is the template's; rejected for INVALID_FORMAT it has
// rejection_info, too.
func TemplateStatusEvent(t Template, event string) WebhookChange {
	x := templateEvent("message_template_status_update", &t).With("event", event).With("message_template_category", t.Category)
	switch reason := t.RejectedReason; {
	case event == "PENDING_DELETION":
		return x.With("reason", nil)
	case event != "REJECTED" || reason == "":
		return x.With("reason", "NONE")
	case reason == "INVALID_FORMAT":
		return x.With("reason", reason).With("rejection_info", map[string]any{
			"reason":         "Parameters are placed next to each other, or the content is that of another template.",
			"recommendation": "Put words between parameters, and write something of your own.",
		})
	default:
		return x.With("reason", reason)
	}
}

// PauseEvent is message_template_status_update about a pause: event is PAUSED, LOCKED, APPROVED or UNPAUSED, title is
// FIRST_PAUSE, SECOND_PAUSE, RATE_LIMITING_PAUSE, UNPAUSE or DISABLED.
func PauseEvent(t Template, event, title, description string) WebhookChange {
	return TemplateStatusEvent(t, event).With("other_info", map[string]any{"title": title, "description": description})
}

// DisableEvent is message_template_status_update with DISABLED.
func DisableEvent(t Template, at time.Time) WebhookChange {
	return TemplateStatusEvent(t, "DISABLED").With("disable_info", map[string]any{"disable_date": itoa(int(at.Unix()))})
}

// TemplateQualityEvent is message_template_quality_update.
func TemplateQualityEvent(t Template, previous, current string) WebhookChange {
	return templateEvent("message_template_quality_update", &t).With("previous_quality_score", previous).With("new_quality_score", current)
}

// CategoryAnnouncement is template_category_update before the change: new_category is the one that still holds.
func CategoryAnnouncement(t Template, correct string, at time.Time) WebhookChange {
	return templateEvent("template_category_update", &t).
		With("new_category", t.Category).With("correct_category", correct).With("category_update_timestamp", at.Unix())
}

// CategoryEvent is template_category_update after the change.
func CategoryEvent(t Template, previous, current string) WebhookChange {
	return templateEvent("template_category_update", &t).With("previous_category", previous).With("new_category", current)
}

// CategoryDetection is template_correct_category_detection.
func CategoryDetection(t Template, correct string) WebhookChange {
	return templateEvent("template_correct_category_detection", &t).With("category", t.Category).With("correct_category", correct)
}

// ComponentsEvent is message_template_components_update: header, footer and buttons are there only when the template has
// them.
func ComponentsEvent(t Template) WebhookChange {
	x := templateEvent("message_template_components_update", &t).With("message_template_element", "")
	components, _ := parseComponents(t.Components) // those of another template: an event without texts
	for _, c := range components {
		switch c.Type {
		case "HEADER":
			if c.Text != "" {
				x = x.With("message_template_title", c.Text)
			}
		case "BODY":
			x = x.With("message_template_element", c.Text)
		case "FOOTER":
			x = x.With("message_template_footer", c.Text)
		case "BUTTONS":
			x = x.With("message_template_buttons", buttonsOf(c.Buttons))
		}
	}
	return x
}

func buttonsOf(buttons []button) []any {
	out := []any{}
	for _, b := range buttons {
		one := map[string]any{"message_template_button_type": b.Type, "message_template_button_text": b.Text}
		if b.URL != "" {
			one["message_template_button_url"] = b.URL
		}
		if b.PhoneNumber != "" {
			one["message_template_button_phone_number"] = b.PhoneNumber
		}
		out = append(out, one)
	}
	return out
}
