// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

// TestMeasureReady: only the first time that a resource gets ready counts, also after a restart in between.
func TestMeasureReady(t *testing.T) {
	created := time.Date(2026, time.October, 1, 12, 0, 0, 0, time.UTC)
	ready := func(status metav1.ConditionStatus, after time.Duration) []metav1.Condition {
		return []metav1.Condition{{Type: v1alpha1.ConditionReady, Status: status, LastTransitionTime: metav1.NewTime(created.Add(after))}}
	}
	for name, c := range map[string]struct {
		before, after []metav1.Condition
		now           time.Duration
		want          string
	}{
		"at once":                {nil, ready(metav1.ConditionTrue, 0), 3 * time.Second, "ready MessageTemplate 3s"},
		"after a review":         {ready(metav1.ConditionFalse, time.Second), ready(metav1.ConditionTrue, 0), 5 * time.Hour, "ready MessageTemplate 5h0m0s"},
		"not yet":                {nil, ready(metav1.ConditionFalse, 0), time.Second, ""},
		"still":                  {ready(metav1.ConditionTrue, time.Second), ready(metav1.ConditionTrue, time.Second), time.Hour, ""},
		"again":                  {ready(metav1.ConditionFalse, time.Hour), ready(metav1.ConditionTrue, 0), 2 * time.Hour, ""},
		"seen late":              {nil, ready(metav1.ConditionTrue, 0), time.Hour, ""},
		"the API server is fast": {nil, ready(metav1.ConditionTrue, 0), -time.Second, "ready MessageTemplate 0s"},
	} {
		m := &lifecycletest.Metrics{}
		b := &Base{Metrics: m}
		obj := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{CreationTimestamp: metav1.NewTime(created)}}
		b.measureReady(obj, c.before, c.after, created.Add(c.now))
		if got := append(m.Recorded, "")[0]; got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

// TestDrifted: what the status names already isn't counted again.
func TestDrifted(t *testing.T) {
	m := &lifecycletest.Metrics{}
	b := &Base{Metrics: m}
	b.CountDrift(&v1alpha1.PhoneNumber{}, []string{"profile.about", "messages"}, []string{"profile.about"})
	b.CountDrift(&v1alpha1.WebhookSubscription{}, []string{"app"}, []string{"app.callbackURL"})
	if want := []string{"drift PhoneNumber messages"}; !slices.Equal(m.Recorded, want) {
		t.Errorf("%q, want %q", m.Recorded, want)
	}
}
