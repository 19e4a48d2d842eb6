// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"reflect"
	"strings"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/index"
)

// requests are the annotations by which a person requests an action.
var requests = []string{
	v1alpha1.AnnotationRequestedAt, v1alpha1.AnnotationAcceptAccount, v1alpha1.AnnotationReleaseHeld,
	v1alpha1.AnnotationUnpause, v1alpha1.AnnotationUnarchive, v1alpha1.AnnotationRequestCode,
	v1alpha1.AnnotationRequestOBA, v1alpha1.AnnotationAcceptBadgeReview,
}

// ignoreOwnWrites drops updates that change nothing but the status of reconcilers: they would trigger a run and defeat every backoff.
func ignoreOwnWrites() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		if e.ObjectOld.GetGeneration() != e.ObjectNew.GetGeneration() || e.ObjectOld.GetUID() != e.ObjectNew.GetUID() ||
			e.ObjectOld.GetDeletionTimestamp().IsZero() != e.ObjectNew.GetDeletionTimestamp().IsZero() {
			return true
		}
		for _, name := range requests {
			if e.ObjectOld.GetAnnotations()[name] != e.ObjectNew.GetAnnotations()[name] {
				return true
			}
		}
		return !reflect.DeepEqual(lifecycle.WebhookFacts(e.ObjectOld), lifecycle.WebhookFacts(e.ObjectNew))
	}}
}

// queue is a controller's queue.
type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]

// child is how the resources of one kind that belong to accounts are woken.
type child struct {
	// kind is its name.
	kind string
	// changed returns the resources that a change of an account concerns.
	changed func(ctx context.Context, c client.Reader, n lifecycle.AccountChange) []types.NamespacedName
	// competitors returns the resources that may act once one is gone.
	competitors func(ctx context.Context, c client.Reader, gone v1alpha1.Asset) []types.NamespacedName
	// watch adds what only this kind watches; nil for nothing.
	watch func(bldr *builder.Builder, c client.Reader) *builder.Builder
}

// setup registers the controller of the kind.
func (k *child) setup(mgr ctrl.Manager, b *lifecycle.Base, o Options, r reconcile.Reconciler) error {
	kind, _ := v1alpha1.AssetKindOf(k.kind)
	lists := b.Lists()
	bldr := ctrl.NewControllerManagedBy(mgr).Named(strings.ToLower(k.kind)).
		For(kind.New(), builder.WithPredicates(ignoreOwnWrites())).
		Watches(kind.New(), enqueue(func(ctx context.Context, obj v1alpha1.Asset) []types.NamespacedName {
			return k.competitors(ctx, lists, obj)
		}), builder.WithPredicates(deletedOnly())).
		Watches(kind.New(), waiting(), builder.WithPredicates(createdOnly())).
		Watches(&v1alpha1.WABA{}, enqueueLow(func(ctx context.Context, waba client.Object) []types.NamespacedName {
			return namesBy(ctx, lists, k.kind, index.Account, index.AccountKey(client.ObjectKeyFromObject(waba)), nil)
		}), builder.WithPredicates(accountMatters())).
		WatchesRawSource(k.source(lists, b.AccountEvents)).
		WithOptions(controllerOptions(o))
	if o.WatchNamespaceLabels {
		bldr = bldr.WatchesMetadata(&corev1.Namespace{}, ofNamespace(lists, kind), builder.WithPredicates(predicate.LabelChangedPredicate{}))
	}
	if k.watch != nil {
		bldr = k.watch(bldr, lists)
	}
	return bldr.Complete(r)
}

// source enqueues exactly the resources that an observation found changed, and those for which something that they wait for has come.
func (k *child) source(c client.Reader, events *lifecycle.AccountEvents) source.Source {
	return source.Func(func(ctx context.Context, q queue) error {
		events.Subscribe(k.kind, func(n lifecycle.AccountChange) {
			if ctx.Err() == nil {
				addLow(q, k.changed(ctx, c, n)...)
			}
		}, func(name types.NamespacedName) {
			if ctx.Err() == nil {
				q.Add(reconcile.Request{NamespacedName: name})
			}
		})
		return nil
	})
}

// setupAccounts registers the controller of accounts.
func setupAccounts(mgr ctrl.Manager, b *lifecycle.Base, o Options, r reconcile.Reconciler) error {
	bldr := ctrl.NewControllerManagedBy(mgr).Named(strings.ToLower(v1alpha1.KindWABA)).
		For(&v1alpha1.WABA{}, builder.WithPredicates(ignoreOwnWrites())).
		Watches(&v1alpha1.WABA{}, sameAccount(b.Lists()), builder.WithPredicates(predicate.Or(deletedOnly(), accountMatters()))).
		WatchesRawSource(source.Func(func(ctx context.Context, q queue) error {
			b.AccountEvents.OnEnqueue(func(waba types.NamespacedName, after time.Duration) {
				if ctx.Err() == nil {
					q.AddAfter(reconcile.Request{NamespacedName: waba}, after)
				}
			})
			return nil
		})).
		WithOptions(controllerOptions(o))
	for _, kind := range v1alpha1.AssetKinds {
		if obj := kind.New(); obj.AccountReference() != nil {
			// An account that is being deleted waits for its resources that are, too.
			bldr = bldr.Watches(obj, enqueue(func(_ context.Context, gone v1alpha1.Asset) []types.NamespacedName {
				return []types.NamespacedName{index.AccountOf(gone)}
			}), builder.WithPredicates(deletedOnly()))
		}
	}
	return bldr.Complete(r)
}

// enqueue makes an event handler of a function that names resources.
func enqueue(names func(context.Context, v1alpha1.Asset) []types.NamespacedName) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		asset, ok := obj.(v1alpha1.Asset)
		if !ok {
			return nil
		}
		return requestsFor(names(ctx, asset))
	})
}

// namesBy lists the names of the resources of a kind by an index; filter, unless it is nil, decides about each. A list that fails is logged,
// and names nothing.
func namesBy(ctx context.Context, c client.Reader, kind, index, key string, filter func(v1alpha1.Asset) bool) []types.NamespacedName {
	return names(ctx, c, kind, filter, client.MatchingFields{index: key})
}

func names(ctx context.Context, c client.Reader, kind string, filter func(v1alpha1.Asset) bool, opts ...client.ListOption) []types.NamespacedName {
	k, ok := v1alpha1.AssetKindOf(kind)
	if !ok {
		return nil
	}
	list := k.NewList()
	if err := c.List(ctx, list, append(opts, client.UnsafeDisableDeepCopy)...); err != nil {
		return nil
	}
	out := make([]types.NamespacedName, 0, meta.LenList(list))
	_ = meta.EachListItem(list, func(item runtime.Object) error { // never fails
		if obj, ok := item.(v1alpha1.Asset); ok && (filter == nil || filter(obj)) {
			out = append(out, client.ObjectKeyFromObject(obj))
		}
		return nil
	})
	return out
}

func requestsFor(names []types.NamespacedName) []reconcile.Request {
	out := make([]reconcile.Request, len(names))
	for i, n := range names {
		out[i] = reconcile.Request{NamespacedName: n}
	}
	return out
}

// accountMatters lets through changes of an account that its resources have to react to.
func accountMatters() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		was, okWas := e.ObjectOld.(*v1alpha1.WABA)
		is, okIs := e.ObjectNew.(*v1alpha1.WABA)
		if !okWas || !okIs {
			return false
		}
		return was.UID != is.UID || was.Generation != is.Generation || was.Status.AccountID != is.Status.AccountID ||
			(was.Status.LastObservedTime == nil) != (is.Status.LastObservedTime == nil) ||
			(was.Status.Operator.HeldTime == nil) != (is.Status.Operator.HeldTime == nil) || syncedReason(was) != syncedReason(is) ||
			lifecycle.AccountBlocked(was) != lifecycle.AccountBlocked(is)
	}}
}

func syncedReason(w *v1alpha1.WABA) string {
	c := meta.FindStatusCondition(w.Status.Conditions, v1alpha1.ConditionSynced)
	if c == nil {
		return ""
	}
	return string(c.Status) + c.Reason
}

// sameAccount enqueues the other WABA resources with the id of one that is gone or has new credentials.
func sameAccount(c client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		w, ok := obj.(*v1alpha1.WABA)
		if !ok {
			return nil
		}
		return requestsFor(namesBy(ctx, c, v1alpha1.KindWABA, index.AccountID, w.Spec.ID, func(o v1alpha1.Asset) bool { return o.GetUID() != w.UID }))
	})
}

// ofNamespace enqueues the resources of one kind in a namespace whose labels changed and whose account is in another one: its selector may
// now include or exclude them.
func ofNamespace(c client.Reader, kind v1alpha1.AssetKind) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, namespace client.Object) []reconcile.Request {
		return requestsFor(names(ctx, c, kind.Name, func(o v1alpha1.Asset) bool {
			return index.AccountOf(o).Namespace != namespace.GetName()
		}, client.InNamespace(namespace.GetName())))
	})
}

// deletedOnly lets only deletions through, begun or done.
func deletedOnly() predicate.Predicate {
	return predicate.Funcs{
		CreateFunc:  func(event.CreateEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
		UpdateFunc: func(e event.UpdateEvent) bool {
			return e.ObjectOld.GetDeletionTimestamp().IsZero() != e.ObjectNew.GetDeletionTimestamp().IsZero()
		},
	}
}
