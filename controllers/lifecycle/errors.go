// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"errors"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/credentials"
	"github.com/waba-operator/waba-operator/internal/graph"
)

const (
	// SecretRecheck is how often a missing or wrong Secret is looked at again; Secrets can't be watched.
	SecretRecheck = 30 * time.Second
	// ConflictRecheck is how often the loser of a conflict looks again, without a call: the winner may have been paused or
	// lost its permission.
	ConflictRecheck = time.Minute
	// QuotaRecheck is when a full quota is tried again: Meta's windows are rolling hours.
	QuotaRecheck = time.Hour
	// RefusedRecheck is the slow retry of what Meta refused: policies and reviews change without notice.
	RefusedRecheck = 24 * time.Hour
	// NameLock is how long a deleted approved template blocks its name
	// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management).
	NameLock = 30 * 24 * time.Hour
	// EditWindow is the time in which an approved template may be edited once.
	EditWindow = 24 * time.Hour
)

// reaction is what an error means to the user and to the queue.
type reaction struct {
	reason              string
	backoff             bool
	first               time.Duration
	unaffected, visible bool
	after               time.Duration
	advice              string
}

// classReactions is the only place that says what a class of Graph API errors leads to. internal/graph/classify.go says which
// error is of which class, and reasons.go which reason needs a person.
var classReactions = map[graph.Class]reaction{
	graph.ClassTransient:   {reason: v1alpha1.ReasonTransientError, backoff: true, unaffected: true},
	graph.ClassThrottled:   {reason: v1alpha1.ReasonRateLimited, unaffected: true, visible: true},
	graph.ClassCredentials: {reason: v1alpha1.ReasonCredentialsInvalid, backoff: true, first: SlowPause, unaffected: true},
	graph.ClassPermission: {reason: v1alpha1.ReasonPermissionDenied, backoff: true, first: SlowPause, unaffected: true,
		advice: "assign the asset to the token's system user and check the token's scopes"},
	graph.ClassAmbiguous: {reason: v1alpha1.ReasonPermissionDenied, backoff: true, first: SlowPause, unaffected: true,
		advice: "check the id, and that the asset is assigned to the token's system user"},
	graph.ClassInvalidSpec: {reason: v1alpha1.ReasonInvalidSpec, after: RefusedRecheck, visible: true},
	graph.ClassRefused:     {reason: v1alpha1.ReasonRefusedByMeta, after: RefusedRecheck, visible: true},
	graph.ClassQuota:       {reason: v1alpha1.ReasonQuotaExceeded, after: QuotaRecheck, visible: true},
	graph.ClassBlocked: {reason: v1alpha1.ReasonAccountBlocked, backoff: true, first: SlowPause, unaffected: true,
		advice: "see Business Support Home"},
	graph.ClassGone: {reason: v1alpha1.ReasonTransientError, backoff: true, first: SlowPause},
	graph.ClassUnknown: {reason: v1alpha1.ReasonUnknownError, backoff: true, first: SlowPause, unaffected: true,
		advice: "this version doesn't know the error; it is tried again with growing pauses"},
}

// causeReactions refine those of the classes where Meta says more.
var causeReactions = map[graph.Cause]reaction{
	graph.CauseNameLocked:    {reason: v1alpha1.ReasonNameLocked, after: NameLock, visible: true},
	graph.CauseDuplicate:     {reason: v1alpha1.ReasonTransientError, backoff: true, first: SlowPause},
	graph.CauseEditBudget:    {reason: v1alpha1.ReasonEditBudgetExhausted, after: EditWindow, visible: true},
	graph.CauseStatusLocked:  {reason: v1alpha1.ReasonInReview, backoff: true, first: SlowPause},
	graph.CauseTemplateLimit: {reason: v1alpha1.ReasonQuotaExceeded, after: RefusedRecheck, visible: true},

	graph.CauseAgreement: {reason: v1alpha1.ReasonActionRequired, after: RefusedRecheck, visible: true,
		advice: "an administrator of the business signs it at Meta, once; for max prices see " +
			"https://developers.facebook.com/documentation/business-messaging/whatsapp/marketing-messages/pricing/enroll-max-price"},

	graph.CauseUsernameLimit: {reason: v1alpha1.ReasonQuotaExceeded, after: RefusedRecheck, visible: true,
		advice: "a username needs a higher messaging limit of the business portfolio; it is tried again once a day"},
	graph.CauseUsernameLink: {reason: v1alpha1.ReasonActionRequired, after: RefusedRecheck, visible: true,
		advice: "link the number to the Facebook Page or Instagram account that has this name, or choose another"},

	graph.CauseCallbackNotVerified: {reason: v1alpha1.ReasonCallbackNotVerified, backoff: true, first: SlowPause, unaffected: true,
		advice: "the service must answer Meta's request with hub.challenge, and hold the same verify token"},
	graph.CauseDashboardOnly: {reason: v1alpha1.ReasonActionRequired, after: RefusedRecheck, visible: true, unaffected: true},
	graph.CauseAppToken: {reason: v1alpha1.ReasonPermissionDenied, backoff: true, first: SlowPause, unaffected: true,
		advice: "put the secret of the token's own app into the key appSecret of the account's Secret"},
}

// Failed is the result of an error. The operation is what was being done, for the log.
func Failed(operation string, err error) *Result {
	step := FailedStep{operation, err}
	var secretErr *credentials.Error
	if errors.As(err, &secretErr) {
		return Waiting(v1alpha1.ReasonCredentialsInvalid, secretErr.Message, SecretRecheck).AssetUnaffected().Join(step)
	}
	e, ok := graph.AsError(err)
	if !ok {
		// The API server's own errors and the like: their texts carry names that change, the log has them.
		return NotSynced(v1alpha1.ReasonTransientError, "an internal step failed and is tried again; the operator's log has the error").
			WithBackoff(0).AssetUnaffected().Join(step)
	}
	v, ok := causeReactions[e.Cause]
	if !ok || e.Class == graph.ClassTransient || e.Class == graph.ClassThrottled {
		v = classReactions[e.Class]
	}
	after := v.after
	if e.Class == graph.ClassThrottled {
		after = max(e.RetryAfter, time.Second)
	}
	o := Waiting(v.reason, explain(e, v), after).Showing(v.visible).AssetUnaffectedIf(v.unaffected).Join(step)
	if v.backoff {
		return o.WithBackoff(v.first)
	}
	return o
}

func explain(e *graph.Error, v reaction) string {
	switch e.Class {
	case graph.ClassTransient:
		return "Meta's API can't be reached or failed; tried again with growing pauses; the operator's log has the error"
	case graph.ClassThrottled:
		return "Meta's rate limit is used up; waiting until it is lifted"
	case graph.ClassCredentials:
		return "Meta refuses the access token: " + Clause(e.Explain()) + "; put a valid one into the account's Secret"
	}
	if v.advice != "" {
		return Clause(e.Explain()) + "; " + v.advice
	}
	return e.Explain()
}

// Clause takes the full stop off a sentence that goes on.
func Clause(s string) string { return strings.TrimRight(s, ". ") }
