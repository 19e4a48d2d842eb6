// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"bytes"
	"container/heap"
	"context"
	"crypto/sha256"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/util/wait"

	"github.com/waba-operator/waba-operator/internal/webhook"
)

const (
	// attemptsAtOnce is how many attempts are made at a time for each target.
	attemptsAtOnce = 8
	// relayBackoff is the wait after the first failure of a delivery; it doubles up to relayMaxBackoff.
	relayBackoff    = time.Second
	relayMaxBackoff = time.Minute
	// relayComplaints is the time between two lines of the log about one target.
	relayComplaints = time.Minute
	// overhead is what a delivery needs beside its bytes, roughly, so that many small ones are bounded too.
	overhead = 512
)

// forwardedHeaders are forwarded. Everything else is between Meta and this server.
var forwardedHeaders = []string{"Content-Type", "User-Agent", "X-Hub-Signature-256"}

// payload is what all targets share of a delivery; it never changes.
type payload struct {
	appID   string
	body    []byte
	header  http.Header
	offered time.Time
	size    int64
	// id tells the delivery from all others, but not from itself when Meta sends it again.
	id [sha256.Size]byte
}

func newPayload(d Delivery, now time.Time) *payload {
	body := d.Body
	if spare := cap(body) - len(body); spare > len(body)/8 {
		body = bytes.Clone(body) // a buffer of 16 KiB isn't to be kept for a message of one
	}
	// An empty user agent is not sent, where none would be replaced by Go's.
	p := &payload{
		appID: d.AppID, body: body, header: http.Header{"User-Agent": {""}}, offered: now, size: overhead + int64(len(body)),
		id: sha256.Sum256(body),
	}
	for _, name := range forwardedHeaders {
		if value := d.Header.Get(name); value != "" {
			p.header.Set(name, value)
			p.size += int64(len(value))
		}
	}
	return p
}

// relayed is a delivery to one target.
type relayed struct {
	*payload
	due      time.Time
	failures int
}

// targetQueue is what one target waits for. The relay's lock guards it.
type targetQueue struct {
	relay  *Relay
	target Target
	host   string // what a log may show of the URL

	waiting    dueHeap
	bytes      int64            // of what waits and of what is being sent
	byApp      map[string]int64 // the same, of each app that has any
	repeats    repeats
	paused     time.Time // the target asked for no call before
	complained time.Time
	changed    chan struct{} // holds a token after something happened that the sender may wait for
}

func newTargetQueue(r *Relay, target Target) *targetQueue {
	q := &targetQueue{relay: r, target: target, byApp: map[string]int64{}, changed: make(chan struct{}, 1)}
	if u, err := url.Parse(target.URL); err == nil {
		q.host = u.Host
	}
	return q
}

// wants says whether the app and one of the fields are the target's.
func (q *targetQueue) wants(appID string, fields []string) bool {
	return (len(q.target.Apps) == 0 || slices.Contains(q.target.Apps, appID)) &&
		(len(q.target.Fields) == 0 || slices.ContainsFunc(fields, q.takes))
}

func (q *targetQueue) takes(field string) bool {
	return len(q.target.Fields) == 0 || slices.Contains(q.target.Fields, field)
}

// messages says whether there is a message field among those that the target takes.
func (q *targetQueue) messages(fields []string) bool {
	return slices.ContainsFunc(fields, func(field string) bool { return slices.Contains(webhook.MessageFields, field) && q.takes(field) })
}

// offer takes a delivery, if there is room. It says no only for messages that may have room later, or in another process.
func (q *targetQueue) offer(p *payload, messages bool) bool {
	switch {
	case q.relay.stopped && messages:
		q.relay.options.Metrics.Relayed(Postponed)
		return false
	case q.relay.stopped:
		q.relay.options.Metrics.Relayed(DroppedShutdown)
	case q.fits(p):
		q.count(p, 1)
		q.put(&relayed{payload: p, due: p.offered})
	case messages && 2*p.size <= q.relay.share:
		q.relay.options.Metrics.Relayed(Postponed)
		q.complain("its share of the memory is full")
		return false
	default:
		q.relay.options.Metrics.Relayed(DroppedFull)
		q.complain("its share of the memory is full")
	}
	return true
}

// fits says whether an app has room for a delivery: it must leave as much free as it uses, so that however much one app has sent,
// or several, there is room for another one.
func (q *targetQueue) fits(p *payload) bool {
	return q.byApp[p.appID]+p.size <= q.relay.share-(q.bytes+p.size)
}

// count adds a delivery to the totals, or takes it off.
func (q *targetQueue) count(p *payload, sign int64) {
	q.bytes += sign * p.size
	q.byApp[p.appID] += sign * p.size
	if q.byApp[p.appID] == 0 {
		delete(q.byApp, p.appID)
	}
	q.relay.account(int(sign), sign*p.size)
}

func (q *targetQueue) put(d *relayed) {
	heap.Push(&q.waiting, d)
	q.signal()
}

func (q *targetQueue) signal() {
	select {
	case q.changed <- struct{}{}:
	default: // there is a token already
	}
}

// forget ends a delivery.
func (q *targetQueue) forget(d *relayed, outcome string) {
	q.count(d.payload, -1)
	q.relay.options.Metrics.Relayed(outcome)
}

func (q *targetQueue) dropAll() {
	for _, d := range q.waiting {
		q.forget(d, DroppedShutdown)
	}
	q.waiting = nil
}

// complain logs at most once in a while, however much is lost: the metrics count.
func (q *targetQueue) complain(why string) {
	now := q.relay.options.Clock.Now()
	if now.Sub(q.complained) >= relayComplaints {
		q.complained = now
		q.relay.options.Log.Info("A relay target doesn't take deliveries", "host", q.host, "why", why)
	}
}

// run sends until the relay stops and nothing is left, or until the context ends.
func (q *targetQueue) run(ctx context.Context) {
	var senders sync.WaitGroup
	defer senders.Wait()
	free := make(chan struct{}, attemptsAtOnce)
	for {
		// Before a delivery is taken, so that it waits, and gets too old, in the queue.
		free <- struct{}{}
		d := q.next(ctx)
		if d == nil {
			return
		}
		senders.Go(func() {
			defer func() { <-free }()
			q.settle(d, q.send(ctx, d.payload))
		})
	}
}

// next waits for a delivery that is due; nil means that there will be none.
func (q *targetQueue) next(ctx context.Context) *relayed {
	for ctx.Err() == nil {
		d, wait, stopping := q.take()
		if d != nil || stopping {
			return d
		}
		timer := q.relay.options.Clock.NewTimer(wait)
		// What has become due before the timer was set isn't to wait for it.
		if d, _, stopping = q.take(); d == nil && !stopping {
			select {
			case <-q.changed:
			case <-timer.C():
			}
		}
		timer.Stop()
		if d != nil || stopping {
			return d
		}
	}
	return nil
}

// take gives a delivery that is due, or how long to wait for one.
func (q *targetQueue) take() (d *relayed, wait time.Duration, stopping bool) {
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
			q.forget(d, DroppedExpired)
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
func (q *targetQueue) settle(d *relayed, result attempt) {
	q.relay.mu.Lock()
	defer q.relay.mu.Unlock()
	if result.why != "" {
		q.complain(result.why)
	}
	switch {
	case result.outcome != Retried:
		q.forget(d, result.outcome)
	case q.relay.stopping:
		q.forget(d, DroppedShutdown)
	default:
		q.retry(d, result.retryAfter)
	}
}

// retry puts a delivery back, unless it would be too old by then.
func (q *targetQueue) retry(d *relayed, after time.Duration) {
	now := q.relay.options.Clock.Now()
	if after > 0 {
		q.paused = now.Add(after)
	}
	// 16 doublings are more than enough, and can't overflow.
	backoff := min(relayBackoff<<min(d.failures, 16), relayMaxBackoff)
	d.failures++
	d.due = now.Add(max(wait.Jitter(backoff, 0.5), after))
	if d.due.Sub(d.offered) >= q.relay.options.MaxAge {
		q.forget(d, DroppedExpired)
		return
	}
	q.put(d)
	q.relay.options.Metrics.Relayed(Retried)
}

// dueHeap is a heap with the delivery that is due first on top.
type dueHeap []*relayed

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].due.Before(h[j].due) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }

// Push implements heap.Interface.
func (h *dueHeap) Push(x any) { *h = append(*h, x.(*relayed)) }

// Pop implements heap.Interface.
func (h *dueHeap) Pop() any {
	last := len(*h) - 1
	d := (*h)[last]
	(*h)[last] = nil // or the body would stay in memory
	*h = (*h)[:last]
	return d
}

// maxRepeats bounds what is remembered of deliveries that Meta sends again, 32 bytes each.
const maxRepeats = 10_000

// repeats are deliveries that a target has, and that Meta sends again because another target has no room for them. The oldest
// are forgotten first.
type repeats struct {
	order [][sha256.Size]byte
	known map[[sha256.Size]byte]struct{}
}

func (r *repeats) has(id [sha256.Size]byte) bool {
	_, ok := r.known[id]
	return ok
}

func (r *repeats) add(id [sha256.Size]byte) {
	if r.known == nil {
		r.known = map[[sha256.Size]byte]struct{}{}
	}
	if len(r.order) == maxRepeats {
		delete(r.known, r.order[0])
		r.order = r.order[1:]
	}
	r.order = append(r.order, id)
	r.known[id] = struct{}{}
}
