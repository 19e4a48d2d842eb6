// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"strconv"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// A template that had the same name, a number or template of another account, and a resource that was deleted and created
// again: none of their events may reach what is there now.
func TestStrangersEvents(t *testing.T) {
	p := newPlace(t)
	template := p.template("parcel", "77")
	stranger := p.template("guest", "80")
	p.status(stranger, func() { stranger.Status.AccountID = "" })
	w := p.start()
	before := p.delivery(change(1, MarkAccountReview, webhook.AccountReview{Decision: "REJECTED"}))
	before.Accounts[0].UID = "another"
	for name, d := range map[string]Delivery{
		"a template of the same name that is gone":     p.delivery(status(1, "parcel", "66", "DELETED")),
		"a template the account's owner didn't let in": p.delivery(status(1, "guest", "80", "APPROVED")),
		"an account resource that is gone":             before,
	} {
		tally, err := w.Record(t.Context(), d)
		if err != nil || tally != (Tally{Unmanaged: 1}) {
			t.Errorf("%s: got %+v %v", name, tally, err)
		}
	}
	p.get(template)
	p.get(stranger)
	if template.Status.Webhook != nil || stranger.Status.Webhook != nil {
		t.Errorf("facts %v and %v, want none", template.Status.Webhook, stranger.Status.Webhook)
	}
	p.status(stranger, func() {
		stranger.Status.Operator.PendingCreate = &v1alpha1.PendingCreate{SpecHash: "x", Time: metav1.NewTime(start)}
	})
	if tally := p.record(w, status(1, "guest", "81", "APPROVED")); tally != (Tally{Persisted: 1}) {
		t.Errorf("Meta was faster than the answer to our create: %+v", tally)
	}
}

// Whoever may create resources can name an account that never let them in. Events about it must tell them nothing, and cost the
// API server no more than one look at each of them.
func TestStrangersCostNothing(t *testing.T) {
	p := newPlace(t)
	stranger := p.template("guest", "80")
	p.status(stranger, func() { stranger.Status.AccountID = "" })
	listener := p.subscription()
	w := p.start()
	p.record(w, status(1, "guest", "80", "APPROVED"))
	reads := w.reads.Load()
	for i := range 5 {
		p.record(w, status(2+i, "guest", "80", "PAUSED"))
	}
	p.settle(w, listener)
	p.get(listener)
	if got := w.reads.Load() - reads; got != 0 || listener.Status.Webhook != nil {
		t.Errorf("%d more reads, and the stranger was told %v", got, listener.Status.Webhook)
	}
	p.status(stranger, func() { stranger.Status.AccountID = accountID })
	if tally := p.record(p.start(), status(9, "guest", "80", "APPROVED")); tally != (Tally{Persisted: 1}) {
		t.Errorf("once it is let in: %+v", tally)
	}
}

// TestAbsencesAreFreed: an absence is remembered for a while and up to a number, and goes with its account.
func TestAbsencesAreFreed(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(start)
	a := newAbsences(clk)
	one, two := types.NamespacedName{Namespace: "shop", Name: "one"}, types.NamespacedName{Namespace: "shop", Name: "two"}
	a.sweep()
	a.add(absence{one, "x"})
	a.add(absence{one, "y"})
	a.add(absence{two, "x"})
	if !a.has(absence{one, "x"}) || a.has(absence{two, "y"}) {
		t.Error("another absence is known")
	}
	a.forget(one)
	if a.has(absence{one, "x"}) || !a.has(absence{two, "x"}) {
		t.Errorf("known: %v", a.since)
	}
	clk.SetTime(start.Add(absentFor))
	a.add(absence{two, "new"})
	a.sweep()
	if a.len() != 1 || !a.has(absence{two, "new"}) {
		t.Errorf("known after a sweep: %v", a.since)
	}
	for i := range maxAbsences + 1 {
		a.add(absence{one, strconv.Itoa(i)})
	}
	if !a.has(absence{two, "new"}) || a.len() > maxAbsences {
		t.Errorf("%d are known, and of the other account %v", a.len(), a.since[two])
	}
	clk.SetTime(start.Add(3 * absentFor))
	a.sweep()
	if len(a.since) != 0 {
		t.Errorf("%d accounts are known in the end", len(a.since))
	}
}

// TestWriterForgets: both memories of a Writer go with the account.
func TestWriterForgets(t *testing.T) {
	p := newPlace(t)
	stranger := p.template("guest", "80")
	p.status(stranger, func() { stranger.Status.AccountID = "" })
	w := p.start()
	p.record(w, status(1, "guest", "80", "APPROVED"))
	p.record(w, status(1, "nobodys", "81", "APPROVED"))
	if w.find.absent.len() == 0 || w.lanes.store.strangers.len() == 0 {
		t.Fatal("nothing is remembered: the test provoked nothing")
	}
	w.Forget(types.NamespacedName{Namespace: stranger.Namespace, Name: stranger.Spec.WABARef.Name})
	if n := w.find.absent.len() + w.lanes.store.strangers.len(); n > 0 {
		t.Errorf("%d are remembered", n)
	}
}
