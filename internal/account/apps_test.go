// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"testing"
	"time"

	testingclock "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// TestAppsOfTwoSources: the newer of an observation and a separate listing counts, and a change is reported if a write was undone
// between two observations that are equal.
func TestAppsOfTwoSources(t *testing.T) {
	clock := testingclock.NewFakePassiveClock(time.Unix(1790000000, 0))
	s := NewManager(Options{Clock: clock}).newSession(Ref{})
	snapshot := func(override string) *Snapshot {
		return &Snapshot{
			Apps:        []graph.SubscribedApp{{ID: "1", OverrideCallbackURI: override}},
			AppsSection: Section{Begun: clock.Now(), Complete: true}, Token: &graph.TokenInfo{AppID: "1"},
		}
	}
	expect := func(override string) {
		t.Helper()
		view := s.Apps()
		if app := view.App("1"); !view.Known || app == nil || app.OverrideCallbackURI != override || view.App("2") != nil {
			t.Errorf("got %+v, want %q", view, override)
		}
	}
	if s.Apps().Known || s.TokenAppID() != "" {
		t.Error("known before anything was read")
	}
	s.publish(snapshot("theirs"))
	expect("theirs")
	if s.TokenAppID() != "1" {
		t.Error("the token's app isn't known")
	}
	clock.SetTime(clock.Now().Add(time.Minute))
	s.appsOverride = AppsView{Apps: []graph.SubscribedApp{{ID: "1", OverrideCallbackURI: "ours"}}, Known: true, At: clock.Now()}
	expect("ours")
	clock.SetTime(clock.Now().Add(time.Minute))
	if change := s.publish(snapshot("theirs")); !change.Apps {
		t.Error("no change although the write was undone")
	}
	expect("theirs")
	clock.SetTime(clock.Now().Add(time.Minute))
	if change := s.publish(snapshot("theirs")); change.Apps {
		t.Error("a change although nothing changed")
	}
}

func TestNumbersOfTwoSources(t *testing.T) {
	clock := testingclock.NewFakePassiveClock(time.Unix(1790000000, 0))
	s := NewManager(Options{Clock: clock}).newSession(Ref{})
	if _, known := s.Numbers(); known {
		t.Error("known before anything was read")
	}
	s.publish(&Snapshot{
		Numbers:        map[string]graph.PhoneNumber{"1": {ID: "1", Status: "PENDING"}, "2": {ID: "2"}},
		NumbersSection: Section{Begun: clock.Now(), Complete: true},
	})
	s.RecordNumber(graph.PhoneNumber{ID: "1", Status: "CONNECTED"}, clock.Now())
	numbers, known := s.Numbers()
	if !known || len(numbers) != 2 || numbers["1"].Number.Status != "CONNECTED" || numbers["2"].Number.ID != "2" {
		t.Errorf("got %+v, %v", numbers, known)
	}
}
