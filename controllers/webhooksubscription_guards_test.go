// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const (
	secondID     = "102290129340777"
	secondNumber = "106540352242777"
	secondToken  = "EAAGsimulatedTokenOfASystemUser77"
)

// second adds another account of the same app, with a registered number.
func (w *webhookWorld) second() *v1alpha1.WABA {
	w.Sim.AddToken(graphsim.Token{
		Name: "second", Value: secondToken, AppID: harness.AppID,
		Scopes: []string{"whatsapp_business_management", "whatsapp_business_messaging"}, Accounts: []string{secondID},
	})
	w.Sim.AddAccount(graphsim.Account{ID: secondID, Name: "Acme Two"})
	w.Sim.AddNumber(secondID, graphsim.Number{ID: secondNumber, DisplayPhoneNumber: "+1 555-078-7777"})
	w.Secret(func(s *corev1.Secret) {
		s.Name, s.StringData[v1alpha1.SecretKeyAccessToken] = "second-meta", secondToken
	})
	return w.WABA(func(a *v1alpha1.WABA) {
		a.Name, a.Spec.ID, a.Spec.CredentialsSecretRef.Name = "second", secondID, "second-meta"
	})
}

func TestWebhookTakeover(t *testing.T) {
	t.Parallel()
	w := newWebhookWorld(t)
	w.Sim.SetAppCallback(harness.AppID, elseURL, "messages", "account_alerts")
	w.Sim.SubscribeApp(harness.AccountID, harness.AppID, "")
	obj := w.subscription()
	op := w.start()
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonAlreadyExists, "set the app's callback to "+elseURL)
	expect(t, obj.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotSubscribed)
	w.expectRoute(t, botHost, elseHost) // no other client owns the override
	if n := w.writesAbout()[graphsim.OpSetSubscription]; n != 0 {
		t.Errorf("%d writes to another client's app", n)
	}
	w.Edit(obj, func() { obj.Spec.App.Takeover = v1alpha1.TakeoverPolicyAlways })
	finish(op)
	w.expectReady(t, obj)
	w.expectRoute(t, botHost, operatorHost)

	// What the operator set may be changed, and what another client sets afterwards isn't the operator's any more.
	w.Edit(obj, func() {
		obj.Spec.App.Takeover, obj.Spec.App.Delivery, obj.Spec.App.CallbackURL = "", v1alpha1.WebhookDeliveryCustom, elseURL
		obj.Spec.App.VerifyTokenSecretRef.Name, obj.Spec.App.VerifyTokenSecretRef.Key = "else", "else"
	})
	finish(op)
	w.expectReady(t, obj)
	w.expectRoute(t, botHost, elseHost)
	const third = "https://third.example/meta"
	w.Sim.SetAppCallback(harness.AppID, third, "messages")
	op.Observe()
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonAlreadyExists, third)
	if address, _ := w.Sim.AppCallback(harness.AppID); address != third {
		t.Errorf("the app's callback is %s", address)
	}
	w.CheckInvariants()
}

// TestWebhookWouldDivert: the app isn't pointed at the operator while another account's messages would follow.
func TestWebhookWouldDivert(t *testing.T) {
	t.Parallel()
	w := newWebhookWorld(t)
	w.Sim.SetAppCallback(harness.AppID, elseURL, "messages", "account_alerts")
	w.Sim.SubscribeApp(harness.AccountID, harness.AppID, "")
	second := w.second()
	w.Sim.SubscribeApp(secondID, harness.AppID, "")
	op := w.start()
	op.Settle()
	obj := w.subscription(takeover)
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonWouldDivertMessages, "WABA "+second.Name)
	w.expectRoute(t, botHost, elseHost)
	w.Sim.SubscribeApp(secondID, harness.AppID, "https://"+elseHost+"/second")
	op.Observe()
	finish(op)
	w.expectReady(t, obj)
	w.expectRoute(t, botHost, operatorHost)
	w.CheckInvariants()
}

// TestWebhookWithoutOverride: an account without an override keeps its messages; a field that no override moves as well.
func TestWebhookWithoutOverride(t *testing.T) {
	t.Parallel()
	w := newWebhookWorld(t)
	w.Sim.SetAppCallback(harness.AppID, elseURL, "messages", "user_preferences", "account_alerts")
	w.Sim.SubscribeApp(harness.AccountID, harness.AppID, "")
	obj := w.subscription(takeover, func(o *v1alpha1.WebhookSubscription) { o.Spec.Messages = nil })
	op := w.start()
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonWouldDivertMessages, "this account")
	w.Edit(obj, func() {
		obj.Spec.Messages = &v1alpha1.WebhookOverride{CallbackURL: botURL, VerifyTokenSecretRef: tokenOf("bot")}
	})
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonWouldDivertMessages, "user_preferences")
	w.expectRoute(t, botHost, elseHost)
	w.CheckInvariants()
}

// TestWebhookMessagesByHand: a person has subscribed the app to messages in the App Dashboard, as the message says. The override
// is then set, though the operator doesn't see the app's fields.
func TestWebhookMessagesByHand(t *testing.T) {
	t.Parallel()
	w := newWebhookWorld(t)
	w.Sim.SetAppCallback(harness.AppID, elseURL, "account_alerts")
	obj := w.subscription(func(o *v1alpha1.WebhookSubscription) { o.Spec.App = nil })
	op := w.start()
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonRefusedByMeta, "subscribe the app to messages in the App Dashboard")
	w.Sim.SetAppCallback(harness.AppID, elseURL, "account_alerts", "messages")
	op.Advance(10 * time.Minute)
	w.expectReady(t, obj)
	w.expectRoute(t, botHost, elseHost)
	w.CheckInvariants()
}

// TestWebhookDashboardOnly: where Meta takes nothing by API, the operator says what to click and sees that it was done.
func TestWebhookDashboardOnly(t *testing.T) {
	t.Parallel()
	for _, secret := range []bool{true, false} {
		t.Run(map[bool]string{true: "with app secret", false: "without"}[secret], func(t *testing.T) {
			t.Parallel()
			w := newWebhookWorld(t, graphsim.WithDashboardOnly())
			if !secret {
				account := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: "acme-meta", Namespace: w.Namespace}}
				w.Edit(account, func() { delete(account.Data, v1alpha1.SecretKeyAppSecret) })
			}
			obj := w.subscription(func(o *v1alpha1.WebhookSubscription) { o.Spec.Messages = nil })
			op := w.start()
			finish(op)
			op.Advance(30 * time.Minute)
			w.expectProblem(t, obj, v1alpha1.ReasonActionRequired, receiverURL)
			if n := w.writesAbout()[graphsim.OpSetSubscription]; n > 1 || !secret && n > 0 {
				t.Errorf("tried %d times", n)
			}
			w.Sim.SetAppCallback(harness.AppID, receiverURL, "account_update", "security", "account_alerts")
			if secret { // its fields can be seen, so all are needed
				_, fields := w.Sim.AppCallback(harness.AppID)
				w.Edit(obj, func() { obj.Spec.App.Fields = fields })
			}
			op.Observe()
			finish(op)
			finish(op)
			w.expectReady(t, obj)
			w.CheckInvariants()
		})
	}
}

// TestWebhookHandshake: the status distinguishes a service that answers the handshake wrongly from all other failures. The
// operator tries again slowly, and the failure keeps no other write back.
func TestWebhookHandshake(t *testing.T) {
	t.Parallel()
	w := newWebhookWorld(t)
	w.services.expect(botHost, "another token")
	w.Sim.SetAppCallback(harness.AppID, "", "")
	obj := w.subscription()
	op := w.start()
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonCallbackNotVerified, "HTTP Status Code = 403")
	expect(t, obj.Status.Conditions, v1alpha1.ConditionCallbackVerified, metav1.ConditionFalse, v1alpha1.ReasonNotVerified)
	expect(t, obj.Status.Conditions, v1alpha1.ConditionSubscribed, metav1.ConditionTrue, v1alpha1.ReasonSubscribed)
	expect(t, obj.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotSubscribed)
	w.expectRoute(t, "", operatorHost) // management events come all the same
	w.ResetAPIWrites()
	before := len(w.Sim.Requests())
	op.Advance(10 * time.Minute)
	if n := w.APIWrites("PATCH webhooksubscriptions/status"); n > 3 {
		t.Errorf("%d status writes in ten minutes", n)
	}
	posts := 0
	for _, r := range w.Sim.Requests()[before:] {
		if r.Method == http.MethodPost && r.Op != graphsim.OpBatch {
			posts++
		}
	}
	if posts < 2 || posts > 10 {
		t.Errorf("%d attempts in ten minutes", posts)
	}
	w.services.expect(botHost, "token-of-bot")
	op.Observe()
	finish(op)
	w.expectReady(t, obj)
	w.expectRoute(t, botHost, operatorHost)
	w.CheckInvariants()
}

// TestWebhookSecrets: a Secret is sent to Meta only if it was released for that, and its text is nowhere.
func TestWebhookSecrets(t *testing.T) {
	t.Parallel()
	w := newWebhookWorld(t)
	keySecret(w.World, "pin", v1alpha1.SecretPurposePIN, "314159")
	obj := w.subscription(func(o *v1alpha1.WebhookSubscription) {
		o.Spec.Messages.VerifyTokenSecretRef = tokenOf("pin")
		o.Spec.App.VerifyTokenSecretRef.Name = "missing"
	})
	op := w.start()
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonSecretNotPermitted, "pin")
	w.expectProblem(t, obj, v1alpha1.ReasonSecretNotPermitted, "missing doesn't exist")
	if got := w.writesAbout(); got[graphsim.OpSubscribeApp] != 1 || len(got) != 1 {
		t.Errorf("calls: %v", got)
	}
	w.Edit(obj, func() {
		obj.Spec.Messages.VerifyTokenSecretRef, obj.Spec.App.VerifyTokenSecretRef.Name = tokenOf("bot"), "operator"
	})
	finish(op)
	w.expectReady(t, obj)
	logs := w.Logs()
	for _, secret := range []string{"token-of-bot", "token-of-operator", "314159", harness.AppSecret} {
		if strings.Contains(logs, secret) {
			t.Errorf("the log shows %q", secret)
		}
	}
	w.CheckInvariants()
}

// TestWebhookPolicies: Observed reports, Paused makes no call, and a reading operator says what it would do.
func TestWebhookPolicies(t *testing.T) {
	t.Parallel()
	t.Run("Observed", func(t *testing.T) {
		t.Parallel()
		w := newWebhookWorld(t)
		obj := w.subscription(func(o *v1alpha1.WebhookSubscription) { o.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserved })
		op := w.start()
		finish(op)
		w.expectProblem(t, obj, v1alpha1.ReasonDriftDetected, "subscribed, messages.callbackURL, app.callbackURL, app.fields")
		expectNoWrites(t, w.World)
		w.CheckInvariants()
	})
	t.Run("Paused", func(t *testing.T) {
		t.Parallel()
		w := newWebhookWorld(t)
		obj := w.subscription(func(o *v1alpha1.WebhookSubscription) { o.Spec.ManagementPolicy = v1alpha1.ManagementPolicyPaused })
		op := w.start()
		finish(op)
		w.expectProblem(t, obj, v1alpha1.ReasonPaused, "")
		if slices.ContainsFunc(w.Sim.Requests(), func(r graphsim.Request) bool { return r.Op == graphsim.OpListSubscriptions }) {
			t.Error("the app was read")
		}
		w.CheckInvariants()
	})
	t.Run("read-only", func(t *testing.T) {
		t.Parallel()
		w := newWebhookWorld(t)
		obj := w.subscription()
		op := w.start(func(o *operator.Options) { o.ReadOnly = true })
		finish(op)
		w.expectProblem(t, obj, v1alpha1.ReasonDriftDetected, "would subscribe the app to the account")
		expectNoWrites(t, w.World)
		w.CheckInvariants()
	})
	t.Run("no public address", func(t *testing.T) {
		t.Parallel()
		w := newWebhookWorld(t)
		obj := w.subscription()
		op := w.Start()
		finish(op)
		w.expectProblem(t, obj, v1alpha1.ReasonInvalidSpec, "--webhook-url")
		w.CheckInvariants()
	})
}
