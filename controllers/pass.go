// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// pass is one reconciliation of one asset. obj is a private copy whose status the steps change; before is the object as
// it was read.
type pass[T v1alpha1.Asset] struct {
	obj, before T
	// status belongs to obj, prior to before.
	status, prior *v1alpha1.CommonStatus
	now           time.Time

	waba    *v1alpha1.WABA
	session *account.Session
	policy  v1alpha1.ManagementPolicy
	// number is what a run of a PhoneNumber found (numbers.locate).
	number account.NumberView

	// lookupsOf and longestWait are what the kind says of itself (asset).
	lookupsOf   int
	longestWait func(reason string) time.Duration

	// alsoFailed are steps that failed and don't decide what the run came to.
	alsoFailed []failedStep
}

// newRun begins a run of a kind with an object as it was read.
func newRun[T v1alpha1.Asset](kind asset[T], read T, now time.Time) *pass[T] {
	obj, _ := read.DeepCopyObject().(T)
	return &pass[T]{
		obj: obj, before: read, status: obj.CommonStatus(), prior: read.CommonStatus(), now: now,
		policy:    EffectivePolicy(obj.Policies().ManagementPolicy),
		lookupsOf: kind.lookups(obj), longestWait: kind.longestWait,
	}
}

// missed notes that a step failed that the run can do without.
func (p *pass[T]) missed(operation string, err error) {
	p.alsoFailed = append(p.alsoFailed, failedStep{operation, err})
}

func (p *pass[T]) key() types.UID { return p.obj.GetUID() }

func (p *pass[T]) writable() bool { return p.policy == v1alpha1.ManagementPolicyManaged }

// requested reports whether a person asked for an immediate look by annotation.
func (p *pass[T]) requested() bool {
	return p.obj.GetAnnotations()[v1alpha1.AnnotationRequestedAt] != p.status.LastHandledRequest
}

// changedByUser reports whether this generation wasn't processed yet.
func (p *pass[T]) changedByUser() bool { return p.status.ObservedGeneration != p.obj.GetGeneration() }

// requestWaits asks for the lookups that a person requested. The request isn't handled while they wait.
func (p *pass[T]) requestWaits(ctx context.Context) *Result {
	if !p.requested() {
		return nil
	}
	wait := p.session.Requested(p.obj.GetNamespace(), string(p.key()), p.lookupsOf)
	if wait == 0 {
		return nil
	}
	logStep(ctx, "The request waits for its share of the account's quota", "for", wait.String())
	if p.changedByUser() && wait > requestedGap {
		return overShare(wait)
	}
	return unchanged(wait)
}

// lookups asks for lookups that a change of the spec makes necessary. Those that a person requested were asked for before. The
// result says why they wait; what was changed is looked at then.
func (p *pass[T]) lookups(count int) *Result {
	if !p.changedByUser() || p.requested() {
		return nil
	}
	wait := p.session.Lookups(p.obj.GetNamespace(), count)
	if wait == 0 {
		return nil
	}
	return overShare(wait)
}

// overShare is the result where a change of the spec waits because its namespace has caused too many calls.
func overShare(wait time.Duration) *Result {
	return waiting(v1alpha1.ReasonQuotaExceeded,
		"this namespace has used its share of the account's hourly calls; the change follows when it has calls again", wait).
		assetUnaffected().endingEarly().keepingGeneration()
}

// fingerprint changes with everything that makes an earlier failure worth another try.
func (p *pass[T]) fingerprint() string {
	a := p.obj.GetAnnotations()
	s := fmt.Sprintf("%s|%d|%s|%s", p.obj.GetUID(), p.obj.GetGeneration(), a[v1alpha1.AnnotationRequestedAt], a[v1alpha1.AnnotationAcceptAccount])
	if p.waba != nil {
		s += fmt.Sprintf("|%s|%d", p.waba.UID, p.waba.Generation)
	}
	if p.session != nil {
		uid, version := p.session.SecretVersion()
		s += "|" + uid + "|" + version
	}
	return s
}

func (p *pass[T]) synced() *metav1.Condition {
	return meta.FindStatusCondition(p.status.Conditions, v1alpha1.ConditionSynced)
}

// unsettled are the reasons that a later pass has to resolve by itself; all others wait for news.
var unsettled = map[string]bool{
	v1alpha1.ReasonTransientError: true, v1alpha1.ReasonUnknownError: true, v1alpha1.ReasonRateLimited: true,
	v1alpha1.ReasonProgressing: true, v1alpha1.ReasonAccountNotReady: true, v1alpha1.ReasonCredentialsInvalid: true,
	v1alpha1.ReasonPermissionDenied: true, v1alpha1.ReasonAccountBlocked: true, v1alpha1.ReasonReferenceNotPermitted: true,
	v1alpha1.ReasonPaused: true, v1alpha1.ReasonConflict: true, v1alpha1.ReasonAccountChanged: true,
}

// settled reports that the last pass came to an end with this spec: without news there is nothing to do, not even after
// a restart.
func (p *pass[T]) settled() bool {
	c := p.synced()
	if c == nil || p.changedByUser() || p.requested() || unsettled[c.Reason] {
		return false
	}
	return p.status.NextAttemptTime == nil || p.untilNextAttempt() > 0
}

// untilNextAttempt is how long a wait begun earlier still lasts.
func (p *pass[T]) untilNextAttempt() time.Duration {
	c := p.synced()
	if c == nil {
		return 0
	}
	return deadline.Left(deadline.Value(p.status.NextAttemptTime), p.now, cmp.Or(p.longestWait(c.Reason), longestWaits[c.Reason], refusedRecheck))
}

// longestWaits are those of all kinds; refusedRecheck for every other reason.
var longestWaits = map[string]time.Duration{v1alpha1.ReasonNameLocked: nameLock}

// refusedFor is how long a write that Meta refused isn't repeated. It is read off the status, so a restart doesn't spend
// another attempt; a change of the spec or a request by annotation clears it.
func (p *pass[T]) refusedFor() time.Duration {
	c := p.synced()
	if c == nil || c.Status != metav1.ConditionFalse || p.changedByUser() || p.requested() {
		return 0
	}
	return p.untilNextAttempt()
}

// accountAccepted reports whether the asset may be looked for in the account the reference leads to: the account it was
// found in before, or one that a person accepted.
func (p *pass[T]) accountAccepted() bool {
	known, now := p.status.AccountID, p.waba.Spec.ID
	return known == "" || known == now || p.obj.GetAnnotations()[v1alpha1.AnnotationAcceptAccount] == now
}

func traceOf(err error) []any {
	if e, ok := graph.AsError(err); ok && e.TraceID != "" {
		return []any{"fbtrace_id", e.TraceID}
	}
	return nil
}

// requestedGap is the time between two observations that a person requests.
const requestedGap = 15 * time.Second

// minimumInterval is the shortest observation interval a user may ask for.
const minimumInterval = 30 * time.Second
