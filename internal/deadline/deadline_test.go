// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package deadline

import (
	"testing"
	"time"
)

func TestLeft(t *testing.T) {
	now := time.Unix(1e9, 0)
	for after, want := range map[time.Duration]time.Duration{
		-time.Hour: 0, 0: 0, time.Minute: time.Minute, time.Hour: time.Hour, time.Hour + Skew: time.Hour + Skew,
		time.Hour + Skew + 1: 0, 90 * 24 * time.Hour: 0,
	} {
		if got := Left(now.Add(after), now, time.Hour); got != want {
			t.Errorf("%s: %s, want %s", after, got, want)
		}
	}
	if Left(time.Time{}, now, time.Hour) != 0 {
		t.Error("no deadline is none")
	}
}

func TestWithin(t *testing.T) {
	now := time.Unix(1e9, 0)
	for ago, want := range map[time.Duration]bool{
		0: true, time.Hour - 1: true, time.Hour: false, -Skew: true, -Skew - 1: false, -90 * 24 * time.Hour: false,
	} {
		if got := Within(now.Add(-ago), now, time.Hour); got != want {
			t.Errorf("%s ago: %v", ago, got)
		}
	}
	if Within(time.Time{}, now, time.Hour) {
		t.Error("what never happened isn't recent")
	}
}
func TestSooner(t *testing.T) {
	for _, c := range [][3]time.Duration{{0, 0, 0}, {0, 2, 2}, {1, 0, 1}, {1, 2, 1}, {3, 2, 2}, {-1, 2, 2}} {
		if got := Sooner(c[0], c[1]); got != c[2] {
			t.Errorf("%v: %d", c, got)
		}
	}
}
