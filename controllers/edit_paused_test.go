// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestEditOfPaused: Meta's page on editing says that a paused template is approved again automatically after an edit, the one on pausing
// that it is reviewed. Either way the edit is sent at once, the end of the pause is shown, and the edit doesn't count.
func TestEditOfPaused(t *testing.T) {
	t.Parallel()
	for name, again := range map[string]graphsim.EditReview{"approved": graphsim.EditReviewKeep, "reviewed": graphsim.EditReviewAgain} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env, graphsim.WithEditReview(again), graphsim.WithReviewDelay(20*time.Minute))
			w.Secret()
			w.WABA()
			tmpl := w.CreateTemplate("parcel_left")
			op := w.Start()
			op.Advance(30 * time.Minute)
			w.Reload(tmpl)
			expectReady(t, tmpl)
			if err := w.Sim.Decide(tmpl.Status.ID, graphsim.Decision{Status: "PAUSED", QualityScore: "RED"}); err != nil {
				t.Fatal(err)
			}
			op.Observe()
			w.Reload(tmpl)
			expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonTemplatePaused)

			w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
			op.Settle()
			if n := w.Sim.Stats().CommittedEdits[tmpl.Status.ID]; n != 1 {
				t.Errorf("%d edits of a paused template", n)
			}
			op.Observe()
			w.Reload(tmpl)
			expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
			if again == graphsim.EditReviewAgain {
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonInReview)
				w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody + " Please." })
				op.Settle()
				w.Reload(tmpl)
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonInReview)
				op.Advance(30 * time.Minute)
				w.Reload(tmpl)
			} else {
				expectReady(t, tmpl)
				w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody + " Please." })
				op.Settle()
			}
			op.Advance(30 * time.Minute)
			w.Reload(tmpl)
			expectReady(t, tmpl)
			if s := &tmpl.Status; s.Pause != nil || s.StatusEndTime != nil || len(s.Operator.PauseTimes) != 1 {
				t.Errorf("still looks paused: %+v, until %v, pauses %v", s.Pause, s.StatusEndTime, s.Operator.PauseTimes)
			}
			if live, _ := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "en_US"); !strings.Contains(string(live.Components), "Please") {
				t.Errorf("at Meta: %s", live.Components)
			}
			op.Advance(7 * time.Hour) // when the pause would have ended
			w.Reload(tmpl)
			expectReady(t, tmpl)
			w.CheckInvariants()
		})
	}
}
