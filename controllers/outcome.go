// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/credentials"
	"github.com/waba-operator/waba-operator/internal/graph"
)

const (
	// secretRecheck is how often a missing or wrong Secret is looked at again; Secrets can't be watched.
	secretRecheck = 30 * time.Second
	// conflictRecheck is how often the loser of a conflict looks again, without a call: the winner may have been paused or
	// lost its permission.
	conflictRecheck = time.Minute
	// quotaRecheck is when a full quota is tried again: Meta's windows are rolling hours.
	quotaRecheck = time.Hour
	// refusedRecheck is the slow retry of what Meta refused: policies and reviews change without notice.
	refusedRecheck = 24 * time.Hour
	// nameLock is how long a deleted approved template blocks its name
	// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management).
	nameLock = 30 * 24 * time.Hour
	// editWindow is the time in which an approved template may be edited once.
	editWindow = 24 * time.Hour
)

// outcome is what one pass came to. Only finish (lifecycle.go) and the WABA controller turn it into a status and a
// requeue, so every step just says what happened.
type outcome struct {
	synced  metav1.ConditionStatus
	reason  string
	message string

	// after is when to look again, 0 when only an event can change anything.
	after time.Duration
	// wait means after is a wait the user should see in status.nextAttemptTime.
	wait bool
	// backoff counts the pass as a failed attempt: the wait doubles with each.
	backoff bool
	// first is the pause after the first failed attempt, 0 for the shortest. The more calls an attempt costs, the longer.
	first time.Duration
	// stalled means that nothing will change until somebody does something.
	stalled bool
	// aside means the pass says nothing about the asset itself; whether it is ready is what was known before.
	aside bool
	// keep leaves the status as it is, but for what webhooks told.
	keep bool
	// failed are the errors that the outcome was made of, with what was being done: the condition's message is stable and for
	// users, the log has the rest.
	failed []failedStep
	// underWay means that the run ended before its work was done, to come back when something is there that it needs: neither a
	// success nor a failure.
	underWay bool
	// recalled means that this is what an earlier pass came to, and that no spec was looked at.
	recalled bool
}

func done(message string) outcome {
	return outcome{synced: metav1.ConditionTrue, reason: v1alpha1.ReasonSynced, message: message}
}

// nothing to do, look again after a while (0: on the next event).
func keep(after time.Duration) outcome { return outcome{keep: true, after: after} }

func stalled(reason, message string) outcome {
	return outcome{synced: metav1.ConditionFalse, reason: reason, message: message, stalled: true}
}

// waiting is a wait for something that will come by itself, or by an event.
func waiting(reason, message string, after time.Duration) outcome {
	return outcome{synced: metav1.ConditionFalse, reason: reason, message: message, after: after}
}

// waitingAside is a wait that says nothing about the asset, such as one for the account.
func waitingAside(reason, message string, after time.Duration) outcome {
	o := waiting(reason, message, after)
	o.aside = true
	return o
}

func (o outcome) told() outcome { o.wait = true; return o }

// verdict is what an error class means to the user and to the queue.
type verdict struct {
	reason                  string
	backoff                 bool
	first                   time.Duration
	stalled, aside, visible bool
	after                   time.Duration
	advice                  string
}

// verdicts is the only place that says what a class of Graph API errors leads to.
var verdicts = map[graph.Class]verdict{
	graph.ClassTransient:   {reason: v1alpha1.ReasonTransientError, backoff: true, aside: true},
	graph.ClassThrottled:   {reason: v1alpha1.ReasonRateLimited, aside: true, visible: true},
	graph.ClassCredentials: {reason: v1alpha1.ReasonCredentialsInvalid, backoff: true, first: slowPause, aside: true},
	graph.ClassPermission: {reason: v1alpha1.ReasonPermissionDenied, backoff: true, first: slowPause, aside: true,
		advice: "assign the asset to the token's system user and check the token's scopes"},
	graph.ClassAmbiguous: {reason: v1alpha1.ReasonPermissionDenied, backoff: true, first: slowPause, aside: true,
		advice: "check the id, and that the asset is assigned to the token's system user"},
	graph.ClassInvalidSpec: {reason: v1alpha1.ReasonInvalidSpec, stalled: true, after: refusedRecheck, visible: true},
	graph.ClassRefused:     {reason: v1alpha1.ReasonRefusedByMeta, stalled: true, after: refusedRecheck, visible: true},
	graph.ClassQuota:       {reason: v1alpha1.ReasonQuotaExceeded, after: quotaRecheck, visible: true},
	graph.ClassBlocked: {reason: v1alpha1.ReasonAccountBlocked, backoff: true, first: slowPause, aside: true,
		advice: "see Business Support Home"},
	graph.ClassGone: {reason: v1alpha1.ReasonNotFound, backoff: true, first: slowPause},
	graph.ClassUnknown: {reason: v1alpha1.ReasonUnknownError, backoff: true, first: slowPause, aside: true,
		advice: "this version doesn't know the error; it is tried again with growing pauses"},
}

// causes refines the verdict where Meta says more.
var causes = map[graph.Cause]verdict{
	graph.CauseNameLocked:    {reason: v1alpha1.ReasonNameLocked, stalled: true, after: nameLock, visible: true},
	graph.CauseDuplicate:     {reason: v1alpha1.ReasonAlreadyExists, backoff: true, first: slowPause},
	graph.CauseEditBudget:    {reason: v1alpha1.ReasonEditBudgetExhausted, after: editWindow, visible: true},
	graph.CauseStatusLocked:  {reason: v1alpha1.ReasonInReview, backoff: true, first: slowPause},
	graph.CauseTemplateLimit: {reason: v1alpha1.ReasonQuotaExceeded, after: refusedRecheck, visible: true},

	graph.CauseCallbackNotVerified: {reason: v1alpha1.ReasonRefusedByMeta, backoff: true, first: slowPause, aside: true,
		advice: "the service must answer Meta's request with hub.challenge, and hold the same verify token"},
	graph.CauseDashboardOnly: {reason: v1alpha1.ReasonAwaitingHuman, stalled: true, after: refusedRecheck, visible: true, aside: true},
	graph.CauseAppToken: {reason: v1alpha1.ReasonPermissionDenied, backoff: true, first: slowPause, aside: true,
		advice: "put the secret of the token's own app into the key appSecret of the account's Secret"},
}

// failure turns an error into an outcome. The operation is what was being done, for the log.
func failure(operation string, err error) outcome {
	var secretErr *credentials.Error
	if errors.As(err, &secretErr) {
		return waitingAside(v1alpha1.ReasonCredentialsInvalid, secretErr.Message, secretRecheck).join(failed(operation, err)...)
	}
	e, ok := graph.AsError(err)
	if !ok {
		// The API server's own errors and the like: their texts carry names that change, the log has them.
		return outcome{
			synced: metav1.ConditionFalse, reason: v1alpha1.ReasonTransientError, backoff: true, aside: true,
			message: "an internal step failed and is tried again; the operator's log has the error", failed: failed(operation, err),
		}
	}
	v, ok := causes[e.Cause]
	if !ok || e.Class == graph.ClassTransient || e.Class == graph.ClassThrottled {
		v = verdicts[e.Class]
	}
	o := outcome{
		synced: metav1.ConditionFalse, reason: v.reason, message: explain(e, v), after: v.after,
		wait: v.visible, backoff: v.backoff, first: v.first, stalled: v.stalled, aside: v.aside, failed: failed(operation, err),
	}
	if e.Class == graph.ClassThrottled {
		o.after = max(e.RetryAfter, time.Second)
	}
	return o
}

func explain(e *graph.Error, v verdict) string {
	switch e.Class {
	case graph.ClassTransient:
		return "Meta's API can't be reached or failed; tried again with growing pauses; the operator's log has the error"
	case graph.ClassThrottled:
		return "Meta's rate limit is used up; waiting until it is lifted"
	case graph.ClassCredentials:
		return "Meta refuses the access token: " + clause(e.Explain()) + "; put a valid one into the account's Secret"
	}
	if v.advice != "" {
		return clause(e.Explain()) + "; " + v.advice
	}
	return e.Explain()
}

// clause takes the full stop off a sentence that goes on.
func clause(s string) string { return strings.TrimRight(s, ". ") }
