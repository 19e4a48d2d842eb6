// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/internal/lenient"
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

func accountFrom(n lenient.Node) *Account {
	a := &Account{
		ID: n.Text("id"), Name: n.Text("name"), Currency: n.Upper("currency"), TimezoneID: n.Text("timezone_id"),
		Country: n.Upper("country"), Status: n.Upper("status"), ReviewStatus: n.Upper("account_review_status"),
		VerificationStatus: n.Upper("business_verification_status"), OwnershipType: n.Upper("ownership_type"),
		MessagingLimit:   n.Upper("whatsapp_business_manager_messaging_limit"),
		PrimaryFundingID: n.Text("primary_funding_id"),
		InsightsEnabled:  n.BoolPtr("is_enabled_for_insights"),
		Health:           healthFrom(n.Node("health_status")),

		UnknownProperties: properties.Unknown(map[string]any(n), accountProperties),
	}
	for _, key := range []string{"owner_business_info", "owner_business"} {
		if owner := n.Node(key); len(owner) > 0 && a.OwnerBusiness == nil {
			a.OwnerBusiness = &Business{ID: owner.Text("id"), Name: owner.Text("name")}
		}
	}
	return a
}

// accountOptionalFrom decodes what a request for fields returned.
func accountOptionalFrom(n lenient.Node, fields string) *AccountOptional {
	return &AccountOptional{
		MarketingMessagesOnboardingStatus: n.Upper("marketing_messages_onboarding_status"),
		PrimaryBusinessLocation:           n.Upper("primary_business_location"),
		CreationTime:                      n.Time("creation_time"),
		DisableMarketingMessages:          n.BoolPtr("disable_marketing_messages_on_cloud_api"),
		TemplateAutoArchival:              n.BoolPtr("template_auto_archival_enabled"),
		SharedWithPartners:                n.BoolPtr("is_shared_with_partners"),
		CreativeFeatures:                  creativeFeaturesFrom(n.Node(fieldFreedom)),
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

func healthFrom(n lenient.Node) *Health {
	if len(n) == 0 {
		return nil
	}
	h := &Health{CanSendMessage: n.Upper("can_send_message")}
	for _, item := range n.Nodes("entities") {
		entity := HealthEntity{
			Type: item.Upper("entity_type"), ID: item.Text("id"), CanSendMessage: item.Upper("can_send_message"),
			CanReceiveCallSIP: item.Upper("can_receive_call_sip"), AdditionalInfo: item.Texts("additional_info"),
		}
		for _, failure := range item.Nodes("errors") {
			entity.Errors = append(entity.Errors, HealthError{
				Code: failure.Int("error_code", 0), Description: failure.Text("error_description"),
				PossibleSolution: failure.Text("possible_solution"),
			})
		}
		h.Entities = append(h.Entities, entity)
	}
	return h
}

func numberFrom(n lenient.Node) (PhoneNumber, error) {
	p := PhoneNumber{
		ID: n.Text("id"), DisplayPhoneNumber: n.Text("display_phone_number"), VerifiedName: n.Text("verified_name"),
		NameStatus: n.Upper("name_status"), NewDisplayName: n.Text("new_display_name"),
		NewNameStatus: n.Upper("new_name_status"), CodeVerificationStatus: n.Upper("code_verification_status"),
		QualityRating: n.Upper("quality_rating"), Status: n.Upper("status"), PlatformType: n.Upper("platform_type"),
		ThroughputLevel: n.Node("throughput").Upper("level"), AccountMode: n.Upper("account_mode"),
		MessagingLimit:                n.Upper("whatsapp_business_manager_messaging_limit"),
		OfficialBusinessAccountStatus: n.Node("official_business_account").Upper("oba_status"),
		OfficialBusinessAccount:       n.BoolPtr("is_official_business_account"),
		PinEnabled:                    n.BoolPtr("is_pin_enabled"), OnBizApp: n.BoolPtr("is_on_biz_app"),
		LastOnboardedTime: n.Time("last_onboarded_time"), Health: healthFrom(n.Node("health_status")),
		Username: n.Text("username"), SearchVisibility: searchVisibility(n.Upper("search_visibility")),
		Preverified: n.BoolPtr("is_preverified_number"), UnknownProperties: properties.Unknown(map[string]any(n), numberProperties),
	}
	if p.ID == "" {
		return PhoneNumber{}, shapeError("a phone number without id")
	}
	if p.MessagingLimit == "" {
		p.MessagingLimit = n.Upper("messaging_limit_tier") // its name before v24.0
	}
	if hook := n.Node("webhook_configuration"); len(hook) > 0 {
		p.Webhook = &WebhookConfiguration{
			PhoneNumber: hook.Text("phone_number"), Account: hook.Text("whatsapp_business_account"),
			Application: hook.Text("application"),
		}
	}
	return p, nil
}

func numberPageFrom(n lenient.Node) (*PhoneNumberPage, error) {
	items, after, err := pageFrom(n, numberFrom)
	if err != nil {
		return nil, err
	}
	return &PhoneNumberPage{Items: items, After: after}, nil
}

func appFrom(n lenient.Node) (SubscribedApp, error) {
	data := n.Node("whatsapp_business_api_data")
	app := SubscribedApp{
		ID: data.Text("id"), Name: data.Text("name"), Link: data.Text("link"),
		OverrideCallbackURI: n.Text("override_callback_uri"),
	}
	if app.ID == "" {
		return SubscribedApp{}, shapeError("a subscribed app without id")
	}
	return app, nil
}

func tokenInfoFrom(n lenient.Node, redact func(string) string) *TokenInfo {
	failure := n.Node("error")
	info := &TokenInfo{
		AppID: n.Text("app_id"), Application: n.Text("application"), Type: strings.ToUpper(n.Text("type")),
		UserID: n.Text("user_id"), Valid: n.Bool("is_valid"), Scopes: n.Texts("scopes"),
		ExpiresAt: n.Time("expires_at"), DataAccessExpiresAt: n.Time("data_access_expires_at"),
		IssuedAt: n.Time("issued_at"), ErrorCode: failure.Int("code", 0), ErrorSubcode: failure.Int("subcode", 0),
		ErrorMessage: redact(failure.Text("message")),
	}
	for _, grant := range n.Nodes("granular_scopes") {
		info.GranularScopes = append(info.GranularScopes,
			GranularScope{Scope: grant.Text("scope"), TargetIDs: grant.Texts("target_ids")})
	}
	return info
}
