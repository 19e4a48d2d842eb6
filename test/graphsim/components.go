// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"errors"
	"fmt"
)

// component is one element of components, as sent and as stored. What it does not know is dropped without a word.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components.
type component struct {
	Type                      string     `json:"type"`
	Format                    string     `json:"format,omitempty"`
	Text                      string     `json:"text,omitempty"`
	AddSecurityRecommendation *bool      `json:"add_security_recommendation,omitempty"`
	CodeExpirationMinutes     *int64     `json:"code_expiration_minutes,omitempty"`
	Example                   *example   `json:"example,omitempty"`
	Buttons                   []button   `json:"buttons,omitempty"`
	Cards                     []card     `json:"cards,omitempty"`
	LimitedTimeOffer          *timeOffer `json:"limited_time_offer,omitempty"`
	// Surface is a property that no page documents. What is sent without it loses it.
	Surface string `json:"surface_v3,omitempty"`
}

type card struct {
	Components []component `json:"components"`
}

type timeOffer struct {
	Text          string `json:"text"`
	HasExpiration *bool  `json:"has_expiration,omitempty"`
}

type example struct {
	HeaderText      words          `json:"header_text,omitempty"`
	HeaderTextNamed []namedExample `json:"header_text_named_params,omitempty"`
	HeaderHandle    words          `json:"header_handle,omitempty"`
	BodyText        wordLists      `json:"body_text,omitempty"`
	BodyTextNamed   []namedExample `json:"body_text_named_params,omitempty"`
}

type namedExample struct {
	ParamName string `json:"param_name"`
	Example   string `json:"example"`
}

type button struct {
	// LabelColor is a property that no page documents, like component.Surface.
	LabelColor           string         `json:"label_color,omitempty"`
	Type                 string         `json:"type"`
	Text                 string         `json:"text,omitempty"`
	URL                  string         `json:"url,omitempty"`
	PhoneNumber          string         `json:"phone_number,omitempty"`
	Example              buttonExample  `json:"example,omitzero"`
	FlowID               identifier     `json:"flow_id,omitempty"`
	FlowName             string         `json:"flow_name,omitempty"`
	FlowJSON             string         `json:"flow_json,omitempty"`
	FlowAction           string         `json:"flow_action,omitempty"`
	NavigateScreen       string         `json:"navigate_screen,omitempty"`
	Icon                 string         `json:"icon,omitempty"`
	OTPType              string         `json:"otp_type,omitempty"`
	AutofillText         string         `json:"autofill_text,omitempty"`
	ZeroTapTermsAccepted *bool          `json:"zero_tap_terms_accepted,omitempty"`
	SupportedApps        []supportedApp `json:"supported_apps,omitempty"`
	TTLMinutes           *int64         `json:"ttl_minutes,omitempty"`
	AppDeepLink          *deepLink      `json:"app_deep_link,omitempty"`
}

type supportedApp struct {
	PackageName   string `json:"package_name"`
	SignatureHash string `json:"signature_hash"`
}

type deepLink struct {
	MetaAppID       json.Number `json:"meta_app_id,omitempty"`
	AndroidDeepLink string      `json:"android_deep_link,omitempty"`
	Fallback        string      `json:"android_fallback_playstore_url,omitempty"`
}

// words is a list of strings that may be sent as one string.
type words []string

// UnmarshalJSON accepts a string or an array of strings.
func (w *words) UnmarshalJSON(raw []byte) error {
	var one string
	if json.Unmarshal(raw, &one) == nil {
		*w = words{one}
		return nil
	}
	return json.Unmarshal(raw, (*[]string)(w))
}

// wordLists is body_text: Meta's pages print it nested, flat and as one string.
type wordLists [][]string

// UnmarshalJSON accepts all three forms.
func (w *wordLists) UnmarshalJSON(raw []byte) error {
	if json.Unmarshal(raw, (*[][]string)(w)) == nil {
		return nil
	}
	var flat words
	if err := json.Unmarshal(raw, &flat); err != nil {
		return errors.New("must be an array of arrays of strings")
	}
	*w = wordLists{flat}
	return nil
}

// buttonExample is a string for COPY_CODE, else an array.
type buttonExample struct {
	values words
	single bool
}

// UnmarshalJSON accepts both forms and remembers which it was.
func (e *buttonExample) UnmarshalJSON(raw []byte) error {
	e.single = len(raw) > 0 && raw[0] == '"'
	return json.Unmarshal(raw, &e.values)
}

// MarshalJSON writes the form that was read.
func (e buttonExample) MarshalJSON() ([]byte, error) {
	if e.single && len(e.values) == 1 {
		return json.Marshal(e.values[0])
	}
	return json.Marshal([]string(e.values))
}

// identifier is sent as a string or as an integer and answered as a string.
type identifier string

// UnmarshalJSON accepts both forms.
func (i *identifier) UnmarshalJSON(raw []byte) error {
	var n json.Number
	if raw[0] != '"' {
		if err := json.Unmarshal(raw, &n); err != nil {
			return fmt.Errorf("must be a string: %w", err)
		}
		*i = identifier(n)
		return nil
	}
	return json.Unmarshal(raw, (*string)(i))
}

// parseComponents decodes a components array; form-encoded callers send it as a string.
func parseComponents(raw json.RawMessage) ([]component, *apiError) {
	var out []component
	var text string
	if json.Unmarshal(raw, &text) == nil {
		raw = json.RawMessage(text)
	}
	if err := json.Unmarshal(raw, &out); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && kind.Field != "" {
			return nil, badParam("Param components[%s] must be a %s.", kind.Field, kind.Type)
		}
		return nil, badParam("Param components must be an array.")
	}
	return out, nil
}

func find(components []component, kind string) *component {
	for i := range components {
		if components[i].Type == kind {
			return &components[i]
		}
	}
	return nil
}
