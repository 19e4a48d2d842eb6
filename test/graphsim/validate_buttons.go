// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	whatsAppLink   = regexp.MustCompile(`(?i)^https?://([a-z0-9-]+\.)*(wa\.me|whatsapp\.com)([/:?#]|$)`)
	packagePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*)+$`)
	hashPattern    = regexp.MustCompile(`^[A-Za-z0-9+/=]{11}$`)
)

// buttonLimits are the numbers of buttons by type; types not listed do not exist.
var buttonLimits = map[string]int{
	"QUICK_REPLY": 10, "URL": 2, "PHONE_NUMBER": 1, "COPY_CODE": 1, "OTP": 1, "FLOW": 1, "CATALOG": 1, "MPM": 1, "SPM": 1,
	"VOICE_CALL": 1, "REQUEST_CONTACT_INFO": 1, "ORDER_DETAILS": 1,
}

func errButton() *apiError {
	return invalid(2388060, "Button format is incorrect", "Buttons can't have any variables, newlines, emojis, or formatting characters.")
}

func checkButtons(t *template, component int, buttons []button, offer bool) *apiError {
	if len(buttons) == 0 {
		return errMissing("BUTTONS", "buttons")
	}
	if len(buttons) > 10 {
		return errStructure("A template can have at most 10 buttons.")
	}
	seen := map[string]int{}
	for i := range buttons {
		b := &buttons[i]
		limit, known := buttonLimits[b.Type]
		if !known {
			return badParam("Param components[%d]['buttons'][%d]['type'] is not a valid button type - got %q.", component, i, b.Type)
		}
		if seen[b.Type]++; seen[b.Type] > limit {
			return errStructure("A template can have at most %d buttons of type %s.", limit, b.Type)
		}
		if problem := checkButton(b, component, i, offer); problem != nil {
			return problem
		}
	}
	if t.Category == "MARKETING" && offer && seen["QUICK_REPLY"] > 0 {
		return errStructure("A limited-time offer can't have quick replies.")
	}
	return checkGrouping(buttons, seen["QUICK_REPLY"])
}

// checkGrouping wants quick replies in one block at the start or at the end.
func checkGrouping(buttons []button, replies int) *apiError {
	first := slices.IndexFunc(buttons, ofType("QUICK_REPLY"))
	if first < 0 {
		return nil
	}
	for i := first; i < first+replies; i++ {
		if i >= len(buttons) || buttons[i].Type != "QUICK_REPLY" {
			return invalid(0, "Invalid button combination", "Quick reply buttons can't be mixed with other buttons.")
		}
	}
	if first != 0 && first+replies != len(buttons) {
		return invalid(0, "Invalid button combination", "Quick reply buttons must be first or last.")
	}
	return nil
}

func checkButton(b *button, component, i int, offer bool) *apiError {
	switch b.Type {
	case "OTP":
		return errStructure("OTP buttons are only available for the category AUTHENTICATION.")
	case "REQUEST_CONTACT_INFO":
		return nil
	case "COPY_CODE":
		return checkCopyCode(b, offer)
	}
	limit := 25
	if b.Type == "VOICE_CALL" {
		limit = 20
	}
	switch {
	case b.Text == "":
		return errMissing("BUTTONS", "text")
	case utf8.RuneCountInString(b.Text) > limit:
		return errTooLong("button text", limit)
	case len(variables(b.Text)) > 0, !plainMarkup(b.Text):
		return errButton()
	}
	switch b.Type {
	case "URL":
		return checkURL(b)
	case "PHONE_NUMBER":
		if _, ok := normalPhone(b.PhoneNumber); !ok {
			return &apiError{Code: 192, Message: fmt.Sprintf("(#192) Param components[%d]['buttons'][%d]['phone_number'] is not a valid phone number.", component, i)}
		}
	case "FLOW":
		return checkFlow(b)
	}
	return nil
}

func checkCopyCode(b *button, offer bool) *apiError {
	limit := 20
	if offer {
		limit = 15
	}
	switch {
	case len(b.Example.values) != 1 || b.Example.values[0] == "":
		return errMissing("BUTTONS", "example")
	case utf8.RuneCountInString(b.Example.values[0]) > limit:
		return errTooLong("coupon code", limit)
	}
	return nil
}

func checkURL(b *button) *apiError {
	used := variables(b.URL)
	switch {
	case b.URL == "":
		return errMissing("BUTTONS", "url")
	case utf8.RuneCountInString(b.URL) > 2000:
		return errTooLong("button URL", 2000)
	case whatsAppLink.MatchString(b.URL):
		return invalid(2388081, "Button URL is incorrect", "Links to WhatsApp aren't allowed in buttons.")
	case !strings.HasPrefix(b.URL, "https://") && !strings.HasPrefix(b.URL, "http://"):
		return badParam("Param url is not a valid URL.")
	case len(used) > 1 || len(used) == 1 && (used[0] != "1" || !strings.HasSuffix(b.URL, "{{1}}")):
		return errStructure("A button URL can have one variable, {{1}}, at its end.")
	case len(used) == 1 && (len(b.Example.values) != 1 || b.Example.values[0] == ""):
		return errMissing("BUTTONS", "example")
	case len(used) == 0 && len(b.Example.values) > 0:
		return errSuperfluous("BUTTONS")
	}
	return nil
}

func checkFlow(b *button) *apiError {
	given := 0
	for _, v := range []string{string(b.FlowID), b.FlowName, b.FlowJSON} {
		if v != "" {
			given++
		}
	}
	switch {
	case given != 1:
		return errStructure("A flow button needs exactly one of flow_id, flow_name and flow_json.")
	case b.FlowAction != "" && b.FlowAction != "NAVIGATE" && b.FlowAction != "DATA_EXCHANGE":
		return badParam("Param flow_action must be one of {NAVIGATE, DATA_EXCHANGE} - got %q.", b.FlowAction)
	}
	return nil
}

// checkAuthentication: texts are preset, there is exactly one OTP button and nothing else.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/authentication-templates.
func checkAuthentication(components []component) *apiError {
	for _, c := range components {
		switch c.Type {
		case "BODY", "FOOTER":
			if c.Text != "" {
				return errStructure("The text of authentication templates is preset and can't be given.")
			}
			if c.Type == "FOOTER" && (c.CodeExpirationMinutes == nil || *c.CodeExpirationMinutes < 1 || *c.CodeExpirationMinutes > 90) {
				return badParam("Param code_expiration_minutes must be between 1 and 90")
			}
		case "BUTTONS":
			if len(c.Buttons) != 1 || c.Buttons[0].Type != "OTP" {
				return errStructure("Authentication templates need exactly one button of type OTP.")
			}
			if problem := checkOTP(&c.Buttons[0]); problem != nil {
				return problem
			}
		default:
			return errStructure("Authentication templates can't have a component of type %s.", c.Type)
		}
	}
	if find(components, "BUTTONS") == nil {
		return errMissing("BUTTONS", "buttons")
	}
	return nil
}

func checkOTP(b *button) *apiError {
	switch {
	case !slices.Contains([]string{"COPY_CODE", "ONE_TAP", "ZERO_TAP"}, b.OTPType):
		return badParam("Param otp_type must be one of {COPY_CODE, ONE_TAP, ZERO_TAP} - got %q.", b.OTPType)
	case utf8.RuneCountInString(b.Text) > 25 || utf8.RuneCountInString(b.AutofillText) > 25:
		return errTooLong("button text", 25)
	case b.OTPType == "COPY_CODE":
		return nil
	case len(b.SupportedApps) < 1 || len(b.SupportedApps) > 5:
		return errMissing("BUTTONS", "supported_apps")
	case b.OTPType == "ZERO_TAP" && (b.ZeroTapTermsAccepted == nil || !*b.ZeroTapTermsAccepted):
		return badParam("Param zero_tap_terms_accepted must be true")
	}
	for _, app := range b.SupportedApps {
		if len(app.PackageName) > 224 || !packagePattern.MatchString(app.PackageName) {
			return badParam("Param package_name is not a valid package name")
		}
		if !hashPattern.MatchString(app.SignatureHash) {
			return badParam("Param signature_hash must have exactly 11 characters")
		}
	}
	return nil
}

// checkCarousel: 2 to 10 cards of one shape.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/marketing-templates/media-card-carousel-templates.
func checkCarousel(t *template, index int, c *component) *apiError {
	if len(c.Cards) < 2 || len(c.Cards) > 10 {
		return errStructure("A carousel needs 2 to 10 cards.")
	}
	shape := ""
	for i, x := range c.Cards {
		own := ""
		for _, part := range x.Components {
			if problem := checkCardPart(t, index, &part); problem != nil {
				return problem
			}
			own += part.Type + part.Format
			for _, b := range part.Buttons {
				own += "/" + b.Type
			}
			own += " "
		}
		if i > 0 && own != shape {
			return errStructure("All cards of a carousel must have the same components.")
		}
		shape = own
	}
	return nil
}

func checkCardPart(t *template, index int, c *component) *apiError {
	switch c.Type {
	case "HEADER":
		if !slices.Contains([]string{"IMAGE", "VIDEO", "PRODUCT"}, c.Format) {
			return errStructure("The header of a card must be an image, a video or a product.")
		}
		return checkHeader(t, c)
	case "BODY":
		return checkBody(t, c, 160)
	case "BUTTONS":
		if len(c.Buttons) > 2 {
			return errStructure("A card can have at most 2 buttons.")
		}
		return checkButtons(t, index, c.Buttons, false)
	}
	return errStructure("A card can't have a component of type %s.", c.Type)
}
