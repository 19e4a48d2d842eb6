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
	// ButtonTypeOTP hands over a one-time passcode; only among the inputs of a library template.
	ButtonTypeOTP ButtonType = "OTP"
)

// TemplateButton is a button below a message. Which fields it has depends on its type.
// +kubebuilder:validation:XValidation:rule=`(self.type in ['COPY_CODE', 'REQUEST_CONTACT_INFO']) != has(self.text)`,message=`every button needs a text, except COPY_CODE and REQUEST_CONTACT_INFO, whose text is fixed by Meta: remove it there`
// +kubebuilder:validation:XValidation:rule=`(self.type == 'URL') == has(self.url)`,message=`url belongs to type: URL, and only to it`
// +kubebuilder:validation:XValidation:rule=`(self.type == 'PHONE_NUMBER') == has(self.phoneNumber)`,message=`phoneNumber belongs to type: PHONE_NUMBER, and only to it`
// +kubebuilder:validation:XValidation:rule=`!has(self.example) || self.type == 'COPY_CODE' || has(self.url) && self.url.contains('{{')`,message=`example belongs to a COPY_CODE button or to a url with a variable: remove it, or end url in {{1}}`
// +kubebuilder:validation:XValidation:rule=`(self.type == 'FLOW') == has(self.flow)`,message=`flow belongs to type: FLOW, and only to it`
// +kubebuilder:validation:XValidation:rule=`(!has(self.ttlMinutes) || self.type == 'VOICE_CALL') && (!has(self.appDeepLink) || self.type == 'URL')`,message=`ttlMinutes belongs to type: VOICE_CALL, and appDeepLink belongs to type: URL`
type TemplateButton struct {
	// Type of the button: QUICK_REPLY (answers with its text), URL, PHONE_NUMBER, COPY_CODE (copies a coupon), FLOW, VOICE_CALL
	// (calls in WhatsApp), CATALOG, MPM (several products), SPM (one product), ORDER_DETAILS (pays an order) or
	// REQUEST_CONTACT_INFO.
	// +required
	// +kubebuilder:validation:Enum=QUICK_REPLY;URL;PHONE_NUMBER;COPY_CODE;FLOW;VOICE_CALL;CATALOG;MPM;SPM;ORDER_DETAILS;REQUEST_CONTACT_INFO
	Type ButtonType `json:"type"`

	// Text on the button, at most 25 characters (20 for VOICE_CALL) without variables. It must be View catalog for CATALOG, View
	// items for MPM, View for SPM, and absent for COPY_CODE and REQUEST_CONTACT_INFO, whose text Meta writes.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=25
	Text string `json:"text,omitempty"`

	// URL to open, at most 2000 characters, only with type: URL. It may have one variable, at its very end: {{1}}, or with
	// parameterFormat: NAMED also a name. Links to wa.me and whatsapp.com are refused by Meta.
	// +optional
	// +kubebuilder:validation:MaxLength=2000
	URL string `json:"url,omitempty"`

	// Example of what stands for the variable of url, or of the whole address (type: URL, needed exactly if url has a
	// variable), or of the code (type: COPY_CODE, needed, at most 20 characters, 15 next to limitedTimeOffer).
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	Example string `json:"example,omitempty"`

	// PhoneNumber to call, only with type: PHONE_NUMBER: digits with the country code, at most 20 characters.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[+]?[0-9]{5,19}$')`,message=`phoneNumber must be digits with the country code, such as "+15550051310"`
	PhoneNumber string `json:"phoneNumber,omitempty"`

	// TTLMinutes is for how long, in minutes, a call can be started with the button, 1440 to 43200; only with type: VOICE_CALL.
	// Absent means Meta's default, 10080.
	// +optional
	// +kubebuilder:validation:Minimum=1440
	// +kubebuilder:validation:Maximum=43200
	TTLMinutes *int32 `json:"ttlMinutes,omitempty"`

	// Flow to open; only with type: FLOW.
	// See https://developers.facebook.com/docs/whatsapp/flows
	// +optional
	Flow *ButtonFlow `json:"flow,omitempty"`

	// AppDeepLink opens an Android app instead of the address; only with type: URL.
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

// ButtonFlow specifies which Flow a FLOW button opens.
// +structType=atomic
// +kubebuilder:validation:XValidation:rule=`[has(self.id), has(self.name), has(self.json)].filter(x, x).size() == 1`,message=`set exactly one of id, name and json`
// +kubebuilder:validation:XValidation:rule=`!has(self.navigateScreen) || !has(self.action) || self.action == 'NAVIGATE'`,message=`navigateScreen belongs to action: NAVIGATE`
type ButtonFlow struct {
	// ID of the Flow at Meta: digits, in quotes. Exactly one of id, name and json is set.
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[0-9]{1,32}$')`,message=`id must be the Flow's id at Meta: 1 to 32 digits`
	ID string `json:"id,omitempty"`

	// Name of the Flow at Meta, at most 200 characters. Meta turns it into the id once, so renaming the Flow later is harmless.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	Name string `json:"name,omitempty"`

	// JSON of a Flow that is created with the template, at most 65536 characters.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=65536
	JSON string `json:"json,omitempty"`

	// Action is NAVIGATE (opens a screen) or DATA_EXCHANGE (asks the Flow's endpoint for the first screen). Absent means
	// NAVIGATE.
	// +optional
	Action FlowAction `json:"action,omitempty"`

	// NavigateScreen is the id of the screen to open, at most 200 characters; only with action: NAVIGATE. Absent means the
	// Flow's first screen.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=200
	NavigateScreen string `json:"navigateScreen,omitempty"`

	// Icon on the button: DOCUMENT, PROMOTION, REVIEW, or one that Meta adds. Absent means none.
	// See https://developers.facebook.com/docs/whatsapp/flows/guides/sendingaflow
	// +optional
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[A-Z][A-Z_]*$')`,message=`icon is a name of Meta's in capitals, such as PROMOTION`
	Icon string `json:"icon,omitempty"`
}

// AppDeepLink opens an Android app.
// +structType=atomic
type AppDeepLink struct {
	// MetaAppID is the id of the app at Meta: digits, in quotes.
	// +required
	// +kubebuilder:validation:MaxLength=32
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[0-9]{1,32}$')`,message=`metaAppID must be the app's id at Meta: 1 to 32 digits`
	MetaAppID string `json:"metaAppID"`

	// AndroidDeepLink is the link that the app opens, such as acmeshop://deals; at most 2000 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	AndroidDeepLink string `json:"androidDeepLink"`

	// AndroidFallbackPlayStoreURL is opened where the app isn't installed; at most 2000 characters.
	// +optional
	// +kubebuilder:validation:MaxLength=2000
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^https?://\S+$')`,message=`androidFallbackPlayStoreURL must begin with https://`
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
// +kubebuilder:validation:XValidation:rule=`!has(self.autofillText) || self.type != 'COPY_CODE'`,message=`autofillText belongs to type: ONE_TAP or ZERO_TAP`
// +kubebuilder:validation:XValidation:rule=`self.type == 'ZERO_TAP' ? has(self.zeroTapTermsAccepted) && self.zeroTapTermsAccepted : !has(self.zeroTapTermsAccepted)`,message=`ZERO_TAP needs zeroTapTermsAccepted: true, by which you accept Meta's terms for it; other types take no such field`
// +kubebuilder:validation:XValidation:rule=`!(has(self.text) && self.text.matches(r'[{}\n]')) && !(has(self.autofillText) && self.autofillText.matches(r'[{}\n]'))`,message=`text and autofillText take no variables, braces or line breaks`
// +kubebuilder:validation:XValidation:rule=`self.type != 'COPY_CODE' || !has(self.supportedApps)`,message=`supportedApps belong to type: ONE_TAP or ZERO_TAP`
type OTPButton struct {
	// Type is COPY_CODE (the recipient copies the code), ONE_TAP (a tap fills it into an Android app) or ZERO_TAP (the app gets
	// it without a tap).
	// +required
	Type OTPType `json:"type"`

	// Text on the copy button, at most 25 characters. Absent means Meta's own, translated text, which is the safe choice: some
	// accounts had other texts refused.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=25
	Text string `json:"text,omitempty"`

	// AutofillText is the text on the autofill button, at most 25 characters; only with ONE_TAP and ZERO_TAP. Absent means
	// Meta's own, translated text.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=25
	AutofillText string `json:"autofillText,omitempty"`

	// ZeroTapTermsAccepted must be true for ZERO_TAP, by which you accept Meta's terms for it, and absent otherwise.
	// +optional
	ZeroTapTermsAccepted *bool `json:"zeroTapTermsAccepted,omitempty"`

	// SupportedApps are the 1 to 5 Android apps that take the code; needed, and possible, only with ONE_TAP and ZERO_TAP.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=5
	SupportedApps []SupportedApp `json:"supportedApps,omitempty"`
}

// SupportedApp is an Android app that takes one-time passcodes.
type SupportedApp struct {
	// PackageName of the app, such as com.acme.shop; at most 224 characters.
	// +required
	// +kubebuilder:validation:MaxLength=224
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^[A-Za-z][A-Za-z0-9_]*([.][A-Za-z][A-Za-z0-9_]*)+$')`,message=`packageName must have two or more parts with a dot between, each beginning with a letter, such as com.acme.shop`
	PackageName string `json:"packageName"`

	// SignatureHash of the app's signing key: exactly 11 characters, such as K8a/AINcGX7.
	// +required
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[A-Za-z0-9+/=]{11}$')`,message=`signatureHash must be exactly 11 letters, digits or the characters + / =, such as K8a/AINcGX7`
	SignatureHash string `json:"signatureHash"`
}

// TemplateLibrary creates the template from Meta's template library.
type TemplateLibrary struct {
	// TemplateName is the name of the template in the library, such as delivery_update_1; at most 512 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=512
	TemplateName string `json:"templateName"`

	// BodyInputs chooses optional parts of the body.
	// +optional
	BodyInputs *LibraryBodyInputs `json:"bodyInputs,omitempty"`

	// ButtonInputs fills in the buttons, in their order; needed if the library's template has URL or phone buttons. At most 10.
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

	// CodeExpirationMinutes specifies when the code expires, 1 to 90 minutes.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=90
	CodeExpirationMinutes *int32 `json:"codeExpirationMinutes,omitempty"`
}

// LibraryButtonInput fills in one button of a library template.
// +kubebuilder:validation:XValidation:rule=`(self.type == 'URL') == has(self.url)`,message=`url belongs to type: URL, and only to it`
// +kubebuilder:validation:XValidation:rule=`(self.type == 'PHONE_NUMBER') == has(self.phoneNumber)`,message=`phoneNumber belongs to type: PHONE_NUMBER, and only to it`
// +kubebuilder:validation:XValidation:rule=`!has(self.example) || has(self.url)`,message=`example belongs to type: URL`
// +kubebuilder:validation:XValidation:rule=`(self.type == 'OTP') == has(self.otpType)`,message=`otpType belongs to type: OTP, and only to it`
// +kubebuilder:validation:XValidation:rule=`!has(self.supportedApps) || has(self.otpType) && self.otpType != 'COPY_CODE'`,message=`supportedApps belong to otpType: ONE_TAP or ZERO_TAP`
// +kubebuilder:validation:XValidation:rule=`!has(self.zeroTapTermsAccepted) || has(self.otpType) && self.otpType == 'ZERO_TAP' && self.zeroTapTermsAccepted`,message=`zeroTapTermsAccepted belongs to otpType: ZERO_TAP, and must be true, by which you accept Meta's terms for it`
// +kubebuilder:validation:XValidation:rule=`!has(self.url) || self.url.endsWith('}}') == has(self.example)`,message=`a url that ends in a variable needs an example of the whole address; any other url takes none`
type LibraryButtonInput struct {
	// Type of the button, as in the library's template.
	// +required
	// +kubebuilder:validation:Enum=QUICK_REPLY;URL;PHONE_NUMBER;OTP;CATALOG;MPM;FLOW;VOICE_CALL;APP
	Type ButtonType `json:"type"`

	// URL to open, at most 2000 characters, ending in {{1}} if the library's template has a variable address; only with type: URL.
	// +optional
	// +kubebuilder:validation:MaxLength=2000
	// +kubebuilder:validation:XValidation:rule=`self.matches(r'^https?://[^\s{}]+(\{\{(1|[a-z_][a-z0-9_]*)\}\})?$')`,message=`url must begin with https:// or http:// and may have one variable, at its very end: https://shop.example/track/{{1}}`
	// +kubebuilder:validation:XValidation:rule=`!self.matches(r'^(?i:https?://([a-z0-9-]+\.)*(wa\.me|whatsapp\.com)([/:?#{]|$))')`,message=`a button must not link to wa.me or whatsapp.com: use a QUICK_REPLY or PHONE_NUMBER button`
	URL string `json:"url,omitempty"`

	// Example of the whole address; needed exactly if url has a variable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	Example string `json:"example,omitempty"`

	// PhoneNumber to call: digits with the country code, at most 20 characters; only with type: PHONE_NUMBER.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[+]?[0-9]{5,19}$')`,message=`phoneNumber must be digits with the country code, such as "+15550051310"`
	PhoneNumber string `json:"phoneNumber,omitempty"`

	// OTPType is how the code reaches the app: COPY_CODE, ONE_TAP or ZERO_TAP; needed, and possible, only with type: OTP.
	// +optional
	OTPType OTPType `json:"otpType,omitempty"`

	// ZeroTapTermsAccepted is true to accept Meta's terms for ZERO_TAP; only with otpType: ZERO_TAP. Meta doesn't create the template
	// without.
	// +optional
	ZeroTapTermsAccepted *bool `json:"zeroTapTermsAccepted,omitempty"`

	// SupportedApps are the 1 to 5 Android apps that take the code; only with otpType: ONE_TAP and ZERO_TAP.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=5
	SupportedApps []SupportedApp `json:"supportedApps,omitempty"`
}
