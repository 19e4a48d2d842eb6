// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import "github.com/waba-operator/waba-operator/api/v1alpha1"

// kstatus is what tools that wait for a resource are told: https://github.com/kubernetes-sigs/cli-utils/tree/master/pkg/kstatus.
type kstatus int

const (
	// kstatusNeutral: neither Reconciling nor Stalled.
	kstatusNeutral kstatus = iota
	// kstatusReconciling: it changes by itself, or as soon as something else is there that may be applied with it.
	kstatusReconciling
	// kstatusStalled: a person must act.
	kstatusStalled
)

// kstatusOf is the only place that says which reason of Ready or Synced means that a resource that isn't ready is Reconciling, and
// which that it is Stalled. A reason means the same for every kind; what is not listed is neutral.
var kstatusOf = map[string]kstatus{
	v1alpha1.ReasonInvalidSpec:           kstatusStalled,
	v1alpha1.ReasonRefusedByMeta:         kstatusStalled,
	v1alpha1.ReasonNameLocked:            kstatusStalled,
	v1alpha1.ReasonAlreadyExists:         kstatusStalled,
	v1alpha1.ReasonNotFound:              kstatusStalled,
	v1alpha1.ReasonConflict:              kstatusStalled,
	v1alpha1.ReasonContested:             kstatusStalled,
	v1alpha1.ReasonDriftDetected:         kstatusStalled,
	v1alpha1.ReasonWouldDivertMessages:   kstatusStalled,
	v1alpha1.ReasonMassChangeHeld:        kstatusStalled,
	v1alpha1.ReasonAwaitingHuman:         kstatusStalled,
	v1alpha1.ReasonReferenceNotPermitted: kstatusStalled,
	v1alpha1.ReasonAccountChanged:        kstatusStalled,
	v1alpha1.ReasonAccountBlocked:        kstatusStalled,
	v1alpha1.ReasonCredentialsInvalid:    kstatusStalled,
	v1alpha1.ReasonPermissionDenied:      kstatusStalled,

	v1alpha1.ReasonRejected:        kstatusStalled,
	v1alpha1.ReasonDisabled:        kstatusStalled,
	v1alpha1.ReasonPendingDeletion: kstatusStalled,
	v1alpha1.ReasonLimitExceeded:   kstatusStalled,
	v1alpha1.ReasonArchived:        kstatusStalled,
	v1alpha1.ReasonReclassified:    kstatusStalled,
	v1alpha1.ReasonBlocked:         kstatusStalled,
	v1alpha1.ReasonNotRegistered:   kstatusStalled,

	v1alpha1.ReasonTransientError:      kstatusReconciling,
	v1alpha1.ReasonUnknownError:        kstatusReconciling,
	v1alpha1.ReasonRateLimited:         kstatusReconciling,
	v1alpha1.ReasonQuotaExceeded:       kstatusReconciling,
	v1alpha1.ReasonEditBudgetExhausted: kstatusReconciling,
	v1alpha1.ReasonAccountNotReady:     kstatusReconciling,
	v1alpha1.ReasonPhoneNumberNotReady: kstatusReconciling,
	v1alpha1.ReasonMediaUnusable:       kstatusReconciling,
	v1alpha1.ReasonSecretNotFound:      kstatusReconciling,
	v1alpha1.ReasonSecretNotPermitted:  kstatusReconciling,
	v1alpha1.ReasonCallbackNotVerified: kstatusReconciling,
	v1alpha1.ReasonNotSubscribed:       kstatusReconciling,
	v1alpha1.ReasonInReview:            kstatusReconciling,
	v1alpha1.ReasonInAppeal:            kstatusReconciling,
	v1alpha1.ReasonTemplatePaused:      kstatusReconciling,
	v1alpha1.ReasonProgressing:         kstatusReconciling,
	v1alpha1.ReasonPending:             kstatusReconciling,
	v1alpha1.ReasonInUse:               kstatusReconciling,
}
