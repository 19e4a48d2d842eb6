// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fair shares what is scarce among tenants, none of whom can use it up for the others.
package fair

import "sync"

// Turns hands out slots to tenants round-robin, so that one tenant's burst delays another tenant by at most one write.
type Turns struct {
	mu   sync.Mutex
	free int
	// waiting are those who wait by tenant, and next the tenants of whom somebody does, in the order of their turns.
	waiting map[string][]chan struct{}
	next    []string
}

// NewTurns returns as many slots.
func NewTurns(slots int) *Turns { return &Turns{free: slots, waiting: map[string][]chan struct{}{}} }

// Take waits for a slot.
func (t *Turns) Take(tenant string) {
	if turn := t.queue(tenant); turn != nil {
		<-turn
	}
}

// queue takes a slot that is free, or returns what is closed once the caller has one.
func (t *Turns) queue(tenant string) <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.free > 0 {
		t.free--
		return nil
	}
	if len(t.waiting[tenant]) == 0 {
		t.next = append(t.next, tenant)
	}
	turn := make(chan struct{})
	t.waiting[tenant] = append(t.waiting[tenant], turn)
	return turn
}

// Waiting is how many slots a tenant waits for.
func (t *Turns) Waiting(tenant string) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.waiting[tenant])
}

// Give hands a slot to the next who waits.
func (t *Turns) Give() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.next) == 0 {
		t.free++
		return
	}
	tenant := t.next[0]
	t.next = t.next[1:]
	turn, others := t.waiting[tenant][0], t.waiting[tenant][1:]
	if len(others) > 0 {
		t.waiting[tenant] = others
		t.next = append(t.next, tenant)
	} else {
		delete(t.waiting, tenant)
	}
	close(turn)
}
