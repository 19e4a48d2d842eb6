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
	// attemptsAtOnce is the number of concurrent attempts per target.
	attemptsAtOnce = 8
	// minBackoff is the wait after the first failed attempt of a delivery; it doubles up to maxBackoff.
	minBackoff = time.Second
	maxBackoff = time.Minute
	// logInterval is the least time between two log lines about one target.
	logInterval = time.Minute
	// overhead is roughly the memory of a delivery beside its bytes. It bounds the number of small deliveries.
	overhead = 512
)

// forwardedHeaders are the headers of Meta's request that targets get.
var forwardedHeaders = []string{"Content-Type", "User-Agent", "X-Hub-Signature-256"}

// payload is the part of a delivery that all targets share; it is immutable.
type payload struct {
	appID   string
	body    []byte
	header  http.Header
	offered time.Time
	size    int64
	// id identifies the delivery. It is the same when Meta sends the delivery again.
	id [sha256.Size]byte
}

func newPayload(d Delivery, now time.Time) *payload {
	body := d.Body
	if spare := cap(body) - len(body); spare > len(body)/8 {
		body = bytes.Clone(body) // a message of 1 KiB must not keep a buffer of 16 KiB in memory
	}
	// net/http sends no header for an empty user agent, but its own for an absent one.
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

// targetQueue has the deliveries to one target. The relay's lock guards it.
type targetQueue struct {
	relay  *Relay
	target Target
	host   string // the part of the URL that the log may contain

	waiting      dueHeap
	bytes        int64            // of deliveries that wait or are being sent
	byApp        map[string]int64 // the same per app; apps without deliveries have no entry
	redeliveries redeliveries
	paused       time.Time // the target's Retry-After: no attempt before then
	loggedAt     time.Time
	changed      chan struct{} // holds a token after a change that the sender may wait for
}

func newTargetQueue(r *Relay, target Target) *targetQueue {
	q := &targetQueue{relay: r, target: target, byApp: map[string]int64{}, changed: make(chan struct{}, 1)}
	if u, err := url.Parse(target.URL); err == nil {
		q.host = u.Host
	}
	return q
}

// wants reports whether the target is for the app and one of the fields.
func (q *targetQueue) wants(appID string, fields []string) bool {
	return (len(q.target.Apps) == 0 || slices.Contains(q.target.Apps, appID)) &&
		(len(q.target.Fields) == 0 || slices.ContainsFunc(fields, q.includes))
}

func (q *targetQueue) includes(field string) bool {
	return len(q.target.Fields) == 0 || slices.Contains(q.target.Fields, field)
}

// takesMessages reports whether one of the fields is a message field that the target is for.
func (q *targetQueue) takesMessages(fields []string) bool {
	return slices.ContainsFunc(fields, func(field string) bool { return slices.Contains(webhook.MessageFields, field) && q.includes(field) })
}

// offer queues a delivery if its memory suffices, or drops it. It returns false only for messages that may fit later, or in another
// process.
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
		q.logFailure("its share of the memory is full")
		return false
	default:
		q.relay.options.Metrics.Relayed(DroppedFull)
		q.logFailure("its share of the memory is full")
	}
	return true
}

// fits reports whether the app may use memory for a delivery: it must leave as much free as it uses. Whatever some apps have sent,
// there is memory for another one.
func (q *targetQueue) fits(p *payload) bool {
	return q.byApp[p.appID]+p.size <= q.relay.share-(q.bytes+p.size)
}

// count adds a delivery to the totals, or subtracts it.
func (q *targetQueue) count(p *payload, sign int64) {
	q.bytes += sign * p.size
	q.byApp[p.appID] += sign * p.size
	if q.byApp[p.appID] == 0 {
		delete(q.byApp, p.appID)
	}
	q.relay.addTotals(int(sign), sign*p.size)
}

func (q *targetQueue) put(d *relayed) {
	heap.Push(&q.waiting, d)
	q.signal()
}

func (q *targetQueue) signal() {
	select {
	case q.changed <- struct{}{}:
	default: // the channel holds a token already
	}
}

// remove ends a delivery with an outcome.
func (q *targetQueue) remove(d *relayed, outcome string) {
	q.count(d.payload, -1)
	q.relay.options.Metrics.Relayed(outcome)
}

func (q *targetQueue) dropAll() {
	for _, d := range q.waiting {
		q.remove(d, DroppedShutdown)
	}
	q.waiting = nil
}

// logFailure logs at most one line per logInterval; the metrics count all losses.
func (q *targetQueue) logFailure(reason string) {
	now := q.relay.options.Clock.Now()
	if now.Sub(q.loggedAt) >= logInterval {
		q.loggedAt = now
		q.relay.options.Log.Info("Forwarding to a relay target failed", "host", q.host, "reason", reason)
	}
}

// run sends until the relay stops and nothing is left, or until the context ends.
func (q *targetQueue) run(ctx context.Context) {
	var senders sync.WaitGroup
	defer senders.Wait()
	free := make(chan struct{}, attemptsAtOnce)
	for {
		// A delivery leaves the queue only with a free slot, so that it can expire in the queue.
		free <- struct{}{}
		d := q.next(ctx)
		if d == nil {
			return
		}
		senders.Go(func() {
			defer func() { <-free }()
			q.finish(d, q.send(ctx, d.payload))
		})
	}
}

// next waits for a delivery that is due, and returns nil when the relay ends.
func (q *targetQueue) next(ctx context.Context) *relayed {
	for ctx.Err() == nil {
		d, wait, stopping := q.nextDue()
		if d != nil || stopping {
			return d
		}
		timer := q.relay.options.Clock.NewTimer(wait)
		// A delivery may have become due before the timer was set.
		if d, _, stopping = q.nextDue(); d == nil && !stopping {
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

// nextDue returns a delivery that is due, or the time until the next one is.
func (q *targetQueue) nextDue() (d *relayed, wait time.Duration, stopping bool) {
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
			q.remove(d, DroppedExpired)
		case q.relay.stopping || !ready.After(now):
			heap.Pop(&q.waiting)
			return d, 0, false
		default:
			return nil, ready.Sub(now), false
		}
	}
	return nil, q.relay.options.MaxAge, q.relay.stopping
}

// finish handles the result of an attempt.
func (q *targetQueue) finish(d *relayed, result attempt) {
	q.relay.mu.Lock()
	defer q.relay.mu.Unlock()
	if result.reason != "" {
		q.logFailure(result.reason)
	}
	switch {
	case result.outcome != Retried:
		q.remove(d, result.outcome)
	case q.relay.stopping:
		q.remove(d, DroppedShutdown)
	default:
		q.retry(d, result.retryAfter)
	}
}

// retry queues a delivery again, unless it expires before its next attempt.
func (q *targetQueue) retry(d *relayed, after time.Duration) {
	now := q.relay.options.Clock.Now()
	if after > 0 {
		q.paused = now.Add(after)
	}
	// 16 doublings exceed maxBackoff, and don't overflow.
	backoff := min(minBackoff<<min(d.failures, 16), maxBackoff)
	d.failures++
	d.due = now.Add(max(wait.Jitter(backoff, 0.5), after))
	if d.due.Sub(d.offered) >= q.relay.options.MaxAge {
		q.remove(d, DroppedExpired)
		return
	}
	q.put(d)
	q.relay.options.Metrics.Relayed(Retried)
}

// dueHeap is a heap. Its first delivery is the one that is due first.
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
	(*h)[last] = nil // frees the body
	*h = (*h)[:last]
	return d
}

// maxRedeliveries bounds the memory for redeliveries, 32 bytes each.
const maxRedeliveries = 10_000

// redeliveries are deliveries that Meta sends again although the target has them, because another target had no memory for them. At
// maxRedeliveries the oldest one is removed.
type redeliveries struct {
	order [][sha256.Size]byte
	known map[[sha256.Size]byte]struct{}
}

func (r *redeliveries) has(id [sha256.Size]byte) bool {
	_, ok := r.known[id]
	return ok
}

func (r *redeliveries) add(id [sha256.Size]byte) {
	if r.known == nil {
		r.known = map[[sha256.Size]byte]struct{}{}
	}
	if len(r.order) == maxRedeliveries {
		delete(r.known, r.order[0])
		r.order = r.order[1:]
	}
	r.order = append(r.order, id)
	r.known[id] = struct{}{}
}
