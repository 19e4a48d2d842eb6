// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

func TestLogSampler(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	s := logSampler{clock: clk}
	for i, want := range []struct {
		ok      bool
		dropped int
	}{{true, 0}, {false, 0}, {false, 0}, {true, 2}, {false, 0}} {
		if i == 3 {
			clk.SetTime(clk.Now().Add(time.Second))
		}
		if ok, dropped := s.next(); ok != want.ok || dropped != want.dropped {
			t.Errorf("%d: got %v, %d", i, ok, dropped)
		}
	}
}
