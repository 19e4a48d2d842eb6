// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"encoding/json"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

// UnmarshalJSON decodes tolerantly and upper-cases Type and Format.
func (c *Component) UnmarshalJSON(data []byte) error {
	n, err := lenient.DecodeNode(data)
	if err == nil {
		*c = componentFrom(n)
	}
	return err
}

func componentsFrom(nodes []lenient.Node) []Component {
	var out []Component
	for _, n := range nodes {
		out = append(out, componentFrom(n))
	}
	return out
}

func componentFrom(n lenient.Node) Component {
	c := Component{
		Type:                      n.Upper("type"),
		Format:                    n.Upper("format"),
		Text:                      n.Text("text"),
		Example:                   exampleFrom(n.Node("example")),
		AddSecurityRecommendation: n.BoolPtr("add_security_recommendation"),
		CodeExpirationMinutes:     n.Int64Ptr("code_expiration_minutes"),
	}
	for _, button := range n.Nodes("buttons") {
		c.Buttons = append(c.Buttons, buttonFrom(button))
	}
	for _, card := range n.Nodes("cards") {
		c.Cards = append(c.Cards, Card{Components: componentsFrom(card.Nodes("components"))})
	}
	if offer := n.Node("limited_time_offer"); offer != nil {
		c.LimitedTimeOffer = &LimitedTimeOffer{Text: offer.Text("text"), HasExpiration: offer.Bool("has_expiration")}
	}
	return c
}

// UnmarshalJSON decodes tolerantly.
func (e *Example) UnmarshalJSON(data []byte) error {
	n, err := lenient.DecodeNode(data)
	if err != nil {
		return err
	}
	*e = Example{}
	if decoded := exampleFrom(n); decoded != nil {
		*e = *decoded
	}
	return nil
}

func exampleFrom(n lenient.Node) *Example {
	if len(n) == 0 {
		return nil // also Meta's way to print an empty object as an empty list
	}
	return &Example{
		HeaderText:      n.Texts("header_text"),
		HeaderTextNamed: namedExamplesFrom(n.Nodes("header_text_named_params")),
		HeaderHandle:    n.Texts("header_handle"),
		BodyText:        bodyTextFrom(n.List("body_text")),
		BodyTextNamed:   namedExamplesFrom(n.Nodes("body_text_named_params")),
	}
}

// bodyTextFrom accepts the nested list that is right, and the flat list and the bare string that Meta's pages also print.
func bodyTextFrom(items []any) [][]string {
	if flat := lenient.Texts(items); len(flat) > 0 {
		return [][]string{flat}
	}
	var out [][]string
	for _, item := range items {
		if inner, ok := item.([]any); ok {
			if texts := lenient.Texts(inner); len(texts) > 0 {
				out = append(out, texts)
			}
		}
	}
	return out
}

func namedExamplesFrom(nodes []lenient.Node) []NamedExample {
	var out []NamedExample
	for _, n := range nodes {
		out = append(out, NamedExample{ParamName: n.Text("param_name"), Example: n.Text("example")})
	}
	return out
}

// UnmarshalJSON decodes tolerantly and upper-cases Type and OTPType.
func (b *Button) UnmarshalJSON(data []byte) error {
	n, err := lenient.DecodeNode(data)
	if err == nil {
		*b = buttonFrom(n)
	}
	return err
}

func buttonFrom(n lenient.Node) Button {
	b := Button{
		Type: n.Upper("type"), Text: n.Text("text"), URL: n.Text("url"), PhoneNumber: n.Text("phone_number"),
		FlowID: n.Text("flow_id"), FlowName: n.Text("flow_name"), FlowJSON: n.Text("flow_json"),
		FlowAction: strings.ToLower(n.Text("flow_action")), NavigateScreen: n.Text("navigate_screen"), Icon: n.Upper("icon"),
		OTPType: n.Upper("otp_type"), AutofillText: n.Text("autofill_text"),
		Example: n.Texts("example"), TTLMinutes: n.Int64Ptr("ttl_minutes"),
		ZeroTapTermsAccepted: n.BoolPtr("zero_tap_terms_accepted"),
	}
	for _, app := range n.Nodes("supported_apps") {
		b.SupportedApps = append(b.SupportedApps,
			SupportedApp{PackageName: app.Text("package_name"), SignatureHash: app.Text("signature_hash")})
	}
	if link := n.Node("app_deep_link"); len(link) > 0 {
		b.AppDeepLink = &AppDeepLink{
			MetaAppID:                   link.Text("meta_app_id"),
			AndroidDeepLink:             link.Text("android_deep_link"),
			AndroidFallbackPlaystoreURL: link.Text("android_fallback_playstore_url"),
		}
	}
	return b
}

// wireButton fixes the order of a button's properties, so that one content always gives the same bytes.
type wireButton struct {
	Type                 string         `json:"type"`
	Text                 string         `json:"text,omitempty"`
	URL                  string         `json:"url,omitempty"`
	PhoneNumber          string         `json:"phone_number,omitempty"`
	FlowID               string         `json:"flow_id,omitempty"`
	FlowName             string         `json:"flow_name,omitempty"`
	FlowJSON             string         `json:"flow_json,omitempty"`
	FlowAction           string         `json:"flow_action,omitempty"`
	NavigateScreen       string         `json:"navigate_screen,omitempty"`
	Icon                 string         `json:"icon,omitempty"`
	OTPType              string         `json:"otp_type,omitempty"`
	AutofillText         string         `json:"autofill_text,omitempty"`
	Example              any            `json:"example,omitempty"`
	TTLMinutes           *int64         `json:"ttl_minutes,omitempty"`
	ZeroTapTermsAccepted *bool          `json:"zero_tap_terms_accepted,omitempty"`
	SupportedApps        []SupportedApp `json:"supported_apps,omitempty"`
	AppDeepLink          *AppDeepLink   `json:"app_deep_link,omitempty"`
}

// MarshalJSON writes Meta's wire form.
func (b Button) MarshalJSON() ([]byte, error) {
	out := wireButton{
		Type: b.Type, Text: b.Text, URL: b.URL, PhoneNumber: b.PhoneNumber,
		FlowID: b.FlowID, FlowName: b.FlowName, FlowJSON: b.FlowJSON, FlowAction: b.FlowAction,
		NavigateScreen: b.NavigateScreen, Icon: b.Icon, OTPType: b.OTPType, AutofillText: b.AutofillText,
		TTLMinutes: b.TTLMinutes, ZeroTapTermsAccepted: b.ZeroTapTermsAccepted,
		SupportedApps: b.SupportedApps, AppDeepLink: b.AppDeepLink,
	}
	switch {
	case len(b.Example) == 0:
	case len(b.Example) == 1 && strings.EqualFold(b.Type, "COPY_CODE"):
		out.Example = b.Example[0]
	default:
		out.Example = b.Example
	}
	return json.Marshal(out)
}

// wireDeepLink has the app id as a number.
type wireDeepLink struct {
	MetaAppID                   json.Number `json:"meta_app_id,omitempty"`
	AndroidDeepLink             string      `json:"android_deep_link,omitempty"`
	AndroidFallbackPlaystoreURL string      `json:"android_fallback_playstore_url,omitempty"`
}

// MarshalJSON writes the app id as a number; it fails when MetaAppID is not one.
func (l AppDeepLink) MarshalJSON() ([]byte, error) {
	return json.Marshal(wireDeepLink{json.Number(l.MetaAppID), l.AndroidDeepLink, l.AndroidFallbackPlaystoreURL})
}

// UnmarshalJSON accepts the app id as a number and as a string.
func (l *AppDeepLink) UnmarshalJSON(data []byte) error {
	n, err := lenient.DecodeNode(data)
	if err == nil {
		*l = AppDeepLink{n.Text("meta_app_id"), n.Text("android_deep_link"), n.Text("android_fallback_playstore_url")}
	}
	return err
}
