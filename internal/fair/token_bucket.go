// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package fair

import "time"

// TokenBucket limits an action to PerSecond times a second, and Burst times at once. It isn't safe for concurrent use.
type TokenBucket struct {
	// PerSecond is the rate in the long run.
	PerSecond float64
	// Burst is the capacity of the bucket.
	Burst int

	// used is how many tokens were missing at the time at.
	used float64
	at   time.Time
}

func (b *TokenBucket) refill(now time.Time) {
	if elapsed := now.Sub(b.at).Seconds(); elapsed > 0 { // not when the clock was set back
		b.used = max(0, b.used-elapsed*b.PerSecond)
	}
	b.at = now
}

// Wait returns how long the caller must wait for the next token.
func (b *TokenBucket) Wait(now time.Time) time.Duration {
	b.refill(now)
	return max(0, time.Duration((b.used-float64(b.Burst)+1)/b.PerSecond*float64(time.Second)))
}

// Take takes one token.
func (b *TokenBucket) Take(now time.Time) {
	b.refill(now)
	b.used++
}

// Full reports whether the bucket is full, so that it can be dropped.
func (b *TokenBucket) Full(now time.Time) bool {
	b.refill(now)
	return b.used == 0
}
