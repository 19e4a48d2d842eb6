// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

func setPolicy(policy v1alpha1.ManagementPolicy) func(*v1alpha1.MessageTemplate) {
	return func(m *v1alpha1.MessageTemplate) { m.Spec.ManagementPolicy = policy }
}

func account(w *harness.World) *v1alpha1.WABA {
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "acme"}}
	w.Reload(waba)
	return waba
}

// TestPausedMakesNoCall: a paused template keeps what was known, follows its generation, and costs nothing; a paused
// account is not even observed.
func TestPausedMakesNoCall(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	n := len(w.Sim.Requests())
	w.Edit(tmpl, func() { tmpl.Spec.ManagementPolicy = v1alpha1.ManagementPolicyPaused })
	op.Settle()
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	person(w, tmpl.Status.ID, "A person changed this {{1}} while the resource was paused for the day.")
	op.Observe()
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonPaused, "no call is made")
	if tmpl.Status.ObservedGeneration != tmpl.Generation {
		t.Errorf("observed generation %d of %d", tmpl.Status.ObservedGeneration, tmpl.Generation)
	}
	for _, kind := range []string{v1alpha1.ConditionReconciling, v1alpha1.ConditionStalled} {
		if c := harness.Condition(tmpl.Status.Conditions, kind); c.Type != "" {
			t.Errorf("%s while paused: %s", kind, c.Message)
		}
	}
	if calls := beyondObservation(w, n); len(calls) > 0 {
		t.Errorf("calls: %v", calls)
	}

	waba := account(w)
	w.Edit(waba, func() { waba.Spec.ManagementPolicy = v1alpha1.ManagementPolicyPaused })
	op.Settle()
	silent(t, w, "account paused", func() {
		w.Edit(tmpl, func() { tmpl.Spec.ManagementPolicy = v1alpha1.ManagementPolicyManaged })
		w.CreateTemplate("parcel_waits", setPolicy(v1alpha1.ManagementPolicyObserved))
		for range 3 {
			op.Observe()
		}
		w.Reload(waba)
		expectRefused(t, waba.Status.Conditions, v1alpha1.ReasonPaused)
		expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
		w.Reload(tmpl)
		expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonPaused)
	})
	w.CheckInvariants()

	w.Edit(waba, func() { waba.Spec.ManagementPolicy = "" })
	op.Settle()
	op.AdvanceRoughly(26*time.Hour, 20*time.Minute) // the person's edit was today's
	w.Reload(tmpl)
	expectReady(t, tmpl)
	w.CheckInvariants()
}

// TestDeletingPaused: letting go of a paused resource touches nothing, whatever its deletion policy.
func TestDeletingPaused(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t, func(m *v1alpha1.MessageTemplate) { m.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
	w.Edit(tmpl, func() { tmpl.Spec.ManagementPolicy = v1alpha1.ManagementPolicyPaused })
	op.Settle()
	silent(t, w, "paused", func() {
		w.Delete(tmpl)
		op.Settle()
	})
	if w.Reload(tmpl) {
		t.Errorf("not let go: %+v", tmpl.Status.Conditions)
	}
}

// TestObservedWritesNothing: observed resources name what differs, by their own policy or by the account's.
func TestObservedWritesNothing(t *testing.T) {
	t.Parallel()
	for _, byAccount := range []bool{false, true} {
		t.Run(map[bool]string{false: "own policy", true: "account's policy"}[byAccount], func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			own := v1alpha1.ManagementPolicyObserved
			if byAccount {
				own = v1alpha1.ManagementPolicyManaged
			}
			w.WABA(func(a *v1alpha1.WABA) {
				a.Spec.Insights = ""
				if byAccount {
					a.Spec.ManagementPolicy, a.Spec.Insights = v1alpha1.ManagementPolicyObserved, v1alpha1.InsightsEnabled
				}
			})
			differs := w.CreateTemplate("parcel_left", setPolicy(own), func(m *v1alpha1.MessageTemplate) {
				m.Spec.DriftPolicy, m.Spec.DeletionPolicy = v1alpha1.DriftPolicyRepair, v1alpha1.DeletionPolicyDelete
				m.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyAlways
			})
			absent := w.CreateTemplate("parcel_waits", setPolicy(own))
			same := w.CreateTemplate("parcel_here", setPolicy(own))
			seed(w, "parcel_left", "en_US", changedBody)
			seed(w, "parcel_here", "en_US", same.Spec.Body.Text)
			op := w.Start()
			op.Observe()
			op.Observe()

			w.Reload(differs)
			expectRefused(t, differs.Status.Conditions, v1alpha1.ReasonDriftDetected, "observed only; differs from the spec in body.text")
			expect(t, differs.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
			if strings.Join(differs.Status.Drift, " ") != "body.text" {
				t.Errorf("drift %v", differs.Status.Drift)
			}
			w.Reload(absent)
			expectRefused(t, absent.Status.Conditions, v1alpha1.ReasonNotFound, "no such template at Meta")
			w.Reload(same)
			expect(t, same.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
			w.CheckInvariants()
			w.Delete(differs)
			op.Observe()
			if w.Reload(differs) {
				t.Error("not let go")
			}
			expectNoWrites(t, w)
		})
	}
}

// TestObservedWithoutSample: a header without its sample file, as after an export, keeps neither drift nor parameters from being
// shown.
func TestObservedWithoutSample(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	id := w.Sim.AddTemplate(harness.AccountID, graphsim.Template{Name: "parcel_left", Language: "en_US", Components: json.RawMessage(
		`[{"type":"HEADER","format":"IMAGE","example":{"header_handle":["4::aW1n"]}},
		{"type":"BODY","text":"Hi {{1}}, it ships today.","example":{"body_text":[["Ana"]]}}]`)})
	tmpl := w.CreateTemplate("parcel_left", setPolicy(v1alpha1.ManagementPolicyObserved), func(m *v1alpha1.MessageTemplate) {
		m.Spec.Header, m.Spec.Footer = &v1alpha1.TemplateHeader{Format: v1alpha1.HeaderFormatImage}, nil
		m.Spec.Body = &v1alpha1.TemplateBody{Text: "Hi {{1}}, it ships today.", Examples: []v1alpha1.ParameterExample{{Name: "1", Value: "Ana"}}}
	})
	op := w.Start()
	op.Observe()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if p := tmpl.Status.Parameters; len(p) != 2 || p[0].Type != "IMAGE" || p[1].Example != "Ana" {
		t.Errorf("parameters %+v", p)
	}
	person(w, id, changedBody)
	op.Observe()
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonDriftDetected, "body.text")
	expectNoWrites(t, w)
	w.CheckInvariants()
}

func expectNoWrites(t *testing.T, w *harness.World) {
	t.Helper()
	for _, r := range w.Sim.Requests() {
		if r.Method != http.MethodGet && r.Op != graphsim.OpBatch {
			t.Errorf("a write: %s %s", r.Method, r.Path)
		}
	}
}

// TestReadOnly: with --read-only every write becomes an event that says what would be done, and nothing else happens.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env, graphsim.WithEditReview(graphsim.EditReviewKeep))
	w.Secret()
	waba := w.WABA(func(a *v1alpha1.WABA) { a.Spec.Insights = v1alpha1.InsightsEnabled })
	seed(w, "parcel_left", "en_US", changedBody)
	edited := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) {
		m.Spec.AdoptionPolicy, m.Spec.DeletionPolicy = v1alpha1.AdoptionPolicyAlways, v1alpha1.DeletionPolicyDelete
	})
	created := w.CreateTemplate("parcel_waits")
	op := w.Start(func(o *operator.Options) { o.ReadOnly = true })
	op.Observe()
	op.Observe()
	w.Reload(edited)
	expectRefused(t, edited.Status.Conditions, v1alpha1.ReasonDriftDetected, "would edit template: body.text", "--read-only")
	w.Reload(created)
	expectRefused(t, created.Status.Conditions, v1alpha1.ReasonNotFound, "would create template", "--read-only")
	w.CheckInvariants()
	w.Wait("the events", func() bool {
		return would(w, edited, "would edit template: body.text") && would(w, created, "would create template") &&
			would(w, waba, "would update account: insights")
	})
	w.Delete(edited)
	op.Observe()
	if w.Reload(edited) {
		t.Error("not let go")
	}
	expectNoWrites(t, w)

	op.Stop() // once writing is allowed, what was only announced is done
	op = w.Start()
	op.Observe()
	w.Reload(created)
	expect(t, created.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
}

// would reports an event with the reason DryRun about an object.
func would(w *harness.World, obj client.Object, note string) bool {
	var list eventsv1.EventList
	if err := w.Client.List(context.Background(), &list, client.InNamespace(w.Namespace)); err != nil {
		w.T.Fatal(err)
	}
	for _, e := range list.Items {
		if e.Reason == "DryRun" && e.Regarding.UID == obj.GetUID() && strings.Contains(e.Note, note) {
			return true
		}
	}
	return false
}

// TestConflictAndTakeover: of two resources for one template the older acts; when it goes, the other takes over.
func TestConflictAndTakeover(t *testing.T) {
	t.Parallel()
	w, op, winner := ready(t)
	op.Advance(time.Minute) // the next observation follows after more than four minutes
	var loser *v1alpha1.MessageTemplate
	silent(t, w, "conflict", func() {
		loser = w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) {
			m.Name, m.Spec.Body.Text, m.Spec.AdoptionPolicy = "a-second-one", changedBody, v1alpha1.AdoptionPolicyAlways
		})
		op.Advance(4 * time.Minute)
		w.Reload(loser)
		expectRefused(t, loser.Status.Conditions, v1alpha1.ReasonConflict, "MessageTemplate parcel-left already manages this", "delete one of the two")
		expect(t, loser.Status.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonConflict)
		w.Reload(winner)
		expectReady(t, winner)
	})
	w.CheckInvariants()
	w.Delete(winner)
	op.Observe()
	op.Observe()
	w.Reload(loser)
	expectReady(t, loser)
	if live, _ := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "en_US"); !strings.Contains(string(live.Components), "corner") || live.ID != loser.Status.ID {
		t.Errorf("at Meta: %s %s", live.ID, live.Components)
	}
	w.CheckInvariants()
}

// TestMassDeletionIsHeld: when many templates vanish at once, only a few are created again before a person has to look.
func TestMassDeletionIsHeld(t *testing.T) {
	t.Parallel()
	const total, gone, allowed = 12, 9, 5
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	templates := make([]*v1alpha1.MessageTemplate, total)
	for i := range templates {
		templates[i] = w.CreateTemplate(fmt.Sprintf("parcel_%02d", i))
	}
	op := w.Start()
	op.Observe()
	for i, tmpl := range templates {
		w.Reload(tmpl)
		expectReady(t, tmpl)
		if i < gone {
			// A rejected one can be created again at once; the name of an approved one would be locked.
			if err := w.Sim.Decide(tmpl.Status.ID, graphsim.Decision{Status: "REJECTED", RejectedReason: "SCAM"}); err != nil {
				t.Fatal(err)
			}
			w.Sim.DeleteInManager(tmpl.Status.ID)
		}
	}
	op.Advance(20 * time.Minute) // two listings and more
	held := 0
	for _, tmpl := range templates {
		w.Reload(tmpl)
		if c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionSynced); c.Reason == v1alpha1.ReasonBulkChangeHeld {
			held++
			expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonBulkChangeHeld, "check the account", v1alpha1.AnnotationReleaseHeld)
		}
	}
	if n := posts(w); n != total+allowed || held != gone-allowed {
		t.Errorf("%d created again and %d held, want %d and %d", n-total, held, allowed, gone-allowed)
	}
	waba := account(w)
	if waba.Status.Operator.HeldTime == nil {
		t.Error("the account doesn't say that changes are held")
	}
	op.Stop() // a restart doesn't release anything
	op = w.Start()
	op.Advance(20 * time.Minute) // again two listings, without which nothing is missing
	if n := posts(w); n != total+allowed {
		t.Errorf("%d more created after a restart", n-total-allowed)
	}
	w.CheckInvariants()

	w.Annotate(waba, v1alpha1.AnnotationReleaseHeld, "looked")
	op.Observe()
	op.Observe()
	for _, tmpl := range templates {
		w.Reload(tmpl)
		expectReady(t, tmpl)
	}
	if waba = account(w); waba.Status.Operator.HeldTime != nil || posts(w) != total+gone {
		t.Errorf("held since %v, %d creates", waba.Status.Operator.HeldTime, posts(w))
	}
	w.CheckInvariants()
}

// TestContested: a repair that another client keeps reverting stops after three times in a day.
func TestContested(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t, func(m *v1alpha1.MessageTemplate) { m.Spec.DriftPolicy = v1alpha1.DriftPolicyRepair })
	undo := func(i int) {
		t.Helper()
		person(w, tmpl.Status.ID, fmt.Sprintf("Hello {{1}}, this is what another person wants, for the time number %d today.", i))
		if err := w.Sim.Decide(tmpl.Status.ID, graphsim.Decision{Status: "REJECTED", RejectedReason: "SCAM"}); err != nil {
			t.Fatal(err)
		}
		op.Observe()
		op.Observe()
	}
	for i := range 6 {
		undo(i)
	}
	w.Reload(tmpl)
	if edits(w) != 3 {
		t.Errorf("%d repairs, want 3", edits(w))
	}
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonContested, "agree who manages this template", "driftPolicy: Report")
	w.CheckInvariants()
	op.AdvanceRoughly(25*time.Hour, 30*time.Minute) // the next day it is tried again
	w.Reload(tmpl)
	if edits(w) != 4 {
		t.Errorf("%d repairs after a day, want 4", edits(w))
	}
	expectReady(t, tmpl)
	w.CheckInvariants()
}
