// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// Between the edit of a rejected template and the next observation, kstatus must see work in progress, not a failure.
func TestEditEndsRejectionAtOnce(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env, graphsim.WithReviewDelay(time.Minute))
	w.Secret()
	w.WABA()
	tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) {
		m.Spec.Body.Text = "Hello {{1}}, to keep your account open please reply to this message with your password today."
	})
	op := w.Start()
	op.Observe()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRejected)
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInReview)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReconciling, metav1.ConditionTrue, v1alpha1.ReasonInReview)
	if c := meta.FindStatusCondition(tmpl.Status.Conditions, v1alpha1.ConditionStalled); c != nil || tmpl.Status.Rejection != nil {
		t.Errorf("still looks rejected: %+v, %+v", c, tmpl.Status.Rejection)
	}
	op.Observe()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	w.CheckInvariants()
}
