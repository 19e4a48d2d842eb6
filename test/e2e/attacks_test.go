// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package e2e

import (
	"os"
	"path/filepath"
	"testing"

	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/harness"
)

func numberAttacks(w *sharedAccount) []client.Object {
	var out []client.Object
	secret := func(name string) v1alpha1.SecretKeyReference {
		return v1alpha1.SecretKeyReference{Name: name, Key: name}
	}
	for id, digits := range map[string]string{harness.NumberID: platformDigits, neighboursNumber: neighboursDigits} {
		policies(v1alpha1.DeletionPolicyDeregister, func(p v1alpha1.PolicySpec, deletion v1alpha1.DeletionPolicy) {
			full := v1alpha1.PhoneNumberSpec{
				CommonSpec: w.common(), DeletionPolicy: deletion, DisplayName: "Hijacked",
				Verification:             &v1alpha1.PhoneNumberVerification{CodeSecretRef: secret("code")},
				Registration:             &v1alpha1.PhoneNumberRegistration{PINSecretRef: secret("pin"), DataLocalizationRegion: "DE"},
				Profile:                  &v1alpha1.PhoneNumberProfile{About: ptr.To("Hijacked")},
				Commerce:                 &v1alpha1.PhoneNumberCommerce{CartEnabled: ptr.To(true)},
				ConversationalAutomation: &v1alpha1.ConversationalAutomation{Prompts: []string{"Hijacked?"}},
				Calling: &v1alpha1.PhoneNumberCalling{
					Status: v1alpha1.SettingStatusDisabled,
					SIP:    &v1alpha1.CallingSIP{Servers: []v1alpha1.SIPServer{{Hostname: "hijacked.example"}}},
				},
				FlowsEncryption:  &v1alpha1.FlowsEncryption{PublicKey: publicKey},
				ComplianceInfo:   &v1alpha1.ComplianceInfo{EntityName: "Hijackers", EntityType: v1alpha1.ComplianceEntityTypePartnership, Registered: ptr.To(true)},
				Username:         ptr.To("hijacked.example"),
				IdentityKeyCheck: v1alpha1.SettingStatusDisabled,
				OfficialBusinessAccount: &v1alpha1.OfficialBusinessAccountRequest{
					BusinessWebsiteURL: "https://hijacked.example", PrimaryCountryOfOperation: "Germany", PrimaryLanguage: "German",
				},
			}
			full.PolicySpec = p
			byID, byDigits, added := full, full, full
			byID.ID, byID.DisplayName = id, ""
			byDigits.Number, byDigits.DisplayName = digits, ""
			added.Number, added.CreationPolicy = digits, v1alpha1.CreationPolicyAdd
			for _, spec := range []v1alpha1.PhoneNumberSpec{byID, byDigits, added} {
				out = append(out, &v1alpha1.PhoneNumber{Spec: *spec.DeepCopy()})
			}
		})
	}
	return out
}

// templateAttacks describe the templates of the others, with the content of every example.
func templateAttacks(w *sharedAccount) []client.Object {
	var out []client.Object
	contents := examples(w.T)
	for _, name := range []string{"platform_order", "neighbour_order"} {
		for i := range contents {
			policies(v1alpha1.DeletionPolicyDelete, func(p v1alpha1.PolicySpec, deletion v1alpha1.DeletionPolicy) {
				if i > 0 && p.DriftPolicy != v1alpha1.DriftPolicyRepair {
					return // of most contents the strongest wish is enough
				}
				spec := contents[i].DeepCopy()
				spec.CommonSpec, spec.Name, spec.Language, spec.DeletionPolicy = w.common(), name, "en_US", deletion
				spec.PolicySpec, spec.AdoptionPolicy, spec.CategoryPolicy = p, v1alpha1.AdoptionPolicyAlways, v1alpha1.CategoryPolicyRequire
				spec.ArchivedPolicy, spec.ContentValidation = v1alpha1.ArchivedPolicyUnarchive, v1alpha1.ContentValidationLenient
				if spec.Category == v1alpha1.TemplateCategoryAuthentication {
					spec.PrimaryDeviceDeliveryOnly = ptr.To(true)
				}
				if spec.Category == v1alpha1.TemplateCategoryMarketing {
					spec.MaxPrice = &v1alpha1.TemplateMaxPrice{AmountPer1000: 1}
				}
				out = append(out, &v1alpha1.MessageTemplate{Spec: *spec})
			})
		}
	}
	return out
}

// examples are the specs of the examples of the API.
func examples(tb testing.TB) []v1alpha1.MessageTemplateSpec {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "api", "v1alpha1", "testdata", "examples", "*.yaml"))
	if err != nil || len(files) == 0 {
		tb.Fatalf("no examples: %v", err)
	}
	var out []v1alpha1.MessageTemplateSpec
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		var obj v1alpha1.MessageTemplate
		if err := yaml.UnmarshalStrict(raw, &obj); err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		out = append(out, obj.Spec)
	}
	return out
}

// subscriptionAttacks want the app, the account's messages, and those of the numbers of the others, through resources of the tenant's
// that stand for these numbers.
func subscriptionAttacks(w *sharedAccount) []client.Object {
	for name, spec := range map[string]v1alpha1.PhoneNumberSpec{ // they stay in conflict
		"steals-by-id":     {ID: harness.NumberID},
		"steals-by-digits": {Number: platformDigits},
		"steals-neighbour": {Number: neighboursDigits},
	} {
		obj := &v1alpha1.PhoneNumber{Spec: spec}
		obj.Name, obj.Namespace, obj.Spec.CommonSpec = name, w.tenant, w.common()
		w.Create(obj)
	}
	ref := verifyWith()
	evil := override(evilHost)
	var out []client.Object
	policies(v1alpha1.DeletionPolicyDelete, func(p v1alpha1.PolicySpec, deletion v1alpha1.DeletionPolicy) {
		app := func(change func(*v1alpha1.AppWebhook)) v1alpha1.WebhookSubscriptionSpec {
			a := &v1alpha1.AppWebhook{
				Delivery: v1alpha1.WebhookDeliveryCustom, CallbackURL: evil.CallbackURL, VerifyTokenSecretRef: &ref, Takeover: v1alpha1.TakeoverPolicyAlways,
			}
			change(a)
			return v1alpha1.WebhookSubscriptionSpec{App: a}
		}
		specs := []v1alpha1.WebhookSubscriptionSpec{
			app(func(*v1alpha1.AppWebhook) {}),
			app(func(a *v1alpha1.AppWebhook) { a.Fields = []string{"messages"} }),
			app(func(a *v1alpha1.AppWebhook) {
				a.Delivery, a.CallbackURL, a.Fields = v1alpha1.WebhookDeliveryOperator, "", []string{"account_update"}
			}),
			{Messages: &evil},
		}
		for _, number := range []string{"steals-by-id", "steals-by-digits", "steals-neighbour"} {
			specs = append(specs, v1alpha1.WebhookSubscriptionSpec{PhoneNumbers: []v1alpha1.PhoneNumberWebhookOverride{{
				PhoneNumberRef: v1alpha1.PhoneNumberReference{Name: number}, WebhookOverride: evil,
			}}})
		}
		for _, spec := range specs {
			spec.CommonSpec, spec.DeletionPolicy = w.common(), deletion
			spec.PolicySpec = p
			out = append(out, &v1alpha1.WebhookSubscription{Spec: spec})
		}
	})
	return out
}

// publicKey is a key that anybody may know.
const publicKey = `-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAnTQvaEZ2GaZZVTlPPlYj
06rWvHHP5OmW0HBfxj+8QQ3lDjlGfbR9kjAqWunNDRjU1Wck4D8edSUwXpH7xTKH
nBZHVzEjiMfgBNd8HyLofWCKjY9eAcPMFKGdH5aTc97Qem0zvOVVvqQHaVisTsc9
l+ei6VPfcRMdq7EBTCiaj8rKpXDR78tiJGwotTivvr6XcKhJYUz0xLYAqxh1hfc5
R+WIiIYnZ8DtjxU6pPHkd/46vZE4E2bzR2bFG4fPdnmFi7EXTOTCGUvhg5QnaRNy
QHIPc0XDh/DPOvBJCaQLONxsOYUoge3V82pDT8yXAtHpPeOquiTfmcQ/5wQnaAIO
hQIDAQAB
-----END PUBLIC KEY-----
`
