// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"slices"
)

// Names of operations on an app's subscriptions in Request.Op and Stats.ByOp.
const (
	OpListSubscriptions  = "list_subscriptions"
	OpSetSubscription    = "set_subscription"
	OpDeleteSubscription = "delete_subscription"
)

// webhookTopic is the one that all events about WhatsApp Business accounts belong to.
const webhookTopic = "whatsapp_business_account"

// webhookFields are the fields of that topic.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview.
var webhookFields = knownFields(`account_alerts account_review_update account_settings_update account_update automatic_events
	business_capability_update business_status_update business_username_update business_username_updates calls
	consumer_profile flows group_lifecycle_update group_participants_update group_settings_update group_status_update history
	message_echoes message_template_components_update message_template_quality_update message_template_status_update messages
	messaging_handovers partner_solutions payment_configuration_update phone_number_name_update phone_number_quality_update
	security smb_app_state_sync smb_message_echoes standby template_category_update template_correct_category_detection
	tracking_events user_preferences`)

// topic is an app's subscription to a topic. The verify token serves for the handshake and is not kept.
type topic struct {
	object, url, version string
	fields               []string
}

// routeApp finds the operation on an app; it returns false when there is none.
func (s *Simulator) routeApp(c *call, app *App, edge string) bool {
	c.app = app
	switch c.method + " " + edge {
	case "POST uploads":
		c.op, c.handler = OpOpenUpload, s.openUpload
	case "GET subscriptions":
		c.op, c.handler = OpListSubscriptions, s.listSubscriptions
	case "POST subscriptions":
		c.op, c.handler = OpSetSubscription, s.setSubscription
	case "DELETE subscriptions":
		c.op, c.handler = OpDeleteSubscription, s.deleteSubscription
	}
	return c.handler != nil
}

// needAppToken: subscriptions belong to the app, not to its users. Which code refuses another token is a guess.
func needAppToken(c *call) *apiError {
	switch {
	case c.appToken == nil:
		return &apiError{Code: 200, Message: "(#200) This method must be called with an app access_token."}
	case c.appToken.ID != c.app.ID:
		return missingObject(c.method, c.app.ID)
	}
	return nil
}

// mayChangeTopics refuses what only the dashboard can do. Which code Meta uses is a guess.
func (s *Simulator) mayChangeTopics(c *call) *apiError {
	if problem := needAppToken(c); problem != nil {
		return problem
	}
	if s.dashboardOnly {
		return &apiError{Code: 10, Message: "(#10) Application does not have permission for this action"}
	}
	return nil
}

// listSubscriptions is GET /{app}/subscriptions.
// See https://developers.facebook.com/docs/graph-api/reference/app/subscriptions.
func (s *Simulator) listSubscriptions(c *call) (any, *apiError) {
	if problem := needAppToken(c); problem != nil {
		return nil, problem
	}
	data := []any{}
	for _, x := range s.topics[c.app.ID] {
		fields := make([]any, 0, len(x.fields))
		for _, name := range x.fields {
			fields = append(fields, map[string]string{"name": name, "version": x.version})
		}
		data = append(data, map[string]any{"object": x.object, "callback_url": x.url, "active": true, "fields": fields})
	}
	return map[string]any{"data": data}, nil
}

// setSubscription is POST /{app}/subscriptions: one callback per app and topic, and all fields at once. That unknown fields
// are refused is a guess.
func (s *Simulator) setSubscription(c *call) (any, *apiError) {
	if problem := s.mayChangeTopics(c); problem != nil {
		return nil, problem
	}
	for _, name := range []string{"object", "callback_url", "verify_token", "fields"} {
		if c.param(name) == "" {
			return nil, badParam("The parameter %s is required.", name)
		}
	}
	next := &topic{object: c.param("object"), url: c.param("callback_url"), version: cmp.Or(c.version, "v25.0"), fields: sorted(c.list("fields"))}
	for _, name := range next.fields {
		if next.object == webhookTopic && !webhookFields[name] {
			return nil, badParam("Param fields has an unknown field - got %q.", name)
		}
	}
	if _, _, problem := flag(c, "include_values"); problem != nil {
		return nil, problem
	}
	if problem := s.checkCallback("callback_url", next.url); problem != nil {
		return nil, problem
	}
	if problem := s.verifyCallback(c, next.url, c.param("verify_token")); problem != nil {
		return nil, problem
	}
	s.setTopic(c.app.ID, next)
	return success(), nil
}

func sorted(words []string) []string {
	slices.Sort(words)
	return slices.Compact(words)
}

func (s *Simulator) setTopic(appID string, next *topic) {
	others := slices.DeleteFunc(s.topics[appID], func(x *topic) bool { return x.object == next.object })
	s.topics[appID] = append(others, next)
}

// deleteSubscription is DELETE /{app}/subscriptions: of all topics, of one, or of some fields of it.
func (s *Simulator) deleteSubscription(c *call) (any, *apiError) {
	if problem := s.mayChangeTopics(c); problem != nil {
		return nil, problem
	}
	object, fields := c.param("object"), c.list("fields")
	s.topics[c.app.ID] = slices.DeleteFunc(s.topics[c.app.ID], func(x *topic) bool {
		if object != "" && x.object != object {
			return false
		}
		x.fields = slices.DeleteFunc(x.fields, func(name string) bool { return len(fields) == 0 || slices.Contains(fields, name) })
		return len(x.fields) == 0
	})
	return success(), nil
}

// topicOf returns an app's subscription to events of accounts, nil when there is none.
func (s *Simulator) topicOf(appID string) *topic {
	for _, x := range s.topics[appID] {
		if x.object == webhookTopic {
			return x
		}
	}
	return nil
}

// SetAppCallback sets callback and fields of an app as a person does in the dashboard, without a handshake. An empty address
// removes the subscription.
func (s *Simulator) SetAppCallback(appID, callbackURL string, fields ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if callbackURL == "" {
		s.topics[appID] = slices.DeleteFunc(s.topics[appID], func(x *topic) bool { return x.object == webhookTopic })
		return
	}
	s.setTopic(appID, &topic{object: webhookTopic, url: callbackURL, version: "v25.0", fields: sorted(slices.Clone(fields))})
}

// AppCallback returns the callback and the fields of an app; the address is empty when there are none.
func (s *Simulator) AppCallback(appID string) (callbackURL string, fields []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if x := s.topicOf(appID); x != nil {
		return x.url, slices.Clone(x.fields)
	}
	return "", nil
}

// checkCallback refuses addresses that Meta can't call.
func (s *Simulator) checkCallback(name, address string) *apiError {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !s.plainCallbacks) {
		return badParam("Param %s must be a valid https URL", name)
	}
	return nil
}

// verifyCallback does the handshake before the answer. The simulator's lock is open meanwhile: the receiver may ask it
// something, and others need not wait. The texts are those of a field report.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint.
func (s *Simulator) verifyCallback(c *call, address, token string) *apiError {
	if !s.hooked {
		return nil
	}
	challenge := fmt.Sprintf("%010d", s.rand.Int64N(10_000_000_000))
	query := url.Values{"hub.mode": {"subscribe"}, "hub.challenge": {challenge}, "hub.verify_token": {token}}
	request, err := s.callbackRequest(c.request.Context(), http.MethodGet, address, query, nil)
	if err != nil {
		return badParam("The callback isn't a valid URL")
	}
	s.mu.Unlock()
	defer s.mu.Lock()
	status, body := s.ask(request)
	var problem string
	switch {
	case status == 0:
		problem = "curl_errno = 7; curl_error = Failed to connect; HTTP Status Code = 0; HTTP Message = Unknown"
	case status != http.StatusOK:
		problem = fmt.Sprintf("HTTP Status Code = %d; HTTP Message = %s", status, http.StatusText(status))
	case body != challenge:
		problem = fmt.Sprintf("Response does not match challenge, expected value = %q; HTTP Status Code = 200; HTTP Message = OK", challenge)
	default:
		return nil
	}
	return &apiError{Code: 2200, Message: "(#2200) Callback verification failed with the following errors: " + problem}
}

// appCallbackOf is webhook_configuration.application for a caller.
func (s *Simulator) appCallbackOf(c *call, n *number) string {
	if c.token != nil {
		if x := s.topicOf(c.token.AppID); x != nil {
			return x.url
		}
	}
	return n.AppCallbackURL
}
