// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"fmt"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
)

// accountSource says where the account of a resource comes from: most kinds refer to a WABA, and a WABA is the account.
type accountSource[T v1alpha1.Asset] interface {
	// resolve finds the account and checks that the resource may belong to it. It sets Run.WABA and Run.Policy.
	resolve(ctx context.Context, p *Run[T]) *Result
	// connect sets Run.Session, if the account can be used.
	connect(ctx context.Context, p *Run[T]) *Result
	// admit requests the calls that a person's request costs. The request isn't handled while they wait.
	admit(ctx context.Context, p *Run[T]) *Result
	// finalizer keeps the resource's finalizer in step with its deletion policy.
	finalizer(ctx context.Context, p *Run[T]) *Result
	// remove deletes what a resource that is being deleted has at Meta. gone means that its finalizer may go.
	remove(ctx context.Context, p *Run[T]) (gone bool, o *Result)
	// tokenRefused follows a run in which Meta refused the access token.
	tokenRefused(p *Run[T])
	// longestPause is the longest backoff.
	longestPause() time.Duration
}

// referenced is the account of a resource with a spec.wabaRef.
type referenced[T v1alpha1.Asset] struct{ *Reconciler[T] }

func (s referenced[T]) resolve(ctx context.Context, p *Run[T]) *Result {
	waba, o := s.Resolver.Find(ctx, s.Kind.Referrer(p.Object))
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

func (s referenced[T]) connect(ctx context.Context, p *Run[T]) *Result {
	if wait := s.firstObservation(p); wait > 0 {
		LogStep(ctx, "The account is about to be observed for the first time", "for", wait.String())
		return Unchanged(wait)
	}
	if o := AccountUnusable(p.WABA, p.Object.GetNamespace()); o != nil {
		LogStep(ctx, "The account can't be used", "reason", o.reason)
		return o
	}
	return s.session(ctx, p)
}

// firstObservationTime is how long a new resource waits for the first observation of its account before its status says so.
const firstObservationTime = time.Minute

// firstObservation is how long a resource without a status waits, because its account has none either. Resources are often created
// together with their account, or are there already when the operator is installed: that they wait would be a second status write for
// each. The account's first status wakes them.
func (s referenced[T]) firstObservation(p *Run[T]) time.Duration {
	if s.Once || len(p.Prior.Conditions) > 0 || len(p.WABA.Status.Conditions) > 0 {
		return 0
	}
	begun := p.Object.GetCreationTimestamp().Time
	if s.started.After(begun) {
		begun = s.started
	}
	return deadline.Left(begun.Add(firstObservationTime), p.Now, firstObservationTime)
}

func (s referenced[T]) session(ctx context.Context, p *Run[T]) *Result {
	session, err := s.Resolver.sessionOf(ctx, p.WABA)
	if err != nil {
		return Failed("read the account's Secret", err)
	}
	p.Session = session
	return nil
}

func (s referenced[T]) admit(ctx context.Context, p *Run[T]) *Result { return p.requestWaits(ctx) }

// finalizer sets the account's first, so that it can't go before the resources that need it for their own deletion.
func (s referenced[T]) finalizer(ctx context.Context, p *Run[T]) *Result {
	want := p.Writable() && p.Object.DeletesAtMeta()
	if want == HasFinalizer(p.Object) || s.ReadOnly {
		return nil // an operator that only reads leaves it as it is: a deletion waits for one that writes
	}
	if want {
		if err := setFinalizer(ctx, s.Client, p.WABA.DeepCopy(), true); err != nil {
			return WriteFailed("add the finalizer to the account", err)
		}
	}
	// The copy in p keeps its status changes; only the version moves on with the server's answer.
	patched, _ := p.Before.DeepCopyObject().(T)
	if err := setFinalizer(ctx, s.Client, patched, want); err != nil {
		return WriteFailed("change the finalizer", err)
	}
	LogStep(ctx, "The finalizer is changed", "present", want)
	p.Object.SetResourceVersion(patched.GetResourceVersion())
	p.Object.SetFinalizers(patched.GetFinalizers())
	return nil
}

// tokenRefused has the account read its Secret again at once. The resource waits for the account's next observation.
func (s referenced[T]) tokenRefused(p *Run[T]) {
	if p.Session == nil {
		return
	}
	p.Session.MarkTokenRefused()
	s.AccountEvents.enqueue(client.ObjectKeyFromObject(p.WABA))
}

func (s referenced[T]) longestPause() time.Duration { return LongestPause }

// itself is the account of a WABA.
type itself[T v1alpha1.Asset] struct{ *Reconciler[T] }

func (s itself[T]) resolve(_ context.Context, p *Run[T]) *Result {
	waba, ok := v1alpha1.Asset(p.Object).(*v1alpha1.WABA)
	if !ok {
		return Failed("find the account", fmt.Errorf("%T refers to no account and is none", p.Object))
	}
	p.WABA = waba
	if !p.accountAccepted() {
		return NotSynced(v1alpha1.ReasonAccountChanged, fmt.Sprintf(
			"the status belongs to account %s but spec.id is %s; if that is right, annotate %s=%s",
			p.Status.AccountID, waba.Spec.ID, v1alpha1.AnnotationAcceptAccount, waba.Spec.ID))
	}
	return nil
}

// connect reads the Secret in each run: no watch reports its changes.
func (s itself[T]) connect(ctx context.Context, p *Run[T]) *Result {
	session, err := s.Resolver.connect(ctx, p.WABA)
	if err != nil {
		return AccountFailed("read the account's Secret", err)
	}
	p.Session = session
	return nil
}

// admit leaves it to the kind how soon after an observation the next one may be requested.
func (s itself[T]) admit(context.Context, *Run[T]) *Result { return nil }

// finalizer leaves the account's to the resources that need it.
func (s itself[T]) finalizer(context.Context, *Run[T]) *Result { return nil }

// remove makes no call to Meta, whatever the account's policy or credentials: the API can't delete an account.
func (s itself[T]) remove(ctx context.Context, p *Run[T]) (gone bool, o *Result) {
	return s.Kind.Delete(ctx, p)
}

// tokenRefused has nothing to do: the account's own run reads the Secret.
func (s itself[T]) tokenRefused(*Run[T]) {}

// longestPause is that between two reads of the Secret: a new one ends the backoff.
func (s itself[T]) longestPause() time.Duration { return SecretRecheck }

// AccountFailed is Failed for the account itself: where its resources can't use it, it isn't ready either.
func AccountFailed(operation string, err error) *Result {
	o := Failed(operation, err)
	if _, ok := accountUnusableReasons[o.reason]; ok {
		return o.AssetUnaffectedIf(false)
	}
	return o
}
