// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"testing"
	"time"
)

// TestShares: a namespace that asks for everything gets half of what the others leave, and its lookups expire after an hour.
func TestShares(t *testing.T) {
	const quota = 100
	s, now := shares{}, testStart
	reserveAll := func(namespace string) (n int) {
		for s.reserve(namespace, 1, quota, now) == 0 {
			n++
		}
		return n
	}
	for _, want := range []struct {
		namespace string
		n         int
	}{{"greedy", 50}, {"modest", 25}, {"late", 12}, {"greedy", 0}} {
		if got := reserveAll(want.namespace); got != want.n {
			t.Errorf("%s took %d, want %d", want.namespace, got, want.n)
		}
	}
	if wait := s.reserve("new", 5, quota, now); wait != 0 {
		t.Errorf("a namespace without lookups waits %s", wait)
	}
	now = now.Add(59 * time.Minute)
	if wait := s.reserve("greedy", 1, quota, now); wait != time.Minute {
		t.Errorf("the first of them are over in %s", wait)
	}
	if left := s.relevantFor(now); left != time.Minute {
		t.Errorf("kept for %s", left)
	}
	now = now.Add(time.Minute)
	if got := reserveAll("greedy"); got != 50 {
		t.Errorf("an hour later it took %d", got)
	}
	now = now.Add(90*24*time.Hour + time.Hour)
	reserveAll("greedy")
	now = testStart // the clock was wrong
	if wait := s.reserve("greedy", 1, quota, now); wait != 0 || len(s["greedy"]) != 1 {
		t.Errorf("waits %s, kept %v", wait, s["greedy"])
	}
}

// TestRequestedLookups: requests for one resource are answered together, and don't delay requests for others.
func TestRequestedLookups(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	calls := 0
	for range 100 { // a request each second
		if s.ReserveRequestedLookups("shop", "a", 1) == 0 {
			calls++
		}
		w.step(time.Second)
	}
	if calls != 7 {
		t.Errorf("%d lookups in 100 seconds", calls)
	}
	if wait := s.ReserveRequestedLookups("shop", "b", 1); wait != 0 {
		t.Errorf("another resource waits %s", wait)
	}
	if wait := s.ReserveRequestedLookups("shop", "b", 1); wait != requestGap {
		t.Errorf("the second request waits %s", wait)
	}
	observe(t, s)
	w.step(time.Minute)
	observe(t, s)
	if len(s.lookupRequests) != 0 {
		t.Errorf("kept: %v", s.lookupRequests)
	}
}
