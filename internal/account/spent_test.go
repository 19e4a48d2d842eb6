// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// TestBudgetKeepsTheQuota: no rolling hour has more calls than Meta allows, however Meta counts: the
// simulated one counts by the minute.
func TestBudgetKeepsTheQuota(t *testing.T) {
	b, clk := newTestBudget()
	b.SetQuota(200)
	var made []time.Time
	for range 4 * 60 * 60 / 7 {
		clk.SetTime(clk.Now().Add(7 * time.Second))
		if err := b.Before(graph.OpCreateTemplate); err == nil {
			made = append(made, clk.Now())
		} else if e, ok := graph.AsError(err); !ok || e.Class != graph.ClassThrottled || e.RetryAfter <= 0 || e.RetryAfter > time.Hour+time.Minute {
			t.Fatalf("refused with %v", err)
		}
	}
	if len(made) < 3*200 {
		t.Errorf("only %d calls in four hours", len(made))
	}
	for i := range made {
		if i >= 200 && made[i].Sub(made[i-200]) < time.Hour {
			t.Fatalf("call %d is the 201st in %s", i, made[i].Sub(made[i-200]))
		}
	}
}

// TestBudgetCallsOfTheApp don't count against the account's quota.
func TestBudgetCallsOfTheApp(t *testing.T) {
	b, _ := newTestBudget()
	b.SetQuota(1)
	for range 3 {
		if err := b.Before(graph.OpOpenUpload); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Before(graph.OpReadAccount); err != nil {
		t.Error(err)
	}
	if b.Before(graph.OpReadAccount) == nil || b.Check(graph.OpReadAccount) == nil {
		t.Error("the quota is used up")
	}
	if err := b.Before(graph.OpOpenUpload); err != nil {
		t.Error(err)
	}
}

// TestBudgetKeepsRoomForUsers: observations wait before the quota is used up, and until there is room for all their calls.
func TestBudgetKeepsRoomForUsers(t *testing.T) {
	b, clk := newTestBudget()
	for range 500 {
		if err := b.Before(graph.OpReadAccount); err != nil {
			t.Fatalf("the quota isn't known: %v", err)
		}
	}
	clk.SetTime(testStart.Add(2 * time.Hour))
	b.SetQuota(200)
	for range 100 {
		_ = b.Before(graph.OpReadAccount) // far from the quota
	}
	clk.SetTime(clk.Now().Add(30 * time.Minute))
	for range 40 {
		_ = b.Before(graph.OpEditTemplate)
	}
	for calls, wait := range map[int]time.Duration{
		1: 0, 50: 0, 60: 31 * time.Minute, 100: 31 * time.Minute, 240: 31 * time.Minute, // 140 made, 190 are for all but users
	} {
		if allowed, got := b.AllowsBackground(calls); allowed != (wait == 0) || got != wait {
			t.Errorf("%d calls: %t, wait %s, want %s", calls, allowed, got, wait)
		}
	}
	if got := b.Stretch(); got != 1 {
		t.Errorf("at 70 %% reads slow down by %g", got)
	}
	for range 30 {
		_ = b.Before(graph.OpEditTemplate)
	}
	if got := b.Stretch(); got != 3 {
		t.Errorf("at 85 %% reads slow down by %g", got)
	}
	for range 29 {
		_ = b.Before(graph.OpEditTemplate)
	}
	if err := b.Check(graph.OpEditTemplate); err != nil {
		t.Errorf("a user's change has the last call: %v", err)
	}
}

// TestQuotaBeforeTheFirstObservation: after a restart the quota is that of what an earlier process found, until this one finds something else.
func TestQuotaBeforeTheFirstObservation(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	if got := s.quota(); got != quotaWithoutNumber {
		t.Errorf("nothing is known: %d", got)
	}
	s.AssumeNumber(true)
	for range quotaWithoutNumber {
		if wait := s.ReserveLookups("shop", 1); wait > 0 {
			t.Fatalf("a lookup waits %s", wait)
		}
	}
	s.publish(testSnapshot())
	if got := s.quota(); got != quotaWithoutNumber {
		t.Errorf("the account has no registered number any more: %d", got)
	}
}

// TestBudgetAfterABlock: a usage of 100 % with which Meta refused a call doesn't count once Meta allows calls again.
func TestBudgetAfterABlock(t *testing.T) {
	b, clk := newTestBudget()
	b.After(100, time.Minute, throttled(80008, 0))
	clk.SetTime(testStart.Add(time.Minute))
	if allowed, wait := b.AllowsBackground(1); !allowed {
		t.Errorf("observations wait for another %s", wait)
	}
	b.After(96, 0, nil)
	if allowed, wait := b.AllowsBackground(1); allowed || wait != firstBlock {
		t.Errorf("at 96 %%: %t, %s", allowed, wait)
	}
}
