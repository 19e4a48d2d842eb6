// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// Reasons of findings that no condition shows.
const (
	reasonNotSeen       = "NotSeen"
	reasonNotObserved   = "NotObserved"
	reasonBehind        = "Behind"
	reasonDeleting      = "Deleting"
	reasonBanned        = "Banned"
	reasonDisconnected  = "Disconnected"
	reasonForbidden     = "Forbidden"
	reasonRateUsage     = "RateUsageHigh"
	reasonTemplateLimit = "TemplateLimitNear"
	reasonGraphVersion  = "GraphVersionEnding"
)

// documentation is where the pages are that help.
const documentation = "https://github.com/waba-operator/waba-operator/blob/main/docs/"

// rule is how bad something is, and the page that helps: of docs/runbooks where it begins with WhatsApp, else below docs. Without
// one it is the condition's chapter of troubleshooting.md.
type rule struct {
	severity Severity
	page     string
}

// rules judge by "Kind.Condition/Reason", "Kind.Condition", "Condition/Reason" or "Reason", the first of these that is there. What
// has an alert of its own (config/prometheus/rules.yaml) is as severe as that. What isn't here is a Warning: better once too often.
var rules = map[string]rule{
	// Access.
	"WABA.CredentialsValid/ExpiringSoon": {Warning, "WhatsAppTokenExpiring"},
	"WABA.CredentialsValid":              {Critical, "WhatsAppTokenInvalid"},
	"CredentialsInvalid":                 {Warning, ""},
	"WABA.Synced/AccountBlocked":         {Critical, ""},
	"WABA.Ready/AccountBlocked":          {Critical, "WhatsAppAccountBanned"},
	"WABA.Synced/CredentialsInvalid": {
		Critical, "WhatsAppTokenInvalid",
	},

	// Standing.
	"Banned":          {Critical, "WhatsAppAccountBanned"},
	"Restricted":      {Critical, "WhatsAppAccountRestricted"},
	"PolicyViolation": {Warning, "WhatsAppAccountViolation"},
	"UnapprovedApp":   {Warning, "WhatsAppUnapprovedApp"},

	// Sending.
	"WABA.CanSendMessages/Blocked":  {Critical, "WhatsAppAccountCannotSend"},
	"CanSendMessages/Blocked":       {Critical, ""},
	"CanSendMessages/Limited":       {Warning, ""},
	"CanSendMessages/NotRegistered": {OK, ""}, // Registered says it
	"CanSendMessages/Progressing":   {Info, ""},
	"BillingReady/NoPaymentMethod":  {Critical, "WhatsAppAccountNoPaymentMethod"},
	"BillingReady/CurrencyDeadline": {Warning, "WhatsAppAccountCurrencyDeadline"},
	"WABA.Approved/Rejected":        {Critical, ""},
	"BusinessVerified":              {Info, ""},
	"PhoneNumber.Verified":          {Info, ""},
	"PhoneNumber.Ready/Limited":     {Warning, "WhatsAppNumberRestricted"},
	"PhoneNumber.Flagged":           {Warning, "WhatsAppNumberRestricted"},
	"PhoneNumber.Banned":            {Critical, "WhatsAppNumberBanned"},
	"PhoneNumber.Disconnected":      {Critical, "WhatsAppNumberDisconnected"},
	"PhoneNumber.QualityHealthy/LowQuality": {
		Critical, "WhatsAppNumberQualityRed",
	},

	// Templates.
	"MessageTemplate.Approved/Rejected":           {Warning, "WhatsAppTemplateRejected"},
	"MessageTemplate.Approved/PausedByMeta":       {Warning, "WhatsAppTemplatePaused"},
	"MessageTemplate.Approved/Disabled":           {Critical, "WhatsAppTemplateDisabled"},
	"MessageTemplate.Approved/Archived":           {Warning, "WhatsAppTemplateArchived"},
	"MessageTemplate.QualityHealthy/LowQuality":   {Warning, "WhatsAppTemplateQualityRed"},
	"CategoryAsRequested/Reclassified":            {Warning, "WhatsAppTemplateReclassified"},
	"CategoryAsRequested/ReclassificationPlanned": {Warning, "WhatsAppTemplateReclassificationPlanned"},
	"TemplateLimitNear":                           {Warning, "WhatsAppTemplateLimitNear"},
	"MessageTemplate.Synced/EditBudgetExhausted":  {Info, "WhatsAppTemplateEditsExhausted"},

	// The operator and its calls.
	"NotSeen":             {Warning, "troubleshooting.md#no-status"},
	"NotObserved":         {Critical, "WhatsAppAccountNotObserved"},
	"RateUsageHigh":       {Info, "WhatsAppRateBudgetNearEnd"},
	"GraphVersionEnding":  {Warning, "WhatsAppGraphVersionEnding"},
	"BulkChangeHeld":      {Warning, "WhatsAppChangesHeld"},
	"Deleting":            {Info, "troubleshooting.md#a-deletion-hangs"},
	"MetaAlert":           {Info, "troubleshooting.md#events"},
	"InvalidSpec":         {Warning, "WhatsAppResourceNotSynced"},
	"MediaUnusable":       {Warning, "WhatsAppResourceNotSynced"},
	"RefusedByMeta":       {Warning, "WhatsAppResourceNotSynced"},
	"CallbackNotVerified": {Warning, "WhatsAppResourceNotSynced"},
	"Conflict":            {Warning, "WhatsAppResourceNotSynced"},
	"Contested":           {Warning, "WhatsAppResourceNotSynced"},
	"AccountChanged":      {Warning, "WhatsAppResourceNotSynced"},
	"PermissionDenied":    {Warning, "WhatsAppResourceNotSynced"},
	"WouldDivertMessages": {
		Warning, "WhatsAppResourceNotSynced",
	},
	"UnknownError": {Warning, "WhatsAppResourceNotSynced"},

	// What passes by itself, or is wanted so.
	"Behind":              {Info, "troubleshooting.md#no-status"},
	"Forbidden":           {Info, "security.md"},
	"AccountNotReady":     {Info, ""},
	"PhoneNumberNotReady": {Info, ""},
	"EditBudgetExhausted": {Info, ""},
	"InAppeal":            {Info, ""},
	"InReview":            {Info, ""},
	"InUse":               {Info, "troubleshooting.md#a-deletion-hangs"},
	"Paused":              {Info, ""},
	"Pending":             {Info, ""},
	"Progressing":         {Info, ""},
	"QuotaExceeded":       {Info, ""},
	"RateLimited":         {Info, ""},
	"TransientError":      {Info, ""},
}

// ruleOf finds the rule for a finding of a kind.
func ruleOf(kind, condition, reason string) rule {
	for _, key := range []string{kind + "." + condition + "/" + reason, kind + "." + condition, kind + "." + reason, condition + "/" + reason, condition, reason} {
		if r, ok := rules[key]; ok {
			return r
		}
	}
	return rule{severity: Warning}
}

// chapters of troubleshooting.md that are about several conditions.
var chapters = map[string]string{
	v1alpha1.ConditionVerified: "verified-businessverified-registered-displaynameapproved", v1alpha1.ConditionBusinessVerified: "verified-businessverified-registered-displaynameapproved",
	v1alpha1.ConditionRegistered: "verified-businessverified-registered-displaynameapproved", v1alpha1.ConditionDisplayNameApproved: "verified-businessverified-registered-displaynameapproved",
	v1alpha1.ConditionSubscribed: "subscribed-callbackverified", v1alpha1.ConditionCallbackVerified: "subscribed-callbackverified",
}

// address is where the page about a finding is.
func (r rule) address(condition string) string {
	switch {
	case strings.HasPrefix(r.page, "WhatsApp"):
		return documentation + "runbooks/" + r.page + ".md"
	case r.page != "":
		return documentation + r.page
	case condition == "":
		return documentation + "troubleshooting.md"
	}
	chapter, several := chapters[condition]
	if !several {
		chapter = strings.ToLower(condition)
	}
	return documentation + "troubleshooting.md#" + chapter
}
