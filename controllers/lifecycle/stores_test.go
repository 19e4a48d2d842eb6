// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

// shelf is a store that keeps each resource for a number of calls.
type shelf struct {
	keeps int
	freed []types.UID
}

func (s *shelf) Forget(gone Gone) time.Duration {
	if s.keeps > 0 {
		s.keeps--
		return time.Duration(s.keeps+1) * time.Minute
	}
	s.freed = append(s.freed, gone.UID)
	return 0
}

func unitObject(uid types.UID) Gone {
	return goneOf(&v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "acme", UID: uid}, Spec: v1alpha1.WABASpec{ID: "1"}})
}

func TestUnitObjects(t *testing.T) {
	s := &shelf{}
	o := newObjects(&shelf{}, s)
	key := unitObject("").objectKey
	freed := func(want ...types.UID) {
		t.Helper()
		if !slices.Equal(s.freed, want) {
			t.Errorf("freed %v, want %v", s.freed, want)
		}
		s.freed = nil
	}
	if o.gone(key) != 0 {
		t.Error("nothing is known, so nothing is kept")
	}
	freed()
	o.saw(unitObject("a"))
	o.saw(unitObject("a"))
	freed()
	o.saw(unitObject("b")) // created again under the same name
	freed("a")
	if o.used(unitObject("b")) || !o.used(unitObject("a")) {
		t.Error("only what isn't known has to be reconciled")
	}
	if o.gone(key) != 0 {
		t.Error("nothing is kept")
	}
	freed("b", "a")
	if !o.used(unitObject("b")) {
		t.Error("used by a run that began before it was gone: it has to be reconciled again")
	}
	s.keeps = 2
	for _, want := range []time.Duration{2 * time.Minute, time.Minute, 0} {
		if got := o.gone(key); got != want {
			t.Errorf("again in %s, want %s", got, want)
		}
	}
	freed("b")

	o.saw(unitObject("b"))
	s.keeps = 1
	o.saw(unitObject("c")) // the budget of b, for instance, is kept
	freed()
	o.saw(unitObject("c")) // until a later run
	freed("b")
	if o.gone(key); len(o.known) != 0 {
		t.Errorf("known: %v", o.known)
	}
}

// TestUnitUsed: what a run leaves for an account that went meanwhile is freed, because the account is reconciled again.
func TestUnitUsed(t *testing.T) {
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "acme", UID: "a"}}
	r := newUnconfirmedFacts()
	b := &Base{Objects: newObjects(r), Unconfirmed: r, AccountEvents: &AccountEvents{}}
	var woken []types.NamespacedName
	b.AccountEvents.OnEnqueue(func(name types.NamespacedName, _ time.Duration) { woken = append(woken, name) })
	b.used(nil)
	b.Objects.saw(goneOf(waba))
	b.used(waba)
	if len(woken) > 0 {
		t.Errorf("woken though it is known: %v", woken)
	}
	b.Objects.gone(keyOf(waba, client.ObjectKeyFromObject(waba)))
	r.note(waba.UID, "child", Topic{}, lifecycletest.At(100), lifecycletest.At(0))
	b.used(waba)
	if len(woken) != 1 || woken[0].Name != "acme" {
		t.Fatalf("woken: %v", woken)
	}
	b.Objects.gone(keyOf(waba, woken[0]))
	if len(r.accounts) != 0 {
		t.Errorf("kept: %v", r.accounts)
	}
}

func TestUnitCreateQuotaForgets(t *testing.T) {
	l, clk := newUnitCreateQuota(2)
	l.Reserve("1", nil)
	l.ReserveDryRun("1", "child", nil)
	l.ReserveDryRun("2", "other", nil)
	l.Forget(Gone{UID: "child"})
	if len(l.dryRuns["1"]) != 0 || len(l.dryRuns["2"]) != 1 {
		t.Errorf("announced: %v", l.dryRuns)
	}
	waba := unitObject("a")
	clk.SetTime(lifecycletest.Start.Add(10 * time.Minute))
	if got := l.Forget(waba); got != 50*time.Minute {
		t.Errorf("kept for %s", got)
	}
	if l.Reserve("1", nil) != 0 || l.Reserve("1", nil) != 50*time.Minute {
		t.Error("an account that is created again doesn't get a new hour")
	}
	clk.SetTime(lifecycletest.Start.Add(70 * time.Minute))
	if got := l.Forget(waba); got != 0 {
		t.Errorf("kept for %s", got)
	}
	if _, kept := l.times["1"]; kept {
		t.Errorf("kept: %v", l.times)
	}
}
