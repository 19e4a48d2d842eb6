// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metavalues has the values of Meta's enumerations, and the limits under which what Meta says is kept in a status. Meta adds to
// its enumerations without notice: code must go on with a value that isn't here.
package metavalues

// Statuses of a template
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management).
const (
	TemplateApproved        = "APPROVED"
	TemplatePending         = "PENDING"
	TemplateRejected        = "REJECTED"
	TemplatePaused          = "PAUSED"
	TemplateDisabled        = "DISABLED"
	TemplateInAppeal        = "IN_APPEAL"
	TemplatePendingDeletion = "PENDING_DELETION"
	TemplateDeleted         = "DELETED"
	TemplateLimitExceeded   = "LIMIT_EXCEEDED"
	TemplateArchived        = "ARCHIVED"
)

// TemplateStatuses are all that are known.
var TemplateStatuses = []string{
	TemplateApproved, TemplatePending, TemplateRejected, TemplatePaused, TemplateDisabled, TemplateInAppeal, TemplatePendingDeletion,
	TemplateDeleted, TemplateLimitExceeded, TemplateArchived,
}

// NoRejection is the rejection reason of a template that wasn't rejected.
const NoRejection = "NONE"

// Platforms on which a number is registered
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/business-phone-numbers/phone-numbers).
const (
	PlatformCloudAPI      = "CLOUD_API"
	PlatformOnPremise     = "ON_PREMISE"
	PlatformNotApplicable = "NOT_APPLICABLE"
)

// Statuses of a number
// (https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account-to-number-current-status).
const (
	NumberConnected    = "CONNECTED"
	NumberPending      = "PENDING"
	NumberDisconnected = "DISCONNECTED"
	NumberMigrated     = "MIGRATED"
	NumberBanned       = "BANNED"
	NumberRestricted   = "RESTRICTED"
	NumberRateLimited  = "RATE_LIMITED"
	NumberFlagged      = "FLAGGED"
	NumberUnverified   = "UNVERIFIED"
	NumberDeleted      = "DELETED"
)

// NumberStatuses are all that are known.
var NumberStatuses = []string{
	NumberConnected, NumberPending, NumberDisconnected, NumberMigrated, NumberBanned, NumberRestricted, NumberRateLimited, NumberFlagged,
	NumberUnverified, NumberDeleted,
}

// CodeVerified is the code_verification_status of a number whose ownership was proven.
const CodeVerified = "VERIFIED"

// Statuses of a display name
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/display-names).
const (
	NameApproved      = "APPROVED"
	NameWithoutReview = "AVAILABLE_WITHOUT_REVIEW"
	NamePendingReview = "PENDING_REVIEW"
	NameNone          = "NONE"
	NameDeclined      = "DECLINED"
	NameRejected      = "REJECTED"
	NameExpired       = "EXPIRED"
)
