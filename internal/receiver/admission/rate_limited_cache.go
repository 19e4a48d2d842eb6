// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/deadline"
)

// The least time between the starts of two reads of one cache. It grows with the number of Secrets that the earlier one read, so
// that one app has at most fifty Secrets read per second.
const (
	minReadInterval   = time.Second
	intervalPerSecret = 20 * time.Millisecond
)

// RateLimitedCache caches a value that is made of the Secrets of one app. Unverified requests may cause reads of it, so reads are
// rate limited: callers that wait share one, two never run at the same time, and an interval separates them.
type RateLimitedCache[T any] struct {
	clock  clock.Clock
	maxAge time.Duration
	read   func(ctx context.Context, previous T) (T, int)

	mu    sync.Mutex
	value T
	// started and finished count reads; during a read, finished is one less.
	started, finished int
	// startedAt is when the latest read started, and interval the least time from then to the next one.
	startedAt time.Time
	interval  time.Duration
	// reading is closed when the read in progress ends; changes are those since it started.
	reading chan struct{}
	changes []func(T) T
}

// NewRateLimitedCache returns an empty cache, whose values Recent returns up to maxAge. The function read gets the previous value, or
// the zero value. It returns the new one, and the number of Secrets that it has read.
func NewRateLimitedCache[T any](c clock.Clock, maxAge time.Duration, read func(ctx context.Context, previous T) (T, int)) *RateLimitedCache[T] {
	return &RateLimitedCache[T]{clock: c, maxAge: maxAge, read: read}
}

// Mark returns the present moment, for Since.
func (c *RateLimitedCache[T]) Mark() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.started
}

// Recent returns a value that is at most maxAge old. A value may be older while the rate limit permits no read.
func (c *RateLimitedCache[T]) Recent(ctx context.Context) (T, error) {
	return c.await(ctx, func() bool {
		return c.finished > 0 && deadline.Within(c.startedAt, c.clock.Now(), max(c.maxAge, c.interval))
	})
}

// Since returns a value whose read started after the mark. It waits until the rate limit permits a read.
func (c *RateLimitedCache[T]) Since(ctx context.Context, mark int) (T, error) {
	return c.await(ctx, func() bool { return c.finished > mark })
}

// Change changes the cached value, if there is one, and the result of a read in progress.
func (c *RateLimitedCache[T]) Change(f func(T) T) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished > 0 {
		c.value = f(c.value)
	}
	if c.reading != nil {
		c.changes = append(c.changes, f)
	}
}

func (c *RateLimitedCache[T]) await(ctx context.Context, enough func() bool) (T, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !enough() {
		if c.reading == nil && c.untilNext() == 0 {
			c.start(context.WithoutCancel(ctx))
		}
		if err := c.wait(ctx); err != nil {
			var none T
			return none, err
		}
	}
	return c.value, nil
}

// untilNext returns the time until the rate limit permits a read. c.mu is held.
func (c *RateLimitedCache[T]) untilNext() time.Duration {
	return deadline.Left(c.startedAt.Add(c.interval), c.clock.Now(), c.interval)
}

// start reads in the background, so that the read goes on for others when the caller is cancelled. c.mu is held.
func (c *RateLimitedCache[T]) start(ctx context.Context) {
	c.started++
	c.startedAt = c.clock.Now()
	reading, previous := make(chan struct{}), c.value
	c.reading = reading
	go func() {
		value, secrets := c.read(ctx, previous)
		c.mu.Lock()
		defer c.mu.Unlock()
		for _, change := range c.changes {
			value = change(value)
		}
		c.value, c.finished, c.reading, c.changes = value, c.started, nil, nil
		c.interval = max(minReadInterval, time.Duration(secrets)*intervalPerSecret)
		close(reading)
	}()
}

// wait returns when the read in progress ends, or when the rate limit permits another one. c.mu is held, except during the wait.
func (c *RateLimitedCache[T]) wait(ctx context.Context) error {
	reading, left := c.reading, c.untilNext()
	c.mu.Unlock()
	defer c.mu.Lock()
	if reading != nil {
		select {
		case <-reading:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	timer := c.clock.NewTimer(left)
	defer timer.Stop()
	select {
	case <-timer.C():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
