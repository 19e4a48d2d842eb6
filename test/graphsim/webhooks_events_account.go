// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"time"
)

// The constructors below make events as the reference pages show them.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference.

// RawEvent is an event of any field, with a value in JSON.
func RawEvent(field, value string) WebhookChange {
	return WebhookChange{Field: field, Value: json.RawMessage(value)}
}

// AccountEvent is account_update without companions, such as ACCOUNT_DELETED, VERIFIED_ACCOUNT, ACCOUNT_OFFBOARDED,
// ACCOUNT_RECONNECTED or PARTNER_CLIENT_CERTIFICATION_NEEDED; companions are added by With.
func AccountEvent(event string) WebhookChange {
	return WebhookChange{Field: "account_update", Value: map[string]any{"event": event}}
}

// RestrictedUntil is one of the restrictions of RestrictionEvent; a zero End has no expiration, an empty Remediation is left
// out.
type RestrictedUntil struct {
	Type        string
	End         time.Time
	Remediation string
}

// RestrictionEvent is account_update with ACCOUNT_RESTRICTION.
func RestrictionEvent(restrictions ...RestrictedUntil) WebhookChange {
	list := make([]any, 0, len(restrictions))
	for _, r := range restrictions {
		one := map[string]any{"restriction_type": r.Type}
		if !r.End.IsZero() {
			one["expiration"] = r.End.Unix()
		}
		if r.Remediation != "" {
			one["remediation"] = r.Remediation
		}
		list = append(list, one)
	}
	return AccountEvent("ACCOUNT_RESTRICTION").With("restriction_info", list)
}

// ViolationEvent is account_update with ACCOUNT_VIOLATION; phoneNumber may be empty.
func ViolationEvent(violation, phoneNumber string) WebhookChange {
	x := AccountEvent("ACCOUNT_VIOLATION").With("violation_info", map[string]any{"violation_type": violation})
	if phoneNumber != "" {
		x = x.With("phone_number", digitsOf(phoneNumber))
	}
	return x
}

// BanEvent is account_update with DISABLED_UPDATE; state is SCHEDULE_FOR_DISABLE, DISABLE or REINSTATE. The date is English
// on the wire.
func BanEvent(state string, date time.Time) WebhookChange {
	return AccountEvent("DISABLED_UPDATE").With("ban_info", map[string]any{"waba_ban_state": state, "waba_ban_date": englishDate(date)})
}

// PricingTierEvent is account_update with VOLUME_BASED_PRICING_TIER_UPDATE.
func PricingTierEvent(category, tier, region string, at time.Time) WebhookChange {
	return AccountEvent("VOLUME_BASED_PRICING_TIER_UPDATE").With("volume_tier_info", map[string]any{
		"tier_update_time": at.Unix(), "pricing_category": category, "tier": tier, "effective_month": at.UTC().Format("2006-01"), "region": region,
	})
}

// CountryEvent is account_update with BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE.
func CountryEvent(country string) WebhookChange {
	return AccountEvent("BUSINESS_PRIMARY_LOCATION_COUNTRY_UPDATE").With("country", country)
}

// AuthPricingEvent is account_update with AUTH_INTL_PRICE_ELIGIBILITY_UPDATE.
func AuthPricingEvent(start time.Time, exceptions ...string) WebhookChange {
	countries := []any{}
	for _, code := range exceptions {
		countries = append(countries, map[string]any{"country_code": code, "start_time": start.Unix()})
	}
	return AccountEvent("AUTH_INTL_PRICE_ELIGIBILITY_UPDATE").
		With("auth_international_rate_eligibility", map[string]any{"start_time": start.Unix(), "exception_countries": countries})
}

// CertificationEvent is account_update with PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE.
func CertificationEvent(clientBusinessID, status string, reasons ...string) WebhookChange {
	return AccountEvent("PARTNER_CLIENT_CERTIFICATION_STATUS_UPDATE").With("partner_client_certification_info", map[string]any{
		"client_business_id": clientBusinessID, "status": status, "rejection_reasons": append([]string{}, reasons...),
	})
}

// PartnerEvent is an account_update that arrives under the id of the partner's business portfolio: PARTNER_ADDED,
// PARTNER_REMOVED, PARTNER_APP_INSTALLED, PARTNER_APP_UNINSTALLED, AD_ACCOUNT_LINKED, MM_LITE_TERMS_SIGNED. More, such as
// partner_app_id, is added by With.
func PartnerEvent(event, businessID, accountID, ownerBusinessID string) WebhookChange {
	x := AccountEvent(event).With("waba_info", map[string]any{"waba_id": accountID, "owner_business_id": ownerBusinessID})
	x.BusinessID = businessID
	return x
}

// PartnerRemovedEvent is PARTNER_REMOVED with the reason of a disconnection, such as PRIMARY_INACTIVITY by SYSTEM.
func PartnerRemovedEvent(businessID, accountID, ownerBusinessID, reason, initiatedBy string) WebhookChange {
	return PartnerEvent("PARTNER_REMOVED", businessID, accountID, ownerBusinessID).
		With("disconnection_info", map[string]any{"reason": reason, "initiated_by": initiatedBy})
}

// SolutionEvent is partner_solutions; event is SOLUTION_CREATED or SOLUTION_UPDATED.
func SolutionEvent(businessID, event, solutionID, status string) WebhookChange {
	return WebhookChange{Field: "partner_solutions", BusinessID: businessID, Value: map[string]any{
		"event": event, "solution_id": solutionID, "solution_status": status,
	}}
}

// ReviewEvent is account_review_update: APPROVED, REJECTED, PENDING or DEFERRED.
func ReviewEvent(decision string) WebhookChange {
	return WebhookChange{Field: "account_review_update", Value: map[string]any{"decision": decision}}
}

// AlertEvent is account_alerts. entityType is BUSINESS, PHONE_NUMBER or CURRENT_STATUS_ID, severity CRITICAL, WARNING or
// INFORMATIONAL, status ACTIVE or NONE.
func AlertEvent(entityType, entityID, severity, status, kind, description string) WebhookChange {
	return WebhookChange{Field: "account_alerts", Value: map[string]any{"entity_type": entityType, "entity_id": entityID, "alert_info": map[string]any{
		"alert_severity": severity, "alert_status": status, "alert_type": kind, "alert_description": description,
	}}}
}

// FlowStatusEvent is flows with a change of a Flow's status. A Flow that was just created has no old one.
func FlowStatusEvent(id, old, status string) WebhookChange {
	value := map[string]any{"event": "FLOW_STATUS_CHANGE", "flow_id": id, "new_status": status, "message": "Flow " + id + " changed its status to " + status}
	if old != "" {
		value["old_status"] = old
	}
	return WebhookChange{Field: "flows", Value: value}
}

// FlowAlertEvent is flows with an alert about a Flow: event is CLIENT_ERROR_RATE, ENDPOINT_ERROR_RATE, ENDPOINT_LATENCY or
// ENDPOINT_AVAILABILITY, state ACTIVATED or DEACTIVATED.
func FlowAlertEvent(id, event, state, message string) WebhookChange {
	return WebhookChange{Field: "flows", Value: map[string]any{
		"event": event, "flow_id": id, "alert_state": state, "message": message, "threshold": 5, "error_rate": 14.28,
	}}
}

// CompromisedEvent is business_status_update: the business portfolio is compromised.
func CompromisedEvent(business int64) WebhookChange {
	return WebhookChange{Field: "business_status_update", Value: map[string]any{"event": "COMPROMISED_NOTIFICATION", "business_id": business}}
}

// limitNumbers are messaging limits as numbers, which Meta's sample of business_capability_update has where its text has
// words.
var limitNumbers = map[string]int{
	"TIER_50": 50, "TIER_250": 250, "TIER_1K": 1000, "TIER_2K": 2000, "TIER_10K": 10000, "TIER_100K": 100000,
}

// CapabilityEvent is business_capability_update. limit is TIER_250 and so on; with asNumber it is written as 250 where that is
// possible. As long as the limit is 250 the phone numbers are those of the portfolio.
func CapabilityEvent(limit string, phoneNumbers int, asNumber bool) WebhookChange {
	value := map[string]any{"max_daily_conversations_per_business": limit}
	if n, ok := limitNumbers[limit]; ok && asNumber {
		value["max_daily_conversations_per_business"] = n
	}
	if limit == "TIER_250" {
		value["max_phone_numbers_per_business"] = phoneNumbers
	} else {
		value["max_phone_numbers_per_waba"] = phoneNumbers
	}
	return WebhookChange{Field: "business_capability_update", Value: value}
}

// PaymentEvent is payment_configuration_update; status is "Active", "Needs Connecting" or "Needs Testing".
func PaymentEvent(configuration, provider, merchantID, status string, created, updated time.Time) WebhookChange {
	return WebhookChange{Field: "payment_configuration_update", Value: map[string]any{
		"configuration_name": configuration, "provider_name": provider, "provider_mid": merchantID, "status": status,
		"created_timestamp": created.Unix(), "updated_timestamp": updated.Unix(),
	}}
}
