// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// SettingStatus switches a feature of a phone number.
// +kubebuilder:validation:Enum=ENABLED;DISABLED
type SettingStatus string

const (
	// SettingStatusEnabled switches it on.
	SettingStatusEnabled SettingStatus = "ENABLED"
	// SettingStatusDisabled switches it off.
	SettingStatusDisabled SettingStatus = "DISABLED"
)

// CallIconVisibility specifies where the call icon is shown.
// +kubebuilder:validation:Enum=DEFAULT;DISABLE_ALL
type CallIconVisibility string

const (
	// CallIconVisibilityDefault shows the icon in the chat and in the profile.
	CallIconVisibilityDefault CallIconVisibility = "DEFAULT"
	// CallIconVisibilityDisableAll shows it nowhere.
	CallIconVisibilityDisableAll CallIconVisibility = "DISABLE_ALL"
)

// PhoneNumberCalling is how people and the business call each other. An absent field is left alone.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/calling/call-settings
// +kubebuilder:validation:MinProperties=1
type PhoneNumberCalling struct {
	// Status: ENABLED takes calls, DISABLED doesn't. Meta enables calls only from a messaging limit of 2,000 people on.
	// +optional
	Status SettingStatus `json:"status,omitempty"`

	// CallIconVisibility: DEFAULT shows the call icon, DISABLE_ALL hides it; people can then only call by a button.
	// +optional
	CallIconVisibility CallIconVisibility `json:"callIconVisibility,omitempty"`

	// RestrictToUserCountries shows the call icon only to people in these countries: two capital letters each, such as DE.
	// An empty list shows it everywhere.
	// +optional
	// +listType=set
	// +kubebuilder:validation:MaxItems=250
	// +kubebuilder:validation:items:MaxLength=2
	// +kubebuilder:validation:XValidation:rule="self.all(c, c.matches('^[A-Z]{2}$'))",message="each country must be two capital letters (ISO 3166-1), such as DE"
	RestrictToUserCountries []string `json:"restrictToUserCountries,omitempty"`

	// CallHours are the hours in which calls are taken. Meta replaces them as a whole.
	// +optional
	CallHours *CallHours `json:"callHours,omitempty"`

	// CallbackPermission: ENABLED asks people who call whether the business may call them back.
	// +optional
	CallbackPermission SettingStatus `json:"callbackPermission,omitempty"`

	// Video: ENABLED takes video calls too. Meta doesn't offer it to all numbers; where it keeps its own value, the operator
	// repeats the write three times a day (Contested).
	// +optional
	Video SettingStatus `json:"video,omitempty"`

	// SIP sends calls to a SIP server of yours.
	// +optional
	SIP *CallingSIP `json:"sip,omitempty"`
}

// CallingSIP sends calls to a SIP server instead of the app's webhooks. While it is on, Meta neither takes calls by the Graph API
// for the number nor sends webhooks of them. Meta makes the password for the server; the operator never reads it. An absent
// field is left alone.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/calling/sip
// +kubebuilder:validation:MinProperties=1
// +kubebuilder:validation:XValidation:rule="!has(self.status) || self.status != 'ENABLED' || !has(self.servers) || self.servers.size() > 0",message="status: ENABLED needs a server: add one to servers, or remove servers to keep the one at Meta"
type CallingSIP struct {
	// Status: ENABLED sends calls to the SIP server, DISABLED to the app.
	// +optional
	Status SettingStatus `json:"status,omitempty"`

	// Servers is the SIP server of the app to which the access token belongs: Meta takes one of each app. An empty list removes it.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=1
	Servers []SIPServer `json:"servers,omitempty"`
}

// SIPServer is a SIP server that takes calls. Meta connects to it with TLS only.
type SIPServer struct {
	// Hostname of the server, such as sip.example.com, at most 253 characters. The server's certificate must name it.
	// +required
	// +kubebuilder:validation:MaxLength=253
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$')",message="hostname must be the name of a host without scheme and port, such as sip.example.com"
	Hostname string `json:"hostname"`

	// Port of the server, 1 to 65535. Absent means 5061, which is Meta's default.
	// +optional
	// +kubebuilder:validation:Minimum=1
	// +kubebuilder:validation:Maximum=65535
	Port *int32 `json:"port,omitempty"`

	// RequestURIUserParams are added to the user part of the request URI of each call, for example tgrp for a trunk group. They are
	// no place for secrets. At most 16, with at most 128 characters in each name and value.
	// +optional
	// +kubebuilder:validation:MaxProperties=16
	// +kubebuilder:validation:XValidation:rule="self.all(name, name.matches('^[^;=@:[:space:]]{1,128}$'))",message="each name must have 1 to 128 characters, and none of ; = @ : or blanks, such as tgrp"
	// +kubebuilder:validation:XValidation:rule="self.all(name, self[name].matches('^[^;=@[:space:]]*$'))",message="the value of a parameter must have none of ; = @ or blanks"
	RequestURIUserParams map[string]SIPParameterValue `json:"requestURIUserParams,omitempty"`
}

// SIPParameterValue is the value of a parameter of a SIP request URI.
// +kubebuilder:validation:MaxLength=128
type SIPParameterValue string

// CallHours are the hours in which calls are taken.
type CallHours struct {
	// Status: ENABLED takes calls in these hours only, DISABLED at any time.
	// +required
	Status SettingStatus `json:"status"`

	// TimezoneID is the time zone of the hours, such as Europe/Berlin.
	// +required
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self.matches('^[A-Za-z][A-Za-z0-9_+/-]+$')",message="timezoneID must be a name of the time zone database, such as Europe/Berlin"
	TimezoneID string `json:"timezoneID"`

	// Weekly hours, at most two stretches a day. On days without hours no calls are taken.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=14
	// +kubebuilder:validation:XValidation:rule="self.all(a, self.filter(b, b.dayOfWeek == a.dayOfWeek).size() <= 2)",message="a day can have at most two stretches of hours"
	Weekly []OperatingHours `json:"weekly"`

	// Holidays override the hours of single dates, at most 20. Absent leaves those at Meta alone, an empty list clears them.
	// +optional
	// +listType=map
	// +listMapKey=date
	// +kubebuilder:validation:MaxItems=20
	Holidays []Holiday `json:"holidays,omitempty"`
}

// OperatingHours are one stretch of a day.
// +kubebuilder:validation:XValidation:rule="self.openTime < self.closeTime",message="openTime must be before closeTime: split a stretch over midnight into two days"
type OperatingHours struct {
	// DayOfWeek is MONDAY to SUNDAY.
	// +required
	// +kubebuilder:validation:Enum=MONDAY;TUESDAY;WEDNESDAY;THURSDAY;FRIDAY;SATURDAY;SUNDAY
	DayOfWeek string `json:"dayOfWeek"`

	// OpenTime is four digits in quotes, such as "0830".
	// +required
	// +kubebuilder:validation:MaxLength=4
	// +kubebuilder:validation:XValidation:rule="self.matches('^([01][0-9]|2[0-3])[0-5][0-9]$')",message="openTime must be four digits in quotes, \"0000\" to \"2359\""
	OpenTime string `json:"openTime"`

	// CloseTime is four digits in quotes, such as "1700".
	// +required
	// +kubebuilder:validation:MaxLength=4
	// +kubebuilder:validation:XValidation:rule="self.matches('^([01][0-9]|2[0-3])[0-5][0-9]$')",message="closeTime must be four digits in quotes, \"0000\" to \"2359\""
	CloseTime string `json:"closeTime"`
}

// Holiday overrides the hours of one date.
type Holiday struct {
	// Date such as "2027-01-01", in quotes.
	// +required
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:XValidation:rule="self.matches('^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$')",message="date must look like \"2027-01-01\", in quotes"
	Date string `json:"date"`

	// StartTime of the hours on that date: four digits in quotes, such as "1000".
	// +required
	// +kubebuilder:validation:MaxLength=4
	// +kubebuilder:validation:XValidation:rule="self.matches('^([01][0-9]|2[0-3])[0-5][0-9]$')",message="startTime must be four digits in quotes, \"0000\" to \"2359\""
	StartTime string `json:"startTime"`

	// EndTime of the hours on that date: four digits in quotes, such as "1400".
	// +required
	// +kubebuilder:validation:MaxLength=4
	// +kubebuilder:validation:XValidation:rule="self.matches('^([01][0-9]|2[0-3])[0-5][0-9]$')",message="endTime must be four digits in quotes, \"0000\" to \"2359\""
	EndTime string `json:"endTime"`
}

// FlowsEncryption is the key with which WhatsApp encrypts what people enter into flows with an endpoint.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/business-encryption-api
type FlowsEncryption struct {
	// PublicKey is an RSA key of 2048 bits as PEM (-----BEGIN PUBLIC KEY-----). The private key stays with the endpoint of the
	// flows: never put it here. The key is uploaded again when Meta says that its signature doesn't match any more, as after
	// a registration. At most 1024 characters.
	// +required
	// +kubebuilder:validation:MaxLength=1024
	// +kubebuilder:validation:XValidation:rule="self.matches('^[[:space:]]*-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=[:space:]]+-----END PUBLIC KEY-----[[:space:]]*$')",message="publicKey must be one public key as PEM, beginning with -----BEGIN PUBLIC KEY-----"
	PublicKey string `json:"publicKey"`
}

// ComplianceEntityType is the legal form of a business.
// +kubebuilder:validation:Enum=LIMITED_LIABILITY_PARTNERSHIP;SOLE_PROPRIETORSHIP;PARTNERSHIP;PUBLIC_COMPANY;PRIVATE_COMPANY;OTHER
type ComplianceEntityType string

// The legal forms that have rules of their own.
const (
	ComplianceEntityTypePartnership ComplianceEntityType = "PARTNERSHIP"
	ComplianceEntityTypeOther       ComplianceEntityType = "OTHER"
)

// ComplianceInfo is what Indian law requires a business to state; people see it in the profile. An absent field is left
// alone.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/business-compliance-info-api
// +kubebuilder:validation:XValidation:rule="(self.entityType == 'OTHER') == has(self.entityTypeCustom)",message="entityTypeCustom goes with entityType: OTHER, and only with it"
// +kubebuilder:validation:XValidation:rule="!has(self.registered) || self.entityType in ['OTHER', 'PARTNERSHIP']",message="registered goes only with entityType: OTHER or PARTNERSHIP"
type ComplianceInfo struct {
	// EntityName is the legal name of the business, 2 to 128 characters.
	// +required
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=128
	EntityName string `json:"entityName"`

	// EntityType is the legal form of the business: LIMITED_LIABILITY_PARTNERSHIP, SOLE_PROPRIETORSHIP, PARTNERSHIP,
	// PUBLIC_COMPANY, PRIVATE_COMPANY or OTHER.
	// +required
	EntityType ComplianceEntityType `json:"entityType"`

	// EntityTypeCustom names the legal form where entityType is OTHER, at most 128 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	EntityTypeCustom string `json:"entityTypeCustom,omitempty"`

	// Registered specifies whether the business is registered; only with entityType OTHER or PARTNERSHIP.
	// +optional
	Registered *bool `json:"registered,omitempty"`

	// GrievanceOfficer is the person to complain to.
	// +optional
	GrievanceOfficer *ComplianceOfficer `json:"grievanceOfficer,omitempty"`

	// CustomerCare is where customers find help.
	// +optional
	CustomerCare *ComplianceContact `json:"customerCare,omitempty"`
}

// ComplianceOfficer is a person to complain to.
type ComplianceOfficer struct {
	// Name of the officer, at most 128 characters.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Name string `json:"name,omitempty"`

	ComplianceContact `json:",inline"`
}

// ComplianceContact is how to reach a contact person. An absent field is left alone.
// +kubebuilder:validation:MinProperties=1
type ComplianceContact struct {
	// Email address, at most 128 characters.
	// +optional
	// +kubebuilder:validation:MaxLength=128
	// +kubebuilder:validation:XValidation:rule="self.matches('^[^@[:space:]]+@[^@[:space:]]+[.][^@[:space:]]+$')",message="email must look like name@example.com"
	Email string `json:"email,omitempty"`

	// LandlineNumber in international form, such as "+913857614343".
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+][1-9][0-9]{6,14}$')",message="landlineNumber must be in international form, such as \"+913857614343\""
	LandlineNumber string `json:"landlineNumber,omitempty"`

	// MobileNumber in international form, such as "+913854559033".
	// +optional
	// +kubebuilder:validation:MaxLength=16
	// +kubebuilder:validation:XValidation:rule="self.matches('^[+][1-9][0-9]{6,14}$')",message="mobileNumber must be in international form, such as \"+913854559033\""
	MobileNumber string `json:"mobileNumber,omitempty"`
}
