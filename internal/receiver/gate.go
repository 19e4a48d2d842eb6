// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"container/list"
	"sync"
)

// gate limits the requests that nobody has vouched for yet, and the memory of all bodies. Whoever sends us garbage, or a body
// drop by drop, must not keep genuine deliveries out; those take milliseconds. So when it gets crowded the request that has
// been waiting longest for its proof has to go, and not the newcomer.
type gate struct {
	maxRequests int
	maxBytes    int64

	mu    sync.Mutex
	bytes int64
	// unproven are passes, the oldest first.
	unproven *list.List
}

// pass is a request's right to be here.
type pass struct {
	gate *gate
	// evict makes the request end soon; it must not wait.
	evict func()
	bytes int64
	// place is nil once the request is proven, evicted or over.
	place   *list.Element
	evicted bool
}

func newGate(maxRequests int, maxBytes int64) *gate {
	return &gate{maxRequests: maxRequests, maxBytes: maxBytes, unproven: list.New()}
}

// enter lets a request in.
func (g *gate) enter(evict func()) *pass {
	g.mu.Lock()
	defer g.mu.Unlock()
	p := &pass{gate: g, evict: evict}
	p.place = g.unproven.PushBack(p)
	if g.unproven.Len() > g.maxRequests {
		g.evictOldest()
	}
	return p
}

// evictOldest counts the memory of the oldest as free at once: it is, as soon as its goroutine notices. g.mu is held.
func (g *gate) evictOldest() {
	p := g.unproven.Remove(g.unproven.Front()).(*pass) // the list holds nothing else
	g.bytes -= p.bytes
	p.bytes, p.place, p.evicted = 0, nil, true
	p.evict()
}

// hold asks for room for so many bytes in all, and says whether the request may go on.
func (p *pass) hold(bytes int64) bool {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.evicted {
		return false
	}
	g.bytes += bytes - p.bytes
	p.bytes = bytes
	for g.bytes > g.maxBytes && g.unproven.Len() > 0 && !p.evicted {
		g.evictOldest()
	}
	return !p.evicted
}

// prove ends the danger of being evicted; it fails for those who already are.
func (p *pass) prove() bool {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.leaveQueue()
	return !p.evicted
}

// leave gives everything back. Afterwards evict is never called.
func (p *pass) leave() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	p.leaveQueue()
	p.gate.bytes -= p.bytes
	p.bytes = 0
}

func (p *pass) leaveQueue() {
	if p.place != nil {
		p.gate.unproven.Remove(p.place)
		p.place = nil
	}
}
