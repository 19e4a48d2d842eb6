// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

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
