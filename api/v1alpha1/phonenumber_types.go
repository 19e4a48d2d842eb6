// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// CreationPolicy specifies whether a phone number that the account doesn't have may be added to it.
// +kubebuilder:validation:Enum=Adopt;Add
type CreationPolicy string

const (
	// CreationPolicyAdopt only takes over a number that the account has. It is what an absent policy means.
	CreationPolicyAdopt CreationPolicy = "Adopt"
	// CreationPolicyAdd adds the number to the account. It can never be deleted by API.
	CreationPolicyAdd CreationPolicy = "Add"
)

// VerificationMethod is how the verification code reaches a person.
// +kubebuilder:validation:Enum=SMS;VOICE
type VerificationMethod string

const (
	// VerificationMethodSMS sends the code in a text message.
	VerificationMethodSMS VerificationMethod = "SMS"
	// VerificationMethodVoice delivers the code in a call.
	VerificationMethodVoice VerificationMethod = "VOICE"
)

// PhoneNumberSpec describes one business phone number. Sections absent from the spec are observed and left alone;
// fields absent inside a section likewise.
// +kubebuilder:validation:XValidation:rule="has(self.id) != has(self.number)",message="set exactly one of id and number"
// +kubebuilder:validation:XValidation:rule="has(self.id) == has(oldSelf.id) && (!has(self.id) || self.id == oldSelf.id)",message="id is immutable: create another PhoneNumber resource"
// +kubebuilder:validation:XValidation:rule="has(self.number) == has(oldSelf.number) && (!has(self.number) || self.number == oldSelf.number)",message="number is immutable: create another PhoneNumber resource"
// +kubebuilder:validation:XValidation:rule="!has(self.creationPolicy) || self.creationPolicy != 'Add' || (has(self.number) && has(self.displayName))",message="creationPolicy: Add needs number and displayName"
type PhoneNumberSpec struct {
	CommonSpec `json:",inline"`

	// ID of the phone number at Meta: digits, in quotes. Adopts the number by id; exactly one of id and number is set. It
	// can't be changed.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{1,32}$')",message="id must be the phone number's id at Meta: 1 to 32 digits, such as \"106540352242922\""
	ID string `json:"id,omitempty"`

	// Number in international form, such as "+15550783881". Adopts the number, or adds it with creationPolicy: Add; exactly
	// one of id and number is set. It can't be changed.
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+][1-9][0-9]{6,14}$')",message="number must be in international form: + and 7 to 15 digits without blanks, such as \"+15550783881\""
	Number string `json:"number,omitempty"`

	// CreationPolicy: Add adds the number to the account if it isn't there; a number can never be deleted by API. Absent
	// means Adopt: only a number that the account has is taken.
	// +optional
	CreationPolicy CreationPolicy `json:"creationPolicy,omitempty"`

	// DisplayName shown to recipients. A change asks Meta for a review; at most 10 changes in 30 days, and after approval
	// the number is registered again. Absent leaves the name alone. At most 128 characters.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/display-names
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	DisplayName string `json:"displayName,omitempty"`

	// Verification proves the ownership of the number by a code that a person receives. Absent: no code is requested.
	// +optional
	Verification *PhoneNumberVerification `json:"verification,omitempty"`

	// Registration registers the number on the Cloud API. Absent: it is left as it is.
	// +optional
	Registration *PhoneNumberRegistration `json:"registration,omitempty"`

	// Profile is the business profile that recipients see.
	// +optional
	Profile *PhoneNumberProfile `json:"profile,omitempty"`

	// Commerce switches shopping features.
	// +optional
	Commerce *PhoneNumberCommerce `json:"commerce,omitempty"`

	// ConversationalAutomation offers prompts and commands to people who open the chat.
	// +optional
	ConversationalAutomation *ConversationalAutomation `json:"conversationalAutomation,omitempty"`

	// Calling is how people and the business call each other.
	// +optional
	Calling *PhoneNumberCalling `json:"calling,omitempty"`

	// FlowsEncryption is the key with which WhatsApp encrypts what people enter into flows.
	// +optional
	FlowsEncryption *FlowsEncryption `json:"flowsEncryption,omitempty"`

	// ComplianceInfo is what Indian law requires a business to state.
	// +optional
	ComplianceInfo *ComplianceInfo `json:"complianceInfo,omitempty"`

	// Username by which people find the business without its number: 3 to 35 of a-z, 0-9, dot and underscore, with a letter among
	// them, and not like an internet address. "" gives the username up, and others can then take it; absent leaves it alone.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-scoped-user-ids
	// +optional
	// +kubebuilder:validation:MaxLength=35
	// +kubebuilder:validation:XValidation:rule="self.matches('^([a-z0-9._]{3,35})?$')",message="username must be 3 to 35 of a-z, 0-9, dot and underscore, or empty to give it up"
	// +kubebuilder:validation:XValidation:rule="self == '' || self.matches('[a-z]')",message="username needs at least one letter"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('.') && !self.endsWith('.') && !self.contains('..')",message="username must not begin or end with a dot, or have two dots in a row"
	// +kubebuilder:validation:XValidation:rule="!self.startsWith('www') && !self.matches('[.](com|org|net|int|edu|gov|mil|us|in|html)$')",message="username must not look like an internet address: it may not begin with www or end like a domain, such as .com"
	Username *string `json:"username,omitempty"`

	// IdentityKeyCheck: ENABLED holds messages back from people whose identity key changed since the sender last saw it: Meta
	// reports the key of each person in webhooks, and applications send it back with each message. DISABLED sends regardless.
	// Absent leaves it alone.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers
	// +optional
	IdentityKeyCheck SettingStatus `json:"identityKeyCheck,omitempty"`

	// OfficialBusinessAccount is what is sent to Meta when the badge of an official business account is requested with the annotation
	// whatsapp.waba-operator.io/request-oba. By itself it sends nothing.
	// +optional
	OfficialBusinessAccount *OfficialBusinessAccountRequest `json:"officialBusinessAccount,omitempty"`

	// DeletionPolicy specifies what happens at Meta when this resource is deleted. Absent means Retain. Deregister takes the
	// number off the Cloud API, for every partner that uses it; the number itself stays.
	// +optional
	// +kubebuilder:validation:Enum=Retain;Deregister
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// OfficialBusinessAccountRequest is what a business says of itself when it requests the badge of an official business account. Meta
// decides by how well known the business is; there is no appeal, and another request is possible after 30 days.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/official-business-accounts
type OfficialBusinessAccountRequest struct {
	// BusinessWebsiteURL is the website of the business, at most 256 characters.
	// +required
	// +kubebuilder:validation:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.matches('^https?://[^/?#[:space:]]+[^[:space:]]*$')",message="businessWebsiteURL must begin with https:// or http:// and contain no blanks"
	BusinessWebsiteURL string `json:"businessWebsiteURL"`

	// PrimaryCountryOfOperation in words, such as Germany; at most 128 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	PrimaryCountryOfOperation string `json:"primaryCountryOfOperation"`

	// PrimaryLanguage of the business in words, such as German; at most 128 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	PrimaryLanguage string `json:"primaryLanguage"`

	// ParentBusinessOrBrand to which the business belongs, best a well-known one; at most 255 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=255
	ParentBusinessOrBrand string `json:"parentBusinessOrBrand,omitempty"`

	// SupportingLinks are articles about the business in publications with many readers, at most 5 of at most 512 characters each. Meta
	// doesn't count what was paid for.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=5
	// +kubebuilder:validation:items:MaxLength=512
	// +kubebuilder:validation:XValidation:rule="self.all(l, l.matches('^https?://[^/?#[:space:]]+[^[:space:]]*$'))",message="each link must begin with https:// or http:// and contain no blanks"
	SupportingLinks []string `json:"supportingLinks,omitempty"`

	// AdditionalSupportingInformation for Meta's reviewers, at most 1000 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1000
	AdditionalSupportingInformation string `json:"additionalSupportingInformation,omitempty"`
}

// PhoneNumberVerification specifies how the ownership of the number is proven.
type PhoneNumberVerification struct {
	// Method by which Meta sends the code: SMS or VOICE. Absent means SMS.
	// +optional
	Method VerificationMethod `json:"method,omitempty"`

	// Language of the message with the code, such as en or en_US. Absent means en_US.
	// +optional
	// +kubebuilder:validation:MaxLength=8
	// +kubebuilder:validation:XValidation:rule="self.matches('^[a-z]{2,3}(_[A-Z]{2})?$')",message="language must look like en or en_US"
	Language string `json:"language,omitempty"`

	// CodeSecretRef names the key of a Secret into which a person puts the code received (6 digits, with or without
	// hyphen). The Secret may be created later and must carry the label whatsapp.waba-operator.io/secret: code. A code
	// lives about 10 minutes.
	// +required
	CodeSecretRef SecretKeyReference `json:"codeSecretRef"`
}

// DataLocalizationRegion is the country in which message data rests.
// +kubebuilder:validation:Enum=AU;ID;IN;JP;SG;KR;DE;CH;GB;BR;BH;ZA;AE;CA
type DataLocalizationRegion string

// PhoneNumberRegistration registers the number on the Cloud API.
type PhoneNumberRegistration struct {
	// PINSecretRef names the key of a Secret that holds the two-step verification PIN, 6 digits. The Secret must carry the
	// label whatsapp.waba-operator.io/secret: pin. A changed PIN is set at Meta.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/two-step-verification
	// +required
	PINSecretRef SecretKeyReference `json:"pinSecretRef"`

	// DataLocalizationRegion is the country in which message data rests: AU, ID, IN, JP, SG, KR, DE, CH, GB, BR, BH, ZA, AE
	// or CA. It is set when the number is registered; changing it later deregisters and registers the number, which costs
	// two of ten calls in 72 hours.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/local-storage
	// +optional
	DataLocalizationRegion DataLocalizationRegion `json:"dataLocalizationRegion,omitempty"`
}

// PhoneNumberProfile is the business profile. An absent field is left alone, an empty one is cleared.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles
// +kubebuilder:validation:MinProperties=1
type PhoneNumberProfile struct {
	// About is the short line below the name, 1 to 139 characters without markup. It can't be cleared.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=139
	About *string `json:"about,omitempty"`

	// Address of the business, at most 256 characters.
	// +optional
	// +kubebuilder:validation:MaxLength=256
	Address *string `json:"address,omitempty"`

	// Description of the business, at most 512 characters.
	// +optional
	// +kubebuilder:validation:MaxLength=512
	Description *string `json:"description,omitempty"`

	// Email for contact, at most 128 characters.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.size() == 0 || self.matches('^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$')",message="email must look like name@example.com, or be empty to clear it"
	Email *string `json:"email,omitempty"`

	// Vertical is the industry in Meta's spelling, such as RETAIL, or "" for none.
	// +optional
	// +kubebuilder:validation:Enum="";ALCOHOL;APPAREL;AUTO;BEAUTY;EDU;ENTERTAIN;EVENT_PLAN;FINANCE;GOVT;GROCERY;HEALTH;HOTEL;NONPROFIT;ONLINE_GAMBLING;OTC_DRUGS;OTHER;PHYSICAL_GAMBLING;PROF_SERVICES;RESTAURANT;RETAIL;TRAVEL
	Vertical *string `json:"vertical,omitempty"`

	// Websites, at most 2 of at most 256 characters each, with http:// or https://. An empty list clears them.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=2
	// +kubebuilder:validation:items:MaxLength=256
	// +kubebuilder:validation:XValidation:rule="self.all(w, w.matches('^https?://[^/?#[:space:]]+[^[:space:]]*$'))",message="each website must begin with https:// or http:// and contain no blanks"
	Websites []string `json:"websites,omitempty"`

	// Picture is the profile picture, JPEG or PNG of at most 5 MB, best square and at least 640 pixels wide. Meta doesn't
	// give pictures back, so a change by others is only noticed when Meta reports the loss of the picture.
	// +optional
	Picture *MediaSource `json:"picture,omitempty"`
}

// PhoneNumberCommerce switches shopping features. An absent field is left alone.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/catalogs/sell-products-and-services/set-commerce-settings
// +kubebuilder:validation:MinProperties=1
type PhoneNumberCommerce struct {
	// CartEnabled lets recipients put products into a cart.
	// +optional
	CartEnabled *bool `json:"cartEnabled,omitempty"`

	// CatalogVisible shows the catalogue in the profile and the chat.
	// +optional
	CatalogVisible *bool `json:"catalogVisible,omitempty"`
}

// ConversationalAutomation offers prompts and commands. An absent field is left alone, an empty list is cleared.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/conversational-components
type ConversationalAutomation struct {
	// Prompts are ice breakers to tap in a new chat: at most 4 of at most 80 characters each, without emoji.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=80
	Prompts []string `json:"prompts,omitempty"`

	// Commands are offered after a slash: at most 30.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=30
	Commands []ConversationalCommand `json:"commands,omitempty"`
}

// ConversationalCommand is one command offered after a slash.
type ConversationalCommand struct {
	// Name of the command without the slash, at most 32 characters, without blanks or emoji.
	// +required
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^/[:space:]]+$')",message="name of a command must not be empty or contain blanks or a slash: write help for /help"
	Name string `json:"name"`

	// Description shown beside the command, at most 256 characters, without emoji.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=256
	Description string `json:"description"`
}

// PhoneNumber is one business phone number of an account.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:path=phonenumbers,singular=phonenumber,scope=Namespaced,shortName=wapn,categories=whatsapp
// +kubebuilder:printcolumn:name="Number",type=string,JSONPath=`.status.displayPhoneNumber`
// +kubebuilder:printcolumn:name="Display Name",type=string,JSONPath=`.status.verifiedName`
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.status`
// +kubebuilder:printcolumn:name="Quality",type=string,JSONPath=`.status.qualityRating`
// +kubebuilder:printcolumn:name="Limit",type=string,JSONPath=`.status.messagingLimit`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.status.id`,priority=1
// +kubebuilder:printcolumn:name="Account",type=string,JSONPath=`.spec.wabaRef.name`,priority=1
// +kubebuilder:printcolumn:name="Policy",type=string,JSONPath=`.spec.managementPolicy`,priority=1
// +kubebuilder:printcolumn:name="Deletion",type=string,JSONPath=`.spec.deletionPolicy`,priority=1
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,priority=1
type PhoneNumber struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what the number should be.
	// +required
	Spec PhoneNumberSpec `json:"spec"`

	// Status is what Meta reports about the number.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status PhoneNumberStatus `json:"status,omitempty"`
}

// PhoneNumberList is a list of PhoneNumber resources.
//
// +kubebuilder:object:root=true
type PhoneNumberList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []PhoneNumber `json:"items"`
}
