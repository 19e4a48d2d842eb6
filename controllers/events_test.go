// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"slices"
	"testing"

	eventsv1 "k8s.io/api/events/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestFirstSight: an asset that is well when it is seen for the first time makes no event, and costs one status write. What is wrong with
// it, what the operator writes, and what changes later are events.
func TestFirstSight(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	account := w.WABA()
	seed(w, "parcel_sent", "en_US", harness.Template("parcel_sent").Spec.Body.Text)
	limping := seed(w, "parcel_lost", "en_US", harness.Template("parcel_lost").Spec.Body.Text)
	w.Sim.EditInManager(limping, func(m *graphsim.Template) { m.QualityScore = "RED" })
	well, worse, created := w.CreateTemplate("parcel_sent"), w.CreateTemplate("parcel_lost"), w.CreateTemplate("parcel_left")
	w.ResetAPIWrites()
	op := w.Start()
	op.Settle()
	op.Observe()
	for _, m := range []*v1alpha1.MessageTemplate{well, worse, created} {
		w.Reload(m)
		expectReady(t, m)
	}
	// Of the last one the operator records the attempt, the answer, and the approval.
	if n := w.APIWrites("PATCH messagetemplates/status"); n > 1+1+3 {
		t.Errorf("%d status writes:\n%s", n, w.Logs())
	}
	w.Sim.EditInManager(well.Status.ID, func(m *graphsim.Template) { m.Status = "PAUSED" })
	op.Observe()
	w.Delete(created) // so that no event about the others is still under way when this one is there
	eventNotes(t, w, v1alpha1.ReasonTemplatePaused)

	for obj, want := range map[client.Object][]string{
		account: {v1alpha1.ReasonObserved},
		worse:   {v1alpha1.ReasonLowQuality},
		created: {v1alpha1.ReasonApproved, v1alpha1.ReasonAsRequested, v1alpha1.ReasonInReview, v1alpha1.ReasonSynced},
		well:    {v1alpha1.ReasonTemplatePaused},
	} {
		if got := eventsOf(t, w, obj); !slices.Equal(got, want) {
			t.Errorf("events of %s: %q, want %q", obj.GetName(), got, want)
		}
	}
}

// eventsOf are the reasons of an object's events, sorted.
func eventsOf(t *testing.T, w *harness.World, obj client.Object) []string {
	t.Helper()
	var list eventsv1.EventList
	if err := w.Client.List(context.Background(), &list, client.InNamespace(w.Namespace)); err != nil {
		t.Fatal(err)
	}
	var reasons []string
	for i := range list.Items {
		if list.Items[i].Regarding.UID == obj.GetUID() {
			reasons = append(reasons, list.Items[i].Reason)
		}
	}
	slices.Sort(reasons)
	return slices.Compact(reasons)
}
