// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import "github.com/waba-operator/waba-operator/internal/properties"

// What Meta answers, as far as its pages show it. Properties that are documented and of no use here are known, too.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components and the pages of the types that
// hold what is read.
var (
	namedProperties   = properties.Of("param_name", "example")
	exampleProperties = properties.Of("header_text", "header_handle", "header_url", "body_text").
				Object("header_text_named_params", namedProperties).Object("body_text_named_params", namedProperties)
	buttonProperties = properties.Of("type", "text", "url", "phone_number", "flow_id", "flow_name", "flow_json", "flow_action", "navigate_screen",
		"icon", "otp_type", "autofill_text", "example", "ttl_minutes", "zero_tap_terms_accepted").
		Object("supported_apps", properties.Of("package_name", "signature_hash")).
		Object("app_deep_link", properties.Of("meta_app_id", "android_deep_link", "android_fallback_playstore_url"))
	partProperties = properties.Of("type", "format", "text", "add_security_recommendation", "code_expiration_minutes").
			Object("example", exampleProperties).Object("buttons", buttonProperties).
			Object("limited_time_offer", properties.Of("text", "has_expiration"))
	componentProperties = partProperties.Object("cards", properties.Of().Object("components", partProperties))
	templateProperties  = properties.Of().Object("components", componentProperties).Object(fieldMaxPrice, properties.Of("bid_amount", "bid_strategy"))

	healthProperties = properties.Of("can_send_message").Object("entities",
		properties.Of("entity_type", "id", "can_send_message", "can_receive_call_sip", "additional_info").
			Object("errors", properties.Of("error_code", "error_description", "possible_solution")))
	numberProperties = properties.Of(numberFields...).With(properties.Of(numberDetailFields...), properties.Of("messaging_limit_tier")).
				Object("throughput", properties.Of("level")).Object("official_business_account", properties.Of("oba_status", "status_message")).
				Object("webhook_configuration", properties.Of("phone_number", "whatsapp_business_account", "application")).
				Object("health_status", healthProperties)
	accountProperties = properties.Of(accountFields...).With(properties.Of(edgeNumbers, edgeApps, edgeTemplates, "owner_business")).
				Object("health_status", healthProperties)
)

// noteUnknown reports the unknown properties of an object of a kind, such as template.
func (c *Client) noteUnknown(object string, paths []string) {
	if c.observeUnknown == nil {
		return
	}
	for _, path := range paths {
		c.observeUnknown(object, path)
	}
}

func (c *Client) noteTemplates(page *TemplatePage) {
	if page == nil {
		return
	}
	for i := range page.Items {
		c.noteUnknown("template", page.Items[i].UnknownProperties)
	}
}

func (c *Client) noteNumbers(page *PhoneNumberPage) {
	if page == nil {
		return
	}
	for i := range page.Items {
		c.noteUnknown("phone_number", page.Items[i].UnknownProperties)
	}
}
