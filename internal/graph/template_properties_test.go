// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"strings"
	"testing"
)

func TestTemplateProperties(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     Template
	}{
		{"nothing", ``, Template{}},
		{"null", `"display_format":null,"cta_url_link_tracking_opted_out":null,"is_primary_device_delivery_only":null,"degrees_of_freedom_spec":null`, Template{}},
		{"switches", `"cta_url_link_tracking_opted_out":true,"is_primary_device_delivery_only":false`,
			Template{LinkTrackingOptedOut: ptr(true), PrimaryDeviceDeliveryOnly: ptr(false)}},
		{"switches as text", `"cta_url_link_tracking_opted_out":"0","is_primary_device_delivery_only":"TRUE"`,
			Template{LinkTrackingOptedOut: ptr(false), PrimaryDeviceDeliveryOnly: ptr(true)}},
		{"no switches", `"cta_url_link_tracking_opted_out":"maybe","is_primary_device_delivery_only":[]`, Template{}},
		{"display format", `"display_format":"order_details"`, Template{DisplayFormat: "ORDER_DETAILS"}},
		{"features as answered", `"degrees_of_freedom_spec":{"creative_features_spec":[{"key":"TEXT_EXTRACTION_FOR_HEADLINE","value":{"enroll_status":"OPT_IN"}},{"key":"IMAGE_TOUCHUPS","value":{"enroll_status":"opt_out"}}]}`,
			Template{CreativeFeatures: []CreativeFeature{{"image_touchups", "OPT_OUT"}, {"text_extraction_for_headline", "OPT_IN"}}}},
		{"features as sent", `"degrees_of_freedom_spec":{"creative_features_spec":{"text_extraction_for_headline":{"enroll_status":"opt_in"},"Image_Touchups":{"enroll_status":"OPT_OUT"}}}`,
			Template{CreativeFeatures: []CreativeFeature{{"image_touchups", "OPT_OUT"}, {"text_extraction_for_headline", "OPT_IN"}}}},
		{"one feature, no list", `"degrees_of_freedom_spec":{"creative_features_spec":{"key":"IMAGE_TOUCHUPS","value":{"enroll_status":"OPT_OUT"}}}`,
			Template{CreativeFeatures: []CreativeFeature{{"image_touchups", "OPT_OUT"}}}},
		{"twice", `"degrees_of_freedom_spec":{"creative_features_spec":[{"key":"A","value":{"enroll_status":"OPT_IN"}},{"key":"a","value":{"enroll_status":"OPT_OUT"}}]}`,
			Template{CreativeFeatures: []CreativeFeature{{"a", "OPT_OUT"}}}},
		{"twice, by case", `"degrees_of_freedom_spec":{"creative_features_spec":{"a":{"enroll_status":"OPT_IN"},"A":{"enroll_status":"OPT_OUT"}}}`,
			Template{CreativeFeatures: []CreativeFeature{{"a", "OPT_IN"}}}},
		{"incomplete features", `"degrees_of_freedom_spec":{"creative_features_spec":[{"key":"A"},{"value":{"enroll_status":"OPT_IN"}},{"key":"B","value":[]},7,null]}`, Template{}},
		{"empty features", `"degrees_of_freedom_spec":{"creative_features_spec":[]}`, Template{}},
		{"empty spec", `"degrees_of_freedom_spec":[]`, Template{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			body := `{"id":"77","name":"order","language":"en"`
			if tc.in != "" {
				body += "," + tc.in
			}
			server := newFakeGraph(t, ok(body+"}"))
			got, err := server.client(t).ReadTemplate(t.Context(), "77")
			if err != nil {
				t.Fatal(err)
			}
			tc.want.ID, tc.want.Name, tc.want.Language = "77", "order", "en"
			equal(t, "template", got, &tc.want)
		})
	}
}

// The properties that not every version has are asked for, and given up one by one when Meta does not know them.
func TestTemplatePropertiesAreOptional(t *testing.T) {
	optional := []string{"display_format", "cta_url_link_tracking_opted_out", "is_primary_device_delivery_only", "degrees_of_freedom_spec", "optimization_spec"}
	var answers []fakeAnswer
	for _, field := range optional {
		answers = append(answers, refused(`{"error":{"code":100,"message":"(#100) Tried accessing nonexisting field (`+field+`) on node type (WhatsAppBusinessHSM)"}}`))
	}
	server := newFakeGraph(t, append(answers, ok(`{"id":"77","name":"order","language":"en"}`))...)
	if _, err := server.client(t).ReadTemplate(t.Context(), "77"); err != nil {
		t.Fatal(err)
	}
	for i, seen := range server.all() {
		fields := "," + seen.Query.Get("fields") + ","
		for j, field := range optional {
			if asked := strings.Contains(fields, ","+field+","); asked != (j >= i) {
				t.Errorf("request %d: %s asked for: %v", i, field, asked)
			}
		}
	}
}

func TestTemplatePropertiesSent(t *testing.T) {
	body := []Component{{Type: "BODY", Text: "Hi"}}
	for _, tc := range []struct {
		name    string
		content TemplateContent
		create  string // the whole body
		edit    string // "" = as create
	}{
		{"nothing", TemplateContent{Components: body}, `{"components":[{"type":"BODY","text":"Hi"}]}`, ""},
		{"switched on", TemplateContent{Category: "MARKETING", LinkTrackingOptedOut: ptr(true), PrimaryDeviceDeliveryOnly: ptr(true), Components: body},
			`{"category":"MARKETING","cta_url_link_tracking_opted_out":true,"is_primary_device_delivery_only":true,"components":[{"type":"BODY","text":"Hi"}]}`, ""},
		{"switched off", TemplateContent{Category: "MARKETING", LinkTrackingOptedOut: ptr(false), PrimaryDeviceDeliveryOnly: ptr(false)},
			`{"category":"MARKETING","cta_url_link_tracking_opted_out":false,"is_primary_device_delivery_only":false}`, ""},
		{"features", TemplateContent{CreativeFeatures: []CreativeFeature{{"text_extraction_for_headline", "OPT_IN"}, {"IMAGE_TOUCHUPS", "OPT_OUT"}}},
			`{"degrees_of_freedom_spec":{"creative_features_spec":{"image_touchups":{"enroll_status":"OPT_OUT"},"text_extraction_for_headline":{"enroll_status":"OPT_IN"}}}}`, ""},
		{"no features", TemplateContent{Category: "UTILITY", CreativeFeatures: []CreativeFeature{}}, `{"category":"UTILITY"}`, ""},
		{"library", TemplateContent{Name: "n", Language: "en", Category: "UTILITY", Components: body, Library: &LibraryInputs{TemplateName: "delivery_update_1"}},
			`{"name":"n","language":"en","category":"UTILITY","library_template_name":"delivery_update_1"}`, `{"category":"UTILITY"}`},
		{"library, empty inputs", TemplateContent{Category: "UTILITY", Library: &LibraryInputs{TemplateName: "l", BodyInputs: &LibraryBodyInputs{}, ButtonInputs: []LibraryButtonInput{}}},
			`{"category":"UTILITY","library_template_name":"l"}`, `{"category":"UTILITY"}`},
		{"library, body", TemplateContent{MessageSendTTLSeconds: ptr(int64(600)), Library: &LibraryInputs{TemplateName: "l", BodyInputs: &LibraryBodyInputs{
			AddContactNumber: ptr(true), AddLearnMoreLink: ptr(false), AddSecurityRecommendation: ptr(true), AddTrackPackageLink: ptr(false), CodeExpirationMinutes: ptr(int64(5))}}},
			`{"message_send_ttl_seconds":600,"library_template_name":"l","library_template_body_inputs":{"add_contact_number":true,"add_learn_more_link":false,` +
				`"add_security_recommendation":true,"add_track_package_link":false,"code_expiration_minutes":5}}`, `{"message_send_ttl_seconds":600}`},
		{"library, buttons", TemplateContent{Category: "UTILITY", Library: &LibraryInputs{TemplateName: "l", ButtonInputs: []LibraryButtonInput{
			{Type: "URL", URL: "https://x.example/{{1}}", URLExample: "https://x.example/7"}, {Type: "URL", URL: "https://x.example"},
			{Type: "PHONE_NUMBER", PhoneNumber: "+15550783881"}, {Type: "QUICK_REPLY"},
			{Type: "OTP", OTPType: "ZERO_TAP", ZeroTapTermsAccepted: ptr(true), SupportedApps: []SupportedApp{{"a.b", "K8a/AINcGX7"}}}}}},
			`{"category":"UTILITY","library_template_name":"l","library_template_button_inputs":[` +
				`{"type":"URL","url":{"base_url":"https://x.example/{{1}}","url_suffix_example":"https://x.example/7"}},{"type":"URL","url":{"base_url":"https://x.example"}},` +
				`{"type":"PHONE_NUMBER","phone_number":"+15550783881"},{"type":"QUICK_REPLY"},` +
				`{"type":"OTP","otp_type":"ZERO_TAP","zero_tap_terms_accepted":true,"supported_apps":[{"package_name":"a.b","signature_hash":"K8a/AINcGX7"}]}]}`,
			`{"category":"UTILITY"}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, ok(`{"id":"77","status":"APPROVED","category":"UTILITY"}`), ok(`{"success":true}`))
			c := server.client(t)
			if _, err := c.CreateTemplate(t.Context(), testWABA, tc.content); err != nil {
				t.Fatal(err)
			}
			if err := c.EditTemplate(t.Context(), "77", tc.content); err != nil {
				t.Fatal(err)
			}
			if tc.edit == "" {
				tc.edit = tc.create
			}
			all := server.all()
			equal(t, "create", all[0].Body, tc.create)
			equal(t, "edit", all[1].Body, tc.edit)
		})
	}
}

// Meta documents no answer to this call.
func TestUnpauseTemplate(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer fakeAnswer
		class  Class
	}{
		{"success", ok(`{"success":true}`), ""},
		{"plain true", ok(`true`), ""},
		{"empty", ok(`{}`), ""},
		{"the template", ok(`{"id":"77","status":"APPROVED"}`), ""},
		{"no success", ok(`{"success":false}`), ClassUnknown},
		{"no success as text", ok(`{"success":"false"}`), ClassUnknown},
		{"plain false", ok(`false`), ClassUnknown},
		{"no JSON", ok(`<html>`), ClassTransient},
		{"not paused", refused(`{"error":{"code":100,"message":"Invalid parameter"}}`), ClassRefused},
		{"no such template", refused(`{"error":{"code":100,"error_subcode":33}}`), ClassAmbiguous},
		{"throttled", refused(`{"error":{"code":80008}}`), ClassThrottled},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, tc.answer)
			err := server.client(t, func(c *Config) { c.AppSecret = testSecret }).UnpauseTemplate(t.Context(), "77")
			if ClassOf(err) != tc.class {
				t.Errorf("got %v", err)
			}
			if tc.class != "" {
				equal(t, "operation", mustError(t, err).Op, OpUnpauseTemplate)
			}
			seen := server.onlyRequest(t)
			equal(t, "request", seen.Method+" "+seen.Path, http.MethodPost+" /v25.0/77/unpause")
			if seen.Body != "" || seen.Header.Get("Content-Type") != "" || seen.Query.Get("appsecret_proof") == "" || len(seen.Query) != 1 {
				t.Errorf("got body %q, header %v, query %v", seen.Body, seen.Header, seen.Query)
			}
		})
	}
}

// TestUnarchiveTemplate: Meta answers with lists since June 2026, and answered with a success before.
func TestUnarchiveTemplate(t *testing.T) {
	for answer, class := range map[string]Class{
		`{"unarchived_templates":["77"],"failed_templates":{}}`: "",
		`{"success":true}`: "",
		`{"unarchived_templates":[],"failed_templates":{"77":"Template is not archived"}}`: ClassRefused,
		`{"success":false}`: ClassUnknown,
	} {
		server := newFakeGraph(t, ok(answer))
		err := server.client(t).UnarchiveTemplate(t.Context(), testWABA, "77")
		if ClassOf(err) != class {
			t.Errorf("%s: %v", answer, err)
		}
		seen := server.onlyRequest(t)
		equal(t, "request", seen.Method+" "+seen.Path+" "+seen.Body, http.MethodPost+" /v25.0/"+testWABA+`/message_templates/unarchive {"hsm_ids":["77"]}`)
	}
}
