// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// observations counts the reads of the account so far: one for each observation, and one an hour for its optional fields.
func observations(w *harness.World) int {
	return w.Sim.Stats().ByOp[graphsim.OpReadAccount]
}

// TestReviewIsSeenSoon: without webhooks, a review that takes minutes shows minutes later, however long the interval is; one that takes
// hours costs no more calls than the interval.
func TestReviewIsSeenSoon(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env, graphsim.WithReviewDelay(3*time.Minute))
	w.Secret()
	w.WABA()
	op := w.Start(func(o *operator.Options) { o.ObservationInterval = time.Hour })
	op.Observe()
	tmpl := w.CreateTemplate("parcel_left")
	op.Advance(3 * time.Minute)
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInReview)
	op.Advance(3 * time.Minute)
	w.Reload(tmpl)
	expectReady(t, tmpl)

	before := observations(w)
	op.Advance(50 * time.Minute)
	if n := observations(w) - before; n != 0 {
		t.Errorf("%d observations after the review", n)
	}
	w.CheckInvariants()
}

// TestQuietAccount: an account whose webhooks work is observed less often while nothing changes, and as often as any other once
// something does.
func TestQuietAccount(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA()
	tmpl := w.CreateTemplate("parcel_left")
	w.Create(&v1alpha1.WebhookSubscription{
		ObjectMeta: metav1.ObjectMeta{Name: "acme"},
		Spec:       v1alpha1.WebhookSubscriptionSpec{CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}}},
	})
	op := w.Start()
	interval := func(during time.Duration, want time.Duration) {
		t.Helper()
		op.Advance(during)
		w.Reload(waba)
		if got := time.Duration(waba.Status.EffectiveIntervalSeconds) * time.Second; got != want {
			t.Errorf("an interval of %s, want %s", got, want)
		}
	}
	interval(2*time.Hour, 5*time.Minute) // no webhook has shown yet that it works
	writeFacts(w, tmpl, statusFact(w, "APPROVED"))
	interval(2*time.Hour, 30*time.Minute)
	before := observations(w)
	op.Advance(4 * time.Hour)
	if n := observations(w) - before; n < 7+3 || n > 8+4 { // the interval is up to a tenth longer
		t.Errorf("%d reads in four hours", n)
	}

	w.Sim.EditInManager(tmpl.Status.ID, func(m *graphsim.Template) { m.Status = "PAUSED" })
	writeFacts(w, tmpl, statusFact(w, "PAUSED"))
	interval(3*time.Minute, 5*time.Minute)
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTemplatePaused)

	w.Edit(waba, func() { waba.Spec.ObservationIntervalSeconds = ptr.To[int32](600) })
	interval(4*time.Hour, 10*time.Minute)
	w.CheckInvariants()
}
