// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package compliance makes the compliance record of a WhatsApp Business Account: who and what touches it, whether only Meta's
// official API is used, what Meta objected to and when, and which templates it approved. Every statement names where it comes
// from; what isn't known is said to be unknown, and never left blank or claimed. Nothing in a record is a secret, and nothing is
// about the recipients of messages.
package compliance

import (
	"fmt"
	"time"

	"github.com/waba-operator/waba-operator/internal/output"
)

const (
	// DocumentKind is the kind of the document for programs.
	DocumentKind = "ComplianceRecord"
)

// SourceName says where a statement comes from.
type SourceName string

// The sources.
const (
	// SourceMeta is an answer of Meta's Graph API while the record was made.
	SourceMeta SourceName = "meta"
	// SourceCluster is the spec or status of a Kubernetes resource: a user's decision, or the operator's last observation.
	SourceCluster SourceName = "cluster"
	// SourceWebhook is what Meta reported to the operator by webhook, as stored in status.webhook.
	SourceWebhook SourceName = "webhook"
	// SourceCallLog is the operator's own record of its calls, as stored in status.
	SourceCallLog SourceName = "ledger"
	// SourceProgram is what this program knows by itself, from Meta's public pages.
	SourceProgram SourceName = "program"
)

// Record is the compliance record of one account.
type Record struct {
	output.TypeMeta

	GeneratedAt time.Time `json:"generatedAt"`
	Generator   Generator `json:"generator"`
	// Sources are those that could be read.
	Sources []Source `json:"sources"`
	// Findings are what an auditor would object to; Checks are the questions that were checked.
	Findings []Finding `json:"findings"`
	Checks   []Check   `json:"checks"`
	// Gaps are what the record could not see.
	Gaps        []Gap       `json:"gaps"`
	Account     Account     `json:"account"`
	OfficialAPI OfficialAPI `json:"officialAPI"`
	Apps        Apps        `json:"apps"`
	Callbacks   []Callback  `json:"callbacks"`
	Users       Users       `json:"users"`
	Token       Token       `json:"token"`
	Numbers     Numbers     `json:"numbers"`
	Standing    Standing    `json:"standing"`
	Templates   Templates   `json:"templates"`
}

// Summary counts the findings and the checks that weren't possible.
func (r *Record) Summary() string {
	open := 0
	for _, c := range r.Checks {
		if c.Result == ResultNotChecked {
			open++
		}
	}
	return plural(len(r.Findings), "finding") + ", " + plural(open, "check") + " not possible"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Generator is what made the record.
type Generator struct {
	Program         string `json:"program"`
	Version         string `json:"version"`
	GraphAPIVersion string `json:"graphAPIVersion"`
}

// Source is one source that could be read.
type Source struct {
	Name        SourceName `json:"name"`
	Description string     `json:"description"`
	// At is when it was read.
	At time.Time `json:"at"`
	// Observed is when the operator saw what the source shows, where that is known.
	Observed *time.Time `json:"observed,omitempty"`
}

// Fact is one statement: a value, or why there is none.
type Fact struct {
	Value string `json:"value,omitempty"`
	// Unknown says why there is no value. Exactly one of Value and Unknown is set.
	Unknown string     `json:"unknown,omitempty"`
	Source  SourceName `json:"source,omitempty"`
}

// Finding is something an auditor would object to.
type Finding struct {
	// Check is the ID of the check that found it.
	Check     string     `json:"check"`
	Statement string     `json:"statement"`
	Evidence  []string   `json:"evidence"`
	Source    SourceName `json:"source"`
}

// Results of a check.
const (
	// ResultPassed means that nothing was found.
	ResultPassed = "passed"
	// ResultFound means that there are findings.
	ResultFound = "found"
	// ResultNotChecked means that what is known doesn't suffice; nothing was found as far as it goes.
	ResultNotChecked = "notChecked"
)

// Check is one question that was checked.
type Check struct {
	ID       string `json:"id"`
	Question string `json:"question"`
	Result   string `json:"result"`
	// Reason says why a check couldn't be made, or not for all.
	Reason string `json:"reason,omitempty"`
	// Note is what a reader should know though it is no finding.
	Note string `json:"note,omitempty"`
}

// Gap is something the record could not see.
type Gap struct {
	What string `json:"what"`
	Why  string `json:"why"`
	// Inherent is set where no record could contain it: Meta doesn't report it.
	Inherent bool `json:"inherent"`
}

// Account is the account itself.
type Account struct {
	ID string `json:"id"`
	// Resource is the WABA resource, as namespace/name; "" without one.
	Resource           string `json:"resource,omitempty"`
	Name               Fact   `json:"name"`
	Status             Fact   `json:"status"`
	Owner              Fact   `json:"owner"`
	OwnerID            Fact   `json:"ownerID"`
	Ownership          Fact   `json:"ownership"`
	Review             Fact   `json:"review"`
	Verification       Fact   `json:"verification"`
	Country            Fact   `json:"country"`
	Currency           Fact   `json:"currency"`
	MessagingLimit     Fact   `json:"messagingLimit"`
	PaymentMethod      Fact   `json:"paymentMethod"`
	Created            Fact   `json:"created"`
	SharedWithPartners Fact   `json:"sharedWithPartners"`
	CanSend            Fact   `json:"canSend"`
	// Obstacles are the parts that Meta doesn't call available, with Meta's reasons and remedies.
	Obstacles []Obstacle `json:"obstacles"`
}

// Obstacle is a part of the chain from the app to the number that limits or blocks messages.
type Obstacle struct {
	Entity  string   `json:"entity"`
	ID      string   `json:"id"`
	CanSend string   `json:"canSend"`
	Reasons []string `json:"reasons"`
}

// OfficialAPI answers whether only Meta's official API is used.
type OfficialAPI struct {
	// Conclusion is Proven, Contradicted or Unproven.
	Conclusion string `json:"conclusion"`
	// Proofs speak for it, Contradictions against it, and Open is undecided.
	Proofs         []Statement `json:"proofs"`
	Contradictions []Statement `json:"contradictions"`
	Open           []Statement `json:"open"`
}

// Conclusions of OfficialAPI.
const (
	// OfficialProven means that every number is registered on the Cloud API, and nothing contradicts.
	OfficialProven = "Proven"
	// OfficialContradicted means that a number uses something else.
	OfficialContradicted = "Contradicted"
	// OfficialUnproven means that neither can be shown.
	OfficialUnproven = "Unproven"
)

// Statement is a sentence and its source.
type Statement struct {
	Text   string     `json:"text"`
	Source SourceName `json:"source"`
}

// Apps are the apps that receive the account's events.
type Apps struct {
	Listing
	Items []App `json:"items"`
	// Own is the subscription of the app to which the token belongs.
	Own AppSubscription `json:"own"`
}

// Listing says where a list is from, or why there is none.
type Listing struct {
	Unknown string     `json:"unknown,omitempty"`
	Source  SourceName `json:"source,omitempty"`
}

// App is one subscribed app.
type App struct {
	ID   string `json:"id"`
	Name Fact   `json:"name"`
	// Approval is ApprovalOwn, ApprovalListed, ApprovalMissing or ApprovalOpen.
	Approval string `json:"approval"`
	// Override is where message events go instead of the app's own callback; "" = no override.
	Override Address `json:"override,omitempty"`
}

// What is known of an app's approval.
const (
	// ApprovalOwn is the app to which the token belongs; it needs no approval.
	ApprovalOwn = "own"
	// ApprovalListed is an app of spec.approvedApps, or of --approved-app.
	ApprovalListed = "approved"
	// ApprovalMissing is an app that isn't in that list.
	ApprovalMissing = "notApproved"
	// ApprovalOpen means that there is no list.
	ApprovalOpen = "noList"
)

// AppSubscription is what an app itself is subscribed to, for all its accounts.
type AppSubscription struct {
	Listing
	AppID    string   `json:"appID,omitempty"`
	Callback Address  `json:"callback,omitempty"`
	Active   Fact     `json:"active"`
	Fields   []string `json:"fields"`
	// MessageFields are those of Fields that carry what people write or do.
	MessageFields []string `json:"messageFields"`
}

// Callback is an address to which Meta sends events.
type Callback struct {
	// Level is app, account or number. For message events a number's goes before the account's, and that before the app's.
	Level string `json:"level"`
	// Subject is the id of the app, or of the number.
	Subject string  `json:"subject"`
	Address Address `json:"address"`
	// Expected is yes or no: whether a WebhookSubscription resource or --callback-host names the host; unknown where neither
	// names any.
	Expected string     `json:"expected"`
	Source   SourceName `json:"source"`
}

// Users are people and system users of the portfolio that owns the account.
type Users struct {
	Listing
	Items []User `json:"items"`
}

// User is one of them.
type User struct {
	ID   string `json:"id"`
	Name Fact   `json:"name"`
	// Token says that the access token is this user's.
	Token bool `json:"token"`
	// TasksUnknown says why there are no tasks.
	TasksUnknown string `json:"tasksUnknown,omitempty"`
	Tasks        []Task `json:"tasks"`
}

// Task is what a user may do.
type Task struct {
	Name string `json:"name"`
	// Permits explains it; "" for a task that this version doesn't know.
	Permits string `json:"permits,omitempty"`
}
