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
	"github.com/waba-operator/waba-operator/internal/deadline"
)

// TestUnitWrongClock: what was noted while the clock was 90 days ahead holds nothing up once it is right again.
func TestUnitWrongClock(t *testing.T) {
	now := lifecycletest.Start
	wrong := now.Add(90 * 24 * time.Hour)
	clk := func() *clocktesting.FakePassiveClock { return clocktesting.NewFakePassiveClock(wrong) }
	for name, held := range map[string]func() bool{
		"a wait in the status": func() bool { return unitWait(v1alpha1.ReasonRateLimited, wrong).RefusedFor() > 0 },
		"a locked name":        func() bool { return unitWait(v1alpha1.ReasonNameLocked, wrong).RefusedFor() > 0 },
		"the end of a run":     func() bool { return unitWait(v1alpha1.ReasonRefusedByMeta, wrong).Settled() },
		"creates in the status": func() bool {
			l := NewCreateQuota(clocktesting.NewFakePassiveClock(now), 2)
			return l.Reserve("1", []v1alpha1.CreateWindow{{StartTime: metav1.NewTime(wrong), Count: 2}}) > 0
		},
		"creates": func() bool {
			c := clk()
			l := NewCreateQuota(c, 1)
			l.Reserve("1", nil)
			l.ReserveDryRun("1", "a", nil)
			c.SetTime(now)
			return l.ReserveDryRun("1", "b", nil) > 0 || l.Reserve("1", nil) > 0
		},
		"a backoff": func() bool {
			c := clk()
			a := NewRetries(c)
			failed(a, "a", "", 0)
			c.SetTime(now)
			return pauseOf(a, "a", "") > 0
		},
		"a handle": func() bool {
			c := clk()
			h := newHandles(c)
			h.put(handleKey{object: "a"}, "handle")
			c.SetTime(now)
			return h.get(handleKey{object: "a"}) != ""
		},
		"events of webhooks": func() bool {
			c := clk()
			h := newEventDebouncer(c)
			h.observe("a", 1, false)
			h.observe("a", 2, false)
			c.SetTime(now)
			_, _, wait := h.observe("a", 3, false)
			return wait > 0
		},
	} {
		if held() {
			t.Errorf("%s, noted by a clock that was 90 days ahead, still holds", name)
		}
	}
}

// TestUnitRightClock: the same holds up what it should, noted by a clock that is right.
func TestUnitRightClock(t *testing.T) {
	now := lifecycletest.Start
	if got := unitWait(v1alpha1.ReasonNameLocked, now.Add(29*24*time.Hour)).RefusedFor(); got != 29*24*time.Hour {
		t.Errorf("a locked name: %s", got)
	}
	if got := unitWait(v1alpha1.ReasonRefusedByMeta, now.Add(23*time.Hour)).RefusedFor(); got != 23*time.Hour {
		t.Errorf("a refusal: %s", got)
	}
}

func unitWait(reason string, until time.Time) *Run[*v1alpha1.MessageTemplate] {
	p := &Run[*v1alpha1.MessageTemplate]{Object: &v1alpha1.MessageTemplate{}, Now: lifecycletest.Start, longestWait: noWait}
	p.Status = &p.Object.Status.CommonStatus
	p.Status.NextAttemptTime = deadline.Pointer(until)
	p.Status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionSynced, Status: metav1.ConditionFalse, Reason: reason}}
	return p
}
