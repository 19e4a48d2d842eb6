// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
	clocktesting "k8s.io/utils/clock/testing"
)

// runEvery is how often a running clock moves.
const runEvery = 20 * time.Millisecond

// Clock is a fake clock that knows when its next timer is due, and whose movements can be followed.
type Clock struct {
	*clocktesting.FakeClock

	mu sync.Mutex
	// due are the times of timers, those included that were stopped meanwhile: there nothing happens.
	due     []time.Time
	moved   map[int]func()
	follows int
}

var _ clock.WithTicker = (*Clock)(nil)

// NewClock returns a clock that shows a time until it is moved.
func NewClock(now time.Time) *Clock {
	return &Clock{FakeClock: clocktesting.NewFakeClock(now), moved: map[int]func(){}}
}

// SetTime moves the clock and fires what is due.
func (c *Clock) SetTime(t time.Time) {
	c.FakeClock.SetTime(t)
	c.mu.Lock()
	c.due = slices.DeleteFunc(c.due, func(at time.Time) bool { return !at.After(t) })
	followers := make([]func(), 0, len(c.moved))
	for _, f := range c.moved {
		followers = append(followers, f)
	}
	c.mu.Unlock()
	for _, f := range followers {
		f()
	}
}

// Step moves the clock by a duration.
func (c *Clock) Step(d time.Duration) { c.SetTime(c.Now().Add(d)) }

// Sleep is Step: a fake clock waits for nothing.
func (c *Clock) Sleep(d time.Duration) { c.Step(d) }

// Run lets time pass as it really does until the returned function is called: for tests of many processes, in which something is
// always waiting for a moment to pass.
func (c *Clock) Run() (stop func()) {
	stopped, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		ticker := time.NewTicker(runEvery)
		defer ticker.Stop()
		for last := time.Now(); ; {
			select {
			case <-stopped:
				return
			case now := <-ticker.C:
				c.Step(now.Sub(last))
				last = now
			}
		}
	}()
	return func() {
		close(stopped)
		<-ended
	}
}

// Follow has f called after each movement until the returned function is called.
func (c *Clock) Follow(f func()) (stop func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.follows++
	id := c.follows
	c.moved[id] = f
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.moved, id)
	}
}

// Due returns when the next timer fires; false where there is none. Tickers don't count: they never end.
func (c *Clock) Due() (time.Time, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.due) == 0 {
		return time.Time{}, false
	}
	return slices.MinFunc(c.due, time.Time.Compare), true
}

func (c *Clock) expect(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if d > 0 {
		c.due = append(c.due, c.Now().Add(d))
	}
}

// After implements clock.Clock.
func (c *Clock) After(d time.Duration) <-chan time.Time {
	c.expect(d)
	return c.FakeClock.After(d)
}

// NewTimer implements clock.Clock.
func (c *Clock) NewTimer(d time.Duration) clock.Timer {
	c.expect(d)
	return &timer{Timer: c.FakeClock.NewTimer(d), clock: c}
}

// AfterFunc implements clock.WithDelayedExecution.
func (c *Clock) AfterFunc(d time.Duration, f func()) clock.Timer {
	c.expect(d)
	return &timer{Timer: c.FakeClock.AfterFunc(d, f), clock: c}
}

// timer is a timer whose next time the clock knows.
type timer struct {
	clock.Timer

	clock *Clock
}

// Reset implements clock.Timer.
func (t *timer) Reset(d time.Duration) bool {
	t.clock.expect(d)
	return t.Timer.Reset(d)
}
