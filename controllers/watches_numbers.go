// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
	"sigs.k8s.io/controller-runtime/pkg/source"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/number"
)

// numbersOf lists the names of an account's numbers, restricted to those that a filter lets through.
func numbersOf(ctx context.Context, c client.Reader, waba string, filter func(*v1alpha1.PhoneNumber) bool) []types.NamespacedName {
	var list v1alpha1.PhoneNumberList
	if err := c.List(ctx, &list, client.MatchingFields{index.Account: waba}, client.UnsafeDisableDeepCopy); err != nil {
		return nil
	}
	var names []types.NamespacedName
	for i := range list.Items {
		if filter(&list.Items[i]) {
			names = append(names, client.ObjectKeyFromObject(&list.Items[i]))
		}
	}
	return names
}

func everyNumber(*v1alpha1.PhoneNumber) bool { return true }

// numberSource wakes the numbers that an observation found changed, and those that aren't found yet.
func numberSource(c client.Reader, ch *lifecycle.AccountEvents) source.Source {
	return source.Func(func(ctx context.Context, q lifecycle.Queue) error {
		ch.Mu.Lock()
		defer ch.Mu.Unlock()
		ch.QueueReady(ctx, v1alpha1.KindPhoneNumber, q)
		ch.Sinks = append(ch.Sinks, func(n lifecycle.AccountChange) {
			if ctx.Err() != nil || !n.Change.All && len(n.Change.Numbers) == 0 {
				return
			}
			changed := map[string]bool{}
			for _, id := range n.Change.Numbers {
				changed[id] = true
			}
			addLow(q, numbersOf(ctx, c, n.WABA.String(), func(o *v1alpha1.PhoneNumber) bool {
				return n.Change.All || o.Status.ID == "" || changed[o.Status.ID]
			})...)
		})
		return nil
	})
}

// numbersOfAccount wakes the numbers of an account whose owner or state changed.
func numbersOfAccount(c client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		return requestsFor(numbersOf(ctx, c, index.AccountKey(client.ObjectKeyFromObject(obj)), everyNumber))
	})
}

// rivalNumbers wakes the resources that claimed the same number as one that is gone.
func rivalNumbers(c client.Reader) handler.EventHandler {
	return handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		gone, ok := obj.(*v1alpha1.PhoneNumber)
		if !ok {
			return nil
		}
		key := lifecycle.Referrer{Namespace: gone.Namespace, Ref: gone.Spec.WABARef}.Account().String()
		return requestsFor(numbersOf(ctx, c, key, func(o *v1alpha1.PhoneNumber) bool { return o.UID != gone.UID && number.Same(o, gone) }))
	})
}
