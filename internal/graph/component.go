// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

// Component is one component of a template in Meta's wire form, in both directions. Type, Format and the buttons' Type
// are upper case after decoding.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components
type Component struct {
	Type    string   `json:"type"`
	Format  string   `json:"format,omitempty"`
	Text    string   `json:"text,omitempty"`
	Example *Example `json:"example,omitempty"`
	Buttons []Button `json:"buttons,omitempty"`
	// AddSecurityRecommendation is for the BODY of authentication templates.
	AddSecurityRecommendation *bool `json:"add_security_recommendation,omitempty"`
	// CodeExpirationMinutes is for the FOOTER of authentication templates, 1 to 90.
	CodeExpirationMinutes *int64            `json:"code_expiration_minutes,omitempty"`
	Cards                 []Card            `json:"cards,omitempty"`
	LimitedTimeOffer      *LimitedTimeOffer `json:"limited_time_offer,omitempty"`
}

// Example holds the sample values that Meta's reviewers see. Reading a template gives other values back than were sent
// (a header handle comes back as a URL that changes every time).
type Example struct {
	HeaderText      []string       `json:"header_text,omitempty"`
	HeaderTextNamed []NamedExample `json:"header_text_named_params,omitempty"`
	HeaderHandle    []string       `json:"header_handle,omitempty"`
	// BodyText is sent with exactly one inner list.
	BodyText      [][]string     `json:"body_text,omitempty"`
	BodyTextNamed []NamedExample `json:"body_text_named_params,omitempty"`
}

// NamedExample is the sample value of a named variable.
type NamedExample struct {
	ParamName string `json:"param_name"`
	Example   string `json:"example"`
}

// Card is one card of a carousel.
type Card struct {
	Components []Component `json:"components"`
}

// LimitedTimeOffer is the content of a LIMITED_TIME_OFFER component.
type LimitedTimeOffer struct {
	Text          string `json:"text"` // at most 16 characters
	HasExpiration bool   `json:"has_expiration"`
}

// Button is one button. Which fields apply depends on Type.
type Button struct {
	Type, Text, URL, PhoneNumber string `cbor:",omitzero"`
	// FlowID, FlowName and FlowJSON exclude each other.
	FlowID, FlowName, FlowJSON, FlowAction, NavigateScreen, Icon string `cbor:",omitzero"`
	OTPType, AutofillText                                        string `cbor:",omitzero"`
	// Example is a plain string on the wire for COPY_CODE and a list otherwise; both are understood when decoding.
	Example              []string       `cbor:",omitzero"`
	TTLMinutes           *int64         `cbor:",omitzero"`
	ZeroTapTermsAccepted *bool          `cbor:",omitzero"`
	SupportedApps        []SupportedApp `cbor:",omitzero"`
	AppDeepLink          *AppDeepLink   `cbor:",omitzero"`
}

// SupportedApp is an Android app that may receive a one-time password.
type SupportedApp struct {
	PackageName   string `json:"package_name"`
	SignatureHash string `json:"signature_hash"` // exactly 11 characters
}

// AppDeepLink opens an app instead of the URL of a URL button.
type AppDeepLink struct {
	MetaAppID                   string // decimal digits; an integer on the wire
	AndroidDeepLink             string
	AndroidFallbackPlaystoreURL string
}
