// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"net/http"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const (
	tenantApp     = "715085799198168"
	tenantSecret  = "secret-of-the-tenants-own-app-17"
	tenantToken   = "EAAGtokenOfTheTenantsOwnApp0042"
	tenantAccount = "203391230450409"
	sharedToken   = "EAAGtokenOfTheVictimsApp000099"
)

// tenant is somebody in another namespace who wants to forge events for the victim's account.
type tenant struct {
	name string
	// account is the id in the tenant's resource, and secret what the tenant's Secret holds at first.
	account string
	secret  map[string]string
	// later is what the Secret holds when the operator has observed the account, absent for no change.
	later map[string]string
	// signs is the secret with which the tenant signs.
	signs string
	// want is how deliveries to the victim's address are answered.
	want int
}

func tenants() []tenant {
	const token, secret, app = v1alpha1.SecretKeyAccessToken, v1alpha1.SecretKeyAppSecret, v1alpha1.SecretKeyAppID
	return []tenant{
		{
			name: "invented secret", account: harness.AccountID, signs: forgersSecret, want: http.StatusUnauthorized,
			secret: map[string]string{token: tenantToken, secret: forgersSecret},
		},
		{
			name: "invented secret and the victim's app", account: harness.AccountID, signs: forgersSecret, want: http.StatusUnauthorized,
			secret: map[string]string{token: tenantToken, secret: forgersSecret, app: harness.AppID},
		},
		{
			name: "own app and account", account: tenantAccount, signs: tenantSecret, want: http.StatusUnauthorized,
			secret: map[string]string{token: tenantToken, secret: tenantSecret},
		},
		{
			name: "own app and account, and the victim's app", account: tenantAccount, signs: tenantSecret, want: http.StatusUnauthorized,
			secret: map[string]string{token: tenantToken, secret: tenantSecret, app: harness.AppID},
		},
		{ // its secret is known under the victim's app, but vouches for its own account alone
			name: "another account of the victim's app", account: tenantAccount, signs: forgersSecret, want: http.StatusServiceUnavailable,
			secret: map[string]string{token: sharedToken},
			later:  map[string]string{token: sharedToken, secret: forgersSecret},
		},
	}
}

// TestTenantCantForge has tenants try to change what the operator shows of somebody else's account. What they send is what
// Meta would send, with a signature that anybody can make who may create a WABA and a Secret.
func TestTenantCantForge(t *testing.T) {
	t.Parallel()
	for _, c := range tenants() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			w := victim(t)
			secret := c.settle(t, w)
			op := w.Start(receives)
			w.Sim.MapCallback(host, op.Receiver())
			op.SettleRetries()
			if c.later != nil {
				w.Edit(secret, func() { secret.StringData = c.later })
			}
			op.Observe()
			number, _ := w.Sim.NumberByID(harness.NumberID)
			bodies := record(t, w,
				graphsim.ViolationEvent("VIOLATION_FORGED", ""), graphsim.SecurityEvent(number, "PIN_CHANGED", "1"),
				graphsim.TemplateStatusEvent(w.Sim.Templates(harness.AccountID)[0], "DISABLED"),
			)
			op.Settle()
			before := facts(w)
			stranger := &outsider{t, w, op}
			for _, body := range bodies {
				if got := stranger.deliver(harness.AppID, body, ""); got != http.StatusUnauthorized {
					t.Errorf("unsigned: %d", got)
				}
				if got := stranger.deliver(harness.AppID, body, sign(c.signs, body)); got != c.want {
					t.Errorf("signed with %s: %d, want %d", c.name, got, c.want)
				}
				stranger.deliver(tenantApp, body, sign(c.signs, body)) // the tenant's own address, if it has one
			}
			op.SettleRetries()
			if after := facts(w); after != before {
				t.Errorf("before:\n%s\nafter:\n%s", before, after)
			}
			own := &v1alpha1.WABA{ObjectMeta: harness.Named("acme")}
			own.Namespace = secret.Namespace
			w.Reload(own)
			if own.Status.Webhook != nil { // nothing was said of an account of the tenant's
				t.Errorf("the tenant's own resource: %+v", own.Status.Webhook)
			}
			genuine(t, w, op)
		})
	}
}

// settle creates the tenant's resource in a namespace of its own and returns its Secret.
func (c *tenant) settle(t *testing.T, w *harness.World) *corev1.Secret {
	t.Helper()
	secret := opaque("meta", v1alpha1.SecretPurposeAccount, c.secret)
	secret.Namespace = w.Env.Namespace(t)
	w.Create(secret)
	w.WABA(func(o *v1alpha1.WABA) {
		o.Namespace, o.Spec.ID, o.Spec.CredentialsSecretRef.Name = secret.Namespace, c.account, secret.Name
	})
	return secret
}

// victim is a world with an account that has a template, a number and webhooks set up by hand.
func victim(t *testing.T) *harness.World {
	t.Helper()
	w := harness.New(t, env, graphsim.WithWebhooks(), graphsim.WithWebhookHabits(graphsim.WebhookHabits{Batch: 100}))
	w.Sim.AddApp(graphsim.App{ID: tenantApp, Name: "Tenant", Secret: tenantSecret})
	w.Sim.AddAccount(graphsim.Account{ID: tenantAccount, Name: "Tenant"})
	for app, token := range map[string]string{tenantApp: tenantToken, harness.AppID: sharedToken} {
		w.Sim.AddToken(graphsim.Token{
			Name: "tenant of " + app, Value: token, AppID: app, Accounts: []string{tenantAccount},
			Scopes: []string{"whatsapp_business_management", "whatsapp_business_messaging"},
		})
	}
	w.Sim.SubscribeApp(harness.AccountID, harness.AppID, "")
	w.Sim.SetAppCallback(harness.AppID, "https://"+host+"/webhooks/"+harness.AppID, v1Fields...)
	w.Secret()
	w.WABA()
	w.Create(&v1alpha1.PhoneNumber{
		ObjectMeta: harness.Named("support"), Spec: v1alpha1.PhoneNumberSpec{CommonSpec: ofAcme(), ID: harness.NumberID},
	})
	w.CreateTemplate("parcel_left")
	return w
}

// facts are all that webhooks could change of the victim's, without versions.
func facts(w *harness.World) string {
	var (
		accounts  v1alpha1.WABAList
		templates v1alpha1.MessageTemplateList
		numbers   v1alpha1.PhoneNumberList
	)
	for _, list := range []client.ObjectList{&accounts, &templates, &numbers} {
		w.Dump(list)
	}
	waba, tmpl, number := &accounts.Items[0].Status, &templates.Items[0].Status, &numbers.Items[0].Status
	raw, err := yaml.Marshal([]any{
		waba.Webhook, waba.Status, waba.Conditions, tmpl.Webhook, tmpl.Status, tmpl.QualityScore, tmpl.Conditions,
		number.Webhook, number.Status, number.Conditions,
	})
	if err != nil {
		w.T.Fatal(err)
	}
	return string(raw)
}

// genuine has Meta deliver, and expects to see what it says.
func genuine(t *testing.T, w *harness.World, op *harness.Operator) {
	t.Helper()
	w.Clock.Step(2 * time.Second)
	w.Sim.MapCallback(host, op.Receiver())
	number, _ := w.Sim.NumberByID(harness.NumberID)
	w.Sim.Emit(harness.AccountID,
		graphsim.ViolationEvent("VIOLATION_GENUINE", ""), graphsim.SecurityEvent(number, "PIN_RESET_REQUEST", "1"),
		graphsim.TemplateStatusEvent(w.Sim.Templates(harness.AccountID)[0], "PAUSED"))
	if _, err := w.Sim.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	waba, support := &v1alpha1.WABA{ObjectMeta: harness.Named("acme")}, &v1alpha1.PhoneNumber{ObjectMeta: harness.Named("support")}
	tmpl := &v1alpha1.MessageTemplate{ObjectMeta: harness.Named("parcel-left")}
	for _, obj := range []client.Object{waba, support, tmpl} {
		obj.SetNamespace(w.Namespace)
		w.Reload(obj)
	}
	switch {
	case waba.Status.Webhook == nil || len(waba.Status.Webhook.Violations) != 1 || waba.Status.Webhook.Violations[0].Type != "VIOLATION_GENUINE":
		t.Errorf("account: %+v", waba.Status.Webhook)
	case support.Status.Webhook == nil || support.Status.Webhook.SecurityEvent != "PIN_RESET_REQUEST":
		t.Errorf("number: %+v", support.Status.Webhook)
	case tmpl.Status.Webhook == nil || tmpl.Status.Webhook.Status != "PAUSED":
		t.Errorf("template: %+v", tmpl.Status.Webhook)
	}
}
