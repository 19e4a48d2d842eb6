// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

func TestUnitRepairs(t *testing.T) {
	obj := &v1alpha1.WABA{}
	at := func(after time.Duration) Repairs { return RepairsOf(obj, lifecycletest.Start.Add(after)) }
	for i := range 3 {
		after := time.Duration(i) * time.Hour
		if got := at(after).Contested("insights"); got != 0 {
			t.Errorf("contested for %s after %d repairs", got, i)
		}
		at(after).Note("insights")
	}
	if got := at(2 * time.Hour).Contested("insights"); got != 22*time.Hour {
		t.Errorf("contested for %s, want 22h: the first repair counts for a day", got)
	}
	if got := at(2 * time.Hour).Contested("marketingMessages"); got != 0 {
		t.Errorf("another value is contested for %s", got)
	}
	if got := at(24 * time.Hour).Contested("insights"); got != 0 {
		t.Errorf("a day after the first repair: %s", got)
	}
	if got := at(-90 * 24 * time.Hour).Contested("insights"); got != 0 {
		t.Errorf("the clock was 90 days ahead: %s", got)
	}
	at(25 * time.Hour).Prune()
	if got := len(obj.Memory().Repairs[0].Times); got != 1 {
		t.Errorf("%d repairs are kept, want the last one", got)
	}
	at(26 * time.Hour).Prune()
	if len(obj.Memory().Repairs) > 0 {
		t.Errorf("nothing counts any more: %+v", obj.Memory())
	}
	for i := range 3 * metavalues.RingSize {
		at(time.Duration(i) * time.Minute).Note("insights")
	}
	if got := len(obj.Memory().Repairs[0].Times); got != metavalues.RingSize {
		t.Errorf("%d repairs are kept, want %d", got, metavalues.RingSize)
	}
	at(0).Reset()
	if len(obj.Memory().Repairs) > 0 {
		t.Errorf("after a reset: %+v", obj.Memory())
	}
}

func TestUnitRecentRepairsLeaveTheStatusAlone(t *testing.T) {
	times := []metav1.Time{metav1.NewTime(lifecycletest.Start), metav1.NewTime(lifecycletest.Start.Add(time.Hour))}
	if got := recentRepairs(times, lifecycletest.Start.Add(24*time.Hour)); len(got) != 1 || !times[0].Time.Equal(lifecycletest.Start) {
		t.Errorf("got %v, and the list is %v now", got, times)
	}
}
