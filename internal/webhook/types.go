// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package webhook defines the form of Meta's webhooks: it parses the body of a delivery into typed changes. It knows neither HTTP
// nor Kubernetes, and keeps nothing of message events.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/overview
package webhook

import "time"

// Change is one event about one account.
type Change struct {
	// AccountID is the id at Meta of the account (WABA) that the event is about. Events about partners arrive under the id of a
	// business portfolio and name the account inside.
	AccountID string
	// BusinessID is the id of the business portfolio under which the event arrived, "" when it arrived under the account's.
	BusinessID string
	// Entry is the place of the entry in the delivery that has the change, from 0.
	Entry int
	// Field in Meta's spelling, such as message_template_status_update.
	Field string
	// Time that Meta gave to the entry, to the second; zero where it gave none.
	Time time.Time
	// PhoneNumberID is the id at Meta of the number in the metadata of the event, as events of messages have it, whatever the field;
	// "" where there is none.
	PhoneNumberID string
	// Hash of field and value: the same event delivered again has the same time and hash, whatever the order of its keys. Of
	// message events only the field is hashed, because their content isn't read.
	Hash string
	// Value is the content of the event: one of the types below, by value. It is nil for fields that this version doesn't know,
	// and for events that lack an essential part, such as a name of the event or its subject.
	Value Value
	// UnknownProperties are those of the value that this version doesn't know, as paths; at most 20. Values of message fields aren't looked
	// into.
	UnknownProperties []string
}

// Value is what an event says. Texts are Meta's own, shortened to 1,024 characters, and lists to 50 items; enumerations are in
// upper case and open, for Meta adds to them without notice.
type Value interface{ isValue() }

// Template identifies the message template of an event. Language is spelled as in Meta's API (en_US), where webhooks often
// have a hyphen.
type Template struct{ ID, Name, Language string }

// TemplateStatus is message_template_status_update.
type TemplateStatus struct {
	Template
	// Event: APPROVED, REJECTED, PAUSED, FLAGGED … ; see the reference for those that are no status of a template.
	Event string
	// Category that the template has now; "" in older events.
	Category string
	// Reason of a rejection, "" when it is NONE or null.
	Reason string
	// RejectionReason and RejectionRecommendation are Meta's words about this template.
	RejectionReason, RejectionRecommendation string
	// PauseTitle is FIRST_PAUSE, SECOND_PAUSE, RATE_LIMITING_PAUSE, UNPAUSE or DISABLED.
	PauseTitle, PauseDescription string
	// DisableDate is when Meta disabled, or will disable, the template.
	DisableDate time.Time
}

// TemplateQuality is message_template_quality_update.
type TemplateQuality struct {
	Template
	Previous, New string
}

// TemplateComponents is message_template_components_update: the template was edited.
type TemplateComponents struct{ Template }

// TemplateCategory is template_category_update and template_correct_category_detection. With Correct set it announces a
// change: New is then the category that still holds.
type TemplateCategory struct {
	Template
	Previous, New, Correct string
	// ChangeTime is when an announced change takes effect; zero where Meta doesn't say.
	ChangeTime time.Time
}

// AccountUpdate is account_update, and the other fields that report something that happened to an account
// (partner_solutions, payment_configuration_update).
type AccountUpdate struct {
	// Event, such as ACCOUNT_RESTRICTION.
	Event string
	// Violation is set for ACCOUNT_VIOLATION, and for restrictions because of one.
	Violation *Violation
	// Restrictions are set for ACCOUNT_RESTRICTION.
	Restrictions []Restriction
	// Ban is set for DISABLED_UPDATE.
	Ban *Ban
	// Detail describes other events, in Meta's terms and on one line.
	Detail string
}

// Violation of a policy of Meta's.
type Violation struct {
	Type string
	// PhoneNumber in digits; "" where Meta names none.
	PhoneNumber string
}

// Restriction is something the account may not do; Expires is zero where Meta gives no end.
type Restriction struct {
	Type        string
	Expires     time.Time
	Remediation string
}

// Ban of an account; Date is zero where it can't be read.
type Ban struct {
	// State: SCHEDULE_FOR_DISABLE, DISABLE or REINSTATE.
	State string
	Date  time.Time
}

// AccountReview is account_review_update.
type AccountReview struct {
	// Decision: APPROVED, REJECTED, PENDING or DEFERRED.
	Decision string
}

// Alert is account_alerts, and flows: a Flow's status, its endpoint, or errors of its clients. What people enter into a Flow isn't in it.
type Alert struct {
	Type, Severity, Status, Description string
	// EntityType: BUSINESS, PHONE_NUMBER, CURRENT_STATUS_ID, the profile of a number, or FLOW.
	EntityType, EntityID string
}

// Capability is business_capability_update. What it doesn't mention is "" or 0.
type Capability struct {
	// MessagingLimit in the spelling TIER_2K, also where Meta sent a number.
	MessagingLimit  string
	MaxPhoneNumbers int
}

// NumberQuality is phone_number_quality_update, which in spite of its name reports limits.
type NumberQuality struct {
	// PhoneNumber in digits.
	PhoneNumber           string
	Event, MessagingLimit string
}

// NumberName is phone_number_name_update.
type NumberName struct {
	// PhoneNumber in digits.
	PhoneNumber string
	// Decision: APPROVED, REJECTED, PENDING or DEFERRED.
	Decision, RequestedName, RejectionReason string
}

// NumberSecurity is security: a user did something about the PIN of a number. Who did it isn't kept.
type NumberSecurity struct {
	// PhoneNumber in digits.
	PhoneNumber string
	// Event: PIN_CHANGED, PIN_RESET_REQUEST or PIN_REQUEST_SUCCESS.
	Event string
}

// NumberSettings is account_settings_update.
type NumberSettings struct {
	// PhoneNumberID is the id at Meta.
	PhoneNumberID string
	// CallingStatus is ENABLED or DISABLED, "" when the event is about something else.
	CallingStatus string
}

// NumberUsername is business_username_update.
type NumberUsername struct {
	// PhoneNumber in digits.
	PhoneNumber string
	// Status: APPROVED, RESERVED or DELETED.
	Username, Status string
}

// Message is an event of a message field, such as messages or calls. Its content is personal data and isn't read.
type Message struct{}

func (TemplateStatus) isValue()     {}
func (TemplateQuality) isValue()    {}
func (TemplateComponents) isValue() {}
func (TemplateCategory) isValue()   {}
func (AccountUpdate) isValue()      {}
func (AccountReview) isValue()      {}
func (Alert) isValue()              {}
func (Capability) isValue()         {}
func (NumberQuality) isValue()      {}
func (NumberName) isValue()         {}
func (NumberSecurity) isValue()     {}
func (NumberSettings) isValue()     {}
func (NumberUsername) isValue()     {}
func (Message) isValue()            {}
