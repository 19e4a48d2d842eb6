// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"sync"
	"time"

	"k8s.io/utils/clock"
)

// budgets shares one budget among all sessions with the same key. A budget without a session is kept while it is relevant: a
// resource that is created again must not get a new quota.
type budgets[K comparable] struct {
	clock clock.PassiveClock

	mu    sync.Mutex
	byKey map[K]*sharedBudget
	// idle are the keys of budgets without a session.
	idle map[K]struct{}
}

type sharedBudget struct {
	*Budget

	sessions int
}

func newBudgets[K comparable](c clock.PassiveClock) *budgets[K] {
	return &budgets[K]{clock: c, byKey: map[K]*sharedBudget{}, idle: map[K]struct{}{}}
}

// acquire returns the budget of a key for one more session.
func (b *budgets[K]) acquire(key K) *Budget {
	b.mu.Lock()
	defer b.mu.Unlock()
	shared, ok := b.byKey[key]
	if !ok {
		shared = &sharedBudget{Budget: NewBudget(b.clock)}
		b.byKey[key] = shared
	}
	shared.sessions++
	delete(b.idle, key)
	return shared.Budget
}

// release returns the budget of a key for one session less.
func (b *budgets[K]) release(key K) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if shared := b.byKey[key]; shared != nil {
		if shared.sessions--; shared.sessions == 0 {
			b.idle[key] = struct{}{}
		}
	}
}

// free drops the budget of a key if it has no session and isn't relevant any more. It returns how long a budget without a session
// is still kept.
func (b *budgets[K]) free(key K) time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.freeLocked(key)
}

func (b *budgets[K]) freeLocked(key K) time.Duration {
	if _, idle := b.idle[key]; !idle {
		return 0
	}
	left := b.byKey[key].relevantFor()
	if left == 0 {
		delete(b.byKey, key)
		delete(b.idle, key)
	}
	return left
}

// sweep drops all budgets that can be dropped.
func (b *budgets[K]) sweep() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for key := range b.idle {
		b.freeLocked(key)
	}
}
