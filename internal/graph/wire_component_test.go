// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"encoding/json"
	"testing"
)

func TestComponentDecoding(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     Component
	}{
		{"lower case", `{"type":"header","format":"image","example":{"header_handle":["4::x"]}}`,
			Component{Type: "HEADER", Format: "IMAGE", Example: &Example{HeaderHandle: []string{"4::x"}}}},
		{"positional, nested", `{"type":"BODY","text":"{{1}} {{2}}","example":{"body_text":[["a","b"]]}}`,
			Component{Type: "BODY", Text: "{{1}} {{2}}", Example: &Example{BodyText: [][]string{{"a", "b"}}}}},
		{"positional, flat", `{"type":"BODY","example":{"body_text":["a",7]}}`,
			Component{Type: "BODY", Example: &Example{BodyText: [][]string{{"a", "7"}}}}},
		{"positional, bare", `{"type":"BODY","example":{"body_text":"a"}}`,
			Component{Type: "BODY", Example: &Example{BodyText: [][]string{{"a"}}}}},
		{"positional, nothing inside", `{"type":"BODY","example":{"body_text":[[],null,{}]}}`,
			Component{Type: "BODY", Example: &Example{}}},
		{"named", `{"type":"BODY","example":{"body_text_named_params":[{"param_name":"day","example":"Saturday"}]}}`,
			Component{Type: "BODY", Example: &Example{BodyTextNamed: []NamedExample{{"day", "Saturday"}}}}},
		{"named header", `{"type":"HEADER","example":{"header_text_named_params":[{"param_name":"a","example":1}]}}`,
			Component{Type: "HEADER", Example: &Example{HeaderTextNamed: []NamedExample{{"a", "1"}}}}},
		{"header text bare", `{"type":"HEADER","example":{"header_text":"x"}}`,
			Component{Type: "HEADER", Example: &Example{HeaderText: []string{"x"}}}},
		{"empty example", `{"type":"BODY","example":[]}`, Component{Type: "BODY"}},
		{"null everywhere", `{"type":"BODY","text":null,"example":null,"buttons":null,"cards":null,"limited_time_offer":null}`,
			Component{Type: "BODY"}},
		{"authentication", `{"type":"FOOTER","code_expiration_minutes":"5","add_security_recommendation":"true"}`,
			Component{Type: "FOOTER", CodeExpirationMinutes: ptr(int64(5)), AddSecurityRecommendation: ptr(true)}},
		{"switched off", `{"type":"BODY","add_security_recommendation":false}`,
			Component{Type: "BODY", AddSecurityRecommendation: ptr(false)}},
		{"offer", `{"type":"limited_time_offer","limited_time_offer":{"text":"Now!","has_expiration":true}}`,
			Component{Type: "LIMITED_TIME_OFFER", LimitedTimeOffer: &LimitedTimeOffer{"Now!", true}}},
		{"carousel", `{"type":"carousel","cards":[{"components":[{"type":"body","text":"x"}]},{}]}`,
			Component{Type: "CAROUSEL", Cards: []Card{{Components: []Component{{Type: "BODY", Text: "x"}}}, {}}}},
		{"unheard of", `{"type":"hologram","shape":{"x":1}}`, Component{Type: "HOLOGRAM"}},
		{"no object", `"BODY"`, Component{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Component{Text: "of before"}
			if err := json.Unmarshal([]byte(tc.in), &got); err != nil {
				t.Fatal(err)
			}
			equal(t, "component", got, tc.want)
		})
	}
}

func TestButtonDecoding(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     Button
	}{
		{"code as text", `{"type":"copy_code","example":"X1"}`, Button{Type: "COPY_CODE", Example: []string{"X1"}}},
		{"code as list", `{"type":"COPY_CODE","example":["X1"]}`, Button{Type: "COPY_CODE", Example: []string{"X1"}}},
		{"url", `{"type":"URL","text":"Go","url":"https://x.example/{{1}}","example":["a"]}`,
			Button{Type: "URL", Text: "Go", URL: "https://x.example/{{1}}", Example: []string{"a"}}},
		{"deep link", `{"type":"URL","app_deep_link":{"meta_app_id":634974688087057,"android_deep_link":"a://b","android_fallback_playstore_url":"https://p"}}`,
			Button{Type: "URL", AppDeepLink: &AppDeepLink{"634974688087057", "a://b", "https://p"}}},
		{"deep link, id as text", `{"type":"URL","app_deep_link":{"meta_app_id":"12"}}`,
			Button{Type: "URL", AppDeepLink: &AppDeepLink{MetaAppID: "12"}}},
		{"no deep link", `{"type":"URL","app_deep_link":[]}`, Button{Type: "URL"}},
		{"otp", `{"type":"otp","otp_type":"zero_tap","autofill_text":"Fill","zero_tap_terms_accepted":true,"supported_apps":[{"package_name":"a.b","signature_hash":"K8a/AINcGX7"}]}`,
			Button{Type: "OTP", OTPType: "ZERO_TAP", AutofillText: "Fill", ZeroTapTermsAccepted: ptr(true), SupportedApps: []SupportedApp{{"a.b", "K8a/AINcGX7"}}}},
		{"flow", `{"type":"FLOW","flow_id":12345678901234567,"flow_action":"NAVIGATE","navigate_screen":"S","icon":"promotion"}`,
			Button{Type: "FLOW", FlowID: "12345678901234567", FlowAction: "navigate", NavigateScreen: "S", Icon: "PROMOTION"}},
		{"flow by content", `{"type":"FLOW","flow_json":"{\"a\":1}","flow_name":"n"}`, Button{Type: "FLOW", FlowJSON: `{"a":1}`, FlowName: "n"}},
		{"call", `{"type":"VOICE_CALL","ttl_minutes":"1440"}`, Button{Type: "VOICE_CALL", TTLMinutes: ptr(int64(1440))}},
		{"phone", `{"type":"PHONE_NUMBER","phone_number":15550783881}`, Button{Type: "PHONE_NUMBER", PhoneNumber: "15550783881"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := Button{Text: "of before"}
			if err := json.Unmarshal([]byte(tc.in), &got); err != nil {
				t.Fatal(err)
			}
			equal(t, "button", got, tc.want)
		})
	}
}

func TestEncoding(t *testing.T) {
	for _, tc := range []struct {
		name string
		in   any
		want string
	}{
		{"code", Button{Type: "COPY_CODE", Example: []string{"X1"}}, `{"type":"COPY_CODE","example":"X1"}`},
		{"url", Button{Type: "URL", Example: []string{"a"}}, `{"type":"URL","example":["a"]}`},
		{"no example", Button{Type: "URL", Example: []string{}}, `{"type":"URL"}`},
		{"deep link", Button{Type: "URL", AppDeepLink: &AppDeepLink{MetaAppID: "634974688087057", AndroidDeepLink: "a://b"}},
			`{"type":"URL","app_deep_link":{"meta_app_id":634974688087057,"android_deep_link":"a://b"}}`},
		{"otp", Button{Type: "OTP", OTPType: "ONE_TAP", Text: "t", AutofillText: "f", ZeroTapTermsAccepted: ptr(false), SupportedApps: []SupportedApp{{"a.b", "h"}}},
			`{"type":"OTP","text":"t","otp_type":"ONE_TAP","autofill_text":"f","zero_tap_terms_accepted":false,"supported_apps":[{"package_name":"a.b","signature_hash":"h"}]}`},
		{"flow", Button{Type: "FLOW", FlowID: "1", FlowName: "n", FlowJSON: "{}", FlowAction: "navigate", NavigateScreen: "S", Icon: "REVIEW", TTLMinutes: ptr(int64(5)), URL: "u", PhoneNumber: "p"},
			`{"type":"FLOW","url":"u","phone_number":"p","flow_id":"1","flow_name":"n","flow_json":"{}","flow_action":"navigate","navigate_screen":"S","icon":"REVIEW","ttl_minutes":5}`},
		{"offer without end", Component{Type: "LIMITED_TIME_OFFER", LimitedTimeOffer: &LimitedTimeOffer{Text: "x"}},
			`{"type":"LIMITED_TIME_OFFER","limited_time_offer":{"text":"x","has_expiration":false}}`},
		{"card", Component{Type: "CAROUSEL", Cards: []Card{{Components: []Component{{Type: "BODY"}}}}},
			`{"type":"CAROUSEL","cards":[{"components":[{"type":"BODY"}]}]}`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := json.Marshal(tc.in)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "JSON", string(got), tc.want)
		})
	}
	if _, err := json.Marshal(AppDeepLink{MetaAppID: `1,"x":2`}); err == nil {
		t.Error("an app id that is no number was written into the JSON")
	}
}

// What is written can be read, and gives the same.
func TestRoundTrip(t *testing.T) {
	in := Component{
		Type: "CAROUSEL", Format: "TEXT", Text: "x",
		Example: &Example{
			HeaderText: []string{"a"}, HeaderTextNamed: []NamedExample{{"p", "e"}}, HeaderHandle: []string{"4::h"},
			BodyText: [][]string{{"a", "b"}}, BodyTextNamed: []NamedExample{{"q", "f"}},
		},
		Buttons: []Button{
			{Type: "COPY_CODE", Example: []string{"X"}}, {Type: "URL", Text: "t", URL: "u", Example: []string{"e"}},
			{Type: "URL", AppDeepLink: &AppDeepLink{"1", "d", "p"}}, {Type: "VOICE_CALL", TTLMinutes: ptr(int64(1440))},
			{Type: "OTP", OTPType: "ONE_TAP", AutofillText: "f", ZeroTapTermsAccepted: ptr(true), SupportedApps: []SupportedApp{{"a.b", "h"}}},
			{Type: "FLOW", FlowID: "1", FlowName: "n", FlowJSON: "{}", FlowAction: "navigate", NavigateScreen: "S"},
			{Type: "PHONE_NUMBER", PhoneNumber: "+1"},
		},
		AddSecurityRecommendation: ptr(true), CodeExpirationMinutes: ptr(int64(5)),
		Cards:            []Card{{Components: []Component{{Type: "BODY", Text: "y"}}}},
		LimitedTimeOffer: &LimitedTimeOffer{"now", true},
	}
	data, err := json.Marshal(in)
	if err != nil {
		t.Fatal(err)
	}
	var out Component
	if err := json.Unmarshal(data, &out); err != nil {
		t.Fatal(err)
	}
	equal(t, "component", out, in)
	for _, target := range []json.Unmarshaler{&Component{}, &Button{}, &Example{}, &AppDeepLink{}} {
		if err := target.UnmarshalJSON([]byte(`{"type`)); err == nil {
			t.Errorf("%T accepted half an object", target)
		}
	}
	var example Example
	if err := json.Unmarshal([]byte(`{"header_text":["x"]}`), &example); err != nil || len(example.HeaderText) != 1 {
		t.Errorf("got %+v, %v", example, err)
	}
	if err := json.Unmarshal([]byte(`[]`), &example); err != nil || example.HeaderText != nil {
		t.Errorf("got %+v, %v", example, err)
	}
}
