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
	Name string `json:"name"`

	// Value that shows a reviewer what the variable may contain; quote numbers.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Value string `json:"value"`
}

// TemplateHeader is what stands above the body.
// +structType=atomic
type TemplateHeader struct {
	// Format of the header.
	// +required
	// +kubebuilder:validation:Enum=TEXT;IMAGE;VIDEO;DOCUMENT;GIF;LOCATION;PRODUCT
	Format HeaderFormat `json:"format"`

	// Text of the header, at most 60 characters with at most one variable. Only with format TEXT.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=60
	Text string `json:"text,omitempty"`

	// Examples has the sample value of the variable in text.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=1
	Examples []ParameterExample `json:"examples,omitempty"`

	// Media is the sample file for review. Only with format IMAGE, VIDEO, DOCUMENT or GIF.
	// +optional
	Media *MediaSource `json:"media,omitempty"`
}

// TemplateBody is the text of a message.
// +structType=atomic
type TemplateBody struct {
	// Text of the body, at most 1024 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=1024
	Text string `json:"text"`

	// Examples has one sample value for each variable in text.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=50
	Examples []ParameterExample `json:"examples,omitempty"`
}

// TemplateFooter is what stands below the body.
type TemplateFooter struct {
	// Text of the footer, at most 60 characters.
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

	// HasExpiration shows a countdown. Absent means false.
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
	// Feature in Meta's spelling, such as image_touchups.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	Feature string `json:"feature"`

	// EnrollStatus is OPT_IN or OPT_OUT.
	// +required
	EnrollStatus CreativeEnrollStatus `json:"enrollStatus"`
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
	// Header of the card.
	// +required
	Header CardHeader `json:"header"`

	// Body of the card.
	// +optional
	Body *CardBody `json:"body,omitempty"`

	// Buttons of the card, 1 or 2.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=2
	Buttons []CardButton `json:"buttons"`
}

// CardHeader is the picture, video or product of a card.
type CardHeader struct {
	// Format of the header.
	// +required
	// +kubebuilder:validation:Enum=IMAGE;VIDEO;PRODUCT
	Format HeaderFormat `json:"format"`

	// Media is the sample file for review.
	// +optional
	Media *MediaSource `json:"media,omitempty"`
}

// CardBody is the text of a card.
type CardBody struct {
	// Text of the card, at most 160 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=160
	Text string `json:"text"`

	// Examples has one sample value for each variable in text.
	// +optional
	// +listType=map
	// +listMapKey=name
	// +kubebuilder:validation:MaxItems=10
	Examples []ParameterExample `json:"examples,omitempty"`
}

// CardButton is a button of a card.
type CardButton struct {
	// Type of the button.
	// +required
	// +kubebuilder:validation:Enum=QUICK_REPLY;URL;PHONE_NUMBER;SPM
	Type ButtonType `json:"type"`

	// Text on the button, at most 25 characters.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=25
	Text string `json:"text"`

	// URL to open.
	// +optional
	// +kubebuilder:validation:MaxLength=2000
	URL string `json:"url,omitempty"`

	// Example of the address, or of what stands for its variable.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=2000
	Example string `json:"example,omitempty"`

	// PhoneNumber to call.
	// +optional
	// +kubebuilder:validation:MaxLength=20
	PhoneNumber string `json:"phoneNumber,omitempty"`
}
