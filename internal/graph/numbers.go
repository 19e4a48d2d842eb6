// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"encoding/json"
	"net/url"
	"regexp"
	"slices"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

// NewPhoneNumber is a number to be added to an account.
type NewPhoneNumber struct {
	// CountryCode is 1 to 3 digits, without + and zeros before it.
	CountryCode string
	// Number is 4 to 15 digits, with or without the country code.
	Number string
	// VerifiedName is the display name, which Meta reviews.
	VerifiedName string
}

// ReadPhoneNumber reads one number as it is now: what listings give, and beyond that Username and Preverified.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers
func (c *Client) ReadPhoneNumber(ctx context.Context, id string) (*PhoneNumber, error) {
	r := request{op: OpReadPhoneNumber, path: "/" + id, query: url.Values{}}
	if err := checkIDs(r.op, id); err != nil {
		return nil, err
	}
	var number PhoneNumber
	fields := func() string { return c.fieldList(slices.Concat(numberFields, numberDetailFields)) }
	err := c.readFields(ctx, r, fields, func(n lenient.Node) (err error) {
		number, err = numberFrom(n)
		return err
	})
	if err != nil {
		return nil, err
	}
	c.noteUnknown("phone_number", number.UnknownProperties)
	return &number, nil
}

var (
	countryCodePattern = regexp.MustCompile(`^[1-9][0-9]{0,2}$`)
	numberPattern      = regexp.MustCompile(`^[0-9]{4,15}$`)
)

// AddPhoneNumber adds a number to an account and gives its id. No code is sent yet, and the number can't be taken away by
// API again. It is not idempotent: after an error of ClassTransient the number may be there, and a second call fails with
// CauseDuplicate.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/registering-phone-numbers
func (c *Client) AddPhoneNumber(ctx context.Context, wabaID string, n NewPhoneNumber) (id string, err error) {
	switch err := checkIDs(OpAddPhoneNumber, wabaID); {
	case err != nil:
		return "", err
	case !countryCodePattern.MatchString(n.CountryCode):
		return "", invalid(OpAddPhoneNumber, "the country code must be 1 to 3 digits")
	case !numberPattern.MatchString(n.Number):
		return "", invalid(OpAddPhoneNumber, "the number must be 4 to 15 digits")
	case n.VerifiedName == "":
		return "", invalid(OpAddPhoneNumber, "the display name is empty")
	}
	r, err := jsonRequest(OpAddPhoneNumber, "/"+wabaID+"/"+edgeNumbers, struct {
		CountryCode  string `json:"cc"`
		Number       string `json:"phone_number"`
		VerifiedName string `json:"verified_name"`
	}{n.CountryCode, n.Number, n.VerifiedName})
	if err != nil {
		return "", err
	}
	r.account = wabaID
	err = c.do(ctx, r, func(value any) error {
		id = lenient.NodeOf(value).Text("id")
		if !idPattern.MatchString(id) { // anything else ends up in a status and can never be called
			id = ""
			return shapeError("a phone number without id")
		}
		return nil
	})
	return id, err
}

// RequestDisplayName asks for a review of another display name; ReadPhoneNumber shows it as NewDisplayName meanwhile. Meta
// allows ten requests in 30 days. After the approval the number must be registered again.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/display-names
func (c *Client) RequestDisplayName(ctx context.Context, id, name string) error {
	if err := checkIDs(OpRequestDisplayName, id); err != nil {
		return err
	}
	if name == "" {
		return invalid(OpRequestDisplayName, "the display name is empty")
	}
	return c.do(ctx, request{op: OpRequestDisplayName, path: "/" + id, query: url.Values{"new_display_name": {name}}}, checkConfirmed)
}

// jsonRequest is a request with a JSON body. Fields of structs are written in their order and maps in that of their keys,
// so that the same content gives the same bytes.
func jsonRequest(op Operation, path string, body any) (request, error) {
	data, err := json.Marshal(body)
	if err != nil {
		return request{}, invalid(op, "the request cannot be written as JSON")
	}
	return request{op: op, path: path, body: inMemory(data), contentType: contentJSON}, nil
}

// sendJSON sends JSON about an object and waits for Meta's confirmation.
func (c *Client) sendJSON(ctx context.Context, op Operation, id, edge string, body any, secrets ...string) error {
	if err := checkIDs(op, id); err != nil {
		return err
	}
	r, err := jsonRequest(op, "/"+id+edge, body)
	if err != nil {
		return err
	}
	r.secrets = secrets
	return c.do(ctx, r, checkConfirmed)
}

// form is a request with a form as its body, which keeps the values out of the URL; Graph takes both alike.
func (c *Client) form(op Operation, path string, values url.Values) request {
	if c.proof != "" {
		values.Set("appsecret_proof", c.proof)
	}
	return request{op: op, path: path, body: inMemory([]byte(values.Encode())), contentType: contentForm}
}
