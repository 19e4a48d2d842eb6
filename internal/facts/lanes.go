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
	// writeTimeout bounds what is done for one resource at a time. It isn't bound to one delivery: others may have joined.
	writeTimeout = 20 * time.Second
)

// lanes let one write at a time go to each resource, and about one a second: each is a new version of the whole resource for the
// API server, its database and all who watch. What arrives for it meanwhile is put together and goes with the next one. Otherwise
// writers of this process would refuse each other's work by the thousand, too.
type lanes struct {
	store    *store
	clock    clock.Clock
	failures *loglimit.Failures
	slots    *fair.Turns

	mu   sync.Mutex
	open map[subject]*lane
	// paces are those of the resources that haven't rested yet.
	paces map[subject]*fair.Pace
	swept time.Time
}

type lane struct{ waiting []*ticket }

// ticket is what somebody wants to have written about one resource. done is closed when outcomes, one for each event, or
// err are there.
type ticket struct {
	events   []event
	outcomes []outcome
	err      error
	done     chan struct{}
	// unattended: no sender waits for the result, so the log has to have the error.
	unattended bool
}

func newLanes(s *store, c clock.Clock, failures *loglimit.Failures) *lanes {
	return &lanes{
		store: s, clock: c, failures: failures, slots: fair.NewTurns(writers), open: map[subject]*lane{}, paces: map[subject]*fair.Pace{},
	}
}

// burst is what needn't wait: the few events that Meta sends about one object at a time, such as its status and quality.
const burst = 5

// newPace is that of one resource's writes, and of the live lists of a kind.
func newPace() *fair.Pace { return &fair.Pace{PerSecond: 1, Burst: burst} }

// paceSweep is how often the paces of resources that have rested are dropped.
const paceSweep = time.Minute

// sweep drops the paces of resources that have rested, once in a while.
func (l *lanes) sweep() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now := l.clock.Now(); !deadline.Within(l.swept, now, paceSweep) {
		l.swept = now
		l.freeRested(now)
	}
}

// free drops them at once.
func (l *lanes) free() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.freeRested(l.clock.Now())
}

// freeRested drops the paces of resources that have rested. l.mu is held.
func (l *lanes) freeRested(now time.Time) {
	maps.DeleteFunc(l.paces, func(_ subject, p *fair.Pace) bool { return p.Rested(now) })
}

// rest waits until the resource may be written again.
func (l *lanes) rest(s subject) {
	for {
		l.mu.Lock()
		var wait time.Duration
		if p := l.paces[s]; p != nil {
			wait = p.Wait(l.clock.Now())
		}
		l.mu.Unlock()
		if wait <= 0 {
			return
		}
		sleep(l.clock, wait)
	}
}

// spend counts a request to the API server.
func (l *lanes) spend(s subject) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.paces[s] == nil {
		l.paces[s] = newPace()
	}
	l.paces[s].Spend(l.clock.Now())
}

// submit queues events of one resource. Whoever gave up waiting doesn't stop what others wait for.
func (l *lanes) submit(ctx context.Context, s subject, events []event) *ticket {
	return l.add(ctx, s, &ticket{events: events, done: make(chan struct{})})
}

// post is submit for events whose sender doesn't wait.
func (l *lanes) post(ctx context.Context, s subject, events []event) {
	l.add(ctx, s, &ticket{events: events, done: make(chan struct{}), unattended: true})
}

func (l *lanes) add(ctx context.Context, s subject, t *ticket) *ticket {
	l.mu.Lock()
	defer l.mu.Unlock()
	ln, busy := l.open[s]
	if !busy {
		ln = &lane{}
		l.open[s] = ln
		go l.drive(context.WithoutCancel(ctx), s, tenantOf(s, t.events), ln)
	}
	ln.waiting = append(ln.waiting, t)
	return t
}

// tenantOf names whose events they are: tenants are told apart by the namespace of their accounts.
func tenantOf(s subject, events []event) string {
	if len(events) > 0 && events[0].account.Name.Namespace != "" {
		return events[0].account.Name.Namespace
	}
	return s.key.Namespace
}

// drive writes until nothing is waiting any more.
func (l *lanes) drive(ctx context.Context, s subject, tenant string, ln *lane) {
	var last v1alpha1.Asset
	for {
		l.rest(s)
		l.slots.Take(tenant)
		batch := l.take(s, ln)
		if len(batch) > 0 {
			last = l.write(ctx, s, batch, last)
		}
		l.slots.Give()
		if len(batch) == 0 {
			return
		}
	}
}

func (l *lanes) take(s subject, ln *lane) []*ticket {
	l.mu.Lock()
	defer l.mu.Unlock()
	batch := ln.waiting
	ln.waiting = nil
	if len(batch) == 0 {
		delete(l.open, s)
	}
	return batch
}

func (l *lanes) write(ctx context.Context, s subject, batch []*ticket, last v1alpha1.Asset) v1alpha1.Asset {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	var events []event
	for _, t := range batch {
		events = append(events, t.events...)
	}
	obj, outcomes, free, err := l.store.write(ctx, s, events, last)
	if !free {
		l.spend(s)
	}
	for _, t := range batch {
		if t.err = err; err == nil {
			t.outcomes, outcomes = outcomes[:len(t.events)], outcomes[len(t.events):]
		} else if t.unattended {
			l.failures.Report("note that events arrive", err)
		}
		close(t.done)
	}
	return obj
}
