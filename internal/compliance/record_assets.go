// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import "time"

// Token is what Meta says about the access token with which the account is managed. The token itself is in no record.
type Token struct {
	Listing
	AppID             Fact    `json:"appID"`
	Application       Fact    `json:"application"`
	Type              Fact    `json:"type"`
	UserID            Fact    `json:"userID"`
	Issued            Fact    `json:"issued"`
	Expires           Fact    `json:"expires"`
	DataAccessExpires Fact    `json:"dataAccessExpires"`
	Scopes            []Scope `json:"scopes"`

	expires, dataAccessExpires time.Time
	neverExpires               bool
}

// Needs of a scope.
const (
	// NeedYes is a scope without which nothing works.
	NeedYes = "needed"
	// NeedRegistration is a scope that only registering numbers needs.
	NeedRegistration = "neededForRegistration"
	// NeedImplied is a scope that every token has.
	NeedImplied = "implied"
	// NeedNo is a scope that the operator never uses.
	NeedNo = "notNeeded"
)

// Scope is a permission of the token.
type Scope struct {
	Name string `json:"name"`
	Need string `json:"need"`
	// Targets are the assets for which it was granted. None means that Meta lists none: it holds for all assets assigned to the
	// token's user.
	Targets []string `json:"targets"`
}

// Numbers are the account's phone numbers.
type Numbers struct {
	Listing
	// Complete is false where some numbers may be missing from Items.
	Complete bool     `json:"complete"`
	Items    []Number `json:"items"`
}

// Number is one phone number of the account.
type Number struct {
	ID string `json:"id"`
	// Resource is the PhoneNumber resource, as namespace/name; "" without one.
	Resource     string `json:"resource,omitempty"`
	Number       Fact   `json:"number"`
	VerifiedName Fact   `json:"verifiedName"`
	NameStatus   Fact   `json:"nameStatus"`
	Status       Fact   `json:"status"`
	Platform     Fact   `json:"platform"`
	// PlatformMeaning explains the platform.
	PlatformMeaning string `json:"platformMeaning"`
	Ownership       Fact   `json:"ownershipVerified"`
	Quality         Fact   `json:"quality"`
	PIN             Fact   `json:"pin"`
	OfficialAccount Fact   `json:"officialBusinessAccount"`
	BusinessApp     Fact   `json:"usedInBusinessApp"`
	Mode            Fact   `json:"mode"`
	Onboarded       Fact   `json:"lastOnboarded"`
	DataRegion      Fact   `json:"dataLocalizationRegion"`
	// Calls are the scarce calls that the operator made for it, the oldest first.
	Calls []Call `json:"calls"`
}

// Call is one scarce call of the operator: Register, Deregister, RequestCode, VerifyCode or DisplayName.
type Call struct {
	Kind   string    `json:"kind"`
	Time   time.Time `json:"time"`
	Result Fact      `json:"result"`
}

// States of what webhooks reported.
const (
	// StateInForce still counts.
	StateInForce = "inForce"
	// StateOver is in the past.
	StateOver = "over"
	// StateRecent is a violation of the last 30 days: Meta reports no end of it.
	StateRecent = "recent"
	// StatePast is an older one.
	StatePast = "past"
)

// Standing is what Meta reported about the account's standing. Only webhooks report it.
type Standing struct {
	// Unknown says why nothing can be known of the past.
	Unknown string `json:"unknown,omitempty"`
	// LastEvent is the time of the newest event about the account; nil = never.
	LastEvent    *time.Time `json:"lastEvent,omitempty"`
	Restrictions []Event    `json:"restrictions"`
	Violations   []Event    `json:"violations"`
	Ban          *Event     `json:"ban,omitempty"`
	Alerts       []Event    `json:"alerts"`
	// Events are partners that came or went, and the like.
	Events []Event `json:"events"`
}

// Event is one event that Meta reported.
type Event struct {
	Type  string     `json:"type"`
	State string     `json:"state,omitempty"`
	Time  *time.Time `json:"time,omitempty"`
	// Expires is when a restriction ends, or the day of a ban.
	Expires *time.Time `json:"expires,omitempty"`
	// Subject is the number or entity concerned; "" where Meta names none.
	Subject string `json:"subject,omitempty"`
	// Detail is Meta's description or remedy.
	Detail string `json:"detail,omitempty"`
}

// Templates are the account's message templates.
type Templates struct {
	Listing
	// Complete is false where some templates may be missing from Items.
	Complete bool `json:"complete"`
	Limit    Fact `json:"limit"`
	// Counts has the number of templates by status, and by category within it.
	Counts []Count    `json:"counts"`
	Items  []Template `json:"items"`
}

// Count is the number of templates of one status.
type Count struct {
	Status     string         `json:"status"`
	Total      int            `json:"total"`
	Categories map[string]int `json:"categories"`
}

// Template is one template in one language.
type Template struct {
	Name     string `json:"name"`
	Language string `json:"language"`
	ID       string `json:"id,omitempty"`
	// Resource is the MessageTemplate resource, as namespace/name; "" without one.
	Resource         string     `json:"resource,omitempty"`
	Source           SourceName `json:"source"`
	Status           string     `json:"status"`
	Category         string     `json:"category"`
	PreviousCategory string     `json:"previousCategory,omitempty"`
	// CorrectCategory is the one that Meta announced.
	CorrectCategory string `json:"correctCategory,omitempty"`
	Quality         string `json:"quality,omitempty"`
	// LastUpdated is Meta's time of the last change, be it of the content or of the status.
	LastUpdated *time.Time `json:"lastUpdated,omitempty"`
	// StatusChangedTime is when the operator first saw the status, where a resource manages the template.
	StatusChangedTime *time.Time `json:"statusChangedTime,omitempty"`
	// Footer is the text below the message; "" where it has none, or isn't read.
	Footer    string     `json:"footer,omitempty"`
	Rejection *Rejection `json:"rejection,omitempty"`
	Pause     string     `json:"pause,omitempty"`
	// PauseTimes are when pauses began, as far as seen.
	PauseTimes  []time.Time `json:"pauseTimes,omitempty"`
	DisableTime *time.Time  `json:"disableTime,omitempty"`
	// Edits are those of the content that the operator made.
	Edits []Call `json:"edits,omitempty"`
}

// Rejection says why Meta refused a template.
type Rejection struct {
	Reason string `json:"reason"`
	// Explanation is Meta's, reported by webhook only.
	Explanation string `json:"explanation,omitempty"`
	// Recommendation is Meta's where a webhook reported it, else that of the operator for the reason.
	Recommendation string `json:"recommendation,omitempty"`
}
