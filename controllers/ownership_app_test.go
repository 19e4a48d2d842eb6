// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestInventedAppSecretIsNoClaim: a resource that can't read the app doesn't manage it, whatever its Secret holds under
// appSecret. That it comes first, by age or by the name of its namespace, doesn't matter.
func TestInventedAppSecretIsNoClaim(t *testing.T) {
	t.Parallel()
	for name, secret := range map[string]string{"invented": "an-app-secret-of-no-app", "none": ""} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWebhookWorld(t)
			w.Sim.AddAccount(graphsim.Account{ID: otherAccount, Name: "Tenant"})
			w.Sim.AddToken(graphsim.Token{
				Name: "tenant", Value: foreignToken, AppID: harness.AppID,
				Scopes: []string{"whatsapp_business_management"}, Accounts: []string{otherAccount},
			})
			first := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{GenerateName: "a-"}}
			w.Create(first)
			creds := &corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: "acme-meta", Namespace: first.Name, Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount}},
				Data:       map[string][]byte{v1alpha1.SecretKeyAccessToken: []byte(foreignToken)},
			}
			w.Create(creds)
			w.Create(&corev1.Secret{
				ObjectMeta: metav1.ObjectMeta{Name: "else", Namespace: creds.Namespace, Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeVerifyToken}},
				Data:       map[string][]byte{"else": []byte(w.services.tokens[elseHost])},
			})
			w.WABA(func(a *v1alpha1.WABA) { a.Namespace, a.Spec.ID = creds.Namespace, otherAccount })
			op := w.start()
			op.Observe()
			ref := tokenOf("else")
			tenant := w.subscription(func(o *v1alpha1.WebhookSubscription) {
				o.Namespace, o.Spec.Messages = creds.Namespace, nil
				o.Spec.App = &v1alpha1.AppWebhook{Delivery: v1alpha1.WebhookDeliveryCustom, CallbackURL: elseURL, VerifyTokenSecretRef: &ref}
			})
			finish(op)
			if secret != "" { // its app is known by now; only then does it pretend
				w.Edit(creds, func() {
					creds.Data = map[string][]byte{v1alpha1.SecretKeyAccessToken: []byte(foreignToken), v1alpha1.SecretKeyAppSecret: []byte(secret)}
				})
				op.Observe()
				finish(op)
			}
			platform := w.subscription()
			finish(op)
			op.Observe()
			finish(op)
			w.expectReady(t, platform)
			w.expectRoute(t, botHost, operatorHost)
			w.Reload(tenant)
			if c := harness.Condition(tenant.Status.Conditions, v1alpha1.ConditionSynced); c.Status == metav1.ConditionTrue {
				t.Errorf("the tenant's subscription is Synced: %s", c.Message)
			}
			w.CheckInvariants()
		})
	}
}
