// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/deadline"
)

// How hard callers that nobody has vouched for can make us work: readings for their sake are a second apart, and reading one
// Secret buys this much more rest, which makes fifty Secrets a second and app at most.
const (
	pauseBetweenReadings = time.Second
	pausePerSecret       = 20 * time.Millisecond
	readingTimeout       = 5 * time.Second
)

// memo remembers what the Secrets of one app say. Reading is shared by all who wait for it, never runs twice at a time, and
// keeps its distance to the reading before.
type memo[T any] struct {
	clock clock.Clock
	// maxAge is how long a value is good enough for those who have no reason to doubt it.
	maxAge time.Duration
	// read returns the new value and how many Secrets it read; it gets the value before, or the zero value.
	read func(ctx context.Context, before T) (T, int)

	mu    sync.Mutex
	value T
	// begun and done count readings; done is begun, or one less while a reading is under way.
	begun, done int
	// at is when the latest reading began, and rest how long after it none may begin.
	at   time.Time
	rest time.Duration
	// flight is closed when the reading under way ends; changes have come since it began.
	flight  chan struct{}
	changes []func(T) T
}

// mark returns a mark of this moment for since.
func (m *memo[T]) mark() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.begun
}

// recent returns a value that is no older than maxAge, or than the next permitted reading.
func (m *memo[T]) recent(ctx context.Context) (T, error) {
	return m.await(ctx, func() bool {
		return m.done > 0 && deadline.Within(m.at, m.clock.Now(), max(m.maxAge, m.rest))
	})
}

// since returns a value whose reading began after the mark, and waits for the next permitted reading if there is none yet.
func (m *memo[T]) since(ctx context.Context, mark int) (T, error) {
	return m.await(ctx, func() bool { return m.done > mark })
}

// change replaces the value that is remembered, if there is one, and the one that is being read.
func (m *memo[T]) change(f func(T) T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.done > 0 {
		m.value = f(m.value)
	}
	if m.flight != nil {
		m.changes = append(m.changes, f)
	}
}

func (m *memo[T]) await(ctx context.Context, enough func() bool) (T, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for !enough() {
		if m.flight == nil && m.resting() == 0 {
			m.start(context.WithoutCancel(ctx))
		}
		if err := m.pause(ctx); err != nil {
			var none T
			return none, err
		}
	}
	return m.value, nil
}

// resting is how long no reading may begin. m.mu is held.
func (m *memo[T]) resting() time.Duration {
	return deadline.Left(m.at.Add(m.rest), m.clock.Now(), m.rest)
}

// start reads in the background, so that nobody's leaving disturbs those who wait too. m.mu is held.
func (m *memo[T]) start(ctx context.Context) {
	m.begun++
	m.at = m.clock.Now()
	flight, before := make(chan struct{}), m.value
	m.flight = flight
	go func() {
		value, secrets := m.read(ctx, before)
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, change := range m.changes {
			value = change(value)
		}
		m.value, m.done, m.flight, m.changes = value, m.begun, nil, nil
		m.rest = max(pauseBetweenReadings, time.Duration(secrets)*pausePerSecret)
		close(flight)
	}()
}

// pause waits until the reading under way ends or another may begin. m.mu is held, but not while it waits.
func (m *memo[T]) pause(ctx context.Context) error {
	flight, wait := m.flight, m.resting()
	m.mu.Unlock()
	defer m.mu.Lock()
	if flight != nil {
		select {
		case <-flight:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	timer := m.clock.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
