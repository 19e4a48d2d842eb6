// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
)

func newUnitLedger(limit int) (*createLedger, *clocktesting.FakePassiveClock) {
	clk := clocktesting.NewFakePassiveClock(unitStart)
	return newCreateLedger(clk, limit), clk
}

func window(start time.Time, count int32) v1alpha1.CreateWindow {
	return v1alpha1.CreateWindow{Start: metav1.NewTime(start), Count: count}
}

func sameWindows(a, b []v1alpha1.CreateWindow) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !a[i].Start.Equal(&b[i].Start) || a[i].Count != b[i].Count {
			return false
		}
	}
	return true
}

func TestUnitLedgerKeepsToTheLimitOfAnHour(t *testing.T) {
	l, clk := newUnitLedger(3)
	for i := range 3 {
		if wait := l.reserve("1", nil); wait != 0 {
			t.Fatalf("create %d has to wait %s", i, wait)
		}
		clk.SetTime(clk.Now().Add(10 * time.Minute))
	}
	if wait := l.reserve("1", nil); wait != 30*time.Minute {
		t.Errorf("the first create counts for another 30 minutes, got %s", wait)
	}
	if wait := l.reserve("2", nil); wait != 0 {
		t.Errorf("another account has a limit of its own, got %s", wait)
	}
	clk.SetTime(unitStart.Add(time.Hour))
	if wait := l.reserve("1", nil); wait != 0 {
		t.Errorf("one create is an hour old, got %s", wait)
	}
	if wait := l.reserve("1", nil); wait != 10*time.Minute {
		t.Errorf("the next one follows in 10 minutes, got %s", wait)
	}
}

func TestUnitLedgerGivesBackWhatCameToNothing(t *testing.T) {
	l, _ := newUnitLedger(1)
	l.release("1") // nothing was reserved
	l.reserve("1", nil)
	if l.reserve("1", nil) == 0 {
		t.Error("the limit is used up")
	}
	l.release("1")
	if wait := l.reserve("1", nil); wait != 0 {
		t.Errorf("got %s", wait)
	}
}

func TestUnitLedgerWithoutLimit(t *testing.T) {
	l, _ := newUnitLedger(0)
	for range 500 {
		if wait := l.reserve("1", nil); wait != 0 {
			t.Fatalf("got %s", wait)
		}
	}
}

func TestUnitLedgerWindows(t *testing.T) {
	l, clk := newUnitLedger(100)
	for _, minute := range []int{0, 1, 4, 5, 12, 14} {
		clk.SetTime(unitStart.Add(time.Duration(minute) * time.Minute))
		l.reserve("1", nil)
	}
	want := []v1alpha1.CreateWindow{window(unitStart, 3), window(unitStart.Add(5*time.Minute), 1), window(unitStart.Add(10*time.Minute), 2)}
	if got := l.windows("1", nil); !sameWindows(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	clk.SetTime(unitStart.Add(time.Hour + 4*time.Minute))
	if got := l.windows("1", nil); !sameWindows(got, want[1:]) {
		t.Errorf("after an hour: %+v", got)
	}
	clk.SetTime(unitStart.Add(3 * time.Hour))
	if got := l.windows("1", want); len(got) != 0 {
		t.Errorf("what is in memory wins, and all of it is old: %+v", got)
	}
}

func TestUnitLedgerIsRestoredAfterARestart(t *testing.T) {
	persisted := []v1alpha1.CreateWindow{window(unitStart.Add(-time.Hour), 5), window(unitStart.Add(-30*time.Minute), 2)}
	l, _ := newUnitLedger(3)
	if wait := l.reserve("1", persisted); wait <= 0 {
		t.Error("five creates may be less than an hour old: there is no room")
	}
	l, clk := newUnitLedger(3)
	clk.SetTime(unitStart.Add(6 * time.Minute))
	if wait := l.reserve("1", persisted); wait != 0 {
		t.Errorf("the five are certainly over, got %s", wait)
	}
	if wait := l.reserve("1", persisted); wait <= 25*time.Minute-time.Minute || wait > 30*time.Minute {
		t.Errorf("the two count for an hour from the end of their window, got %s", wait)
	}
}

// Each restart reads the windows and writes them again: they must not move, or an operator that restarts often would
// never create anything again.
func TestUnitLedgerWindowsSurviveRestarts(t *testing.T) {
	want := []v1alpha1.CreateWindow{window(unitStart.Add(-10*time.Minute), 4), window(unitStart.Add(-5*time.Minute), 2), window(unitStart, 1)}
	persisted := want
	for restart := range 5 {
		l, clk := newUnitLedger(100)
		clk.SetTime(unitStart.Add(2 * time.Minute))
		if persisted = l.windows("1", persisted); !sameWindows(persisted, want) {
			t.Fatalf("restart %d: got %+v, want %+v", restart, persisted, want)
		}
	}
	l, clk := newUnitLedger(100)
	clk.SetTime(unitStart.Add(2 * time.Minute))
	l.reserve("1", persisted)
	clk.SetTime(unitStart.Add(7 * time.Minute))
	l.reserve("1", persisted)
	want = append(want[:2:2], window(unitStart, 2), window(unitStart.Add(5*time.Minute), 1))
	if got := l.windows("1", persisted); !sameWindows(got, want) {
		t.Errorf("with new creates: %+v, want %+v", got, want)
	}
}

// Who only reads takes nothing from the hour and counts once.
func TestUnitAnnounced(t *testing.T) {
	l, clk := newUnitLedger(2)
	if l.reserve("1", nil) != 0 || l.announce("1", "a", nil) != 0 || l.announce("1", "a", nil) != 0 {
		t.Fatal("there is room for two")
	}
	if wait := l.announce("1", "b", nil); wait != time.Hour {
		t.Errorf("the third waits %v", wait)
	}
	if l.announce("2", "b", nil) != 0 {
		t.Error("another account has its own hour")
	}
	if l.reserve("1", nil) != 0 {
		t.Error("what was announced took a place")
	}
	clk.SetTime(unitStart.Add(time.Hour))
	if l.announce("1", "b", nil) != 0 {
		t.Error("the hour is over")
	}
}

// TestUnitLedgerOfTheHolder: a stranger's resource with the account's id neither seeds the hour nor is shown the owner's.
func TestUnitLedgerOfTheHolder(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(unitStart)
	accounts := account.NewManager(account.Options{Clock: clk, BaseURL: "http://localhost"})
	r := &wabas{base: &base{creates: newCreateLedger(clk, 3), clock: clk}}
	session := func(uid string) *account.Session {
		s, err := accounts.Ensure(account.Ref{UID: uid, AccountID: "1"}, account.Credentials{AccessToken: "EAAG" + uid}, "v25.0")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	owner := &wabaPass{obj: &v1alpha1.WABA{Spec: v1alpha1.WABASpec{ID: "1"}}, session: session("a")}
	owner.obj.Status.AccountID = "1"
	owner.obj.Status.TemplateCreates = []v1alpha1.CreateWindow{window(unitStart.Add(-10*time.Minute), 3)}
	owner.before = owner.obj.DeepCopy()
	stranger := &wabaPass{obj: &v1alpha1.WABA{Spec: v1alpha1.WABASpec{ID: "1"}}, before: &v1alpha1.WABA{}}
	r.limits(stranger) // in conflict: without a session
	stranger.session = session("b")
	r.limits(stranger) // before anybody has observed the account
	if wait := r.creates.reserve("1", owner.obj.Status.TemplateCreates); wait == 0 {
		t.Error("after a restart the stranger was first, and the owner's hour is lost")
	}
	r.limits(stranger)
	if got := stranger.obj.Status.TemplateCreates; len(got) > 0 {
		t.Errorf("the stranger is shown %+v", got)
	}
	r.limits(owner)
	if got := owner.obj.Status.TemplateCreates; len(got) != 1 || got[0].Count != 3 {
		t.Errorf("the owner is shown %+v", got)
	}
}
