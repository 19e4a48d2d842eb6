// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/statusowner"
)

// TestFactsAreRemovedFromAllOwners: a removed fact is gone, also if another client has applied or written the same one.
func TestFactsAreRemovedFromAllOwners(t *testing.T) {
	t.Parallel()
	for name, write := range map[string]func(u *unstructured.Unstructured) error{
		"server-side apply": func(u *unstructured.Unstructured) error {
			return env.Client.Status().Apply(t.Context(), client.ApplyConfigurationFromUnstructured(u), client.FieldOwner("intruder"), client.ForceOwnership)
		},
		"merge patch": func(u *unstructured.Unstructured) error {
			raw, err := u.MarshalJSON()
			if err != nil {
				return err
			}
			return env.Client.Status().Patch(t.Context(), u, client.RawPatch("application/merge-patch+json", raw), client.FieldOwner("intruder"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newFixture(t)
			obj := p.template("left", "1")
			u := &unstructured.Unstructured{}
			u.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind("MessageTemplate"))
			u.SetName(obj.Name)
			u.SetNamespace(obj.Namespace)
			u.Object["status"] = map[string]any{"webhook": map[string]any{"events": []any{
				map[string]any{"field": "message_template_status_update", "time": "2026-01-01T00:00:00Z", "hash": "theirs"},
			}}}
			if err := write(u); err != nil {
				t.Fatal(err)
			}
			if err := env.Client.Get(t.Context(), client.ObjectKeyFromObject(obj), obj); err != nil {
				t.Fatal(err)
			}
			if len(statusowner.Foreign(obj.ManagedFields)) == 0 {
				t.Fatal("no other client owns a field, so the test proves nothing")
			}
			obj.Status.Webhook = &v1alpha1.MessageTemplateWebhookStatus{Events: []v1alpha1.WebhookEvent{
				{Field: "message_template_quality_update", Time: metav1.NewTime(time.Date(2026, 1, 2, 0, 0, 0, 0, time.UTC)), Hash: "ours"},
			}}
			now, err := apply(t.Context(), env.Client, obj)
			if err != nil {
				t.Fatal(err)
			}
			if !sameFacts(now, obj) || len(statusowner.Foreign(now.GetManagedFields())) > 0 {
				t.Errorf("facts: %+v, owners: %+v", now.WebhookStatus(), statusowner.Foreign(now.GetManagedFields()))
			}
			if got := now.(*v1alpha1.MessageTemplate).Status.ID; got != "1" {
				t.Errorf("the rest of the status has changed: id %q", got)
			}
			version := now.GetResourceVersion()
			if now, err = apply(t.Context(), env.Client, now); err != nil || now.GetResourceVersion() != version {
				t.Errorf("written again without need: %v", err)
			}
		})
	}
}
