// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"container/heap"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// Repeat says why a POST was sent although Meta had sent it before.
type Repeat string

// Why a POST was repeated. Attempts after a failure are none of these, see Delivery.Attempt.
const (
	Original  Repeat = ""
	Duplicate Repeat = "duplicate"
	Replay    Repeat = "replay" // of something that was accepted some time ago
)

// Delivery is one POST to a callback that was answered, or wasn't.
type Delivery struct {
	AppID, URL string
	// Fields of the changes, each once.
	Fields []string
	// Changes and Bytes are the size of the delivery.
	Changes, Bytes int
	// Attempt counts from 1; of a batch it is the highest.
	Attempt int
	Repeat  Repeat
	// Status is the HTTP status answered, 0 when there was no answer.
	Status int
	// Sent and Answered are real time, whatever the simulator's clock.
	Sent, Answered time.Time
	// Body as it was sent; only the last 200 deliveries have it.
	Body []byte
}

// Latency is how long the answer took.
func (d *Delivery) Latency() time.Duration { return d.Answered.Sub(d.Sent) }

// MaxDeliveries is how many POSTs Deliveries knows at least; older ones are forgotten.
const MaxDeliveries = 100_000

const bodiesKept = 200

// Deliveries returns the POSTs sent, oldest first.
func (s *Simulator) Deliveries() []Delivery {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.outbox.record)
}

// ResetDeliveries forgets the POSTs sent. What waits stays.
func (s *Simulator) ResetDeliveries() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outbox.record = nil
}

// PendingDeliveries returns how many events wait for their first attempt or for another, and when the first of them is due.
func (s *Simulator) PendingDeliveries() (n int, next time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle(s.now())
	o := &s.outbox
	switch {
	case len(o.ready)+len(o.again) > 0:
		next = s.now()
	case o.waiting.Len() > 0:
		next = o.waiting[0].due
	}
	return len(o.ready) + len(o.again) + o.waiting.Len(), next
}

// DropDeliveries forgets all that waits, as if Meta had given up.
func (s *Simulator) DropDeliveries() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outbox.ready, s.outbox.again, s.outbox.waiting = nil, nil, nil
}

// Deliver sends all that is due, several at a time, and returns how many POSTs were answered with 200. What was not is
// due again later, by the simulator's clock; err then names the first one.
func (s *Simulator) Deliver(ctx context.Context) (accepted int, err error) {
	now := s.now()
	var mu sync.Mutex
	var workers sync.WaitGroup
	for range s.deliveries {
		workers.Go(func() {
			for ctx.Err() == nil {
				p := s.nextPost(now)
				if p == nil {
					return
				}
				problem := s.deliver(ctx, p)
				mu.Lock()
				if problem == nil {
					accepted++
				} else if err == nil {
					err = problem
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	return accepted, errors.Join(err, ctx.Err())
}

// DeliverAll is Deliver, also for what is not due yet.
func (s *Simulator) DeliverAll(ctx context.Context) (accepted int, err error) {
	s.mu.Lock()
	now := s.now()
	s.settle(now)
	for _, n := range s.outbox.waiting {
		n.due = now
	}
	heap.Init(&s.outbox.waiting)
	s.mu.Unlock()
	return s.Deliver(ctx)
}

// pumpInterval is how often StartDelivery checks whether a delivery became due: by the simulator's clock, which may be a fake
// one.
const pumpInterval = 100 * time.Millisecond

// StartDelivery sends in the background what is due, until the context ends or stop is called; stop waits for the POSTs on the
// way.
func (s *Simulator) StartDelivery(ctx context.Context) (stop func()) {
	stopped, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	for range s.deliveries {
		workers.Go(func() { s.pump(ctx, stopped.Done()) })
	}
	return func() {
		cancel()
		workers.Wait()
	}
}

func (s *Simulator) pump(ctx context.Context, stopped <-chan struct{}) {
	ticker := s.network.NewTicker(pumpInterval)
	defer ticker.Stop()
	for {
		select {
		case <-stopped:
			return
		default:
		}
		if p := s.nextPost(s.now()); p != nil {
			_ = s.deliver(ctx, p) // is in the record, and due again
			continue
		}
		select {
		case <-stopped:
		case <-ticker.C():
		case <-s.outbox.wake:
		}
	}
}

// deliver sends one POST and sees to what follows.
func (s *Simulator) deliver(ctx context.Context, p *post) error {
	request, secret := s.deliveryRequest(ctx, p)
	d := Delivery{
		AppID: p.appID, URL: p.url, Changes: len(p.notices), Bytes: len(p.body), Repeat: p.repeat, Body: p.body, Sent: s.network.Now(),
	}
	if request != nil {
		request.Header.Set("Content-Type", "application/json")
		request.Header.Set("X-Hub-Signature-256", signatureOf(secret, p.body))
		d.Status, _ = s.ask(request)
	}
	d.Answered = s.network.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range p.notices {
		d.Fields = append(d.Fields, n.change.Field)
		d.Attempt = max(d.Attempt, n.attempts+1)
	}
	d.Fields = sorted(d.Fields)
	s.outbox.note(d)
	switch {
	case d.Status == http.StatusOK && p.repeat == Original:
		s.outbox.remember(p)
	case d.Status != http.StatusOK && p.repeat == Original:
		s.retry(p, s.now())
	}
	if d.Status != http.StatusOK {
		return fmt.Errorf("%s answered %v with HTTP status %d", p.url, d.Fields, d.Status)
	}
	return nil
}

// deliveryRequest returns nil for an address that is none.
func (s *Simulator) deliveryRequest(ctx context.Context, p *post) (*http.Request, string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	secret := ""
	if app := s.apps[p.appID]; app != nil {
		secret = app.Secret
	}
	request, err := s.callbackRequest(ctx, http.MethodPost, p.url, nil, p.body)
	if err != nil {
		return nil, secret
	}
	return request, secret
}

// retry queues what was not accepted, with growing pauses until Meta's patience ends.
func (s *Simulator) retry(p *post, now time.Time) {
	patience := s.habits.Patience
	if patience <= 0 {
		patience = retryPatience
	}
	for _, n := range p.notices {
		pause := min(firstRetryPause<<min(n.attempts, 20), longestRetryPause)
		n.attempts++
		n.due = now.Add(pause)
		if n.due.Sub(n.happened) <= patience {
			heap.Push(&s.outbox.waiting, n)
		}
	}
}

// remember keeps a POST that was accepted, to be replayed.
func (o *outbox) remember(p *post) {
	o.old = append(o.old, p)
	if len(o.old) > maxOldPosts {
		o.old = o.old[1:]
	}
}

func (o *outbox) note(d Delivery) {
	if len(o.record) >= 2*MaxDeliveries {
		o.record = slices.Clone(o.record[MaxDeliveries:])
	}
	o.record = append(o.record, d)
	if i := len(o.record) - 1 - bodiesKept; i >= 0 {
		o.record[i].Body = nil
	}
}
