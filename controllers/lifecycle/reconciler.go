// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
)

// Kind is what a kind supplies; order and safety are the lifecycle's.
type Kind[T v1alpha1.Asset] interface {
	// New returns an empty object.
	New() T
	// Referrer says who the object is to the account's owner.
	Referrer(obj T) Referrer
	// Claims returns the claims of all resources for the same asset at Meta, the object's own included.
	Claims(ctx context.Context, obj T) ([]Claim, error)
	// Locate looks the asset up if the spec alone doesn't identify it at Meta. It returns the resource with the identifying
	// fields in the status, for another query for rivals. It is a copy: its claims count only for a resource that may act.
	Locate(ctx context.Context, p *Run[T]) (T, *Result)
	// Lookups is about how many lookups at Meta a run costs.
	Lookups(obj T) int
	// LongestWait is the longest time for which a resource waits until its next attempt, by the reason of its wait; 0 where nothing is
	// particular about the kind.
	LongestWait(reason string) time.Duration
	// Topic says what the facts of webhooks about the object are about.
	Topic(obj T) Topic
	// Notices returns what webhooks reported since the facts of an earlier run. What conditions show isn't repeated.
	Notices(before any, obj T) []Notice
	// Sync compares the asset with the spec and acts at most once.
	Sync(ctx context.Context, p *Run[T]) *Result
	// OverlayWebhook replaces observed values in the status with newer ones that webhooks reported. It makes no call.
	OverlayWebhook(p *Run[T])
	// Delete deletes what the resource created or adopted. done means it is gone (or isn't ours) and the resource may go.
	Delete(ctx context.Context, p *Run[T]) (gone bool, o *Result)
	// Describe sets the kind's own conditions and decides whether the asset can be used.
	Describe(p *Run[T], c *Conditions) Readiness
	// ApplyConfiguration returns an empty apply configuration of the kind.
	ApplyConfiguration() ApplyConfiguration
}

// SharedStatus is a kind of whose status runs of other kinds write a part, as the same field owner: the call log of an account.
type SharedStatus[T v1alpha1.Asset] interface {
	// TakeShared takes this part over from what the API server has.
	TakeShared(obj, live T)
}

// Reconciler reconciles the resources of one kind.
type Reconciler[T v1alpha1.Asset] struct {
	*Base
	Kind    Kind[T]
	account accountSource[T]
}

// NewReconciler returns the reconciler of a kind.
func NewReconciler[T v1alpha1.Asset](b *Base, kind Kind[T]) *Reconciler[T] {
	l := &Reconciler[T]{Base: b, Kind: kind}
	l.account = referenced[T]{l}
	if kind.New().AccountReference() == nil {
		l.account = itself[T]{l}
	}
	return l
}

// Reconcile brings one asset closer to its spec.
func (l *Reconciler[T]) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	read, err := newest(ctx, l.Status, req.NamespacedName, l.Kind.New)
	if err != nil {
		if apierrors.IsNotFound(err) {
			return ctrl.Result{RequeueAfter: l.Objects.gone(keyOf(read, req.NamespacedName))}, nil
		}
		return ctrl.Result{}, err
	}
	l.Objects.saw(goneOf(read))
	l.starting.note(read.KindName(), l.Objects.Reconciled(read.KindName()))
	p := l.begin(read)
	defer func() { l.used(p.WABA) }()
	if !read.GetDeletionTimestamp().IsZero() {
		return l.delete(ctx, p)
	}
	return l.finish(ctx, p, l.step(ctx, p))
}

func (l *Reconciler[T]) begin(read T) *Run[T] { return NewRun(l.Kind, read, l.Clock.Now()) }

// facts is what webhooks reported of an object.
func (l *Reconciler[T]) facts(obj T) reportedFacts {
	return reportedFacts{Object: obj, topic: l.Kind.Topic(obj), Notices: func(before any) []Notice { return l.Kind.Notices(before, obj) }}
}

// step is the order of every run: webhook facts, policies, ownership, the account's session, and then the kind's own work.
func (l *Reconciler[T]) step(ctx context.Context, p *Run[T]) *Result {
	stop := l.account.resolve(ctx, p)
	if stop == nil {
		LogStep(ctx, "The account is found", "account", client.ObjectKeyFromObject(p.WABA).String(), "policy", p.Policy)
		urgent := p.ChangedByUser() || p.Requested() || l.Accounts.Get(string(p.WABA.UID)) == nil
		if wait := l.debounce(l.facts(p.Before), p.WABA, urgent); wait > 0 {
			LogStep(ctx, "Waiting until the events of webhooks settle", "for", wait.String())
			return Unchanged(wait)
		}
		l.Kind.OverlayWebhook(p)
	}
	if EffectivePolicy(p.Object.Policies().ManagementPolicy) == v1alpha1.ManagementPolicyPaused {
		return pausedResult()
	}
	if stop != nil {
		LogStep(ctx, "The account can't be used", "reason", stop.reason)
		return stop
	}
	if p.Policy == v1alpha1.ManagementPolicyPaused {
		return pausedResult()
	}
	if o := l.claimOwnership(ctx, p, p.Object); o != nil {
		return o
	}
	if o := l.account.connect(ctx, p); o != nil {
		return o
	}
	if o := l.backingOff(ctx, p); o != nil {
		return o
	}
	if o := l.account.admit(ctx, p); o != nil {
		return o
	}
	if o := l.own(ctx, p); o != nil {
		return o
	}
	if o := l.account.finalizer(ctx, p); o != nil {
		return o
	}
	LogStep(ctx, "Comparing with the spec")
	return l.Kind.Sync(ctx, p)
}

// backingOff is the result while the pause after a failed attempt lasts.
func (l *Reconciler[T]) backingOff(ctx context.Context, p *Run[T]) *Result {
	held := l.Retries.Held(RetryKey{Object: p.key()}, p.Fingerprint())
	if held == nil {
		return nil
	}
	pause := min(held.after, l.account.longestPause())
	LogStep(ctx, "Backing off", "for", pause.String())
	return Unchanged(pause)
}

// own decides about ownership a second time, by what Meta shows: two resources can name one asset in different ways. Nothing was
// written before, neither a finalizer nor anything at Meta.
func (l *Reconciler[T]) own(ctx context.Context, p *Run[T]) *Result {
	found, o := l.Kind.Locate(ctx, p)
	if o != nil {
		return o
	}
	if v1alpha1.Asset(found) == v1alpha1.Asset(p.Object) {
		return nil // the spec says it all
	}
	return l.claimOwnership(ctx, p, found)
}

// pausedResult is the result where managementPolicy is Paused.
func pausedResult() *Result {
	return NotSynced(v1alpha1.ReasonPaused, "managementPolicy is Paused: no call is made; the status shows the last known state").AssetUnaffected()
}

// claimOwnership lets only one of several resources for the same asset act. obj is the run's own resource with what is known of the asset.
func (l *Reconciler[T]) claimOwnership(ctx context.Context, p *Run[T], obj T) *Result {
	claims, err := l.Kind.Claims(ctx, obj)
	if err != nil {
		return Failed("look for resources that claim the same asset", err)
	}
	first := Winner(claims, p.Now)
	if first == nil || first.GetUID() == p.Object.GetUID() {
		return nil
	}
	LogStep(ctx, "Another resource owns the asset", "owner", client.ObjectKeyFromObject(first).String())
	return Waiting(v1alpha1.ReasonConflict, NameFor(first, p.Object.GetNamespace())+" already manages this; delete one of the two resources",
		ConflictRecheck)
}

// WriteFailed is the result of a failed write to the API server. After a conflict the next run sees the newer object.
func WriteFailed(operation string, err error) *Result {
	if apierrors.IsConflict(err) {
		return Unchanged(time.Second).Join(FailedStep{operation, err})
	}
	return Failed(operation, err)
}

// finish writes the status if anything changed and says when to come back.
func (l *Reconciler[T]) finish(ctx context.Context, p *Run[T], o *Result) (ctrl.Result, error) {
	fingerprint := p.Fingerprint()
	if o.reason == v1alpha1.ReasonCredentialsInvalid {
		l.account.tokenRefused(p)
	}
	o = o.Join(p.AlsoFailed...)
	switch err := l.conclude(ctx, p, o); {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, nil
	case err != nil && l.Once:
		return ctrl.Result{}, fmt.Errorf("write the status: %w", err) // nothing tries it again, and there may be no log
	case err != nil:
		o = statusWriteFailed(o, err)
	}
	l.noteReview(p)
	result := l.requeue(ctx, runOf{p.Object, fingerprint}, o)
	if o.backoff {
		result.RequeueAfter = min(result.RequeueAfter, l.account.longestPause())
	}
	result.RequeueAfter = deadline.Sooner(result.RequeueAfter, p.ends)
	return result, nil
}

// statusWriteFailed is the result of a run whose status couldn't be written: what it came to is found again.
func statusWriteFailed(o *Result, err error) *Result {
	return WriteFailed("write the status", err).Join(o.failed...)
}

// conclude writes the status. A run that has nothing to record still shows new webhook facts: no wait may hide that Meta rejected a
// template.
func (l *Reconciler[T]) conclude(ctx context.Context, p *Run[T], o *Result) error {
	if !o.unchanged {
		return l.Record(ctx, p, o, false)
	}
	last, ok := lastResult(p.Prior)
	if !ok || p.WABA == nil || len(p.Before.WebhookEvents()) == 0 && !hasForeignOwner(p.Before) {
		return nil
	}
	replay := l.begin(p.Before)
	replay.WABA, replay.Session, replay.Policy = p.WABA, p.Session, p.Policy
	l.Kind.OverlayWebhook(replay)
	err := l.Record(ctx, replay, last, false)
	p.ends = replay.ends
	return err
}

// Record applies the status that follows from a result. With precondition set it fails with a conflict if another client changed
// the object meanwhile.
func (l *Reconciler[T]) Record(ctx context.Context, p *Run[T], o *Result, precondition bool) error {
	if !o.replayed {
		p.Status.NextAttemptTime = nextAttempt(p.Status.NextAttemptTime, o, p.Now)
		p.Object.Memory().LastHandledRequest = p.Object.GetAnnotations()[v1alpha1.AnnotationRequestedAt]
		p.Status.ObservedGeneration = p.Object.GetGeneration()
	}
	p.Result = o
	c := NewConditions(p.Prior.Conditions, p.Status.ObservedGeneration, p.Now)
	ready := l.Kind.Describe(p, c)
	c.Summarize(o, ready)
	p.Status.Conditions, p.ends = c.List(), ready.Ends

	if !precondition && !hasForeignOwner(p.Object) && SameStatus(p.Object.OwnedStatus(), p.Before.OwnedStatus()) {
		return nil
	}
	into, err := l.Status.settle(ctx, p.Object, p.Object.OwnedStatus(), func() (ApplyConfiguration, error) {
		into, err := l.write(ctx, p, precondition)
		precondition = false // once the first is written, nothing but what others own has changed
		return into, err
	})
	if err != nil {
		return err
	}
	l.reportTransitions(ctx, p.Object, p.Prior.Conditions, p.Status.Conditions, p.wrote)
	l.measureReady(p.Object, p.Prior.Conditions, p.Status.Conditions, p.Now)
	p.Object.SetResourceVersion(versionOf(into))
	p.Before, _ = p.Object.DeepCopyObject().(T)
	p.Prior = p.Before.CommonStatus()
	return nil
}

// write applies the status. A part that runs of other kinds write isn't overwritten. A lost entry of the call log would be a call
// that Meta counts and the operator doesn't.
func (l *Reconciler[T]) write(ctx context.Context, p *Run[T], precondition bool) (ApplyConfiguration, error) {
	shared, ok := l.Kind.(SharedStatus[T])
	for try := 0; ; try++ {
		into := l.Kind.ApplyConfiguration()
		err := l.Status.Write(ctx, p.Object, p.Object.OwnedStatus(), into, precondition || ok)
		if !ok || precondition || !apierrors.IsConflict(err) || try == WriteTries {
			return into, err
		}
		live := l.Kind.New()
		if err := l.Status.Live.Get(ctx, client.ObjectKeyFromObject(p.Object), live); err != nil {
			return into, err
		}
		if live.GetUID() != p.Object.GetUID() {
			return into, err
		}
		p.Object.SetResourceVersion(live.GetResourceVersion())
		shared.TakeShared(p.Object, live)
	}
}

// nextAttempt is set once when a wait begins and stays until it is over, or until a shorter one takes its place. After a change
// of the spec, a pause of five minutes must not last as long as an earlier wait for a locked name or a spent quota.
func nextAttempt(current *metav1.Time, o *Result, now time.Time) *metav1.Time {
	if !o.shown || o.after <= 0 {
		return nil
	}
	if current != nil && current.After(now) && current.Sub(now) <= o.after+deadline.Skew {
		return current
	}
	t := metav1.NewTime(now.Add(o.after).Truncate(time.Second))
	return &t
}
