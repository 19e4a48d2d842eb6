// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"context"
	"maps"
	"sync"
	"time"

	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/fair"
	"github.com/waba-operator/waba-operator/internal/loglimit"
)

const (
	// writers is how many resources are written at the same time.
	writers = 16
	// writeTimeout bounds one write to a resource. It is independent of the delivery that started the write: others may have
	// joined.
	writeTimeout = 20 * time.Second
)

// perObjectQueue serialises the writes to each resource, at about one a second: each write is a new version of the whole resource
// for the API server, its database and all watchers. Events that arrive meanwhile are merged into the next write. Without the
// queue, the writers of this process would also cause each other thousands of conflicts.
type perObjectQueue struct {
	store    *store
	clock    clock.Clock
	failures *loglimit.Failures
	slots    *fair.Semaphore

	mu     sync.Mutex
	queues map[subject]*objectQueue
	// buckets are the token buckets of the resources that were written recently.
	buckets   map[subject]*fair.TokenBucket
	lastSweep time.Time
}

type objectQueue struct{ requests []*request }

// request is a batch of events for one resource. done is closed once err, or results with one entry for each event, is set.
type request struct {
	events  []event
	results []eventResult
	err     error
	done    chan struct{}
	// async means that no sender waits for the result, so an error must be logged.
	async bool
}

func newPerObjectQueue(s *store, c clock.Clock, failures *loglimit.Failures) *perObjectQueue {
	return &perObjectQueue{
		store: s, clock: c, failures: failures, slots: fair.NewSemaphore(writers),
		queues: map[subject]*objectQueue{}, buckets: map[subject]*fair.TokenBucket{},
	}
}

// burst is the number of writes without a wait: Meta sends a few events about one object at a time, such as its status and
// quality.
const burst = 5

// newTokenBucket limits the writes of one resource, and the live lists of a kind.
func newTokenBucket() *fair.TokenBucket { return &fair.TokenBucket{PerSecond: 1, Burst: burst} }

// bucketSweepPeriod is how often full buckets are dropped.
const bucketSweepPeriod = time.Minute

// sweep drops full buckets, at most once per bucketSweepPeriod.
func (q *perObjectQueue) sweep() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if now := q.clock.Now(); !deadline.Within(q.lastSweep, now, bucketSweepPeriod) {
		q.lastSweep = now
		q.dropFullLocked(now)
	}
}

// dropFull drops full buckets at once.
func (q *perObjectQueue) dropFull() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.dropFullLocked(q.clock.Now())
}

// dropFullLocked is dropFull while q.mu is held.
func (q *perObjectQueue) dropFullLocked(now time.Time) {
	maps.DeleteFunc(q.buckets, func(_ subject, p *fair.TokenBucket) bool { return p.Full(now) })
}

// waitForToken waits until the resource may be written again.
func (q *perObjectQueue) waitForToken(s subject) {
	for {
		q.mu.Lock()
		var wait time.Duration
		if p := q.buckets[s]; p != nil {
			wait = p.Wait(q.clock.Now())
		}
		q.mu.Unlock()
		if wait <= 0 {
			return
		}
		sleep(q.clock, wait)
	}
}

// spendToken counts a request to the API server.
func (q *perObjectQueue) spendToken(s subject) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.buckets[s] == nil {
		q.buckets[s] = newTokenBucket()
	}
	q.buckets[s].Take(q.clock.Now())
}

// submit queues events of one resource. A caller that stops waiting doesn't cancel the write for the others.
func (q *perObjectQueue) submit(ctx context.Context, s subject, events []event) *request {
	return q.add(ctx, s, &request{events: events, done: make(chan struct{})})
}

// submitAsync is submit for events whose sender doesn't wait.
func (q *perObjectQueue) submitAsync(ctx context.Context, s subject, events []event) {
	q.add(ctx, s, &request{events: events, done: make(chan struct{}), async: true})
}

func (q *perObjectQueue) add(ctx context.Context, s subject, r *request) *request {
	q.mu.Lock()
	defer q.mu.Unlock()
	queue, running := q.queues[s]
	if !running {
		queue = &objectQueue{}
		q.queues[s] = queue
		go q.run(context.WithoutCancel(ctx), s, tenantOf(s, r.events), queue)
	}
	queue.requests = append(queue.requests, r)
	return r
}

// tenantOf returns the tenant of events: the namespace of their account.
func tenantOf(s subject, events []event) string {
	if len(events) > 0 && events[0].account.Name.Namespace != "" {
		return events[0].account.Name.Namespace
	}
	return s.key.Namespace
}

// run writes until the queue of the resource is empty.
func (q *perObjectQueue) run(ctx context.Context, s subject, tenant string, queue *objectQueue) {
	var last v1alpha1.Asset
	for {
		q.waitForToken(s)
		q.slots.Acquire(tenant)
		batch := q.dequeue(s, queue)
		if len(batch) > 0 {
			last = q.write(ctx, s, batch, last)
		}
		q.slots.Release()
		if len(batch) == 0 {
			return
		}
	}
}

func (q *perObjectQueue) dequeue(s subject, queue *objectQueue) []*request {
	q.mu.Lock()
	defer q.mu.Unlock()
	batch := queue.requests
	queue.requests = nil
	if len(batch) == 0 {
		delete(q.queues, s)
	}
	return batch
}

func (q *perObjectQueue) write(ctx context.Context, s subject, batch []*request, last v1alpha1.Asset) v1alpha1.Asset {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	var events []event
	for _, r := range batch {
		events = append(events, r.events...)
	}
	obj, results, noRequest, err := q.store.write(ctx, s, events, last)
	if !noRequest {
		q.spendToken(s)
	}
	for _, r := range batch {
		if r.err = err; err == nil {
			r.results, results = results[:len(r.events)], results[len(r.events):]
		} else if r.async {
			q.failures.Report("note that events arrive", err)
		}
		close(r.done)
	}
	return obj
}
