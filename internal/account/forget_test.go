// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"net/http"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/test/graphsim"
)

// empty fails where the manager keeps anything.
func (w *world) empty(t *testing.T) {
	t.Helper()
	m := w.manager
	if n := len(m.sessions) + len(m.gone) + len(m.accounts.known) + len(m.accounts.idle) + len(m.apps.known) + len(m.apps.idle); n > 0 {
		t.Errorf("%d entries are kept: %v %v %v %v", n, m.sessions, m.gone, m.accounts.known, m.apps.known)
	}
}

func TestForgetFreesTheSessionAndBothBudgets(t *testing.T) {
	w := newWorld(t, 100)
	if w.manager.Forget("unknown") != 0 {
		t.Error("nothing is kept of what was never there")
	}
	s := w.session(t)
	observe(t, s) // learns the app
	s.Budget().After(0, 0, nil)
	left := w.manager.Forget(testRef.UID)
	if left <= retention || left > retention+time.Second {
		t.Errorf("asked to come back in %s", left)
	}
	w.step(left)
	for left = w.manager.Forget(testRef.UID); left > 0; left = w.manager.Forget(testRef.UID) {
		if len(w.manager.sessions) > 0 {
			t.Fatal("the token must be gone")
		}
		if left > usageLife {
			t.Fatalf("a usage is kept for %s", left)
		}
		w.step(left)
	}
	w.empty(t)
}

// A resource that is deleted and created again doesn't get a new quota, however often that is done.
func TestForgetKeepsABudgetAsLongAsItHolds(t *testing.T) {
	w := newWorld(t, 100)
	w.session(t).Budget().Restore(testStart.Add(3 * time.Hour))
	w.manager.Forget(testRef.UID)
	w.step(retention + time.Second)
	if left := w.manager.Forget(testRef.UID); left != 3*time.Hour-retention-time.Second {
		t.Errorf("kept for %s", left)
	}
	ref := testRef
	ref.UID = "uid-2"
	again, err := w.manager.Ensure(ref, testCreds, testVersion)
	if err != nil {
		t.Fatal(err)
	}
	if again.Budget().BlockedUntil().IsZero() {
		t.Error("a new quota")
	}
	if left := w.manager.Forget(testRef.UID); left != 0 {
		t.Errorf("another resource uses the budget, so nothing is kept of the first one: %s", left)
	}
	w.step(3 * time.Hour)
	w.manager.Forget("uid-2")
	w.step(retention + time.Second)
	for range 2 {
		w.manager.Forget("uid-2")
	}
	w.empty(t)
}

func TestForgetKeepsTheLimitOfAnApp(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	observe(t, s)
	s.appBudget().Restore(testStart.Add(time.Hour))
	w.manager.Forget(testRef.UID)
	w.step(retention + time.Second)
	if left := w.manager.Forget(testRef.UID); left == 0 || w.manager.apps.known[testApp] == nil {
		t.Errorf("the app's limit is forgotten, kept for %s", left)
	}
	w.step(time.Hour)
	if left := w.manager.Forget(testRef.UID); left != 0 {
		t.Errorf("kept for %s", left)
	}
	w.empty(t)
}

// A run that still holds a session which has ended, or whose account was replaced, brings nothing back.
func TestEndedSessionsBringNothingBack(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	ref := testRef
	ref.AccountID = "209990000000001"
	if _, err := w.manager.Ensure(ref, testCreds, testVersion); err != nil {
		t.Fatal(err)
	}
	observe(t, s)
	if _, regain := s.Usage(); !regain.IsZero() || len(w.manager.apps.known) > 0 {
		t.Errorf("the app has a session: %v", w.manager.apps.known)
	}
	w.manager.Forget(testRef.UID)
	w.step(2 * time.Hour)
	w.manager.Forget(testRef.UID)
	w.manager.accounts.sweep()
	w.empty(t)
}

func TestBudgetsOfTokensThatWereReplaced(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	observe(t, s)
	const token, app = "EAAGotherapp0123456789", "700000000000001"
	w.sim.AddApp(graphsim.App{ID: app, Secret: "another-secret-made-up"})
	w.sim.AddToken(graphsim.Token{Value: token, AppID: app, Accounts: []string{testWABA}, Scopes: []string{"whatsapp_business_management"}})
	for range 2 {
		if _, err := w.manager.Ensure(testRef, Credentials{AccessToken: token}, testVersion); err != nil {
			t.Fatal(err)
		}
		observe(t, s)
		w.step(2 * time.Hour)
	}
	if len(w.manager.apps.known) != 1 || w.manager.apps.known[app] == nil {
		t.Errorf("budgets of apps: %v", w.manager.apps.known)
	}
}

func TestWritesAreForgottenAfterTwoListings(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	k := key("order")
	s.Wrote(k, named(k.Name, "ours"))
	for i, want := range []int{1, 0} {
		w.step(time.Minute)
		if observe(t, s); len(s.lastWrite) != want {
			t.Errorf("after %d listings: %v", i+1, s.lastWrite)
		}
	}
	if !s.ProvenMissing(k) {
		t.Error("two listings after the write didn't contain it")
	}
}

func TestLostIsForgottenWhenTheTemplateIsBackOrNobodyAsks(t *testing.T) {
	w := newWorld(t, 100)
	ids := map[string]string{}
	for _, name := range []string{"back", "asked", "unmanaged"} {
		ids[name] = w.sim.AddTemplate(testWABA, graphsim.Template{Name: name})
	}
	s := w.session(t)
	observe(t, s)
	for _, id := range ids {
		w.sim.DeleteInManager(id)
	}
	w.step(time.Minute)
	observe(t, s)
	if len(s.lost) != 3 {
		t.Fatalf("lost: %v", s.lost)
	}
	w.sim.AddTemplate(testWABA, graphsim.Template{Name: "back"})
	w.step(time.Minute)
	observe(t, s)
	s.Keep(map[TemplateKey]bool{key("asked"): true, key("back"): true})
	if len(s.lost) != 1 || !s.Lost(key("asked"), ids["asked"]) {
		t.Errorf("lost: %v", s.lost)
	}
}

// Where no listing is ever complete, look-ups and writes go with their resources.
func TestKeepFreesWhatNoListingFrees(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	s.Keep(nil)
	for _, name := range []string{"gone", "managed"} {
		s.Wrote(key(name), named(name, "ours"))
	}
	w.sim.Fail(graphsim.Fault{Path: "/*/message_templates", Status: http.StatusServiceUnavailable, Code: 2, Times: -1})
	w.sim.Fail(graphsim.Fault{Path: "/" + testWABA, Code: 200, Times: 1}) // so that sections are asked one by one
	w.step(time.Minute)
	if snap, _ := observe(t, s); snap.TemplatesSection.Complete {
		t.Fatal("the listing must fail")
	}
	s.Wrote(key("new"), named("new", "ours"))
	s.Keep(map[TemplateKey]bool{key("managed"): true})
	for name, want := range map[string]bool{"gone": false, "managed": true, "new": true} {
		_, fresh := s.fresh[key(name)]
		if _, written := s.lastWrite[key(name)]; fresh != want || written != want {
			t.Errorf("%s: %t, %t", name, fresh, written)
		}
	}
}

func TestRefusedFieldsAreForgottenAfterADay(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	if !s.refuse(optionalFields, "(#100) Tried accessing nonexisting field ("+optionalFields[0]+")") {
		t.Fatal("the message names a field")
	}
	if ask := s.askable(optionalFields); len(ask) != len(optionalFields)-1 {
		t.Errorf("asked: %v", ask)
	}
	w.step(splitMemory)
	if ask := s.askable(optionalFields); len(ask) != len(optionalFields) || len(s.refused) > 0 {
		t.Errorf("asked: %v, refused: %v", ask, s.refused)
	}
}
