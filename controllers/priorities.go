// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// Priorities in a queue, the highest first. What a user does while the operator runs has userPriority, as anything that is added without
// one. After a start, all resources are in the queue: first those for which a user waits, then those that no operator has seen yet, and
// last those that are as an earlier process left them.
const (
	userPriority   = 0
	unseenPriority = handler.LowPriority / 2
)

// addLow enqueues background work: what a user did goes first.
func addLow(q queue, names ...types.NamespacedName) { addWith(q, handler.LowPriority, names...) }

func addWith(q queue, priority int, names ...types.NamespacedName) {
	for _, n := range names {
		req := reconcile.Request{NamespacedName: n}
		if pq, ok := q.(priorityqueue.PriorityQueue[reconcile.Request]); ok {
			pq.AddWithOpts(priorityqueue.AddOpts{Priority: ptr.To(priority)}, req)
			continue
		}
		q.Add(req)
	}
}

// waiting moves those of the resources that are there at the start to the front of the queue for which a user waits.
func waiting() handler.EventHandler {
	return handler.Funcs{CreateFunc: func(_ context.Context, e event.CreateEvent, q queue) {
		obj, ok := e.Object.(v1alpha1.Asset)
		if !ok || !e.IsInInitialList {
			return
		}
		if priority := startPriority(obj); priority > handler.LowPriority {
			addWith(q, priority, client.ObjectKeyFromObject(obj))
		}
	}}
}

// startPriority is the priority of a resource that is there at the start.
func startPriority(obj v1alpha1.Asset) int {
	common := obj.CommonStatus()
	switch {
	case !obj.GetDeletionTimestamp().IsZero(), obj.GetAnnotations()[v1alpha1.AnnotationRequestedAt] != obj.Memory().LastHandledRequest,
		len(common.Conditions) > 0 && common.ObservedGeneration != obj.GetGeneration():
		return userPriority
	case len(common.Conditions) == 0:
		return unseenPriority
	}
	return handler.LowPriority
}

// createdOnly lets only new resources through, those included that are there at the start.
func createdOnly() predicate.Predicate {
	return predicate.Funcs{
		UpdateFunc:  func(event.UpdateEvent) bool { return false },
		DeleteFunc:  func(event.DeleteEvent) bool { return false },
		GenericFunc: func(event.GenericEvent) bool { return false },
	}
}

// enqueueLow enqueues what a function names as background work: a change of an account may concern thousands of resources. What is there
// at the start names nothing, because those are enqueued by themselves.
func enqueueLow(names func(context.Context, client.Object) []types.NamespacedName) handler.EventHandler {
	return handler.Funcs{
		CreateFunc: func(ctx context.Context, e event.CreateEvent, q queue) {
			if !e.IsInInitialList {
				addLow(q, names(ctx, e.Object)...)
			}
		},
		UpdateFunc: func(ctx context.Context, e event.UpdateEvent, q queue) { addLow(q, names(ctx, e.ObjectNew)...) },
		DeleteFunc: func(ctx context.Context, e event.DeleteEvent, q queue) { addLow(q, names(ctx, e.Object)...) },
	}
}
