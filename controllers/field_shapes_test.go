// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// legacy is a template that couldn't be created any more.
var legacy = graphsim.Template{Category: "UTILITY", Components: json.RawMessage(`[{"type":"BODY","text":"{{1}}, we are packing your order."}]`)}

// TestShapesFromTheField adopts templates in shapes that exist at Meta and differ from what a create would send: without a write, and without drift.
func TestShapesFromTheField(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		live graphsim.Template
		spec func(*v1alpha1.MessageTemplateSpec)
	}{
		"an authentication template without its flags": {
			graphsim.Template{Category: "AUTHENTICATION", Components: json.RawMessage(`[
				{"type":"BODY","text":"*{{1}}* is your verification code. For your security, do not share this code.","example":{"body_text":[["123456"]]}},
				{"type":"FOOTER","text":"This code expires in 10 minutes."},
				{"type":"BUTTONS","buttons":[{"type":"URL","text":"Copy code",
					"url":"https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code_expiration_minutes=10&code=otp{{1}}",
					"example":["https://www.whatsapp.com/otp/code/?otp_type=COPY_CODE&code_expiration_minutes=10&code=otp123456"]}]}]`)},
			func(s *v1alpha1.MessageTemplateSpec) {
				s.Category, s.Body, s.Footer = v1alpha1.TemplateCategoryAuthentication, nil, nil
				s.Authentication = &v1alpha1.TemplateAuthentication{
					AddSecurityRecommendation: ptr.To(true), CodeExpirationMinutes: ptr.To[int32](10), OTP: v1alpha1.OTPButton{Type: v1alpha1.OTPTypeCopyCode},
				}
			},
		},
		"a subcategory that Meta set by itself": {
			graphsim.Template{Category: "MARKETING", SubCategory: "FORM", Components: json.RawMessage(`[
				{"type":"BODY","text":"Tell us which day suits you best."},
				{"type":"BUTTONS","buttons":[{"type":"FLOW","text":"Open form","flow_id":1079254650000001,"flow_action":"NAVIGATE","navigate_screen":"PICK_DAY","icon":"PROMOTION"}]}]`)},
			func(s *v1alpha1.MessageTemplateSpec) {
				s.Category, s.Body, s.Footer = v1alpha1.TemplateCategoryMarketing, &v1alpha1.TemplateBody{Text: "Tell us which day suits you best."}, nil
				s.Buttons = []v1alpha1.TemplateButton{{
					Type: v1alpha1.ButtonTypeFlow, Text: "Open form",
					Flow: &v1alpha1.ButtonFlow{ID: "1079254650000001", NavigateScreen: "PICK_DAY", Icon: "PROMOTION"},
				}}
			},
		},
		"variables in another order than their numbers": {
			graphsim.Template{Category: "UTILITY", Components: json.RawMessage(`[{"type":"BODY",
				"text":"Hi {{1}}, a short reminder: the run {{3}} for the design {{2}} has been waiting for you since {{4}} days. Please have a look at it today.",
				"example":{"body_text":[["Ana","Blue","r-1","2"]]}}]`)},
			func(s *v1alpha1.MessageTemplateSpec) {
				s.Footer = nil
				s.Body = &v1alpha1.TemplateBody{
					Text: "Hi {{1}}, a short reminder: the run {{3}} for the design {{2}} has been waiting for you since {{4}} days. Please have a look at it today.",
					Examples: []v1alpha1.ParameterExample{
						{Name: "4", Value: "2"}, {Name: "1", Value: "Ana"}, {Name: "3", Value: "r-1"}, {Name: "2", Value: "Blue"},
					},
				}
			},
		},
		"a variable at the beginning, from before the rule": {
			legacy,
			func(s *v1alpha1.MessageTemplateSpec) {
				s.ContentValidation, s.Footer, s.Body = v1alpha1.ContentValidationLenient, nil, &v1alpha1.TemplateBody{Text: "{{1}}, we are packing your order."}
			},
		},
		"a text of one's own in AUTHENTICATION": {
			graphsim.Template{Category: "AUTHENTICATION", Components: json.RawMessage(`[
				{"type":"HEADER","format":"TEXT","text":"Seu código"},
				{"type":"BODY","text":"O código para confirmar é *{{1}}.*","example":{"body_text":[["1458425"]]}},
				{"type":"FOOTER","text":"Não o mostre a ninguém."}]`)},
			func(s *v1alpha1.MessageTemplateSpec) {
				s.ContentValidation, s.Category = v1alpha1.ContentValidationLenient, v1alpha1.TemplateCategoryAuthentication
				s.Header = &v1alpha1.TemplateHeader{Format: v1alpha1.HeaderFormatText, Text: "Seu código"}
				s.Body = &v1alpha1.TemplateBody{Text: "O código para confirmar é *{{1}}.*", Examples: []v1alpha1.ParameterExample{{Name: "1", Value: "1458425"}}}
				s.Footer = &v1alpha1.TemplateFooter{Text: "Não o mostre a ninguém."}
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA()
			live := c.live
			live.Name, live.Language, live.Status = "from_the_field", "en_US", "APPROVED"
			id := w.Sim.AddTemplate(harness.AccountID, live)
			tmpl := w.CreateTemplate("from_the_field", func(m *v1alpha1.MessageTemplate) { c.spec(&m.Spec) })
			op := w.Start()
			op.Settle()
			op.Observe()
			w.Reload(tmpl)
			expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
			if s := tmpl.Status; s.ID != id || len(s.Drift) > 0 || edits(w)+posts(w) > 0 {
				t.Errorf("id %s, want %s; drift %v; %d edits, %d creates", s.ID, id, s.Drift, edits(w), posts(w))
			}
			for i, p := range tmpl.Status.Parameters {
				if want := string(rune('1' + i)); p.Component == "BODY" && p.Name != want {
					t.Errorf("parameter %d is {{%s}}", i, p.Name)
				}
			}
			w.CheckInvariants()
		})
	}
}

// TestLenientContentIsNotSent: what couldn't be created any more is adopted, watched and compared like any other template. It is never
// sent, for whatever reason: a changed spec, a repair, or a create. As soon as it keeps the rules, it is.
func TestLenientContentIsNotSent(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	live := legacy
	live.Name, live.Language, live.Status = "old_one", "en_US", "APPROVED"
	id := w.Sim.AddTemplate(harness.AccountID, live)
	lenient := func(m *v1alpha1.MessageTemplate) {
		m.Spec.ContentValidation, m.Spec.Footer = v1alpha1.ContentValidationLenient, nil
		m.Spec.Body = &v1alpha1.TemplateBody{Text: "{{1}}, we are packing your order."}
	}
	tmpl := w.CreateTemplate("old_one", lenient)
	absent := w.CreateTemplate("never_there", lenient)
	op := w.Start()
	op.Settle()
	op.Observe()
	refused := func(m *v1alpha1.MessageTemplate, ready metav1.ConditionStatus) {
		t.Helper()
		w.Reload(m)
		expect(t, m.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonInvalidSpec)
		c := harness.Condition(m.Status.Conditions, v1alpha1.ConditionSynced)
		for _, part := range []string{"nothing is sent", "spec.body.text: text must not begin or end with a variable", "every variable in text needs an example"} {
			if !strings.Contains(c.Message, part) {
				t.Errorf("%s: no %q in %q", m.Name, part, c.Message)
			}
		}
		if got := harness.Condition(m.Status.Conditions, v1alpha1.ConditionReady).Status; got != ready {
			t.Errorf("%s: Ready is %s, want %s", m.Name, got, ready)
		}
		if edits(w)+posts(w) > 0 {
			t.Fatalf("%d edits, %d creates", edits(w), posts(w))
		}
	}
	refused(absent, metav1.ConditionFalse)
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)

	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = "{{1}}, we are packing your order now." })
	op.Settle()
	refused(tmpl, metav1.ConditionFalse)

	w.Edit(tmpl, func() {
		tmpl.Spec.Body.Text, tmpl.Spec.DriftPolicy = "{{1}}, we are packing your order.", v1alpha1.DriftPolicyRepair
	})
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	w.Clock.Step(time.Minute) // an edit in the second of the adoption can't be told from it
	w.Sim.EditInManager(id, func(x *graphsim.Template) {
		x.Components = json.RawMessage(`[{"type":"BODY","text":"Another hand wrote this."}]`)
	})
	op.Observe()
	refused(tmpl, metav1.ConditionTrue)
	if len(tmpl.Status.Drift) != 1 || tmpl.Status.Drift[0] != "body.text" {
		t.Errorf("drift %v", tmpl.Status.Drift)
	}

	w.Edit(tmpl, func() {
		tmpl.Spec.Body = &v1alpha1.TemplateBody{Text: "Dear {{1}}, we are packing your order.", Examples: []v1alpha1.ParameterExample{{Name: "1", Value: "Ana"}}}
	})
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonEditBudgetExhausted) // the edit by hand counts
	op.Advance(25 * time.Hour)
	if edits(w) != 1 {
		t.Errorf("%d edits of content that keeps the rules", edits(w))
	}
	w.CheckInvariants()
}

// TestUnknownPropertiesAreNotLost: a template with a property that this version doesn't know is adopted and watched. It isn't edited, because
// the edit would remove the property, unless the resource says that what is at Meta may be overwritten.
func TestUnknownPropertiesAreNotLost(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA()
	id := w.Sim.AddTemplate(harness.AccountID, graphsim.Template{Name: "colored", Language: "en_US", Status: "APPROVED", Category: "UTILITY", Components: json.RawMessage(
		`[{"type":"BODY","text":"Your order is packed."},{"type":"BUTTONS","buttons":[{"type":"QUICK_REPLY","text":"Thanks","label_color":"red"}]}]`)})
	tmpl := w.CreateTemplate("colored", func(m *v1alpha1.MessageTemplate) {
		m.Spec.Footer, m.Spec.Body = nil, &v1alpha1.TemplateBody{Text: "Your order is packed."}
		m.Spec.Buttons = []v1alpha1.TemplateButton{{Type: v1alpha1.ButtonTypeQuickReply, Text: "Thanks"}}
	})
	op := w.Start()
	op.Settle()
	op.Observe()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if got := tmpl.Status.UnknownProperties; tmpl.Status.ID != id || len(got) != 1 || got[0] != "components[1].buttons[0].label_color" {
		t.Errorf("id %s, unknown %q", tmpl.Status.ID, got)
	}

	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = "Your order is packed and waits." })
	op.Settle()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonActionRequired)
	if c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionSynced); edits(w) > 0 || !strings.Contains(c.Message, "label_color") {
		t.Errorf("%d edits: %s", edits(w), c.Message)
	}

	w.Edit(tmpl, func() { tmpl.Spec.AdoptionPolicy = v1alpha1.AdoptionPolicyAlways })
	op.Settle()
	op.Observe()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if edits(w) != 1 || len(tmpl.Status.UnknownProperties) > 0 {
		t.Errorf("%d edits, unknown %q", edits(w), tmpl.Status.UnknownProperties)
	}
	w.Reload(waba)
	if len(waba.Status.UnknownProperties) > 0 {
		t.Errorf("of the account: %q", waba.Status.UnknownProperties)
	}
	w.CheckInvariants()
}

// TestMetasOwnProperties: what Meta adds by itself to a template that the operator wrote doesn't keep it from being edited.
func TestMetasOwnProperties(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env, graphsim.WithUnknownMode(2))
	w.Secret()
	w.WABA()
	op := w.Start()
	var all []*v1alpha1.MessageTemplate
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"} {
		all = append(all, w.CreateTemplate(name))
		op.Settle() // one after the other, so that each always has the same id, which decides what is odd about it
	}
	for range 4 { // some reads fail in this mode
		op.Advance(2 * time.Minute)
		op.Observe()
	}
	odd, editable := 0, 0
	for _, tmpl := range all {
		w.Reload(tmpl)
		if tmpl.Status.Status != "APPROVED" {
			continue // in this mode also a status that no page lists
		}
		editable++
		if len(tmpl.Status.UnknownProperties) > 0 {
			odd++
		}
		w.Edit(tmpl, func() {
			tmpl.Spec.Body = &v1alpha1.TemplateBody{Text: "We have news: your order is on its way to you now."}
		})
	}
	if odd == 0 || odd == editable {
		t.Fatalf("%d of %d have a property of Meta's, which proves little", odd, editable)
	}
	op.Settle()
	for range 4 {
		op.Advance(2 * time.Minute)
		op.Observe()
	}
	if edits(w) != editable {
		t.Errorf("%d edits of %d templates", edits(w), editable)
	}
}
