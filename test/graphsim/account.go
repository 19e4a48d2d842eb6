// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"strings"
	"time"
)

const accountType = "WhatsAppBusinessAccount"

var accountFields = knownFields(`id name currency timezone_id message_template_namespace account_review_status
	business_verification_status ownership_type owner_business_info owner_business primary_business_location country status
	health_status creation_time is_enabled_for_insights is_shared_with_partners marketing_messages_onboarding_status
	disable_marketing_messages_on_cloud_api template_auto_archival_enabled whatsapp_business_manager_messaging_limit
	primary_funding_id purchase_order_number on_behalf_of_business_info auth_international_rate_eligibility
	degrees_of_freedom_spec phone_numbers subscribed_apps message_templates`)

// readAccount is GET /{waba}.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/whatsapp-business-accounts.
func (s *Simulator) readAccount(c *call) (any, *apiError) {
	asked, problem := askedFields(c, "id", "name", "timezone_id", "message_template_namespace")
	if problem != nil {
		return nil, problem
	}
	return s.accountNode(c).render(asked)
}

func (s *Simulator) accountNode(c *call) *node {
	known := accountFields
	if !c.atLeast(24) {
		known = without(known, "whatsapp_business_manager_messaging_limit")
	}
	a := c.account
	return &node{kind: accountType, id: a.ID, known: known, extras: s.unknownFields(a.ID), value: func(f field) (any, *apiError) {
		switch f.name {
		case "phone_numbers":
			return s.numberPage(c, pageFromField(f, maxListPage), f.sub)
		case "subscribed_apps":
			return s.appPage(c, pageFromField(f, maxListPage), f.sub)
		case "message_templates":
			return s.templatePage(c, pageFromField(f, s.maxPageSize), filterFromField(f), f.sub, splitList(f.mods["summary"]))
		}
		return s.accountValue(c, f), nil
	}}
}

func without(known map[string]bool, name string) map[string]bool {
	out := make(map[string]bool, len(known))
	for n := range known {
		out[n] = n != name
	}
	return out
}

func (s *Simulator) accountValue(c *call, f field) any {
	a := c.account
	switch f.name {
	case "name":
		return a.Name
	case "currency":
		return a.Currency
	case "timezone_id":
		return a.TimezoneID
	case "message_template_namespace":
		return namespaceOf(s.seed, a.ID)
	case "account_review_status":
		return a.ReviewStatus
	case "business_verification_status":
		return strings.ToLower(a.VerificationStatus)
	case "ownership_type":
		return a.OwnershipType
	case "owner_business_info":
		return map[string]any{"name": a.OwnerBusinessName, "id": a.OwnerBusinessID}
	case "owner_business":
		return pick(map[string]any{"id": a.OwnerBusinessID, "name": a.OwnerBusinessName, "verification_status": strings.ToLower(a.VerificationStatus)}, f.sub)
	case "country", "primary_business_location":
		return absentWhenEmpty(a.Country)
	case "status":
		return s.unknownStatus(a.ID, a.Status)
	case "whatsapp_business_manager_messaging_limit":
		return absentWhenEmpty(a.MessagingLimit)
	case "primary_funding_id":
		return absentWhenEmpty(a.PrimaryFundingID)
	case "health_status":
		return s.accountHealth(c)
	}
	return accountSetting(a, f.name)
}

func accountSetting(a *account, name string) any {
	switch name {
	case "creation_time":
		return a.CreationTime.Unix()
	case "is_enabled_for_insights":
		return a.InsightsEnabled
	case "is_shared_with_partners":
		return false
	case "marketing_messages_onboarding_status":
		return "NOT_STARTED"
	case "disable_marketing_messages_on_cloud_api":
		return a.DisableMarketing
	case "template_auto_archival_enabled":
		return a.AutoArchival
	case "degrees_of_freedom_spec":
		return freedomOfAccount(a.CreativeFeatures)
	}
	return nil // known, but not set
}

func namespaceOf(seed int64, id string) string {
	const digits = "0123456789abcdef"
	b := []byte("00000000_0000_0000_0000_000000000000")
	x := toss(seed, "namespace", id)
	for i := range b {
		if b[i] == '0' {
			b[i] = digits[x>>60]
			x = x<<4 | x>>60 ^ uint64(i)
		}
	}
	return string(b)
}

// updateAccount is POST /{waba}. Only few settings are writable; insights can never be switched off again.
func (s *Simulator) updateAccount(c *call) (any, *apiError) {
	if c.has("is_enabled_for_insights") && c.account.InsightsUnavailable {
		return nil, &apiError{Code: 200005, Message: "(#200005) Template insights is not available for this WhatsApp Business Account"}
	}
	changed, problem := s.changeAccount(c)
	if problem != nil {
		return nil, problem
	}
	if c.has("is_enabled_for_insights") {
		if c.param("is_enabled_for_insights") != "true" {
			return nil, &apiError{Code: 200006, Message: "(#200006) Template insights cannot be disabled once it has been enabled"}
		}
		c.account.InsightsEnabled = true
		return map[string]any{"id": c.account.ID}, nil
	}
	if !changed {
		return nil, badParam("Invalid parameter")
	}
	return success(), nil
}

// templateAnalytics answers without data points; nothing is sent in the simulator.
func (s *Simulator) templateAnalytics(c *call) (any, *apiError) {
	if !c.account.InsightsEnabled {
		return nil, &apiError{Code: 200007, Message: "(#200007) Template insights is not enabled for this WhatsApp Business Account"}
	}
	for _, name := range []string{"start", "end", "granularity", "template_ids"} {
		if !c.has(name) {
			return nil, badParam("The parameter %s is required", name)
		}
	}
	if n := len(c.list("template_ids")); n > 10 {
		return nil, badParam("Param template_ids must have at most 10 elements, got %d", n)
	}
	return map[string]any{"data": []any{map[string]any{"granularity": "DAILY", "product_type": "cloud_api", "data_points": []any{}}}}, nil
}

// accountHealth is https://developers.facebook.com/documentation/business-messaging/whatsapp/support/health-status.
func (s *Simulator) accountHealth(c *call) any {
	if len(c.account.Health) > 0 {
		return c.account.Health
	}
	return healthObject(s.accountEntities(c))
}

func healthObject(entities []map[string]any) map[string]any {
	worst := "AVAILABLE"
	for _, e := range entities {
		switch v, _ := e["can_send_message"].(string); {
		case v == "BLOCKED", v == "LIMITED" && worst == "AVAILABLE":
			worst = v
		}
	}
	return map[string]any{"can_send_message": worst, "entities": entities}
}

func healthError(code int, description, solution string) []map[string]any {
	return []map[string]any{{"error_code": code, "error_description": description, "possible_solution": solution}}
}

func (s *Simulator) accountEntities(c *call) []map[string]any {
	a := c.account
	waba := map[string]any{"entity_type": "WABA", "id": a.ID, "can_send_message": "AVAILABLE"}
	switch {
	case a.Status != "ACTIVE":
		waba["can_send_message"] = "BLOCKED"
		waba["errors"] = healthError(131031, "The account is locked.", "Request a review in Business Support Home.")
	case a.PrimaryFundingID == "":
		waba["can_send_message"] = "BLOCKED"
		waba["errors"] = healthError(141006, "There is no valid payment method for this account.", "Add a payment method in WhatsApp Manager.")
	}
	business := map[string]any{"entity_type": "BUSINESS", "id": a.OwnerBusinessID, "can_send_message": "AVAILABLE"}
	if !strings.EqualFold(a.VerificationStatus, "verified") {
		business["can_send_message"] = "LIMITED"
		business["additional_info"] = []string{"The business has not passed business verification."}
	}
	app := map[string]any{"entity_type": "APP", "id": c.token.AppID, "can_send_message": "AVAILABLE"}
	return []map[string]any{waba, business, app}
}

func (s *Simulator) newAccount(a Account) *account {
	for _, d := range []struct {
		field *string
		value string
	}{
		{&a.Name, "Account " + a.ID}, {&a.Currency, "USD"}, {&a.TimezoneID, "1"}, {&a.Country, "US"}, {&a.Status, "ACTIVE"},
		{&a.ReviewStatus, "APPROVED"}, {&a.VerificationStatus, "verified"}, {&a.OwnershipType, "SELF_OWNED"},
		{&a.MessagingLimit, "TIER_2K"}, {&a.OwnerBusinessName, "Business of " + a.ID},
	} {
		if *d.field == "" {
			*d.field = d.value
		}
	}
	for _, id := range []*string{&a.ID, &a.PrimaryFundingID, &a.OwnerBusinessID} {
		if *id == "" {
			*id = s.newID()
		}
	}
	if a.CreationTime.IsZero() {
		a.CreationTime = s.now().Add(-90 * 24 * time.Hour)
	}
	return &account{Account: a, byKey: map[string]*template{}, locks: map[string]time.Time{}, usage: map[string]*window{}}
}
