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

const sharedToken = "EAAGtokenOfTheSecondAccountOfTheApp1"

// sharedApp returns a world with a second account of the app, whose messages go to the app's own address: the bot's.
func sharedApp(t *testing.T, namespace func(*webhookWorld) string) (*webhookWorld, *v1alpha1.WABA) {
	t.Helper()
	w := newWebhookWorld(t)
	w.Sim.AddAccount(graphsim.Account{ID: otherAccount, Name: "Second"})
	w.Sim.AddToken(graphsim.Token{
		Name: "second", Value: sharedToken, AppID: harness.AppID,
		Scopes: []string{"whatsapp_business_management", "whatsapp_business_messaging"}, Accounts: []string{otherAccount},
	})
	w.Sim.AddNumber(otherAccount, graphsim.Number{ID: "206540352242922", DisplayPhoneNumber: "+1 555-078-3999"})
	w.Sim.SubscribeApp(otherAccount, harness.AppID, "")
	w.Sim.SetAppCallback(harness.AppID, botURL, "messages", "account_update")
	ns := namespace(w)
	w.Create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "second", Namespace: ns, Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount}},
		StringData: map[string]string{v1alpha1.SecretKeyAccessToken: sharedToken, v1alpha1.SecretKeyAppSecret: harness.AppSecret},
	})
	second := w.WABA(func(a *v1alpha1.WABA) {
		a.Name, a.Namespace, a.Spec.ID, a.Spec.CredentialsSecretRef.Name = "second", ns, otherAccount, "second"
	})
	return w, second
}

// custom points the app at the other service, even if its address is foreign.
func custom(o *v1alpha1.WebhookSubscription) {
	ref := tokenOf("else")
	o.Spec.Messages = nil
	o.Spec.App = &v1alpha1.AppWebhook{
		Delivery: v1alpha1.WebhookDeliveryCustom, CallbackURL: elseURL, VerifyTokenSecretRef: &ref, Takeover: v1alpha1.TakeoverPolicyAlways,
	}
}

func (w *webhookWorld) expectApp(t *testing.T, want string) {
	t.Helper()
	if got, _ := w.Sim.AppCallback(harness.AppID); got != want {
		t.Errorf("the app's callback is %s, want %s", got, want)
	}
}

// TestAppBelongsToAllItsAccounts: a subscription of one account takes neither messages nor fields from another account without the
// consent of its owner, whatever takeover says.
func TestAppBelongsToAllItsAccounts(t *testing.T) {
	t.Parallel()
	elsewhere := func(*webhookWorld) string { return env.Namespace(t) }
	here := func(w *webhookWorld) string { return w.Namespace }
	agree := func(w *webhookWorld, second *v1alpha1.WABA) {
		w.Edit(second, func() {
			second.Spec.AllowedReferences = []v1alpha1.AllowedReference{{
				Kinds: []string{"WebhookSubscription"}, WebhookLevels: []v1alpha1.WebhookLevel{v1alpha1.WebhookLevelApp},
				Namespaces: v1alpha1.ReferenceNamespaces{From: v1alpha1.NamespacesFromAll},
			}}
		})
	}
	for name, tc := range map[string]struct {
		namespace func(*webhookWorld) string
		reason    string
		agree     func(*webhookWorld, *v1alpha1.WABA)
	}{
		"another owner":  {elsewhere, v1alpha1.ReasonReferenceNotPermitted, agree},
		"the same owner": {here, v1alpha1.ReasonWouldDivertMessages, agree},
		"the same owner, by a subscription": {here, v1alpha1.ReasonWouldDivertMessages, func(w *webhookWorld, _ *v1alpha1.WABA) {
			w.subscription(custom, func(o *v1alpha1.WebhookSubscription) { o.Name, o.Spec.WABARef.Name = "second", "second" })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, second := sharedApp(t, tc.namespace)
			op := w.start()
			op.Observe()
			obj := w.subscription(custom)
			for range 2 {
				finish(op)
				op.Observe()
			}
			w.expectProblem(t, obj, tc.reason, "")
			w.expectApp(t, botURL)
			w.CheckInvariants()
			tc.agree(w, second)
			op.Observe()
			for range 4 {
				finish(op)
				op.Observe()
			}
			w.Reload(obj)
			expect(t, obj.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
			w.expectApp(t, elseURL)
		})
	}
}

// TestTenantsDontSetTheApp: the owner of an account who lets other namespaces make subscriptions lets them say where messages go; the
// app's callback and fields are not among it unless webhookLevels says so. A refused spec.app doesn't hold the app.
func TestTenantsDontSetTheApp(t *testing.T) {
	t.Parallel()
	w := newWebhookWorld(t)
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: w.Namespace}}
	w.Reload(waba)
	w.Edit(waba, func() { everywhere("WebhookSubscription")(waba) })
	namespace := env.Namespace(t)
	w.Create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "else", Namespace: namespace, Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeVerifyToken}},
		Data:       map[string][]byte{"else": []byte(w.services.tokens[elseHost])},
	})
	op := w.start()
	op.Observe()
	tenant := w.subscription(custom, func(o *v1alpha1.WebhookSubscription) {
		o.Namespace, o.Spec.WABARef.Namespace = namespace, w.Namespace
	})
	for range 2 {
		finish(op)
		op.Observe()
	}
	w.expectProblem(t, tenant, v1alpha1.ReasonReferenceNotPermitted, "webhookLevels: [App]")
	w.expectApp(t, "")

	w.Reload(waba)
	w.Edit(waba, func() {
		waba.Spec.AllowedReferences[1].WebhookLevels = []v1alpha1.WebhookLevel{v1alpha1.WebhookLevelApp}
	})
	for range 4 {
		finish(op)
		op.Observe()
	}
	w.Reload(tenant)
	expect(t, tenant.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	w.expectApp(t, elseURL)
	w.CheckInvariants()
}
