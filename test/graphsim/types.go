// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"net/http"
	"time"
)

// App is a Meta app. Tokens belong to one.
type App struct {
	ID, Name string
	// Secret keys appsecret_proof, and "ID|Secret" is the app access token.
	// See https://developers.facebook.com/docs/graph-api/guides/secure-requests.
	Secret string
	// RequireProof refuses calls without appsecret_proof ("Require App Secret" in the dashboard).
	RequireProof bool
}

// Token is an access token.
type Token struct {
	// Name stands for the token in logs and statistics; empty: "token-N".
	Name   string
	Value  string
	AppID  string
	Type   string // empty: SYSTEM_USER
	UserID string
	// BusinessID is the portfolio of the token's user; empty: the one that owns the account asked about.
	BusinessID string
	Scopes     []string
	// Accounts are the ids of the WhatsApp Business Accounts assigned to the token's user.
	Accounts []string
	// ExpiresAt is when the token stops working; zero: never.
	ExpiresAt time.Time
	// Granular makes debug_token list the accounts as target_ids; system user tokens usually lack them.
	Granular bool
	// NoAppRole means that the token's user is neither a developer nor an administrator of the app, as is usual for tokens
	// from Embedded Signup. Such a token can't upload.
	NoAppRole bool
}

// Account is a WhatsApp Business Account as seeded. Zero fields get sensible values in AddAccount.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/whatsapp-business-accounts.
type Account struct {
	ID, Name, Currency, TimezoneID, Country string
	Status, ReviewStatus                    string
	// VerificationStatus is the business verification, lower case on the wire ("verified").
	VerificationStatus string
	OwnershipType      string
	// MessagingLimit is whatsapp_business_manager_messaging_limit, readable from v24.0 on.
	MessagingLimit string
	// PrimaryFundingID is absent on the wire when empty (no payment method). AddAccount fills it; empty it with
	// UpdateAccount.
	PrimaryFundingID                   string
	OwnerBusinessID, OwnerBusinessName string
	// TemplateLimit is the number of templates allowed; 0: 250, or 6000 for a verified business that has a number
	// with an approved display name.
	TemplateLimit int
	CreationTime  time.Time
	// InsightsEnabled is the one-way switch is_enabled_for_insights.
	InsightsEnabled bool
	// DisableMarketing and AutoArchival are the settings disable_marketing_messages_on_cloud_api and
	// template_auto_archival_enabled.
	DisableMarketing, AutoArchival bool
	// CreativeFeatures are those of degrees_of_freedom_spec that were ever set, with OPT_IN or OPT_OUT.
	CreativeFeatures map[string]string
	// CatalogID is the product catalogue that is linked.
	CatalogID string
	// Health replaces the computed health_status when set.
	Health json.RawMessage
	AccountLimits
}

// Number is a business phone number.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers.
type Number struct {
	ID, DisplayPhoneNumber, VerifiedName      string
	NameStatus, NewDisplayName, NewNameStatus string
	CodeVerificationStatus                    string
	QualityRating, Status                     string
	// PlatformType is CLOUD_API for a registered number, NOT_APPLICABLE for one that is not.
	PlatformType, ThroughputLevel, AccountMode string
	OfficialStatus                             string
	Official, PinEnabled, OnBizApp             bool
	LastOnboardedTime                          time.Time
	// NameReason is why a display name was declined; at Meta only webhooks report it.
	NameReason string
	// NumberSecrets and NumberConfig are in types_numbers.go.
	NumberSecrets
	Config NumberConfig
	// CallbackURL and AppCallbackURL are webhook_configuration.phone_number and .application.
	CallbackURL, AppCallbackURL string
	// Health replaces the computed health_status when set.
	Health json.RawMessage
}

// Template is one (name, language) of a message template.
// See https://developers.facebook.com/docs/graph-api/reference/whats-app-business-hsm/.
type Template struct {
	ID, AccountID, Name, Language               string
	Category, PreviousCategory, CorrectCategory string
	SubCategory, DisplayFormat                  string
	Status, RejectedReason, ParameterFormat     string
	LibraryTemplateName, Source                 string
	QualityScore                                string
	QualityDate                                 time.Time
	QualityReasons                              []string
	// MessageSendTTLSeconds is in seconds, -1 = 30 days; nil: not set.
	MessageSendTTLSeconds *int64
	LinkTrackingOptedOut  *bool
	PrimaryDeviceOnly     *bool
	// MaxPrice is the bid_amount of optimization_spec, per 1,000 deliveries; nil: none.
	MaxPrice *int64
	// DegreesOfFreedom is degrees_of_freedom_spec in the form Meta answers with.
	DegreesOfFreedom json.RawMessage
	CreatedTime      time.Time
	// LastUpdatedTime moves with every edit and with every change of status.
	LastUpdatedTime time.Time
	// Components is what Meta stores and answers with, except that media samples are a placeholder here: every read
	// over HTTP shows another CDN URL.
	Components json.RawMessage
	// Sent is the components array as last sent by an API caller; nil for seeded templates.
	Sent json.RawMessage
}

// Decision is what a reviewer, or Meta's automation, does to a template. Empty fields leave things as they are.
type Decision struct {
	Status, RejectedReason string
	// Category changes the category at once: previous_category is set and the time-to-live cleared.
	Category string
	// CorrectCategory announces a change of category.
	CorrectCategory string
	QualityScore    string
}

// CutPoint says where a connection is cut.
type CutPoint string

// Places to cut a connection.
const (
	None         CutPoint = ""
	BeforeCommit CutPoint = "BeforeCommit" // nothing was done
	AfterCommit  CutPoint = "AfterCommit"  // the call took effect, the answer is lost
	MidBody      CutPoint = "MidBody"      // of a file being sent half was kept; for other calls as BeforeCommit
)

// Fault makes matching calls fail. A fault without an outcome (only Hook, AfterHook or Delay) lets the call through.
type Fault struct {
	// Method is the HTTP method, empty: any.
	Method string
	// Path is a glob over the path without version, "/*/message_templates"; "*" stops at a slash, empty: any.
	// Items of a batch are matched on their own; the batch itself has the path "/".
	Path string
	// Times is the number of calls to hit; 0 = once, -1 = until cleared.
	Times int
	// Percent of the calls that match are hit, which ones goes by seed; 0: all of them.
	Percent int
	// Status is the HTTP status, 0: what Meta uses for Code.
	Status                          int
	Code, Subcode                   int
	Message, UserTitle, UserMessage string
	// Details is error_data.details.
	Details   string
	Transient bool
	// RegainMinutes is estimated_time_to_regain_access in X-Business-Use-Case-Usage, together with 100 percent.
	RegainMinutes int
	// Body is sent as it is, instead of an error envelope.
	Body string
	// Commit lets the call take effect before the fault's answer is sent.
	Commit bool
	Cut    CutPoint
	// Delay is real time, whatever the simulator's clock, because clients' deadlines are real too.
	Delay time.Duration
	// Hook is called when the fault matches, before the call is handled.
	Hook func(*http.Request) `json:"-"`
	// AfterHook is called after the state changed, before the answer is sent.
	AfterHook func(*http.Request) `json:"-"`
}

// Request is one call as it was received, without secrets: known tokens are replaced by their names.
type Request struct {
	Time time.Time
	// Path is without version.
	Method, Path, RawQuery, Version string
	Body                            []byte
	// Status is the HTTP status answered, 0 when the connection was cut.
	Status int
	// TokenID is the token's name, "app:ID" for an app token, "unknown", or empty.
	TokenID string
	// Op is the simulator's name of the operation, see the constants Op….
	Op string
	// Account is the id of the WhatsApp Business Account concerned, empty when there is none.
	Account string
	// Code and Subcode are those of the error answered, 0 on success.
	Code, Subcode int
}

// Stats counts calls since the start or the last ResetStats. The items of a batch count, the batch itself does not.
type Stats struct {
	Calls, Reads, Writes int
	ByOp, ByAccount      map[string]int
	// CreatesByKey ("account/name/language") and EditsByID count attempts, whatever came of them.
	CreatesByKey, EditsByID map[string]int
	// CommittedCreates and CommittedEdits count those that took effect, with the same keys.
	CommittedCreates, CommittedEdits map[string]int
	// Deletes counts deleted templates by "account/name/language".
	Deletes map[string]int
	// Uploads counts files that came completely, UploadBytes all bytes that sessions kept.
	Uploads     int
	UploadBytes int64
	// ByNumber counts attempts, whatever came of them, by the phone number's id and operation; an add counts under the
	// number, "+15550783881". CommittedByNumber counts those that took effect.
	ByNumber, CommittedByNumber map[string]map[string]int
}

// Upload is a file on its way, or uploaded.
// See https://developers.facebook.com/docs/graph-api/guides/upload.
type Upload struct {
	// ID is that of the session, without signature.
	ID, AppID, UserID, FileName, Type string
	// Size is file_length, Offset how much has come.
	Size, Offset int64
	// SHA256 is that of what has come, in hex.
	SHA256 string
	// Handle is empty until the file is complete.
	Handle string
	Opened time.Time
}

// Handle stands for an uploaded file in the samples of templates.
type Handle struct {
	// Value is what callers send; empty: one that looks like Meta's.
	Value               string
	AppID, UserID, Type string
	// Size decides whether a video can be a GIF.
	Size int64
	// ExpiresAt is when the handle stops working; zero: a day from now.
	ExpiresAt time.Time
}

// Names of operations in Request.Op and Stats.ByOp.
const (
	OpBatch              = "batch"
	OpDebugToken         = "debug_token"
	OpReadAccount        = "read_account"
	OpUpdateAccount      = "update_account"
	OpReadNumber         = "read_number"
	OpListNumbers        = "list_phone_numbers"
	OpListApps           = "list_subscribed_apps"
	OpSubscribeApp       = "subscribe_app"
	OpUnsubscribeApp     = "unsubscribe_app"
	OpListTemplates      = "list_templates" // without name filter
	OpFindTemplates      = "find_templates" // with name filter
	OpReadTemplate       = "read_template"
	OpCreateTemplate     = "create_template"
	OpEditTemplate       = "edit_template"
	OpDeleteTemplate     = "delete_template"
	OpUnpauseTemplate    = "unpause_template"
	OpArchiveTemplates   = "archive_templates"
	OpUnarchiveTemplates = "unarchive_templates"
	OpTemplateAnalytics  = "template_analytics"
	OpOpenUpload         = "open_upload"
	OpSendUpload         = "send_upload"
	OpReadUpload         = "read_upload"
	OpUnknown            = "unknown"
)
