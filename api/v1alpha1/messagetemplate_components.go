// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// HeaderFormat is the kind of content of a header.
type HeaderFormat string

const (
	// HeaderFormatText is a line of text.
	HeaderFormatText HeaderFormat = "TEXT"
	// HeaderFormatImage is a JPEG or PNG image of at most 5 MB.
	HeaderFormatImage HeaderFormat = "IMAGE"
	// HeaderFormatVideo is an mp4 video of at most 16 MB.
	HeaderFormatVideo HeaderFormat = "VIDEO"
	// HeaderFormatDocument is a PDF document of at most 100 MB.
	HeaderFormatDocument HeaderFormat = "DOCUMENT"
	// HeaderFormatGIF is a short mp4 clip of at most 3.5 MB, for the Marketing Messages API.
	HeaderFormatGIF HeaderFormat = "GIF"
	// HeaderFormatLocation is a place on the map, given when a message is sent.
	HeaderFormatLocation HeaderFormat = "LOCATION"
	// HeaderFormatProduct is a product of the catalogue, given when a message is sent.
	HeaderFormatProduct HeaderFormat = "PRODUCT"
)

// ParameterExample is a sample value of one variable, for Meta's reviewers.
type ParameterExample struct {
	// Name of the variable without braces: first_name, or "1" for {{1}}.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule=`self.matches('^([1-9][0-9]?|[a-z_][a-z0-9_]*)$')`,message=`name must be the variable without braces: lower-case letters, digits and underscores, or a quoted number from "1" to "99"`
	Name string `json:"name"`

	// Value that shows a reviewer what the variable may contain; quote numbers.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Value string `json:"value"`
}

// TemplateHeader is what stands above the body.
// +structType=atomic
// +kubebuilder:validation:XValidation:rule=`(self.format == 'TEXT') == has(self.text)`,message=`text belongs to format: TEXT, and only to it`
// +kubebuilder:validation:XValidation:rule=`!has(self.media) || self.format in ['IMAGE', 'VIDEO', 'DOCUMENT', 'GIF']`,message=`media belongs to format: IMAGE, VIDEO, DOCUMENT or GIF`
// +kubebuilder:validation:XValidation:rule=`!has(self.examples) || has(self.text)`,message=`examples belong to a header with text; for a sample file use media`
// +kubebuilder:validation:XValidation:rule=`!has(self.text) || !has(self.examples) || self.examples.all(e, self.text.contains('{{' + e.name + '}}'))`,message=`an example names a variable that text does not contain: remove the example, or write the variable into text as {{1}} or {{first_name}} (in a Helm chart write {{ "{{1}}" }} for {{1}})`
type TemplateHeader struct {
	// Format of the header: TEXT, IMAGE (JPEG or PNG up to 5 MB), VIDEO (mp4 up to 16 MB), DOCUMENT (PDF up to 100 MB), GIF (mp4
	// up to 3.5 MB, Marketing Messages API only), LOCATION, or PRODUCT (with an SPM button).
	// +required
	// +kubebuilder:validation:Enum=TEXT;IMAGE;VIDEO;DOCUMENT;GIF;LOCATION;PRODUCT
	Format HeaderFormat `json:"format"`

	// Text of the header, at most 60 characters with at most one variable. Only with format TEXT.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=60
	Text string `json:"text,omitempty"`

	// Examples has the sample value of the variable in text: exactly one if text has a variable, else none.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=1
	Examples []ParameterExample `json:"examples,omitempty"`

	// Media is the sample file for review; a sender gives the real file with each message. Needed, and possible, only with
	// format IMAGE, VIDEO, DOCUMENT or GIF; not needed under managementPolicy: Observed.
	// +optional
	Media *MediaSource `json:"media,omitempty"`
}

// TemplateBody is the text of a message.
// +structType=atomic
// +kubebuilder:validation:XValidation:rule=`!has(self.examples) || self.examples.all(e, self.text.contains('{{' + e.name + '}}'))`,message=`an example names a variable that text does not contain: remove the example, or write the variable into text as {{1}} or {{first_name}} (in a Helm chart write {{ "{{1}}" }} for {{1}})`
type TemplateBody struct {
	// Text of the body, at most 1024 characters, with WhatsApp's markup (*bold*, _italic_) and variables. It must not begin or
	// end with a variable, variables must not touch, and at most two line breaks may follow each other.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Text string `json:"text"`

	// Examples has exactly one sample value for each variable in text, in any order; at most 50.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=50
	Examples []ParameterExample `json:"examples,omitempty"`
}

// TemplateFooter is what stands below the body.
type TemplateFooter struct {
	// Text of the footer, at most 60 characters, without variables.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=60
	Text string `json:"text"`
}

// TemplateLimitedTimeOffer is an offer that expires.
type TemplateLimitedTimeOffer struct {
	// Text of the offer, at most 16 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=16
	Text string `json:"text"`

	// HasExpiration shows a countdown to a time that is given with each message. Absent means false.
	// +optional
	HasExpiration *bool `json:"hasExpiration,omitempty"`
}

// CallPermissionRequest asks the recipient for permission to call; it has no fields.
type CallPermissionRequest struct{}

// CreativeEnrollStatus opts in to or out of a creative feature.
// +kubebuilder:validation:Enum=OPT_IN;OPT_OUT
type CreativeEnrollStatus string

const (
	// CreativeEnrollStatusOptIn lets Meta apply the feature.
	CreativeEnrollStatusOptIn CreativeEnrollStatus = "OPT_IN"
	// CreativeEnrollStatusOptOut forbids the feature.
	CreativeEnrollStatusOptOut CreativeEnrollStatus = "OPT_OUT"
)

// CreativeFeature opts in to or out of one of Meta's automatic changes of marketing messages.
type CreativeFeature struct {
	// Feature in Meta's spelling, such as image_touchups, add_text_overlay or text_formatting_optimization; at most 64
	// characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Feature string `json:"feature"`

	// EnrollStatus is OPT_IN or OPT_OUT.
	// +required
	EnrollStatus CreativeEnrollStatus `json:"enrollStatus"`
}

// TemplateMaxPrice is the most that Meta charges for deliveries of a marketing template.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/marketing-messages/pricing/enroll-max-price
type TemplateMaxPrice struct {
	// AmountPer1000 is the price of 1,000 deliveries in the smallest unit of the account's currency (status.currency of the WABA), 1 to
	// 2147483647: 5000 is 0.05 USD for each delivery.
	// +required
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=2147483647
	AmountPer1000 int64 `json:"amountPer1000"`
}

// TemplateCarousel is a row of cards to swipe through.
type TemplateCarousel struct {
	// Cards of the carousel, 2 to 10, all of the same shape.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=2
	// +kubebuilder:validation:MaxItems=10
	Cards []CarouselCard `json:"cards"`
}

// CarouselCard is one card of a carousel.
type CarouselCard struct {
	// Header of the card; all cards have the same format.
	// +required
	Header CardHeader `json:"header"`

	// Body of the card. Either all cards have one or none; product cards have none.
	// +optional
	Body *CardBody `json:"body,omitempty"`

	// Buttons of the card, of the same types on all cards: one or two of QUICK_REPLY, URL, PHONE_NUMBER and ORDER_DETAILS, or on product
	// cards one SPM or URL.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	Buttons []CardButton `json:"buttons"`
}

// CardHeader is the picture, video or product of a card.
// +kubebuilder:validation:XValidation:rule=`!has(self.media) || self.format != 'PRODUCT'`,message=`media belongs to format: IMAGE or VIDEO`
type CardHeader struct {
	// Format of the header: IMAGE, VIDEO or PRODUCT.
	// +required
	// +kubebuilder:validation:Enum=IMAGE;VIDEO;PRODUCT
	Format HeaderFormat `json:"format"`

	// Media is the sample file for review. Needed, and possible, only with IMAGE and VIDEO; not needed under
	// managementPolicy: Observed.
	// +optional
	Media *MediaSource `json:"media,omitempty"`
}

// CardBody is the text of a card.
// +kubebuilder:validation:XValidation:rule=`!has(self.examples) || self.examples.all(e, self.text.contains('{{' + e.name + '}}'))`,message=`an example names a variable that text does not contain: remove the example, or write the variable into text as {{1}} or {{first_name}} (in a Helm chart write {{ "{{1}}" }} for {{1}})`
type CardBody struct {
	// Text of the card, at most 160 characters, with WhatsApp's markup (*bold*, _italic_) and variables. It must not begin or
	// end with a variable, variables must not touch, and at most two line breaks may follow each other.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=160
	Text string `json:"text"`

	// Examples has exactly one sample value for each variable in text, in any order; at most 10.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	Examples []ParameterExample `json:"examples,omitempty"`
}

// CardButton is a button of a card.
// +kubebuilder:validation:XValidation:rule=`(self.type == 'URL') == has(self.url)`,message=`url belongs to type: URL, and only to it`
// +kubebuilder:validation:XValidation:rule=`(self.type == 'PHONE_NUMBER') == has(self.phoneNumber)`,message=`phoneNumber belongs to type: PHONE_NUMBER, and only to it`
// +kubebuilder:validation:XValidation:rule=`!has(self.example) || has(self.url) && self.url.contains('{{')`,message=`example belongs to a url with a variable: remove it, or end url in {{1}}`
type CardButton struct {
	// Type of the button: QUICK_REPLY, URL, PHONE_NUMBER, ORDER_DETAILS (pays an order) or, on product cards, SPM.
	// +required
	// +kubebuilder:validation:Enum=QUICK_REPLY;URL;PHONE_NUMBER;ORDER_DETAILS;SPM
	Type ButtonType `json:"type"`

	// Text on the button, at most 25 characters without variables; for SPM it must be View.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=25
	Text string `json:"text"`

	// URL to open, at most 2000 characters, only with type: URL. It may have one variable, at its very end: {{1}}, or with
	// parameterFormat: NAMED also a name. Links to wa.me and whatsapp.com are refused by Meta.
	// +optional
	// +kubebuilder:validation:MaxLength=2000
	URL string `json:"url,omitempty"`

	// Example of what stands for the variable of url, or of the whole address; needed exactly if url has a variable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	Example string `json:"example,omitempty"`

	// PhoneNumber to call, only with type: PHONE_NUMBER: digits with the country code, at most 20 characters.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	// +kubebuilder:validation:XValidation:rule=`self.matches('^[+]?[0-9]{5,19}$')`,message=`phoneNumber must be digits with the country code, such as "+15550051310"`
	PhoneNumber string `json:"phoneNumber,omitempty"`
}
