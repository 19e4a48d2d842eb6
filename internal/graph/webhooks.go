// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"fmt"
	"io"
	"net/url"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

const (
	edgeSubscriptions = "/subscriptions"
	// subscribedObject is the topic of everything that concerns accounts, numbers and templates.
	subscribedObject = "whatsapp_business_account"
	// maxCallbackURL is the length of a callback address, in characters.
	maxCallbackURL = 200
)

// AppSubscription is what an app itself is subscribed to. The zero value means: to nothing.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/app/subscriptions
type AppSubscription struct {
	CallbackURL string
	// Active: nil = not said.
	Active *bool
	// Fields in the order of Meta's answer.
	Fields []string
}

// AppSubscriptionChange replaces an app's subscription. It must not be printed field by field; printing it with fmt is safe.
type AppSubscriptionChange struct {
	// CallbackURL is https and at most 200 characters. Meta calls it, with VerifyToken, before it answers.
	CallbackURL, VerifyToken string
	// Fields are all that the app shall have: those that are missing here are given up.
	Fields []string
}

// Format prints a fixed text, so that no verb of fmt prints the verify token.
func (AppSubscriptionChange) Format(state fmt.State, _ rune) {
	_, _ = io.WriteString(state, "graph.AppSubscriptionChange"+redacted)
}

// HasAppSecret reports whether the calls on the app itself can be made.
func (c *Client) HasAppSecret() bool { return c.appSecret != "" }

// asApp lets a request go out with the app's own access token, and with the proof for that one: an app may demand a proof of
// each call (https://developers.facebook.com/docs/graph-api/guides/secure-requests).
//
// Source: https://developers.facebook.com/docs/facebook-login/guides/access-tokens#apptokens
func (c *Client) asApp(r request, appID string) (request, error) {
	if err := checkIDs(r.op, appID); err != nil {
		return request{}, err
	}
	if c.appSecret == "" {
		return request{}, invalid(r.op, "the app secret is not known")
	}
	r.token = appID + "|" + c.appSecret
	r.proof = appSecretProof(c.appSecret, r.token)
	r.texts = append(r.texts, r.token, r.proof)
	return r, nil
}

// ReadAppSubscription reads what the app is subscribed to about WhatsApp accounts. It needs the app secret.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/app/subscriptions
func (c *Client) ReadAppSubscription(ctx context.Context, appID string) (*AppSubscription, error) {
	r, err := c.asApp(request{op: OpReadAppSubscription, path: "/" + appID + edgeSubscriptions}, appID)
	if err != nil {
		return nil, err
	}
	found := &AppSubscription{}
	err = c.do(ctx, r, func(value any) error {
		n := lenient.NodeOf(value)
		if n["data"] == nil {
			return shapeError("subscriptions without data")
		}
		for _, item := range n.Nodes("data") {
			if item.Text("object") == subscribedObject {
				*found = appSubscriptionFrom(item)
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func appSubscriptionFrom(n lenient.Node) AppSubscription {
	s := AppSubscription{CallbackURL: n.Text("callback_url"), Active: n.BoolPtr("active")}
	for _, field := range n.List("fields") {
		name := lenient.Text(field)
		if object := lenient.NodeOf(field); object != nil {
			name = object.Text("name")
		}
		if name != "" {
			s.Fields = append(s.Fields, name)
		}
	}
	return s
}

// SetAppSubscription replaces callback address and fields of the app, for all accounts that it is subscribed to. It needs
// the app secret. A callback that does not answer Meta's handshake is refused with CauseCallbackNotVerified, an app that
// can only be set in the App Dashboard with CauseDashboardOnly.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
func (c *Client) SetAppSubscription(ctx context.Context, appID string, s AppSubscriptionChange) error {
	if err := checkCallback(OpSetAppSubscription, s.CallbackURL, s.VerifyToken); err != nil {
		return err
	}
	if len(s.Fields) == 0 {
		return invalid(OpSetAppSubscription, "there are no fields to subscribe to")
	}
	r, err := c.asApp(request{
		op: OpSetAppSubscription, path: "/" + appID + edgeSubscriptions, texts: []string{s.VerifyToken},
	}, appID)
	if err != nil {
		return err
	}
	form := url.Values{
		"object": {subscribedObject}, "callback_url": {s.CallbackURL}, "verify_token": {s.VerifyToken},
		"fields": {strings.Join(s.Fields, ",")}, "include_values": {"true"}, "appsecret_proof": {r.proof},
	}
	r.body, r.contentType = inMemory([]byte(form.Encode())), contentForm
	return c.do(ctx, r, checkConfirmed)
}

// DeleteAppSubscription ends the subscription of the app to fields, or all of it without any. It needs the app secret.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/app/subscriptions
func (c *Client) DeleteAppSubscription(ctx context.Context, appID string, fields ...string) error {
	query := url.Values{"object": {subscribedObject}}
	if len(fields) > 0 {
		query.Set("fields", strings.Join(fields, ","))
	}
	r, err := c.asApp(request{op: OpDeleteAppSubscription, path: "/" + appID + edgeSubscriptions, query: query}, appID)
	if err != nil {
		return err
	}
	return c.do(ctx, r, checkConfirmed)
}

// SubscribeApp subscribes the app of the client's token to an account. For an app that is subscribed already Meta removes
// the override, so ask ListSubscribedApps first.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/manage-webhooks
func (c *Client) SubscribeApp(ctx context.Context, wabaID string) error {
	return c.subscribedApps(ctx, OpSubscribeApp, wabaID)
}

// UnsubscribeApp ends the subscription of the app of the client's token to an account, with its override. Other apps stay.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/solution-providers/manage-webhooks
func (c *Client) UnsubscribeApp(ctx context.Context, wabaID string) error {
	return c.subscribedApps(ctx, OpUnsubscribeApp, wabaID)
}

func (c *Client) subscribedApps(ctx context.Context, op Operation, wabaID string) error {
	if err := checkIDs(op, wabaID); err != nil {
		return err
	}
	return c.do(ctx, request{op: op, path: "/" + wabaID + "/" + edgeApps, account: wabaID}, checkConfirmed)
}

// OverrideAccountCallback sends the message events of an account, as far as the app of the client's token gets them, to an
// address of their own. Meta calls it, with the verify token, before it answers. An app that is not subscribed is refused
// with CauseNotSubscribed.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override
func (c *Client) OverrideAccountCallback(ctx context.Context, wabaID, callbackURL, verifyToken string) error {
	if err := checkIDs(OpOverrideAccountCallback, wabaID); err != nil {
		return err
	}
	if err := checkCallback(OpOverrideAccountCallback, callbackURL, verifyToken); err != nil {
		return err
	}
	r, err := jsonRequest(OpOverrideAccountCallback, "/"+wabaID+"/"+edgeApps, wireOverride{callbackURL, verifyToken})
	if err != nil {
		return err
	}
	r.account, r.texts = wabaID, []string{verifyToken}
	return c.do(ctx, r, checkConfirmed)
}

// SetNumberCallback sends the message events of one number to an address of their own; "" clears that. Meta calls it, with
// the verify token, before it answers.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override
func (c *Client) SetNumberCallback(ctx context.Context, id, callbackURL, verifyToken string) error {
	if err := checkIDs(OpSetNumberCallback, id); err != nil {
		return err
	}
	if callbackURL == "" {
		verifyToken = ""
	} else if err := checkCallback(OpSetNumberCallback, callbackURL, verifyToken); err != nil {
		return err
	}
	r, err := jsonRequest(OpSetNumberCallback, "/"+id, struct {
		Configuration wireOverride `json:"webhook_configuration"`
	}{wireOverride{callbackURL, verifyToken}})
	if err != nil {
		return err
	}
	r.texts = []string{verifyToken}
	return c.do(ctx, r, checkConfirmed)
}

// wireOverride has the address also where it is empty: that clears it.
type wireOverride struct {
	URL         string `json:"override_callback_uri"`
	VerifyToken string `json:"verify_token,omitempty"`
}

func checkCallback(op Operation, callbackURL, verifyToken string) error {
	parsed, err := url.Parse(callbackURL)
	switch {
	case err != nil || parsed.Scheme != "https" || parsed.Hostname() == "":
		return invalid(op, "the callback must be an https address")
	case len(callbackURL) > maxCallbackURL:
		return invalid(op, "the callback address must have at most 200 characters")
	case verifyToken == "":
		return invalid(op, "the verify token is empty")
	}
	return nil
}
