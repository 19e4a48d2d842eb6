// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestRestore brings resources back from a backup, with and without status, and with an older status, or applies their manifests
// to a new cluster. All assets are adopted and nothing is written to Meta.
func TestRestore(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		withStatus bool
		// stale takes the backup while the template is still in review.
		stale   bool
		unknown bool
	}{
		{name: "manifests applied to a new cluster"},
		{name: "resources with status", withStatus: true},
		{name: "resources with an old status", withStatus: true, stale: true},
		{name: "resources with status, Meta normalises", withStatus: true, unknown: true},
		{name: "manifests applied to a new cluster, Meta normalises", unknown: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			var opts []graphsim.Option
			if tc.unknown {
				opts = append(opts, graphsim.WithUnknownMode(7))
			}
			w := harness.New(t, env, opts...)
			w.Secret()
			waba := w.WABA()
			tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) { m.Spec.DriftPolicy = v1alpha1.DriftPolicyRepair })
			op := w.Start()
			if tc.stale {
				op.Settle()
			} else {
				op.Observe()
			}
			w.Reload(waba)
			w.Reload(tmpl)
			backupWABA, backup := waba.DeepCopy(), tmpl.DeepCopy()
			op.Observe()
			op.Observe()
			op.Stop()

			// The cluster is lost.
			w.Delete(tmpl)
			w.Delete(waba)
			restore(w, backupWABA, tc.withStatus, func(old, created client.Object) {
				created.(*v1alpha1.WABA).Status = old.(*v1alpha1.WABA).Status
			})
			restore(w, backup, tc.withStatus, func(old, created client.Object) {
				created.(*v1alpha1.MessageTemplate).Status = old.(*v1alpha1.MessageTemplate).Status
			})
			w.Sim.ResetStats()
			op = w.Start()
			op.Settle()
			op.Observe()
			op.Observe()
			if s := w.Sim.Stats(); s.Writes != 0 {
				t.Errorf("%d writes to Meta: %v", s.Writes, s.ByOp)
			}
			w.Reload(tmpl)
			if !tc.unknown {
				expectReady(t, tmpl)
			} else if tmpl.Status.Status == "" && tc.withStatus {
				t.Errorf("status frozen: %+v", tmpl.Status)
			}
			w.CheckInvariants()
		})
	}
}

// restore creates an object again as a backup tool does: under another field manager, with the status set afterwards by
// an update.
func restore(w *harness.World, old client.Object, withStatus bool, copyStatus func(old, created client.Object)) {
	w.T.Helper()
	created, ok := old.DeepCopyObject().(client.Object)
	if !ok {
		w.T.Fatal("not an object")
	}
	created.SetResourceVersion("")
	created.SetUID("")
	created.SetCreationTimestamp(metav1.Time{})
	created.SetManagedFields(nil)
	created.SetGeneration(0)
	w.Create(created)
	if !withStatus {
		return
	}
	copyStatus(old, created)
	if err := w.Client.Status().Update(context.Background(), created, client.FieldOwner("velero-server")); err != nil {
		w.T.Fatalf("restore status: %v", err)
	}
}

// TestForeignConditions: conditions that another client left in the status are taken over and go away when they no longer hold.
func TestForeignConditions(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	w.Reload(tmpl)
	tmpl.Status.Conditions = append(tmpl.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: "Left", Message: "by a backup", LastTransitionTime: metav1.Now(),
	})
	if err := w.Client.Status().Update(context.Background(), tmpl, client.FieldOwner("velero-server")); err != nil {
		t.Fatal(err)
	}
	w.Annotate(tmpl, v1alpha1.AnnotationRequestedAt, "now")
	op.Settle()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionStalled); c.Type != "" {
		t.Errorf("still there: %+v", c)
	}
	w.CheckInvariants()
}

// TestRestoredFacts: what webhooks reported before a restore stays known after it, though the backup tool wrote it and what else
// it wrote is taken over.
func TestRestoredFacts(t *testing.T) {
	t.Parallel()
	w, op, _ := ready(t)
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: w.Namespace}}
	w.Reload(waba)
	waba.Status.Webhook = &v1alpha1.WABAWebhookStatus{
		Ban: &v1alpha1.Ban{State: "SCHEDULE_FOR_DISABLE"}, Events: []v1alpha1.WebhookEvent{{Field: "account_update/DISABLED_UPDATE", Time: metav1.Now()}},
	}
	waba.Status.Conditions = append(waba.Status.Conditions, metav1.Condition{
		Type: v1alpha1.ConditionStalled, Status: metav1.ConditionTrue, Reason: "Left", Message: "by a backup", LastTransitionTime: metav1.Now(),
	})
	if err := w.Client.Status().Update(context.Background(), waba, client.FieldOwner("velero-server")); err != nil {
		t.Fatal(err)
	}
	op.SettleRetries()
	op.Observe()
	op.Observe()
	w.Reload(waba)
	if c := harness.Condition(waba.Status.Conditions, v1alpha1.ConditionStalled); c.Type != "" {
		t.Errorf("nothing was taken over: %+v", c)
	}
	if waba.Status.Webhook == nil || waba.Status.Webhook.Ban == nil {
		t.Errorf("the ban is forgotten: %+v", waba.Status.Webhook)
	}
}

// TestRequestedAt: a person requests a lookup at once, by annotation.
func TestRequestedAt(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	w.Clock.Step(time.Second)
	if err := w.Sim.Decide(tmpl.Status.ID, graphsim.Decision{QualityScore: "RED"}); err != nil {
		t.Fatal(err)
	}
	w.Sim.ResetStats()
	w.Annotate(tmpl, v1alpha1.AnnotationRequestedAt, "2026-11-22T10:00:00Z")
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionQualityHealthy, metav1.ConditionFalse, v1alpha1.ReasonLowQuality)
	if s := w.Sim.Stats(); s.Calls != 1 || tmpl.Status.Operator.LastHandledRequest != "2026-11-22T10:00:00Z" {
		t.Errorf("%d calls, handled %q", s.Calls, tmpl.Status.Operator.LastHandledRequest)
	}
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: w.Namespace}}
	w.Reload(waba)
	before := waba.Status.LastObservedTime.DeepCopy()
	w.Clock.Step(10 * time.Second)
	w.Annotate(waba, v1alpha1.AnnotationRequestedAt, "2026-11-22T10:00:00Z")
	op.Settle()
	w.Reload(waba)
	if !waba.Status.LastObservedTime.After(before.Time) {
		t.Error("the account wasn't observed on request")
	}
}
