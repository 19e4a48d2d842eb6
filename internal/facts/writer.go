// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"context"
	"errors"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/loglimit"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// Options configure a Writer.
type Options struct {
	// Client writes, and reads from the cache, which must have the indexes of package index.
	Client client.Client
	// Live reads from the API server.
	Live client.Reader
	// Namespaces and Selector restrict live lists as the cache is restricted; empty means everything.
	Namespaces []string
	Selector   labels.Selector
	Clock      clock.Clock
	Log        logr.Logger
}

// Writer persists facts. It is safe for concurrent use, and several processes may write facts about the same resource.
type Writer struct {
	find *finder
	// confirm has a confirmer for each kind whose resources can be missing in the cache.
	confirm map[string]*confirmer
	queue   *perObjectQueue
	// failures logs errors that are not returned to a sender.
	failures *loglimit.Failures
}

// NewWriter returns a Writer.
func NewWriter(o Options) *Writer {
	selector := o.Selector
	if selector == nil {
		selector = labels.Everything()
	}
	failures := loglimit.New(o.Log, o.Clock)
	w := &Writer{
		find:    &finder{cache: o.Client, absent: newNegativeCache(o.Clock)},
		confirm: map[string]*confirmer{},
		queue: newPerObjectQueue(&store{
			client: o.Client, live: o.Live, log: o.Log, unrelated: newNegativeCache(o.Clock),
		}, o.Clock, failures),
		failures: failures,
	}
	scopes := scopesOf(o.Namespaces, client.MatchingLabelsSelector{Selector: selector})
	for _, k := range []string{v1alpha1.KindMessageTemplate, v1alpha1.KindPhoneNumber} {
		w.confirm[k] = &confirmer{kind: k, live: o.Live, clock: o.Clock, scopes: scopes, bucket: newTokenBucket()}
	}
	return w
}

// Record persists the changes of a delivery, and returns once all of them are in the API server. An error means that some may be
// missing, and that a repeated delivery can store them; those already stored are recognised.
func (w *Writer) Record(ctx context.Context, d Delivery) (Tally, error) {
	w.sweep()
	r := deliveryWork{results: make([]eventResult, len(d.Changes))}
	accounts := map[string][]Account{}
	for _, a := range d.Accounts {
		accounts[a.ID] = append(accounts[a.ID], a)
	}
	var errs []error
	arrived := map[Account]bool{}
	missing := map[string][]unfoundEvent{}
	for n, c := range d.Changes {
		for _, a := range accounts[c.AccountID] {
			arrived[a] = true
		}
		switch c.Value.(type) {
		case nil:
			r.results[n] = unknown
			continue
		case webhook.Message:
			r.results[n] = message
			continue
		}
		for _, a := range accounts[c.AccountID] {
			e := newEvent(c, d.Received)
			e.account, e.n = a, n
			found, err := w.find.find(ctx, a, c)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			r.add(e, found.subjects...)
			if m := found.missing; m != nil {
				missing[m.kind] = append(missing[m.kind], unfoundEvent{m, e})
			}
		}
	}
	for k, events := range missing {
		errs = append(errs, w.findMissing(ctx, k, events, &r))
	}
	err := errors.Join(append(errs, r.submit(ctx, w.queue))...)
	w.recordArrivals(context.WithoutCancel(ctx), d, arrived)
	return r.tally(), err
}

// unfoundEvent is an event and its lookup, which matches nothing in the cache.
type unfoundEvent struct {
	*lookup
	event event
}

// findMissing asks the API server for what the cache doesn't show: once for all events of a delivery.
func (w *Writer) findMissing(ctx context.Context, kind string, events []unfoundEvent, r *deliveryWork) error {
	all := make([]*lookup, len(events))
	for i := range events {
		all[i] = events[i].lookup
	}
	confirmed, err := w.confirm[kind].confirm(ctx, all)
	if err != nil {
		return err
	}
	for _, u := range events {
		subjects := confirmed[u.negativeKey()]
		if len(subjects) == 0 {
			w.find.absent.add(u.negativeKey())
		}
		r.add(u.event, u.countable(subjects)...)
	}
	return nil
}

// sweep drops everything expired from memory.
func (w *Writer) sweep() {
	w.find.absent.sweep()
	w.queue.store.unrelated.sweep()
	w.queue.sweep()
}

// Handshake stores that Meta verified the receiver for subscriptions. The time is only informative: a failed write is logged and
// not repeated.
func (w *Writer) Handshake(ctx context.Context, subscriptions []types.NamespacedName, at time.Time) {
	r := deliveryWork{results: make([]eventResult, 1)}
	for _, key := range subscriptions {
		e := newEvent(webhook.Change{}, at)
		e.handshake = true
		r.add(e, subject{kind: v1alpha1.KindWebhookSubscription, key: key})
	}
	if err := r.submit(ctx, w.queue); err != nil {
		w.failures.Report("note a handshake", err)
	}
}

// recordArrivals stores at the subscriptions of the accounts that events arrive. No sender waits for it.
func (w *Writer) recordArrivals(ctx context.Context, d Delivery, accounts map[Account]bool) {
	for a := range accounts {
		subjects, err := w.find.subscriptions(ctx, a)
		if err != nil {
			w.failures.Report("list the subscriptions of an account", err)
			continue
		}
		var events []event
		for _, c := range d.Changes {
			if c.AccountID == a.ID {
				e := newEvent(c, d.Received)
				e.account = a
				events = append(events, e)
			}
		}
		for _, s := range subjects {
			w.queue.submitAsync(ctx, s, events)
		}
	}
}

// Forget frees everything about an account whose resource is gone.
func (w *Writer) Forget(account types.NamespacedName) {
	w.find.absent.forget(account)
	w.queue.store.unrelated.forget(account)
	w.queue.dropFull()
}

// eventResult is the result of one change; of several resources the best result counts.
type eventResult int

const (
	unmanaged eventResult = iota
	unknown
	message
	alreadyKnown
	persisted
)

// deliveryWork collects the events of one delivery by resource.
type deliveryWork struct {
	subjects []subject
	events   map[subject][]event
	results  []eventResult
}

func (r *deliveryWork) add(e event, subjects ...subject) {
	for _, s := range subjects {
		if r.events == nil {
			r.events = map[subject][]event{}
		}
		if _, ok := r.events[s]; !ok {
			r.subjects = append(r.subjects, s)
		}
		r.events[s] = append(r.events[s], e)
	}
}

// submit queues all events and waits until they are written.
func (r *deliveryWork) submit(ctx context.Context, queue *perObjectQueue) error {
	requests := make([]*request, len(r.subjects))
	for i, s := range r.subjects {
		requests[i] = queue.submit(ctx, s, r.events[s])
	}
	var errs []error
	for i, request := range requests {
		select {
		case <-request.done:
		case <-ctx.Done():
			return errors.Join(append(errs, ctx.Err())...)
		}
		if request.err != nil {
			errs = append(errs, request.err)
			continue
		}
		for j, e := range r.events[r.subjects[i]] {
			r.results[e.n] = max(r.results[e.n], request.results[j])
		}
	}
	return errors.Join(errs...)
}

func (r *deliveryWork) tally() (t Tally) {
	for _, o := range r.results {
		switch o {
		case persisted:
			t.Persisted++
		case alreadyKnown:
			t.AlreadyKnown++
		case message:
			t.Messages++
		case unknown:
			t.Unknown++
		default:
			t.Unmanaged++
		}
	}
	return t
}
