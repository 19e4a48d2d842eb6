// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package overview shows accounts with all that belongs to them, and what of it isn't well. It reads the cluster only: what Meta
// says is what the operator last wrote into the status of the resources.
package overview

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/output"
)

// Severity says how urgently a user must act.
type Severity string

// Severities, the worst first.
const (
	// Critical: messages aren't delivered, the account is in danger, or nothing of it is seen any more. Act now.
	Critical Severity = "Critical"
	// Warning: a person has to act, and nothing burns.
	Warning Severity = "Warning"
	// Info: it ends by itself, follows from another finding, or a user wants it so.
	Info Severity = "Info"
	// OK: nothing to do.
	OK Severity = "OK"
)

// Kinds of the documents for programs.
const (
	// KindStatus is the kind of an Overview.
	KindStatus = "Status"
	// KindProblems is the kind of Problems.
	KindProblems = "Problems"
)

// rank orders severities, the worst first.
var rank = map[Severity]int{Critical: 0, Warning: 1, Info: 2, OK: 3}

// needsPerson reports that nothing gets better until a person acts.
func (s Severity) needsPerson() bool { return s == Critical || s == Warning }

// Overview is what there is in a cluster, or in a part of it. Its JSON form is an interface: fields are added, never renamed.
type Overview struct {
	output.TypeMeta

	// Time at which it was judged.
	Time metav1.Time `json:"time"`
	// Summary counts what is shown.
	Summary Summary `json:"summary"`
	// Unreadable names what the user may not read, so that it is missing here.
	Unreadable []string `json:"unreadable,omitempty"`
	// Accounts by namespace and name.
	Accounts []*Account `json:"accounts"`
}

// Summary counts resources of all kinds by their severity.
type Summary struct {
	Critical int `json:"critical"`
	Warning  int `json:"warning"`
	Info     int `json:"info"`
	OK       int `json:"ok"`
}

func (s *Summary) count(severity Severity) {
	switch severity {
	case Critical:
		s.Critical++
	case Warning:
		s.Warning++
	case Info:
		s.Info++
	default:
		s.OK++
	}
}

// Resource is what all kinds have in common.
type Resource struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// ID at Meta.
	ID string `json:"id,omitempty"`
	// Severity is that of the worst finding.
	Severity Severity `json:"severity"`
	// Ready is the status of the condition Ready: True, False or Unknown.
	Ready string `json:"ready,omitempty"`
	// ManagementPolicy of the resource itself: Managed, Observed or Paused.
	ManagementPolicy string `json:"managementPolicy,omitempty"`
	// CreationTime and DeletionTime are those of the resource, not of the asset at Meta.
	CreationTime *metav1.Time `json:"creationTime,omitempty"`
	DeletionTime *metav1.Time `json:"deletionTime,omitempty"`
	// NextAttemptTime is when the operator tries again, where it waits.
	NextAttemptTime *metav1.Time `json:"nextAttemptTime,omitempty"`
	// Drift names fields that differ at Meta.
	Drift []string `json:"drift,omitempty"`
	// Findings are all that isn't well, the worst first.
	Findings []Finding `json:"findings,omitempty"`
}

// Finding is one thing that isn't well.
type Finding struct {
	Severity Severity `json:"severity"`
	// Condition that shows it; absent where no condition does.
	Condition string `json:"condition,omitempty"`
	// Reason of the condition, or one of NotSeen, NotObserved, Behind, Deleting, Banned, Disconnected, Forbidden,
	// RateUsageHigh, TemplateLimitNear, GraphVersionEnding, Alert.
	Reason string `json:"reason"`
	// Message says what is wrong and what to do.
	Message string `json:"message"`
	// Since when it is so, and until when it is expected to be.
	Since *metav1.Time `json:"since,omitempty"`
	Until *metav1.Time `json:"until,omitempty"`
	// Help is the page about it.
	Help string `json:"help,omitempty"`
}

// Account is one WABA with all that refers to it.
type Account struct {
	Resource
	// Missing says why only the reference to the account is known: NotFound or Forbidden.
	Missing string `json:"missing,omitempty"`
	// Title is the account's name at Meta.
	Title string `json:"title,omitempty"`
	// Health is Meta's judgement: AVAILABLE, LIMITED or BLOCKED.
	Health         string `json:"health,omitempty"`
	ReviewStatus   string `json:"reviewStatus,omitempty"`
	MessagingLimit string `json:"messagingLimit,omitempty"`
	// PaymentMethodPresent says whether a payment method is attached at Meta.
	PaymentMethodPresent *bool `json:"paymentMethodPresent,omitempty"`
	// GraphAPIVersion that the resource names; absent means the operator's.
	GraphAPIVersion string `json:"graphAPIVersion,omitempty"`
	// LastObservedTime is when all of the account was observed last, IntervalSeconds how often that is due.
	LastObservedTime *metav1.Time `json:"lastObservedTime,omitempty"`
	IntervalSeconds  int64        `json:"intervalSeconds,omitempty"`
	// RateUsagePercent is how much of Meta's hourly quota is used.
	RateUsagePercent *int32 `json:"rateUsagePercent,omitempty"`
	// TokenExpiryTime is when the access token expires; absent means never, or not known.
	TokenExpiryTime *metav1.Time `json:"tokenExpiryTime,omitempty"`
	// Restrictions in force.
	Restrictions []v1alpha1.Restriction `json:"restrictions,omitempty"`
	// TemplatesAtMeta and NumbersAtMeta count what the account has at Meta, with a resource or without.
	TemplatesAtMeta *v1alpha1.TemplateCounts    `json:"templatesAtMeta,omitempty"`
	NumbersAtMeta   *v1alpha1.PhoneNumberCounts `json:"numbersAtMeta,omitempty"`

	PhoneNumbers         []*Number       `json:"phoneNumbers,omitempty"`
	MessageTemplates     []*Template     `json:"messageTemplates,omitempty"`
	WebhookSubscriptions []*Subscription `json:"webhookSubscriptions,omitempty"`
}

// Number is one PhoneNumber.
type Number struct {
	Resource
	// Number as Meta writes it.
	Number         string `json:"number,omitempty"`
	DisplayName    string `json:"displayName,omitempty"`
	Status         string `json:"status,omitempty"`
	Quality        string `json:"quality,omitempty"`
	MessagingLimit string `json:"messagingLimit,omitempty"`
	Throughput     string `json:"throughput,omitempty"`
}

// Template is one MessageTemplate.
type Template struct {
	Resource
	// Template and Language are what senders use.
	Template string `json:"template"`
	Language string `json:"language"`
	// Status at Meta, since when and until when.
	Status            string       `json:"status,omitempty"`
	StatusChangedTime *metav1.Time `json:"statusChangedTime,omitempty"`
	StatusEndTime     *metav1.Time `json:"statusEndTime,omitempty"`
	Quality           string       `json:"quality,omitempty"`
	// Category at Meta, which decides the price, and the one that the spec asks for.
	Category          string `json:"category,omitempty"`
	RequestedCategory string `json:"requestedCategory,omitempty"`
	// PlannedCategory is the one that Meta has announced.
	PlannedCategory string `json:"plannedCategory,omitempty"`
}

// Subscription is one WebhookSubscription.
type Subscription struct {
	Resource
	AppID string `json:"appID,omitempty"`
	// Status is the reason of the condition Subscribed.
	Status string `json:"status,omitempty"`
	// CallbackURL of the app, MessagesURL of the account's override.
	CallbackURL string `json:"callbackURL,omitempty"`
	MessagesURL string `json:"messagesURL,omitempty"`
}

// Problems is what needs a person, the worst first.
type Problems struct {
	output.TypeMeta

	// Time at which it was judged.
	Time metav1.Time `json:"time"`
	// Summary counts all resources, not only those with problems.
	Summary Summary `json:"summary"`
	// Unreadable names what the user may not read.
	Unreadable []string  `json:"unreadable,omitempty"`
	Problems   []Problem `json:"problems"`
}

// Problem is a finding that needs a person, and where it is.
type Problem struct {
	Finding
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	// ID at Meta.
	ID string `json:"id,omitempty"`
	// Asset is how people know it: the account's name, the number, the template with its language.
	Asset string `json:"asset,omitempty"`
	// Account is the WABA to which it belongs, as namespace/name.
	Account string `json:"account"`
}
