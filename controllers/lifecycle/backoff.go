// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/deadline"
)

// Pauses after failed attempts. With them an object makes at most ten calls in ten minutes of any fault, lookups included.
const (
	// FirstPause is the first wait after a failed attempt.
	FirstPause = 15 * time.Second
	// SlowPause is the first wait after an attempt of two calls, or where a person has to act.
	SlowPause = 30 * time.Second
	// SamplePause is the first wait after an attempt that had uploaded a sample file before.
	SamplePause = time.Minute
	// LongestPause is the longest wait.
	LongestPause = 5 * time.Minute
)

// backoffs remembers failed attempts per object, so that an event that isn't a change by the user (an observation, a
// change of the account) doesn't cut a pause short. A new fingerprint starts over.
type backoffs struct {
	clock clock.PassiveClock

	mu   sync.Mutex
	last map[types.UID]backoffState
}

type backoffState struct {
	fingerprint string
	failures    int
	until       time.Time
}

func newBackoffs(c clock.PassiveClock) *backoffs {
	return &backoffs{clock: c, last: map[types.UID]backoffState{}}
}

// Pause is how long the object still has to wait, 0 when it may try.
func (a *backoffs) Pause(key types.UID, fingerprint string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	last, ok := a.last[key]
	if !ok || last.fingerprint != fingerprint {
		return 0
	}
	return deadline.Left(last.until, a.clock.Now(), LongestPause)
}

// failed counts a failed attempt and returns the pause that follows it. first is the pause after the first one, 0 for the
// shortest.
func (a *backoffs) failed(key types.UID, fingerprint string, first time.Duration) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	last := a.last[key]
	if last.fingerprint != fingerprint {
		last = backoffState{fingerprint: fingerprint}
	}
	pause := min(max(first, FirstPause)<<min(last.failures, 8), LongestPause)
	last.failures++
	last.until = a.clock.Now().Add(pause)
	a.last[key] = last
	return pause
}

// succeeded forgets the failures.
func (a *backoffs) succeeded(key types.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.last, key)
}

func (a *backoffs) Forget(gone Gone) time.Duration {
	a.succeeded(gone.UID)
	return 0
}
