// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/controller/priorityqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// TestUnitUsersGoFirst: the resources that an observation concerns, which may be thousands, wait for what a user did.
func TestUnitUsersGoFirst(t *testing.T) {
	q := priorityqueue.New[reconcile.Request]("users go first")
	defer q.ShutDown()
	observed, changed := types.NamespacedName{Name: "observed"}, types.NamespacedName{Name: "changed"}
	addLow(q, observed)
	q.Add(reconcile.Request{NamespacedName: changed})
	for _, want := range []types.NamespacedName{changed, observed} {
		got, _ := q.Get()
		if got.NamespacedName != want {
			t.Errorf("got %s, want %s", got.Name, want.Name)
		}
		q.Done(got)
	}
}
