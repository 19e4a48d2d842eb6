// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/credentials"
)

// retainAdvice is how a person lets go of a resource whose deletion at Meta can't be done.
const retainAdvice = "; set deletionPolicy: Retain to let the resource go and leave the asset at Meta"

// delete removes the asset at Meta if the policy says so, then lets the resource go.
func (l *Reconciler[T]) delete(ctx context.Context, p *Run[T]) (ctrl.Result, error) {
	if !HasFinalizer(p.Object) {
		return ctrl.Result{}, nil
	}
	if seen, o := l.deletionSeen(ctx, p); !seen {
		return l.finish(ctx, p, o)
	}
	gone, o := l.account.remove(ctx, p)
	if !gone {
		return l.finish(ctx, p, o)
	}
	obj, _ := p.Before.DeepCopyObject().(T)
	if err := setFinalizer(ctx, l.Client, obj, false); apierrors.IsNotFound(err) {
		return ctrl.Result{}, nil
	} else if err != nil {
		return l.finish(ctx, p, WriteFailed("remove the finalizer", err))
	}
	LogStep(ctx, "The finalizer is removed")
	l.Retries.Release(RetryKey{Object: p.key()})
	l.measureDeletion(p.Before, p.Now)
	return ctrl.Result{}, nil
}

// deletionSeen reports that the cache has seen the deletion. It has then seen every other resource that was applied before, and
// only then are the other claims known. A renamed manifest is applied before the old one is pruned.
func (l *Reconciler[T]) deletionSeen(ctx context.Context, p *Run[T]) (bool, *Result) {
	cached := l.Kind.New()
	err := l.Client.Get(ctx, client.ObjectKeyFromObject(p.Object), cached)
	switch {
	case err == nil && cached.GetUID() == p.Object.GetUID() && !cached.GetDeletionTimestamp().IsZero():
		return true, nil
	case err == nil, apierrors.IsNotFound(err):
		return false, Unchanged(time.Second)
	}
	return false, Failed("read the resource from the cache", err)
}

// removal decides whether the resource may go.
func (l referenced[T]) remove(ctx context.Context, p *Run[T]) (gone bool, o *Result) {
	if !p.Object.DeletesAtMeta() {
		return true, nil
	}
	if !p.Writable() {
		l.recordLeft(p.Object, p.Status.ID, "managementPolicy is "+string(p.Policy))
		return true, nil
	}
	if reason, err := l.abandoned(ctx, p); err != nil {
		return false, advised(Failed("see whether the account and its Secret are there", err))
	} else if reason != "" {
		l.recordLeft(p.Object, p.Status.ID, reason)
		return true, nil
	}
	if out := l.resolve(ctx, p); out != nil {
		return false, advised(out)
	}
	if !p.Writable() {
		l.recordLeft(p.Object, p.Status.ID, "the account's managementPolicy is "+string(p.Policy))
		return true, nil
	}
	if p.Session == nil {
		if out := l.session(ctx, p); out != nil {
			return false, advised(out)
		}
	}
	if out := l.backingOff(ctx, p); out != nil {
		return false, out
	}
	LogStep(ctx, "Deleting at Meta")
	gone, o = l.Kind.Delete(ctx, p)
	if !gone {
		o = advised(o)
	}
	return gone, o
}

func advised(o *Result) *Result {
	if o.unchanged {
		return o
	}
	return o.Saying("deleting: " + o.message + retainAdvice)
}

// abandoned reports why nothing can ever be deleted at Meta any more: the account's resource or its Secret is gone.
// Credentials that are merely refused are no such reason. A Secret that went first (a namespace is being deleted) is
// bridged by the session's last good token.
func (l *Reconciler[T]) abandoned(ctx context.Context, p *Run[T]) (string, error) {
	key := l.Kind.Referrer(p.Object).Account()
	var waba v1alpha1.WABA
	if err := l.Client.Get(ctx, key, &waba); err != nil {
		if apierrors.IsNotFound(err) {
			return fmt.Sprintf("WABA %s is gone", key), nil
		}
		return "", err
	}
	if s := l.Accounts.Get(string(waba.UID)); s != nil && s.Ref().AccountID == waba.Spec.ID {
		p.Session = s
		return "", nil
	}
	_, err := credentials.ReadAccount(ctx, l.Resolver.secrets,
		types.NamespacedName{Namespace: waba.Namespace, Name: waba.Spec.CredentialsSecretRef.Name})
	var secretErr *credentials.Error
	if errors.As(err, &secretErr) && secretErr.Missing {
		return fmt.Sprintf("the Secret of WABA %s is gone", key), nil
	}
	return "", nil
}
