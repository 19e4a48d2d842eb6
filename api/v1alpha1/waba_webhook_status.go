// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WABAWebhookStatus holds what webhooks said about an account. Most of it can't be read in any other way.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
type WABAWebhookStatus struct {
	// Events is the newest event seen of each webhook field.
	// +optional
	// +listType=map
	// +listMapKey=field
	Events []WebhookEvent `json:"events,omitempty"`

	// Restrictions that Meta put on the account.
	// +optional
	// +listType=map
	// +listMapKey=type
	Restrictions []Restriction `json:"restrictions,omitempty"`

	// Violations of Meta's policies, the newest last.
	// +optional
	// +listType=atomic
	Violations []Violation `json:"violations,omitempty"`

	// Ban is the state of a ban of the account.
	// +optional
	Ban *Ban `json:"ban,omitempty"`

	// Alerts that Meta raised, the newest last.
	// +optional
	// +listType=atomic
	Alerts []Alert `json:"alerts,omitempty"`

	// ReviewDecision is the newest decision on the review of the account, for example APPROVED.
	// +optional
	ReviewDecision string `json:"reviewDecision,omitempty"`

	// MessagingLimit is the newest messaging limit reported, for example TIER_2K.
	// +optional
	MessagingLimit string `json:"messagingLimit,omitempty"`

	// MaxPhoneNumbers is how many phone numbers Meta allows.
	// +optional
	MaxPhoneNumbers int32 `json:"maxPhoneNumbers,omitempty"`

	// AccountEvents are other events about the account, such as partners that came or went, the newest last.
	// +optional
	// +listType=atomic
	AccountEvents []AccountEvent `json:"accountEvents,omitempty"`
}

// Restriction is something the account may not do for a time.
type Restriction struct {
	// Type of the restriction, for example RESTRICTED_BIZ_INITIATED_MESSAGING.
	// +required
	Type string `json:"type"`

	// Time when Meta reported it.
	// +optional
	Time *metav1.Time `json:"time,omitempty"`

	// ExpirationTime is when the restriction ends; absent means that Meta didn't say.
	// +optional
	ExpirationTime *metav1.Time `json:"expirationTime,omitempty"`

	// Remediation is the remedy that Meta proposes.
	// +optional
	Remediation string `json:"remediation,omitempty"`
}

// Violation is a violation of Meta's policies.
type Violation struct {
	// Type of the violation, for example ALCOHOL.
	// +required
	Type string `json:"type"`

	// Time when Meta reported it.
	// +required
	Time metav1.Time `json:"time"`

	// PhoneNumber concerned, digits only, where Meta names one.
	// +optional
	PhoneNumber string `json:"phoneNumber,omitempty"`
}

// Ban is the state of a ban of the account.
type Ban struct {
	// State of the ban: SCHEDULE_FOR_DISABLE, DISABLE or REINSTATE.
	// +required
	State string `json:"state"`

	// Time at which Meta disables or disabled the account.
	// +optional
	Time *metav1.Time `json:"time,omitempty"`
}

// Alert is a notice that Meta raised about the account, its business or a number.
type Alert struct {
	// Type of the alert, for example PROFILE_PICTURE_LOST.
	// +required
	Type string `json:"type"`

	// Severity: CRITICAL, WARNING or INFORMATIONAL.
	// +optional
	Severity string `json:"severity,omitempty"`

	// Status: ACTIVE or NONE.
	// +optional
	Status string `json:"status,omitempty"`

	// Description in Meta's words.
	// +optional
	Description string `json:"description,omitempty"`

	// EntityType is what the alert is about: BUSINESS, PHONE_NUMBER or CURRENT_STATUS_ID (the profile of a number).
	// +optional
	EntityType string `json:"entityType,omitempty"`

	// EntityID is the id at Meta of what the alert is about.
	// +optional
	EntityID string `json:"entityID,omitempty"`

	// Time when Meta raised it.
	// +required
	Time metav1.Time `json:"time"`
}

// AccountEvent is something that happened to the account: a partner or its app came or went, the account was deleted, its
// price tier or payment configuration changed.
type AccountEvent struct {
	// Event, for example PARTNER_REMOVED or ACCOUNT_OFFBOARDED.
	// +required
	Event string `json:"event"`

	// Time when Meta reported it.
	// +required
	Time metav1.Time `json:"time"`

	// Detail in Meta's terms, for example the reason of a disconnection or the id of the partner's app.
	// +optional
	Detail string `json:"detail,omitempty"`
}
