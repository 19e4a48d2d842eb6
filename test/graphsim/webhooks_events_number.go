// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import "time"

// Most events name a phone number by its digits only. Those about settings have its id, and follow overrides.

func numberEvent(field string, n *Number) WebhookChange {
	return WebhookChange{Field: field, NumberID: n.ID, Value: map[string]any{"display_phone_number": digitsOf(n.DisplayPhoneNumber)}}
}

// NumberQualityEvent is phone_number_quality_update, which in spite of its name reports limits: event is ONBOARDING or
// THROUGHPUT_UPGRADE, in older samples FLAGGED, UNFLAGGED, UPGRADE or DOWNGRADE.
func NumberQualityEvent(n Number, event, limit string) WebhookChange {
	return numberEvent("phone_number_quality_update", &n).With("event", event).With("max_daily_conversations_per_business", limit)
}

// NameEvent is phone_number_name_update: decision is APPROVED, REJECTED, PENDING or DEFERRED, an empty reason null.
func NameEvent(n Number, decision, requested, reason string) WebhookChange {
	x := numberEvent("phone_number_name_update", &n).With("decision", decision).With("requested_verified_name", requested)
	return x.With("rejection_reason", absentWhenEmpty(reason))
}

// SecurityEvent is security: PIN_CHANGED, PIN_RESET_REQUEST or PIN_REQUEST_SUCCESS, with the id of the person who did it.
func SecurityEvent(n Number, event, requester string) WebhookChange {
	return numberEvent("security", &n).With("event", event).With("requester", requester)
}

// UsernameEvent is business_username_update: approved, reserved or deleted.
func UsernameEvent(n Number, username, status string) WebhookChange {
	return numberEvent("business_username_update", &n).With("username", username).With("status", status)
}

// CallingEvent is account_settings_update about the calling settings of a number.
func CallingEvent(n Number, status string, at time.Time) WebhookChange {
	return WebhookChange{Field: "account_settings_update", NumberID: n.ID, Value: map[string]any{
		"messaging_product": "whatsapp", "timestamp": itoa(int(at.Unix())), "type": "phone_number_settings",
		"phone_number_settings": map[string]any{"phone_number_id": n.ID, "calling": map[string]any{"status": status}},
	}}
}
