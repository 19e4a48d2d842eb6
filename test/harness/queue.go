// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"sync"
	"time"

	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

type limiter = workqueue.TypedRateLimiter[reconcile.Request]

// queue is a controller's queue whose delays follow the world's clock without a goroutine: what is due when the clock moves is
// queued before the movement returns. Everything that is queued or being reconciled counts as progress to wait for.
type queue struct {
	workqueue.TypedInterface[reconcile.Request]

	name     string
	limiter  limiter
	clock    *Clock
	progress *progress

	mu      sync.Mutex
	delayed map[reconcile.Request]time.Time
}

func (p *progress) newQueue(name string, l limiter) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	q := &queue{name: name, limiter: l, clock: p.clock, progress: p, delayed: map[reconcile.Request]time.Time{}}
	q.TypedInterface = workqueue.NewTypedWithConfig(workqueue.TypedQueueConfig[reconcile.Request]{
		Name: name, Queue: &counted{Queue: workqueue.DefaultQueue[reconcile.Request](), of: q},
	})
	p.addQueue(q)
	return q
}

// counted is the storage of a queue. It sees an item when it is queued, before a worker can take it: between the two nothing is
// lost sight of.
type counted struct {
	workqueue.Queue[reconcile.Request]

	of *queue
}

func (c *counted) Push(item reconcile.Request) {
	c.of.progress.begun(c.of, item)
	c.Queue.Push(item)
}

func (q *queue) Get() (reconcile.Request, bool) {
	q.progress.workers(q)
	return q.TypedInterface.Get()
}

func (q *queue) Done(item reconcile.Request) {
	q.TypedInterface.Done(item) // queues the item again, and counts it, where it was added meanwhile
	q.progress.done(q, item)
}

// AddAfter queues an item after a delay; of several delays the shortest counts.
func (q *queue) AddAfter(item reconcile.Request, delay time.Duration) {
	if delay <= 0 {
		q.Add(item)
		return
	}
	due := q.clock.Now().Add(delay)
	q.mu.Lock()
	defer q.mu.Unlock()
	if known, ok := q.delayed[item]; !ok || due.Before(known) {
		q.delayed[item] = due
	}
}

// AddRateLimited queues an item after the pause that its failures ask for.
func (q *queue) AddRateLimited(item reconcile.Request) { q.AddAfter(item, q.limiter.When(item)) }

func (q *queue) Forget(item reconcile.Request) { q.limiter.Forget(item) }

func (q *queue) NumRequeues(item reconcile.Request) int { return q.limiter.NumRequeues(item) }

// release queues what is due.
func (q *queue) release() {
	now := q.clock.Now()
	q.mu.Lock()
	defer q.mu.Unlock()
	for item, due := range q.delayed {
		if !due.After(now) {
			delete(q.delayed, item)
			q.Add(item)
		}
	}
}

// next is when the first delay ends; false where there is none.
func (q *queue) next() (first time.Time, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, due := range q.delayed {
		if !ok || due.Before(first) {
			first, ok = due, true
		}
	}
	return first, ok
}
