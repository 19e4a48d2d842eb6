// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"regexp"
	"strings"
)

// The ways in which Meta sends a code.
const (
	CodeBySMS   = "SMS"
	CodeByVoice = "VOICE"
)

const product = "whatsapp" // messaging_product

// Registration is what a number is registered with. It must not be printed field by field; printing it with fmt is safe.
type Registration struct {
	// PIN of the two-step verification, 6 digits. It becomes the number's PIN where none is set, and must be right where
	// one is.
	PIN string
	// DataLocalizationRegion is the country in which message data rests, ISO 3166-1 alpha-2; "" = not sent. Newer versions
	// want EnableLocalStorage before the registration instead.
	DataLocalizationRegion string
}

// Format prints a fixed text, so that no verb of fmt prints the PIN.
func (Registration) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "graph.Registration"+redacted)
}

var (
	languagePattern = regexp.MustCompile(`^[a-z]{2,3}(_[A-Z]{2})?$`)
	regionPattern   = regexp.MustCompile(`^[A-Z]{2}$`)
	pinPattern      = regexp.MustCompile(`^[0-9]{6}$`)
	codePattern     = regexp.MustCompile(`^([0-9]{3})[- ]?([0-9]{3})$`)
)

// checkPIN also drops blanks around it: Secrets made from files end with a newline.
func checkPIN(op Operation, pin string) (string, error) {
	pin = strings.TrimSpace(pin)
	if !pinPattern.MatchString(pin) {
		return "", invalid(op, "the PIN must be 6 digits")
	}
	return pin, nil
}

// RequestCode makes Meta send a code of 6 digits to the number, which proves its ownership. method is CodeBySMS or
// CodeByVoice, language that of the message, such as en or en_US. Meta does not publish how many codes it sends; too many
// are refused with CauseCodeLimit. For a verified number the call fails, at best with CauseAlreadyVerified.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account-to-number-current-status/request_code/
func (c *Client) RequestCode(ctx context.Context, id, method, language string) error {
	switch err := checkIDs(OpRequestCode, id); {
	case err != nil:
		return err
	case method != CodeBySMS && method != CodeByVoice:
		return invalid(OpRequestCode, "the method must be SMS or VOICE")
	case !languagePattern.MatchString(language):
		return invalid(OpRequestCode, "the language must look like en or en_US")
	}
	return c.do(ctx, request{
		op: OpRequestCode, path: "/" + id + "/request_code",
		query: url.Values{"code_method": {method}, "language": {language}},
	}, checkConfirmed)
}

// VerifyCode proves the ownership of a number by the code that it received: 6 digits, with or without a hyphen or blank in
// the middle. A code lives about 10 minutes.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/registering-phone-numbers
func (c *Client) VerifyCode(ctx context.Context, id, code string) error {
	if err := checkIDs(OpVerifyCode, id); err != nil {
		return err
	}
	parts := codePattern.FindStringSubmatch(strings.TrimSpace(code))
	if parts == nil {
		return invalid(OpVerifyCode, "the code must be 6 digits")
	}
	code = parts[1] + parts[2]
	r := c.form(OpVerifyCode, "/"+id+"/verify_code", url.Values{"code": {code}})
	r.secrets = []string{code}
	return c.do(ctx, r, checkConfirmed)
}

// RegisterPhoneNumber registers a number on the Cloud API. Meta counts every call: the eleventh in 72 hours fails with
// CauseRegistrationLimit and blocks the number for another 72. It can take longer than the time limit of a call, so after
// an error of ClassTransient PhoneNumber.PlatformType shows whether it has happened.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/registration
func (c *Client) RegisterPhoneNumber(ctx context.Context, id string, reg Registration) error {
	pin, err := checkPIN(OpRegisterPhoneNumber, reg.PIN)
	if err != nil {
		return err
	}
	if reg.DataLocalizationRegion != "" && !regionPattern.MatchString(reg.DataLocalizationRegion) {
		return invalid(OpRegisterPhoneNumber, regionProblem)
	}
	return c.sendJSON(ctx, OpRegisterPhoneNumber, id, "/register", struct {
		Product string `json:"messaging_product"`
		PIN     string `json:"pin"`
		Region  string `json:"data_localization_region,omitempty"`
	}{product, pin, reg.DataLocalizationRegion}, pin)
}

// DeregisterPhoneNumber takes a number off the Cloud API, for every partner that uses it; number and history stay. It is
// counted like RegisterPhoneNumber, and refused for numbers that are also in the WhatsApp Business app.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/registration
func (c *Client) DeregisterPhoneNumber(ctx context.Context, id string) error {
	if err := checkIDs(OpDeregisterPhoneNumber, id); err != nil {
		return err
	}
	return c.do(ctx, request{op: OpDeregisterPhoneNumber, path: "/" + id + "/deregister"}, checkConfirmed)
}

// SetPIN sets or changes the PIN of the two-step verification, 6 digits, for which Meta does not ask for the old one. A PIN
// can't be read back.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/two-step-verification
func (c *Client) SetPIN(ctx context.Context, id, pin string) error {
	pin, err := checkPIN(OpSetPIN, pin)
	if err != nil {
		return err
	}
	return c.sendJSON(ctx, OpSetPIN, id, "", struct {
		PIN string `json:"pin"`
	}{pin}, pin)
}
