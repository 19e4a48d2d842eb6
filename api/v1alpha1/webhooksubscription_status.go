// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	"cmp"
	"slices"

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

	// PhoneNumbers are the overrides of the numbers that the spec names, and of those that it no longer names and that aren't
	// cleared yet.
	// +optional
	// +listType=map
	// +listMapKey=id
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

	// AppliedCallbacks are the addresses that this resource set last, or was about to set. Any other address at Meta was set by
	// another client.
	// +optional
	// +listType=map
	// +listMapKey=level
	AppliedCallbacks []AppliedCallback `json:"appliedCallbacks,omitempty"`
}

// Levels of AppliedCallback beside the ids of phone numbers.
const (
	// CallbackLevelApp is the app's own subscription.
	CallbackLevelApp = "app"
	// CallbackLevelMessages is the override of the account.
	CallbackLevelMessages = "messages"
)

// AppliedCallback is an address that a resource set at Meta, or was about to set. Only such a one is cleared again.
type AppliedCallback struct {
	// Level is app, messages, or the id of a phone number at Meta.
	// +required
	Level string `json:"level"`

	// URL that was set.
	// +required
	URL string `json:"url"`

	// VerifyTokenSecret is the version of the Secret whose verify token was set with it. Absent means that the write isn't known to have
	// succeeded.
	// +optional
	VerifyTokenSecret *SecretVersion `json:"verifyTokenSecret,omitempty"`
}

// Applied is the address that was set at a level, with an empty URL for none.
func (s *WebhookSubscriptionOperatorStatus) Applied(level string) AppliedCallback {
	for i := range s.AppliedCallbacks {
		if s.AppliedCallbacks[i].Level == level {
			return s.AppliedCallbacks[i]
		}
	}
	return AppliedCallback{Level: level}
}

// SetApplied remembers the address that was set at a level. An empty URL forgets it.
func (s *WebhookSubscriptionOperatorStatus) SetApplied(applied AppliedCallback) {
	s.AppliedCallbacks = slices.DeleteFunc(slices.Clone(s.AppliedCallbacks), func(a AppliedCallback) bool { return a.Level == applied.Level })
	if applied.URL != "" {
		s.AppliedCallbacks = append(s.AppliedCallbacks, applied)
	}
	slices.SortFunc(s.AppliedCallbacks, func(a, b AppliedCallback) int { return cmp.Compare(a.Level, b.Level) })
}

// AppWebhookStatus is the app's own subscription at Meta.
type AppWebhookStatus struct {
	// CallbackURL that is set at Meta.
	// +optional
	CallbackURL string `json:"callbackURL,omitempty"`

	// Active reports whether Meta delivers events.
	// +optional
	Active *bool `json:"active,omitempty"`

	// Fields to which the app is subscribed.
	// +optional
	// +listType=atomic
	Fields []string `json:"fields,omitempty"`
}

// WebhookOverrideStatus is an override at Meta.
type WebhookOverrideStatus struct {
	// CallbackURL that is set at Meta.
	// +optional
	CallbackURL string `json:"callbackURL,omitempty"`
}

// PhoneNumberWebhookOverrideStatus is the override of one number at Meta.
type PhoneNumberWebhookOverrideStatus struct {
	// Name of the PhoneNumber resource.
	// +optional
	Name string `json:"name,omitempty"`

	// ID of the phone number at Meta.
	// +required
	ID string `json:"id"`

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
