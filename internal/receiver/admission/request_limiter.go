// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"container/list"
	"sync"
)

// SmallBody is the memory that a request gets in any case, in bytes. Most bodies of Meta's need no more.
const SmallBody = 16 << 10

// RequestLimiter bounds the number of unverified requests and the memory of all bodies. Beyond a bound it evicts an unverified
// request: the oldest for the number, the largest for the memory. Genuine deliveries survive a flood, because most are small and
// are verified within milliseconds.
type RequestLimiter struct {
	maxRequests int
	maxBytes    int64

	mu sync.Mutex
	// reserved is the memory of all requests. evicted is the part that evicted requests haven't released yet.
	reserved, evicted int64
	// unverified are admissions, the oldest first.
	unverified *list.List
}

// Admission is a request that a RequestLimiter has admitted.
type Admission struct {
	limiter *RequestLimiter
	// onEvict makes the request end soon; it must not block.
	onEvict func()
	bytes   int64
	// element is nil once the request is verified, evicted or released.
	element *list.Element
	evicted bool
}

// NewRequestLimiter returns a limiter of as many unverified requests, and of so much memory for all bodies.
func NewRequestLimiter(maxRequests int, maxBytes int64) *RequestLimiter {
	return &RequestLimiter{maxRequests: maxRequests, maxBytes: maxBytes, unverified: list.New()}
}

// Admit admits an unverified request, at the cost of the oldest one if there are too many. The limiter calls onEvict, which must not
// block, when it evicts the request. Release must follow.
func (l *RequestLimiter) Admit(onEvict func()) *Admission {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := &Admission{limiter: l, onEvict: onEvict}
	a.element = l.unverified.PushBack(a)
	if l.unverified.Len() > l.maxRequests {
		l.evict(l.unverified.Front())
	}
	return a
}

// Unverified returns the number of requests that are not verified yet.
func (l *RequestLimiter) Unverified() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unverified.Len()
}

// Reserved returns the memory of all requests, in bytes.
func (l *RequestLimiter) Reserved() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reserved
}

// largest returns the request with the most memory; of several, the oldest. l.mu is held.
func (l *RequestLimiter) largest() *list.Element {
	out := l.unverified.Front()
	for e := out; e != nil; e = e.Next() {
		if e.Value.(*Admission).bytes > out.Value.(*Admission).bytes {
			out = e
		}
	}
	return out
}

// evict ends a request. Its memory is free once the request has released it. l.mu is held.
func (l *RequestLimiter) evict(e *list.Element) {
	a := l.unverified.Remove(e).(*Admission) // the list contains nothing else
	l.evicted += a.bytes
	a.element, a.evicted = nil, true
	a.onEvict()
}

// Reserve sets the memory of the request, and reports whether the request may go on. Up to SmallBody it doesn't depend on what
// evicted requests haven't released yet: the number of such requests is bounded, and most deliveries need no more.
func (a *Admission) Reserve(bytes int64) bool {
	l := a.limiter
	l.mu.Lock()
	defer l.mu.Unlock()
	if a.evicted {
		return false
	}
	before := a.bytes
	l.reserved += bytes - before
	a.bytes = bytes
	for l.reserved-l.evicted > l.maxBytes && !a.evicted && l.unverified.Len() > 0 {
		l.evict(l.largest())
	}
	if l.reserved > l.maxBytes && bytes > before && bytes > SmallBody && !a.evicted {
		l.evict(a.element)
	}
	if a.evicted { // the reservation stays as it was until the request releases it
		l.reserved -= bytes - before
		l.evicted -= bytes - before
		a.bytes = before
	}
	return !a.evicted
}

// MarkVerified protects the request from eviction. It returns false for a request that was evicted before.
func (a *Admission) MarkVerified() bool {
	a.limiter.mu.Lock()
	defer a.limiter.mu.Unlock()
	a.dequeue()
	return !a.evicted
}

// Release frees the memory of the request, which the limiter doesn't evict any more. It may be called more than once.
func (a *Admission) Release() {
	a.limiter.mu.Lock()
	defer a.limiter.mu.Unlock()
	a.dequeue()
	a.limiter.reserved -= a.bytes
	if a.evicted {
		a.limiter.evicted -= a.bytes
	}
	a.bytes = 0
}

// dequeue removes the request from the unverified ones. The limiter's lock is held.
func (a *Admission) dequeue() {
	if a.element != nil {
		a.limiter.unverified.Remove(a.element)
		a.element = nil
	}
}
