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

// absentFor is how long it is remembered that nobody manages something. The cache goes on being asked, so this only saves
// live lists for what nobody manages at all.
const absentFor = 5 * time.Minute

// maxAbsences bounds the memory of one account.
const maxAbsences = 2_000

// absence is something of an account that has no resource.
type absence struct {
	account types.NamespacedName
	what    string
}

// absences remembers what was confirmed to have no resource. Each account has a memory of its own: however much one of them
// makes it remember, the others' isn't forgotten.
type absences struct {
	clock clock.PassiveClock

	mu    sync.Mutex
	since map[types.NamespacedName]map[string]time.Time
	// swept is when what is too old was dropped last.
	swept time.Time
}

func newAbsences(c clock.PassiveClock) *absences {
	return &absences{clock: c, since: map[types.NamespacedName]map[string]time.Time{}}
}

// sweep drops what is too old, once in a while: the next delivery frees what the ones before it left.
func (a *absences) sweep() {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock.Now()
	if deadline.Within(a.swept, now, absentFor) {
		return
	}
	a.swept = now
	maps.DeleteFunc(a.since, func(_ types.NamespacedName, of map[string]time.Time) bool {
		maps.DeleteFunc(of, func(_ string, at time.Time) bool { return !deadline.Within(at, now, absentFor) })
		return len(of) == 0
	})
}

// forget drops what is about an account whose resource is gone.
func (a *absences) forget(account types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.since, account)
}

func (a *absences) has(key absence) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, ok := a.since[key.account][key.what]
	return ok && deadline.Within(at, a.clock.Now(), absentFor)
}

func (a *absences) add(key absence) {
	a.mu.Lock()
	defer a.mu.Unlock()
	of := a.since[key.account]
	if of == nil || len(of) >= maxAbsences {
		of = map[string]time.Time{}
		a.since[key.account] = of
	}
	of[key.what] = a.clock.Now()
}

// len counts everything.
func (a *absences) len() (n int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, of := range a.since {
		n += len(of)
	}
	return n
}
