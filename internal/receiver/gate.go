// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"container/list"
	"sync"
)

// gate bounds unauthenticated requests and buffered bytes, so that garbage and slow bodies can't keep genuine deliveries out. When full, it
// evicts the oldest unauthenticated request (or the largest), never the newest: genuine deliveries take milliseconds, and most are small.
type gate struct {
	maxRequests int
	maxBytes    int64

	mu sync.Mutex
	// bytes are held by all, leaving by those among them that were evicted and haven't noticed yet.
	bytes, leaving int64
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
		g.remove(g.unproven.Front())
	}
	return p
}

// largest is the oldest of those that hold most. g.mu is held.
func (g *gate) largest() *list.Element {
	out := g.unproven.Front()
	for e := out; e != nil; e = e.Next() {
		if e.Value.(*pass).bytes > out.Value.(*pass).bytes {
			out = e
		}
	}
	return out
}

// remove evicts; the memory is free once the request has left. g.mu is held.
func (g *gate) remove(e *list.Element) {
	p := g.unproven.Remove(e).(*pass) // the list holds nothing else
	g.leaving += p.bytes
	p.place, p.evicted = nil, true
	p.evict()
}

// hold asks for room for so many bytes in all, and says whether the request may go on. Up to firstBytes needn't wait until
// those that were evicted are gone: there can't be many such requests, and most deliveries need no more.
func (p *pass) hold(bytes int64) bool {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.evicted {
		return false
	}
	before := p.bytes
	g.bytes += bytes - before
	p.bytes = bytes
	for g.bytes-g.leaving > g.maxBytes && !p.evicted && g.unproven.Len() > 0 {
		g.remove(g.largest())
	}
	if g.bytes > g.maxBytes && bytes > before && bytes > firstBytes && !p.evicted {
		g.remove(p.place)
	}
	if p.evicted { // it gets nothing, and keeps what it had until it leaves
		g.bytes -= bytes - before
		g.leaving -= bytes - before
		p.bytes = before
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
	if p.evicted {
		p.gate.leaving -= p.bytes
	}
	p.bytes = 0
}

func (p *pass) leaveQueue() {
	if p.place != nil {
		p.gate.unproven.Remove(p.place)
		p.place = nil
	}
}
