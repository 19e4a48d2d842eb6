// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Annotations by which a person asks the operator for something. The operator never writes them; what it acted on is in status.
const (
	// AnnotationRequestedAt asks for an immediate observation and a new attempt. Any new value counts, usually the time.
	AnnotationRequestedAt = GroupName + "/requested-at"
	// AnnotationAcceptAccount accepts that wabaRef now leads to another account; the value is the account id at Meta.
	AnnotationAcceptAccount = GroupName + "/accept-account"
	// AnnotationReleaseHeld lets changes pass that were held as BulkChangeHeld (on a WABA). Any new value counts.
	AnnotationReleaseHeld = GroupName + "/release-held-changes"
	// AnnotationUnpause asks Meta to unpause a template that pacing paused. Any new value counts.
	AnnotationUnpause = GroupName + "/unpause"
	// AnnotationUnarchive asks Meta to unarchive a template that wasn't used for a year. Any new value counts.
	AnnotationUnarchive = GroupName + "/unarchive"
	// AnnotationRequestCode asks Meta to send a new verification code to a phone number. Any new value counts.
	AnnotationRequestCode = GroupName + "/request-code"
	// AnnotationRequestOBA requests the badge of an official business account for a phone number, with what spec.officialBusinessAccount
	// says. Any new value counts.
	AnnotationRequestOBA = GroupName + "/request-oba"
	// AnnotationAcceptBadgeReview accepts that Meta reviews the badge of a phone number again because its display name changes; the value
	// is the new display name.
	AnnotationAcceptBadgeReview = GroupName + "/accept-badge-review"
	// AnnotationRevokeAppSecret has the receiver of webhooks take no app secret any more that was replaced in an account's Secret (on
	// a WABA). Without it the one before counts for another hour. Any new value counts.
	AnnotationRevokeAppSecret = GroupName + "/revoke-replaced-app-secret"
	// AnnotationWaitForApproval set to "false" lets a GitOps tool call a template in review healthy. The operator does nothing
	// about it.
	AnnotationWaitForApproval = GroupName + "/wait-for-approval"
	// AnnotationPolicyBeforePause is the policy, or PolicyAbsent, that "pause" replaced and "resume" restores, as actions of Argo CD and
	// commands of kubectl waba. The operator does nothing about it.
	AnnotationPolicyBeforePause = GroupName + "/policy-before-pause"
)

// PolicyAbsent is the value of AnnotationPolicyBeforePause where the spec had no managementPolicy.
const PolicyAbsent = "Absent"

// LabelSecretPurpose opts a Secret in to be read by the operator; the value is the one purpose for which it may be used.
const LabelSecretPurpose = GroupName + "/secret"

// Values of LabelSecretPurpose.
const (
	// SecretPurposeAccount marks the credentials of an account: access token, app secret, app id.
	SecretPurposeAccount = "account"
	// SecretPurposeVerifyToken marks the verify token of a webhook callback.
	SecretPurposeVerifyToken = "verify-token"
	// SecretPurposePIN marks the two-step verification PIN of a phone number.
	SecretPurposePIN = "pin"
	// SecretPurposeCode marks the verification code that a person received by SMS or voice call.
	SecretPurposeCode = "code"
)

// Keys of the Secret that spec.credentialsSecretRef of a WABA names. They can't be chosen.
const (
	// SecretKeyAccessToken is the key of the system user's access token. Required.
	SecretKeyAccessToken = "accessToken"
	// SecretKeyAppSecret is the key of the Meta app's secret. Needed for webhooks; when known each call is proven with it.
	SecretKeyAppSecret = "appSecret"
	// SecretKeyAppID is the key of the Meta app's id. Absent means the app to which the access token belongs.
	SecretKeyAppID = "appID"
)

const (
	// Finalizer keeps a resource until what its deletion policy demands was done at Meta.
	Finalizer = GroupName + "/finalizer"
	// FieldOwner is the field owner under which reconcilers apply status.
	FieldOwner = "waba-operator"
	// FieldOwnerFacts is the field owner under which facts from webhooks are applied to status.webhook.
	FieldOwnerFacts = "waba-operator-facts"
)
