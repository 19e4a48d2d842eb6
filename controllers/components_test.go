// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	eventsv1 "k8s.io/api/events/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/template"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestEveryExample takes each example manifest from apply to approval. Once it is approved, nothing is ever edited.
func TestEveryExample(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env, graphsim.WithCreateLimit(0))
	w.Secret()
	w.WABA()
	configMap(w, map[string][]byte{"sample.jpg": harness.JPEG, "sample.pdf": harness.PDF})
	w.Files = map[string][]byte{}
	files, err := filepath.Glob(filepath.Join("..", "api", "v1alpha1", "testdata", "examples", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal("no examples")
	}
	var all []*v1alpha1.MessageTemplate
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		obj := &v1alpha1.MessageTemplate{}
		if err := yaml.UnmarshalStrict(raw, obj); err != nil {
			t.Fatal(err)
		}
		for _, m := range template.MediaOf(&obj.Spec) {
			if m.Source.URL != "" { // no server has a file with the hash in the manifest
				w.Files[m.Source.URL], m.Source.SHA256 = harness.MP4, harness.SHA256(harness.MP4)
			}
		}
		obj.Namespace, obj.Spec.WABARef = "", v1alpha1.WABAReference{Name: "acme"}
		w.Create(obj)
		all = append(all, obj)
	}
	op := w.Start()
	op.Settle()
	op.Observe()
	op.Observe()
	for _, obj := range all {
		w.Reload(obj)
		if c := harness.Condition(obj.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
			t.Errorf("%s: %s %s", obj.Name, c.Reason, c.Message)
		}
		// The code of a one-time password is filled in twice, though no text of ours has a variable.
		if n := len(obj.Status.Parameters); obj.Spec.Authentication != nil && n != 2 {
			t.Errorf("%s: %d parameters, want 2: %+v", obj.Name, n, obj.Status.Parameters)
		}
	}
	if s := w.Sim.Stats(); len(s.EditsByID) != 0 || len(s.CommittedCreates) != len(all) {
		t.Errorf("%d creates for %d manifests, edits %v", len(s.CommittedCreates), len(all), s.EditsByID)
	}
	w.CheckInvariants()
}

// TestFlowByName changes what Meta never shows: the name by which a flow was given.
func TestFlowByName(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t, func(m *v1alpha1.MessageTemplate) {
		m.Spec.Buttons = []v1alpha1.TemplateButton{{Type: v1alpha1.ButtonTypeFlow, Text: "Book", Flow: &v1alpha1.ButtonFlow{Name: "booking_1"}}}
	})
	op.Observe()
	if edits(w) != 0 {
		t.Fatal("edited without a change")
	}
	w.Edit(tmpl, func() { tmpl.Spec.Buttons[0].Flow.Name = "booking_2" })
	op.Settle()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if edits(w) != 1 {
		t.Errorf("%d edits, want 1", edits(w))
	}
	w.CheckInvariants()
}

func TestUnpause(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	if err := w.Sim.Decide(tmpl.Status.ID, graphsim.Decision{Status: "PAUSED", QualityScore: "RED"}); err != nil {
		t.Fatal(err)
	}
	op.Observe()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTemplatePaused)

	w.Annotate(tmpl, v1alpha1.AnnotationUnpause, "once")
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	op.Observe()
	if n := w.Sim.Stats().ByOp["unpause_template"]; n != 1 || tmpl.Status.Operator.LastHandledUnpause != "once" {
		t.Errorf("asked %d times, handled %q", n, tmpl.Status.Operator.LastHandledUnpause)
	}
	if notes := eventNotes(t, w, v1alpha1.ReasonUnpauseHandled); len(notes) != 1 {
		t.Errorf("events: %q", notes)
	}
	w.CheckInvariants()
}

// TestUnarchive: a template that Meta archived is brought back by annotation, once for each value, or by archivedPolicy each time.
func TestUnarchive(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	calls := func() int { return w.Sim.Stats().ByOp["unarchive_templates"] }
	archived := func() {
		t.Helper()
		if err := w.Sim.Archive(tmpl.Status.ID); err != nil {
			t.Fatal(err)
		}
		op.Observe()
		op.Advance(3 * time.Minute) // it is missing in two listings, and found by its id
	}
	archived()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonArchived)
	if end := tmpl.Status.StatusEndTime; end == nil || calls() > 0 {
		t.Errorf("ends at %v, %d calls", end, calls())
	}

	w.Annotate(tmpl, v1alpha1.AnnotationUnarchive, "once")
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if calls() != 1 || tmpl.Status.Operator.LastHandledUnarchive != "once" || len(eventNotes(t, w, v1alpha1.ReasonUnarchiveHandled)) != 1 {
		t.Errorf("asked %d times, handled %q", calls(), tmpl.Status.Operator.LastHandledUnarchive)
	}

	w.Edit(tmpl, func() { tmpl.Spec.ArchivedPolicy = v1alpha1.ArchivedPolicyUnarchive })
	op.Settle()
	archived()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if calls() != 2 {
		t.Errorf("asked %d times", calls())
	}
	w.CheckInvariants()
}

// TestUnarchiveIsBounded: where Meta takes the call and the template stays archived, or refuses it, archivedPolicy doesn't repeat it for ever.
func TestUnarchiveIsBounded(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer func(id string) string
		reason string
	}{
		"taken": {func(string) string { return `{"success":true}` }, v1alpha1.ReasonContested},
		"refused": {func(id string) string {
			return `{"unarchived_templates":[],"failed_templates":{"` + id + `":"Not possible"}}`
		}, v1alpha1.ReasonRefusedByMeta},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, op, tmpl := ready(t)
			w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/*/message_templates/unarchive", Times: -1, Status: http.StatusOK, Body: c.answer(tmpl.Status.ID)})
			w.Edit(tmpl, func() { tmpl.Spec.ArchivedPolicy = v1alpha1.ArchivedPolicyUnarchive })
			op.Settle()
			if err := w.Sim.Archive(tmpl.Status.ID); err != nil {
				t.Fatal(err)
			}
			op.Observe()
			op.Advance(6 * time.Hour)
			calls := 0
			for _, r := range w.Sim.Requests() {
				if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/unarchive") {
					calls++
				}
			}
			w.Reload(tmpl)
			expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, c.reason)
			if calls == 0 || calls > 3 {
				t.Errorf("%d calls in six hours", calls)
			}
			w.CheckInvariants()
		})
	}
}

// TestBilling: a payment method that is missing, and a deadline for the currency, are said by a condition and an event, and don't count for
// Ready.
func TestBilling(t *testing.T) {
	t.Parallel()
	w, op, _ := ready(t)
	for _, c := range []struct {
		change func(*graphsim.Account)
		status metav1.ConditionStatus
		reason string
	}{
		{func(*graphsim.Account) {}, metav1.ConditionTrue, v1alpha1.ReasonPaymentMethodPresent},
		{func(a *graphsim.Account) { a.PrimaryFundingID = "" }, metav1.ConditionFalse, v1alpha1.ReasonNoPaymentMethod},
		{func(a *graphsim.Account) { a.PrimaryFundingID, a.Country, a.Currency = "1", "BR", "USD" }, metav1.ConditionTrue, v1alpha1.ReasonCurrencyDeadline},
	} {
		w.Sim.UpdateAccount(harness.AccountID, c.change)
		op.Observe()
		waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: w.Namespace}}
		w.Reload(waba)
		expect(t, waba.Status.Conditions, v1alpha1.ConditionBillingReady, c.status, c.reason)
	}
	if notes := eventNotes(t, w, v1alpha1.ReasonNoPaymentMethod); len(notes) != 1 || !strings.Contains(notes[0], "add one in the billing settings") {
		t.Errorf("events: %q", notes)
	}
	w.CheckInvariants()
}

func eventNotes(t *testing.T, w *harness.World, reason string) []string {
	t.Helper()
	var notes []string
	w.Wait("an event "+reason, func() bool {
		var list eventsv1.EventList
		if err := w.Client.List(context.Background(), &list, client.InNamespace(w.Namespace)); err != nil {
			t.Fatal(err)
		}
		notes = nil
		for i := range list.Items {
			if list.Items[i].Reason == reason {
				notes = append(notes, list.Items[i].Note)
			}
		}
		return len(notes) > 0
	})
	return notes
}

// TestWarnings: the status warns once of what Meta often refuses, and the operator sends it all the same.
func TestWarnings(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t, func(m *v1alpha1.MessageTemplate) {
		m.Spec.Body.Text = "Hello {{1}}, your parcel has left our warehouse this morning and will reach you on {{2}}."
		m.Spec.Body.Examples = append(m.Spec.Body.Examples, v1alpha1.ParameterExample{Name: "2", Value: "Friday"})
	})
	if len(tmpl.Status.Warnings) != 1 || !strings.HasPrefix(tmpl.Status.Warnings[0], "spec.body.text: ") {
		t.Errorf("warnings: %q", tmpl.Status.Warnings)
	}
	op.Observe()
	if notes := eventNotes(t, w, v1alpha1.ReasonReviewRisk); len(notes) != 1 {
		t.Errorf("events: %q", notes)
	}
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = strings.TrimSuffix(tmpl.Spec.Body.Text, ".") + " at noon." })
	op.Settle()
	w.Reload(tmpl)
	if len(tmpl.Status.Warnings) != 0 {
		t.Errorf("warnings: %q", tmpl.Status.Warnings)
	}
}
