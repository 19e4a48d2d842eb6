// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"

	"github.com/waba-operator/waba-operator/internal/lenient"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/properties"
)

// The values of enumerations, as Meta's pages and its SDK show them. Nothing is refused because of them: Meta adds values at any time. They
// are for those who want to know what is new.
//
// Sources: https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview,
// https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers,
// https://developers.facebook.com/documentation/business-messaging/whatsapp/whatsapp-business-accounts and the references of the edges.
var (
	categoryValues = []string{
		"AUTHENTICATION", "MARKETING", "UTILITY", "ACCOUNT_UPDATE", "PAYMENT_UPDATE", "PERSONAL_FINANCE_UPDATE", "SHIPPING_UPDATE",
		"RESERVATION_UPDATE", "ISSUE_RESOLUTION", "APPOINTMENT_UPDATE", "TRANSPORTATION_UPDATE", "TICKET_UPDATE", "ALERT_UPDATE", "AUTO_REPLY",
		"TRANSACTIONAL", "OTP", "FREE_SERVICE",
	}
	rejectedReasonValues = []string{
		"ABUSIVE_CONTENT", "INVALID_FORMAT", "NONE", "PROMOTIONAL", "SCAM", "TAG_CONTENT_MISMATCH", "INCORRECT_CATEGORY", "CATEGORY_NOT_AVAILABLE",
	}
	subCategoryValues = []string{
		"BOOKING_STATUS", "CALL_PERMISSIONS_REQUEST", "FLIGHT_DELAY_AND_GATE_CHANGE_ALERT", "FRAUD_ALERT", "ORDER_DETAILS", "ORDER_STATUS",
		"RICH_ORDER_STATUS", "CUSTOM",
	}
	qualityValues        = []string{"GREEN", "YELLOW", "RED", "UNKNOWN", "NA"}
	messagingLimitValues = []string{
		"TIER_50", "TIER_250", "TIER_1K", "TIER_2K", "TIER_10K", "TIER_100K", "TIER_UNLIMITED", "TIER_NOT_SET", "UNTIERED",
	}
	nameStatusValues = []string{
		metavalues.NameApproved, metavalues.NameWithoutReview, metavalues.NamePendingReview, metavalues.NameNone, metavalues.NameDeclined,
		metavalues.NameRejected, metavalues.NameExpired, "DEFERRED",
	}
	verificationValues = []string{
		"EXPIRED", "FAILED", "INELIGIBLE", "NOT_VERIFIED", "PENDING", "PENDING_NEED_MORE_INFO", "PENDING_SUBMISSION", "REJECTED", "REVOKED",
		"VERIFIED",
	}
	verticalValues = []string{
		"ALCOHOL", "APPAREL", "AUTO", "BEAUTY", "EDU", "ENTERTAIN", "EVENT_PLAN", "FINANCE", "GOVT", "GROCERY", "HEALTH", "HOTEL", "NONPROFIT",
		"ONLINE_GAMBLING", "OTC_DRUGS", "OTHER", "PHYSICAL_GAMBLING", "PROF_SERVICES", "RESTAURANT", "RETAIL", "TRAVEL", "UNDEFINED", "NOT_A_BIZ",
	}
	taskValues = []string{
		"DEVELOP", "MANAGE", "MANAGE_EXTENSIONS", "MANAGE_PHONE", "MANAGE_PHONE_ASSETS", "MANAGE_TEMPLATES", "MESSAGING", "VIEW_COST",
		"VIEW_PHONE_ASSETS", "VIEW_TEMPLATES", "VIEW_INSIGHTS", "MANAGE_USERS", "MANAGE_BILLING", "FULL_CONTROL", "RECEIVE_INCOMING_MESSAGES",
	}
	availabilityValues = []string{"AVAILABLE", "LIMITED", "BLOCKED"}
	onOffValues        = []string{"ENABLED", "DISABLED"}
	componentValues    = []string{
		"HEADER", "BODY", "FOOTER", "BUTTONS", "CAROUSEL", "LIMITED_TIME_OFFER", "CALL_PERMISSION_REQUEST", "GREETING", "ALBUM", "ATTACHMENT",
		"TAP_TARGET_CONFIGURATION",
	}
	buttonValues = []string{
		"QUICK_REPLY", "URL", "PHONE_NUMBER", "COPY_CODE", "OTP", "FLOW", "CATALOG", "MPM", "SPM", "VOICE_CALL", "ORDER_DETAILS",
		"REQUEST_CONTACT_INFO", "VIDEO_CALL", "BOOKING_STATUS", "PAYMENT_REQUEST", "APP", "EXTENSION", "POSTBACK", "REMINDER", "SEND_LOCATION",
	}
)

var (
	healthValues = healthProperties.Enum("can_send_message", availabilityValues...).Object("entities",
		properties.Of("id", "additional_info").
			Enum("entity_type", "PHONE_NUMBER", "MESSAGE_TEMPLATE", "WABA", "BUSINESS", "APP").
			Enum("can_send_message", availabilityValues...).Enum("can_receive_call_sip", availabilityValues...).
			Object("errors", properties.Of("error_code", "error_description", "possible_solution")))
	buttonAnswer = buttonProperties.Enum("type", buttonValues...).Enum("otp_type", "COPY_CODE", "ONE_TAP", "ZERO_TAP", "NO_BUTTONS").
			Enum("flow_action", "NAVIGATE", "DATA_EXCHANGE")
	partAnswer = partProperties.Enum("type", componentValues...).Object("buttons", buttonAnswer).
			Enum("format", "TEXT", "IMAGE", "VIDEO", "DOCUMENT", "LOCATION", "GIF", "PRODUCT")
	templateAnswer = properties.Of(templateFields...).
			Object("components", partAnswer.Object("cards", properties.Of().Object("components", partAnswer))).
			Object("quality_score", properties.Of("date", "reason", "reasons").Enum("score", qualityValues...)).
			Object("optimization_spec", properties.Of("bid_amount").Enum("bid_strategy", "LOWEST_COST_WITH_BID_CAP")).
			Enum("status", metavalues.TemplateStatuses...).
			Enum("category", categoryValues...).Enum("previous_category", categoryValues...).Enum("correct_category", categoryValues...).
			Enum("sub_category", subCategoryValues...).Enum("rejected_reason", rejectedReasonValues...).
			Enum("parameter_format", "POSITIONAL", "NAMED").Enum("source", "AUTO_GENERATED", "MANUAL").Enum("display_format", "ORDER_DETAILS")
	numberAnswer = numberProperties.Object("health_status", healthValues).
			Object("throughput", properties.Of().Enum("level", "STANDARD", "HIGH", "NOT_APPLICABLE")).
			Object("official_business_account", properties.Of("status_message").Enum("oba_status")).
			Enum("name_status", nameStatusValues...).Enum("new_name_status", nameStatusValues...).
			Enum("code_verification_status", "VERIFIED", "NOT_VERIFIED", "UNVERIFIED", "EXPIRED").
			Enum("quality_rating", qualityValues...).Enum("status", append([]string{"UNKNOWN"}, metavalues.NumberStatuses...)...).
			Enum("platform_type", metavalues.PlatformCloudAPI, metavalues.PlatformOnPremise, metavalues.PlatformNotApplicable).
			Enum("messaging_limit_tier", messagingLimitValues...).Enum("whatsapp_business_manager_messaging_limit", messagingLimitValues...).
			Enum("account_mode", "LIVE", "SANDBOX").Enum("search_visibility", "VISIBLE", "HIDDEN", "NON_VISIBLE")
	appAnswer     = properties.Of("override_callback_uri").Object("whatsapp_business_api_data", properties.Of("id", "name", "link"))
	summaryAnswer = properties.Of("total_count", "message_template_count", "message_template_limit", "are_translations_complete")
	accountAnswer = accountProperties.Object("health_status", healthValues).
			Object("owner_business_info", properties.Of("id", "name", "marketing_messages_onboarding_status")).
			Enum("status").
			Enum("account_review_status", "APPROVED", "PENDING", "REJECTED", "DEFERRED", "LIMIT_REACHED", "RESTRICTED").
			Enum("business_verification_status", verificationValues...).
			Enum("ownership_type", "SELF_OWNED", "CLIENT_OWNED", "AGENCY_OWNED").
			Enum("whatsapp_business_manager_messaging_limit", messagingLimitValues...).
			Object(edgeNumbers, pageOf(numberAnswer)).Object(edgeApps, pageOf(appAnswer)).
			Object(edgeTemplates, pageOf(templateAnswer).Object("summary", summaryAnswer))
	tokenAnswer = properties.Of("app_id", "application", "user_id", "is_valid", "expires_at", "data_access_expires_at", "issued_at", "profile_id").
			Enum("type", "USER", "SYSTEM_USER", "PAGE", "APP").
			Enum("scopes").
			Object("granular_scopes", properties.Of("target_ids").Enum("scope")).Object("error", properties.Of("code", "subcode", "message"))
	callingAnswer = properties.Of().Enum("status", onOffValues...).Enum("call_icon_visibility", "DEFAULT", "DISABLE_ALL").
			Enum("callback_permission_status", onOffValues...).Enum("srtp_key_exchange_protocol").
			Object("video", properties.Of().Enum("status", onOffValues...)).
			Object("call_icons", properties.Of("restrict_to_user_countries")).
			Object("call_hours", properties.Of("timezone_id").Enum("status", onOffValues...).
				Object("weekly_operating_hours", properties.Of("open_time", "close_time").Enum("day_of_week")).
				Object("holiday_schedule", properties.Of("date", "start_time", "end_time"))).
			Object("sip", properties.Of().Enum("status", onOffValues...).
				Object("servers", properties.Of("app_id", "hostname", "port", "request_uri_user_params"))).
			Object("restrictions", properties.Of().Object("restrictions_list", properties.Of("reason", "expiration").Enum("type")))
	settingsAnswer = properties.Of().Object("calling", callingAnswer).
			Object("storage_configuration", properties.Of("data_localization_region", "retention_minutes").Enum("status")).
			Object("user_identity_change", properties.Of("enable_identity_key_check")).
			Object("payload_encryption", properties.Of("client_encryption_key_fingerprint").Enum("status", onOffValues...))
	contactProperties = properties.Of("name", "email", "landline_number", "mobile_number")
)

// answers are the properties of the answers to reads, below {"data":[…]} where an edge has one object.
var answers = map[Operation]properties.Known{
	OpDebugToken:          properties.Of().Object("data", tokenAnswer),
	OpReadAccount:         accountAnswer,
	OpReadAccountOptional: properties.Of(append([]string{"id", "name"}, accountOptionalFields...)...).Enum("marketing_messages_onboarding_status", "NOT_STARTED", "REQUEST_SENT", "TERM_OF_SERVICE_SIGNED", "ELIGIBLE", "ONBOARDED"),
	OpListTemplates:       pageOf(templateAnswer).Object("summary", summaryAnswer),
	OpFindTemplates:       pageOf(templateAnswer).Object("summary", summaryAnswer),
	OpReadTemplate:        templateAnswer,
	OpListPhoneNumbers:    pageOf(numberAnswer),
	OpReadPhoneNumber:     numberAnswer,
	OpListSubscribedApps:  pageOf(appAnswer),
	OpListCatalogs:        pageOf(properties.Of("id", "name")),
	OpListAssignedUsers:   pageOf(properties.Of("id", "name").Enum("tasks", taskValues...)),
	OpReadProfile: dataOf(properties.Of(profileFields...).Enum("vertical", verticalValues...).
		With(properties.Of("id", "messaging_product"))),
	OpReadCommerce: dataOf(properties.Of("id", "is_cart_enabled", "is_catalog_visible")),
	OpReadAutomation: properties.Of("id").Object("conversational_automation", properties.Of("id", "prompts", "enable_welcome_message").
		Object("commands", properties.Of("command_name", "command_description"))),
	OpReadSettings: dataOf(settingsAnswer),
	OpReadEncryption: dataOf(properties.Of("business_public_key").
		Enum("business_public_key_signature_status", "VALID", "MISMATCH")),
	OpReadCompliance: dataOf(properties.Of("entity_name", "entity_type", "entity_type_custom", "is_registered", "messaging_product").
		Object("grievance_officer_details", contactProperties).Object("customer_care_details", contactProperties)),
	OpReadUsername: dataOf(properties.Of("username").Enum("status", "APPROVED", "RESERVED")),
	OpReadAppSubscription: pageOf(properties.Of("active", "callback_url", "object").
		Object("fields", properties.Of("name", "version"))),
	OpCreateTemplate: properties.Of("id").Enum("status", metavalues.TemplateStatuses...).Enum("category", categoryValues...),
	OpDeleteTemplate: properties.Of("success"),
	OpOpenUpload:     properties.Of("id"),
	OpSendUpload:     properties.Of("h"),
	OpReadUpload:     properties.Of("id", "file_offset"),
}

// pageOf are the properties of a page of objects.
func pageOf(item properties.Known) properties.Known {
	return properties.Of().Object("data", item).
		Object("paging", properties.Of("next", "previous").Object("cursors", properties.Of("before", "after")))
}

// dataOf are the properties of an object, with and without {"data":[…]} around it: Meta's pages show both.
func dataOf(object properties.Known) properties.Known { return object.Object("data", object) }

// AnswerProperties returns the properties that this version knows of the answer to a call, and whether the answer is looked into at all.
func AnswerProperties(op Operation) (properties.Known, bool) {
	known, ok := answers[op]
	return known, ok
}

// ErrorProperties are the properties that this version knows of an answer with an error.
func ErrorProperties() properties.Known {
	return properties.Of().Object("error", properties.Of("message", "code", "error_subcode", "error_user_title", "error_user_msg",
		"is_transient", "fbtrace_id", "error_data").Enum("type"))
}

// ErrorIn returns the error in the body of an answer, nil if there is none: Meta's, whose texts are as Meta wrote them, or that it isn't
// JSON.
func ErrorIn(op Operation, body []byte) *Error {
	value, err := lenient.Decode(body)
	if err != nil {
		return badAnswer(ClassTransient, "the answer is not JSON")
	}
	if lenient.NodeOf(value)["error"] == nil {
		return nil
	}
	return (&Client{redact: newRedactor()}).errorFrom(op, lenient.NodeOf(value))
}

type operationKey struct{}

// OperationFrom returns the operation whose call a context belongs to: that of the requests that a Config.Transport gets.
func OperationFrom(ctx context.Context) Operation {
	op, _ := ctx.Value(operationKey{}).(Operation)
	return op
}
