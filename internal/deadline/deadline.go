// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package deadline judges times that were noted earlier, in memory or in a status. The clock may have been wrong then: a pause
// that was noted while it was months ahead must not last for months once it is right again.
package deadline

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Skew is how far clocks may differ that are right: those of two nodes, or Meta's and ours.
const Skew = time.Minute

// Left is how long it is until a deadline, 0 when that is over. limit is the longest wait that there can be of its
// kind. A deadline further away was noted by a wrong clock or put into the status by another client, and counts as over.
func Left(deadline, now time.Time, limit time.Duration) time.Duration {
	left := deadline.Sub(now)
	if left <= 0 || left > limit+Skew {
		return 0
	}
	return left
}

// Within reports whether something happened less than a window ago. What is said to happen in the future was noted by a wrong
// clock: when it happened isn't known, but it doesn't count for longer than the window.
func Within(t, now time.Time, window time.Duration) bool {
	return !t.After(now.Add(Skew)) && now.Sub(t) < window
}

// Value is the time in a status, zero where there is none.
func Value(t *metav1.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.Time
}

// Pointer is a time as a status has it, nil for zero.
func Pointer(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t}
}

// Later is the later of two times.
func Later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// Sooner is the shorter of two waits; 0 is none.
func Sooner(a, b time.Duration) time.Duration {
	if a <= 0 || b <= 0 {
		return max(a, b, 0)
	}
	return min(a, b)
}
