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

// Events of an earlier template with the same name, of a number or template of another account, and of a resource that was
// deleted and created again must not reach the present resource.
func TestUnrelatedEvents(t *testing.T) {
	p := newFixture(t)
	template := p.template("parcel", "77")
	unrelated := p.template("guest", "80")
	p.patchStatus(unrelated, func() { unrelated.Status.AccountID = "" })
	w := p.start()
	before := p.delivery(change(1, MarkAccountReview, webhook.AccountReview{Decision: "REJECTED"}))
	before.Accounts[0].UID = "another"
	for name, d := range map[string]Delivery{
		"a template of the same name that is gone":     p.delivery(statusChange(1, "parcel", "66", "DELETED")),
		"a template the account's owner didn't let in": p.delivery(statusChange(1, "guest", "80", "APPROVED")),
		"an account resource that is gone":             before,
	} {
		tally, err := w.Record(t.Context(), d)
		if err != nil || tally != (Tally{Unmanaged: 1}) {
			t.Errorf("%s: got %+v %v", name, tally, err)
		}
	}
	p.get(template)
	p.get(unrelated)
	if template.Status.Webhook != nil || unrelated.Status.Webhook != nil {
		t.Errorf("facts %v and %v, want none", template.Status.Webhook, unrelated.Status.Webhook)
	}
	p.patchStatus(unrelated, func() {
		unrelated.Status.Operator.PendingCreate = &v1alpha1.PendingCreate{SpecHash: "x", Time: metav1.NewTime(start)}
	})
	if tally := p.record(w, statusChange(1, "guest", "81", "APPROVED")); tally != (Tally{Persisted: 1}) {
		t.Errorf("Meta was faster than the answer to our create: %+v", tally)
	}
}

// TestEventWithoutLanguage: a template is found by its id where Meta leaves the language out, and only by that.
func TestEventWithoutLanguage(t *testing.T) {
	p := newFixture(t)
	template, other := p.template("parcel", "77"), p.template("order", "78")
	w := p.start()
	event := func(seconds int, id, name string) webhook.Change {
		return change(seconds, MarkTemplateStatus, webhook.TemplateStatus{Template: webhook.Template{ID: id, Name: name}, Event: "PAUSED"})
	}
	for _, c := range []struct {
		name  string
		event webhook.Change
		want  Tally
	}{
		{"by id", event(1, "77", "parcel"), Tally{Persisted: 1}},
		{"by id, without a name", event(2, "77", ""), Tally{Persisted: 1}},
		{"another id", event(3, "79", "parcel"), Tally{Unmanaged: 1}},
		{"a name alone", event(4, "", "parcel"), Tally{Unmanaged: 1}},
		{"the id of another account", event(5, "80", "guest"), Tally{Unmanaged: 1}},
	} {
		if tally := p.record(w, c.event); tally != c.want {
			t.Errorf("%s: %+v", c.name, tally)
		}
	}
	p.get(template)
	p.get(other)
	if template.Status.Webhook == nil || template.Status.Webhook.Status != "PAUSED" || other.Status.Webhook != nil {
		t.Errorf("facts %+v and %+v", template.Status.Webhook, other.Status.Webhook)
	}
}

// A user who may create resources can name an account without its owner's consent. Events about the account must not show in
// those resources, and must cost the API server at most one read of each.
func TestUnrelatedEventsCostNothing(t *testing.T) {
	p := newFixture(t)
	unrelated := p.template("guest", "80")
	p.patchStatus(unrelated, func() { unrelated.Status.AccountID = "" })
	subscription := p.subscription()
	w := p.start()
	p.record(w, statusChange(1, "guest", "80", "APPROVED"))
	reads := w.reads.Load()
	for i := range 5 {
		p.record(w, statusChange(2+i, "guest", "80", "PAUSED"))
	}
	p.waitForQueue(w, subscription)
	p.get(subscription)
	if got := w.reads.Load() - reads; got != 0 || subscription.Status.Webhook != nil {
		t.Errorf("%d more reads, and the unrelated resource shows %v", got, subscription.Status.Webhook)
	}
	p.patchStatus(unrelated, func() { unrelated.Status.AccountID = accountID })
	if tally := p.record(p.start(), statusChange(9, "guest", "80", "APPROVED")); tally != (Tally{Persisted: 1}) {
		t.Errorf("once it is let in: %+v", tally)
	}
}

// TestNegativeCacheIsFreed: an entry lives for a while, the number of entries is bounded, and entries go with their account.
func TestNegativeCacheIsFreed(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(start)
	a := newNegativeCache(clk)
	one, two := types.NamespacedName{Namespace: "shop", Name: "one"}, types.NamespacedName{Namespace: "shop", Name: "two"}
	a.sweep()
	a.add(negativeKey{one, "x"})
	a.add(negativeKey{one, "y"})
	a.add(negativeKey{two, "x"})
	if !a.has(negativeKey{one, "x"}) || a.has(negativeKey{two, "y"}) {
		t.Error("another key is cached")
	}
	a.forget(one)
	if a.has(negativeKey{one, "x"}) || !a.has(negativeKey{two, "x"}) {
		t.Errorf("cached: %v", a.entries)
	}
	clk.SetTime(start.Add(negativeTTL))
	a.add(negativeKey{two, "new"})
	a.sweep()
	if a.len() != 1 || !a.has(negativeKey{two, "new"}) {
		t.Errorf("cached after a sweep: %v", a.entries)
	}
	for i := range maxNegativeEntries + 1 {
		a.add(negativeKey{one, strconv.Itoa(i)})
	}
	if !a.has(negativeKey{two, "new"}) || a.len() > maxNegativeEntries {
		t.Errorf("%d are cached, and of the other account %v", a.len(), a.entries[two])
	}
	clk.SetTime(start.Add(3 * negativeTTL))
	a.sweep()
	if len(a.entries) != 0 {
		t.Errorf("%d accounts are cached in the end", len(a.entries))
	}
}

// TestWriterForgets: both negative caches of a Writer drop the entries of the account.
func TestWriterForgets(t *testing.T) {
	p := newFixture(t)
	unrelated := p.template("guest", "80")
	p.patchStatus(unrelated, func() { unrelated.Status.AccountID = "" })
	w := p.start()
	p.record(w, statusChange(1, "guest", "80", "APPROVED"))
	p.record(w, statusChange(1, "unmanaged", "81", "APPROVED"))
	if w.find.absent.len() == 0 || w.queue.store.unrelated.len() == 0 {
		t.Fatal("nothing is remembered: the test provoked nothing")
	}
	w.Forget(types.NamespacedName{Namespace: unrelated.Namespace, Name: unrelated.Spec.WABARef.Name})
	if n := w.find.absent.len() + w.queue.store.unrelated.len(); n > 0 {
		t.Errorf("%d are remembered", n)
	}
}
