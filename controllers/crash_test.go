// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"strings"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const changedBody = "Hello {{1}}, parcel 77 has arrived at the shop around the corner and waits for you there."

// TestKilledWhileCreating kills the process at each point where something could be lost. In every case the template must
// be ours in the end, created once, and edited at most once.
func TestKilledWhileCreating(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name string
		// kill registers where the process dies.
		kill func(w *harness.World, op *harness.Operator)
		edit bool
	}{
		{"before the POST", func(w *harness.World, op *harness.Operator) {
			w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/*/message_templates", Cut: graphsim.BeforeCommit,
				Hook: func(*http.Request) { op.Kill() }})
		}, false},
		{"between the POST and the status write", func(w *harness.World, op *harness.Operator) {
			w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/*/message_templates", Commit: true, Cut: graphsim.AfterCommit,
				AfterHook: func(*http.Request) { op.Kill() }})
		}, false},
		{"between the POST and the status write, manifest edited before the restart", func(w *harness.World, op *harness.Operator) {
			w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/*/message_templates", Commit: true, Cut: graphsim.AfterCommit,
				AfterHook: func(*http.Request) { op.Kill() }})
		}, true},
		{"before the POST, manifest edited before the restart", func(w *harness.World, op *harness.Operator) {
			w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/*/message_templates", Cut: graphsim.BeforeCommit,
				Hook: func(*http.Request) { op.Kill() }})
		}, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA()
			first := w.Start()
			first.Settle()
			tc.kill(w, first)
			tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) {
				m.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyNever // ours whatever the adoption policy says
			})
			w.Wait("the create", func() bool { return posts(w) > 0 })
			first.StopKilled()
			w.Reload(tmpl)
			if tmpl.Status.Operator.PendingCreate == nil || tmpl.Status.ID != "" {
				t.Fatalf("the test missed its moment: %+v", tmpl.Status)
			}
			if tc.edit {
				w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
			}
			second := w.Start()
			second.Observe()
			second.Observe()
			w.Reload(tmpl)
			expectReady(t, tmpl)
			expectOnce(t, w, tc.edit)
			w.CheckInvariants()
		})
	}
}

// TestKilledAfterCreating kills the process after everything was written: the restart must find nothing to do.
func TestKilledAfterCreating(t *testing.T) {
	t.Parallel()
	for _, edit := range []bool{false, true} {
		t.Run(map[bool]string{false: "unchanged", true: "manifest edited before the restart"}[edit], func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA()
			tmpl := w.CreateTemplate("parcel_left")
			first := w.Start()
			first.Settle()
			first.StopKilled()
			if edit {
				w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
			}
			second := w.Start()
			second.Observe()
			second.Observe()
			w.Reload(tmpl)
			expectReady(t, tmpl)
			expectOnce(t, w, edit)
			w.CheckInvariants()
		})
	}
}

// TestKilledWhileEditing: the edit of an approved template is one a day, so a lost answer must not cost a second one.
func TestKilledWhileEditing(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		fault graphsim.Fault
	}{
		{"before the POST", graphsim.Fault{Cut: graphsim.BeforeCommit}},
		{"between the POST and the status write", graphsim.Fault{Commit: true, Cut: graphsim.AfterCommit}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA()
			tmpl := w.CreateTemplate("parcel_left")
			first := w.Start()
			first.Observe()
			w.Reload(tmpl)
			expectReady(t, tmpl)

			fault := tc.fault
			fault.Method, fault.Path = http.MethodPost, "/"+tmpl.Status.ID
			if fault.Commit {
				fault.AfterHook = func(*http.Request) { first.Kill() }
			} else {
				fault.Hook = func(*http.Request) { first.Kill() }
			}
			w.Sim.Fail(fault)
			w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
			w.Wait("the edit", func() bool { return editPosts(w, tmpl.Status.ID) > 0 })
			first.StopKilled()

			second := w.Start()
			second.Observe()
			second.Observe()
			w.Reload(tmpl)
			expectReady(t, tmpl)
			expectOnce(t, w, true)
			if len(tmpl.Status.Operator.Edits) != 1 || !tmpl.Status.Operator.Edits[0].Done {
				t.Errorf("edits: %+v", tmpl.Status.Operator.Edits)
			}
			w.CheckInvariants()
		})
	}
}

// TestAnswerLost loses the answer without killing the operator.
func TestAnswerLost(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	op := w.Start()
	op.Settle()
	w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/*/message_templates", Commit: true, Cut: graphsim.AfterCommit})
	tmpl := w.CreateTemplate("parcel_left")
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	expectOnce(t, w, false)
}

func posts(w *harness.World) int {
	n := 0
	for _, r := range w.Sim.Requests() {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/message_templates") {
			n++
		}
	}
	return n
}

func editPosts(w *harness.World, id string) int {
	n := 0
	for _, r := range w.Sim.Requests() {
		if r.Method == http.MethodPost && strings.HasSuffix(r.Path, "/"+id) {
			n++
		}
	}
	return n
}

func expectReady(t *testing.T, tmpl *v1alpha1.MessageTemplate) {
	t.Helper()
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if tmpl.Status.Operator.PendingCreate != nil || tmpl.Status.Operator.Baseline == nil {
		t.Errorf("not ours: %+v", tmpl.Status)
	}
}

// expectOnce checks what really happened at Meta: one create, and one edit only if the manifest was edited.
func expectOnce(t *testing.T, w *harness.World, edited bool) {
	t.Helper()
	s := w.Sim.Stats()
	creates, edits := 0, 0
	for _, n := range s.CommittedCreates {
		creates += n
	}
	for _, n := range s.CommittedEdits {
		edits += n
	}
	limit := 0
	if edited {
		limit = 1
	}
	if creates != 1 || edits > limit {
		t.Errorf("%d creates and %d edits at Meta, want 1 and at most %d", creates, edits, limit)
	}
	live, ok := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "en_US")
	if !ok {
		t.Fatal("no template at Meta")
	}
	if edited && !strings.Contains(string(live.Components), "around the corner") {
		t.Errorf("the change didn't reach Meta: %s", live.Components)
	}
}
