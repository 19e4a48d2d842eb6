// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bytes"
	"container/heap"
	"context"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"
)

const (
	// relaySenders is how many attempts are made at a time for each target.
	relaySenders = 8
	// relayBackoff is the wait after the first failure of a delivery; it doubles up to relayMaxBackoff.
	relayBackoff    = time.Second
	relayMaxBackoff = time.Minute
	// relayComplaints is the time between two lines of the log about one target.
	relayComplaints = time.Minute
	// relayOverhead is what a delivery needs beside its bytes, roughly, so that many small ones are bounded too.
	relayOverhead = 512
)

// relayHeaders are forwarded. Everything else is between Meta and this server.
var relayHeaders = []string{"Content-Type", "User-Agent", "X-Hub-Signature-256"}

// relayPayload is what all targets share of a delivery; it never changes.
type relayPayload struct {
	body    []byte
	header  http.Header
	offered time.Time
	size    int64
}

func newRelayPayload(body []byte, header http.Header, now time.Time) *relayPayload {
	if spare := cap(body) - len(body); spare > len(body)/8 {
		body = bytes.Clone(body) // a buffer of 16 KiB isn't to be kept for a message of one
	}
	// An empty user agent is not sent, where none would be replaced by Go's.
	p := &relayPayload{body: body, header: http.Header{"User-Agent": {""}}, offered: now, size: relayOverhead + int64(len(body))}
	for _, name := range relayHeaders {
		if value := header.Get(name); value != "" {
			p.header.Set(name, value)
			p.size += int64(len(value))
		}
	}
	return p
}

// relayed is a delivery to one target.
type relayed struct {
	*relayPayload
	due      time.Time
	failures int
}

// relayQueue is what one target waits for. The relay's lock guards it.
type relayQueue struct {
	relay  *Relay
	target RelayTarget
	host   string // what a log may show of the URL

	waiting    relayHeap
	bytes      int64     // of what waits and of what is being sent
	paused     time.Time // the target asked for no call before
	complained time.Time
	changed    chan struct{} // holds a token after something happened that the sender may wait for
}

func newRelayQueue(r *Relay, target RelayTarget) *relayQueue {
	q := &relayQueue{relay: r, target: target, changed: make(chan struct{}, 1)}
	if u, err := url.Parse(target.URL); err == nil {
		q.host = u.Host
	}
	return q
}

// wants says whether one of the fields is the target's.
func (q *relayQueue) wants(fields []string) bool {
	return len(q.target.Fields) == 0 ||
		slices.ContainsFunc(fields, func(field string) bool { return slices.Contains(q.target.Fields, field) })
}

func (q *relayQueue) offer(p *relayPayload) {
	switch {
	case q.relay.stopped:
		q.relay.options.Metrics.Relayed(RelayDroppedShutdown)
	case q.bytes+p.size > q.relay.share:
		q.relay.options.Metrics.Relayed(RelayDroppedFull)
		q.complain("its share of the memory is full")
	default:
		q.bytes += p.size
		q.relay.account(1, p.size)
		q.put(&relayed{relayPayload: p, due: p.offered})
	}
}

func (q *relayQueue) put(d *relayed) {
	heap.Push(&q.waiting, d)
	q.signal()
}

func (q *relayQueue) signal() {
	select {
	case q.changed <- struct{}{}:
	default: // there is a token already
	}
}

// forget ends a delivery.
func (q *relayQueue) forget(d *relayed, outcome string) {
	q.bytes -= d.size
	q.relay.account(-1, -d.size)
	q.relay.options.Metrics.Relayed(outcome)
}

func (q *relayQueue) dropAll() {
	for _, d := range q.waiting {
		q.forget(d, RelayDroppedShutdown)
	}
	q.waiting = nil
}

// complain logs at most once in a while, however much is lost: the metrics count.
func (q *relayQueue) complain(why string) {
	now := q.relay.options.Clock.Now()
	if now.Sub(q.complained) >= relayComplaints {
		q.complained = now
		q.relay.options.Log.Info("A relay target doesn't take deliveries", "host", q.host, "why", why)
	}
}

// run sends until the relay stops and nothing is left, or until the context ends.
func (q *relayQueue) run(ctx context.Context) {
	var senders sync.WaitGroup
	defer senders.Wait()
	free := make(chan struct{}, relaySenders)
	for {
		// Before a delivery is taken, so that it waits, and gets too old, in the queue.
		free <- struct{}{}
		d := q.next(ctx)
		if d == nil {
			return
		}
		senders.Go(func() {
			defer func() { <-free }()
			q.settle(d, q.send(ctx, d.relayPayload))
		})
	}
}

// next waits for a delivery that is due; nil means that there will be none.
func (q *relayQueue) next(ctx context.Context) *relayed {
	for ctx.Err() == nil {
		d, wait, stopping := q.take()
		if d != nil || stopping {
			return d
		}
		timer := q.relay.options.Clock.NewTimer(wait)
		select {
		case <-q.changed:
		case <-timer.C():
		}
		timer.Stop()
	}
	return nil
}

// take gives a delivery that is due, or how long to wait for one.
func (q *relayQueue) take() (d *relayed, wait time.Duration, stopping bool) {
	q.relay.mu.Lock()
	defer q.relay.mu.Unlock()
	now := q.relay.options.Clock.Now()
	for len(q.waiting) > 0 {
		d := q.waiting[0]
		ready := d.due
		if q.paused.After(ready) {
			ready = q.paused
		}
		switch expired := now.Sub(d.offered) >= q.relay.options.MaxAge; {
		case expired:
			heap.Pop(&q.waiting)
			q.forget(d, RelayDroppedExpired)
		case q.relay.stopping || !ready.After(now):
			heap.Pop(&q.waiting)
			return d, 0, false
		default:
			return nil, ready.Sub(now), false
		}
	}
	return nil, q.relay.options.MaxAge, q.relay.stopping
}

// settle decides what follows from an attempt.
func (q *relayQueue) settle(d *relayed, result relayResult) {
	q.relay.mu.Lock()
	defer q.relay.mu.Unlock()
	if result.why != "" {
		q.complain(result.why)
	}
	switch {
	case result.outcome != RelayRetried:
		q.forget(d, result.outcome)
	case q.relay.stopping:
		q.forget(d, RelayDroppedShutdown)
	default:
		q.retry(d, result.retryAfter)
	}
}

// retry puts a delivery back, unless it would be too old by then.
func (q *relayQueue) retry(d *relayed, after time.Duration) {
	now := q.relay.options.Clock.Now()
	if after > 0 {
		q.paused = now.Add(after)
	}
	// 16 doublings are more than enough, and can't overflow.
	backoff := min(relayBackoff<<min(d.failures, 16), relayMaxBackoff)
	d.failures++
	d.due = now.Add(max(wait.Jitter(backoff, 0.5), after))
	if d.due.Sub(d.offered) >= q.relay.options.MaxAge {
		q.forget(d, RelayDroppedExpired)
		return
	}
	q.put(d)
	q.relay.options.Metrics.Relayed(RelayRetried)
}

// relayHeap is a heap with the delivery that is due first on top.
type relayHeap []*relayed

func (h relayHeap) Len() int           { return len(h) }
func (h relayHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h relayHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *relayHeap) Push(x any) { *h = append(*h, x.(*relayed)) }

// Pop implements heap.Interface.
func (h *relayHeap) Pop() any {
	last := len(*h) - 1
	d := (*h)[last]
	(*h)[last] = nil // or the body would stay in memory
	*h = (*h)[:last]
	return d
}
