// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"sync"
	"sync/atomic"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

type limiter = workqueue.TypedRateLimiter[reconcile.Request]

// queues are the controllers' queues. Their delays follow the fake clock, and they know whether anything is being done.
type queues struct {
	clock clock.WithTicker

	mu  sync.Mutex
	all []*queue
}

type queue struct {
	workqueue.TypedRateLimitingInterface[reconcile.Request]
	busy atomic.Int64
	// turns counts items handed out, so that an observer notices activity between two looks.
	turns atomic.Int64
	// attended is set when the first worker asks for work. By then the queue has everything that existed at the start.
	attended atomic.Bool
}

// controllers is how many queues there are at least when the operator has started.
const controllers = 2

func (q *queues) new(name string, l limiter) workqueue.TypedRateLimitingInterface[reconcile.Request] {
	inner := workqueue.NewTypedRateLimitingQueueWithConfig(l, workqueue.TypedRateLimitingQueueConfig[reconcile.Request]{
		Name: name, Clock: q.clock,
	})
	tracked := &queue{TypedRateLimitingInterface: inner}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.all = append(q.all, tracked)
	return tracked
}

func (q *queue) Get() (reconcile.Request, bool) {
	q.attended.Store(true)
	item, shutdown := q.TypedRateLimitingInterface.Get()
	if !shutdown {
		q.busy.Add(1)
		q.turns.Add(1)
	}
	return item, shutdown
}

func (q *queue) Done(item reconcile.Request) {
	q.TypedRateLimitingInterface.Done(item)
	q.busy.Add(-1)
}

// state is 0 when the controllers have started and nothing is queued or being done, and the number of items handed out so
// far.
func (q *queues) state() (pending, turns int64) {
	q.mu.Lock()
	defer q.mu.Unlock()
	pending = int64(max(0, controllers-len(q.all)))
	for _, each := range q.all {
		if !each.attended.Load() {
			pending++
		}
		pending += each.busy.Load() + int64(each.Len())
		turns += each.turns.Load()
	}
	return pending, turns
}
