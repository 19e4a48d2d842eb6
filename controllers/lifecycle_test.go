// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// ready returns a world with an approved template.
func ready(t *testing.T, change ...func(*v1alpha1.MessageTemplate)) (*harness.World, *harness.Operator, *v1alpha1.MessageTemplate) {
	t.Helper()
	w := harness.New(t, env, graphsim.WithEditReview(graphsim.EditReviewKeep))
	w.Secret()
	w.WABA()
	tmpl := w.CreateTemplate("parcel_left", change...)
	op := w.Start()
	op.Settle()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	return w, op, tmpl
}

func edits(w *harness.World) int {
	n := 0
	for _, e := range w.Sim.Stats().EditsByID {
		n += e
	}
	return n
}

// person edits the body of a template in WhatsApp Manager.
func person(w *harness.World, id, body string) {
	w.Sim.EditInManager(id, func(m *graphsim.Template) {
		m.Components = json.RawMessage(`[{"type":"BODY","text":` + quoted(body) + `,"example":{"body_text":[["Ana"]]}},{"type":"FOOTER","text":"Acme"}]`)
	})
}

func quoted(s string) string {
	b, _ := json.Marshal(s)
	return string(b)
}

func TestEditOncePerDay(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if edits(w) != 1 || len(tmpl.Status.Operator.Edits) != 1 || !tmpl.Status.Operator.Edits[0].Approved {
		t.Fatalf("%d edits, status %+v", edits(w), tmpl.Status.Operator.Edits)
	}

	// Several changes within the day cost one more edit, when the day is over.
	for _, extra := range []string{" Please", " Please bring", " Please bring your passport."} {
		w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody + extra })
		op.Settle()
	}
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonEditBudgetExhausted)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonEditBudgetExhausted)
	due := tmpl.Status.Operator.Edits[0].Time.Add(24 * time.Hour)
	if tmpl.Status.NextAttemptTime == nil || tmpl.Status.NextAttemptTime.Unix() != due.Unix() {
		t.Errorf("next attempt at %v, want %v", tmpl.Status.NextAttemptTime, due)
	}
	if edits(w) != 1 {
		t.Fatalf("%d edits within a day", edits(w))
	}
	op.Stop()
	op = w.Start() // the wait survives a restart
	op.Settle()
	op.AdvanceRoughly(25*time.Hour, 20*time.Minute)
	w.Reload(tmpl)
	if edits(w) != 2 {
		t.Errorf("%d edits, want 2", edits(w))
	}
	expectReady(t, tmpl)
	if live, _ := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "en_US"); !strings.Contains(string(live.Components), "passport") {
		t.Errorf("at Meta: %s", live.Components)
	}
	w.CheckInvariants()
}

// TestEditLostAndPaused: an edit that never reached Meta isn't taken for done because Meta touched the template for
// another reason.
func TestEditLostAndPaused(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/" + tmpl.Status.ID, Cut: graphsim.BeforeCommit})
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	op.Settle()
	w.Clock.Step(time.Second)
	if err := w.Sim.Decide(tmpl.Status.ID, graphsim.Decision{Status: "PAUSED", QualityScore: "RED"}); err != nil {
		t.Fatal(err)
	}
	op.Observe()
	op.Observe()
	if live, _ := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "en_US"); !strings.Contains(string(live.Components), "around the corner") {
		t.Errorf("the change didn't reach Meta: %s", live.Components)
	}
	w.CheckInvariants()
}

// TestEditFails: an edit that fails for hours costs few calls and few status writes, and is made when Meta recovers.
func TestEditFails(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	heal := w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/" + tmpl.Status.ID, Times: -1, Status: 500, Code: 2, Message: "Service temporarily unavailable", Transient: true})
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	op.Settle()
	w.ResetAPIWrites()
	w.Sim.ResetStats()
	op.Advance(10 * time.Minute)
	if n := w.APIWrites("PATCH messagetemplates/status"); n > 3 {
		t.Errorf("%d status writes in ten minutes", n)
	}
	s := w.Sim.Stats()
	if n := s.ByOp[graphsim.OpEditTemplate] + s.ByOp[graphsim.OpReadTemplate]; n > 10 {
		t.Errorf("%d calls for the template in ten minutes: %v", n, s.ByOp)
	}
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonTransientError)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTransientError)
	heal()
	op.Observe()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if n := w.Sim.Stats().CommittedEdits[tmpl.Status.ID]; n != 1 {
		t.Errorf("%d edits at Meta, want 1", n)
	}
	w.CheckInvariants()
}

func TestEditWaitsForReview(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env, graphsim.WithReviewDelay(20*time.Minute))
	w.Secret()
	w.WABA()
	tmpl := w.CreateTemplate("parcel_left")
	op := w.Start()
	op.Observe()
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	op.Observe()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonInReview)
	if edits(w) != 0 {
		t.Fatal("edited a template in review")
	}
	op.Advance(40 * time.Minute)
	w.Reload(tmpl)
	if edits(w) != 1 {
		t.Errorf("%d edits after the review, want 1", edits(w))
	}
	w.CheckInvariants()
}

func TestRejectedAndRepaired(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) {
		m.Spec.Body.Text = "Hello {{1}}, to keep your account open please reply to this message with your password today."
	})
	op := w.Start()
	op.Observe()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonRejected)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRejected)
	if r := tmpl.Status.Rejection; r == nil || r.Reason == "" || r.Recommendation == "" {
		t.Errorf("rejection: %+v", r)
	}
	// A rejected template may be edited as often as it takes.
	for _, body := range []string{"Hello {{1}}, please send us your password now so that we can help you.", changedBody} {
		w.Edit(tmpl, func() { tmpl.Spec.Body.Text = body })
		op.Observe()
		op.Observe()
	}
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if tmpl.Status.Rejection != nil {
		t.Errorf("rejection is still shown: %+v", tmpl.Status.Rejection)
	}
	w.CheckInvariants()
}

func TestReclassified(t *testing.T) {
	t.Parallel()
	for _, policy := range []v1alpha1.CategoryPolicy{"", v1alpha1.CategoryPolicyRequire} {
		t.Run("categoryPolicy "+string(policy), func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA()
			tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) {
				m.Spec.CategoryPolicy = policy
				m.Spec.Body.Text = "Hi {{1}}, only today you get a discount of 20% off everything in your basket at our shop."
			})
			op := w.Start()
			op.Observe()
			op.Observe()
			w.Reload(tmpl)
			if tmpl.Status.Category != "MARKETING" {
				t.Fatalf("not reclassified: %+v", tmpl.Status)
			}
			expect(t, tmpl.Status.Conditions, v1alpha1.ConditionCategoryAsRequested, metav1.ConditionFalse, v1alpha1.ReasonReclassified)
			if policy == v1alpha1.CategoryPolicyRequire {
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReclassified)
			} else {
				expectReady(t, tmpl)
			}
			// Accepting Meta's view costs no edit.
			w.Edit(tmpl, func() { tmpl.Spec.Category = v1alpha1.TemplateCategoryMarketing })
			op.Observe()
			w.Reload(tmpl)
			expectReady(t, tmpl)
			expect(t, tmpl.Status.Conditions, v1alpha1.ConditionCategoryAsRequested, metav1.ConditionTrue, v1alpha1.ReasonAsRequested)
			if edits(w) != 0 {
				t.Errorf("%d edits", edits(w))
			}
			w.CheckInvariants()
		})
	}
}

func TestAdoption(t *testing.T) {
	t.Parallel()
	same := harness.Template("parcel_left").Spec.Body.Text
	for _, tc := range []struct {
		name, body string
		policy     v1alpha1.AdoptionPolicy
		reason     string // of Synced=False, empty for adopted
		edits      int
	}{
		{"identical", same, "", "", 0},
		{"identical, never", same, v1alpha1.AdoptionPolicyNever, v1alpha1.ReasonAlreadyExists, 0},
		{"different", changedBody, "", v1alpha1.ReasonAlreadyExists, 0},
		{"different, always", changedBody, v1alpha1.AdoptionPolicyAlways, "", 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env, graphsim.WithEditReview(graphsim.EditReviewKeep))
			id := seed(w, "parcel_left", "en_US", tc.body)
			trap := seed(w, "parcel_left", "de", same) // nearly matches, must stay untouched
			w.Secret()
			w.WABA()
			tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) { m.Spec.AdoptionPolicy = tc.policy })
			op := w.Start()
			op.Observe()
			op.Observe()
			w.Reload(tmpl)
			if tc.reason != "" {
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, tc.reason)
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, tc.reason)
			} else {
				expectReady(t, tmpl)
				if tmpl.Status.ID != id {
					t.Errorf("id %s, want %s", tmpl.Status.ID, id)
				}
			}
			s := w.Sim.Stats()
			if len(s.CreatesByKey) != 0 || s.EditsByID[id] != tc.edits || s.EditsByID[trap] != 0 {
				t.Errorf("creates %v, edits %v", s.CreatesByKey, s.EditsByID)
			}
			w.CheckInvariants()
		})
	}
}

// seed puts an approved template with one variable and the usual footer to Meta.
func seed(w *harness.World, name, language, body string) string {
	return w.Sim.AddTemplate(harness.AccountID, graphsim.Template{
		Name: name, Language: language, Category: "UTILITY", Status: "APPROVED",
		Components: json.RawMessage(`[{"type":"BODY","text":` + quoted(body) + `,"example":{"body_text":[["Ana"]]}},{"type":"FOOTER","text":"Acme"}]`),
	})
}

func TestDrift(t *testing.T) {
	t.Parallel()
	for _, policy := range []v1alpha1.DriftPolicy{"", v1alpha1.DriftPolicyRepair} {
		t.Run("driftPolicy "+string(policy), func(t *testing.T) {
			t.Parallel()
			w, op, tmpl := ready(t, func(m *v1alpha1.MessageTemplate) { m.Spec.DriftPolicy = policy })
			person(w, tmpl.Status.ID, changedBody)
			op.Observe()
			w.Reload(tmpl)
			if len(tmpl.Status.Drift) != 1 || tmpl.Status.Drift[0] != "body.text" {
				t.Errorf("drift: %v", tmpl.Status.Drift)
			}
			if edits(w) != 0 {
				t.Fatalf("%d edits: a person's edit counts, so a repair has to wait a day", edits(w))
			}
			// What is there works meanwhile, whether the drift is reported or waits to be repaired.
			expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
			op.AdvanceRoughly(26*time.Hour, 20*time.Minute)
			w.Reload(tmpl)
			if policy == "" {
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonDriftDetected)
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
				w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody }) // accept it
				op.Observe()
				w.Reload(tmpl)
			}
			expectReady(t, tmpl)
			if want := map[v1alpha1.DriftPolicy]int{v1alpha1.DriftPolicyRepair: 1}[policy]; edits(w) != want || len(tmpl.Status.Drift) != 0 {
				t.Errorf("%d edits, want %d; drift %v", edits(w), want, tmpl.Status.Drift)
			}
			w.CheckInvariants()
		})
	}
}

func TestDeletedInManager(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	w.Sim.DeleteInManager(tmpl.Status.ID)
	op.Advance(5*time.Minute + 40*time.Second)
	w.Reload(tmpl)
	if posts(w) != 1 {
		t.Fatal("created again though one listing proves nothing")
	}
	op.Advance(15 * time.Minute)
	w.Reload(tmpl)
	// The name of an approved template is locked for 30 days.
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonNameLocked)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNameLocked)
	if tmpl.Status.NextAttemptTime == nil {
		t.Fatal("nothing says when it is tried again")
	}
	// The waits double: about seven attempts in the first twelve hours, and one in the next.
	for i, most := range []int{9, 1} {
		before := posts(w)
		op.AdvanceRoughly(12*time.Hour, 10*time.Minute)
		if n := posts(w) - before; n > most || i == 0 && n < 3 {
			t.Errorf("%d creates in twelve hours while the name is locked, want at most %d", n, most)
		}
	}
	w.CheckInvariants()
}

func TestDeletion(t *testing.T) {
	t.Parallel()
	for _, policy := range []v1alpha1.DeletionPolicy{"", v1alpha1.DeletionPolicyDelete} {
		t.Run("deletionPolicy "+string(policy), func(t *testing.T) {
			t.Parallel()
			w, op, tmpl := ready(t, func(m *v1alpha1.MessageTemplate) { m.Spec.DeletionPolicy = policy })
			other := seed(w, "parcel_left", "de", "Hallo {{1}}, das Paket ist unterwegs zu dir und kommt heute an.")
			w.Delete(tmpl)
			op.SettleRetries()
			if w.Reload(tmpl) {
				t.Fatalf("still there: %+v", tmpl.Status.Conditions)
			}
			_, there := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "en_US")
			if want := policy == ""; there != want {
				t.Errorf("at Meta: %v, want %v", there, want)
			}
			if live, ok := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "de"); !ok || live.ID != other {
				t.Error("another language was deleted too")
			}
		})
	}
}

// TestNamespaceDeleted deletes account, Secret and template at once: the account waits for the template, and the
// template is deleted at Meta with the last good token.
func TestNamespaceDeleted(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	secret, waba := w.Secret(), w.WABA()
	tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) { m.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
	op := w.Start()
	op.Observe()
	w.Delete(secret)
	w.Delete(waba)
	w.Delete(tmpl)
	op.SettleRetries()
	if w.Reload(tmpl) || w.Reload(waba) {
		t.Fatalf("still there: %+v %+v", tmpl.Status.Conditions, waba.Status.Conditions)
	}
	if _, there := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "en_US"); there {
		t.Error("left at Meta")
	}
}
