// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"sync"

	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/fair"
)

// ReadLimiter bounds the reads of Secrets for all apps, and gives slots to waiting apps round-robin. A RateLimitedCache limits one
// app; a stranger can cause reads for all apps there are.
type ReadLimiter struct {
	slots *fair.Semaphore
	clock clock.Clock

	mu   sync.Mutex
	pace fair.TokenBucket
}

// NewReadLimiter returns a limiter of as many reads at a time, and of as many per second.
func NewReadLimiter(concurrent, perSecond int, c clock.Clock) *ReadLimiter {
	return &ReadLimiter{slots: fair.NewSemaphore(concurrent), clock: c, pace: fair.TokenBucket{PerSecond: float64(perSecond), Burst: perSecond}}
}

// Acquire waits until a Secret may be read for an app. Release must follow.
func (r *ReadLimiter) Acquire(appID string) {
	r.slots.Acquire(appID)
	r.mu.Lock()
	defer r.mu.Unlock() // held during the wait: others with a slot wait for the lock
	for {
		wait := r.pace.Wait(r.clock.Now())
		if wait <= 0 {
			break
		}
		<-r.clock.After(wait)
	}
	r.pace.Take(r.clock.Now())
}

// Release ends a read.
func (r *ReadLimiter) Release() { r.slots.Release() }

// Waiting returns how many reads of an app wait for a slot.
func (r *ReadLimiter) Waiting(appID string) int { return r.slots.Waiting(appID) }
