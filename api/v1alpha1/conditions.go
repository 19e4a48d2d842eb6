// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Condition types common to all kinds.
const (
	// ConditionReady is True when the asset exists at Meta as the spec says and can be used. It keeps its meaning while
	// the resource is paused or drifted.
	ConditionReady = "Ready"
	// ConditionSynced reports the last attempt to make Meta equal to the spec.
	ConditionSynced = "Synced"
	// ConditionReconciling is present, and True, only while the operator or Meta is still working.
	ConditionReconciling = "Reconciling"
	// ConditionStalled is present, and True, only while nothing will change until a person acts.
	ConditionStalled = "Stalled"
)

// Condition types of some kinds, each for something on which a person can act.
const (
	// ConditionCredentialsValid of a WABA: the access token works, belongs to the app and has the permissions needed.
	ConditionCredentialsValid = "CredentialsValid"
	// ConditionApproved of a WABA: Meta approved the account; of a MessageTemplate: Meta approved the template.
	ConditionApproved = "Approved"
	// ConditionBusinessVerified of a WABA: Meta verified the business that owns it.
	ConditionBusinessVerified = "BusinessVerified"
	// ConditionCanSendMessages of a WABA or PhoneNumber: Meta's health status does not block sending.
	ConditionCanSendMessages = "CanSendMessages"
	// ConditionBillingReady of a WABA: a payment method is attached, and Meta accepts the currency of the account.
	ConditionBillingReady = "BillingReady"
	// ConditionPolicyCompliant of a WABA: no violation, restriction, ban or app that isn't approved is known.
	ConditionPolicyCompliant = "PolicyCompliant"
	// ConditionVerified of a PhoneNumber: ownership was proven by a code.
	ConditionVerified = "Verified"
	// ConditionRegistered of a PhoneNumber: it is registered on the Cloud API.
	ConditionRegistered = "Registered"
	// ConditionDisplayNameApproved of a PhoneNumber: its display name may be shown.
	ConditionDisplayNameApproved = "DisplayNameApproved"
	// ConditionQualityHealthy of a PhoneNumber or MessageTemplate: its quality is not rated low (RED).
	ConditionQualityHealthy = "QualityHealthy"
	// ConditionCategoryAsRequested of a MessageTemplate: Meta kept the category of the spec.
	ConditionCategoryAsRequested = "CategoryAsRequested"
	// ConditionSubscribed of a WebhookSubscription: the app receives the webhooks of the account.
	ConditionSubscribed = "Subscribed"
	// ConditionCallbackVerified of a WebhookSubscription: Meta verified the callback address.
	ConditionCallbackVerified = "CallbackVerified"
)

// Reasons of the condition Synced, also used for Ready, Reconciling and Stalled. Each says what the reader should do.
const (
	// ReasonSynced: nothing to do, Meta has what the spec says.
	ReasonSynced = "Synced"
	// ReasonInvalidSpec: correct the spec as the message says; no call was made, or Meta refused it as malformed.
	ReasonInvalidSpec = "InvalidSpec"
	// ReasonMediaUnusable: put a file that Meta takes where the spec says; the message names the field and what is wrong.
	ReasonMediaUnusable = "MediaUnusable"
	// ReasonRefusedByMeta: Meta refused the change on its merits; read the message and change the spec.
	ReasonRefusedByMeta = "RefusedByMeta"
	// ReasonRateLimited: wait; the operator tries again at status.nextAttemptTime.
	ReasonRateLimited = "RateLimited"
	// ReasonQuotaExceeded: a limit of the account is used up (templates, numbers); make room or have Meta raise it.
	ReasonQuotaExceeded = "QuotaExceeded"
	// ReasonEditBudgetExhausted: wait; an approved template takes one edit of its content a day and ten in thirty days, and 100 of its max
	// price an hour.
	ReasonEditBudgetExhausted = "EditBudgetExhausted"
	// ReasonNameLocked: the template's name is locked for thirty days after a deletion; wait or choose another name.
	ReasonNameLocked = "NameLocked"
	// ReasonAlreadyExists: something else exists at Meta under this name; see adoptionPolicy.
	ReasonAlreadyExists = "AlreadyExists"
	// ReasonConflict: another resource manages the same asset; delete one of the two.
	ReasonConflict = "Conflict"
	// ReasonContested: another client keeps reverting the changes; agree who manages the asset, then request a new attempt.
	ReasonContested = "Contested"
	// ReasonAccountChanged: wabaRef leads to another account than before; accept it by annotation or restore the reference.
	ReasonAccountChanged = "AccountChanged"
	// ReasonAccountNotReady: wait for the WABA, or repair it; see its conditions.
	ReasonAccountNotReady = "AccountNotReady"
	// ReasonPhoneNumberNotReady: wait for the PhoneNumber that the message names, or repair it; see its conditions.
	ReasonPhoneNumberNotReady = "PhoneNumberNotReady"
	// ReasonAccountBlocked: Meta disabled, banned or restricted the account; see the WABA and Meta Business Support.
	ReasonAccountBlocked = "AccountBlocked"
	// ReasonCredentialsInvalid: give the account's Secret a valid access token.
	ReasonCredentialsInvalid = "CredentialsInvalid"
	// ReasonPermissionDenied: give the system user the permission or the asset that the message names.
	ReasonPermissionDenied = "PermissionDenied"
	// ReasonReferenceNotPermitted: have the WABA's spec.allowedReferences permit this resource.
	ReasonReferenceNotPermitted = "ReferenceNotPermitted"
	// ReasonDriftDetected: another client changed the asset at Meta; see status.drift, then change the spec or driftPolicy.
	ReasonDriftDetected = "DriftDetected"
	// ReasonWouldDivertMessages: set an override for messages first, or they would be sent to the operator.
	ReasonWouldDivertMessages = "WouldDivertMessages"
	// ReasonBulkChangeHeld: unusually many changes are due at once; check, then release them by annotation on the WABA.
	ReasonBulkChangeHeld = "BulkChangeHeld"
	// ReasonNotFound: the asset, or something the spec refers to, does not exist; correct the spec or create it.
	ReasonNotFound = "NotFound"
	// ReasonPaused: managementPolicy, here or on the account, is Paused; nothing is done until it changes.
	ReasonPaused = "Paused"
	// ReasonCallbackNotVerified: have the service answer Meta's handshake, with the same verify token; it is tried again.
	ReasonCallbackNotVerified = "CallbackNotVerified"
	// ReasonActionRequired: do what the message says, for example put the received code into the Secret.
	ReasonActionRequired = "ActionRequired"
	// ReasonTransientError: wait; the call failed for a passing reason and is repeated.
	ReasonTransientError = "TransientError"
	// ReasonUnknownError: Meta returned an error that the operator doesn't know; the call is retried slowly. Please report it.
	ReasonUnknownError = "UnknownError"
)

// Reasons of domain conditions, and of Ready where they explain it.
const (
	// ReasonReviewRisk: an event only. Meta tends to refuse what status.warnings names; change it.
	ReasonReviewRisk = "ReviewRisk"
	// ReasonDryRun: an event only. The operator runs with --read-only; the message names what it would write.
	ReasonDryRun = "DryRun"
	// ReasonLeft: an event only. The resource goes, or gives up a part of its spec, and what it managed stays at Meta; read why.
	ReasonLeft = "Left"
	// ReasonUnpauseHandled: an event only, the answer to the annotation unpause; read the message.
	ReasonUnpauseHandled = "UnpauseHandled"
	// ReasonUnarchiveHandled: an event only, the answer to the annotation unarchive or to archivedPolicy: Unarchive; read the message.
	ReasonUnarchiveHandled = "UnarchiveHandled"
	// ReasonOBARequestHandled: an event only, the answer to the annotation request-oba; read the message.
	ReasonOBARequestHandled = "OBARequestHandled"
	// ReasonPINChanged: an event only. Another client changed the PIN of a number at Meta; follow the message.
	ReasonPINChanged = "PINChanged"
	// ReasonLimitsChanged: an event only. Meta changed how much may be sent; nothing to do.
	ReasonLimitsChanged = "LimitsChanged"
	// ReasonUsernameChanged: an event only. Something happened to the user name of a number; read the message.
	ReasonUsernameChanged = "UsernameChanged"
	// ReasonMetaAlert: an event only. Meta raised an alert; see WhatsApp Manager.
	ReasonMetaAlert = "MetaAlert"
	// ReasonAccountEvent: an event only. Something happened to the account, such as a partner that left; read the message.
	ReasonAccountEvent = "AccountEvent"
	// ReasonPending: not yet observed; wait.
	ReasonPending = "Pending"
	// ReasonObserved: the account is observed and can be used; nothing to do.
	ReasonObserved = "Observed"
	// ReasonProgressing: the operator is working; wait.
	ReasonProgressing = "Progressing"
	// ReasonInUse: resources that are being deleted still need this account; the message names them.
	ReasonInUse = "InUse"
	// ReasonValid: the credentials work; nothing to do.
	ReasonValid = "Valid"
	// ReasonMissingScope: create a token with the scope that the message names.
	ReasonMissingScope = "MissingScope"
	// ReasonNotAssigned: assign the account to the token's system user in Business Settings, or correct spec.id.
	ReasonNotAssigned = "NotAssigned"
	// ReasonExpiringSoon: the access token expires soon; replace it.
	ReasonExpiringSoon = "ExpiringSoon"
	// ReasonSecretNotFound: create the Secret, or the key, that the message names.
	ReasonSecretNotFound = "SecretNotFound"
	// ReasonSecretNotPermitted: label the Secret with its purpose as the message says.
	ReasonSecretNotPermitted = "SecretNotPermitted"
	// ReasonInReview: Meta reviews it, for up to a day; wait.
	ReasonInReview = "InReview"
	// ReasonApproved: Meta approved it; nothing to do.
	ReasonApproved = "Approved"
	// ReasonRejected: Meta rejected it; see the message and status.rejection, then change the spec or appeal at Meta.
	ReasonRejected = "Rejected"
	// ReasonInAppeal: a person appealed at Meta; wait for the decision.
	ReasonInAppeal = "InAppeal"
	// ReasonTemplatePaused: Meta paused the template for low quality or pacing; improve it, wait, or unpause by annotation.
	ReasonTemplatePaused = "PausedByMeta"
	// ReasonDisabled: Meta disabled it for good; create another one, or contact Meta Business Support.
	ReasonDisabled = "Disabled"
	// ReasonArchived: Meta archived the template as unused, and deletes it 28 days later; unarchive it by annotation.
	ReasonArchived = "Archived"
	// ReasonLimitExceeded: the account has as many templates as Meta allows; delete some.
	ReasonLimitExceeded = "LimitExceeded"
	// ReasonPendingDeletion: it is being deleted at Meta; wait, or use another name.
	ReasonPendingDeletion = "PendingDeletion"
	// ReasonReclassified: Meta changed the category; accept it in the spec or change the content.
	ReasonReclassified = "Reclassified"
	// ReasonReclassificationPlanned: Meta will change the category soon; change the content if you disagree.
	ReasonReclassificationPlanned = "ReclassificationPlanned"
	// ReasonAsRequested: Meta kept the category of the spec; nothing to do.
	ReasonAsRequested = "AsRequested"
	// ReasonHealthy: nothing to do.
	ReasonHealthy = "Healthy"
	// ReasonLimited: sending works with limits; see status.health.
	ReasonLimited = "Limited"
	// ReasonBlocked: sending is blocked; see status.health for Meta's remedies.
	ReasonBlocked = "Blocked"
	// ReasonLowQuality: recipients block or report the messages; improve their content and frequency.
	ReasonLowQuality = "LowQuality"
	// ReasonMediumQuality: recipients begin to complain; look at what is sent.
	ReasonMediumQuality = "MediumQuality"
	// ReasonFlagged: Meta warns that it may disable the template; improve its content or its audience.
	ReasonFlagged = "Flagged"
	// ReasonNotRated: Meta has not rated it yet, or reports an unknown value; nothing to do.
	ReasonNotRated = "NotRated"
	// ReasonVerified: nothing to do.
	ReasonVerified = "Verified"
	// ReasonNotVerified: verify the business, or the number, at Meta.
	ReasonNotVerified = "NotVerified"
	// ReasonCompliant: no violation is known; nothing to do.
	ReasonCompliant = "Compliant"
	// ReasonPolicyViolation: Meta reported a violation; see status.webhook and the policy it names.
	ReasonPolicyViolation = "PolicyViolation"
	// ReasonPaymentMethodPresent: a payment method is attached; nothing to do.
	ReasonPaymentMethodPresent = "PaymentMethodPresent"
	// ReasonNoPaymentMethod: paid messages aren't delivered; add a payment method.
	ReasonNoPaymentMethod = "NoPaymentMethod"
	// ReasonCurrencyDeadline: from a day on Meta delivers nothing of accounts in this currency; migrate the account.
	ReasonCurrencyDeadline = "CurrencyDeadline"
	// ReasonRestricted: Meta restricted the account for a time; see status.webhook.restrictions.
	ReasonRestricted = "Restricted"
	// ReasonUnapprovedApp: an app outside spec.approvedApps is subscribed; remove it or approve it.
	ReasonUnapprovedApp = "UnapprovedApp"
	// ReasonRegistered: the number is registered; nothing to do.
	ReasonRegistered = "Registered"
	// ReasonNotRegistered: the number is not registered; give a registration section, or wait.
	ReasonNotRegistered = "NotRegistered"
	// ReasonSubscribed: the app receives the account's webhooks; nothing to do.
	ReasonSubscribed = "Subscribed"
	// ReasonNotSubscribed: the app does not receive the account's webhooks; see the condition Synced.
	ReasonNotSubscribed = "NotSubscribed"
	// ReasonUnknown: Meta reports nothing, or a value that the operator does not know; see the status field that the message names.
	ReasonUnknown = "Unknown"
)
