// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import "slices"

const (
	numberType  = "WhatsAppBusinessPhoneNumber"
	maxListPage = 100
)

var numberFields = knownFields(`id display_phone_number verified_name name_status new_display_name new_name_status certificate
	new_certificate code_verification_status quality_rating quality_score status platform_type host_platform throughput
	messaging_limit_tier whatsapp_business_manager_messaging_limit account_mode is_official_business_account
	official_business_account is_pin_enabled is_on_biz_app is_preverified_number last_onboarded_time search_visibility
	webhook_configuration health_status username country_code country_dial_code conversational_automation unified_cert_status
	eligibility_for_api_business_global_search`)

// readNumber is GET /{phone number}.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers.
func (s *Simulator) readNumber(c *call) (any, *apiError) {
	asked, problem := askedFields(c, numberDefaults...)
	if problem != nil {
		return nil, problem
	}
	return s.numberNode(c, c.number, false).render(asked)
}

var numberDefaults = []string{
	"verified_name", "display_phone_number", "quality_rating", "code_verification_status", "platform_type", "throughput", "webhook_configuration",
}

func (s *Simulator) listNumbers(c *call) (any, *apiError) {
	sub, problem := askedFields(c)
	if problem != nil {
		return nil, problem
	}
	return s.numberPage(c, pageFromCall(c, "phone_numbers", maxListPage), sub)
}

func (s *Simulator) numberPage(c *call, p pageRequest, sub []field) (map[string]any, *apiError) {
	if len(sub) == 0 {
		sub = plain(numberDefaults...)
	}
	items, place, problem := listedNumbers(c)
	if problem != nil {
		return nil, problem
	}
	page, paging, problem := paginate(s, c, p, items, place)
	if problem != nil {
		return nil, problem
	}
	var data []any
	for _, n := range page {
		object, problem := s.numberNode(c, n, true).render(sub)
		if problem != nil {
			return nil, problem
		}
		data = append(data, object)
	}
	return listObject(data, paging), nil
}

func (s *Simulator) numberNode(c *call, n *number, listed bool) *node {
	known := numberFields
	if !c.atLeast(24) {
		known = without(known, "whatsapp_business_manager_messaging_limit")
	}
	return &node{kind: numberType, id: n.ID, known: known, extras: s.unknownFields(n.ID), value: func(f field) (any, *apiError) {
		if f.name == "quality_rating" && !listed && n.QualityRating == "UNKNOWN" {
			return "NA", nil // lists say UNKNOWN
		}
		return s.numberValue(c, n, f), nil
	}}
}

func (s *Simulator) numberValue(c *call, n *number, f field) any {
	switch f.name {
	case "quality_rating":
		return s.unknownQuality(n.ID, n.QualityRating)
	case "quality_score":
		return map[string]any{"score": s.unknownQuality(n.ID, n.QualityRating)}
	case "status":
		return s.unknownStatus(n.ID, n.Status)
	case "throughput":
		return map[string]any{"level": n.ThroughputLevel}
	case "messaging_limit_tier":
		return absentWhenEmpty(limitTier(c, n.account.MessagingLimit))
	case "whatsapp_business_manager_messaging_limit":
		return absentWhenEmpty(n.account.MessagingLimit)
	case "last_onboarded_time":
		if n.LastOnboardedTime.IsZero() {
			return nil
		}
		return n.LastOnboardedTime.UTC().Format("2006-01-02T15:04:05-0700")
	case "webhook_configuration":
		return s.webhookConfiguration(c, n)
	case "health_status":
		return s.numberHealth(c, n)
	}
	return s.numberText(n, f.name)
}

func (s *Simulator) numberText(n *number, name string) any {
	switch name {
	case "display_phone_number":
		return n.DisplayPhoneNumber
	case "verified_name":
		return n.VerifiedName
	case "name_status":
		return n.NameStatus
	case "new_display_name":
		return absentWhenEmpty(n.NewDisplayName)
	case "new_name_status":
		return absentWhenEmpty(n.NewNameStatus)
	case "code_verification_status":
		return n.CodeVerificationStatus
	case "platform_type", "host_platform":
		return n.PlatformType
	case "account_mode":
		return n.AccountMode
	}
	if v := s.numberIdentity(n, name); v != nil {
		return v
	}
	return numberFlag(n, name)
}

func numberFlag(n *number, name string) any {
	switch name {
	case "is_official_business_account":
		return n.Official
	case "official_business_account":
		return map[string]any{"oba_status": n.OfficialStatus}
	case "is_pin_enabled":
		return n.PinEnabled
	case "is_on_biz_app":
		return n.OnBizApp
	case "is_preverified_number":
		return false
	}
	return nil // known, but not set
}

// listApps is GET /{waba}/subscribed_apps; other apps may be in the list.
func (s *Simulator) listApps(c *call) (any, *apiError) {
	sub, problem := askedFields(c)
	if problem != nil {
		return nil, problem
	}
	return s.appPage(c, pageFromCall(c, "subscribed_apps", maxListPage), sub)
}

var appFields = knownFields("whatsapp_business_api_data override_callback_uri")

func (s *Simulator) appPage(c *call, p pageRequest, sub []field) (map[string]any, *apiError) {
	if len(sub) == 0 {
		sub = plain("whatsapp_business_api_data", "override_callback_uri")
	}
	items := slices.Clone(c.account.apps)
	slices.Reverse(items)
	page, paging, problem := paginate(s, c, p, items, func(x *subscription) int64 { return x.seq })
	if problem != nil {
		return nil, problem
	}
	var data []any
	for _, x := range page {
		object, problem := s.appNode(x).render(sub)
		if problem != nil {
			return nil, problem
		}
		data = append(data, object)
	}
	return listObject(data, paging), nil
}

func (s *Simulator) appNode(x *subscription) *node {
	return &node{kind: "WhatsAppApplication", known: appFields, value: func(f field) (any, *apiError) {
		if f.name == "override_callback_uri" {
			return absentWhenEmpty(x.override), nil
		}
		name := "App " + x.appID
		if app := s.apps[x.appID]; app != nil && app.Name != "" {
			name = app.Name
		}
		return pick(map[string]any{"id": x.appID, "name": name, "link": "https://www.facebook.com/games/?app_id=" + x.appID}, f.sub), nil
	}}
}
