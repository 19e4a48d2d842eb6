// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

func newUnitCreateQuota(limit int) (*CreateQuota, *clocktesting.FakePassiveClock) {
	clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
	return NewCreateQuota(clk, limit), clk
}

func window(start time.Time, count int32) v1alpha1.CreateWindow {
	return v1alpha1.CreateWindow{StartTime: metav1.NewTime(start), Count: count}
}

func sameWindows(a, b []v1alpha1.CreateWindow) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].StartTime.Equal(&b[i].StartTime) || a[i].Count != b[i].Count {
			return false
		}
	}
	return true
}

func TestUnitCreateQuotaKeepsToTheLimitOfAnHour(t *testing.T) {
	l, clk := newUnitCreateQuota(3)
	for i := range 3 {
		if wait := l.Reserve("1", nil); wait != 0 {
			t.Fatalf("create %d has to wait %s", i, wait)
		}
		clk.SetTime(clk.Now().Add(10 * time.Minute))
	}
	if wait := l.Reserve("1", nil); wait != 30*time.Minute {
		t.Errorf("the first create counts for another 30 minutes, got %s", wait)
	}
	if wait := l.Reserve("2", nil); wait != 0 {
		t.Errorf("another account has a limit of its own, got %s", wait)
	}
	clk.SetTime(lifecycletest.Start.Add(time.Hour))
	if wait := l.Reserve("1", nil); wait != 0 {
		t.Errorf("one create is an hour old, got %s", wait)
	}
	if wait := l.Reserve("1", nil); wait != 10*time.Minute {
		t.Errorf("the next one follows in 10 minutes, got %s", wait)
	}
}

func TestUnitCreateQuotaReturnsUnusedCreates(t *testing.T) {
	l, _ := newUnitCreateQuota(1)
	l.Release("1") // nothing was reserved
	l.Reserve("1", nil)
	if l.Reserve("1", nil) == 0 {
		t.Error("the limit is used up")
	}
	l.Release("1")
	if wait := l.Reserve("1", nil); wait != 0 {
		t.Errorf("got %s", wait)
	}
}

func TestUnitCreateQuotaWithoutLimit(t *testing.T) {
	l, _ := newUnitCreateQuota(0)
	for range 500 {
		if wait := l.Reserve("1", nil); wait != 0 {
			t.Fatalf("got %s", wait)
		}
	}
}

func TestUnitCreateQuotaWindows(t *testing.T) {
	l, clk := newUnitCreateQuota(100)
	for _, minute := range []int{0, 1, 4, 5, 12, 14} {
		clk.SetTime(lifecycletest.Start.Add(time.Duration(minute) * time.Minute))
		l.Reserve("1", nil)
	}
	want := []v1alpha1.CreateWindow{window(lifecycletest.Start, 3), window(lifecycletest.Start.Add(5*time.Minute), 1), window(lifecycletest.Start.Add(10*time.Minute), 2)}
	if got := l.Windows("1", nil); !sameWindows(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	clk.SetTime(lifecycletest.Start.Add(time.Hour + 4*time.Minute))
	if got := l.Windows("1", nil); !sameWindows(got, want[1:]) {
		t.Errorf("after an hour: %+v", got)
	}
	clk.SetTime(lifecycletest.Start.Add(3 * time.Hour))
	if got := l.Windows("1", want); len(got) != 0 {
		t.Errorf("what is in memory wins, and all of it is old: %+v", got)
	}
}

func TestUnitCreateQuotaIsRestoredAfterARestart(t *testing.T) {
	persisted := []v1alpha1.CreateWindow{window(lifecycletest.Start.Add(-time.Hour), 5), window(lifecycletest.Start.Add(-30*time.Minute), 2)}
	l, _ := newUnitCreateQuota(3)
	if wait := l.Reserve("1", persisted); wait <= 0 {
		t.Error("five creates may be less than an hour old: there is no room")
	}
	l, clk := newUnitCreateQuota(3)
	clk.SetTime(lifecycletest.Start.Add(6 * time.Minute))
	if wait := l.Reserve("1", persisted); wait != 0 {
		t.Errorf("the five are certainly over, got %s", wait)
	}
	if wait := l.Reserve("1", persisted); wait <= 25*time.Minute-time.Minute || wait > 30*time.Minute {
		t.Errorf("the two count for an hour from the end of their window, got %s", wait)
	}
}

// Each restart reads the windows and writes them again: they must not move, or an operator that restarts often would
// never create anything again.
func TestUnitCreateQuotaWindowsSurviveRestarts(t *testing.T) {
	want := []v1alpha1.CreateWindow{window(lifecycletest.Start.Add(-10*time.Minute), 4), window(lifecycletest.Start.Add(-5*time.Minute), 2), window(lifecycletest.Start, 1)}
	persisted := want
	for restart := range 5 {
		l, clk := newUnitCreateQuota(100)
		clk.SetTime(lifecycletest.Start.Add(2 * time.Minute))
		if persisted = l.Windows("1", persisted); !sameWindows(persisted, want) {
			t.Fatalf("restart %d: got %+v, want %+v", restart, persisted, want)
		}
	}
	l, clk := newUnitCreateQuota(100)
	clk.SetTime(lifecycletest.Start.Add(2 * time.Minute))
	l.Reserve("1", persisted)
	clk.SetTime(lifecycletest.Start.Add(7 * time.Minute))
	l.Reserve("1", persisted)
	want = append(want[:2:2], window(lifecycletest.Start, 2), window(lifecycletest.Start.Add(5*time.Minute), 1))
	if got := l.Windows("1", persisted); !sameWindows(got, want) {
		t.Errorf("with new creates: %+v, want %+v", got, want)
	}
}

// Who only reads takes nothing from the hour and counts once.
func TestUnitAnnounced(t *testing.T) {
	l, clk := newUnitCreateQuota(2)
	if l.Reserve("1", nil) != 0 || l.ReserveDryRun("1", "a", nil) != 0 || l.ReserveDryRun("1", "a", nil) != 0 {
		t.Fatal("there is room for two")
	}
	if wait := l.ReserveDryRun("1", "b", nil); wait != time.Hour {
		t.Errorf("the third waits %v", wait)
	}
	if l.ReserveDryRun("2", "b", nil) != 0 {
		t.Error("another account has its own hour")
	}
	if l.Reserve("1", nil) != 0 {
		t.Error("what was announced took a place")
	}
	clk.SetTime(lifecycletest.Start.Add(time.Hour))
	if l.ReserveDryRun("1", "b", nil) != 0 {
		t.Error("the hour is over")
	}
}
