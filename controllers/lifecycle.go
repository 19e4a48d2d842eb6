// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

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

// asset is what a kind supplies; order and safety are the lifecycle's.
type asset[T v1alpha1.Asset] interface {
	// new returns an empty object.
	new() T
	// referrer says who the object is to the account's owner.
	referrer(obj T) referrer
	// rivals returns the claims of all resources for the same asset at Meta, the object's own included.
	rivals(ctx context.Context, obj T) ([]claim, error)
	// locate looks the asset up if the spec alone doesn't tell which one at Meta it is, and returns the resource with what
	// identifies it in the status, to ask for rivals again. It is a copy: what it says of the asset counts only for who may act.
	locate(ctx context.Context, p *pass[T]) (T, *Result)
	// lookups is about how many lookups at Meta a run costs.
	lookups(obj T) int
	// longestWait is the longest time for which a resource waits until its next attempt, by the reason of its wait; 0 where nothing is
	// particular about the kind.
	longestWait(reason string) time.Duration
	// topic says what the facts of webhooks about the object are about.
	topic(obj T) topic
	// news is what webhooks told since before. What conditions show isn't repeated.
	news(before any, obj T) []notice
	// sync compares the asset with the spec and acts at most once.
	sync(ctx context.Context, p *pass[T]) *Result
	// heed brings what webhooks told into the status, over what was seen before. It makes no call.
	heed(p *pass[T])
	// remove deletes what the resource created or adopted. done means it is gone (or isn't ours) and the resource may go.
	remove(ctx context.Context, p *pass[T]) (gone bool, o *Result)
	// describe sets the kind's own conditions and judges whether the asset can be used.
	describe(p *pass[T], c *conditionSet) readiness
	// applyConfiguration returns an empty apply configuration of the kind.
	applyConfiguration() applied
}

// lifecycle reconciles the assets of an account.
type lifecycle[T v1alpha1.Asset] struct {
	*base
	kind asset[T]
}

// Reconcile brings one asset closer to its spec.
func (l *lifecycle[T]) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	read, err := newest(ctx, l.status, req.NamespacedName, l.kind.new)
	if err != nil {
		if apierrors.IsNotFound(err) {
			return ctrl.Result{RequeueAfter: l.objects.gone(keyOf(read, req.NamespacedName))}, nil
		}
		return ctrl.Result{}, err
	}
	l.objects.saw(objectOf(read))
	p := l.begin(read)
	defer func() { l.used(p.waba) }()
	if !read.GetDeletionTimestamp().IsZero() {
		return l.delete(ctx, p)
	}
	return l.finish(ctx, p, l.step(ctx, p))
}

func (l *lifecycle[T]) begin(read T) *pass[T] { return newRun(l.kind, read, l.clock.Now()) }

// told is what webhooks told of an object.
func (l *lifecycle[T]) told(obj T) told {
	return told{obj: obj, topic: l.kind.topic(obj), news: func(before any) []notice { return l.kind.news(before, obj) }}
}

// step is the order of every pass: what webhooks told, may we, with whom, and then the kind's own work.
func (l *lifecycle[T]) step(ctx context.Context, p *pass[T]) *Result {
	stop := l.resolve(ctx, p)
	if stop == nil {
		logStep(ctx, "The account is found", "account", client.ObjectKeyFromObject(p.waba).String(), "policy", p.policy)
		if wait := l.listen(l.told(p.before), p.waba, p.changedByUser() || p.requested()); wait > 0 {
			logStep(ctx, "Waiting until the events of webhooks settle", "for", wait.String())
			return unchanged(wait)
		}
		l.kind.heed(p)
	}
	if EffectivePolicy(p.obj.Policies().ManagementPolicy) == v1alpha1.ManagementPolicyPaused {
		return paused()
	}
	if stop != nil {
		logStep(ctx, "The account can't be used", "reason", stop.reason)
		return stop
	}
	if p.policy == v1alpha1.ManagementPolicyPaused {
		return paused()
	}
	if o := l.contest(ctx, p, p.obj); o != nil {
		return o
	}
	if o := usable(p.waba, p.obj.GetNamespace()); o != nil {
		logStep(ctx, "The account can't be used", "reason", o.reason)
		return o
	}
	if o := l.connect(ctx, p); o != nil {
		return o
	}
	if pause := l.attempts.pause(p.key(), p.fingerprint()); pause > 0 {
		logStep(ctx, "Backing off", "for", pause.String())
		return unchanged(pause)
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
	logStep(ctx, "Comparing with the spec")
	return l.kind.sync(ctx, p)
}

// own decides about ownership a second time, by what Meta shows: two resources can name one asset in different ways. Nothing was
// written before, neither a finalizer nor anything at Meta.
func (l *lifecycle[T]) own(ctx context.Context, p *pass[T]) *Result {
	found, o := l.kind.locate(ctx, p)
	if o != nil {
		return o
	}
	if v1alpha1.Asset(found) == v1alpha1.Asset(p.obj) {
		return nil // the spec says it all
	}
	return l.contest(ctx, p, found)
}

func paused() *Result {
	return notSynced(v1alpha1.ReasonPaused, "managementPolicy is Paused: no call is made; what is shown is what was last known").assetUnaffected()
}

// resolve finds the account and checks that it is the one the asset belongs to.
func (l *lifecycle[T]) resolve(ctx context.Context, p *pass[T]) *Result {
	waba, o := l.resolver.find(ctx, l.kind.referrer(p.obj))
	if o != nil {
		return o
	}
	p.waba = waba
	p.policy = EffectivePolicy(p.obj.Policies().ManagementPolicy, waba.Spec.ManagementPolicy)
	if !p.accountAccepted() {
		return notSynced(v1alpha1.ReasonAccountChanged, fmt.Sprintf(
			"this asset belongs to account %s but spec.wabaRef now leads to account %s; to look for it there, annotate %s=%s",
			p.status.AccountID, waba.Spec.ID, v1alpha1.AnnotationAcceptAccount, waba.Spec.ID)).assetUnaffected()
	}
	return nil
}

// contest lets only one of several resources for the same asset act. obj is the run's own resource with what is known of the asset.
func (l *lifecycle[T]) contest(ctx context.Context, p *pass[T], obj T) *Result {
	claims, err := l.kind.rivals(ctx, obj)
	if err != nil {
		return failure("look for resources that claim the same asset", err)
	}
	first := winner(claims, p.now)
	if first == nil || first.GetUID() == p.obj.GetUID() {
		return nil
	}
	logStep(ctx, "Another resource owns the asset", "owner", client.ObjectKeyFromObject(first).String())
	return waiting(v1alpha1.ReasonConflict, nameFor(first, p.obj.GetNamespace())+" already manages this; delete one of the two resources",
		conflictRecheck)
}

func (l *lifecycle[T]) connect(ctx context.Context, p *pass[T]) *Result {
	session, err := l.resolver.session(ctx, p.waba)
	if err != nil {
		return failure("read the account's Secret", err)
	}
	p.session = session
	return nil
}

// finalizer keeps ours in step with the deletion policy. The account's comes first, so that it can't go before the
// resources that need it for their own deletion.
func (l *lifecycle[T]) finalizer(ctx context.Context, p *pass[T]) *Result {
	want := p.writable() && p.obj.DeletesAtMeta()
	if want == hasFinalizer(p.obj) || l.readOnly {
		return nil // an operator that only reads leaves it as it is: a deletion waits for one that writes
	}
	if want {
		if err := setFinalizer(ctx, l.client, p.waba.DeepCopy(), true); err != nil {
			return notWritten("add the finalizer to the account", err)
		}
	}
	// The copy in p keeps its status changes; only the version moves on with the server's answer.
	patched, _ := p.before.DeepCopyObject().(T)
	if err := setFinalizer(ctx, l.client, patched, want); err != nil {
		return notWritten("change the finalizer", err)
	}
	logStep(ctx, "The finalizer is changed", "present", want)
	p.obj.SetResourceVersion(patched.GetResourceVersion())
	p.obj.SetFinalizers(patched.GetFinalizers())
	return nil
}

// notWritten is the result of a failed write to the API server. After a conflict the next run sees the newer object.
func notWritten(operation string, err error) *Result {
	if apierrors.IsConflict(err) {
		return unchanged(time.Second).join(failedStep{operation, err})
	}
	return failure(operation, err)
}

// finish writes the status if anything changed and says when to come back.
func (l *lifecycle[T]) finish(ctx context.Context, p *pass[T], o *Result) (ctrl.Result, error) {
	fingerprint := p.fingerprint()
	if o.reason == v1alpha1.ReasonCredentialsInvalid && p.session != nil {
		// The account reads its Secret again at once; this resource waits for what comes of it.
		p.session.Distrust()
		l.changes.wake(client.ObjectKeyFromObject(p.waba))
	}
	o = o.join(p.alsoFailed...)
	switch err := l.conclude(ctx, p, o); {
	case apierrors.IsNotFound(err):
		return ctrl.Result{}, nil
	case err != nil && l.once:
		return ctrl.Result{}, fmt.Errorf("write the status: %w", err) // nothing tries it again, and there may be no log
	case err != nil:
		o = unrecorded(o, err)
	}
	return l.result(ctx, runOf{p.obj, fingerprint}, o), nil
}

// unrecorded is the result of a run whose status couldn't be written: what it came to is found again.
func unrecorded(o *Result, err error) *Result {
	return notWritten("write the status", err).join(o.failed...)
}

// conclude records what a pass came to. One that has nothing to record still shows what webhooks told: no wait may hide that
// Meta rejected a template.
func (l *lifecycle[T]) conclude(ctx context.Context, p *pass[T], o *Result) error {
	if !o.unchanged {
		return l.record(ctx, p, o, false)
	}
	recalled, ok := recall(p.prior)
	if !ok || p.waba == nil || len(p.before.WebhookEvents()) == 0 && !intruded(p.before) {
		return nil
	}
	told := l.begin(p.before)
	told.waba, told.session, told.policy = p.waba, p.session, p.policy
	l.kind.heed(told)
	return l.record(ctx, told, recalled, false)
}

// record applies the status that follows from a result. With precondition set it fails with a conflict if anybody
// changed the object meanwhile.
func (l *lifecycle[T]) record(ctx context.Context, p *pass[T], o *Result, precondition bool) error {
	if !o.replayed {
		p.status.NextAttemptTime = nextAttempt(p.status.NextAttemptTime, o, p.now)
		p.status.LastHandledRequest = p.obj.GetAnnotations()[v1alpha1.AnnotationRequestedAt]
		p.status.ObservedGeneration = p.obj.GetGeneration()
	}
	c := newConditions(p.prior.Conditions, p.status.ObservedGeneration, p.now)
	c.summarize(o, l.kind.describe(p, c))
	p.status.Conditions = c.list()

	if !precondition && !intruded(p.obj) && sameStatus(p.obj.OwnedStatus(), p.before.OwnedStatus()) {
		return nil
	}
	into, err := l.status.settle(ctx, p.obj, p.obj.OwnedStatus(), func() (applied, error) {
		into := l.kind.applyConfiguration()
		err := l.status.write(ctx, p.obj, p.obj.OwnedStatus(), into, precondition)
		precondition = false // once the first is written, nothing but what others own has changed
		return into, err
	})
	if err != nil {
		return err
	}
	l.transitions(ctx, p.obj, p.prior.Conditions, p.status.Conditions)
	l.measureReady(p.obj, p.prior.Conditions, p.status.Conditions, p.now)
	p.obj.SetResourceVersion(versionOf(into))
	p.before, _ = p.obj.DeepCopyObject().(T)
	p.prior = p.before.CommonStatus()
	return nil
}

// nextAttempt is set once when a wait begins and stays until it is over, or until a shorter one takes its place: after a
// change of the spec, a pause of five minutes must not last as long as the locked name or spent quota before it.
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
