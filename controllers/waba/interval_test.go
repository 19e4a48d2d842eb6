// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"fmt"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

func TestUnitRequestedInterval(t *testing.T) {
	for _, c := range []struct {
		spec *int32
		flag time.Duration
		want time.Duration
	}{
		{nil, 5 * time.Minute, 5 * time.Minute}, {ptr.To[int32](600), 5 * time.Minute, 10 * time.Minute},
		{ptr.To[int32](60), 5 * time.Minute, time.Minute}, {nil, time.Second, 30 * time.Second}, {ptr.To[int32](1), time.Hour, 30 * time.Second},
	} {
		waba := &v1alpha1.WABA{}
		waba.Spec.ObservationIntervalSeconds = c.spec
		if got := requestedInterval(waba, c.flag); got != c.want {
			t.Errorf("%v, flag %s: %s, want %s", c.spec, c.flag, got, c.want)
		}
	}
}

func TestUnitJitterIsSmallAndAlwaysTheSame(t *testing.T) {
	different := map[time.Duration]bool{}
	for i := range 200 {
		uid := fmt.Sprintf("7f1d7c3e-%04d", i)
		got := jittered(5*time.Minute, uid)
		if got < 5*time.Minute || got >= 330*time.Second || got != jittered(5*time.Minute, uid) {
			t.Errorf("%s: %s", uid, got)
		}
		different[got] = true
	}
	if len(different) < 50 {
		t.Errorf("200 accounts have only %d periods", len(different))
	}
}

func TestUnitDueIn(t *testing.T) {
	now := lifecycletest.Start
	settled := func(change ...func(*v1alpha1.WABA)) *v1alpha1.WABA {
		w := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{UID: "u", Generation: 3}}
		w.Status.ObservedGeneration = 3
		w.Status.LastObservedTime = &metav1.Time{Time: now.Add(-time.Minute)}
		w.Status.Operator.CredentialsSecret = &v1alpha1.SecretVersion{UID: "s", ResourceVersion: "1"}
		for _, f := range change {
			f(w)
		}
		return w
	}
	period := func(d time.Duration) time.Duration { return jittered(d, "u") - time.Minute }
	for name, c := range map[string]struct {
		waba *v1alpha1.WABA
		want time.Duration
	}{
		"within the period":                    {settled(), period(5 * time.Minute)},
		"a longer one that the quota requests": {settled(func(w *v1alpha1.WABA) { w.Status.EffectiveIntervalSeconds = 3600 }), period(time.Hour)},
		"a shorter one doesn't count":          {settled(func(w *v1alpha1.WABA) { w.Status.EffectiveIntervalSeconds = 60 }), period(5 * time.Minute)},
		"the period is over": {settled(func(w *v1alpha1.WABA) {
			w.Status.LastObservedTime = &metav1.Time{Time: now.Add(-time.Hour)}
		}), 0},
		"never observed":   {settled(func(w *v1alpha1.WABA) { w.Status.LastObservedTime = nil }), 0},
		"the spec changed": {settled(func(w *v1alpha1.WABA) { w.Generation = 4 }), 0},
		"a request":        {settled(func(w *v1alpha1.WABA) { w.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: "now"} }), 0},
		"the request is handled": {settled(func(w *v1alpha1.WABA) {
			w.Annotations, w.Status.Operator.LastHandledRequest = map[string]string{v1alpha1.AnnotationRequestedAt: "now"}, "now"
		}), period(5 * time.Minute)},
		"another Secret":        {settled(func(w *v1alpha1.WABA) { w.Status.Operator.CredentialsSecret.UID = "t" }), 0},
		"another version of it": {settled(func(w *v1alpha1.WABA) { w.Status.Operator.CredentialsSecret.ResourceVersion = "2" }), 0},
		"no Secret recorded":    {settled(func(w *v1alpha1.WABA) { w.Status.Operator.CredentialsSecret = nil }), 0},
		"from the future": {settled(func(w *v1alpha1.WABA) {
			w.Status.LastObservedTime = &metav1.Time{Time: now.Add(2 * time.Minute)}
		}), 0},
	} {
		if got := dueIn(c.waba, 5*time.Minute, "s", "1", now); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

// TestUnitQuietInterval: the longer nothing changes, the longer the interval, where webhooks work and the resource names none.
func TestUnitQuietInterval(t *testing.T) {
	const requested, longest = 5 * time.Minute, 30 * time.Minute
	for name, c := range map[string]struct {
		quiet    time.Duration
		webhooks bool
		spec     *int32
		want     time.Duration
	}{
		"just changed":             {0, true, nil, requested},
		"after the first interval": {5 * time.Minute, true, nil, requested},
		"as long as it was quiet":  {11 * time.Minute, true, nil, 11 * time.Minute},
		"not for ever":             {24 * time.Hour, true, nil, longest},
		"without webhooks":         {24 * time.Hour, false, nil, requested},
		"as the resource says":     {24 * time.Hour, true, ptr.To[int32](300), requested},
		"a clock that was ahead":   {-time.Hour, true, nil, requested},
	} {
		waba := &v1alpha1.WABA{Spec: v1alpha1.WABASpec{ObservationIntervalSeconds: c.spec}}
		if got := quietInterval(waba, requested, longest, c.quiet, c.webhooks); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
	if got := quietInterval(&v1alpha1.WABA{}, time.Hour, longest, 24*time.Hour, true); got != time.Hour {
		t.Errorf("requested is longer than the longest: %s", got)
	}
}

// TestUnitReviewDue: 1, 2, 4, 8 … minutes after the review began, and then as often as ever.
func TestUnitReviewDue(t *testing.T) {
	begun := lifecycletest.Start
	observed := begun.Add(-time.Minute)
	var at []time.Duration
	for range 6 {
		observed = reviewDue(begun, observed, time.Minute, 5*time.Minute)
		at = append(at, observed.Sub(begun)/time.Minute)
	}
	if want := []time.Duration{1, 2, 4, 8, 13, 18}; !slices.Equal(at, want) {
		t.Errorf("observed after %d minutes, want %d", at, want)
	}
	if got := reviewDue(begun, begun.Add(time.Hour), time.Minute, 30*time.Second); got != begun.Add(time.Hour+time.Minute) {
		t.Errorf("the shortest interval holds, even if less is requested: %s", got)
	}
}
