// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fair

import (
	"testing"
	"time"
)

// TestTokenBucket: after a burst one token at a time, and no more after the clock was set back.
func TestTokenBucket(t *testing.T) {
	now := time.Date(2026, 11, 2, 8, 0, 0, 0, time.UTC)
	p := TokenBucket{PerSecond: 2, Burst: 3}
	for i, step := range []struct {
		passed, wait time.Duration
	}{
		{0, 0}, {0, 0}, {0, 0}, {0, 500 * time.Millisecond}, {500 * time.Millisecond, 0},
		{250 * time.Millisecond, 250 * time.Millisecond}, {-time.Hour, 250 * time.Millisecond}, {time.Second, 0},
	} {
		now = now.Add(step.passed)
		wait := p.Wait(now)
		if wait != step.wait {
			t.Errorf("%d: wait %s, want %s", i, wait, step.wait)
		}
		if wait == 0 {
			p.Take(now)
		}
	}
	if p.Full(now) || !p.Full(now.Add(10*time.Second)) {
		t.Error("it has rested too early, or never")
	}
}
