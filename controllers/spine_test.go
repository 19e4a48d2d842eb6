// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/harness"
)

// expect fails unless the condition has this status and reason.
func expect(t *testing.T, conditions []metav1.Condition, kind string, status metav1.ConditionStatus, reason string) {
	t.Helper()
	c := harness.Condition(conditions, kind)
	if c.Status != status || c.Reason != reason {
		t.Errorf("%s is %s/%s (%s), want %s/%s", kind, c.Status, c.Reason, c.Message, status, reason)
	}
}

func TestTemplateFromManifestToApproval(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA()
	op := w.Start()
	op.Settle()
	tmpl := w.CreateTemplate("parcel_left")
	op.Settle()

	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInReview)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonInReview)
	if tmpl.Status.ID == "" || tmpl.Status.AccountID != harness.AccountID || tmpl.Status.Operator.PendingCreate != nil {
		t.Errorf("status: %+v", tmpl.Status)
	}

	op.Observe()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
	if n := len(w.Sim.Stats().CommittedCreates); n != 1 {
		t.Errorf("%d templates created", n)
	}
	if n := w.APIWrites("PATCH messagetemplates/status"); n > 3 {
		t.Errorf("%d status writes until Ready, want at most 3", n)
	}
	w.ResetAPIWrites()
	w.Sim.ResetStats()
	op.Advance(30 * time.Minute)
	if n := w.APIWrites("PATCH messagetemplates"); n != 0 {
		t.Errorf("%d writes to the template though nothing changed", n)
	}
	if s := w.Sim.Stats(); s.Writes != 0 {
		t.Errorf("%d writes to Meta though nothing changed", s.Writes)
	}
	w.CheckInvariants()
}
