// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"slices"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const partLabel = "test.waba-operator.io/part"

// TestAccountMovesToAnotherShard: an account and what belongs to it get another label, one after the other in any order. Nothing is written
// to Meta, and the account isn't observed again: what the first shard has found and done is in the statuses. The resources say meanwhile that
// their account is missing, so that each is looked up once. From then on only the second shard works for the account.
func TestAccountMovesToAnotherShard(t *testing.T) {
	t.Parallel()
	for name, accountFirst := range map[string]bool{"account first": true, "account last": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env, graphsim.WithEditReview(graphsim.EditReviewKeep))
			label := func(obj client.Object, part string) {
				obj.SetLabels(map[string]string{partLabel: part})
				w.Label(obj)
			}
			w.Secret()
			waba := w.WABA(func(o *v1alpha1.WABA) { label(o, "a") })
			tmpl := w.CreateTemplate("parcel_left", func(o *v1alpha1.MessageTemplate) { label(o, "a") })
			number := phoneNumber(w, adopted, func(o *v1alpha1.PhoneNumber) { label(o, "a") })
			shard := func(part string) *harness.Operator {
				return w.Start(func(o *operator.Options) { o.LabelSelector += "," + partLabel + "=" + part })
			}
			first, second := shard("a"), shard("b")
			first.Observe()
			first.Advance(time.Minute)
			w.Reload(tmpl)
			expectReady(t, tmpl)

			objects := []client.Object{tmpl, number, waba}
			if accountFirst {
				slices.Reverse(objects)
			}
			before := len(w.Sim.Requests())
			for _, obj := range objects {
				w.Edit(obj, func() { label(obj, "b") })
				first.Settle()
				second.Settle()
			}
			second.Advance(time.Minute)
			lookups := 0
			for _, r := range w.Sim.Requests()[before:] {
				if lookups++; r.Method != http.MethodGet || r.Op == graphsim.OpReadAccount {
					t.Errorf("moving: %s %s", r.Method, r.Path)
				}
			}
			if lookups > 2 {
				t.Errorf("moving: %d lookups for a template and a number", lookups)
			}
			for _, obj := range objects {
				w.Reload(obj)
				s := obj.(v1alpha1.Asset).CommonStatus() //nolint:forcetypeassert // they are
				expect(t, s.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
			}
			expectReady(t, tmpl)

			w.Sim.ResetStats()
			w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
			second.Advance(20 * time.Minute)
			first.Advance(0)
			w.Reload(tmpl)
			expectReady(t, tmpl)
			if n := edits(w); n != 1 {
				t.Errorf("%d edits", n)
			}
			if n := observations(w); n < 3 || n > 5 {
				t.Errorf("%d observations in 20 minutes: one shard makes about four", n)
			}
			w.CheckInvariants()
		})
	}
}
