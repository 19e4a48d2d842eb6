// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/deadline"
)

// negativeTTL is how long the writer remembers that something has no resource. Lookups ask the cache first, so this only saves
// live lists for what no resource manages.
const negativeTTL = 5 * time.Minute

// maxNegativeEntries bounds the memory of one account.
const maxNegativeEntries = 2_000

// negativeKey names something of an account that has no resource.
type negativeKey struct {
	account types.NamespacedName
	what    string
}

// negativeCache remembers what was confirmed to have no resource. Each account has entries of its own, so the entries of one
// account never evict those of another.
type negativeCache struct {
	clock clock.PassiveClock

	mu      sync.Mutex
	entries map[types.NamespacedName]map[string]time.Time
	// lastSweep is when expired entries were last dropped.
	lastSweep time.Time
}

func newNegativeCache(c clock.PassiveClock) *negativeCache {
	return &negativeCache{clock: c, entries: map[types.NamespacedName]map[string]time.Time{}}
}

// sweep drops expired entries, at most once per negativeTTL: each delivery frees what earlier ones left.
func (a *negativeCache) sweep() {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock.Now()
	if deadline.Within(a.lastSweep, now, negativeTTL) {
		return
	}
	a.lastSweep = now
	maps.DeleteFunc(a.entries, func(_ types.NamespacedName, of map[string]time.Time) bool {
		maps.DeleteFunc(of, func(_ string, at time.Time) bool { return !deadline.Within(at, now, negativeTTL) })
		return len(of) == 0
	})
}

// forget drops the entries of an account whose resource is gone.
func (a *negativeCache) forget(account types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.entries, account)
}

func (a *negativeCache) has(key negativeKey) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, ok := a.entries[key.account][key.what]
	return ok && deadline.Within(at, a.clock.Now(), negativeTTL)
}

func (a *negativeCache) add(key negativeKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	of := a.entries[key.account]
	if of == nil || len(of) >= maxNegativeEntries {
		of = map[string]time.Time{}
		a.entries[key.account] = of
	}
	of[key.what] = a.clock.Now()
}

// len counts the entries of all accounts.
func (a *negativeCache) len() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, of := range a.entries {
		n += len(of)
	}
	return n
}
