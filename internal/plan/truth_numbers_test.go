// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/plan"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

func number(change func(*v1alpha1.PhoneNumberSpec)) *v1alpha1.PhoneNumber {
	obj := &v1alpha1.PhoneNumber{ObjectMeta: harness.Named("support"), Spec: v1alpha1.PhoneNumberSpec{
		CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}},
	}}
	change(&obj.Spec)
	return obj
}

func keySecret(w *harness.World, name, purpose, value string) {
	w.Create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.LabelSecretPurpose: purpose}}, Data: map[string][]byte{name: []byte(value)},
	})
}

// TestTruthNumbers: the next step of a number's life, and its settings.
func TestTruthNumbers(t *testing.T) {
	t.Parallel()
	onCloud := func(s *v1alpha1.PhoneNumberSpec) {
		s.ID = harness.NumberID
		s.Profile = &v1alpha1.PhoneNumberProfile{About: ptr.To("Open daily")}
		s.Commerce = &v1alpha1.PhoneNumberCommerce{CatalogVisible: ptr.To(true)}
	}
	for name, tc := range map[string]struct {
		spec   func(*v1alpha1.PhoneNumberSpec)
		want   wanted
		before func(*harness.World)
	}{
		"to add": {func(s *v1alpha1.PhoneNumberSpec) {
			s.Number, s.CreationPolicy, s.DisplayName = "+491701234567", v1alpha1.CreationPolicyAdd, "Acme Support"
		}, wanted{"PhoneNumber", "support", plan.Create, ""}, nil},
		"not to add": {func(s *v1alpha1.PhoneNumberSpec) { s.Number = "+491701234567" },
			wanted{"PhoneNumber", "support", plan.Blocked, v1alpha1.ReasonNotFound}, nil},
		"to register": {func(s *v1alpha1.PhoneNumberSpec) {
			s.ID = "106540352249999"
			s.Registration = &v1alpha1.PhoneNumberRegistration{PINSecretRef: v1alpha1.SecretKeyReference{Name: "pin", Key: "pin"}, DataLocalizationRegion: "DE"}
		}, wanted{"PhoneNumber", "support", plan.Edit, ""}, func(w *harness.World) {
			keySecret(w, "pin", v1alpha1.SecretPurposePIN, "271828")
			w.Sim.AddNumber(harness.AccountID, graphsim.Number{
				ID: "106540352249999", DisplayPhoneNumber: "+49 170 1234567", CodeVerificationStatus: "VERIFIED",
				PlatformType: "NOT_APPLICABLE", Status: "PENDING", NameStatus: "APPROVED", VerifiedName: "Acme Support",
			})
		}},
		"without its PIN": {func(s *v1alpha1.PhoneNumberSpec) {
			s.ID = harness.NumberID
			s.Registration = &v1alpha1.PhoneNumberRegistration{PINSecretRef: v1alpha1.SecretKeyReference{Name: "pin", Key: "pin"}}
		}, wanted{"PhoneNumber", "support", plan.Blocked, v1alpha1.ReasonSecretNotFound}, nil},
		"settings": {onCloud, wanted{"PhoneNumber", "support", plan.Edit, ""}, nil},
		"calls and the identity check": {func(s *v1alpha1.PhoneNumberSpec) {
			s.ID, s.IdentityKeyCheck = harness.NumberID, v1alpha1.SettingStatusEnabled
			s.Calling = &v1alpha1.PhoneNumberCalling{SIP: &v1alpha1.CallingSIP{Servers: []v1alpha1.SIPServer{{Hostname: "sip.acme.example"}}}}
		}, wanted{"PhoneNumber", "support", plan.Edit, ""}, nil},
		"a name that has Meta review the badge again": {func(s *v1alpha1.PhoneNumberSpec) { s.ID, s.DisplayName = harness.NumberID, "Acme Support" },
			wanted{"PhoneNumber", "support", plan.Blocked, v1alpha1.ReasonActionRequired}, func(w *harness.World) {
				w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.Official = true })
			}},
		"settings that are so already": {onCloud, wanted{"PhoneNumber", "support", plan.Nothing, ""}, func(w *harness.World) {
			w.Create(number(onCloud))
			op := w.Start()
			op.Settle()
			op.Stop()
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA()
			if tc.before != nil {
				tc.before(w)
			}
			holdTrue(t, w, []client.Object{number(tc.spec)}, []wanted{tc.want}, settled)
		})
	}
}

// TestTruthWebhooks: all steps that lead to a subscription, though each follows from the one before.
func TestTruthWebhooks(t *testing.T) {
	t.Parallel()
	service := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(rw, r.URL.Query().Get("hub.challenge"))
	}))
	t.Cleanup(service.Close)
	w := harness.New(t, env, graphsim.WithWebhooks())
	for _, host := range []string{hookHost, "bot.acme.example"} {
		w.Sim.MapCallback(host, service.URL)
	}
	w.Sim.SetAppCallback(harness.AppID, botURL, "messages")
	w.Secret()
	w.WABA()
	keySecret(w, "token", v1alpha1.SecretPurposeVerifyToken, "verify-token-of-everybody")
	ref := v1alpha1.SecretKeyReference{Name: "token", Key: "token"}
	obj := &v1alpha1.WebhookSubscription{ObjectMeta: harness.Named("acme"), Spec: v1alpha1.WebhookSubscriptionSpec{
		CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}},
		App:        &v1alpha1.AppWebhook{Delivery: v1alpha1.WebhookDeliveryOperator, VerifyTokenSecretRef: &ref, Takeover: v1alpha1.TakeoverPolicyAlways},
		Messages:   &v1alpha1.WebhookOverride{CallbackURL: botURL, VerifyTokenSecretRef: ref},
	}}
	p := holdTrue(t, w, []client.Object{obj}, []wanted{{"WebhookSubscription", "acme", plan.Create, ""}}, (*harness.Operator).SettleRetries)
	if writes := find(t, p, "WebhookSubscription", "acme").Writes; len(writes) != 3 {
		t.Errorf("steps: %+v", writes)
	}
}
