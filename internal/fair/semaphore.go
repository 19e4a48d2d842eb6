// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package fair shares limited resources among tenants, so that no tenant can use them up.
package fair

import "sync"

// Semaphore hands out slots to tenants round-robin, so that one tenant's burst delays another tenant by at most one write.
type Semaphore struct {
	mu   sync.Mutex
	free int
	// waiting holds the queued callers by tenant, and tenants those with queued callers, in the order in which they are served.
	waiting map[string][]chan struct{}
	tenants []string
}

// NewSemaphore returns a semaphore with a number of slots.
func NewSemaphore(slots int) *Semaphore {
	return &Semaphore{free: slots, waiting: map[string][]chan struct{}{}}
}

// Acquire waits for a slot.
func (s *Semaphore) Acquire(tenant string) {
	if granted := s.enqueue(tenant); granted != nil {
		<-granted
	}
}

// enqueue takes a free slot, or returns a channel that is closed once the caller has a slot.
func (s *Semaphore) enqueue(tenant string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.free > 0 {
		s.free--
		return nil
	}
	if len(s.waiting[tenant]) == 0 {
		s.tenants = append(s.tenants, tenant)
	}
	granted := make(chan struct{})
	s.waiting[tenant] = append(s.waiting[tenant], granted)
	return granted
}

// Waiting returns how many callers of a tenant wait for a slot.
func (s *Semaphore) Waiting(tenant string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.waiting[tenant])
}

// Release hands a slot to the next caller.
func (s *Semaphore) Release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.tenants) == 0 {
		s.free++
		return
	}
	tenant := s.tenants[0]
	s.tenants = s.tenants[1:]
	granted, rest := s.waiting[tenant][0], s.waiting[tenant][1:]
	if len(rest) > 0 {
		s.waiting[tenant] = rest
		s.tenants = append(s.tenants, tenant)
	} else {
		delete(s.waiting, tenant)
	}
	close(granted)
}
