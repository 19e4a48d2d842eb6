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
	// Locate looks the asset up if the spec alone doesn't tell which one at Meta it is, and returns the resource with what
	// identifies it in the status, to ask for rivals again. It is a copy: what it says of the asset counts only for who may act.
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
	// Describe sets the kind's own conditions and judges whether the asset can be used.
	Describe(p *Run[T], c *Conditions) Readiness
	// ApplyConfiguration returns an empty apply configuration of the kind.
	ApplyConfiguration() ApplyConfiguration
}

// Reconciler reconciles the assets of an account.
type Reconciler[T v1alpha1.Asset] struct {
	*Base
	Kind Kind[T]
}

// Reconcile brings one asset closer to its spec.
func (l *Reconciler[T]) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	read, err := Newest(ctx, l.Status, req.NamespacedName, l.Kind.New)
	if err != nil {
		if apierrors.IsNotFound(err) {
			return ctrl.Result{RequeueAfter: l.Objects.Gone(KeyOf(read, req.NamespacedName))}, nil
		}
		return ctrl.Result{}, err
	}
	l.Objects.Saw(GoneOf(read))
	p := l.begin(read)
	defer func() { l.used(p.WABA) }()
	if !read.GetDeletionTimestamp().IsZero() {
		return l.delete(ctx, p)
	}
	return l.finish(ctx, p, l.step(ctx, p))
}

func (l *Reconciler[T]) begin(read T) *Run[T] { return NewRun(l.Kind, read, l.Clock.Now()) }

// facts is what webhooks reported of an object.
func (l *Reconciler[T]) facts(obj T) Facts {
	return Facts{Object: obj, topic: l.Kind.Topic(obj), Notices: func(before any) []Notice { return l.Kind.Notices(before, obj) }}
}

// step is the order of every run: webhook facts, policies, ownership, the account's session, and then the kind's own work.
func (l *Reconciler[T]) step(ctx context.Context, p *Run[T]) *Result {
	stop := l.resolve(ctx, p)
	if stop == nil {
		LogStep(ctx, "The account is found", "account", client.ObjectKeyFromObject(p.WABA).String(), "policy", p.Policy)
		if wait := l.Debounce(l.facts(p.Before), p.WABA, p.ChangedByUser() || p.Requested()); wait > 0 {
			LogStep(ctx, "Waiting until the events of webhooks settle", "for", wait.String())
			return Unchanged(wait)
		}
		l.Kind.OverlayWebhook(p)
	}
	if EffectivePolicy(p.Object.Policies().ManagementPolicy) == v1alpha1.ManagementPolicyPaused {
		return Paused()
	}
	if stop != nil {
		LogStep(ctx, "The account can't be used", "reason", stop.reason)
		return stop
	}
	if p.Policy == v1alpha1.ManagementPolicyPaused {
		return Paused()
	}
	if o := l.claimOwnership(ctx, p, p.Object); o != nil {
		return o
	}
	if o := AccountUnusable(p.WABA, p.Object.GetNamespace()); o != nil {
		LogStep(ctx, "The account can't be used", "reason", o.reason)
		return o
	}
	if o := l.connect(ctx, p); o != nil {
		return o
	}
	if pause := l.Backoffs.Pause(p.key(), p.Fingerprint()); pause > 0 {
		LogStep(ctx, "Backing off", "for", pause.String())
		return Unchanged(pause)
	}
	if o := p.requestWaits(ctx); o != nil {
		return o
	}
	if o := l.own(ctx, p); o != nil {
		return o
	}
	if o := l.finalizer(ctx, p); o != nil {
		return o
	}
	LogStep(ctx, "Comparing with the spec")
	return l.Kind.Sync(ctx, p)
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

// Paused is the result where managementPolicy is Paused.
func Paused() *Result {
	return NotSynced(v1alpha1.ReasonPaused, "managementPolicy is Paused: no call is made; the status shows the last known state").AssetUnaffected()
}

// resolve finds the account and checks that it is the one the asset belongs to.
func (l *Reconciler[T]) resolve(ctx context.Context, p *Run[T]) *Result {
	waba, o := l.Resolver.Find(ctx, l.Kind.Referrer(p.Object))
	if o != nil {
		return o
	}
	p.WABA = waba
	p.Policy = EffectivePolicy(p.Object.Policies().ManagementPolicy, waba.Spec.ManagementPolicy)
	if !p.accountAccepted() {
		return NotSynced(v1alpha1.ReasonAccountChanged, fmt.Sprintf(
			"this asset belongs to account %s but spec.wabaRef now leads to account %s; to look for it there, annotate %s=%s",
			p.Status.AccountID, waba.Spec.ID, v1alpha1.AnnotationAcceptAccount, waba.Spec.ID)).AssetUnaffected()
	}
	return nil
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

func (l *Reconciler[T]) connect(ctx context.Context, p *Run[T]) *Result {
	session, err := l.Resolver.sessionOf(ctx, p.WABA)
	if err != nil {
		return Failed("read the account's Secret", err)
	}
	p.Session = session
	return nil
}

// finalizer keeps ours in step with the deletion policy. The account's comes first, so that it can't go before the
// resources that need it for their own deletion.
func (l *Reconciler[T]) finalizer(ctx context.Context, p *Run[T]) *Result {
	want := p.Writable() && p.Object.DeletesAtMeta()
	if want == HasFinalizer(p.Object) || l.ReadOnly {
		return nil // an operator that only reads leaves it as it is: a deletion waits for one that writes
	}
	if want {
		if err := SetFinalizer(ctx, l.Client, p.WABA.DeepCopy(), true); err != nil {
			return WriteFailed("add the finalizer to the account", err)
		}
	}
	// The copy in p keeps its status changes; only the version moves on with the server's answer.
	patched, _ := p.Before.DeepCopyObject().(T)
	if err := SetFinalizer(ctx, l.Client, patched, want); err != nil {
		return WriteFailed("change the finalizer", err)
	}
	LogStep(ctx, "The finalizer is changed", "present", want)
	p.Object.SetResourceVersion(patched.GetResourceVersion())
	p.Object.SetFinalizers(patched.GetFinalizers())
	return nil
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
	if o.reason == v1alpha1.ReasonCredentialsInvalid && p.Session != nil {
		// The account reads its Secret again at once; this resource waits for what comes of it.
		p.Session.Distrust()
		l.AccountEvents.Enqueue(client.ObjectKeyFromObject(p.WABA))
	}
	o = o.Join(p.AlsoFailed...)
	switch err := l.conclude(ctx, p, o); {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, nil
	case err != nil && l.Once:
		return ctrl.Result{}, fmt.Errorf("write the status: %w", err) // nothing tries it again, and there may be no log
	case err != nil:
		o = StatusWriteFailed(o, err)
	}
	return l.Requeue(ctx, RunOf{p.Object, fingerprint}, o), nil
}

// StatusWriteFailed is the result of a run whose status couldn't be written: what it came to is found again.
func StatusWriteFailed(o *Result, err error) *Result {
	return WriteFailed("write the status", err).Join(o.failed...)
}

// conclude writes the status. A run that has nothing to record still shows new webhook facts: no wait may hide that Meta rejected a
// template.
func (l *Reconciler[T]) conclude(ctx context.Context, p *Run[T], o *Result) error {
	if !o.unchanged {
		return l.Record(ctx, p, o, false)
	}
	last, ok := LastResult(p.Prior)
	if !ok || p.WABA == nil || len(p.Before.WebhookEvents()) == 0 && !HasForeignOwner(p.Before) {
		return nil
	}
	replay := l.begin(p.Before)
	replay.WABA, replay.Session, replay.Policy = p.WABA, p.Session, p.Policy
	l.Kind.OverlayWebhook(replay)
	return l.Record(ctx, replay, last, false)
}

// Record applies the status that follows from a result. With precondition set it fails with a conflict if anybody
// changed the object meanwhile.
func (l *Reconciler[T]) Record(ctx context.Context, p *Run[T], o *Result, precondition bool) error {
	if !o.replayed {
		p.Status.NextAttemptTime = NextAttempt(p.Status.NextAttemptTime, o, p.Now)
		p.Status.LastHandledRequest = p.Object.GetAnnotations()[v1alpha1.AnnotationRequestedAt]
		p.Status.ObservedGeneration = p.Object.GetGeneration()
	}
	c := NewConditions(p.Prior.Conditions, p.Status.ObservedGeneration, p.Now)
	c.Summarize(o, l.Kind.Describe(p, c))
	p.Status.Conditions = c.List()

	if !precondition && !HasForeignOwner(p.Object) && SameStatus(p.Object.OwnedStatus(), p.Before.OwnedStatus()) {
		return nil
	}
	into, err := l.Status.Settle(ctx, p.Object, p.Object.OwnedStatus(), func() (ApplyConfiguration, error) {
		into := l.Kind.ApplyConfiguration()
		err := l.Status.Write(ctx, p.Object, p.Object.OwnedStatus(), into, precondition)
		precondition = false // once the first is written, nothing but what others own has changed
		return into, err
	})
	if err != nil {
		return err
	}
	l.ReportTransitions(ctx, p.Object, p.Prior.Conditions, p.Status.Conditions)
	l.MeasureReady(p.Object, p.Prior.Conditions, p.Status.Conditions, p.Now)
	p.Object.SetResourceVersion(versionOf(into))
	p.Before, _ = p.Object.DeepCopyObject().(T)
	p.Prior = p.Before.CommonStatus()
	return nil
}

// NextAttempt is set once when a wait begins and stays until it is over, or until a shorter one takes its place: after a
// change of the spec, a pause of five minutes must not last as long as the locked name or spent quota before it.
func NextAttempt(current *metav1.Time, o *Result, now time.Time) *metav1.Time {
	if !o.shown || o.after <= 0 {
		return nil
	}
	if current != nil && current.After(now) && current.Sub(now) <= o.after+deadline.Skew {
		return current
	}
	t := metav1.NewTime(now.Add(o.after).Truncate(time.Second))
	return &t
}
