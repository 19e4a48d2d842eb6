// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

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

// Run is one reconciliation of one asset. obj is a private copy whose status the steps change; before is the object as
// it was read.
type Run[T v1alpha1.Asset] struct {
	Object, Before T
	// Status belongs to obj, prior to before.
	Status, Prior *v1alpha1.CommonStatus
	Now           time.Time

	WABA    *v1alpha1.WABA
	Session *account.Session
	Policy  v1alpha1.ManagementPolicy
	// Found is what the kind's Locate or Sync has read, for its later steps.
	Found any
	// Result is how the run ended, for Describe.
	Result *Result

	// lookupsOf and longestWait are what the kind says of itself (asset).
	lookupsOf   int
	longestWait func(reason string) time.Duration

	// ends is Readiness.Ends of the status that was recorded.
	ends time.Duration

	// wrote means that the run has written to Meta.
	wrote bool

	// AlsoFailed are steps that failed and don't decide what the run came to.
	AlsoFailed []FailedStep
}

// NewRun begins a run of a kind with an object as it was read.
func NewRun[T v1alpha1.Asset](kind Kind[T], read T, now time.Time) *Run[T] {
	obj, _ := read.DeepCopyObject().(T)
	return &Run[T]{
		Object: obj, Before: read, Status: obj.CommonStatus(), Prior: read.CommonStatus(), Now: now,
		Policy:    EffectivePolicy(obj.Policies().ManagementPolicy),
		lookupsOf: kind.Lookups(obj), longestWait: kind.LongestWait,
	}
}

// Missed notes that a step failed that the run can do without.
func (p *Run[T]) Missed(operation string, err error) {
	p.AlsoFailed = append(p.AlsoFailed, FailedStep{operation, err})
}

// AuditWrite adds a write of this run to the audit log, whatever its result.
func (p *Run[T]) AuditWrite(b *Base, call string, fields []string, err error) {
	p.wrote = true
	b.AuditWrite(p.Object, call, fields, err)
}

func (p *Run[T]) key() types.UID { return p.Object.GetUID() }

// Writable reports that the policies of the resource and of its account allow writes to Meta.
func (p *Run[T]) Writable() bool { return p.Policy == v1alpha1.ManagementPolicyManaged }

// Requested reports whether a person requested an immediate lookup by annotation.
func (p *Run[T]) Requested() bool {
	return p.Object.GetAnnotations()[v1alpha1.AnnotationRequestedAt] != p.Object.Memory().LastHandledRequest
}

// ChangedByUser reports whether this generation wasn't processed yet.
func (p *Run[T]) ChangedByUser() bool { return p.Status.ObservedGeneration != p.Object.GetGeneration() }

// requestWaits reserves the lookups that a person requested. The request isn't handled while they wait.
func (p *Run[T]) requestWaits(ctx context.Context) *Result {
	if !p.Requested() {
		return nil
	}
	wait := p.Session.ReserveRequestedLookups(p.Object.GetNamespace(), string(p.key()), p.lookupsOf)
	if wait == 0 {
		return nil
	}
	LogStep(ctx, "The request waits for its share of the account's quota", "for", wait.String())
	if p.ChangedByUser() && wait > RequestedGap {
		return overShare(wait)
	}
	return Unchanged(wait)
}

// Lookups reserves lookups that a change of the spec makes necessary. Those that a person requested were reserved before. The
// result says why they wait; the changed assets are read then.
func (p *Run[T]) Lookups(count int) *Result {
	if !p.ChangedByUser() || p.Requested() {
		return nil
	}
	wait := p.Session.ReserveLookups(p.Object.GetNamespace(), count)
	if wait == 0 {
		return nil
	}
	return overShare(wait)
}

// overShare is the result where a change of the spec waits because its namespace has caused too many calls.
func overShare(wait time.Duration) *Result {
	return Waiting(v1alpha1.ReasonQuotaExceeded,
		"this namespace has used its share of the account's hourly calls; the change follows when it has calls again", wait).
		AssetUnaffected().EndingEarly().keepingGeneration()
}

// Fingerprint changes with everything that makes an earlier failure worth another try.
func (p *Run[T]) Fingerprint() string {
	a := p.Object.GetAnnotations()
	s := fmt.Sprintf("%s|%d|%s|%s", p.Object.GetUID(), p.Object.GetGeneration(), a[v1alpha1.AnnotationRequestedAt], a[v1alpha1.AnnotationAcceptAccount])
	if p.WABA != nil {
		s += fmt.Sprintf("|%s|%d", p.WABA.UID, p.WABA.Generation)
	}
	if p.Session != nil {
		uid, version := p.Session.SecretVersion()
		s += "|" + uid + "|" + version
	}
	return s
}

// Synced returns the condition Synced that the last run left, nil where there was none.
func (p *Run[T]) Synced() *metav1.Condition {
	return meta.FindStatusCondition(p.Status.Conditions, v1alpha1.ConditionSynced)
}

// Unsettled are the reasons that a later run has to resolve by itself; all others wait for a change.
var Unsettled = map[string]bool{
	v1alpha1.ReasonTransientError: true, v1alpha1.ReasonUnknownError: true, v1alpha1.ReasonRateLimited: true,
	v1alpha1.ReasonProgressing: true, v1alpha1.ReasonAccountNotReady: true, v1alpha1.ReasonCredentialsInvalid: true,
	v1alpha1.ReasonPermissionDenied: true, v1alpha1.ReasonAccountBlocked: true, v1alpha1.ReasonReferenceNotPermitted: true,
	v1alpha1.ReasonPaused: true, v1alpha1.ReasonConflict: true, v1alpha1.ReasonAccountChanged: true,
}

// Settled reports that the last run came to an end with this spec: without a change there is nothing to do, not even after a
// restart.
func (p *Run[T]) Settled() bool {
	c := p.Synced()
	if c == nil || p.ChangedByUser() || p.Requested() || Unsettled[c.Reason] {
		return false
	}
	return p.Status.NextAttemptTime == nil || p.UntilNextAttempt() > 0
}

// UntilNextAttempt is how long a wait begun earlier still lasts.
func (p *Run[T]) UntilNextAttempt() time.Duration {
	c := p.Synced()
	if c == nil {
		return 0
	}
	return deadline.Left(deadline.Value(p.Status.NextAttemptTime), p.Now, cmp.Or(p.longestWait(c.Reason), longestWaits[c.Reason], RefusedRecheck))
}

// longestWaits are those of all kinds; refusedRecheck for every other reason.
var longestWaits = map[string]time.Duration{v1alpha1.ReasonNameLocked: NameLock}

// RefusedFor is how long a write that Meta refused isn't repeated. It is read off the status, so a restart doesn't spend
// another attempt; a change of the spec or a request by annotation clears it.
func (p *Run[T]) RefusedFor() time.Duration {
	c := p.Synced()
	if c == nil || c.Status != metav1.ConditionFalse || p.ChangedByUser() || p.Requested() {
		return 0
	}
	return p.UntilNextAttempt()
}

// accountAccepted reports whether the asset may be searched in the account of the reference. It may if it was found there before,
// or if a person accepted the account.
func (p *Run[T]) accountAccepted() bool {
	known, now := p.Status.AccountID, p.WABA.Spec.ID
	return known == "" || known == now || p.Object.GetAnnotations()[v1alpha1.AnnotationAcceptAccount] == now
}

func traceIDOf(err error) []any {
	if e, ok := graph.AsError(err); ok && e.TraceID != "" {
		return []any{"fbtrace_id", e.TraceID}
	}
	return nil
}

// RequestedGap is the time between two observations that a person requests.
const RequestedGap = 15 * time.Second

// MinimumInterval is the shortest observation interval a user may ask for.
const MinimumInterval = 30 * time.Second
