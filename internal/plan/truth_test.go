// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan_test

import (
	"context"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/messagetemplate"
	"github.com/waba-operator/waba-operator/controllers/phonenumber"
	wabas "github.com/waba-operator/waba-operator/controllers/waba"
	"github.com/waba-operator/waba-operator/controllers/webhooksubscription"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/internal/plan"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const (
	hookHost    = "hooks.acme.example"
	receiverURL = "https://" + hookHost + "/webhooks/"
	botURL      = "https://bot.acme.example/wa"
	otherBody   = "Hello {{1}}, your parcel waits for you at the shop around the corner until Friday."
	thirdBody   = "Hello {{1}}, your parcel goes back to our warehouse on Friday if nobody comes for it."
)

// calls are the calls to the simulator by the names that plans have for them.
var calls = map[string][]string{
	lifecycle.CallUploadFile:            {graphsim.OpOpenUpload},
	messagetemplate.CallCreateTemplate:  {graphsim.OpCreateTemplate},
	messagetemplate.CallEditTemplate:    {graphsim.OpEditTemplate},
	messagetemplate.CallUnpauseTemplate: {graphsim.OpUnpauseTemplate},
	phonenumber.CallAddNumber:           {graphsim.OpAddNumber},
	phonenumber.CallDisplayName:         {graphsim.OpUpdateNumber},
	phonenumber.CallRequestCode:         {graphsim.OpRequestCode},
	phonenumber.CallRegister:            {graphsim.OpRegister},
	phonenumber.CallRequestOBA:          {graphsim.OpRequestBadge},
	phonenumber.CallSetRegion:           {graphsim.OpUpdateSettings},
	wabas.CallUpdateAccount:             {graphsim.OpUpdateAccount},
	wabas.CallLinkCatalog:               {graphsim.OpLinkCatalog},
	webhooksubscription.CallSubscribe:   {graphsim.OpSubscribeApp},
	"set the account's override":        {graphsim.OpSubscribeApp},
	"update profile":                    {graphsim.OpUpdateProfile},
	"update commerce":                   {graphsim.OpUpdateCommerce},
	"update calling":                    {graphsim.OpUpdateSettings},
	"update identityKeyCheck":           {graphsim.OpUpdateSettings},
	"set the app's callback and fields": {graphsim.OpSetSubscription},
}

// expected are the writes that a plan says, as writesOf names them.
func expected(t *testing.T, p *plan.Plan, names map[string]string) (out []string) {
	t.Helper()
	for _, a := range p.Accounts {
		for _, r := range a.Resources {
			for _, w := range r.Writes {
				ops := calls[w.Call]
				if ops == nil {
					t.Errorf("a plan with the unknown call %q", w.Call)
				}
				for _, op := range ops {
					if w.Call == messagetemplate.CallCreateTemplate || w.Call == messagetemplate.CallEditTemplate || w.Call == messagetemplate.CallUnpauseTemplate {
						op += " " + names[r.Name]
					}
					out = append(out, op)
				}
			}
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// wanted is what a plan should say of one resource.
type wanted struct {
	kind, name string
	action     plan.Action
	reason     string
}

// holdTrue plans the manifests, then applies them with the operator running, and compares: what was planned is what is
// written, and nothing else; and who was said to be blocked says so.
func holdTrue(t *testing.T, w *harness.World, objects []client.Object, want []wanted, settle func(*harness.Operator)) *plan.Plan {
	t.Helper()
	p := planned(w, objects...)
	if p.Summary.Invalid+p.Summary.Failed > 0 {
		t.Fatalf("not planned: %+v", p)
	}
	for _, x := range want {
		if r := find(t, p, x.kind, x.name); r.Action != x.action || x.reason != "" && r.Reason != x.reason {
			t.Errorf("%s %s: %s %s, want %s %s (%s)", x.kind, x.name, r.Action, r.Reason, x.action, x.reason, r.Message)
		}
	}
	names := map[string]string{}
	since := len(w.Sim.Requests())
	for _, obj := range objects {
		if m, ok := obj.(*v1alpha1.MessageTemplate); ok {
			names[m.Name] = m.Spec.Name
		}
		apply(w, obj)
	}
	op := w.Start(func(o *operator.Options) { o.WebhookURL = "https://" + hookHost })
	settle(op)
	op.Stop()
	if planned, made := expected(t, p, names), writesOf(w, since); !slices.Equal(planned, made) {
		t.Errorf("planned %q\n   made %q", planned, made)
	}
	for _, a := range p.Accounts {
		for _, r := range a.Resources {
			if r.Action != plan.Blocked {
				continue
			}
			if got := reasonOf(w, r); got != r.Reason {
				t.Errorf("%s %s: planned %s, but it says %s", r.Kind, r.Name, r.Reason, got)
			}
		}
	}
	return p
}

func settled(op *harness.Operator) { op.Settle() }

// apply creates an object, or gives the one that is there its spec.
func apply(w *harness.World, obj client.Object) {
	w.T.Helper()
	obj, _ = obj.DeepCopyObject().(client.Object)
	there, _ := obj.DeepCopyObject().(client.Object)
	w.Label(there)
	if !w.Reload(there) {
		obj.SetResourceVersion("")
		obj.SetUID("")
		w.Create(obj)
		return
	}
	w.Edit(there, func() {
		switch o := there.(type) {
		case *v1alpha1.MessageTemplate:
			o.Spec = obj.(*v1alpha1.MessageTemplate).Spec
		case *v1alpha1.PhoneNumber:
			o.Spec = obj.(*v1alpha1.PhoneNumber).Spec
		case *v1alpha1.WABA:
			o.Spec = obj.(*v1alpha1.WABA).Spec
		}
	})
}

func reasonOf(w *harness.World, r plan.Resource) string {
	w.T.Helper()
	m := &v1alpha1.MessageTemplate{}
	var obj client.Object = m
	status := &m.Status.CommonStatus
	switch r.Kind {
	case "PhoneNumber":
		n := &v1alpha1.PhoneNumber{}
		obj, status = n, &n.Status.CommonStatus
	case "WebhookSubscription":
		h := &v1alpha1.WebhookSubscription{}
		obj, status = h, &h.Status.CommonStatus
	}
	if err := w.Client.Get(context.Background(), client.ObjectKey{Namespace: r.Namespace, Name: r.Name}, obj); err != nil {
		w.T.Fatal(err)
	}
	return harness.Condition(status.Conditions, v1alpha1.ConditionSynced).Reason
}

// atMeta puts an approved template into the account.
func atMeta(w *harness.World, name, body string) {
	text, _ := json.Marshal(body)
	w.Sim.AddTemplate(harness.AccountID, graphsim.Template{
		Name: name, Language: "en_US", Category: "UTILITY", Status: "APPROVED",
		Components: json.RawMessage(`[{"type":"BODY","text":` + string(text) + `,"example":{"body_text":[["Ana"]]}},{"type":"FOOTER","text":"Acme"}]`),
	})
}

func waba(change ...func(*v1alpha1.WABA)) *v1alpha1.WABA {
	obj := &v1alpha1.WABA{ObjectMeta: harness.Named("acme"), Spec: v1alpha1.WABASpec{
		ID: harness.AccountID, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "acme-meta"},
	}}
	for _, c := range change {
		c(obj)
	}
	return obj
}

func always(m *v1alpha1.MessageTemplate) { m.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyAlways }

// TestTruthNew: an account and templates of which the cluster knows nothing yet.
func TestTruthNew(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env, graphsim.WithEditReview(graphsim.EditReviewKeep))
	w.Secret()
	w.Create(&corev1.ConfigMap{ObjectMeta: harness.Named("files"), BinaryData: map[string][]byte{"photo": harness.JPEG}})
	same := harness.Template("parcel_same")
	atMeta(w, "parcel_same", same.Spec.Body.Text)
	for _, name := range []string{"parcel_other", "parcel_always", "parcel_never", "parcel_watched", "parcel_paused"} {
		atMeta(w, name, otherBody)
	}
	w.Sim.AddTemplate(harness.AccountID, graphsim.Template{
		Name: "parcel_two", Language: "de", Category: "MARKETING", Status: "APPROVED",
		Components: json.RawMessage(`[{"type":"BODY","text":"Ein Paket ist unterwegs zu Ihnen nach Hause."}]`),
	})
	policy := func(p v1alpha1.ManagementPolicy) func(*v1alpha1.MessageTemplate) {
		return func(m *v1alpha1.MessageTemplate) { m.Spec.ManagementPolicy = p }
	}
	objects := []client.Object{
		waba(func(a *v1alpha1.WABA) {
			a.Spec.Insights = v1alpha1.InsightsEnabled
			a.Spec.CreativeFeatures = []v1alpha1.CreativeFeature{{Feature: "image_touchups", EnrollStatus: v1alpha1.CreativeEnrollStatusOptIn}}
		}), same,
		harness.Template("parcel_new"), harness.Template("parcel_other"), harness.Template("parcel_always", always),
		harness.Template("parcel_never", func(m *v1alpha1.MessageTemplate) { m.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyNever }),
		harness.Template("parcel_watched", policy(v1alpha1.ManagementPolicyObserved)),
		harness.Template("parcel_paused", policy(v1alpha1.ManagementPolicyPaused)),
		harness.Template("parcel_two"),
		harness.Template("parcel_photo", func(m *v1alpha1.MessageTemplate) {
			m.Spec.Header = &v1alpha1.TemplateHeader{Format: v1alpha1.HeaderFormatImage, Media: &v1alpha1.MediaSource{
				ConfigMapKeyRef: &v1alpha1.ConfigMapKeyReference{Name: "files", Key: "photo"},
			}}
		}),
		harness.Template("parcel_lost_photo", func(m *v1alpha1.MessageTemplate) {
			m.Spec.Header = &v1alpha1.TemplateHeader{Format: v1alpha1.HeaderFormatImage, Media: &v1alpha1.MediaSource{
				ConfigMapKeyRef: &v1alpha1.ConfigMapKeyReference{Name: "files", Key: "drawing"},
			}}
		}),
		harness.Template("parcel_library", func(m *v1alpha1.MessageTemplate) {
			m.Spec.Body, m.Spec.Footer = nil, nil
			m.Spec.Library = &v1alpha1.TemplateLibrary{TemplateName: "order_confirmation_1"}
		}),
		harness.Template("parcel_stranger", func(m *v1alpha1.MessageTemplate) { m.Spec.WABARef.Name = "somebody" }),
	}
	p := holdTrue(t, w, objects, []wanted{
		{"WABA", "acme", plan.Edit, ""},
		{"MessageTemplate", "parcel-same", plan.Adopt, ""},
		{"MessageTemplate", "parcel-new", plan.Create, ""},
		{"MessageTemplate", "parcel-other", plan.Blocked, v1alpha1.ReasonAlreadyExists},
		{"MessageTemplate", "parcel-always", plan.Edit, ""},
		{"MessageTemplate", "parcel-never", plan.Blocked, v1alpha1.ReasonAlreadyExists},
		{"MessageTemplate", "parcel-watched", plan.Nothing, v1alpha1.ReasonDriftDetected},
		{"MessageTemplate", "parcel-paused", plan.Nothing, v1alpha1.ReasonPaused},
		{"MessageTemplate", "parcel-two", plan.Blocked, v1alpha1.ReasonInvalidSpec},
		{"MessageTemplate", "parcel-photo", plan.Create, ""},
		{"MessageTemplate", "parcel-lost-photo", plan.Blocked, v1alpha1.ReasonMediaUnusable},
		{"MessageTemplate", "parcel-library", plan.Create, ""},
		{"MessageTemplate", "parcel-stranger", plan.Blocked, v1alpha1.ReasonAccountNotReady},
	}, settled)
	edited := find(t, p, "MessageTemplate", "parcel-always")
	if !edited.Adopts || len(edited.Writes) != 1 || edited.Writes[0].Changes[0].Field != "body.text" {
		t.Errorf("overwriting: %+v", edited)
	}
	if r := find(t, p, "MessageTemplate", "parcel-watched"); len(r.Differs) != 1 || r.Differs[0].Field != "body.text" {
		t.Errorf("watching: %+v", r)
	}
	if !p.Changes() || p.Problem() != nil {
		t.Errorf("%v, %v", p.Changes(), p.Problem())
	}
}

// TestTruthManaged: templates that the operator has managed for a while.
func TestTruthManaged(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env, graphsim.WithEditReview(graphsim.EditReviewKeep), graphsim.WithReviewDelay(10*time.Minute))
	w.Secret()
	w.WABA()
	objects := map[string]*v1alpha1.MessageTemplate{}
	for _, name := range []string{"kept", "changed", "spent", "priced", "category", "rejected", "drifted", "repaired", "locked"} {
		objects[name] = w.CreateTemplate("parcel_"+name, func(m *v1alpha1.MessageTemplate) {
			if name == "repaired" {
				m.Spec.DriftPolicy = v1alpha1.DriftPolicyRepair
			}
			if name == "priced" {
				m.Spec.Category, m.Spec.MaxPrice = v1alpha1.TemplateCategoryMarketing, &v1alpha1.TemplateMaxPrice{AmountPer1000: 5000}
			}
		})
	}
	op := w.Start()
	op.Advance(15 * time.Minute)
	w.Edit(objects["spent"], func() { objects["spent"].Spec.Body.Text = otherBody })
	w.Edit(objects["priced"], func() { objects["priced"].Spec.Body.Text = otherBody + " Please." })
	op.Settle()
	w.Reload(objects["locked"])
	w.Sim.DeleteInManager(objects["locked"].Status.ID)
	op.Advance(45 * time.Minute) // missing twice, and then Meta refuses the name, which is tried again in half an hour
	w.Clock.Step(time.Second)
	objects["reviewed"] = w.CreateTemplate("parcel_reviewed")
	op.Settle()
	op.Stop()
	for _, name := range []string{"rejected", "drifted", "repaired"} {
		w.Reload(objects[name])
	}
	for _, name := range []string{"drifted", "repaired"} {
		w.Sim.EditInManager(objects[name].Status.ID, func(m *graphsim.Template) {
			m.Components = json.RawMessage(`[{"type":"BODY","text":"Hello {{1}}, somebody else wrote this about your parcel.","example":{"body_text":[["Ana"]]}},{"type":"FOOTER","text":"Acme"}]`)
		})
	}
	if err := w.Sim.Decide(objects["rejected"].Status.ID, graphsim.Decision{Status: "REJECTED", RejectedReason: "SCAM"}); err != nil {
		t.Fatal(err)
	}
	applied := []client.Object{waba()}
	for name, obj := range objects {
		m := harness.Template(obj.Spec.Name, func(m *v1alpha1.MessageTemplate) { m.Spec.DriftPolicy = obj.Spec.DriftPolicy })
		switch name {
		case "changed", "rejected", "reviewed":
			m.Spec.Body.Text = otherBody
		case "spent":
			m.Spec.Body.Text = thirdBody
		case "priced": // the text has to wait, the price doesn't
			m.Spec.Category, m.Spec.MaxPrice = v1alpha1.TemplateCategoryMarketing, &v1alpha1.TemplateMaxPrice{AmountPer1000: 4000}
			m.Spec.Body.Text = thirdBody + " Please."
		case "category":
			other := m.DeepCopy()
			other.Spec.Category = v1alpha1.TemplateCategoryMarketing
			p := planned(w, other) // the API server would refuse it already
			if len(p.Invalid) != 1 || !strings.Contains(p.Invalid[0].Message, "category of an approved template can't be changed") || p.Problem() == nil {
				t.Errorf("another category: %+v", p)
			}
		}
		applied = append(applied, m)
	}
	p := holdTrue(t, w, applied, []wanted{
		{"WABA", "acme", plan.Nothing, ""},
		{"MessageTemplate", "parcel-kept", plan.Nothing, ""},
		{"MessageTemplate", "parcel-changed", plan.Edit, ""},
		{"MessageTemplate", "parcel-spent", plan.Blocked, v1alpha1.ReasonEditBudgetExhausted},
		{"MessageTemplate", "parcel-priced", plan.Edit, v1alpha1.ReasonEditBudgetExhausted},
		{"MessageTemplate", "parcel-category", plan.Nothing, ""},
		{"MessageTemplate", "parcel-rejected", plan.Edit, ""},
		{"MessageTemplate", "parcel-drifted", plan.Nothing, v1alpha1.ReasonDriftDetected},
		{"MessageTemplate", "parcel-repaired", plan.Blocked, v1alpha1.ReasonEditBudgetExhausted},
		{"MessageTemplate", "parcel-locked", plan.Blocked, v1alpha1.ReasonNameLocked},
		{"MessageTemplate", "parcel-reviewed", plan.Blocked, v1alpha1.ReasonInReview},
	}, (*harness.Operator).Observe) // an operator that starts anew observes when it is time
	if r := find(t, p, "MessageTemplate", "parcel-spent"); r.NotBefore == nil || !r.NotBefore.After(w.Clock.Now()) {
		t.Errorf("it doesn't say how long to wait: %+v", r)
	}
	if r := find(t, p, "MessageTemplate", "parcel-drifted"); len(r.Differs) != 1 || r.Differs[0].Field != "body.text" {
		t.Errorf("left alone: %+v", r)
	}
}

// TestTruthWatched: nothing is planned for an account that may only be observed.
func TestTruthWatched(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	atMeta(w, "parcel_same", harness.Template("parcel_same").Spec.Body.Text)
	p := holdTrue(t, w, []client.Object{
		waba(func(a *v1alpha1.WABA) {
			a.Spec.ManagementPolicy, a.Spec.Insights = v1alpha1.ManagementPolicyObserved, v1alpha1.InsightsEnabled
		}),
		harness.Template("parcel_same"), harness.Template("parcel_new"),
	}, []wanted{
		{"WABA", "acme", plan.Nothing, v1alpha1.ReasonDriftDetected},
		{"MessageTemplate", "parcel-same", plan.Nothing, ""},
		{"MessageTemplate", "parcel-new", plan.Blocked, v1alpha1.ReasonNotFound},
	}, settled)
	if p.Summary.Create+p.Summary.Edit+p.Summary.Adopt != 0 {
		t.Errorf("%+v", p.Summary)
	}
}

// TestTruthQuota: what Meta doesn't take this hour is blocked, who is first is not.
func TestTruthQuota(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	objects := []client.Object{}
	for _, name := range []string{"parcel_a", "parcel_b", "parcel_c"} {
		objects = append(objects, harness.Template(name))
	}
	o, _ := options(w, objects...)
	o.CreatesPerHour = 2
	p, err := plan.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if p.Summary.Create != 2 || find(t, p, "MessageTemplate", "parcel-c").Reason != v1alpha1.ReasonQuotaExceeded {
		t.Errorf("%+v", p)
	}
}
