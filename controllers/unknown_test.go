// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestUnknownMode lets Meta do what no documentation lists: normalise text, invent statuses, fields and error codes.
// Nothing may be edited because of it, and what Meta says must still arrive in the status.
func TestUnknownMode(t *testing.T) {
	t.Parallel()
	for seed := range int64(4) {
		t.Run(fmt.Sprintf("seed %d", seed), func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env, graphsim.WithUnknownMode(seed), graphsim.WithSeed(seed), graphsim.WithEditReview(graphsim.EditReviewKeep))
			w.Secret()
			waba := w.WABA()
			var all []*v1alpha1.MessageTemplate
			for i := range 6 {
				all = append(all, w.CreateTemplate(fmt.Sprintf("parcel_%02d", i), func(m *v1alpha1.MessageTemplate) {
					m.Spec.DriftPolicy = v1alpha1.DriftPolicyRepair // the policy that could do harm
					m.Spec.Body.Text = fmt.Sprintf("Hello {{1}},  your parcel %d \"with care\" - it's on its way...\n\nThank you for your order -- Acme.", i)
				}))
			}
			op := w.Start()
			op.Settle()
			op.Advance(40 * time.Minute)
			s := w.Sim.Stats()
			if len(s.EditsByID) != 0 {
				t.Errorf("edits: %v", s.EditsByID)
			}
			if len(s.CommittedCreates) != len(all) {
				t.Errorf("%d creates, want %d", len(s.CommittedCreates), len(all))
			}
			for key, n := range s.CommittedCreates {
				if n != 1 {
					t.Errorf("%s created %d times", key, n)
				}
			}
			w.Reload(waba)
			if age := w.Clock.Since(waba.Status.LastObservedTime.Time); age > 12*time.Minute {
				t.Errorf("last observed %s ago", age)
			}
			fresh(t, w, op, all)

			// An edit that the user requests is made once, whatever Meta's answer.
			w.Edit(all[0], func() {
				all[0].Spec.Body.Text = "Hello {{1}},  your parcel \"is here\" - it's waiting for you...\n\nThank you -- Acme."
			})
			op.Advance(2 * time.Hour)
			w.Reload(all[0])
			if n := edits(w); n > 1 {
				t.Errorf("%d edits for one change", n)
			}
			w.CheckInvariants()
		})
	}
}

// fresh changes the quality of each template at Meta and expects in the status what Meta's API then says, known or not.
func fresh(t *testing.T, w *harness.World, op *harness.Operator, all []*v1alpha1.MessageTemplate) {
	t.Helper()
	for _, tmpl := range all {
		w.Reload(tmpl)
		if err := w.Sim.Decide(tmpl.Status.ID, graphsim.Decision{QualityScore: "YELLOW"}); err != nil {
			t.Fatal(err)
		}
	}
	op.Advance(20 * time.Minute)
	meta, err := graph.NewClient(graph.Config{BaseURL: w.URL, Version: "v25.0", AccessToken: harness.AccessToken, AppSecret: harness.AppSecret})
	if err != nil {
		t.Fatal(err)
	}
	for _, tmpl := range all {
		w.Reload(tmpl)
		var live *graph.Template
		w.Wait("an answer that isn't an invented error", func() bool {
			live, err = meta.ReadTemplate(context.Background(), tmpl.Status.ID)
			return err == nil
		})
		if tmpl.Status.QualityScore != live.QualityScore || tmpl.Status.Status != live.Status {
			t.Errorf("%s: status says %s/%s, Meta %s/%s", tmpl.Name, tmpl.Status.Status, tmpl.Status.QualityScore, live.Status, live.QualityScore)
		}
	}
}
