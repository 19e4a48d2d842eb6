// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"bytes"
	"strings"
	"testing"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/plan"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// said are the changes of a resource, those that are written and those that aren't.
func said(r plan.Resource) string {
	var out []string
	add := func(changes []plan.Change) {
		for _, c := range changes {
			out = append(out, c.Field+" "+ptr.Deref(c.Old, "-")+" > "+ptr.Deref(c.New, "-"))
		}
	}
	for _, w := range r.Writes {
		add(w.Changes)
	}
	add(r.Differs)
	return strings.ReplaceAll(strings.Join(out, "; "), "\n", "|")
}

// TestValuesOfEveryKind: a plan says what is at Meta and what the manifests want, and nothing of Secrets.
func TestValuesOfEveryKind(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	const pin, verify = "271828", "verify-token-of-everybody"
	keySecret(w, "pin", v1alpha1.SecretPurposePIN, pin)
	keySecret(w, "token", v1alpha1.SecretPurposeVerifyToken, verify)
	for _, name := range []string{"parcel_always", "parcel_other", "parcel_watched"} {
		atMeta(w, name, "Hello {{1}},\nsomebody\x1b[2J wrote this.")
	}
	w.Sim.SetAppCallback(harness.AppID, "https://bot.acme.example/old?secret=7", "messages")
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.Config.Profile.About = "Open on Mondays" })
	text := func(name string) string { return harness.Template(name).Spec.Body.Text }
	ref := v1alpha1.SecretKeyReference{Name: "token", Key: "token"}
	objects := []client.Object{
		waba(func(a *v1alpha1.WABA) { a.Spec.Insights = v1alpha1.InsightsEnabled }),
		harness.Template("parcel_new"), harness.Template("parcel_always", always), harness.Template("parcel_other"),
		harness.Template("parcel_watched", func(m *v1alpha1.MessageTemplate) { m.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserved }),
		number(func(s *v1alpha1.PhoneNumberSpec) {
			s.ID = harness.NumberID
			s.Registration = &v1alpha1.PhoneNumberRegistration{PINSecretRef: v1alpha1.SecretKeyReference{Name: "pin", Key: "pin"}}
			s.Profile = &v1alpha1.PhoneNumberProfile{About: ptr.To("Open daily"), Websites: []string{"https://acme.example", "https://shop.example"}}
		}),
		&v1alpha1.WebhookSubscription{ObjectMeta: harness.Named("acme"), Spec: v1alpha1.WebhookSubscriptionSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}},
			Messages:   &v1alpha1.WebhookOverride{CallbackURL: botURL, VerifyTokenSecretRef: ref},
		}},
	}
	p := planned(w, objects...)
	meta := "Hello {{1}},|somebody\x1b[2J wrote this."
	for _, c := range []struct{ kind, name, want string }{
		{"WABA", "acme", "insights Disabled > Enabled"},
		{"MessageTemplate", "parcel-new", "body.text - > " + text("parcel_new")},
		{"MessageTemplate", "parcel-always", "body.text " + meta + " > " + text("parcel_always")},
		{"MessageTemplate", "parcel-other", "body.text " + meta + " > " + text("parcel_other")},
		{"MessageTemplate", "parcel-watched", "body.text " + meta + " > " + text("parcel_watched")},
		{"PhoneNumber", "support", "profile.about Open on Mondays > Open daily; profile.websites - > https://acme.example|https://shop.example"},
		{"WebhookSubscription", "acme", "app - > " + harness.AppID + "; messages.callbackURL - > " + botURL},
	} {
		if got := said(find(t, p, c.kind, c.name)); !strings.Contains(got, c.want) {
			t.Errorf("%s %s: %s\nwant %s", c.kind, c.name, got, c.want)
		}
	}
	renamed := planned(w, waba(), number(func(s *v1alpha1.PhoneNumberSpec) { s.ID, s.DisplayName = harness.NumberID, "Acme Support" }))
	if got, want := said(find(t, renamed, "PhoneNumber", "support")), "displayName Acme > Acme Support"; got != want {
		t.Errorf("another name: %s, want %s", got, want)
	}
	for name, write := range plan.Formats {
		var out bytes.Buffer
		if err := write(&out, p, plan.Style{All: true}); err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{pin, verify, harness.AccessToken, "secret=7"} {
			if strings.Contains(out.String(), secret) {
				t.Errorf("%s has %q", name, secret)
			}
		}
		if strings.ContainsRune(out.String(), '\x1b') {
			t.Errorf("%s has control characters", name)
		}
	}
}
