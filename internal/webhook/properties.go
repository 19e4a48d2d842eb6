// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhook

import "github.com/waba-operator/waba-operator/internal/properties"

// templateProperties are those of all events about templates.
var templateProperties = properties.Of("message_template_id", "message_template_name", "message_template_language")

// valueProperties are those of the values of each management field, as far as Meta documents them. Some are documented and of no use here.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview and the pages below it, and
// https://developers.facebook.com/docs/whatsapp/flows/reference/flowswebhooks for flows.
var valueProperties = map[string]properties.Known{
	"account_alerts": properties.Of("entity_type", "entity_id", "alert_type", "alert_severity", "alert_status", "alert_description").
		Object("alert_info", properties.Of("alert_type", "alert_severity", "alert_status", "alert_description")),
	"account_review_update": properties.Of("decision"),
	"account_settings_update": properties.Of("messaging_product", "timestamp", "type").
		Object("phone_number_settings", properties.Of("phone_number_id", "calling")), // what is set for calls isn't looked into
	"account_update": accountUpdateProperties,
	"business_capability_update": properties.Of("max_daily_conversations_per_business", "max_daily_conversation_per_phone",
		"max_phone_numbers_per_waba", "max_phone_numbers_per_business"),
	"business_status_update":   accountUpdateProperties.With(properties.Of("business_id")),
	"business_username_update": properties.Of("display_phone_number", "username", "status"),
	"flows": properties.Of("event", "message", "flow_id", "old_status", "new_status", "warning", "error_rate", "threshold", "alert_state",
		"p50_latency", "p90_latency", "requests_count", "availability").
		Object("errors", properties.Of("error_type", "error_rate", "error_count")),
	"message_template_components_update": templateProperties.With(properties.Of("message_template_title", "message_template_element",
		"message_template_footer", "message_template_buttons")),
	"message_template_quality_update": templateProperties.With(properties.Of("previous_quality_score", "new_quality_score")),
	"message_template_status_update": templateProperties.With(properties.Of("event", "message_template_category", "reason")).
		Object("disable_info", properties.Of("disable_date")).Object("other_info", properties.Of("title", "description")).
		Object("rejection_info", properties.Of("reason", "recommendation")),
	"partner_solutions": properties.Of("event", "solution_id", "solution_status", "waba_info"),
	"payment_configuration_update": properties.Of("configuration_name", "provider_name", "provider_mid", "status", "created_timestamp",
		"updated_timestamp"),
	"phone_number_name_update":    properties.Of("display_phone_number", "decision", "requested_verified_name", "rejection_reason"),
	"phone_number_quality_update": properties.Of("display_phone_number", "event", "max_daily_conversations_per_business", "current_limit", "old_limit"),
	"security":                    properties.Of("display_phone_number", "event", "requester"),
	"template_category_update": templateProperties.With(properties.Of("previous_category", "new_category", "category", "correct_category",
		"category_update_timestamp")),
	"template_correct_category_detection": templateProperties.With(properties.Of("previous_category", "new_category", "category",
		"correct_category", "category_update_timestamp")),
}

var accountUpdateProperties = properties.Of("event", "phone_number", "country", "partner_app_id").
	Object("violation_info", properties.Of("violation_type")).
	Object("restriction_info", properties.Of("restriction_type", "expiration", "remediation")).
	Object("ban_info", properties.Of("waba_ban_state", "waba_ban_date")).
	Object("auth_international_rate_eligibility", properties.Of("start_time").
		Object("exception_countries", properties.Of("country_code", "start_time"))).
	Object("volume_tier_info", properties.Of("tier_update_time", "pricing_category", "tier", "effective_month", "region")).
	Object("waba_info", properties.Of("waba_id", "owner_business_id", "ad_account_linked", "solution_id", "solution_partner_business_ids",
		"partner_app_id")).
	Object("disconnection_info", properties.Of("reason", "initiated_by")).
	Object("partner_client_certification_info", properties.Of("client_business_id", "status", "rejection_reasons"))

// misplaced are parts of a delivery that Meta's samples also have inside of values.
var misplaced = properties.Of("field", "object", "id", "time", "value", "rejection_info")
