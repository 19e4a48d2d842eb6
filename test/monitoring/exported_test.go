// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package monitoring compares alerts, dashboard and reference with the metrics that a running operator exports.
package monitoring

import (
	"maps"
	"net/http"
	"os"
	"slices"
	"testing"
	"time"

	dto "github.com/prometheus/client_model/go"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"
	ctrlmetrics "sigs.k8s.io/controller-runtime/pkg/metrics"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/metrics"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, &env)) }

// labelSets are the label names of each metric, and whatever values were seen.
type labelSets map[string]map[string][]string

func (l labelSets) add(families []*dto.MetricFamily) {
	for _, f := range families {
		names := []string{f.GetName()}
		if f.GetType() == dto.MetricType_HISTOGRAM {
			names = append(names, f.GetName()+"_bucket", f.GetName()+"_sum", f.GetName()+"_count")
		}
		for _, name := range names {
			if l[name] == nil {
				l[name] = map[string][]string{}
			}
			for _, m := range f.GetMetric() {
				for _, label := range m.GetLabel() {
					l[name][label.GetName()] = append(l[name][label.GetName()], label.GetValue())
				}
			}
		}
		if f.GetType() == dto.MetricType_HISTOGRAM {
			l[f.GetName()+"_bucket"]["le"] = nil
		}
	}
}

func gather(t *testing.T, into labelSets, op *harness.Operator) {
	t.Helper()
	own, err := op.Metrics.Gather()
	if err != nil {
		t.Fatal(err)
	}
	others, err := ctrlmetrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	into.add(own)
	into.add(others)
}

// ofAcme is what all resources of the account have in common.
func ofAcme() v1alpha1.CommonSpec {
	return v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}}
}

// exercise lives through what the metrics are about, and returns all that was exported meanwhile.
func exercise(t *testing.T) labelSets {
	t.Helper()
	all := labelSets{}
	w := harness.New(t, env, graphsim.WithWebhooks(), graphsim.WithReviewDelay(3*time.Minute))
	w.Sim.UpdateToken(harness.AccessToken, func(x *graphsim.Token) { x.ExpiresAt = w.Clock.Now().Add(10 * 24 * time.Hour) })
	w.Secret()
	w.WABA(func(a *v1alpha1.WABA) { a.Spec.ApprovedApps = []v1alpha1.ApprovedApp{{ID: "1"}} })
	// Between what is written and what is read, Meta makes capitals of it.
	w.Sim.Fail(graphsim.Fault{Method: http.MethodGet, Path: "/*/whatsapp_business_profile", Times: -1, Status: http.StatusOK,
		Body: `{"data":[{"about":"OPEN DAILY","messaging_product":"whatsapp"}]}`})
	w.Create(&v1alpha1.PhoneNumber{ObjectMeta: harness.Named("support"), Spec: v1alpha1.PhoneNumberSpec{
		CommonSpec: ofAcme(), ID: harness.NumberID, Profile: &v1alpha1.PhoneNumberProfile{About: ptr.To("Open daily")},
	}})
	w.Create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "verify", Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeVerifyToken}},
		StringData: map[string]string{"token": "verify-token-of-the-operator"},
	})
	w.Create(&v1alpha1.WebhookSubscription{ObjectMeta: harness.Named("acme"), Spec: v1alpha1.WebhookSubscriptionSpec{
		CommonSpec: ofAcme(), App: &v1alpha1.AppWebhook{
			Delivery: v1alpha1.WebhookDeliveryOperator, VerifyTokenSecretRef: &v1alpha1.SecretKeyReference{Name: "verify", Key: "token"},
		},
	}})
	w.Sim.UpdateAccount(harness.AccountID, func(a *graphsim.Account) { a.Country, a.Currency = "BR", "USD" })
	kept, old := w.CreateTemplate("parcel_kept"), w.CreateTemplate("parcel_old")
	left := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) { m.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete })
	op := w.Start(func(o *operator.Options) {
		o.WebhookAddress, o.WebhookURL = "127.0.0.1:0", "https://hooks.acme.example"
		o.MetricsAddress, o.MetricsPerResource = "127.0.0.1:0", true
	})
	w.Sim.MapCallback("hooks.acme.example", op.Receiver())
	op.SettleRetries()
	op.Observe()

	// Events, and a category that Meta changes.
	template, _ := w.Sim.TemplateByName(harness.AccountID, "parcel_kept", "en_US")
	w.Sim.Emit(harness.AccountID, graphsim.RestrictionEvent(graphsim.RestrictedUntil{Type: "RESTRICTED_UTILITY_TEMPLATES", End: w.Clock.Now().Add(72 * time.Hour)}),
		graphsim.ViolationEvent("ALCOHOL", ""), graphsim.BanEvent("SCHEDULE_FOR_DISABLE", w.Clock.Now().Add(48*time.Hour)),
		graphsim.CategoryEvent(template, "UTILITY", "MARKETING"))
	if _, err := w.Sim.Deliver(t.Context()); err != nil {
		t.Fatal(err)
	}
	op.Settle()
	w.Wait("events to be seen", func() bool { w.Reload(kept); return kept.Status.Webhook != nil })
	gather(t, all, op)

	// A person's edit, which shows as drift, a deletion, and Meta's limit.
	w.Reload(kept)
	w.Sim.EditInManager(kept.Status.ID, func(x *graphsim.Template) {
		x.Components = []byte(`[{"type":"BODY","text":"Hello {{1}}, this template has another text now.","surface_v3":"AUTO","example":{"body_text":[["Ana"]]}}]`)
	})
	w.Reload(old)
	if err := w.Sim.Archive(old.Status.ID); err != nil {
		t.Fatal(err)
	}
	op.Advance(2 * time.Hour)
	w.Delete(left)
	op.SettleRetries()
	gather(t, all, op)
	w.Sim.SetUsage(harness.AccountID, 100, 60)
	op.Advance(35 * time.Minute) // its webhooks work and nothing changes, so it is observed twice an hour
	gather(t, all, op)
	op.Stop()
	return all
}

// TestExportedAsDefined: a running operator exports every metric that the reference names, with those labels and values.
func TestExportedAsDefined(t *testing.T) {
	all := exercise(t)
	for _, d := range metrics.Definitions() {
		got, there := all[d.Name]
		if !there {
			t.Errorf("%s is never exported", d.Name)
			continue
		}
		var want []string
		for _, l := range d.Labels {
			want = append(want, l.Name)
			for _, v := range got[l.Name] {
				if len(l.Values) > 0 && !slices.Contains(l.Values, v) {
					t.Errorf("%s: %s=%q isn't in the reference", d.Name, l.Name, v)
				}
			}
		}
		slices.Sort(want)
		if names := slices.Sorted(maps.Keys(got)); !slices.Equal(names, want) {
			t.Errorf("%s has labels %v, the reference says %v", d.Name, names, want)
		}
	}
	t.Run("expressions", func(t *testing.T) { checkExpressions(t, all) })
}
