// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// TestUnitUsersGoFirst: the resources that an observation or a change of their account concerns, which may be thousands, wait for what a
// user did. So do those that are there at the start, unless a user waits for one of them.
func TestUnitUsersGoFirst(t *testing.T) {
	q := priorityqueue.New[reconcile.Request]("users go first")
	defer q.ShutDown()
	addLow(q, types.NamespacedName{Name: "observed"})
	ofAccount := enqueueLow(func(context.Context, client.Object) []types.NamespacedName {
		return []types.NamespacedName{{Name: "account"}}
	})
	account := &v1alpha1.WABA{}
	ofAccount.Create(t.Context(), event.CreateEvent{Object: account, IsInInitialList: true}, q)
	if n := q.Len(); n != 1 {
		t.Errorf("an account that is there at the start enqueues %d", n-1)
	}
	ofAccount.Update(t.Context(), event.UpdateEvent{ObjectOld: account, ObjectNew: account}, q)

	seen := func(name string, change func(*v1alpha1.MessageTemplate)) *v1alpha1.MessageTemplate {
		obj := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{Name: name, Generation: 2}}
		obj.Status.ObservedGeneration = 2
		obj.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionReady}}
		change(obj)
		return obj
	}
	now := metav1.Now()
	for _, obj := range []client.Object{
		seen("seen", func(*v1alpha1.MessageTemplate) {}),
		seen("unseen", func(m *v1alpha1.MessageTemplate) { m.Status = v1alpha1.MessageTemplateStatus{} }),
		seen("deleted", func(m *v1alpha1.MessageTemplate) { m.DeletionTimestamp = &now }),
		seen("edited", func(m *v1alpha1.MessageTemplate) { m.Generation = 3 }),
		seen("requested", func(m *v1alpha1.MessageTemplate) {
			m.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: "now"}
		}),
	} {
		e := event.CreateEvent{Object: obj, IsInInitialList: true}
		(&handler.EnqueueRequestForObject{}).Create(t.Context(), e, q)
		waiting().Create(t.Context(), e, q)
	}
	q.Add(reconcile.Request{NamespacedName: types.NamespacedName{Name: "changed"}})
	waiting().Create(t.Context(), event.CreateEvent{Object: seen("created", func(*v1alpha1.MessageTemplate) {})}, q) // that of the kind enqueues it

	for _, want := range []string{"deleted", "edited", "requested", "changed", "unseen", "observed", "account", "seen"} {
		got, _ := q.Get()
		if got.Name != want {
			t.Errorf("got %s, want %s", got.Name, want)
		}
		q.Done(got)
	}
	if n := q.Len(); n != 0 {
		t.Errorf("%d are left", n)
	}
}
