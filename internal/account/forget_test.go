// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"net/http"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/test/graphsim"
)

// assertEmpty fails if the manager keeps anything.
func (w *world) assertEmpty(t *testing.T) {
	t.Helper()
	m := w.manager
	if n := len(m.sessions) + len(m.deleted) + len(m.accounts.byKey) + len(m.accounts.idle) + len(m.apps.byKey) + len(m.apps.idle); n > 0 {
		t.Errorf("%d entries are kept: %v %v %v %v", n, m.sessions, m.deleted, m.accounts.byKey, m.apps.byKey)
	}
}

func TestForgetFreesTheSessionAndBothBudgets(t *testing.T) {
	w := newWorld(t, 100)
	if w.manager.Forget("unknown") != 0 {
		t.Error("something is kept of an unknown resource")
	}
	s := w.session(t)
	observe(t, s) // reads the app of the token
	s.Budget().After(0, 0, nil)
	left := w.manager.Forget(testRef.UID)
	if left <= retention || left > retention+time.Second {
		t.Errorf("must be called again in %s", left)
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
	w.assertEmpty(t)
}

// A resource that is deleted and created again doesn't get a new quota, however often that is done.
func TestForgetKeepsARelevantBudget(t *testing.T) {
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
	w.assertEmpty(t)
}

func TestForgetKeepsTheLimitOfAnApp(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	observe(t, s)
	s.appBudget().Restore(testStart.Add(time.Hour))
	w.manager.Forget(testRef.UID)
	w.step(retention + time.Second)
	if left := w.manager.Forget(testRef.UID); left == 0 || w.manager.apps.byKey[testApp] == nil {
		t.Errorf("the app's limit was dropped, kept for %s", left)
	}
	w.step(time.Hour)
	if left := w.manager.Forget(testRef.UID); left != 0 {
		t.Errorf("kept for %s", left)
	}
	w.assertEmpty(t)
}

// A run may still hold a session that has ended, or whose account was replaced. It must not create entries again.
func TestEndedSessionsBringNothingBack(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	ref := testRef
	ref.AccountID = "209990000000001"
	if _, err := w.manager.Ensure(ref, testCreds, testVersion); err != nil {
		t.Fatal(err)
	}
	observe(t, s)
	if _, regain := s.Usage(); !regain.IsZero() || len(w.manager.apps.byKey) > 0 {
		t.Errorf("the app has a session: %v", w.manager.apps.byKey)
	}
	w.manager.Forget(testRef.UID)
	w.step(2 * time.Hour)
	w.manager.Forget(testRef.UID)
	w.manager.accounts.sweep()
	w.assertEmpty(t)
}

func TestBudgetsAfterTokenReplacement(t *testing.T) {
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
	if len(w.manager.apps.byKey) != 1 || w.manager.apps.byKey[app] == nil {
		t.Errorf("budgets of apps: %v", w.manager.apps.byKey)
	}
}

func TestWritesAreForgottenAfterTwoListings(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	k := key("order")
	s.RecordWrite(k, templateNamed(k.Name, "ours"))
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

func TestMissingIDsAreFreed(t *testing.T) {
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
	if len(s.missingIDs) != 3 {
		t.Fatalf("missing: %v", s.missingIDs)
	}
	w.sim.AddTemplate(testWABA, graphsim.Template{Name: "back"})
	w.step(time.Minute)
	observe(t, s)
	s.PruneTemplates(map[TemplateKey]bool{key("asked"): true, key("back"): true})
	if len(s.missingIDs) != 1 || !s.IsMissingID(key("asked"), ids["asked"]) {
		t.Errorf("missing: %v", s.missingIDs)
	}
}

// Where no listing is ever complete, lookups and writes are freed with their resources.
func TestPruneFreesWhatNoListingFrees(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	s.PruneTemplates(nil)
	for _, name := range []string{"gone", "managed"} {
		s.RecordWrite(key(name), templateNamed(name, "ours"))
	}
	w.sim.Fail(graphsim.Fault{Path: "/*/message_templates", Status: http.StatusServiceUnavailable, Code: 2, Times: -1})
	w.sim.Fail(graphsim.Fault{Path: "/" + testWABA, Code: 200, Times: 1}) // so that sections are read one by one
	w.step(time.Minute)
	if snap, _ := observe(t, s); snap.TemplatesSection.Complete {
		t.Fatal("the listing must fail")
	}
	s.RecordWrite(key("new"), templateNamed("new", "ours"))
	s.PruneTemplates(map[TemplateKey]bool{key("managed"): true})
	for name, want := range map[string]bool{"gone": false, "managed": true, "new": true} {
		_, overridden := s.templateOverrides[key(name)]
		if _, written := s.lastWrite[key(name)]; overridden != want || written != want {
			t.Errorf("%s: %t, %t", name, overridden, written)
		}
	}
}

func TestRefusedFieldsAreForgottenAfterADay(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	if !s.rememberRefused(optionalFields, "(#100) Tried accessing nonexisting field ("+optionalFields[0]+")") {
		t.Fatal("the message names a field")
	}
	if supported := s.supportedFields(optionalFields); len(supported) != len(optionalFields)-1 {
		t.Errorf("supported: %v", supported)
	}
	w.step(fallbackPeriod)
	if supported := s.supportedFields(optionalFields); len(supported) != len(optionalFields) || len(s.refusedFields) > 0 {
		t.Errorf("supported: %v, refused: %v", supported, s.refusedFields)
	}
}
