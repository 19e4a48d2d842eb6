// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

func seconds(values ...int) []time.Duration {
	out := make([]time.Duration, len(values))
	for i, v := range values {
		out[i] = time.Duration(v) * time.Second
	}
	return out
}

func TestUnitAttemptsPauseLongerEachTime(t *testing.T) {
	for first, want := range map[time.Duration][]time.Duration{
		0:            seconds(15, 30, 60, 120, 240, 300, 300, 300, 300, 300, 300, 300),
		SlowPause:    seconds(30, 60, 120, 240, 300, 300, 300, 300, 300, 300, 300, 300),
		SamplePause:  seconds(60, 120, 240, 300, 300, 300, 300, 300, 300, 300, 300, 300),
		LongestPause: seconds(300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300),
	} {
		clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
		a := newBackoffs(clk)
		var got []time.Duration
		for range want {
			pause := a.failed("x", "1", first)
			got = append(got, pause)
			if left := a.Pause("x", "1"); left != pause {
				t.Errorf("%s left of %s", left, pause)
			}
			clk.SetTime(clk.Now().Add(pause - time.Second))
			if left := a.Pause("x", "1"); left != time.Second {
				t.Errorf("a second before the end of %s: %s", pause, left)
			}
			clk.SetTime(clk.Now().Add(2 * time.Second))
			if left := a.Pause("x", "1"); left != 0 {
				t.Errorf("after the end: %s", left)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("first %s: %v, want %v", first, got, want)
		}
	}
}

func TestUnitAttemptsStartOverWithNews(t *testing.T) {
	a := newBackoffs(clocktesting.NewFakePassiveClock(lifecycletest.Start))
	for range 4 {
		a.failed("x", "1", 0)
	}
	if a.Pause("x", "2") != 0 {
		t.Error("a change by the user must not wait")
	}
	if a.Pause("y", "1") != 0 {
		t.Error("another object must not wait")
	}
	if got := a.failed("x", "2", 0); got != FirstPause {
		t.Errorf("the first failure after a change: %s", got)
	}
	a.failed("x", "2", 0)
	a.succeeded("x")
	if a.Pause("x", "2") != 0 {
		t.Error("a success ends the pause")
	}
	if got := a.failed("x", "2", 0); got != FirstPause {
		t.Errorf("the first failure after a success: %s", got)
	}
}

// Ten calls in ten minutes is what an object may cost while a fault lasts. A failed look-up is one call and counts as a
// quick failure; a failed write is a look-up and a write, and counts as a slow one. Before the first write with a sample
// file there are two calls that upload it, or up to five when the upload breaks off.
func TestUnitAttemptsCostAtMostTenCallsInTenMinutes(t *testing.T) {
	for _, c := range []struct {
		first         time.Duration
		before, calls int
	}{{0, 0, 1}, {SlowPause, 0, 2}, {SamplePause, 2, 2}, {LongestPause, 0, 5}} {
		clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
		a := newBackoffs(clk)
		var at []time.Time
		for range 20 {
			at = append(at, clk.Now())
			clk.SetTime(clk.Now().Add(a.failed("x", "1", c.first)))
		}
		for i, from := range at {
			calls := c.before
			for _, then := range at[i:] {
				if then.Sub(from) < 10*time.Minute {
					calls += c.calls
				}
			}
			if calls > 10 {
				t.Errorf("first %s: %d calls in the ten minutes from attempt %d", c.first, calls, i)
			}
		}
	}
}

func TestUnitResultBacksOffOnlyAfterFailures(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(lifecycletest.Start)
	b := &Base{Backoffs: newBackoffs(clock), failures: newFailureLog(clock, &lifecycletest.Metrics{})}
	run := RunOf{Object: &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{UID: "x"}}, Fingerprint: "1"}
	failed := NotSynced(v1alpha1.ReasonTransientError, "m").WithBackoff(0)
	for _, want := range seconds(15, 30) {
		if got := b.Requeue(t.Context(), run, failed).RequeueAfter; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := b.Requeue(t.Context(), run, Unchanged(5*time.Second)).RequeueAfter; got != 5*time.Second || b.Backoffs.Pause("x", "1") == 0 {
		t.Error("waiting doesn't end a pause")
	}
	if got := b.Requeue(t.Context(), run, Done("m")); got.RequeueAfter != 0 || b.Backoffs.Pause("x", "1") != 0 {
		t.Errorf("a success ends it: %+v", got)
	}
	failed.first = SlowPause
	if got := b.Requeue(t.Context(), run, failed).RequeueAfter; got != SlowPause {
		t.Errorf("got %s", got)
	}
}
