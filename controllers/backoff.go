// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"

	"k8s.io/utils/clock"
)

const (
	// firstPause and slowPause are the first waits after a failed attempt, longestPause the last. With them an object
	// makes at most ten calls in ten minutes of any fault, look-ups included.
	firstPause   = 15 * time.Second
	slowPause    = 30 * time.Second
	longestPause = 5 * time.Minute
)

// attempts remembers failed attempts per object, so that an event that isn't a change by the user (an observation, a
// change of the account) doesn't cut a pause short. A new fingerprint starts over.
type attempts struct {
	clock clock.PassiveClock

	mu   sync.Mutex
	last map[string]attempt
}

type attempt struct {
	fingerprint string
	failures    int
	until       time.Time
}

func newAttempts(c clock.PassiveClock) *attempts {
	return &attempts{clock: c, last: map[string]attempt{}}
}

// pause is how long the object still has to wait, 0 when it may try.
func (a *attempts) pause(key, fingerprint string) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	last, ok := a.last[key]
	if !ok || last.fingerprint != fingerprint {
		return 0
	}
	return max(0, last.until.Sub(a.clock.Now()))
}

// failed counts a failed attempt and returns the pause that follows it.
func (a *attempts) failed(key, fingerprint string, slow bool) time.Duration {
	a.mu.Lock()
	defer a.mu.Unlock()
	last := a.last[key]
	if last.fingerprint != fingerprint {
		last = attempt{fingerprint: fingerprint}
	}
	first := firstPause
	if slow {
		first = slowPause
	}
	pause := min(first<<min(last.failures, 8), longestPause)
	last.failures++
	last.until = a.clock.Now().Add(pause)
	a.last[key] = last
	return pause
}

// succeeded forgets the failures.
func (a *attempts) succeeded(key string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.last, key)
}
