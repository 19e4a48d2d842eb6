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
	// Namespaces and Selector restrict live lists as the cache is restricted; absent means everything.
	Namespaces []string
	Selector   labels.Selector
	Clock      clock.Clock
	Log        logr.Logger
}

// Writer persists facts. It is safe for concurrent use, and several processes may write facts about the same resource.
type Writer struct {
	find *finder
	// confirm has a confirmer for each kind of which resources can be missing.
	confirm map[string]*confirmer
	lanes   *lanes
	// failures are those that no sender learns of.
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
		find:    &finder{cache: o.Client, absent: newAbsences(o.Clock)},
		confirm: map[string]*confirmer{},
		lanes: newLanes(&store{
			client: o.Client, live: o.Live, log: o.Log, strangers: newAbsences(o.Clock),
		}, o.Clock, failures),
		failures: failures,
	}
	scopes := scopesOf(o.Namespaces, client.MatchingLabelsSelector{Selector: selector})
	for _, k := range []string{v1alpha1.KindMessageTemplate, v1alpha1.KindPhoneNumber} {
		w.confirm[k] = &confirmer{kind: k, live: o.Live, clock: o.Clock, scopes: scopes, pace: newPace()}
	}
	return w
}

// Record persists what a delivery says, and returns when all of it is in the API server. An error means that something may
// not be, and that sending the delivery again can mend it; whatever was persisted before is then recognised.
func (w *Writer) Record(ctx context.Context, d Delivery) (Tally, error) {
	w.sweep()
	r := recording{best: make([]outcome, len(d.Changes))}
	accounts := map[string][]Account{}
	for _, a := range d.Accounts {
		accounts[a.ID] = append(accounts[a.ID], a)
	}
	var errs []error
	arrived := map[Account]bool{}
	missing := map[string][]unfound{}
	for n, c := range d.Changes {
		for _, a := range accounts[c.AccountID] {
			arrived[a] = true
		}
		switch c.Value.(type) {
		case nil:
			r.best[n] = unknown
			continue
		case webhook.Message:
			r.best[n] = message
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
				missing[m.kind] = append(missing[m.kind], unfound{m, e})
			}
		}
	}
	for k, events := range missing {
		errs = append(errs, w.findMissing(ctx, k, events, &r))
	}
	err := errors.Join(append(errs, r.submit(ctx, w.lanes))...)
	w.arrivals(context.WithoutCancel(ctx), d, arrived)
	return r.tally(), err
}

// unfound is an event and the resource that it is about, which the cache doesn't show.
type unfound struct {
	*wanted
	event event
}

// findMissing asks the API server for what the cache doesn't show: all of a delivery at a time.
func (w *Writer) findMissing(ctx context.Context, k string, events []unfound, r *recording) error {
	all := make([]*wanted, len(events))
	for i := range events {
		all[i] = events[i].wanted
	}
	confirmed, err := w.confirm[k].confirm(ctx, all)
	if err != nil {
		return err
	}
	for _, u := range events {
		subjects := confirmed[u.absence()]
		if len(subjects) == 0 {
			w.find.absent.add(u.absence())
		}
		r.add(u.event, u.those(subjects)...)
	}
	return nil
}

// sweep frees what is too old of all that is remembered.
func (w *Writer) sweep() {
	w.find.absent.sweep()
	w.lanes.store.strangers.sweep()
	w.lanes.sweep()
}

// Handshake notes that Meta verified the receiver for subscriptions. It is a convenience: if it can't be written, nothing is
// lost.
func (w *Writer) Handshake(ctx context.Context, subscriptions []types.NamespacedName, at time.Time) {
	r := recording{best: make([]outcome, 1)}
	for _, key := range subscriptions {
		e := newEvent(webhook.Change{}, at)
		e.handshake = true
		r.add(e, subject{kind: v1alpha1.KindWebhookSubscription, key: key})
	}
	if err := r.submit(ctx, w.lanes); err != nil {
		w.failures.Report("note a handshake", err)
	}
}

// arrivals notes at the subscriptions of the accounts that events arrive. Nobody waits for it.
func (w *Writer) arrivals(ctx context.Context, d Delivery, accounts map[Account]bool) {
	for a := range accounts {
		subjects, err := w.find.subscriptions(ctx, a)
		if err != nil {
			w.failures.Report("list the subscriptions of an account", err)
			continue
		}
		var seen []event
		for _, c := range d.Changes {
			if c.AccountID == a.ID {
				e := newEvent(c, d.Received)
				e.account = a
				seen = append(seen, e)
			}
		}
		for _, s := range subjects {
			w.lanes.post(ctx, s, seen)
		}
	}
}

// Forget frees what is kept of an account whose resource is gone.
func (w *Writer) Forget(account types.NamespacedName) {
	w.find.absent.forget(account)
	w.lanes.store.strangers.forget(account)
	w.lanes.free()
}

// outcome is what became of one change; of several resources concerned the best counts.
type outcome int

const (
	unmanaged outcome = iota
	unknown
	message
	already
	persisted
)

// recording is the work of one delivery.
type recording struct {
	order []subject
	work  map[subject][]event
	best  []outcome
}

func (r *recording) add(e event, subjects ...subject) {
	for _, s := range subjects {
		if r.work == nil {
			r.work = map[subject][]event{}
		}
		if _, ok := r.work[s]; !ok {
			r.order = append(r.order, s)
		}
		r.work[s] = append(r.work[s], e)
	}
}

// submit hands all work over and waits until it is done.
func (r *recording) submit(ctx context.Context, l *lanes) error {
	tickets := make([]*ticket, len(r.order))
	for i, s := range r.order {
		tickets[i] = l.submit(ctx, s, r.work[s])
	}
	var errs []error
	for i, t := range tickets {
		select {
		case <-t.done:
		case <-ctx.Done():
			return errors.Join(append(errs, ctx.Err())...)
		}
		if t.err != nil {
			errs = append(errs, t.err)
			continue
		}
		for j, e := range r.work[r.order[i]] {
			r.best[e.n] = max(r.best[e.n], t.outcomes[j])
		}
	}
	return errors.Join(errs...)
}

func (r *recording) tally() (t Tally) {
	for _, o := range r.best {
		switch o {
		case persisted:
			t.Persisted++
		case already:
			t.Known++
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
