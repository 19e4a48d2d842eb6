// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestNameLockThatIsNone: Meta says "locked" of a name that is taken, and of one that is free soon.
func TestNameLockThatIsNone(t *testing.T) {
	t.Parallel()
	locked := graphsim.Fault{
		Method: http.MethodPost, Path: "/*/message_templates", Code: 100, Subcode: 2388023, Message: "(#100) Invalid parameter",
		UserTitle: "Content in This Language Already Exists", UserMessage: "There is already content in this language for this template. Choose another name or language.",
	}
	t.Run("taken by the same content", func(t *testing.T) {
		t.Parallel()
		w, op := observedWorld(t)
		w.Sim.Fail(locked)
		id := seed(w, "parcel_left", "en_US", harness.Template("parcel_left").Spec.Body.Text)
		tmpl := w.CreateTemplate("parcel_left")
		op.Settle()
		w.Reload(tmpl)
		if tmpl.Status.ID != id || w.Sim.Stats().ByOp[graphsim.OpCreateTemplate] != 1 || tmpl.Status.Operator.NameLockedTime != nil {
			t.Errorf("id %s, want %s; %+v", tmpl.Status.ID, id, tmpl.Status.Conditions)
		}
		w.CheckInvariants()
	})
	t.Run("free soon", func(t *testing.T) {
		t.Parallel()
		w, op := observedWorld(t)
		w.Sim.Fail(locked)
		tmpl := w.CreateTemplate("parcel_left")
		op.Settle()
		w.Reload(tmpl)
		expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonNameLocked)
		op.Advance(16 * time.Minute)
		w.Reload(tmpl)
		expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
		if tmpl.Status.Operator.NameLockedTime != nil {
			t.Errorf("the lock is still remembered: %v", tmpl.Status.Operator.NameLockedTime)
		}
		w.CheckInvariants()
	})
	t.Run("refused for another reason", func(t *testing.T) {
		t.Parallel()
		w, op := observedWorld(t)
		w.Sim.Fail(locked)
		tmpl := w.CreateTemplate("parcel_left")
		op.Settle()
		w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/*/message_templates", Code: 100, Subcode: 2388072, UserTitle: "Message body format is incorrect"})
		op.Advance(16 * time.Minute)
		w.Reload(tmpl)
		expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec)
		if tmpl.Status.Operator.NameLockedTime != nil {
			t.Errorf("the next lock would be taken for an old one: %v", tmpl.Status.Operator.NameLockedTime)
		}
		w.CheckInvariants()
	})
}

// observedWorld returns a world whose account was observed.
func observedWorld(t *testing.T) (*harness.World, *harness.Operator) {
	t.Helper()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	op := w.Start()
	op.Settle()
	return w, op
}
