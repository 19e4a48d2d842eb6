// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
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

// pauseOf is the time until the next attempt at a resource.
func pauseOf(r *Retries, uid types.UID, fingerprint string) time.Duration {
	return r.Held(RetryKey{Object: uid}, fingerprint).After()
}

// failed records a failed attempt and returns the pause.
func failed(r *Retries, uid types.UID, fingerprint string, first time.Duration) time.Duration {
	return r.Hold(RetryKey{Object: uid}, fingerprint, NotSynced(v1alpha1.ReasonTransientError, "m").WithBackoff(first)).After()
}

func TestUnitAttemptsPauseLongerEachTime(t *testing.T) {
	for first, want := range map[time.Duration][]time.Duration{
		0:            seconds(15, 30, 60, 120, 240, 300, 300, 300, 300, 300, 300, 300),
		SlowPause:    seconds(30, 60, 120, 240, 300, 300, 300, 300, 300, 300, 300, 300),
		SamplePause:  seconds(60, 120, 240, 300, 300, 300, 300, 300, 300, 300, 300, 300),
		LongestPause: seconds(300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300),
	} {
		clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
		a := NewRetries(clk)
		var got []time.Duration
		for range want {
			pause := failed(a, "x", "1", first)
			got = append(got, pause)
			if left := pauseOf(a, "x", "1"); left != pause {
				t.Errorf("%s left of %s", left, pause)
			}
			clk.SetTime(clk.Now().Add(pause - time.Second))
			if left := pauseOf(a, "x", "1"); left != time.Second {
				t.Errorf("a second before the end of %s: %s", pause, left)
			}
			clk.SetTime(clk.Now().Add(2 * time.Second))
			if left := pauseOf(a, "x", "1"); left != 0 {
				t.Errorf("after the end: %s", left)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("first %s: %v, want %v", first, got, want)
		}
	}
}

func TestUnitAttemptsStartOverAfterAChange(t *testing.T) {
	a := NewRetries(clocktesting.NewFakePassiveClock(lifecycletest.Start))
	for range 4 {
		failed(a, "x", "1", 0)
	}
	if pauseOf(a, "x", "2") != 0 {
		t.Error("a change by the user must not wait")
	}
	if pauseOf(a, "y", "1") != 0 {
		t.Error("another object must not wait")
	}
	if got := failed(a, "x", "2", 0); got != FirstPause {
		t.Errorf("the first failure after a change: %s", got)
	}
	failed(a, "x", "2", 0)
	a.Release(RetryKey{Object: "x"})
	if pauseOf(a, "x", "2") != 0 {
		t.Error("a success ends the pause")
	}
	if got := failed(a, "x", "2", 0); got != FirstPause {
		t.Errorf("the first failure after a success: %s", got)
	}
}

// Ten calls in ten minutes is what an object may cost while a fault lasts. A failed lookup is one call and counts as a quick
// failure. A failed write is a lookup and a write, and counts as a slow one. Before the first write with a sample file there are
// two calls that upload it, or up to five when the upload breaks off.
func TestUnitAttemptsCostAtMostTenCallsInTenMinutes(t *testing.T) {
	for _, c := range []struct {
		first         time.Duration
		before, calls int
	}{{0, 0, 1}, {SlowPause, 0, 2}, {SamplePause, 2, 2}, {LongestPause, 0, 5}} {
		clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
		a := NewRetries(clk)
		var at []time.Time
		for range 20 {
			at = append(at, clk.Now())
			clk.SetTime(clk.Now().Add(failed(a, "x", "1", c.first)))
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
	b := &Base{Retries: NewRetries(clock), failures: newFailureLog(clock, &lifecycletest.Metrics{})}
	run := runOf{Object: &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{UID: "x"}}, Fingerprint: "1"}
	failed := NotSynced(v1alpha1.ReasonTransientError, "m").WithBackoff(0)
	for _, want := range seconds(15, 30) {
		if got := b.requeue(t.Context(), run, failed).RequeueAfter; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if got := b.requeue(t.Context(), run, Unchanged(5*time.Second)).RequeueAfter; got != 5*time.Second || pauseOf(b.Retries, "x", "1") == 0 {
		t.Error("waiting doesn't end a pause")
	}
	if got := b.requeue(t.Context(), run, Done("m")); got.RequeueAfter != 0 || pauseOf(b.Retries, "x", "1") != 0 {
		t.Errorf("a success ends it: %+v", got)
	}
	failed.first = SlowPause
	if got := b.requeue(t.Context(), run, failed).RequeueAfter; got != SlowPause {
		t.Errorf("got %s", got)
	}
}

// A part of a resource waits on its own, for as long as its result says.
func TestUnitRetriesOfParts(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
	r := NewRetries(clk)
	profile, picture := RetryKey{"u", "section profile"}, RetryKey{"u", "section picture"}
	r.Hold(profile, "a", Waiting(v1alpha1.ReasonPermissionDenied, "no", time.Hour))
	clk.SetTime(lifecycletest.Start.Add(15 * time.Minute))
	if o := r.Held(profile, "a"); o.After() != 45*time.Minute || o.Reason() != v1alpha1.ReasonPermissionDenied || o.Backoff() {
		t.Errorf("held: %+v", o)
	}
	if r.Held(profile, "b") != nil || r.Held(picture, "a") != nil || r.Held(RetryKey{Object: "u"}, "a") != nil {
		t.Error("held although something else is tried")
	}
	r.Hold(picture, "a", NotSynced(v1alpha1.ReasonMediaUnusable, "too large").WithBackoff(0))
	if got := r.Failures("u", "section p"); len(got) != 2 || got[picture.Part] != "too large" {
		t.Errorf("failures: %v", got)
	}
	r.ReleaseParts("u", "section ", picture)
	if r.Held(profile, "a") != nil || r.Held(picture, "a") == nil {
		t.Error("released another part")
	}
	clk.SetTime(clk.Now().Add(FirstPause))
	if r.Held(picture, "a") != nil {
		t.Error("held for too long")
	}
	r.Hold(RetryKey{"v", "x"}, "a", NotSynced(v1alpha1.ReasonMediaUnusable, "m"))
	r.Forget(Gone{UID: "u"})
	if len(r.known) != 1 {
		t.Errorf("known: %v", r.known)
	}
}
