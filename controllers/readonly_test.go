// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestReadOnlyWaits: with --read-only a resource that would have to wait says so instead of what it would write, and starts
// saying that when the wait is over.
func TestReadOnlyWaits(t *testing.T) {
	t.Parallel()
	reading := func(o *operator.Options) { o.ReadOnly, o.CreatesPerHour = true, 2 }
	w, op, tmpl := ready(t)
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	op.Settle()
	op.Observe()
	if edits(w) != 1 {
		t.Fatalf("%d edits", edits(w))
	}
	op.Stop()
	w.Edit(tmpl, func() {
		tmpl.Spec.Body.Text = "Hello {{1}}, here is a third text for the parcel that has left our warehouse."
	})
	op = w.Start(reading)
	op.Observe()
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonEditBudgetExhausted)

	// One of the two creates of this hour was made already.
	one, two := w.CreateTemplate("parcel_waits"), w.CreateTemplate("parcel_stays")
	op.Settle()
	op.Observe() // looking again takes nothing more
	reasons := map[string]int{}
	for _, m := range []*v1alpha1.MessageTemplate{one, two} {
		w.Reload(m)
		reasons[harness.Condition(m.Status.Conditions, v1alpha1.ConditionSynced).Reason]++
	}
	if reasons[v1alpha1.ReasonNotFound] != 1 || reasons[v1alpha1.ReasonQuotaExceeded] != 1 {
		t.Errorf("of one place there is: %v", reasons)
	}
	w.CheckInvariants()
	op.AdvanceRoughly(25*time.Hour, time.Hour)
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonDriftDetected, "would edit template: body.text")
	if edits(w) != 1 || posts(w) != 1 {
		t.Errorf("%d edits and %d creates", edits(w), posts(w))
	}
}

// TestReadOnlyHeld: with --read-only the breaker holds what it would hold, however often one looks.
func TestReadOnlyHeld(t *testing.T) {
	t.Parallel()
	const total, allowed = 8, 5
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	templates := make([]*v1alpha1.MessageTemplate, total)
	for i := range templates {
		templates[i] = w.CreateTemplate("parcel_"+string(rune('a'+i)), func(m *v1alpha1.MessageTemplate) { m.Spec.DriftPolicy = v1alpha1.DriftPolicyRepair })
	}
	op := w.Start()
	op.Observe()
	op.Stop()
	w.Clock.Step(26 * time.Hour)
	for _, m := range templates {
		w.Reload(m)
		expectReady(t, m)
		person(w, m.Status.ID, changedBody)
		if err := w.Sim.Decide(m.Status.ID, graphsim.Decision{Status: "REJECTED", RejectedReason: "SCAM"}); err != nil {
			t.Fatal(err)
		}
	}
	op = w.Start(func(o *operator.Options) { o.ReadOnly = true })
	op.Advance(4 * time.Minute)
	for _, m := range templates[:3] {
		w.Annotate(m, v1alpha1.AnnotationRequestCode, "no reason, but the resource is looked at again")
	}
	op.Settle()
	reasons := map[string]int{}
	for _, m := range templates {
		w.Reload(m)
		reasons[harness.Condition(m.Status.Conditions, v1alpha1.ConditionSynced).Reason]++
	}
	if reasons[v1alpha1.ReasonDriftDetected] != allowed || reasons[v1alpha1.ReasonBulkChangeHeld] != total-allowed {
		t.Errorf("of %d: %v", total, reasons)
	}
	if edits(w) != 0 {
		t.Errorf("%d edits", edits(w))
	}
	w.CheckInvariants()
}
