// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"slices"
	"strings"
)

// libraryTemplates are templates written by Meta; a few, with invented wording.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-library.
var libraryTemplates = map[string]string{
	"delivery_update_1": `[{"type":"BODY","text":"Good news, your order {{1}} is on its way and should arrive on {{2}}.","example":{"body_text":[["#12345","Friday"]]}},
		{"type":"BUTTONS","buttons":[{"type":"URL","text":"Track order","url":"https://www.example.com/{{1}}","example":["https://www.example.com/1"]}]}]`,
	"order_confirmation_1":   `[{"type":"BODY","text":"We received your order {{1}} and will tell you as soon as it ships.","example":{"body_text":[["#12345"]]}}]`,
	"payment_confirmation_1": `[{"type":"BODY","text":"We received your payment of {{1}} for order {{2}}, everything is settled now.","example":{"body_text":[["$12.34","#12345"]]}}]`,
	"support_call_1": `[{"type":"BODY","text":"Your request {{1}} is with our team, call us if you would rather talk.","example":{"body_text":[["#12345"]]}},
		{"type":"BUTTONS","buttons":[{"type":"PHONE_NUMBER","text":"Call us","phone_number":"+15550051310"}]}]`,
	libraryOTP: `[{"type":"BODY"},{"type":"BUTTONS","buttons":[{"type":"OTP"}]}]`,
}

// libraryOTP is the one library template of category AUTHENTICATION.
const libraryOTP = "verify_code_1"

type libraryInput struct {
	Type string `json:"type"`
	URL  struct {
		BaseURL string `json:"base_url"`
		Suffix  string `json:"url_suffix_example"`
	} `json:"url"`
	PhoneNumber          string         `json:"phone_number"`
	OTPType              string         `json:"otp_type"`
	ZeroTapTermsAccepted *bool          `json:"zero_tap_terms_accepted"`
	SupportedApps        []supportedApp `json:"supported_apps"`
}

// fromLibrary fills in the components of a library template, which is approved at once.
func (s *Simulator) fromLibrary(c *call, t *template, name string) *apiError {
	text, ok := libraryTemplates[name]
	category := "UTILITY"
	if name == libraryOTP {
		category = "AUTHENTICATION"
	}
	switch {
	case !ok:
		return errStructure("The library template %s doesn't exist.", name)
	case t.Category != category:
		return errStructure("The library template %s has the category %s.", name, category)
	case c.has("components"):
		return errStructure("A library template can't have components.")
	}
	components, problem := parseComponents(json.RawMessage(text))
	if problem != nil {
		return problem
	}
	if buttons := find(components, "BUTTONS"); buttons != nil {
		if problem := applyLibraryInputs(libraryInputs(c), buttons.Buttons); problem != nil {
			return problem
		}
		if name == libraryOTP {
			problem = checkOTP(&buttons.Buttons[0])
		} else {
			problem = checkButtons(t, 1, buttons.Buttons, false)
		}
		if problem != nil {
			return problem
		}
	}
	t.LibraryTemplateName = name
	s.store(t, components)
	return nil
}

// libraryInputs accepts an array, and Meta's own sample: a string with pseudo-JSON.
func libraryInputs(c *call) []libraryInput {
	raw, _ := c.raw("library_template_button_inputs")
	var out []libraryInput
	if json.Unmarshal(raw, &out) != nil {
		_ = json.Unmarshal([]byte(strings.ReplaceAll(scalar(raw), "'", `"`)), &out) // nonsense means no inputs
	}
	return out
}

func applyLibraryInputs(inputs []libraryInput, buttons []button) *apiError {
	for i := range buttons {
		b := &buttons[i]
		at := slices.IndexFunc(inputs, func(x libraryInput) bool { return strings.EqualFold(x.Type, b.Type) })
		if at < 0 {
			return badParam("The parameter library_template_button_inputs is required")
		}
		in := inputs[at]
		if b.Type == "URL" {
			b.URL, b.Example = in.URL.BaseURL, buttonExample{}
			if in.URL.Suffix != "" {
				b.Example.values = words{in.URL.Suffix}
			}
		}
		if b.Type == "PHONE_NUMBER" {
			b.PhoneNumber = in.PhoneNumber
		}
		if b.Type == "OTP" {
			b.OTPType, b.ZeroTapTermsAccepted, b.SupportedApps = strings.ToUpper(in.OTPType), in.ZeroTapTermsAccepted, in.SupportedApps
		}
	}
	return nil
}
