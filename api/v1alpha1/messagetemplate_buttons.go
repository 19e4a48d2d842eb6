// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// ButtonType is what a button does.
type ButtonType string

// Types of buttons, as at Meta.
const (
	ButtonTypeQuickReply         ButtonType = "QUICK_REPLY"
	ButtonTypeURL                ButtonType = "URL"
	ButtonTypePhoneNumber        ButtonType = "PHONE_NUMBER"
	ButtonTypeCopyCode           ButtonType = "COPY_CODE"
	ButtonTypeFlow               ButtonType = "FLOW"
	ButtonTypeVoiceCall          ButtonType = "VOICE_CALL"
	ButtonTypeCatalog            ButtonType = "CATALOG"
	ButtonTypeMPM                ButtonType = "MPM"
	ButtonTypeSPM                ButtonType = "SPM"
	ButtonTypeOrderDetails       ButtonType = "ORDER_DETAILS"
	ButtonTypeRequestContactInfo ButtonType = "REQUEST_CONTACT_INFO"
)

// TemplateButton is a button below a message. Which fields it has depends on its type.
type TemplateButton struct {
	// Type of the button.
	// +required
	// +kubebuilder:validation:Enum=QUICK_REPLY;URL;PHONE_NUMBER;COPY_CODE;FLOW;VOICE_CALL;CATALOG;MPM;SPM;ORDER_DETAILS;REQUEST_CONTACT_INFO
	Type ButtonType `json:"type"`

	// Text on the button, at most 25 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=25
	Text string `json:"text,omitempty"`

	// URL to open.
	// +optional
	// +kubebuilder:validation:MaxLength=2000
	URL string `json:"url,omitempty"`

	// Example of the address or of the code.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	Example string `json:"example,omitempty"`

	// PhoneNumber to call.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	PhoneNumber string `json:"phoneNumber,omitempty"`

	// TTLMinutes is for how long a call can be started with a VOICE_CALL button, in minutes.
	// +optional
	// +kubebuilder:validation:Minimum=1440
	// +kubebuilder:validation:Maximum=43200
	TTLMinutes *int32 `json:"ttlMinutes,omitempty"`

	// Flow to open.
	// +optional
	Flow *ButtonFlow `json:"flow,omitempty"`

	// AppDeepLink opens an Android app instead of the address.
	// +optional
	AppDeepLink *AppDeepLink `json:"appDeepLink,omitempty"`
}

// FlowAction is what a FLOW button does.
// +kubebuilder:validation:Enum=NAVIGATE;DATA_EXCHANGE
type FlowAction string

const (
	// FlowActionNavigate opens a screen of the Flow. It is what an absent action means.
	FlowActionNavigate FlowAction = "NAVIGATE"
	// FlowActionDataExchange asks the Flow's endpoint for the first screen.
	FlowActionDataExchange FlowAction = "DATA_EXCHANGE"
)

// ButtonFlow says which Flow a FLOW button opens.
// +structType=atomic
type ButtonFlow struct {
	// ID of the Flow at Meta.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	ID string `json:"id,omitempty"`

	// Name of the Flow at Meta.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	Name string `json:"name,omitempty"`

	// JSON of the Flow.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=65536
	JSON string `json:"json,omitempty"`

	// Action is NAVIGATE or DATA_EXCHANGE. Absent means NAVIGATE.
	// +optional
	Action FlowAction `json:"action,omitempty"`

	// NavigateScreen is the screen to open.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	NavigateScreen string `json:"navigateScreen,omitempty"`
}

// AppDeepLink opens an Android app.
// +structType=atomic
type AppDeepLink struct {
	// MetaAppID is the id of the app at Meta.
	// +required
	// +kubebuilder:validation:MaxLength=32
	MetaAppID string `json:"metaAppID"`

	// AndroidDeepLink is the link that the app opens.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	AndroidDeepLink string `json:"androidDeepLink"`

	// AndroidFallbackPlayStoreURL is opened where the app isn't installed.
	// +optional
	// +kubebuilder:validation:MaxLength=2000
	AndroidFallbackPlayStoreURL string `json:"androidFallbackPlayStoreURL,omitempty"`
}

// OTPType is how a one-time passcode reaches the app.
// +kubebuilder:validation:Enum=COPY_CODE;ONE_TAP;ZERO_TAP
type OTPType string

const (
	// OTPTypeCopyCode lets the recipient copy the code.
	OTPTypeCopyCode OTPType = "COPY_CODE"
	// OTPTypeOneTap fills the code into an Android app at a tap.
	OTPTypeOneTap OTPType = "ONE_TAP"
	// OTPTypeZeroTap hands the code to an Android app without a tap.
	OTPTypeZeroTap OTPType = "ZERO_TAP"
)

// TemplateAuthentication describes a one-time passcode message, whose text Meta writes.
type TemplateAuthentication struct {
	// AddSecurityRecommendation adds a warning not to share the code. Absent means false.
	// +optional
	AddSecurityRecommendation *bool `json:"addSecurityRecommendation,omitempty"`

	// CodeExpirationMinutes adds a footer that says when the code expires, 1 to 90 minutes.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=90
	CodeExpirationMinutes *int32 `json:"codeExpirationMinutes,omitempty"`

	// OTP is the button.
	// +required
	OTP OTPButton `json:"otp"`
}

// OTPButton is the button of a one-time passcode message.
// +structType=atomic
type OTPButton struct {
	// Type is COPY_CODE, ONE_TAP or ZERO_TAP.
	// +required
	Type OTPType `json:"type"`

	// Text on the copy button, at most 25 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=25
	Text string `json:"text,omitempty"`

	// AutofillText is the text on the autofill button, at most 25 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=25
	AutofillText string `json:"autofillText,omitempty"`

	// ZeroTapTermsAccepted must be true for ZERO_TAP.
	// +optional
	ZeroTapTermsAccepted *bool `json:"zeroTapTermsAccepted,omitempty"`

	// SupportedApps are the Android apps that take the code.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=5
	SupportedApps []SupportedApp `json:"supportedApps,omitempty"`
}

// SupportedApp is an Android app that takes one-time passcodes.
type SupportedApp struct {
	// PackageName of the app.
	// +required
	// +kubebuilder:validation:MaxLength=224
	PackageName string `json:"packageName"`

	// SignatureHash of the app's signing key.
	// +required
	// +kubebuilder:validation:MaxLength=16
	SignatureHash string `json:"signatureHash"`
}

// TemplateLibrary creates the template from Meta's template library.
type TemplateLibrary struct {
	// TemplateName is the name of the library's template.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	TemplateName string `json:"templateName"`

	// BodyInputs chooses optional parts of the body.
	// +optional
	BodyInputs *LibraryBodyInputs `json:"bodyInputs,omitempty"`

	// ButtonInputs fills in the buttons, in their order.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=10
	ButtonInputs []LibraryButtonInput `json:"buttonInputs,omitempty"`
}

// LibraryBodyInputs chooses optional parts of the body of a library template.
type LibraryBodyInputs struct {
	// AddContactNumber adds a sentence with a contact number.
	// +optional
	AddContactNumber *bool `json:"addContactNumber,omitempty"`

	// AddLearnMoreLink adds a sentence with a link to more information.
	// +optional
	AddLearnMoreLink *bool `json:"addLearnMoreLink,omitempty"`

	// AddSecurityRecommendation adds a warning not to share the code.
	// +optional
	AddSecurityRecommendation *bool `json:"addSecurityRecommendation,omitempty"`

	// AddTrackPackageLink adds a sentence with a link to track the parcel.
	// +optional
	AddTrackPackageLink *bool `json:"addTrackPackageLink,omitempty"`

	// CodeExpirationMinutes says when the code expires, 1 to 90 minutes.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=90
	CodeExpirationMinutes *int32 `json:"codeExpirationMinutes,omitempty"`
}

// LibraryButtonInput fills in one button of a library template.
type LibraryButtonInput struct {
	// Type of the button.
	// +required
	// +kubebuilder:validation:Enum=QUICK_REPLY;URL;PHONE_NUMBER;CATALOG;MPM;FLOW;VOICE_CALL;APP
	Type ButtonType `json:"type"`

	// URL to open, ending in {{1}} if the library's template has a variable address.
	// +optional
	// +kubebuilder:validation:MaxLength=2000
	URL string `json:"url,omitempty"`

	// Example of the whole address.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	Example string `json:"example,omitempty"`

	// PhoneNumber to call.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	PhoneNumber string `json:"phoneNumber,omitempty"`
}
