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

// ParameterFormat says how variables are written.
// +kubebuilder:validation:Enum=POSITIONAL;NAMED
type ParameterFormat string

const (
	// ParameterFormatPositional writes variables as {{1}}, {{2}}. It is what an absent format means.
	ParameterFormatPositional ParameterFormat = "POSITIONAL"
	// ParameterFormatNamed writes variables as {{first_name}}.
	ParameterFormatNamed ParameterFormat = "NAMED"
)

// TemplateSubCategory narrows a category down.
// +kubebuilder:validation:Enum=ORDER_DETAILS;ORDER_STATUS;RICH_ORDER_STATUS
type TemplateSubCategory string

const (
	// TemplateSubCategoryOrderDetails is for messages that ask for the payment of an order.
	TemplateSubCategoryOrderDetails TemplateSubCategory = "ORDER_DETAILS"
	// TemplateSubCategoryOrderStatus is for messages about the state of an order.
	TemplateSubCategoryOrderStatus TemplateSubCategory = "ORDER_STATUS"
	// TemplateSubCategoryRichOrderStatus is for messages about the state of an order with more content.
	TemplateSubCategoryRichOrderStatus TemplateSubCategory = "RICH_ORDER_STATUS"
)

// TemplateDisplayFormat says how a template is shown.
// +kubebuilder:validation:Enum=ORDER_DETAILS
type TemplateDisplayFormat string

// TemplateDisplayFormatOrderDetails shows a payable order.
const TemplateDisplayFormatOrderDetails TemplateDisplayFormat = "ORDER_DETAILS"

// URLClickTracking says whether Meta tracks taps on URL buttons.
// +kubebuilder:validation:Enum=Enabled;Disabled
type URLClickTracking string

const (
	// URLClickTrackingEnabled lets Meta track taps.
	URLClickTrackingEnabled URLClickTracking = "Enabled"
	// URLClickTrackingDisabled opts out of tracking.
	URLClickTrackingDisabled URLClickTracking = "Disabled"
)

// AdoptionPolicy says what happens if the template exists at Meta before the resource.
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

// CategoryPolicy says what it means for Ready that Meta changed the category.
// +kubebuilder:validation:Enum=Report;Require
type CategoryPolicy string

const (
	// CategoryPolicyReport reports it in the condition CategoryAsRequested. It is what an absent policy means.
	CategoryPolicyReport CategoryPolicy = "Report"
	// CategoryPolicyRequire makes the resource not Ready as well.
	CategoryPolicyRequire CategoryPolicy = "Require"
)

// MessageTemplateSpec describes one message template in one language. Exactly one of body, authentication and library
// is needed; under managementPolicy Observed none.
type MessageTemplateSpec struct {
	CommonSpec `json:",inline"`

	// Name of the template at Meta. It can't be changed. All languages of a template have the same name and category and
	// are separate resources.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	Name string `json:"name"`

	// Language of the template: one of Meta's codes, such as en, en_US or pt_BR. It can't be changed.
	// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/supported-languages
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Language string `json:"language"`

	// Category of the template: AUTHENTICATION, MARKETING or UTILITY. Meta may approve UTILITY as MARKETING; see
	// categoryPolicy and status.category.
	// +required
	Category TemplateCategory `json:"category"`

	// ParameterFormat says how variables are written: POSITIONAL ({{1}}, {{2}}) or NAMED ({{first_name}}). Absent means
	// POSITIONAL, as at Meta.
	// +optional
	ParameterFormat ParameterFormat `json:"parameterFormat,omitempty"`

	// MessageSendTTLSeconds is for how long, in seconds, Meta tries to deliver a message.
	// +optional
	MessageSendTTLSeconds *int64 `json:"messageSendTTLSeconds,omitempty"`

	// SubCategory narrows the category down.
	// +optional
	SubCategory TemplateSubCategory `json:"subCategory,omitempty"`

	// DisplayFormat ORDER_DETAILS is for payable orders in Brazil.
	// +optional
	DisplayFormat TemplateDisplayFormat `json:"displayFormat,omitempty"`

	// URLClickTracking says whether Meta tracks taps on URL buttons. Absent means Enabled, as at Meta.
	// +optional
	URLClickTracking URLClickTracking `json:"urlClickTracking,omitempty"`

	// PrimaryDeviceDeliveryOnly delivers the message to the recipient's phone only.
	// +optional
	PrimaryDeviceDeliveryOnly *bool `json:"primaryDeviceDeliveryOnly,omitempty"`

	// CreativeFeatures opts in to or out of Meta's automatic changes of marketing messages.
	// +optional
	// +listType=map
	// +listMapKey=feature
	// +kubebuilder:validation:MaxItems=20
	CreativeFeatures []CreativeFeature `json:"creativeFeatures,omitempty"`

	// Header above the body.
	// +optional
	Header *TemplateHeader `json:"header,omitempty"`

	// Body of the message.
	// +optional
	Body *TemplateBody `json:"body,omitempty"`

	// Footer below the body.
	// +optional
	Footer *TemplateFooter `json:"footer,omitempty"`

	// Buttons below the message, at most 10.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=10
	Buttons []TemplateButton `json:"buttons,omitempty"`

	// Carousel of 2 to 10 cards.
	// +optional
	Carousel *TemplateCarousel `json:"carousel,omitempty"`

	// LimitedTimeOffer shows an offer that expires.
	// +optional
	LimitedTimeOffer *TemplateLimitedTimeOffer `json:"limitedTimeOffer,omitempty"`

	// CallPermissionRequest asks the recipient for permission to call. Write it as {}.
	// +optional
	CallPermissionRequest *CallPermissionRequest `json:"callPermissionRequest,omitempty"`

	// Authentication describes a one-time passcode message.
	// +optional
	Authentication *TemplateAuthentication `json:"authentication,omitempty"`

	// Library creates the template from Meta's template library.
	// +optional
	Library *TemplateLibrary `json:"library,omitempty"`

	// AdoptionPolicy says what happens if the template exists at Meta already. Absent means IfIdentical.
	// +optional
	AdoptionPolicy AdoptionPolicy `json:"adoptionPolicy,omitempty"`

	// CategoryPolicy says what it means that Meta changed the category. Absent means Report.
	// +optional
	CategoryPolicy CategoryPolicy `json:"categoryPolicy,omitempty"`

	// DeletionPolicy says what happens at Meta when this resource is deleted. Absent means Retain.
	// +optional
	// +kubebuilder:validation:Enum=Retain;Delete
	DeletionPolicy DeletionPolicy `json:"deletionPolicy,omitempty"`
}

// MessageTemplate is one WhatsApp message template in one language.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
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
type MessageTemplate struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata,omitempty"`

	// Spec is what the template should be.
	// +required
	Spec MessageTemplateSpec `json:"spec"`

	// Status is what Meta says about the template.
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
