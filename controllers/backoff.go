// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/deadline"
)

const (
	// firstPause is the first wait after a failed attempt, slowPause that after one of two calls or where a person has to
	// act, samplePause that after one that had uploaded a sample file before; longestPause is the last. With them an object
	// makes at most ten calls in ten minutes of any fault, look-ups included.
	firstPause   = 15 * time.Second
	slowPause    = 30 * time.Second
	samplePause  = time.Minute
	longestPause = 5 * time.Minute
)

// attempts remembers failed attempts per object, so that an event that isn't a change by the user (an observation, a
// change of the account) doesn't cut a pause short. A new fingerprint starts over.
type attempts struct {
	clock clock.PassiveClock

	mu   sync.Mutex
	last map[types.UID]attempt
}

type attempt struct {
	fingerprint string
	failures    int
	until       time.Time
}

func newAttempts(c clock.PassiveClock) *attempts {
	return &attempts{clock: c, last: map[types.UID]attempt{}}
}

// pause is how long the object still has to wait, 0 when it may try.
func (a *attempts) pause(key types.UID, fingerprint string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	last, ok := a.last[key]
	if !ok || last.fingerprint != fingerprint {
		return 0
	}
	return deadline.Left(last.until, a.clock.Now(), longestPause)
}

// failed counts a failed attempt and returns the pause that follows it. first is the pause after the first one, 0 for the
// shortest.
func (a *attempts) failed(key types.UID, fingerprint string, first time.Duration) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	last := a.last[key]
	if last.fingerprint != fingerprint {
		last = attempt{fingerprint: fingerprint}
	}
	pause := min(max(first, firstPause)<<min(last.failures, 8), longestPause)
	last.failures++
	last.until = a.clock.Now().Add(pause)
	a.last[key] = last
	return pause
}

// succeeded forgets the failures.
func (a *attempts) succeeded(key types.UID) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.last, key)
}

func (a *attempts) forget(gone object) time.Duration {
	a.succeeded(gone.uid)
	return 0
}
