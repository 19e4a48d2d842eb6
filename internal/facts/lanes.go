// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"context"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/internal/loglimit"
)

const (
	// writers is how many resources are written at the same time.
	writers = 16
	// writeTimeout bounds what is done for one resource at a time. It isn't bound to one delivery: others may have joined.
	writeTimeout = 20 * time.Second
)

// lanes let one write at a time go to each resource. What arrives for it meanwhile is put together and goes with the next
// one: otherwise writers of this process would refuse each other's work by the thousand.
type lanes struct {
	store    *store
	failures *loglimit.Failures
	slots    *turns

	mu   sync.Mutex
	open map[subject]*lane
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

func newLanes(s *store, failures *loglimit.Failures) *lanes {
	return &lanes{store: s, failures: failures, slots: newTurns(writers), open: map[subject]*lane{}}
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
	var last client.Object
	for {
		l.slots.take(tenant)
		batch := l.take(s, ln)
		if len(batch) > 0 {
			last = l.write(ctx, s, batch, last)
		}
		l.slots.give()
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

func (l *lanes) write(ctx context.Context, s subject, batch []*ticket, last client.Object) client.Object {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	var events []event
	for _, t := range batch {
		events = append(events, t.events...)
	}
	obj, outcomes, err := l.store.write(ctx, s, events, last)
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
