// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package scale

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// perAccount is how many templates an account has.
const perAccount = 1000

// BenchmarkMemory prints how much memory the operator takes, as a process of its own with the limit that the manifests set: with
// nothing to do, while it takes over templates that are all at Meta, afterwards, and after a restart. Requests and limits of the
// manifests follow from it.
func BenchmarkMemory(b *testing.B) {
	program := compile(b)
	env := testenv.Start(b)
	for _, n := range []int{0, perAccount, 10 * perAccount} {
		b.Run(fmt.Sprintf("%d templates", n), func(b *testing.B) {
			for b.Loop() {
				f := newFleet(b, env, n/perAccount)
				f.run(program)
			}
		})
	}
}

// fleet is a number of accounts, with templates and their manifests.
type fleet struct {
	b         *testing.B
	env       *testenv.Env
	namespace string
	url       string
	templates int
}

func newFleet(b *testing.B, env *testenv.Env, accounts int) *fleet {
	b.Helper()
	sim := graphsim.New(graphsim.WithSeed(1), graphsim.WithMaxPageSize(100), graphsim.WithTemplateLimit(6000),
		graphsim.WithCallBudget(0, 0), graphsim.WithAppCallBudget(0), graphsim.WithLatency(latency))
	sim.AddApp(graphsim.App{ID: harness.AppID, Name: "Acme Ops", Secret: harness.AppSecret})
	f := &fleet{b: b, env: env, namespace: env.Namespace(b), url: sim.Start(b), templates: accounts * perAccount}
	var manifests []client.Object
	for a := range accounts {
		id, name, token := fmt.Sprintf("10229012934%04d", a), fmt.Sprintf("acme-%04d", a), fmt.Sprintf("EAAGsimulatedToken%04d", a)
		sim.AddToken(graphsim.Token{
			Name: name, Value: token, AppID: harness.AppID, Accounts: []string{id},
			Scopes: []string{"whatsapp_business_management", "whatsapp_business_messaging"},
		})
		sim.AddAccount(graphsim.Account{ID: id, Name: name})
		meta := metav1.ObjectMeta{Name: name, Namespace: f.namespace}
		secret := &corev1.Secret{
			ObjectMeta: *meta.DeepCopy(),
			StringData: map[string]string{v1alpha1.SecretKeyAccessToken: token, v1alpha1.SecretKeyAppSecret: harness.AppSecret},
		}
		secret.Labels = map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount}
		waba := &v1alpha1.WABA{
			ObjectMeta: meta, Spec: v1alpha1.WABASpec{ID: id, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: name}},
		}
		manifests = append(manifests, secret, waba)
		for i := range perAccount {
			obj := harness.Template(fmt.Sprintf("parcel_%04d_%04d", a, i))
			obj.Namespace, obj.Spec.WABARef.Name = f.namespace, name
			manifests = append(manifests, obj)
			sim.AddTemplate(id, atMeta(b, obj))
		}
	}
	inParallel(b, len(manifests), func(i int) error { return env.Client.Create(context.Background(), manifests[i]) })
	return f
}

// atMeta is a manifest's template as Meta has it.
func atMeta(b *testing.B, obj *v1alpha1.MessageTemplate) graphsim.Template {
	b.Helper()
	components, err := json.Marshal([]map[string]any{
		{"type": "BODY", "text": obj.Spec.Body.Text, "example": map[string]any{"body_text": [][]string{{obj.Spec.Body.Examples[0].Value}}}},
		{"type": "FOOTER", "text": obj.Spec.Footer.Text},
	})
	if err != nil {
		b.Fatal(err)
	}
	return graphsim.Template{
		Name: obj.Spec.Name, Language: obj.Spec.Language, Category: string(obj.Spec.Category), ParameterFormat: "POSITIONAL", Components: components,
	}
}

// run lets an operator take everything over, and another one begin with what that one wrote.
func (f *fleet) run(program string) {
	b := f.b
	b.Helper()
	args := []string{"--graph-base-url=" + f.url, "--namespaces=" + f.namespace, "--concurrency=8"}
	begin := time.Now()
	p := start(b, f.env, program, args...)
	settled := f.settle(p)
	if notReady := f.notReady(); notReady != "" {
		b.Fatalf("%s\n%s", notReady, p.log())
	}
	b.ReportMetric(settled.Sub(begin).Seconds(), "s-cold")
	now, peak := p.memory()
	b.ReportMetric(now, "MB-cold")
	b.ReportMetric(peak, "MB-peak-cold")
	b.ReportMetric(p.cpu(), "CPU-s-cold")
	p.stop()

	p = start(b, f.env, program, args...)
	f.settle(p)
	now, peak = p.memory()
	b.ReportMetric(now, "MB-warm")
	b.ReportMetric(peak, "MB-peak-warm")
	b.ReportMetric(p.cpu(), "CPU-s-warm")
	p.stop()
}

// quiet is how long nothing may be reconciled before the operator counts as settled.
const quiet = 3 * look

// settle waits until the operator looked at every template and has nothing to do. It returns since when.
func (f *fleet) settle(p *process) time.Time {
	f.b.Helper()
	last, since := math.NaN(), time.Now()
	p.until(fmt.Sprintf("%d templates", f.templates), func() bool {
		seen := p.metric(`controller_runtime_reconcile_total{controller="messagetemplate",result="success"}`) +
			p.metric(`controller_runtime_reconcile_total{controller="messagetemplate",result="requeue_after"}`)
		if seen != last {
			last, since = seen, time.Now()
		}
		return seen >= float64(f.templates) && time.Since(since) >= quiet
	})
	return since
}

// notReady is what is wrong with a template that isn't ready.
func (f *fleet) notReady() string {
	f.b.Helper()
	var list v1alpha1.MessageTemplateList
	if err := f.env.Client.List(f.b.Context(), &list, client.InNamespace(f.namespace)); err != nil {
		f.b.Fatal(err)
	}
	if len(list.Items) != f.templates {
		return fmt.Sprintf("%d templates, want %d", len(list.Items), f.templates)
	}
	for i := range list.Items {
		if c := harness.Condition(list.Items[i].Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
			return fmt.Sprintf("%s: %s %s", list.Items[i].Name, c.Reason, c.Message)
		}
	}
	return ""
}
