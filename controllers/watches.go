// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"reflect"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/index"
)

// requests are the annotations by which a person asks for something.
var requests = []string{
	v1alpha1.AnnotationRequestedAt, v1alpha1.AnnotationAcceptAccount, v1alpha1.AnnotationReleaseHeld,
	v1alpha1.AnnotationUnpause, v1alpha1.AnnotationRequestCode,
}

// wakes lets through what a user or a webhook did. Our own status writes must not wake us, or no backoff would hold.
func wakes() predicate.Predicate {
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

// addLow enqueues background work: what a user did goes first.
func addLow(q lifecycle.Queue, names ...types.NamespacedName) {
	for _, n := range names {
		req := reconcile.Request{NamespacedName: n}
		if pq, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
			pq.AddWithOpts(priorityqueue.AddOpts{Priority: ptr.To(handler.LowPriority)}, req)
			continue
		}
		q.Add(req)
	}
}

// templateSource wakes exactly the templates that an observation found changed.
func templateSource(c client.Reader, ch *lifecycle.AccountEvents) source.Source {
	return source.Func(func(ctx context.Context, q lifecycle.Queue) error {
		ch.Mu.Lock()
		defer ch.Mu.Unlock()
		ch.QueueReady(ctx, v1alpha1.KindMessageTemplate, q)
		ch.Sinks = append(ch.Sinks, func(n lifecycle.AccountChange) {
			if ctx.Err() == nil {
				addLow(q, changedTemplates(ctx, c, n)...)
			}
		})
		return nil
	})
}

func changedTemplates(ctx context.Context, c client.Reader, n lifecycle.AccountChange) []types.NamespacedName {
	if n.Change.All || len(n.Change.Templates) > 50 {
		return templatesOf(ctx, c, index.Account, n.WABA.String(), changedSet(n.Change))
	}
	var names []types.NamespacedName
	for _, key := range n.Change.Templates {
		names = append(names, templatesOf(ctx, c, index.Template, n.WABA.String()+"|"+key.Name+"|"+key.Language, nil)...)
	}
	return names
}

func changedSet(c account.Change) map[account.TemplateKey]bool {
	if c.All {
		return nil
	}
	set := make(map[account.TemplateKey]bool, len(c.Templates))
	for _, key := range c.Templates {
		set[key] = true
	}
	return set
}

// templatesOf lists the names of templates by an index, restricted to a set of keys unless it is nil.
func templatesOf(ctx context.Context, c client.Reader, index, key string, only map[account.TemplateKey]bool) []types.NamespacedName {
	var list v1alpha1.MessageTemplateList
	if err := c.List(ctx, &list, client.MatchingFields{index: key}, client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	names := make([]types.NamespacedName, 0, len(list.Items))
	for i := range list.Items {
		if only == nil || only[account.NewTemplateKey(list.Items[i].Spec.Name, list.Items[i].Spec.Language)] {
			names = append(names, client.ObjectKeyFromObject(&list.Items[i]))
		}
	}
	return names
}

// wakeSource delivers what changes.wake sends.
func wakeSource(ch *lifecycle.AccountEvents) source.Source {
	return source.Func(func(ctx context.Context, q lifecycle.Queue) error {
		ch.Mu.Lock()
		defer ch.Mu.Unlock()
		ch.AccountSink = func(waba types.NamespacedName, after time.Duration) {
			if ctx.Err() == nil {
				q.AddAfter(reconcile.Request{NamespacedName: waba}, after)
			}
		}
		return nil
	})
}

func requestsFor(names []types.NamespacedName) []reconcile.Request {
	out := make([]reconcile.Request, len(names))
	for i, n := range names {
		out[i] = reconcile.Request{NamespacedName: n}
	}
	return out
}

// templatesOfAccount wakes the templates of an account whose owner or state changed.
func templatesOfAccount(c client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		return requestsFor(templatesOf(ctx, c, index.Account, index.AccountKey(client.ObjectKeyFromObject(obj)), nil))
	})
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
			(was.Status.HeldSince == nil) != (is.Status.HeldSince == nil) || syncedReason(was) != syncedReason(is) ||
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

// rivalsOf wakes the resources that claimed the same template as one that is gone.
func rivalsOf(c client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		t, ok := obj.(*v1alpha1.MessageTemplate)
		if !ok {
			return nil
		}
		return requestsFor(templatesOf(ctx, c, index.Template, index.TemplateKey(index.Referenced(t.Namespace, t.Spec.WABARef), t.Spec.Name, t.Spec.Language), nil))
	})
}

// accountOfDeleted wakes a WABA that waits for the deletion of its resources.
func accountOfDeleted() handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(_ context.Context, obj client.Object) []reconcile.Request {
		asset, ok := obj.(v1alpha1.Asset)
		if !ok {
			return nil
		}
		return []reconcile.Request{{NamespacedName: index.AccountOf(asset)}}
	})
}

// rivalAccounts wakes the WABA resources with the same id as one that is gone or has new credentials.
func rivalAccounts(c client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		w, ok := obj.(*v1alpha1.WABA)
		if !ok {
			return nil
		}
		var list v1alpha1.WABAList
		if err := c.List(ctx, &list, client.MatchingFields{index.AccountID: w.Spec.ID}, client.UnsafeDisableDeepCopy); err != nil {
			return nil
		}
		var out []reconcile.Request
		for i := range list.Items {
			if list.Items[i].UID != w.UID {
				out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
			}
		}
		return out
	})
}

// ofNamespace wakes the resources of one kind in a namespace whose labels changed: an account's selector may now include or
// exclude it.
func ofNamespace(c client.Reader, kind client.ObjectList) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		list, ok := kind.DeepCopyObject().(client.ObjectList)
		if !ok || c.List(ctx, list, client.InNamespace(obj.GetName()), client.UnsafeDisableDeepCopy) != nil {
			return nil
		}
		var out []reconcile.Request
		_ = meta.EachListItem(list, func(item runtime.Object) error { // never fails
			child, ok := item.(v1alpha1.Asset)
			if ok && index.AccountOf(child).Namespace != obj.GetName() {
				out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(child)})
			}
			return nil
		})
		return out
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
