// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"time"
)

// Names of operations on phone numbers in Request.Op, Stats.ByOp and Stats.ByNumber.
const (
	OpAddNumber         = "add_phone_number"
	OpUpdateNumber      = "update_number"
	OpSetPIN            = "set_pin"
	OpRenameNumber      = "rename_number"
	OpRequestCode       = "request_code"
	OpVerifyCode        = "verify_code"
	OpRegister          = "register"
	OpDeregister        = "deregister"
	OpReadProfile       = "read_profile"
	OpUpdateProfile     = "update_profile"
	OpReadCommerce      = "read_commerce_settings"
	OpUpdateCommerce    = "update_commerce_settings"
	OpUpdateAutomation  = "update_conversational_automation"
	OpReadSettings      = "read_settings"
	OpUpdateSettings    = "update_settings"
	OpReadEncryption    = "read_business_encryption"
	OpUpdateEncryption  = "update_business_encryption"
	OpReadCompliance    = "read_compliance_info"
	OpUpdateCompliance  = "update_compliance_info"
	OpReadUsername      = "read_username"
	OpUpdateUsername    = "update_username"
	OpDeleteUsername    = "delete_username"
	OpSuggestUsernames  = "suggest_usernames"
	OpRequestBadge      = "request_official_business_account"
	OpUnknownNumberEdge = "unknown_number_edge"
)

// NumberSecrets is what Meta knows of a phone number but shows to no client.
type NumberSecrets struct {
	// PIN of two-step verification, 6 digits. PinEnabled without PIN: an unknown one.
	PIN string
	// PINRetired: since September 2026 the PIN of eligible numbers is ignored and removed, although register still requires one.
	PINRetired bool
	// Unreachable: request_code succeeds and no code arrives.
	Unreachable bool
	// UsedInApp: a person uses the number in a WhatsApp app, so that it can't be registered.
	UsedInApp bool
	// DeregisterIncomplete makes register answer 133000 until the next deregister.
	DeregisterIncomplete bool
	// NoStorageAllowed puts the number on the allow list of the no-storage option.
	NoStorageAllowed bool
	// BadgeRequestTime is when an official business account was last requested; Meta takes another request 30 days later.
	BadgeRequestTime time.Time
	// VideoUnavailable: calling.video.status is taken, and stays DISABLED. That Meta answers so is a guess.
	VideoUnavailable bool
}

// NumberConfig is what can be configured of a phone number.
type NumberConfig struct {
	Profile Profile
	// CartDisabled and CatalogVisible are the commerce settings; Meta's defaults are false.
	CartDisabled, CatalogVisible bool
	Automation                   Automation
	// Calling, IdentityChange and PayloadEncryption are blocks of /settings as Meta answers them, without the SIP
	// password and restrictions.
	Calling, IdentityChange, PayloadEncryption json.RawMessage
	// CallingRestrictions is the read-only list calling.restrictions.restrictions_list.
	CallingRestrictions json.RawMessage
	Storage             Storage
	// PublicKey is the PEM of the flow encryption key, PublicKeyStatus VALID or MISMATCH.
	PublicKey, PublicKeyStatus string
	Compliance                 *Compliance
	// Username, and UsernameStatus: approved or reserved.
	Username, UsernameStatus string
	// Hidden is search_visibility.
	Hidden bool
}

// Profile is the business profile of a phone number.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-profiles.
type Profile struct {
	About, Address, Description, Email, Vertical string
	Websites                                     []string
	// PictureHandle is the upload handle last set; a reader only ever sees an URL. Empty: no picture.
	PictureHandle string
}

// Automation are the conversational components of a phone number.
type Automation struct {
	// ID appears once something was set.
	ID       string
	Prompts  []string
	Commands []Command
}

// Command is offered to people who type a slash.
type Command struct {
	Name        string `json:"command_name"`
	Description string `json:"command_description"`
}

// Storage is where message data rests.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/local-storage.
type Storage struct {
	// Status is IN_COUNTRY_STORAGE_ENABLED, IN_COUNTRY_STORAGE_DISABLED or NO_STORAGE_ENABLED.
	Status           string `json:"status"`
	Region           string `json:"data_localization_region,omitempty"`
	RetentionMinutes int    `json:"retention_minutes,omitempty"`
}

// Compliance is the information that Indian law demands, in the words as sent.
type Compliance struct {
	EntityName       string            `json:"entity_name"`
	EntityType       string            `json:"entity_type"`
	EntityTypeCustom string            `json:"entity_type_custom,omitempty"`
	IsRegistered     *bool             `json:"is_registered,omitempty"`
	GrievanceOfficer ComplianceContact `json:"grievance_officer_details"`
	CustomerCare     ComplianceContact `json:"customer_care_details"`
}

// ComplianceContact is a contact in Compliance; customer care has no name.
type ComplianceContact struct {
	Name     string `json:"name,omitempty"`
	Email    string `json:"email,omitempty"`
	Landline string `json:"landline_number,omitempty"`
	Mobile   string `json:"mobile_number,omitempty"`
}

// NameDecision is what a reviewer makes of a display name: of the pending one, else of the current one.
type NameDecision struct {
	// Status is the new name_status or new_name_status: APPROVED, DECLINED, DEFERRED, EXPIRED and so on.
	Status string
	// Reason of a decline: NAME_FORMAT_UNACCEPTABLE, NAME_NOT_CONSISTENT and so on.
	Reason string
}

// SentCode is a verification code that reached the phone. Only the person who holds it can read it.
type SentCode struct {
	Time             time.Time
	Method, Language string
	// Code is as verify_code wants it; Message shows it with a hyphen, as people see it.
	Code, Message string
}

// AccountLimits are limits of an account that no field shows.
type AccountLimits struct {
	// NumberLimit is how many phone numbers the owning portfolio may have; 0: 2, or 20 when it is verified or its messaging
	// limit is 2,000 or more.
	NumberLimit int
	// InsightsUnavailable makes is_enabled_for_insights answer 200005.
	InsightsUnavailable bool
}
