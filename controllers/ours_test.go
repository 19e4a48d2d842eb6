// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestMadeByAPersonAfterAFailedCreate: what a person makes under the name after an attempt of ours that Meta answered with an error
// is that person's. It is adopted only where the policy says so, and isn't deleted otherwise.
func TestMadeByAPersonAfterAFailedCreate(t *testing.T) {
	t.Parallel()
	outage := graphsim.Fault{Status: http.StatusInternalServerError, Code: 2, Message: "An unexpected error has occurred."}
	for name, tc := range map[string]struct {
		fault     graphsim.Fault
		policy    v1alpha1.AdoptionPolicy
		identical bool
		after     time.Duration // from the attempt to the person's work
		synced    bool
	}{
		"5xx, other content, Never":              {fault: outage, policy: v1alpha1.AdoptionPolicyNever},
		"5xx, other content":                     {fault: outage},
		"5xx, the same content, Never":           {fault: outage, policy: v1alpha1.AdoptionPolicyNever, identical: true},
		"5xx, the same content":                  {fault: outage, identical: true, synced: true},
		"throttled, the same content, Never":     {fault: graphsim.Fault{Code: 80008, RegainMinutes: 5}, policy: v1alpha1.AdoptionPolicyNever, identical: true},
		"no permission, other content":           {fault: graphsim.Fault{Code: 200}},
		"no answer, other content, much later":   {fault: graphsim.Fault{Cut: graphsim.BeforeCommit}, after: time.Hour},
		"no answer, other parts, a moment later": {fault: graphsim.Fault{Cut: graphsim.BeforeCommit}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA()
			op := w.Start()
			op.Observe()
			fault := tc.fault
			fault.Method, fault.Path, fault.Times = http.MethodPost, "/*/message_templates", -1
			w.Sim.Fail(fault)
			tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) {
				m.Spec.AdoptionPolicy, m.Spec.DeletionPolicy = tc.policy, v1alpha1.DeletionPolicyDelete
			})
			op.Settle()
			if posts(w) == 0 {
				t.Fatal("nothing was tried")
			}
			op.Advance(tc.after)
			body := changedBody
			if tc.identical {
				body = tmpl.Spec.Body.Text
			}
			w.Sim.AddTemplate(harness.AccountID, graphsim.Template{
				Name: tmpl.Spec.Name, Language: tmpl.Spec.Language, Category: string(tmpl.Spec.Category), Status: "APPROVED",
				Components: componentsOf(t, tmpl, body, !tc.identical),
			})
			w.Sim.ClearFaults()
			op.Observe()
			op.Advance(10 * time.Minute)
			op.Observe()
			w.Reload(tmpl)
			if tc.synced {
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
			} else {
				expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonAlreadyExists)
			}
			if edits(w) != 0 {
				t.Errorf("%d edits", edits(w))
			}
			w.Delete(tmpl)
			op.SettleRetries()
			op.Advance(5 * time.Minute)
			if w.Reload(tmpl) {
				t.Errorf("the resource can't be deleted: %v", tmpl.Status.Conditions)
			}
			deleted := w.Sim.Stats().ByOp[graphsim.OpDeleteTemplate] > 0
			if deleted != tc.synced {
				t.Errorf("deleted at Meta: %t", deleted)
			}
			w.CheckInvariants()
		})
	}
}

// componentsOf are those of a template as a person would make it: with another text, and with a part that the spec doesn't have.
func componentsOf(t *testing.T, tmpl *v1alpha1.MessageTemplate, body string, more bool) json.RawMessage {
	t.Helper()
	components := []map[string]any{{"type": "BODY", "text": body, "example": map[string]any{"body_text": [][]string{{tmpl.Spec.Body.Examples[0].Value}}}}}
	if tmpl.Spec.Footer != nil {
		components = append(components, map[string]any{"type": "FOOTER", "text": tmpl.Spec.Footer.Text})
	}
	if more {
		components = append(components, map[string]any{"type": "BUTTONS", "buttons": []map[string]any{{"type": "QUICK_REPLY", "text": "Call me back"}}})
	}
	raw, err := json.Marshal(components)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}
