// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import "time"

// AccountQuery selects the nested edges of ReadAccount. Fields and health of the account itself are always read.
type AccountQuery struct {
	Numbers, Apps, Templates bool
	// PageSize is the number of items asked for of each edge; 0 means 100. Numbers are capped at 100, Meta's maximum.
	PageSize int
}

// ListOptions selects one page of a listing.
type ListOptions struct {
	// PageSize is the number of items asked for; 0 means 100. Meta may give fewer.
	PageSize int
	// After is the cursor of the page before; "" = first page. Cursors expire and must not be stored.
	After string
}

// TokenInfo is what Meta knows about the client's own token.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/debug_token
type TokenInfo struct {
	AppID, Application, Type, UserID string
	Valid                            bool
	Scopes                           []string
	GranularScopes                   []GranularScope
	// ExpiresAt, DataAccessExpiresAt and IssuedAt: zero = never, or not said.
	ExpiresAt, DataAccessExpiresAt, IssuedAt time.Time
	// ErrorCode, ErrorSubcode and ErrorMessage say why a token is not valid.
	ErrorCode, ErrorSubcode int
	ErrorMessage            string
}

// GranularScope lists the assets for which a scope was granted. No TargetIDs means all assets assigned to the token's
// user, not none.
type GranularScope struct {
	Scope     string
	TargetIDs []string
}

// Account is a WhatsApp Business Account (WABA). Enumeration values are upper case, whatever Meta wrote.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account
type Account struct {
	ID, Name, Currency string
	// TimezoneID is Meta's numeric time zone code, "1" = America/Los_Angeles.
	TimezoneID string
	// Country is ISO 3166-1 alpha-2.
	Country                                         string
	Status, ReviewStatus, VerificationStatus        string
	OwnershipType, MessagingLimit, PrimaryFundingID string
	// InsightsEnabled: nil = not reported.
	InsightsEnabled *bool
	OwnerBusiness   *Business
	Health          *Health
	// PhoneNumbers, SubscribedApps and Templates are only filled where AccountQuery asked for them.
	PhoneNumbers       *PhoneNumberPage
	SubscribedApps     []SubscribedApp
	SubscribedAppsRead bool
	Templates          *TemplatePage
	// OmittedEdges names the edges that were asked for but are missing from the answer ("phone_numbers",
	// "subscribed_apps", "message_templates"). Graph leaves out empty edges, so they are given as empty; a caller that draws
	// far-reaching conclusions from that should list the edge itself.
	OmittedEdges []string
	// UnknownProperties are those of the account itself that this version doesn't know, as paths; at most 20.
	UnknownProperties []string
}

// Business is the portfolio that owns an account.
type Business struct{ ID, Name string }

// AccountOptional holds account fields that not every account or version answers.
type AccountOptional struct {
	MarketingMessagesOnboardingStatus, PrimaryBusinessLocation         string
	CreationTime                                                       time.Time
	DisableMarketingMessages, TemplateAutoArchival, SharedWithPartners *bool
	// CreativeFeatures are those that were set for the account, sorted; the others are off, since 21 April 2026.
	// CreativeFeaturesRead is false where Meta doesn't know the field, so that nothing is known of any.
	//
	// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/changelog/
	CreativeFeatures     []CreativeFeature
	CreativeFeaturesRead bool
}

// AccountUpdate is what changes in an account; "" and nil are left alone.
type AccountUpdate struct {
	// Name is 1 to 100 characters. Only Meta's OpenAPI file knows that it and TimezoneID can be written; Meta may refuse.
	Name string
	// TimezoneID is Meta's numeric time zone code. It is fixed once a credit line is attached.
	TimezoneID                                     string
	DisableMarketingMessages, TemplateAutoArchival *bool
	// CreativeFeatures allow or forbid Meta to embellish marketing templates. They may name each feature once.
	CreativeFeatures []CreativeFeature
}

// Health is Meta's judgement on whether messages can be sent.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/support/health-status
type Health struct {
	// CanSendMessage is AVAILABLE, LIMITED or BLOCKED: the worst of the entities.
	CanSendMessage string
	Entities       []HealthEntity
}

// HealthEntity is the judgement on one of the objects involved.
type HealthEntity struct {
	// Type is PHONE_NUMBER, MESSAGE_TEMPLATE, WABA, BUSINESS or APP.
	Type, ID, CanSendMessage string
	// CanReceiveCallSIP says of numbers with calls whether these reach a SIP server; "" = not reported.
	CanReceiveCallSIP string
	// AdditionalInfo comes with LIMITED, Errors with BLOCKED.
	AdditionalInfo []string
	Errors         []HealthError
}

// HealthError is one reason for BLOCKED, with Meta's remedy.
type HealthError struct {
	Code                          int
	Description, PossibleSolution string
}

// PhoneNumber is a business phone number as one account sees it.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account-to-number-current-status
type PhoneNumber struct {
	ID, DisplayPhoneNumber, VerifiedName, NameStatus string
	NewDisplayName, NewNameStatus                    string
	CodeVerificationStatus, QualityRating, Status    string
	PlatformType, ThroughputLevel, MessagingLimit    string
	AccountMode, OfficialBusinessAccountStatus       string
	OfficialBusinessAccount, PinEnabled, OnBizApp    *bool
	LastOnboardedTime                                time.Time
	Webhook                                          *WebhookConfiguration
	Health                                           *Health
	// SearchVisibility is VISIBLE or HIDDEN: whether people find the number by its name. Meta documents no call that changes it.
	SearchVisibility string
	// Username and Preverified are only read by ReadPhoneNumber.
	Username    string
	Preverified *bool
	// UnknownProperties are those of the answer that this version doesn't know, as paths; at most 20.
	UnknownProperties []string
}

// WebhookConfiguration shows the callback URLs that apply to a number; "" = not set at that level.
type WebhookConfiguration struct{ PhoneNumber, Account, Application string }

// PhoneNumberPage is one page of numbers.
type PhoneNumberPage struct {
	Items []PhoneNumber
	After string // "" = last page
}

// SubscribedApp is an app that receives the webhooks of an account.
type SubscribedApp struct{ ID, Name, Link, OverrideCallbackURI string }

// TemplatePage is one page of templates. Items may be empty although After is not.
type TemplatePage struct {
	Items []Template
	After string // "" = last page
	// Count is the number of templates of the account and Limit the number it may have; -1 = not said.
	Count, Limit int
}

// Template is one (name, language) as read back. Enumeration values are upper case. The tags keep the form small in which package
// account stores it.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-hsm
type Template struct {
	ID, Name, Language, Status, Category, PreviousCategory string `cbor:",omitzero"`
	// CorrectCategory differs from Category while Meta plans to change it; "" or equal otherwise.
	CorrectCategory, SubCategory string `cbor:",omitzero"`
	// RejectedReason is NONE or "" when not rejected.
	RejectedReason, ParameterFormat, LibraryTemplateName string `cbor:",omitzero"`
	// DisplayFormat is ORDER_DETAILS or "".
	DisplayFormat string `cbor:",omitzero"`
	// Source is SourceGenerated, MANUAL, or "" where Meta doesn't say.
	Source string `cbor:",omitzero"`
	// QualityScore is GREEN, YELLOW, RED, UNKNOWN or "".
	QualityScore   string    `cbor:",omitzero"`
	QualityDate    time.Time `cbor:",omitzero"`
	QualityReasons []string  `cbor:",omitzero"`
	// MessageSendTTLSeconds: nil = Meta's default; -1 = 30 days.
	MessageSendTTLSeconds *int64 `cbor:",omitzero"`
	// LinkTrackingOptedOut and PrimaryDeviceDeliveryOnly: nil = not reported.
	LinkTrackingOptedOut, PrimaryDeviceDeliveryOnly *bool `cbor:",omitzero"`
	// CreativeFeatures are sorted by feature, each of which appears once; nil = not reported.
	CreativeFeatures []CreativeFeature `cbor:",omitzero"`
	// MaxPrice: nil = none. With MaxPriceUnread it isn't known: the version of the API doesn't have the field, or its value isn't understood.
	MaxPrice       *MaxPrice `cbor:",omitzero"`
	MaxPriceUnread bool      `cbor:",omitzero"`
	// LastUpdatedTime is the only time Meta keeps of a template; zero = not reported.
	LastUpdatedTime time.Time   `cbor:",omitzero"`
	Components      []Component `cbor:",omitzero"`
	// UnknownProperties are those inside the components and the max price that this version doesn't know, as paths such as
	// components[1].buttons[0].label_color; at most 20. An edit replaces the components, and so would lose them.
	UnknownProperties []string `cbor:",omitzero"`
}

// SourceGenerated is the source of templates that Meta makes by itself, for businesses that send without templates (Direct Send).
const SourceGenerated = "AUTO_GENERATED"

// TemplateContent is what create and edit send. Empty fields are not sent.
type TemplateContent struct {
	Name, Language, Category, ParameterFormat, SubCategory, DisplayFormat string
	MessageSendTTLSeconds                                                 *int64
	// LinkTrackingOptedOut switches the counting of clicks on URL buttons off. An edit must send it together with the
	// category that the template has; another category would send the template back to review.
	LinkTrackingOptedOut *bool
	// PrimaryDeviceDeliveryOnly asks for delivery to the recipient's primary device alone.
	PrimaryDeviceDeliveryOnly *bool
	// CreativeFeatures may name each feature once.
	CreativeFeatures []CreativeFeature
	// MaxPrice is possible at a create; an edit can change it where the template has one. An edit with nothing else has a limit of its own.
	MaxPrice *MaxPrice
	// Library makes the template from Meta's library; Components are not sent then.
	Library    *LibraryInputs
	Components []Component
}

// CreativeFeature allows or forbids Meta one way of embellishing a marketing template.
//
// Source: https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account/message_templates/
type CreativeFeature struct {
	// Feature is in lower case, such as "image_touchups".
	Feature string
	// EnrollStatus is OPT_IN or OPT_OUT.
	EnrollStatus string
}

// MaxPrice is the most that Meta charges for deliveries of a marketing template, which is then sent with the Marketing Messages API only.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/marketing-messages/pricing/enroll-max-price
type MaxPrice struct {
	// AmountPer1000 is for 1,000 deliveries, in the smallest unit of the account's currency; from 1 on.
	AmountPer1000 int64
	// Strategy is StrategyBidCap, the only one that Meta documents.
	Strategy string
}

// StrategyBidCap is the strategy of a MaxPrice.
const StrategyBidCap = "LOWEST_COST_WITH_BID_CAP"

// LibraryInputs name a template of Meta's library and fill in what it leaves open. Only a create sends them.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-library
type LibraryInputs struct {
	TemplateName string
	BodyInputs   *LibraryBodyInputs
	// ButtonInputs are needed where the library's template has URL or phone number buttons.
	ButtonInputs []LibraryButtonInput
}

// LibraryBodyInputs switch optional sentences of a library template on; nil = Meta's default.
type LibraryBodyInputs struct {
	AddContactNumber          *bool `json:"add_contact_number,omitempty"`
	AddLearnMoreLink          *bool `json:"add_learn_more_link,omitempty"`
	AddSecurityRecommendation *bool `json:"add_security_recommendation,omitempty"`
	AddTrackPackageLink       *bool `json:"add_track_package_link,omitempty"`
	// CodeExpirationMinutes is 1 to 90.
	CodeExpirationMinutes *int64 `json:"code_expiration_minutes,omitempty"`
}

// LibraryButtonInput fills in one button of a library template. Which fields apply depends on Type.
type LibraryButtonInput struct {
	// Type is QUICK_REPLY, URL, PHONE_NUMBER, OTP, MPM, CATALOG, FLOW, VOICE_CALL or APP.
	Type string
	// URL is the address with its variable, if any, and URLExample a sample of what the variable stands for.
	URL, URLExample      string
	PhoneNumber, OTPType string
	ZeroTapTermsAccepted *bool
	SupportedApps        []SupportedApp
}

// TemplateCreated is the answer to a create. Status may be final at once and Category may differ from the request.
type TemplateCreated struct{ ID, Status, Category string }
