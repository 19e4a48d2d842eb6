// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"time"

	"github.com/waba-operator/waba-operator/internal/lenient"
)

const edgeSettings = "/settings"

// The states of StorageConfiguration that this package sets.
const (
	StorageDefault           = "DEFAULT"
	StorageNone              = "NO_STORAGE_ENABLED"
	StorageInCountry         = "IN_COUNTRY_STORAGE_ENABLED"
	StorageInCountryDisabled = "IN_COUNTRY_STORAGE_DISABLED"
)

// NumberSettings are the features of a number that have no endpoint of their own; nil = not reported.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/reference/whatsapp-business-phone-number/settings-api
type NumberSettings struct {
	Storage *StorageConfiguration
	Calling *CallingSettings
	// IdentityCheck says that messages are held back from people whose identity key changed.
	IdentityCheck *bool
}

// StorageConfiguration says where message data rests.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/local-storage
type StorageConfiguration struct {
	// Status is DEFAULT, NO_STORAGE_ENABLED, StorageInCountry or StorageInCountryDisabled.
	Status string
	// Region is the country, ISO 3166-1 alpha-2; "" = none.
	Region string
	// RetentionMinutes is for NO_STORAGE_ENABLED; nil = not reported.
	RetentionMinutes *int64
}

// CallingSettings are the settings of calls. In an update "" and nil are not sent and left alone; in an answer they mean
// that Meta didn't report them.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/calling/call-settings
type CallingSettings struct {
	// Status is ENABLED or DISABLED. ENABLED needs a messaging limit of at least 2,000.
	Status string
	// CallIconVisibility is DEFAULT or DISABLE_ALL.
	CallIconVisibility string
	// RestrictToUserCountries are ISO 3166-1 alpha-2 codes; only people there see the icon. An empty list clears.
	RestrictToUserCountries *[]string
	Hours                   *CallHours
	// CallbackPermissionStatus is ENABLED or DISABLED.
	CallbackPermissionStatus string
	SIP                      *SIPSettings
	// SRTPKeyExchangeProtocol is DTLS or SDES.
	SRTPKeyExchangeProtocol string
	// VideoStatus is ENABLED or DISABLED.
	VideoStatus string
	// Restrictions are Meta's and never sent.
	Restrictions []CallingRestriction
}

// CallHours are the hours in which calls are taken. An update replaces them as a whole, so holidays that are missing in it
// are erased: a change of a part must read, change and send everything.
type CallHours struct {
	// Status is ENABLED or DISABLED.
	Status string
	// TimezoneID is a name such as Europe/Berlin.
	TimezoneID string
	Weekly     []OperatingHours
	// Holidays are up to 20.
	Holidays []Holiday
}

// OperatingHours are one stretch of a day. The times are four digits, such as 0830; a day may have two.
type OperatingHours struct {
	// Day is MONDAY to SUNDAY.
	Day   string `json:"day_of_week"`
	Open  string `json:"open_time"`
	Close string `json:"close_time"`
}

// Holiday overrides the hours of one date such as 2027-01-01. The times are four digits.
type Holiday struct {
	Date  string `json:"date"`
	Start string `json:"start_time"`
	End   string `json:"end_time"`
}

// SIPSettings send calls to a SIP server. Meta's password for it is never asked for.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/calling/sip
type SIPSettings struct {
	// Status is ENABLED or DISABLED.
	Status string
	// Servers: nil = left alone.
	Servers *[]SIPServer
}

// SIPServer is one server; Port 0 = Meta's default.
type SIPServer struct {
	Hostname             string            `json:"hostname"`
	Port                 int               `json:"port,omitempty"`
	RequestURIUserParams map[string]string `json:"request_uri_user_params,omitempty"`
}

// CallingRestriction is a restriction that Meta imposed. Expiration is zero where not said.
type CallingRestriction struct {
	Type, Reason string
	Expiration   time.Time
}

// ReadSettings reads the settings of a number, without the SIP password, which Meta only shows to those who ask for it.
func (c *Client) ReadSettings(ctx context.Context, id string) (*NumberSettings, error) {
	var settings *NumberSettings
	err := c.readEdge(ctx, OpReadSettings, id, edgeSettings, func(n lenient.Node) (err error) {
		settings, err = settingsFrom(n)
		return err
	})
	return settings, err
}

const regionProblem = "the region must be two capital letters"

// EnableLocalStorage keeps message data at rest in a country, ISO 3166-1 alpha-2. Meta accepts it only while the number is
// not registered.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/local-storage
func (c *Client) EnableLocalStorage(ctx context.Context, id, region string) error {
	if !regionPattern.MatchString(region) {
		return invalid(OpUpdateStorage, regionProblem)
	}
	return c.setStorage(ctx, id, wireStorage{Status: StorageInCountry, Region: region})
}

// DisableLocalStorage lets Meta choose where message data rests. Meta accepts it only while the number is not registered.
func (c *Client) DisableLocalStorage(ctx context.Context, id string) error {
	return c.setStorage(ctx, id, wireStorage{Status: StorageInCountryDisabled})
}

func (c *Client) setStorage(ctx context.Context, id string, storage wireStorage) error {
	return c.sendJSON(ctx, OpUpdateStorage, id, edgeSettings, struct {
		Storage wireStorage `json:"storage_configuration"`
	}{storage})
}

// UpdateCalling changes what is set in u. See CallHours, which are replaced as a whole.
func (c *Client) UpdateCalling(ctx context.Context, id string, u CallingSettings) error {
	calling := wireCallingFrom(u)
	if calling == (wireCalling{}) {
		return invalid(OpUpdateCalling, "the update changes nothing")
	}
	return c.sendJSON(ctx, OpUpdateCalling, id, edgeSettings, struct {
		Calling wireCalling `json:"calling"`
	}{calling})
}

// SetIdentityCheck switches on or off that messages are held back from people whose identity key changed.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers
func (c *Client) SetIdentityCheck(ctx context.Context, id string, enabled bool) error {
	return c.sendJSON(ctx, OpUpdateIdentityCheck, id, edgeSettings, struct {
		Change wireIdentityChange `json:"user_identity_change"`
	}{wireIdentityChange{Enabled: enabled}})
}
