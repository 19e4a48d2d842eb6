// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import "github.com/waba-operator/waba-operator/api/v1alpha1"

// kstatus is how tools that wait for a resource see it: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus.
type kstatus int

const (
	// kstatusNeutral: neither Reconciling nor Stalled.
	kstatusNeutral kstatus = iota
	// KstatusReconciling means that it changes by itself, or as soon as something else is there that may be applied with it.
	KstatusReconciling
	// KstatusStalled means that a person must act.
	KstatusStalled
)

// KstatusOf is the only place that says which reason of Ready or Synced means that a resource that isn't ready is Reconciling, and
// which that it is Stalled. A reason means the same for every kind; what is not listed is neutral.
var KstatusOf = map[string]kstatus{
	v1alpha1.ReasonInvalidSpec:           KstatusStalled,
	v1alpha1.ReasonRefusedByMeta:         KstatusStalled,
	v1alpha1.ReasonNameLocked:            KstatusStalled,
	v1alpha1.ReasonAlreadyExists:         KstatusStalled,
	v1alpha1.ReasonNotFound:              KstatusStalled,
	v1alpha1.ReasonConflict:              KstatusStalled,
	v1alpha1.ReasonContested:             KstatusStalled,
	v1alpha1.ReasonDriftDetected:         KstatusStalled,
	v1alpha1.ReasonWouldDivertMessages:   KstatusStalled,
	v1alpha1.ReasonBulkChangeHeld:        KstatusStalled,
	v1alpha1.ReasonActionRequired:        KstatusStalled,
	v1alpha1.ReasonReferenceNotPermitted: KstatusStalled,
	v1alpha1.ReasonAccountChanged:        KstatusStalled,
	v1alpha1.ReasonAccountBlocked:        KstatusStalled,
	v1alpha1.ReasonCredentialsInvalid:    KstatusStalled,
	v1alpha1.ReasonPermissionDenied:      KstatusStalled,

	v1alpha1.ReasonRejected:        KstatusStalled,
	v1alpha1.ReasonDisabled:        KstatusStalled,
	v1alpha1.ReasonPendingDeletion: KstatusStalled,
	v1alpha1.ReasonLimitExceeded:   KstatusStalled,
	v1alpha1.ReasonArchived:        KstatusStalled,
	v1alpha1.ReasonReclassified:    KstatusStalled,
	v1alpha1.ReasonBlocked:         KstatusStalled,
	v1alpha1.ReasonNotRegistered:   KstatusStalled,

	v1alpha1.ReasonTransientError:      KstatusReconciling,
	v1alpha1.ReasonUnknownError:        KstatusReconciling,
	v1alpha1.ReasonRateLimited:         KstatusReconciling,
	v1alpha1.ReasonQuotaExceeded:       KstatusReconciling,
	v1alpha1.ReasonEditBudgetExhausted: KstatusReconciling,
	v1alpha1.ReasonAccountNotReady:     KstatusReconciling,
	v1alpha1.ReasonPhoneNumberNotReady: KstatusReconciling,
	v1alpha1.ReasonMediaUnusable:       KstatusReconciling,
	v1alpha1.ReasonSecretNotFound:      KstatusReconciling,
	v1alpha1.ReasonSecretNotPermitted:  KstatusReconciling,
	v1alpha1.ReasonCallbackNotVerified: KstatusReconciling,
	v1alpha1.ReasonNotSubscribed:       KstatusReconciling,
	v1alpha1.ReasonInReview:            KstatusReconciling,
	v1alpha1.ReasonInAppeal:            KstatusReconciling,
	v1alpha1.ReasonTemplatePaused:      KstatusReconciling,
	v1alpha1.ReasonProgressing:         KstatusReconciling,
	v1alpha1.ReasonPending:             KstatusReconciling,
	v1alpha1.ReasonInUse:               KstatusReconciling,
}
