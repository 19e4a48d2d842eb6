// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/plan"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// without makes a plan without a cluster.
func without(w *harness.World, token string, objects ...client.Object) *plan.Plan {
	w.T.Helper()
	o, _ := options(w, objects...)
	o.Cluster, o.Token = nil, plan.Token{Credentials: account.Credentials{AccessToken: token}}
	p, err := plan.Run(w.T.Context(), o)
	if err != nil {
		w.T.Fatal(err)
	}
	return p
}

// TestWithoutCluster: a token is enough, and what can't be known is said.
func TestWithoutCluster(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Sim.SetPINInManager(harness.NumberID, "271828")
	atMeta(w, "parcel_same", harness.Template("parcel_same").Spec.Body.Text)
	objects := []client.Object{waba(), harness.Template("parcel_same"), harness.Template("parcel_new"), number(func(s *v1alpha1.PhoneNumberSpec) {
		s.ID = harness.NumberID
		s.Registration = &v1alpha1.PhoneNumberRegistration{PINSecretRef: v1alpha1.SecretKeyReference{Name: "pin", Key: "pin"}}
	})}
	p := without(w, harness.AccessToken, objects...)
	if p.Summary != (plan.Summary{Create: 1, Adopt: 3}) {
		t.Errorf("%+v", p)
	}
	if notes := strings.Join(p.Notes, "; "); !strings.Contains(notes, "without a cluster") || !strings.Contains(notes, "/pin is taken to be there and unchanged") {
		t.Errorf("notes: %s", notes)
	}
	p = without(w, "", objects...)
	if err := p.Problem(); p.Summary.Failed != 4 || err == nil || !strings.Contains(err.Error(), "--access-token-file") {
		t.Errorf("no token: %v, %+v", err, p.Summary)
	}
	p = without(w, "EAAGsomebodyElse", objects...)
	if err := p.Problem(); p.Summary.Failed != 4 || err == nil || !strings.Contains(err.Error(), "Meta refuses the access token") {
		t.Errorf("a wrong token: %v, %+v", err, p.Summary)
	}
}

// blind is a cluster whose Secrets the caller may not read.
type blind struct{ client.Reader }

func (b blind) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	if _, secret := obj.(*corev1.Secret); secret {
		return apierrors.NewForbidden(schema.GroupResource{Resource: "secrets"}, key.Name, nil)
	}
	return b.Reader.Get(ctx, key, obj, opts...)
}

// TestSecretsThatMayNotBeRead are taken to be unchanged: a PIN that was set isn't planned to be set again.
func TestSecretsThatMayNotBeRead(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	keySecret(w, "pin", v1alpha1.SecretPurposePIN, "271828")
	w.Sim.SetPINInManager(harness.NumberID, "271828")
	obj := number(func(s *v1alpha1.PhoneNumberSpec) {
		s.ID = harness.NumberID
		s.Registration = &v1alpha1.PhoneNumberRegistration{PINSecretRef: v1alpha1.SecretKeyReference{Name: "pin", Key: "pin"}}
	})
	w.Create(obj.DeepCopy())
	op := w.Start()
	op.Settle()
	op.Stop()
	o, _ := options(w, obj)
	o.Cluster = blind{o.Cluster}
	o.Token.AccessToken = harness.AccessToken
	p, err := plan.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if p.Summary != (plan.Summary{Unchanged: 1}) || !strings.Contains(strings.Join(p.Notes, "; "), "you may not get Secret") {
		t.Errorf("%+v", p)
	}
	// A PIN that is changed by a manifest is planned, where it can be compared.
	changed := &corev1.Secret{StringData: map[string]string{"pin": "314159"}}
	changed.Name, changed.Labels = "pin", map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposePIN}
	p = planned(w, obj, changed)
	if r := find(t, p, "PhoneNumber", "support"); r.Action != plan.Edit || r.Writes[0].Call != "set PIN" {
		t.Errorf("%+v", r)
	}
}

// TestInvalid: what the API server would refuse is named, and the rest is planned.
func TestInvalid(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	w.CreateTemplate("parcel_there")
	wrong := harness.Template("parcel_wrong", func(m *v1alpha1.MessageTemplate) { m.Spec.Language = "English" })
	other := harness.Template("parcel_there", func(m *v1alpha1.MessageTemplate) { m.Spec.Name = "parcel_renamed" })
	p := planned(w, wrong, other, harness.Template("parcel_new"))
	if p.Summary != (plan.Summary{Create: 1, Invalid: 2}) || p.Problem() == nil {
		t.Fatalf("%+v", p)
	}
	for i, want := range []string{"spec.language", "spec.name"} {
		if !strings.Contains(p.Invalid[i].Message, want) {
			t.Errorf("%s isn't named: %s", want, p.Invalid[i].Message)
		}
	}
}

// TestConflict: of two resources for one template one has to give way; a template for an account that doesn't permit it, too.
func TestConflict(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	second := harness.Template("parcel_left", func(m *v1alpha1.MessageTemplate) { m.Name = "second" })
	stranger := harness.Template("parcel_strange", func(m *v1alpha1.MessageTemplate) {
		m.Namespace, m.Spec.WABARef.Namespace = "elsewhere", w.Namespace
	})
	p := planned(w, harness.Template("parcel_left"), second, stranger)
	for name, want := range map[string]string{"second": v1alpha1.ReasonConflict, "parcel-strange": v1alpha1.ReasonReferenceNotPermitted} {
		if r := find(t, p, "MessageTemplate", name); r.Action != plan.Blocked || r.Reason != want {
			t.Errorf("%s: %+v", name, r)
		}
	}
	if p.Summary.Create != 1 {
		t.Errorf("%+v", p.Summary)
	}
}

// TestUnreadableTemplates: without the listing nothing is said of templates, and not one of them is asked for.
func TestUnreadableTemplates(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.Sim.Fail(graphsim.Fault{Path: "/*/message_templates", Code: 200, Message: "(#200) Permissions error", Times: 1000})
	w.Sim.Fail(graphsim.Fault{Path: "/" + harness.AccountID, Code: 200, Message: "(#200) Permissions error", Times: 1})
	p := planned(w, waba(), harness.Template("parcel_a"), harness.Template("parcel_b"))
	if p.Summary.Failed != 2 || !strings.Contains(p.Problem().Error(), "templates can't be read") {
		t.Errorf("%+v: %v", p, p.Problem())
	}
}

// many are templates that are at Meta as their manifests say.
func many(w *harness.World, n int) (objects []client.Object) {
	objects = append(objects, waba())
	for i := range n {
		m := harness.Template(fmt.Sprintf("parcel_%04d", i))
		atMeta(w, m.Spec.Name, m.Spec.Body.Text)
		objects = append(objects, m)
	}
	return objects
}

// TestCalls: the number of templates decides about pages, not about calls.
func TestCalls(t *testing.T) {
	t.Parallel()
	const templates, pages, few = 300, 3, 5
	w := harness.New(t, env)
	p := without(w, harness.AccessToken, many(w, templates)...)
	if p.Summary != (plan.Summary{Adopt: templates + 1}) {
		t.Errorf("%+v", p.Summary)
	}
	if n := w.Sim.Stats().Calls; n > pages+few {
		t.Errorf("%d calls", n)
	}
}

// BenchmarkPlan plans 1,000 templates that are at Meta as their manifests say.
func BenchmarkPlan(b *testing.B) {
	w := harness.New(b, env)
	objects := many(w, 1000)
	o, _ := options(w, objects...)
	o.Cluster, o.Token = nil, plan.Token{Credentials: account.Credentials{AccessToken: harness.AccessToken}}
	before, plans := w.Sim.Stats().Calls, 0
	for b.Loop() {
		o.Accounts = accounts(w) // a process of its own
		p, err := plan.Run(b.Context(), o)
		if err != nil || p.Summary != (plan.Summary{Adopt: 1001}) {
			b.Fatalf("%v: %+v", err, p)
		}
		plans++
	}
	b.ReportMetric(float64(w.Sim.Stats().Calls-before)/float64(plans), "calls/op")
}
