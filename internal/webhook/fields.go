// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import "slices"

// Object is the topic of all events about WhatsApp Business accounts.
const Object = "whatsapp_business_account"

// ManagementFields are the fields about accounts, numbers, templates and Flows. All but account_settings_update always go to the app's
// own callback.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
var ManagementFields = []string{
	"account_alerts", "account_review_update", "account_settings_update", "account_update",
	"business_capability_update", "business_username_update", "flows",
	"message_template_components_update", "message_template_quality_update", "message_template_status_update",
	"partner_solutions", "payment_configuration_update",
	"phone_number_name_update", "phone_number_quality_update",
	"security", "template_category_update", "template_correct_category_detection",
}

// UnlistedFields are management fields that Meta sends though no page describes them any more. They are understood, but the operator
// subscribes to none: Meta may refuse a list with one.
var UnlistedFields = []string{"business_status_update"}

// Known reports that events of a field are understood, or are known to be messages.
func Known(field string) bool {
	return slices.Contains(ManagementFields, field) || slices.Contains(UnlistedFields, field) || slices.Contains(MessageFields, field)
}

// MessageFields are the fields that carry what customers and businesses write, do or choose: personal data, meant for a
// messaging application. An override sends those in OverridableFields there.
var MessageFields = []string{
	"automatic_events", "calls", "consumer_profile", "group_lifecycle_update", "group_participants_update",
	"group_settings_update", "group_status_update", "history", "message_echoes", "messages", "messaging_handovers",
	"smb_app_state_sync", "smb_message_echoes", "standby", "tracking_events", "user_preferences",
}

// OverridableFields are the fields that an override of an account or a number sends to another address than the app's.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override
var OverridableFields = []string{
	"account_settings_update", "calls", "consumer_profile", "group_lifecycle_update", "group_participants_update",
	"group_settings_update", "group_status_update", "history", "message_echoes", "messages", "messaging_handovers",
	"smb_app_state_sync", "smb_message_echoes",
}
