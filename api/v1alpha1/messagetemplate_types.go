// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// TemplateCategory is Meta's category of a template; it decides price and permitted content.
// +kubebuilder:validation:Enum=AUTHENTICATION;MARKETING;UTILITY
type TemplateCategory string

const (
	// TemplateCategoryAuthentication is for one-time passcodes.
	TemplateCategoryAuthentication TemplateCategory = "AUTHENTICATION"
	// TemplateCategoryMarketing is for offers, invitations and everything that is neither of the others.
	TemplateCategoryMarketing TemplateCategory = "MARKETING"
	// TemplateCategoryUtility is for notices about an order, account or request of the recipient.
	TemplateCategoryUtility TemplateCategory = "UTILITY"
)

// ParameterFormat specifies how variables are written.
// +kubebuilder:validation:Enum=POSITIONAL;NAMED
type ParameterFormat string

const (
	// ParameterFormatPositional writes variables as {{1}}, {{2}}. It is what an absent format means.
	ParameterFormatPositional ParameterFormat = "POSITIONAL"
	// ParameterFormatNamed writes variables as {{first_name}}.
	ParameterFormatNamed ParameterFormat = "NAMED"
)

// TemplateSubCategory narrows a category down.
type TemplateSubCategory string

const (
	// TemplateSubCategoryOrderDetails is for messages that ask for the payment of an order.
	TemplateSubCategoryOrderDetails TemplateSubCategory = "ORDER_DETAILS"
	// TemplateSubCategoryOrderStatus is for messages about the state of an order.
	TemplateSubCategoryOrderStatus TemplateSubCategory = "ORDER_STATUS"
	// TemplateSubCategoryRichOrderStatus is for messages about the state of an order with more content.
	TemplateSubCategoryRichOrderStatus TemplateSubCategory = "RICH_ORDER_STATUS"
)

// TemplateDisplayFormat specifies how a template is shown.
// +kubebuilder:validation:Enum=ORDER_DETAILS
type TemplateDisplayFormat string

// TemplateDisplayFormatOrderDetails shows a payable order.
const TemplateDisplayFormatOrderDetails TemplateDisplayFormat = "ORDER_DETAILS"

// URLClickTracking specifies whether Meta tracks taps on URL buttons.
// +kubebuilder:validation:Enum=Enabled;Disabled
type URLClickTracking string

const (
	// URLClickTrackingEnabled lets Meta track taps.
	URLClickTrackingEnabled URLClickTracking = "Enabled"
	// URLClickTrackingDisabled opts out of tracking.
	URLClickTrackingDisabled URLClickTracking = "Disabled"
)

// ContentValidation specifies whether the rules for new content hold.
// +kubebuilder:validation:Enum=Strict;Lenient
type ContentValidation string

const (
	// ContentValidationStrict refuses what Meta refuses in content that is created or edited. It is what an absent value means.
	ContentValidationStrict ContentValidation = "Strict"
	// ContentValidationLenient takes content as it is at Meta. It isn't sent as long as it breaks the rules for new content.
	ContentValidationLenient ContentValidation = "Lenient"
)

// AdoptionPolicy specifies what happens if the template exists at Meta before the resource.
// +kubebuilder:validation:Enum=IfIdentical;Always;Never
type AdoptionPolicy string

const (
	// AdoptionPolicyIfIdentical adopts a template with the same content (category apart). It is what an absent policy means.
	AdoptionPolicyIfIdentical AdoptionPolicy = "IfIdentical"
	// AdoptionPolicyAlways adopts any template of this name and language and edits it to the spec.
	AdoptionPolicyAlways AdoptionPolicy = "Always"
	// AdoptionPolicyNever adopts nothing that the resource did not create.
	AdoptionPolicyNever AdoptionPolicy = "Never"
)

// CategoryPolicy specifies what it means for Ready that Meta changed the category.
// +kubebuilder:validation:Enum=Report;Require
type CategoryPolicy string

const (
	// CategoryPolicyReport reports it in the condition CategoryAsRequested. It is what an absent policy means.
	CategoryPolicyReport CategoryPolicy = "Report"
	// CategoryPolicyRequire makes the resource not Ready as well.
	CategoryPolicyRequire CategoryPolicy = "Require"
)

// ArchivedPolicy specifies what happens when Meta archives the template because it wasn't used for a year.
// +kubebuilder:validation:Enum=Report;Unarchive
type ArchivedPolicy string

const (
	// ArchivedPolicyReport makes the resource not Ready. It is what an absent policy means.
	ArchivedPolicyReport ArchivedPolicy = "Report"
	// ArchivedPolicyUnarchive unarchives the template.
	ArchivedPolicyUnarchive ArchivedPolicy = "Unarchive"
)

// MessageTemplateSpec describes one message template in one language. Exactly one of body, authentication and library
// is needed; under managementPolicy Observed none.
// +kubebuilder:validation:XValidation:rule=`[[has(self.body), has(self.authentication), has(self.library)].filter(x, x).size()].all(n, n == 1 || n == 0 && has(self.managementPolicy) && self.managementPolicy == 'Observed')`,message=`set one of body, authentication and library, and only one; only with managementPolicy: Observed may all be absent`
// +kubebuilder:validation:XValidation:rule=`self.category == 'AUTHENTICATION' || !has(self.authentication)`,message=`authentication needs category: AUTHENTICATION`
// +kubebuilder:validation:XValidation:rule=`!(has(self.authentication) || has(self.library)) || ![has(self.header), has(self.footer), has(self.buttons), has(self.carousel), has(self.limitedTimeOffer), has(self.callPermissionRequest)].exists(x, x)`,message=`header, footer, buttons, carousel, limitedTimeOffer and callPermissionRequest go with body only: with authentication or library remove them`
// +kubebuilder:validation:XValidation:rule=`!has(self.library) || has(oldSelf.library) && self.library == oldSelf.library`,message=`library only works when a template is created: it can be neither added nor changed; replace it by body, or create a template with another name`
type MessageTemplateSpec struct {
	CommonSpec `json:",inline"`

	// Name of the template at Meta, as senders use it: 1 to 512 lower-case letters, digits and underscores. It can't be
	// changed. It is never derived from metadata.name. All languages of one template share its name and category and are
	// separate resources.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	// +kubebuilder:validation:XValidation:rule=`self == oldSelf`,message=`name is immutable: create a new template under the new name`
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z0-9_]+$')`,message=`name takes lower-case letters, digits and underscores only, such as order_confirmation`
	Name string `json:"name"`

	// Language of the template: one of Meta's codes, such as en, en_US or pt_BR. A code that the operator doesn't know is
	// tried, with a warning. It can't be changed.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/supported-languages
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self == oldSelf`,message=`language is immutable: create another resource for another language`
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[a-z]{2,3}(_[A-Z]{2})?$')`,message=`language must be one of Meta's codes, with an underscore: en, en_US, pt_BR`
	// +kubebuilder:validation:XValidation:rule=`!(self in ['pt', 'zh', 'ar_SA'])`,message=`Meta has no such language: write pt_BR or pt_PT for pt; zh_CN, zh_HK or zh_TW for zh; ar for ar_SA`
	Language string `json:"language"`

	// Category of the template, which decides price and permitted content: AUTHENTICATION (one-time passcodes), MARKETING or
	// UTILITY (about an order, account or request of the recipient). Meta may approve UTILITY as MARKETING: see
	// categoryPolicy and status.category. The category of an approved template can't be changed, except to what Meta gave it.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-categorization
	// +required
	Category TemplateCategory `json:"category"`

	// ParameterFormat specifies how variables are written in header, body and cards: POSITIONAL ({{1}}, {{2}}, without gaps) or NAMED ({{first_name}}). Absent means POSITIONAL, as at Meta.
	// +optional
	ParameterFormat ParameterFormat `json:"parameterFormat,omitempty"`

	// MessageSendTTLSeconds is for how long, in seconds, Meta tries to deliver a message: 30 to 900 for AUTHENTICATION, 30 to
	// 43200 for UTILITY, 43200 to 2592000 for MARKETING (with the Marketing Messages API only); -1 means 30 days for the
	// first two. Absent means Meta's default: 600 for AUTHENTICATION, else 30 days.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/time-to-live
	// +optional
	MessageSendTTLSeconds *int64 `json:"messageSendTTLSeconds,omitempty"`

	// SubCategory narrows the category down: ORDER_STATUS (UTILITY with body and footer only), ORDER_DETAILS, RICH_ORDER_STATUS,
	// BOOKING_STATUS, CALL_PERMISSIONS_REQUEST, FLIGHT_DELAY_AND_GATE_CHANGE_ALERT, FRAUD_ALERT, or one that Meta adds. Absent leaves it to
	// Meta.
	// +optional
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Z][A-Z_]*$')",message="subCategory is a name of Meta's in capitals, such as ORDER_STATUS"
	SubCategory TemplateSubCategory `json:"subCategory,omitempty"`

	// DisplayFormat: ORDER_DETAILS shows an order that can be paid, with a button of the same type (Brazil). Absent means none.
	// +optional
	DisplayFormat TemplateDisplayFormat `json:"displayFormat,omitempty"`

	// URLClickTracking specifies whether Meta tracks taps on URL buttons. Absent means Enabled, as at Meta.
	// +optional
	URLClickTracking URLClickTracking `json:"urlClickTracking,omitempty"`

	// PrimaryDeviceDeliveryOnly delivers the message to the recipient's phone only, not to linked devices. Absent means false.
	// +optional
	PrimaryDeviceDeliveryOnly *bool `json:"primaryDeviceDeliveryOnly,omitempty"`

	// CreativeFeatures opts in to or out of Meta's automatic changes of marketing messages, one by one; at most 20. A
	// feature that isn't listed follows the setting of the account.
	// +optional
	// +listType=map
	// +listMapKey=feature
	// +kubebuilder:validation:MaxItems=20
	CreativeFeatures []CreativeFeature `json:"creativeFeatures,omitempty"`

	// MaxPrice is the most that Meta charges for deliveries; the template can then be sent with the Marketing Messages API only. Needs
	// category: MARKETING. A template that was created without a max price can't get one, and one that has it keeps it: absent means
	// that the operator leaves Meta's alone. A change of the amount is an edit with a limit of its own: 100 an hour.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/marketing-messages/pricing/enroll-max-price
	// +optional
	MaxPrice *TemplateMaxPrice `json:"maxPrice,omitempty"`

	// Header above the body: a line of text, a media file, a place or a product.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components
	// +optional
	Header *TemplateHeader `json:"header,omitempty"`

	// Body of the message: at most 1024 characters, 600 with limitedTimeOffer, 160 with an SPM button.
	// +optional
	Body *TemplateBody `json:"body,omitempty"`

	// Footer below the body: at most 60 characters without variables. Not possible with limitedTimeOffer.
	// +optional
	Footer *TemplateFooter `json:"footer,omitempty"`

	// Buttons below the message, at most 10: any number of QUICK_REPLY, which stand together before or after the others, two
	// URL, and one of each other type. With more than three buttons a recipient sees two and an entry for the rest.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Buttons []TemplateButton `json:"buttons,omitempty"`

	// Carousel of 2 to 10 cards to swipe through, below body. Needs category: MARKETING; header, footer and buttons are
	// possible in the cards only.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/marketing-templates/media-card-carousel-templates
	// +optional
	Carousel *TemplateCarousel `json:"carousel,omitempty"`

	// LimitedTimeOffer shows an offer that expires. Needs category: MARKETING, a URL button, and no footer; the header is IMAGE
	// or VIDEO, and a COPY_CODE button may stand before the URL button.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/marketing-templates/limited-time-offer-templates
	// +optional
	LimitedTimeOffer *TemplateLimitedTimeOffer `json:"limitedTimeOffer,omitempty"`

	// CallPermissionRequest asks the recipient for permission to call. Write it as {}. No buttons are possible beside it.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/calling/user-call-permissions
	// +optional
	CallPermissionRequest *CallPermissionRequest `json:"callPermissionRequest,omitempty"`

	// Authentication describes a one-time passcode message, whose text Meta writes and translates. Needs category:
	// AUTHENTICATION, and stands instead of body, header, footer and buttons.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/authentication-templates/authentication-templates
	// +optional
	Authentication *TemplateAuthentication `json:"authentication,omitempty"`

	// Library creates the template from Meta's library of approved templates, without review; it stands instead of body,
	// header, footer and buttons. It can't be added or changed later, but may give way to body.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-library
	// +optional
	Library *TemplateLibrary `json:"library,omitempty"`

	// ContentValidation is Strict or Lenient. Absent means Strict: the API server refuses content that Meta wouldn't accept as new
	// content, such as a body that ends with a variable, or a variable without an example. Lenient describes a template as it is at Meta, where
	// older rules held: it is compared, adopted and watched like any other. The operator doesn't send such content: as long as it
	// breaks one of these rules, a change of the spec is InvalidSpec.
	// +optional
	ContentValidation ContentValidation `json:"contentValidation,omitempty"`

	// AdoptionPolicy specifies what happens if Meta has a template of this name and language already. Absent means IfIdentical: it
	// is adopted if its content is the same (the category doesn't count), else the resource reports AlreadyExists. Always
	// adopts and edits it; Never adopts nothing.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// CategoryPolicy specifies what it means that Meta gave the template another category. Absent means Report: the condition
	// CategoryAsRequested says so and the resource may still be Ready. Require makes it not Ready.
	// +optional
	CategoryPolicy CategoryPolicy `json:"categoryPolicy,omitempty"`

	// ArchivedPolicy specifies what happens when Meta archives the template because it wasn't used for 12 months. Absent means Report: the
	// resource isn't Ready, and Meta deletes the template 28 days later. Unarchive unarchives it.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management
	// +optional
	ArchivedPolicy ArchivedPolicy `json:"archivedPolicy,omitempty"`

	// DeletionPolicy specifies what happens at Meta when this resource is deleted. Absent means Retain: the template stays. Delete
	// deletes this language of the template; if it was approved, Meta locks its name for 30 days.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management
	// +optional
	// +kubebuilder:validation:Enum=Retain;Delete
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// MessageTemplate is one WhatsApp message template in one language.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:selectablefield:JSONPath=`.spec.name`
// +kubebuilder:resource:path=messagetemplates,singular=messagetemplate,scope=Namespaced,shortName=wamt,categories=whatsapp
// +kubebuilder:printcolumn:name="Template",type=string,JSONPath=`.spec.name`
// +kubebuilder:printcolumn:name="Lang",type=string,JSONPath=`.spec.language`
// +kubebuilder:printcolumn:name="Category",type=string,JSONPath=`.status.category`,description="Category at Meta, which may differ from the spec"
// +kubebuilder:printcolumn:name="Status",type=string,JSONPath=`.status.status`
// +kubebuilder:printcolumn:name="Quality",type=string,JSONPath=`.status.qualityScore`
// +kubebuilder:printcolumn:name="Ready",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].status`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="ID",type=string,JSONPath=`.status.id`,priority=1
// +kubebuilder:printcolumn:name="Account",type=string,JSONPath=`.spec.wabaRef.name`,priority=1
// +kubebuilder:printcolumn:name="Policy",type=string,JSONPath=`.spec.managementPolicy`,priority=1
// +kubebuilder:printcolumn:name="Deletion",type=string,JSONPath=`.spec.deletionPolicy`,priority=1
// +kubebuilder:printcolumn:name="Reason",type=string,JSONPath=`.status.conditions[?(@.type=="Ready")].reason`,priority=1
// +kubebuilder:validation:XValidation:rule=`!has(self.spec.maxPrice) || has(oldSelf.spec.maxPrice) || !has(oldSelf.status) || !has(oldSelf.status.id) || has(oldSelf.status.maxPrice)`,message=`maxPrice can't be added: the template was created without one (status.maxPrice); remove it, or create a template with another name`
// +kubebuilder:validation:XValidation:rule=`self.spec.category == oldSelf.spec.category || !has(oldSelf.status) || !has(oldSelf.status.status) || oldSelf.status.status != 'APPROVED' || has(oldSelf.status.category) && self.spec.category == oldSelf.status.category`,message=`the category of an approved template can't be changed: keep it, set it to what status.category says, or create a template with another name`
type MessageTemplate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what the template should be.
	// +required
	Spec MessageTemplateSpec `json:"spec"`

	// Status is what Meta reports about the template.
	// +optional
	// +kubebuilder:default={"observedGeneration":-1}
	Status MessageTemplateStatus `json:"status,omitempty"`
}

// MessageTemplateList is a list of MessageTemplate resources.
//
// +kubebuilder:object:root=true
type MessageTemplateList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitempty"`
	Items           []MessageTemplate `json:"items"`
}
