// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"fmt"
	"runtime"
	"sync"
	"testing"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
	"github.com/waba-operator/waba-operator/test/patience"
)

// unmanagedEvents returns events about count templates and count numbers without a resource.
func unmanagedEvents(from, count int) []webhook.Change {
	var out []webhook.Change
	for i := from; i < from+count; i++ {
		out = append(out, statusChange(1, fmt.Sprintf("unmanaged_%d", i), fmt.Sprint(i), "APPROVED"),
			change(1, MarkNumberName, webhook.NumberName{PhoneNumber: fmt.Sprint(15550000000 + i), Decision: "APPROVED"}))
	}
	return out
}

// TestOneListForADelivery: the writer lists each kind once for a delivery, however many of its subjects the cache doesn't show,
// and finds those that exist.
func TestOneListForADelivery(t *testing.T) {
	p := newFixture(t)
	w := p.start(true)
	template, number := p.template("parcel", "77"), p.number()
	changes := append(unmanagedEvents(0, 500), statusChange(1, "parcel", "77", "APPROVED"),
		change(2, MarkNumberSettings, webhook.NumberSettings{PhoneNumberID: numberID, CallingStatus: "ENABLED"}))
	if tally := p.record(w, changes...); tally != (Tally{Persisted: 2, Unmanaged: 1000}) {
		t.Errorf("got %+v", tally)
	}
	if got := w.lists.Load(); got != 2 {
		t.Errorf("%d live lists for two kinds", got)
	}
	p.get(template)
	p.get(number)
	if template.Status.Webhook == nil || number.Status.Webhook == nil {
		t.Error("what is there wasn't found")
	}
}

// TestListsAreRationed: any number of deliveries share about one list a second, and all are answered. Entries of one account in
// the negative cache evict none of another account.
func TestListsAreRationed(t *testing.T) {
	p := newFixture(t)
	w := p.start(true)
	neighbour := Account{Name: client.ObjectKey{Namespace: p.ns, Name: "neighbour"}, UID: "neighbour", ID: "5"}
	theirs := Delivery{AppID: "2", Accounts: []Account{neighbour}, Received: start, Changes: []webhook.Change{statusChange(1, "theirs", "1", "APPROVED")}}
	theirs.Changes[0].AccountID = neighbour.ID
	if _, err := w.Record(t.Context(), theirs); err != nil {
		t.Fatal(err)
	}
	const deliveries = 40
	var flood sync.WaitGroup
	for i := range deliveries {
		flood.Go(func() { p.record(w, unmanagedEvents(1000*(i+1), 300)...) })
	}
	ended := make(chan struct{})
	go func() { flood.Wait(); close(ended) }()
	seconds := p.advanceClock(w, ended)
	if got, most := int(w.lists.Load()), 2*(burst+seconds+1); got > most {
		t.Errorf("%d live lists in %d seconds, more than %d", got, seconds, most)
	}
	lists := w.lists.Load()
	if _, err := w.Record(t.Context(), theirs); err != nil || w.lists.Load() != lists {
		t.Errorf("the negative entries of another account were evicted: %d more lists, %v", w.lists.Load()-lists, err)
	}
}

// advanceClock advances the clock while a goroutine waits for it, and returns the number of seconds until ended is closed.
func (p *fixture) advanceClock(w *replica, ended chan struct{}) (seconds int) {
	p.t.Helper()
	timeout := time.After(patience.Limit)
	for {
		select {
		case <-ended:
			return seconds
		case <-timeout:
			p.t.Fatalf("not done after %d seconds, with %d lists and %d writes", seconds, w.lists.Load(), w.writes.Load())
		default:
			if !p.clock.HasWaiters() {
				runtime.Gosched()
				continue
			}
			p.clock.Step(time.Second)
			seconds++
		}
	}
}

// TestWritesAreRationed: a resource is written about once a second, however many events about it arrive, and each event is
// written before its sender gets an answer.
func TestWritesAreRationed(t *testing.T) {
	p := newFixture(t)
	w := p.start()
	const deliveries = 60
	var flood sync.WaitGroup
	for i := range deliveries {
		flood.Go(func() {
			name := fmt.Sprintf("T%d", i)
			p.record(w, change(i, MarkAlerts, webhook.Alert{Type: name, EntityType: "BUSINESS", EntityID: "1", Status: "ACTIVE"}))
			var waba v1alpha1.WABA
			waba.Name, waba.Namespace = "acme", p.ns
			p.get(&waba)
			if len(waba.Status.Webhook.Alerts) == 0 {
				t.Errorf("%s was answered before it was written", name)
			}
		})
	}
	for i := range 10 { // and one after the other
		flood.Go(func() {
			p.record(w, change(1000+i, MarkAccountReview, webhook.AccountReview{Decision: fmt.Sprint("D", i)}))
		})
	}
	ended := make(chan struct{})
	go func() { flood.Wait(); close(ended) }()
	seconds := p.advanceClock(w, ended)
	for i := range 10 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			p.record(w, change(2000+i, MarkAccountReview, webhook.AccountReview{Decision: fmt.Sprint("E", i)}))
		}()
		seconds += p.advanceClock(w, done)
	}
	if got, most := int(w.writes.Load()), burst+seconds+1; got > most {
		t.Errorf("%d writes in %d seconds, more than %d", got, seconds, most)
	}
	p.clock.Step(time.Hour)
	w.sweep()
	if n := len(w.queue.buckets); n > 0 {
		t.Errorf("%d token buckets are left in the end", n)
	}
}
