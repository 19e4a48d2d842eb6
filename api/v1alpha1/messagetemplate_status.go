// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// MessageTemplateStatus is what Meta reports about the template, and what the operator keeps about it.
type MessageTemplateStatus struct {
	CommonStatus `json:",inline"`

	// Status at Meta: PENDING (in review), APPROVED (can be sent), REJECTED, PAUSED, DISABLED, IN_APPEAL,
	// PENDING_DELETION, LIMIT_EXCEEDED, ARCHIVED, or whatever Meta adds.
	// +optional
	Status string `json:"status,omitempty"`

	// StatusChangedTime is when Meta gave the template this status, as far as can be seen from outside.
	// +optional
	StatusChangedTime *metav1.Time `json:"statusChangedTime,omitempty"`

	// StatusEndTime is when the status is expected to end by itself: a review or an appeal takes up to a day, the first pause for
	// low quality 3 hours and the second 6, an archived template is deleted for good after 28 days, and a deleted one leaves its
	// name after 30. Absent means not by itself, or not known.
	// +optional
	StatusEndTime *metav1.Time `json:"statusEndTime,omitempty"`

	// Category at Meta; it decides the price.
	// +optional
	Category string `json:"category,omitempty"`

	// PreviousCategory before Meta changed it.
	// +optional
	PreviousCategory string `json:"previousCategory,omitempty"`

	// CorrectCategory is the category that Meta is going to give the template.
	// +optional
	CorrectCategory string `json:"correctCategory,omitempty"`

	// QualityScore: GREEN, YELLOW, RED or UNKNOWN.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-quality
	// +optional
	QualityScore string `json:"qualityScore,omitempty"`

	// MaxPrice is the one at Meta. Absent means none, or not known.
	// +optional
	MaxPrice *ObservedMaxPrice `json:"maxPrice,omitempty"`

	// Rejection reports why Meta rejected the template.
	// +optional
	Rejection *TemplateRejection `json:"rejection,omitempty"`

	// Pause reports why Meta paused the template.
	// +optional
	Pause *TemplatePause `json:"pause,omitempty"`

	// Warnings are doubts about the spec that don't stop it, for example many variables in a short text.
	// +optional
	// +listType=atomic
	Warnings []string `json:"warnings,omitempty"`

	// Parameters are what a sender must fill in, in the order of the message.
	// +optional
	// +listType=atomic
	Parameters []TemplateParameter `json:"parameters,omitempty"`

	// Operator is the operator's own memory. It is no API: it may change with any version.
	// +optional
	Operator MessageTemplateOperatorStatus `json:"operator,omitzero"`

	// Webhook holds what webhooks reported.
	// +optional
	Webhook *MessageTemplateWebhookStatus `json:"webhook,omitempty"`
}

// MessageTemplateOperatorStatus is what the operator remembers of a template. It is no API: it may change with any version.
type MessageTemplateOperatorStatus struct {
	OperatorStatus `json:",inline"`

	// PendingCreate is set before a template is created and cleared afterwards, so that a crash in between is noticed.
	// +optional
	PendingCreate *PendingCreate `json:"pendingCreate,omitempty"`

	// Baseline is what Meta gave back after the last write or adoption, as hashes; drift is measured against it.
	// +optional
	Baseline *Baseline `json:"baseline,omitempty"`

	// Edits are the edits of content made, the newest last. An approved template takes one a day and ten in thirty days.
	// +optional
	// +listType=atomic
	Edits []EditAttempt `json:"edits,omitempty"`

	// PriceEdits count the edits of the max price of the approved template within the last hour, by ten minutes, the newest last. An
	// approved template takes 100 an hour.
	// +optional
	// +listType=atomic
	PriceEdits []EditCount `json:"priceEdits,omitempty"`

	// NameLockedTime is when Meta first answered a create with a lock of the name. It is cleared when the template is
	// created, found, or refused for another reason.
	// +optional
	NameLockedTime *metav1.Time `json:"nameLockedTime,omitempty"`

	// LastWriteTime is when Meta last answered a create or an edit. What webhooks reported until then doesn't take back what the answer
	// said.
	// +optional
	LastWriteTime *metav1.Time `json:"lastWriteTime,omitempty"`

	// PauseTimes are the times at which pauses began, as far as seen, the newest last. After the third, Meta disables the
	// template.
	// +optional
	// +listType=atomic
	PauseTimes []metav1.Time `json:"pauseTimes,omitempty"`

	// LastUpdatedTimes are the times of changes seen at Meta, people's edits included, the newest last.
	// +optional
	// +listType=atomic
	LastUpdatedTimes []metav1.Time `json:"lastUpdatedTimes,omitempty"`

	// LastHandledUnpause is the value of the annotation whatsapp.waba-operator.io/unpause last acted on.
	// +optional
	LastHandledUnpause string `json:"lastHandledUnpause,omitempty"`

	// LastHandledUnarchive is the value of the annotation whatsapp.waba-operator.io/unarchive last acted on.
	// +optional
	LastHandledUnarchive string `json:"lastHandledUnarchive,omitempty"`
}

// ObservedMaxPrice is the max price of a template at Meta.
type ObservedMaxPrice struct {
	// AmountPer1000 is the price of 1,000 deliveries in the smallest unit of the account's currency.
	// +required
	AmountPer1000 int64 `json:"amountPer1000"`
}

// TemplateRejection reports why Meta rejected a template.
type TemplateRejection struct {
	// Reason, for example INVALID_FORMAT, TAG_CONTENT_MISMATCH, INCORRECT_CATEGORY, CATEGORY_NOT_AVAILABLE, ABUSIVE_CONTENT, SCAM or PROMOTIONAL.
	// +optional
	Reason string `json:"reason,omitempty"`

	// Explanation of what is wrong with this template, in Meta's words; only webhooks report it.
	// +optional
	Explanation string `json:"explanation,omitempty"`

	// Recommendation is the remedy that Meta proposes: for this template where a webhook reported it, else for the reason.
	// +optional
	Recommendation string `json:"recommendation,omitempty"`
}

// TemplatePause reports why Meta paused a template.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-pausing
type TemplatePause struct {
	// Title: FIRST_PAUSE (3 hours), SECOND_PAUSE (6 hours), RATE_LIMITING_PAUSE (until unpaused), or others; absent where the
	// reason is unknown.
	// +optional
	Title string `json:"title,omitempty"`

	// Description of what the pause means.
	// +optional
	Description string `json:"description,omitempty"`
}

// TemplateParameter is one thing that a sender must fill in.
type TemplateParameter struct {
	// Component that holds the parameter: HEADER, BODY, BUTTON, LIMITED_TIME_OFFER or CARD.
	// +required
	Component string `json:"component"`

	// Index of the button (or of the card), counted from 0.
	// +optional
	Index *int32 `json:"index,omitempty"`

	// Name of the variable: "1" for {{1}}, else the name between the braces; absent for media and the like.
	// +optional
	Name string `json:"name,omitempty"`

	// Type of the value: TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION, PAYLOAD and so on.
	// +optional
	Type string `json:"type,omitempty"`

	// Example from the spec.
	// +optional
	Example string `json:"example,omitempty"`
}

// PendingCreate remembers that a template is being created.
type PendingCreate struct {
	// SpecHash of the content sent.
	// +required
	SpecHash string `json:"specHash"`

	// Time when the call was about to be made.
	// +required
	Time metav1.Time `json:"time"`

	// Answered: Meta answered the call with an error. A template that appears under the name afterwards isn't its result.
	// +optional
	Answered bool `json:"answered,omitempty"`
}

// Baseline is what Meta gave back after the last write or adoption.
type Baseline struct {
	// Version of the way the hashes are computed; hashes of another version are not compared.
	// +required
	Version int32 `json:"version"`

	// SpecHash of the spec that was written.
	// +optional
	SpecHash string `json:"specHash,omitempty"`

	// Fields has a hash of each field as Meta gave it back.
	// +optional
	Fields map[string]string `json:"fields,omitempty"`

	// UnknownProperties are those that came back with the operator's own write, without the places in lists. They are Meta's doing, and an
	// edit loses nothing with them.
	// +optional
	// +listType=set
	UnknownProperties []string `json:"unknownProperties,omitempty"`

	// LastUpdatedTime of the template at Meta when the baseline was taken.
	// +optional
	LastUpdatedTime *metav1.Time `json:"lastUpdatedTime,omitempty"`
}

// EditAttempt is one edit of the template at Meta.
type EditAttempt struct {
	// Time of the attempt.
	// +required
	Time metav1.Time `json:"time"`

	// SpecHash of the content sent.
	// +optional
	SpecHash string `json:"specHash,omitempty"`

	// Cause of the edit: Spec or Drift.
	// +optional
	Cause string `json:"cause,omitempty"`

	// Approved reports whether the template was approved at the time, so that the edit counts against the budget.
	// +optional
	Approved bool `json:"approved,omitempty"`

	// Done reports whether Meta took the edit.
	// +optional
	Done bool `json:"done,omitempty"`
}

// EditCount counts edits that were made within ten minutes.
type EditCount struct {
	// Time of the last of them.
	// +required
	Time metav1.Time `json:"time"`

	// Count of the edits.
	// +required
	Count int32 `json:"count"`
}

// MessageTemplateWebhookStatus holds what webhooks said about a template.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/message_template_status_update
type MessageTemplateWebhookStatus struct {
	// Events is the newest event seen of each webhook field.
	// +optional
	// +listType=map
	// +listMapKey=field
	Events []WebhookEvent `json:"events,omitempty"`

	// Status is the newest event reported, for example APPROVED, REJECTED, PAUSED or FLAGGED.
	// +optional
	Status string `json:"status,omitempty"`

	// Reason of the newest rejection.
	// +optional
	Reason string `json:"reason,omitempty"`

	// RejectionReason is the explanation of the newest rejection, in Meta's words.
	// +optional
	RejectionReason string `json:"rejectionReason,omitempty"`

	// RejectionRecommendation is the remedy that Meta proposes.
	// +optional
	RejectionRecommendation string `json:"rejectionRecommendation,omitempty"`

	// PauseTitle, for example FIRST_PAUSE.
	// +optional
	PauseTitle string `json:"pauseTitle,omitempty"`

	// PauseDescription in Meta's words.
	// +optional
	PauseDescription string `json:"pauseDescription,omitempty"`

	// DisableTime is when Meta disabled or will disable the template.
	// +optional
	DisableTime *metav1.Time `json:"disableTime,omitempty"`

	// QualityScore is the newest score reported.
	// +optional
	QualityScore string `json:"qualityScore,omitempty"`

	// Category is the newest category reported.
	// +optional
	Category string `json:"category,omitempty"`

	// PreviousCategory before the newest change of category.
	// +optional
	PreviousCategory string `json:"previousCategory,omitempty"`

	// CorrectCategory is the category that Meta announced.
	// +optional
	CorrectCategory string `json:"correctCategory,omitempty"`

	// CategoryChangeTime is when the announced change takes effect.
	// +optional
	CategoryChangeTime *metav1.Time `json:"categoryChangeTime,omitempty"`
}
