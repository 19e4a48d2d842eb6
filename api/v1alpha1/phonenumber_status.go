// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// PhoneNumberStatus is what Meta reports about the number, and what the operator keeps about it.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers
type PhoneNumberStatus struct {
	CommonStatus `json:",inline"`

	// DisplayPhoneNumber is the number as Meta formats it, for example +1 555-078-3881.
	// +optional
	DisplayPhoneNumber string `json:"displayPhoneNumber,omitempty"`

	// VerifiedName is the display name at Meta; it says nothing about its approval.
	// +optional
	VerifiedName string `json:"verifiedName,omitempty"`

	// NameStatus is the review of the display name: APPROVED, AVAILABLE_WITHOUT_REVIEW, PENDING_REVIEW, DECLINED and so on.
	// +optional
	NameStatus string `json:"nameStatus,omitempty"`

	// NewDisplayName is a display name that waits for approval.
	// +optional
	NewDisplayName string `json:"newDisplayName,omitempty"`

	// NewNameStatus is the review of newDisplayName.
	// +optional
	NewNameStatus string `json:"newNameStatus,omitempty"`

	// CodeVerificationStatus reports whether ownership was proven: VERIFIED, NOT_VERIFIED or EXPIRED.
	// +optional
	CodeVerificationStatus string `json:"codeVerificationStatus,omitempty"`

	// QualityRating: GREEN, YELLOW, RED or UNKNOWN.
	// +optional
	QualityRating string `json:"qualityRating,omitempty"`

	// Status at Meta, for example CONNECTED (can send), PENDING, BANNED, RESTRICTED, FLAGGED or DISCONNECTED.
	// +optional
	Status string `json:"status,omitempty"`

	// PlatformType: CLOUD_API when registered there, NOT_APPLICABLE when not registered, ON_PREMISE.
	// +optional
	PlatformType string `json:"platformType,omitempty"`

	// ThroughputLevel: STANDARD (80 messages a second), HIGH (1000) or NOT_APPLICABLE.
	// +optional
	ThroughputLevel string `json:"throughputLevel,omitempty"`

	// MessagingLimit is how many people the business portfolio may write to in 24 hours, for example TIER_2K.
	// +optional
	MessagingLimit string `json:"messagingLimit,omitempty"`

	// AccountMode: LIVE, or SANDBOX for a test number.
	// +optional
	AccountMode string `json:"accountMode,omitempty"`

	// OfficialBusinessAccount reports whether the number has the verified badge.
	// +optional
	OfficialBusinessAccount *bool `json:"officialBusinessAccount,omitempty"`

	// OfficialBusinessAccountStatus is what became of a request for that badge, in Meta's words; NOT_STARTED where there was none.
	// +optional
	OfficialBusinessAccountStatus string `json:"officialBusinessAccountStatus,omitempty"`

	// SearchVisibility: VISIBLE where people find the number by its display name, else HIDDEN. It is changed in WhatsApp Manager:
	// Meta documents no call for it.
	// +optional
	SearchVisibility string `json:"searchVisibility,omitempty"`

	// PINEnabled reports whether two-step verification is on.
	// +optional
	PINEnabled *bool `json:"pinEnabled,omitempty"`

	// OnBizApp reports whether the number is also used in the WhatsApp Business app. Such numbers are neither registered nor
	// deregistered by API.
	// +optional
	OnBizApp *bool `json:"onBizApp,omitempty"`

	// LastOnboardedTime is when the number was last onboarded.
	// +optional
	LastOnboardedTime *metav1.Time `json:"lastOnboardedTime,omitempty"`

	// Health is Meta's judgement whether the number can send messages.
	// +optional
	Health *HealthStatus `json:"health,omitempty"`

	// CallbackURLs are the addresses to which events of the number go.
	// +optional
	CallbackURLs *CallbackURLs `json:"callbackURLs,omitempty"`

	// Profile is the business profile at Meta.
	// +optional
	Profile *PhoneNumberProfileStatus `json:"profile,omitempty"`

	// Commerce is the state of shopping features at Meta.
	// +optional
	Commerce *PhoneNumberCommerceStatus `json:"commerce,omitempty"`

	// Username at Meta, read only while the spec names one.
	// +optional
	Username string `json:"username,omitempty"`

	// UsernameStatus reports whether the username can be found: APPROVED, or RESERVED until Meta approves it.
	// +optional
	UsernameStatus string `json:"usernameStatus,omitempty"`

	// Operator is the operator's own memory. It is no API: it may change with any version.
	// +optional
	Operator PhoneNumberOperatorStatus `json:"operator,omitzero"`

	// Webhook holds what webhooks reported.
	// +optional
	Webhook *PhoneNumberWebhookStatus `json:"webhook,omitempty"`
}

// PhoneNumberOperatorStatus is what the operator remembers of a number. It is no API: it may change with any version.
type PhoneNumberOperatorStatus struct {
	OperatorStatus `json:",inline"`

	// Sections is what is remembered of the sections of the spec that are written by calls of their own.
	// +optional
	// +listType=map
	// +listMapKey=name
	Sections []SectionMemory `json:"sections,omitempty"`

	// PictureSHA256 is the hash of the profile picture that was last uploaded, in hexadecimal digits.
	// +optional
	PictureSHA256 string `json:"pictureSHA256,omitempty"`

	// PendingAdd is set before the number is added and cleared afterwards, so that a crash in between is noticed.
	// +optional
	PendingAdd *PendingAdd `json:"pendingAdd,omitempty"`

	// Verification is what was done to prove ownership.
	// +optional
	Verification *PhoneNumberVerificationStatus `json:"verification,omitempty"`

	// OfficialBusinessAccount is what was done to request the badge of an official business account.
	// +optional
	OfficialBusinessAccount *OfficialBusinessAccountMemory `json:"officialBusinessAccount,omitempty"`

	// Registration is what was done to register the number.
	// +optional
	Registration *PhoneNumberRegistrationStatus `json:"registration,omitempty"`
}

// CallbackURLs are the addresses at the three levels; the first one present in the order number, account, app takes
// message events.
type CallbackURLs struct {
	// PhoneNumber is the override of the number.
	// +optional
	PhoneNumber string `json:"phoneNumber,omitempty"`

	// Account is the override of the account.
	// +optional
	Account string `json:"account,omitempty"`

	// Application is the address of the app.
	// +optional
	Application string `json:"application,omitempty"`
}

// PhoneNumberProfileStatus is the business profile at Meta.
type PhoneNumberProfileStatus struct {
	// About is the short line below the name.
	// +optional
	About string `json:"about,omitempty"`

	// Address of the business.
	// +optional
	Address string `json:"address,omitempty"`

	// Description of the business.
	// +optional
	Description string `json:"description,omitempty"`

	// Email for contact.
	// +optional
	Email string `json:"email,omitempty"`

	// Vertical is the industry.
	// +optional
	Vertical string `json:"vertical,omitempty"`

	// Websites of the business.
	// +optional
	// +listType=atomic
	Websites []string `json:"websites,omitempty"`

	// PicturePresent reports whether there is a profile picture.
	// +optional
	PicturePresent *bool `json:"picturePresent,omitempty"`
}

// PhoneNumberCommerceStatus is the state of shopping features at Meta.
type PhoneNumberCommerceStatus struct {
	// CartEnabled reports whether recipients can put products into a cart.
	// +optional
	CartEnabled *bool `json:"cartEnabled,omitempty"`

	// CatalogVisible reports whether the catalogue is shown.
	// +optional
	CatalogVisible *bool `json:"catalogVisible,omitempty"`
}

// SectionMemory is what was written of a section of the spec, and what Meta gave back of it afterwards, as hashes.
type SectionMemory struct {
	// Name of the section below spec.
	// +required
	Name string `json:"name"`

	// Version of the way the hashes are computed; hashes of another version are not compared.
	// +required
	Version int32 `json:"version"`

	// Upgraded: another version of the operator stored the section. Differences at the next read count as no client's change.
	// +optional
	Upgraded bool `json:"upgraded,omitempty"`

	// ReadHash is the hash of what the spec said when the section was last read.
	// +optional
	ReadHash string `json:"readHash,omitempty"`

	// Desired has, by field, the hash of what the spec said when the field was last written or found equal.
	// +optional
	Desired map[string]string `json:"desired,omitempty"`

	// Live has, by field, the hash of what Meta showed then. A field that wasn't read since it was written is absent.
	// +optional
	Live map[string]string `json:"live,omitempty"`

	// Refusal is what Meta refused last: the same isn't sent again until the retry time.
	// +optional
	Refusal *SectionRefusal `json:"refusal,omitempty"`
}

// SectionRefusal is Meta's refusal of what the spec says in one section, such as profile.
type SectionRefusal struct {
	// SpecHash of the section that was refused; another one is tried at once.
	// +required
	SpecHash string `json:"specHash"`

	// RetryTime is when the same is tried again.
	// +required
	RetryTime metav1.Time `json:"retryTime"`

	// Reason as in the condition Synced.
	// +required
	Reason string `json:"reason"`

	// Message reports what Meta objects to.
	// +optional
	Message string `json:"message,omitempty"`
}

// PendingAdd remembers that a number is being added.
type PendingAdd struct {
	// Time when the call was about to be made.
	// +required
	Time metav1.Time `json:"time"`
}

// PhoneNumberVerificationStatus is what was done to prove ownership.
type PhoneNumberVerificationStatus struct {
	// CodeRequestedTime is when a code was last requested.
	// +optional
	CodeRequestedTime *metav1.Time `json:"codeRequestedTime,omitempty"`

	// LastHandledRequest is the value of the annotation whatsapp.waba-operator.io/request-code last acted on.
	// +optional
	LastHandledRequest string `json:"lastHandledRequest,omitempty"`

	// CodeSecret is the version of the Secret whose code was last tried.
	// +optional
	CodeSecret *SecretVersion `json:"codeSecret,omitempty"`

	// Failure is why the last code was refused, in Meta's words.
	// +optional
	Failure string `json:"failure,omitempty"`
}

// OfficialBusinessAccountMemory is what was done to request the badge of an official business account.
type OfficialBusinessAccountMemory struct {
	// LastHandledRequest is the value of the annotation whatsapp.waba-operator.io/request-oba last acted on.
	// +optional
	LastHandledRequest string `json:"lastHandledRequest,omitempty"`

	// Failure is why Meta didn't take that request, in its words.
	// +optional
	Failure string `json:"failure,omitempty"`
}

// PhoneNumberRegistrationStatus is what was done to register the number.
type PhoneNumberRegistrationStatus struct {
	// PINSecret is the version of the Secret whose PIN was last applied.
	// +optional
	PINSecret *SecretVersion `json:"pinSecret,omitempty"`

	// RefusedPINSecret is the version of the Secret whose PIN Meta didn't take for the registered number. It isn't given to Meta again
	// until its content changes, or a person asks with the annotation whatsapp.waba-operator.io/requested-at.
	// +optional
	RefusedPINSecret *SecretVersion `json:"refusedPINSecret,omitempty"`

	// Attempts are the scarce calls made for the number, the newest last, as in status.registrations of the WABA.
	// +optional
	// +listType=atomic
	Attempts []RegistrationAttempt `json:"attempts,omitempty"`

	// RegisteredName is the display name with which the number was last registered; after the approval of another one it is
	// registered again.
	// +optional
	RegisteredName string `json:"registeredName,omitempty"`

	// DataLocalizationRegion with which the number was last registered.
	// +optional
	DataLocalizationRegion string `json:"dataLocalizationRegion,omitempty"`

	// RetryTime is when registration may be tried again after Meta's limit was reached.
	// +optional
	RetryTime *metav1.Time `json:"retryTime,omitempty"`
}

// PhoneNumberWebhookStatus holds what webhooks said about a number.
type PhoneNumberWebhookStatus struct {
	// Events is the newest event seen of each webhook field.
	// +optional
	// +listType=map
	// +listMapKey=field
	Events []WebhookEvent `json:"events,omitempty"`

	// NameDecision is the newest decision on a display name: APPROVED, REJECTED, PENDING or DEFERRED.
	// +optional
	NameDecision string `json:"nameDecision,omitempty"`

	// RequestedName is the display name of that decision.
	// +optional
	RequestedName string `json:"requestedName,omitempty"`

	// NameRejectionReason is why a display name was rejected, for example NAME_NOT_CONSISTENT. Only webhooks report it.
	// +optional
	NameRejectionReason string `json:"nameRejectionReason,omitempty"`

	// QualityEvent is the newest event about the number's limits, for example THROUGHPUT_UPGRADE.
	// +optional
	QualityEvent string `json:"qualityEvent,omitempty"`

	// MessagingLimit is the newest messaging limit reported, for example TIER_2K.
	// +optional
	MessagingLimit string `json:"messagingLimit,omitempty"`

	// SecurityEvent is the newest event about the PIN: PIN_CHANGED, PIN_RESET_REQUEST or PIN_REQUEST_SUCCESS.
	// +optional
	SecurityEvent string `json:"securityEvent,omitempty"`

	// PictureLostTime is when Meta reported that the profile picture was lost.
	// +optional
	PictureLostTime *metav1.Time `json:"pictureLostTime,omitempty"`

	// CallingStatus is the newest setting of calling reported: ENABLED or DISABLED.
	// +optional
	CallingStatus string `json:"callingStatus,omitempty"`

	// Username is the newest user name reported.
	// +optional
	Username string `json:"username,omitempty"`

	// UsernameStatus is what happened to that user name: APPROVED, RESERVED or DELETED.
	// +optional
	UsernameStatus string `json:"usernameStatus,omitempty"`
}
