// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestRestoreAssets loses the cluster with a number and a subscription in it, their Secrets included, and brings them back. Every
// object has another uid, and nothing is written to Meta.
func TestRestoreAssets(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name       string
		withStatus bool
	}{
		{name: "manifests applied to a new cluster"},
		{name: "resources with status", withStatus: true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWebhookWorld(t)
			w.Sim.SetPINInManager(harness.NumberID, goodPIN)
			keySecret(w.World, "pin", v1alpha1.SecretPurposePIN, goodPIN)
			number := phoneNumber(w.World, adopted, withPIN, func(n *v1alpha1.PhoneNumber) { aboutOpen(&n.Spec) })
			subscription := w.subscription(func(o *v1alpha1.WebhookSubscription) {
				o.Spec.PhoneNumbers = []v1alpha1.PhoneNumberWebhookOverride{{
					PhoneNumberRef:  v1alpha1.PhoneNumberReference{Name: number.Name},
					WebhookOverride: v1alpha1.WebhookOverride{CallbackURL: elseURL, VerifyTokenSecretRef: tokenOf("else")},
				}}
			})
			op := w.start()
			finish(op)
			op.Observe()
			w.expectReady(t, subscription)
			waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: w.Namespace}}
			w.Reload(waba)
			w.Reload(number)
			expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
			op.Stop()

			lost := []client.Object{subscription, number, waba}
			for _, name := range []string{"pin", "operator", "bot", "else", "acme-meta"} {
				secret := keySecretOf(w.World, name)
				w.Reload(secret)
				lost = append(lost, secret)
			}
			for _, obj := range lost {
				w.Delete(obj)
			}
			for _, obj := range lost {
				_, secret := obj.(*corev1.Secret)
				restore(w.World, obj, tc.withStatus && !secret, copyAnyStatus)
			}
			w.Sim.ResetStats()
			op = w.start()
			finish(op)
			op.Observe()
			op.Advance(2 * time.Hour)
			if s := w.Sim.Stats(); s.Writes != 0 {
				t.Errorf("%d writes to Meta: %v", s.Writes, s.ByOp)
			}
			w.expectReady(t, subscription)
			w.Reload(number)
			for _, kind := range []string{v1alpha1.ConditionReady, v1alpha1.ConditionSynced} {
				if c := harness.Condition(number.Status.Conditions, kind); c.Status != metav1.ConditionTrue {
					t.Errorf("%s: %s: %s", kind, c.Reason, c.Message)
				}
			}
			// What is changed from now on is a change again.
			pin := keySecretOf(w.World, "pin")
			w.Reload(pin)
			w.Edit(pin, func() { pin.Data["pin"] = []byte("314159") })
			op.Advance(12 * time.Minute)
			if n := w.Sim.Stats().ByNumber[harness.NumberID][graphsim.OpSetPIN]; n != 1 {
				t.Errorf("a new PIN was set %d times", n)
			}
			w.CheckInvariants()
		})
	}
}

// copyAnyStatus brings a status back, whatever its kind.
func copyAnyStatus(old, created client.Object) {
	switch created := created.(type) {
	case *v1alpha1.WABA:
		created.Status = old.(*v1alpha1.WABA).Status //nolint:forcetypeassert // a copy of it
	case *v1alpha1.PhoneNumber:
		created.Status = old.(*v1alpha1.PhoneNumber).Status //nolint:forcetypeassert // a copy of it
	case *v1alpha1.WebhookSubscription:
		created.Status = old.(*v1alpha1.WebhookSubscription).Status //nolint:forcetypeassert // a copy of it
	}
}
