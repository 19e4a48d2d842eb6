// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WebhookSubscriptionStatus is where the events go, and what the operator keeps about it. Verify tokens are
// never shown.
type WebhookSubscriptionStatus struct {
	CommonStatus `json:",inline"`

	// AppID is the id of the Meta app to which the account's access token belongs.
	// +optional
	AppID string `json:"appID,omitempty"`

	// Subscribed reports whether that app receives the account's events.
	// +optional
	Subscribed *bool `json:"subscribed,omitempty"`

	// App is the app's own subscription.
	// +optional
	App *AppWebhookStatus `json:"app,omitempty"`

	// Messages is the override for message events of the account.
	// +optional
	Messages *WebhookOverrideStatus `json:"messages,omitempty"`

	// PhoneNumbers are the overrides of single numbers that this resource set.
	// +optional
	// +listType=atomic
	PhoneNumbers []PhoneNumberWebhookOverrideStatus `json:"phoneNumbers,omitempty"`

	// Operator is the operator's own memory. It is no API: it may change with any version.
	// +optional
	Operator WebhookSubscriptionOperatorStatus `json:"operator,omitzero"`

	// Webhook holds facts about the deliveries that the operator received.
	// +optional
	Webhook *WebhookSubscriptionWebhookStatus `json:"webhook,omitempty"`
}

// WebhookSubscriptionOperatorStatus is what the operator remembers of a subscription. It is no API: it may change with any version.
type WebhookSubscriptionOperatorStatus struct {
	OperatorStatus `json:",inline"`

	// AppliedSubscription reports that this resource subscribed the app. Only then it unsubscribes it again.
	// +optional
	AppliedSubscription bool `json:"appliedSubscription,omitempty"`
}

// AppWebhookStatus is the app's own subscription at Meta.
type AppWebhookStatus struct {
	// CallbackURL that is set at Meta.
	// +optional
	CallbackURL string `json:"callbackURL,omitempty"`

	// AppliedURL is the callback that this resource set last, or was about to set. Any other address was set by another client.
	// +optional
	AppliedURL string `json:"appliedURL,omitempty"`

	// Active reports whether Meta delivers events.
	// +optional
	Active *bool `json:"active,omitempty"`

	// Fields to which the app is subscribed.
	// +optional
	// +listType=atomic
	Fields []string `json:"fields,omitempty"`

	// VerifyTokenSecret is the version of the Secret whose verify token was last applied.
	// +optional
	VerifyTokenSecret *SecretVersion `json:"verifyTokenSecret,omitempty"`
}

// WebhookOverrideStatus is an override at Meta.
type WebhookOverrideStatus struct {
	// CallbackURL that is set at Meta.
	// +optional
	CallbackURL string `json:"callbackURL,omitempty"`

	// AppliedURL is the address that this resource set last, or was about to set. Only that one is cleared again.
	// +optional
	AppliedURL string `json:"appliedURL,omitempty"`

	// VerifyTokenSecret is the version of the Secret whose verify token was last applied.
	// +optional
	VerifyTokenSecret *SecretVersion `json:"verifyTokenSecret,omitempty"`
}

// PhoneNumberWebhookOverrideStatus is the override of one number at Meta.
type PhoneNumberWebhookOverrideStatus struct {
	// Name of the PhoneNumber resource.
	// +optional
	Name string `json:"name,omitempty"`

	// ID of the phone number at Meta.
	// +optional
	ID string `json:"id,omitempty"`

	WebhookOverrideStatus `json:",inline"`
}

// WebhookSubscriptionWebhookStatus holds facts about the deliveries that the operator received.
type WebhookSubscriptionWebhookStatus struct {
	// Events is the newest event seen of each webhook field.
	// +optional
	// +listType=map
	// +listMapKey=field
	Events []WebhookEvent `json:"events,omitempty"`

	// HandshakeTime is when Meta last verified the operator's receiver for this app.
	// +optional
	HandshakeTime *metav1.Time `json:"handshakeTime,omitempty"`
}
