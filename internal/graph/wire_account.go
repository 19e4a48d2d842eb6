// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/internal/properties"
)

// The names of the edges.
const (
	edgeNumbers   = "phone_numbers"
	edgeApps      = "subscribed_apps"
	edgeTemplates = "message_templates"
)

var accountFields = []string{
	"id", "name", "currency", "timezone_id", "country", "status", "account_review_status",
	"business_verification_status", "ownership_type", "whatsapp_business_manager_messaging_limit",
	"primary_funding_id", "is_enabled_for_insights", "owner_business_info", "health_status",
}

var accountOptionalFields = []string{
	"marketing_messages_onboarding_status", "primary_business_location", "creation_time",
	"disable_marketing_messages_on_cloud_api", "template_auto_archival_enabled", "is_shared_with_partners",
	fieldFreedom,
}

// fieldFreedom has the creative features. Graph leaves it out where none was ever set.
const fieldFreedom = "degrees_of_freedom_spec"

var numberFields = []string{
	"id", "display_phone_number", "verified_name", "name_status", "new_display_name", "new_name_status",
	"code_verification_status", "quality_rating", "status", "platform_type", "throughput",
	"whatsapp_business_manager_messaging_limit", "account_mode", "is_official_business_account",
	"official_business_account", "is_pin_enabled", "is_on_biz_app", "last_onboarded_time",
	"webhook_configuration", "health_status", "search_visibility",
}

// numberDetailFields are left out of listings: they are not in every version, and each field that Meta does not know makes
// a listing, with all it carries, go out once more.
var numberDetailFields = []string{"username", "is_preverified_number"}

func accountFrom(n node) *Account {
	a := &Account{
		ID: n.str("id"), Name: n.str("name"), Currency: n.upper("currency"), TimezoneID: n.str("timezone_id"),
		Country: n.upper("country"), Status: n.upper("status"), ReviewStatus: n.upper("account_review_status"),
		VerificationStatus: n.upper("business_verification_status"), OwnershipType: n.upper("ownership_type"),
		MessagingLimit:   n.upper("whatsapp_business_manager_messaging_limit"),
		PrimaryFundingID: n.str("primary_funding_id"),
		InsightsEnabled:  n.boolPtr("is_enabled_for_insights"),
		Health:           healthFrom(n.obj("health_status")),

		UnknownProperties: properties.Unknown(map[string]any(n), accountProperties),
	}
	for _, key := range []string{"owner_business_info", "owner_business"} {
		if owner := n.obj(key); len(owner) > 0 && a.OwnerBusiness == nil {
			a.OwnerBusiness = &Business{ID: owner.str("id"), Name: owner.str("name")}
		}
	}
	return a
}

// accountOptionalFrom decodes what a request for fields returned.
func accountOptionalFrom(n node, fields string) *AccountOptional {
	return &AccountOptional{
		MarketingMessagesOnboardingStatus: n.upper("marketing_messages_onboarding_status"),
		PrimaryBusinessLocation:           n.upper("primary_business_location"),
		CreationTime:                      n.time("creation_time"),
		DisableMarketingMessages:          n.boolPtr("disable_marketing_messages_on_cloud_api"),
		TemplateAutoArchival:              n.boolPtr("template_auto_archival_enabled"),
		SharedWithPartners:                n.boolPtr("is_shared_with_partners"),
		CreativeFeatures:                  creativeFeaturesFrom(n.obj(fieldFreedom)),
		CreativeFeaturesRead:              slices.Contains(strings.Split(fields, ","), fieldFreedom),
	}
}

// searchVisibility brings the name that Meta's SDKs have for it into that of Meta's pages.
func searchVisibility(value string) string {
	if value == "NON_VISIBLE" {
		return "HIDDEN"
	}
	return value
}

// wireAccount is what can be written. Everything else about an account is Meta's.
type wireAccount struct {
	Name                     string       `json:"name,omitempty"`
	TimezoneID               string       `json:"timezone_id,omitempty"`
	DisableMarketingMessages *bool        `json:"disable_marketing_messages_on_cloud_api,omitempty"`
	TemplateAutoArchival     *bool        `json:"template_auto_archival_enabled,omitempty"`
	DegreesOfFreedom         *wireFreedom `json:"degrees_of_freedom_spec,omitempty"`
}

func healthFrom(n node) *Health {
	if len(n) == 0 {
		return nil
	}
	h := &Health{CanSendMessage: n.upper("can_send_message")}
	for _, item := range n.nodes("entities") {
		entity := HealthEntity{
			Type: item.upper("entity_type"), ID: item.str("id"), CanSendMessage: item.upper("can_send_message"),
			CanReceiveCallSIP: item.upper("can_receive_call_sip"), AdditionalInfo: item.strs("additional_info"),
		}
		for _, failure := range item.nodes("errors") {
			entity.Errors = append(entity.Errors, HealthError{
				Code: failure.int("error_code", 0), Description: failure.str("error_description"),
				PossibleSolution: failure.str("possible_solution"),
			})
		}
		h.Entities = append(h.Entities, entity)
	}
	return h
}

func numberFrom(n node) (PhoneNumber, error) {
	p := PhoneNumber{
		ID: n.str("id"), DisplayPhoneNumber: n.str("display_phone_number"), VerifiedName: n.str("verified_name"),
		NameStatus: n.upper("name_status"), NewDisplayName: n.str("new_display_name"),
		NewNameStatus: n.upper("new_name_status"), CodeVerificationStatus: n.upper("code_verification_status"),
		QualityRating: n.upper("quality_rating"), Status: n.upper("status"), PlatformType: n.upper("platform_type"),
		ThroughputLevel: n.obj("throughput").upper("level"), AccountMode: n.upper("account_mode"),
		MessagingLimit:                n.upper("whatsapp_business_manager_messaging_limit"),
		OfficialBusinessAccountStatus: n.obj("official_business_account").upper("oba_status"),
		OfficialBusinessAccount:       n.boolPtr("is_official_business_account"),
		PinEnabled:                    n.boolPtr("is_pin_enabled"), OnBizApp: n.boolPtr("is_on_biz_app"),
		LastOnboardedTime: n.time("last_onboarded_time"), Health: healthFrom(n.obj("health_status")),
		Username: n.str("username"), SearchVisibility: searchVisibility(n.upper("search_visibility")),
		Preverified: n.boolPtr("is_preverified_number"), UnknownProperties: properties.Unknown(map[string]any(n), numberProperties),
	}
	if p.ID == "" {
		return PhoneNumber{}, shapeError("a phone number without id")
	}
	if p.MessagingLimit == "" {
		p.MessagingLimit = n.upper("messaging_limit_tier") // its name before v24.0
	}
	if hook := n.obj("webhook_configuration"); len(hook) > 0 {
		p.Webhook = &WebhookConfiguration{
			PhoneNumber: hook.str("phone_number"), Account: hook.str("whatsapp_business_account"),
			Application: hook.str("application"),
		}
	}
	return p, nil
}

func numberPageFrom(n node) (*PhoneNumberPage, error) {
	items, after, err := pageFrom(n, numberFrom)
	if err != nil {
		return nil, err
	}
	return &PhoneNumberPage{Items: items, After: after}, nil
}

func appFrom(n node) (SubscribedApp, error) {
	data := n.obj("whatsapp_business_api_data")
	app := SubscribedApp{
		ID: data.str("id"), Name: data.str("name"), Link: data.str("link"),
		OverrideCallbackURI: n.str("override_callback_uri"),
	}
	if app.ID == "" {
		return SubscribedApp{}, shapeError("a subscribed app without id")
	}
	return app, nil
}

func tokenInfoFrom(n node, redact func(string) string) *TokenInfo {
	failure := n.obj("error")
	info := &TokenInfo{
		AppID: n.str("app_id"), Application: n.str("application"), Type: strings.ToUpper(n.str("type")),
		UserID: n.str("user_id"), Valid: n.bool("is_valid"), Scopes: n.strs("scopes"),
		ExpiresAt: n.time("expires_at"), DataAccessExpiresAt: n.time("data_access_expires_at"),
		IssuedAt: n.time("issued_at"), ErrorCode: failure.int("code", 0), ErrorSubcode: failure.int("subcode", 0),
		ErrorMessage: redact(failure.str("message")),
	}
	for _, grant := range n.nodes("granular_scopes") {
		info.GranularScopes = append(info.GranularScopes,
			GranularScope{Scope: grant.str("scope"), TargetIDs: grant.strs("target_ids")})
	}
	return info
}
