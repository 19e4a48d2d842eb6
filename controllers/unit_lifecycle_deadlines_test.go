// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

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
		"a wait in the status": func() bool { return unitWait(v1alpha1.ReasonRateLimited, wrong).refusedFor() > 0 },
		"a locked name":        func() bool { return unitWait(v1alpha1.ReasonNameLocked, wrong).refusedFor() > 0 },
		"the end of a pass":    func() bool { return unitWait(v1alpha1.ReasonRefusedByMeta, wrong).settled() },
		"creates in the status": func() bool {
			l := newCreateLedger(clocktesting.NewFakePassiveClock(now), 2)
			return l.reserve("1", []v1alpha1.CreateWindow{{Start: metav1.NewTime(wrong), Count: 2}}) > 0
		},
		"creates": func() bool {
			c := clk()
			l := newCreateLedger(c, 1)
			l.reserve("1", nil)
			l.announce("1", "a", nil)
			c.SetTime(now)
			return l.announce("1", "b", nil) > 0 || l.reserve("1", nil) > 0
		},
		"a backoff": func() bool {
			c := clk()
			a := newAttempts(c)
			a.failed("a", "", 0)
			c.SetTime(now)
			return a.pause("a", "") > 0
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
			h := newHearing(c)
			h.listen("a", 1, false)
			h.listen("a", 2, false)
			c.SetTime(now)
			_, _, wait := h.listen("a", 3, false)
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
	if got := unitWait(v1alpha1.ReasonNameLocked, now.Add(29*24*time.Hour)).refusedFor(); got != 29*24*time.Hour {
		t.Errorf("a locked name: %s", got)
	}
	if got := unitWait(v1alpha1.ReasonRefusedByMeta, now.Add(23*time.Hour)).refusedFor(); got != 23*time.Hour {
		t.Errorf("a refusal: %s", got)
	}
}

func unitWait(reason string, until time.Time) *pass[*v1alpha1.MessageTemplate] {
	p := &pass[*v1alpha1.MessageTemplate]{obj: &v1alpha1.MessageTemplate{}, now: lifecycletest.Start, longestWait: noWait}
	p.status = &p.obj.Status.CommonStatus
	p.status.NextAttemptTime = deadline.Pointer(until)
	p.status.Conditions = []metav1.Condition{{Type: v1alpha1.ConditionSynced, Status: metav1.ConditionFalse, Reason: reason}}
	return p
}
