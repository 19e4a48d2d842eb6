// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WABAStatus is what Meta reports about the account, and what the operator keeps about it.
type WABAStatus struct {
	CommonStatus `json:",inline"`

	// Name of the account at Meta.
	// +optional
	Name string `json:"name,omitempty"`

	// Currency in which Meta bills, for example EUR (ISO 4217).
	// +optional
	Currency string `json:"currency,omitempty"`

	// TimezoneID is Meta's number of the account's time zone.
	// +optional
	TimezoneID string `json:"timezoneID,omitempty"`

	// Country of the account (ISO 3166-1, two letters).
	// +optional
	Country string `json:"country,omitempty"`

	// Status of the account at Meta, for example ACTIVE.
	// +optional
	Status string `json:"status,omitempty"`

	// ReviewStatus is Meta's review of the account, for example APPROVED.
	// +optional
	ReviewStatus string `json:"reviewStatus,omitempty"`

	// BusinessVerificationStatus is Meta's verification of the business, for example VERIFIED.
	// +optional
	BusinessVerificationStatus string `json:"businessVerificationStatus,omitempty"`

	// OwnershipType reports who owns the account, for example SELF_OWNED.
	// +optional
	OwnershipType string `json:"ownershipType,omitempty"`

	// MessagingLimit is how many people the business portfolio may write to in 24 hours, for example TIER_2K. All numbers
	// and accounts of the portfolio share it.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/messaging-limits
	// +optional
	MessagingLimit string `json:"messagingLimit,omitempty"`

	// MarketingMessagesOnboardingStatus is the state of the Marketing Messages API for this account.
	// +optional
	MarketingMessagesOnboardingStatus string `json:"marketingMessagesOnboardingStatus,omitempty"`

	// OwnerBusiness is the business portfolio that owns the account.
	// +optional
	OwnerBusiness *BusinessReference `json:"ownerBusiness,omitempty"`

	// PaymentMethodPresent reports whether a payment method is attached; without one paid messages fail.
	// +optional
	PaymentMethodPresent *bool `json:"paymentMethodPresent,omitempty"`

	// Insights: Enabled or Disabled, whether Meta collects template analytics.
	// +optional
	Insights string `json:"insights,omitempty"`

	// PrimaryBusinessLocation is the country (ISO 3166-1, two letters) that decides international prices.
	// +optional
	PrimaryBusinessLocation string `json:"primaryBusinessLocation,omitempty"`

	// Health is Meta's judgement whether messages can be sent, with reasons and remedies.
	// +optional
	Health *HealthStatus `json:"health,omitempty"`

	// Templates counts the account's templates, each language for itself.
	// +optional
	Templates *TemplateCounts `json:"templates,omitempty"`

	// PhoneNumbers counts the account's numbers.
	// +optional
	PhoneNumbers *PhoneNumberCounts `json:"phoneNumbers,omitempty"`

	// SubscribedApps are the apps that receive the account's webhooks.
	// +optional
	// +listType=map
	// +listMapKey=id
	SubscribedApps []SubscribedApp `json:"subscribedApps,omitempty"`

	// Credentials is what is known about the access token. The token itself is never shown.
	// +optional
	Credentials *CredentialsStatus `json:"credentials,omitempty"`

	// RateLimit is how much of Meta's hourly quota is used.
	// +optional
	RateLimit *RateLimitStatus `json:"rateLimit,omitempty"`

	// EffectiveIntervalSeconds is how often the account is really observed, in seconds: the longer one of what was requested
	// and what half of Meta's hourly quota allows.
	// +optional
	EffectiveIntervalSeconds int64 `json:"effectiveIntervalSeconds,omitempty"`

	// LastObservedTime is when the account and its assets were last observed.
	// +optional
	LastObservedTime *metav1.Time `json:"lastObservedTime,omitempty"`

	// MarketingMessages: Enabled or Disabled, whether marketing messages are sent on the Cloud API. Read once an hour.
	// +optional
	MarketingMessages string `json:"marketingMessages,omitempty"`

	// TemplateAutoArchival: Enabled or Disabled, whether Meta archives unused templates. Read once an hour.
	// +optional
	TemplateAutoArchival string `json:"templateAutoArchival,omitempty"`

	// CreativeFeatures are Meta's automatic changes of marketing messages that were ever switched for the account. Read once an hour.
	// +optional
	// +listType=atomic
	CreativeFeatures []CreativeFeatureStatus `json:"creativeFeatures,omitempty"`

	// CatalogID is the product catalogue that is linked to the account. Read once an hour, and only while the spec names one.
	// +optional
	CatalogID string `json:"catalogID,omitempty"`

	// Operator is the operator's own memory. It is no API: it may change with any version.
	// +optional
	Operator WABAOperatorStatus `json:"operator,omitzero"`

	// Webhook holds facts that only webhooks report.
	// +optional
	Webhook *WABAWebhookStatus `json:"webhook,omitempty"`
}

// CreativeFeatureStatus is one of Meta's automatic changes of marketing messages.
type CreativeFeatureStatus struct {
	// Feature in Meta's spelling.
	// +required
	Feature string `json:"feature"`

	// EnrollStatus is OPT_IN or OPT_OUT.
	// +optional
	EnrollStatus string `json:"enrollStatus,omitempty"`
}

// WABAOperatorStatus is what the operator remembers of an account. It is no API: it may change with any version.
type WABAOperatorStatus struct {
	OperatorStatus `json:",inline"`

	// TemplateCreates counts the templates created in the last hour in windows of five minutes; Meta allows 100 an hour.
	// +optional
	// +listType=atomic
	TemplateCreates []CreateWindow `json:"templateCreates,omitempty"`

	// CallLog is the recent scarce calls made for numbers of this account, the newest last, kept here to survive their
	// resources. Meta allows ten registrations of a number in 72 hours, and ten display names in 30 days.
	// +optional
	// +listType=atomic
	CallLog []RegistrationAttempt `json:"callLog,omitempty"`

	// CredentialsSecret is the version of the account's Secret whose content was last used.
	// +optional
	CredentialsSecret *SecretVersion `json:"credentialsSecret,omitempty"`

	// HeldTime is when changes began to be held because unusually many were due at once.
	// +optional
	HeldTime *metav1.Time `json:"heldTime,omitempty"`

	// LastHandledRelease is the value of the annotation whatsapp.waba-operator.io/release-held-changes last acted on.
	// +optional
	LastHandledRelease string `json:"lastHandledRelease,omitempty"`
}

// BusinessReference is a business portfolio at Meta.
type BusinessReference struct {
	// ID of the portfolio at Meta.
	// +optional
	ID string `json:"id,omitempty"`

	// Name of the portfolio.
	// +optional
	Name string `json:"name,omitempty"`
}

// TemplateCounts counts templates, each language for itself.
type TemplateCounts struct {
	// Total is the number of templates of the account.
	// +optional
	Total int32 `json:"total"`

	// Limit is how many templates Meta allows for the account.
	// +optional
	Limit int32 `json:"limit,omitempty"`

	// Approved templates can be sent.
	// +optional
	Approved int32 `json:"approved"`

	// Pending templates are in review.
	// +optional
	Pending int32 `json:"pending"`

	// Rejected templates were refused in review.
	// +optional
	Rejected int32 `json:"rejected"`

	// Paused templates can't be sent for a time.
	// +optional
	Paused int32 `json:"paused"`

	// Disabled templates can't be sent any more.
	// +optional
	Disabled int32 `json:"disabled"`

	// Unmanaged templates have no MessageTemplate resource; those that Meta generated aren't counted.
	// +optional
	Unmanaged int32 `json:"unmanaged"`

	// AutoGenerated templates were made by Meta for messages that are sent without a template (Direct Send). They count towards the limit.
	// +optional
	AutoGenerated int32 `json:"autoGenerated,omitempty"`

	// Archived templates weren't used for 12 months and can't be sent; Meta deletes each of them 28 days after it was archived.
	// +optional
	Archived int32 `json:"archived,omitempty"`
}

// PhoneNumberCounts counts phone numbers.
type PhoneNumberCounts struct {
	// Total is the number of phone numbers of the account.
	// +optional
	Total int32 `json:"total"`

	// Connected numbers can send.
	// +optional
	Connected int32 `json:"connected"`

	// Unmanaged numbers have no PhoneNumber resource.
	// +optional
	Unmanaged int32 `json:"unmanaged"`
}

// SubscribedApp is an app that receives the account's webhooks.
type SubscribedApp struct {
	// ID of the app at Meta.
	// +required
	ID string `json:"id"`

	// Name of the app.
	// +optional
	Name string `json:"name,omitempty"`

	// OverrideCallbackURL is where message events of this account go instead of the app's own address.
	// +optional
	OverrideCallbackURL string `json:"overrideCallbackURL,omitempty"`
}

// CredentialsStatus is what is known about the access token.
type CredentialsStatus struct {
	// AppID is the id of the Meta app to which the token belongs.
	// +optional
	AppID string `json:"appID,omitempty"`

	// Application is the name of that app.
	// +optional
	Application string `json:"application,omitempty"`

	// Scopes are the permissions of the token.
	// +optional
	// +listType=atomic
	Scopes []string `json:"scopes,omitempty"`

	// ExpirationTime is when the token expires; absent means never.
	// +optional
	ExpirationTime *metav1.Time `json:"expirationTime,omitempty"`

	// CheckedTime is when Meta was last asked about the token.
	// +optional
	CheckedTime *metav1.Time `json:"checkedTime,omitempty"`
}

// RateLimitStatus is how much of Meta's hourly quota is used.
// See https://developers.facebook.com/docs/graph-api/overview/rate-limiting
type RateLimitStatus struct {
	// UsagePercent of the quota, as Meta last reported it.
	// +optional
	UsagePercent int32 `json:"usagePercent"`

	// RegainAccessTime is when Meta takes calls again; absent unless it refused one.
	// +optional
	RegainAccessTime *metav1.Time `json:"regainAccessTime,omitempty"`
}

// CreateWindow counts the templates created in five minutes.
type CreateWindow struct {
	// StartTime of the window.
	// +required
	StartTime metav1.Time `json:"startTime"`

	// Count of templates created in the window.
	// +required
	Count int32 `json:"count"`
}

// RegistrationAttempt is one scarce call that was made for a phone number.
type RegistrationAttempt struct {
	// Number is the id of the phone number at Meta.
	// +required
	Number string `json:"number"`

	// Time of the attempt.
	// +required
	Time metav1.Time `json:"time"`

	// Kind of the call: Register, Deregister, RequestCode, VerifyCode, DisplayName or OfficialBusinessAccount.
	// +optional
	Kind string `json:"kind,omitempty"`

	// Secret is the version of the Secret whose PIN or code was sent, or which was there when a code was requested.
	// +optional
	Secret *SecretVersion `json:"secret,omitempty"`

	// DisplayName that was requested.
	// +optional
	DisplayName string `json:"displayName,omitempty"`

	// Request is the value of the annotation by which a person requested the call.
	// +optional
	Request string `json:"request,omitempty"`

	// Result of the call: Done, or why it failed; absent while that isn't known.
	// +optional
	Result string `json:"result,omitempty"`

	// RetryTime is the earliest time at which Meta accepts another attempt.
	// +optional
	RetryTime *metav1.Time `json:"retryTime,omitempty"`
}
