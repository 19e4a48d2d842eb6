// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
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

// hooksBy lists the names of webhook subscriptions by an index.
func hooksBy(ctx context.Context, c client.Reader, index, key string) []types.NamespacedName {
	var list v1alpha1.WebhookSubscriptionList
	if err := c.List(ctx, &list, client.MatchingFields{index: key}, client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	names := make([]types.NamespacedName, 0, len(list.Items))
	for i := range list.Items {
		names = append(names, client.ObjectKeyFromObject(&list.Items[i]))
	}
	return names
}

// hookSource wakes the subscriptions of an account whose apps or numbers an observation found changed.
func hookSource(c client.Reader, ch *lifecycle.AccountEvents) source.Source {
	return source.Func(func(ctx context.Context, q lifecycle.Queue) error {
		ch.Mu.Lock()
		defer ch.Mu.Unlock()
		ch.Sinks = append(ch.Sinks, func(n lifecycle.AccountChange) {
			if ctx.Err() == nil && (n.Change.All || n.Change.Apps || len(n.Change.Numbers) > 0) {
				addLow(q, hooksBy(ctx, c, index.Account, n.WABA.String())...)
			}
		})
		return nil
	})
}

// hooksOfAccount wakes the subscriptions of an account whose owner or state changed.
func hooksOfAccount(c client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		return requestsFor(hooksBy(ctx, c, index.Account, index.AccountKey(client.ObjectKeyFromObject(obj))))
	})
}

// rivalHooks wakes the subscriptions that shared the account or the app with one that is gone.
func rivalHooks(c client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		gone, ok := obj.(*v1alpha1.WebhookSubscription)
		if !ok {
			return nil
		}
		names := hooksBy(ctx, c, index.Account, lifecycle.Referrer{Namespace: gone.Namespace, Ref: gone.Spec.WABARef}.Account().String())
		if gone.Status.AppID != "" {
			names = append(names, hooksBy(ctx, c, index.App, gone.Status.AppID)...)
		}
		return requestsFor(names)
	})
}

// hooksOfNumber wakes the subscriptions that name a number.
func hooksOfNumber(c client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		var list v1alpha1.WebhookSubscriptionList
		if err := c.List(ctx, &list, client.InNamespace(obj.GetNamespace()), client.UnsafeDisableDeepCopy); err != nil {
			return nil
		}
		var out []reconcile.Request
		for i := range list.Items {
			for _, n := range list.Items[i].Spec.PhoneNumbers {
				if n.PhoneNumberRef.Name == obj.GetName() {
					out = append(out, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&list.Items[i])})
				}
			}
		}
		return out
	})
}

// numberFound lets through what changes to which number at Meta a resource leads.
func numberFound() predicate.Predicate {
	return predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		was, okWas := e.ObjectOld.(*v1alpha1.PhoneNumber)
		is, okIs := e.ObjectNew.(*v1alpha1.PhoneNumber)
		return okWas && okIs && (was.UID != is.UID || was.Status.ID != is.Status.ID)
	}}
}
