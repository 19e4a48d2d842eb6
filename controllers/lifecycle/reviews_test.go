// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

func TestUnitPendingReviews(t *testing.T) {
	r := newPendingReviews()
	if !r.Youngest("acme").IsZero() || r.note("acme", "one", time.Time{}) {
		t.Error("nothing is pending")
	}
	if !r.note("acme", "one", lifecycletest.At(10)) || !r.note("acme", "two", lifecycletest.At(5)) || !r.note("other", "three", lifecycletest.At(20)) {
		t.Error("each begins")
	}
	if r.note("acme", "one", lifecycletest.At(10)) {
		t.Error("noted before")
	}
	if got := r.Youngest("acme"); got != lifecycletest.At(10) {
		t.Errorf("the youngest began at %s", got)
	}
	if r.note("acme", "one", time.Time{}) || r.Youngest("acme") != lifecycletest.At(5) {
		t.Error("decided")
	}
	r.Forget(Gone{UID: "two"})
	r.Forget(Gone{UID: "other"})
	if len(r.since) != 0 {
		t.Errorf("kept: %v", r.since)
	}
}

func TestUnitReviewedSince(t *testing.T) {
	begun := metav1.NewTime(lifecycletest.Start)
	condition := func(kind string, status metav1.ConditionStatus) metav1.Condition {
		return metav1.Condition{Type: kind, Status: status, LastTransitionTime: begun}
	}
	ready, synced := condition(v1alpha1.ConditionReady, "False"), condition(v1alpha1.ConditionSynced, "True")
	reconciling := condition(v1alpha1.ConditionReconciling, "True")
	for name, c := range map[string]struct {
		conditions []metav1.Condition
		want       time.Time
	}{
		"in review":           {[]metav1.Condition{ready, synced, reconciling}, lifecycletest.Start},
		"decided":             {[]metav1.Condition{ready, synced}, time.Time{}},
		"the operator's turn": {[]metav1.Condition{ready, condition(v1alpha1.ConditionSynced, "False"), reconciling}, time.Time{}},
		"new":                 {nil, time.Time{}},
	} {
		if got := reviewedSince(&v1alpha1.CommonStatus{Conditions: c.conditions}); !got.Equal(c.want) {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
