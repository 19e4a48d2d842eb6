// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"slices"
)

// overridableFields follow the overrides of numbers and accounts; all others always go to the app's callback.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override.
var overridableFields = knownFields(`messages message_echoes calls consumer_profile messaging_handovers group_lifecycle_update
	group_participants_update group_settings_update group_status_update smb_message_echoes smb_app_state_sync history
	account_settings_update`)

func (a *account) subscriptionOf(appID string) *subscription {
	for _, x := range a.apps {
		if x.appID == appID {
			return x
		}
	}
	return nil
}

// subscribeApp is POST /{waba}/subscribed_apps: it subscribes the app that owns the token. A plain subscription removes an
// existing override.
func (s *Simulator) subscribeApp(c *call) (any, *apiError) {
	address := c.param("override_callback_uri")
	if address != "" {
		if problem := s.mayOverride(c, address); problem != nil {
			return nil, problem
		}
		if problem := s.verifyCallback(c, address, c.param("verify_token")); problem != nil {
			return nil, problem
		}
	}
	x := c.account.subscriptionOf(c.token.AppID)
	if x == nil {
		x = &subscription{appID: c.token.AppID, seq: s.nextSequence()}
		c.account.apps = append(c.account.apps, x)
	}
	x.override = address
	return success(), nil
}

// mayOverride: the app must get messages of this account already (field report).
func (s *Simulator) mayOverride(c *call, address string) *apiError {
	own := s.topicOf(c.token.AppID)
	if c.account.subscriptionOf(c.token.AppID) == nil || s.hooked && (own == nil || !slices.Contains(own.fields, "messages")) {
		return badParam("Before override the current callback uri, your app must be subscribed to receive messages for WhatsApp Business Account")
	}
	return s.checkOverride(address, c.param("verify_token"))
}

func (s *Simulator) checkOverride(address, token string) *apiError {
	switch {
	case s.checkCallback("override_callback_uri", address) != nil || len(address) > maxOverrideLength:
		return badParam("Param override_callback_uri must be a valid https URL of at most %d characters", maxOverrideLength)
	case token == "":
		return badParam("The parameter verify_token is required")
	}
	return nil
}

// unsubscribeApp is DELETE /{waba}/subscribed_apps, for the calling app only.
func (s *Simulator) unsubscribeApp(c *call) (any, *apiError) {
	c.account.apps = slices.DeleteFunc(c.account.apps, func(x *subscription) bool { return x.appID == c.token.AppID })
	return success(), nil
}

// overrideURL reads webhook_configuration and does the handshake; an empty address removes the override. The verify token
// can't be read again.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/override.
func (s *Simulator) overrideURL(c *call, raw json.RawMessage) (string, *apiError) {
	var in struct {
		URL   *string `json:"override_callback_uri"`
		Token string  `json:"verify_token"`
	}
	if json.Unmarshal([]byte(scalar(raw)), &in) != nil || in.URL == nil {
		return "", badParam("Param webhook_configuration must be an object with override_callback_uri")
	}
	if *in.URL == "" {
		return "", nil
	}
	if problem := s.checkOverride(*in.URL, in.Token); problem != nil {
		return "", problem
	}
	return *in.URL, s.verifyCallback(c, *in.URL, in.Token)
}

// overrideFor is the number's own callback for an app: that the override of one app says nothing to others is a guess.
func (n *number) overrideFor(appID string) string {
	if n.memory.callbackApp != "" && n.memory.callbackApp != appID {
		return ""
	}
	return n.CallbackURL
}

// webhookConfiguration lacks the keys of levels that are not set.
func (s *Simulator) webhookConfiguration(c *call, n *number) any {
	if c.token == nil {
		return nil
	}
	out := map[string]any{}
	set := func(name, address string) {
		if address != "" {
			out[name] = address
		}
	}
	set("phone_number", n.overrideFor(c.token.AppID))
	set("application", s.appCallbackOf(c, n))
	if x := n.account.subscriptionOf(c.token.AppID); x != nil {
		set("whatsapp_business_account", x.override)
	}
	if len(out) == 0 {
		return nil
	}
	return out
}
