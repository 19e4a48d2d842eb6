// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"encoding/json"
	"fmt"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestFiftyNumbersAndAThousandTemplates: numbers come with the account's observation. Only those whose settings are managed
// cost calls of their own, once an hour and section.
func TestFiftyNumbersAndAThousandTemplates(t *testing.T) {
	t.Parallel()
	const managed, sections = 5, 2
	w := harness.New(t, env)
	for i := range 1000 {
		w.Sim.AddTemplate(harness.AccountID, graphsim.Template{
			Name: fmt.Sprintf("greeting_%04d", i), Status: "APPROVED", Category: "UTILITY",
			Components: json.RawMessage(`[{"type":"BODY","text":"Welcome, and have a good time with us."}]`),
		})
	}
	w.Secret()
	w.WABA(func(a *v1alpha1.WABA) { a.Spec.ObservationIntervalSeconds = ptr.To[int32](300) })
	var numbers []*v1alpha1.PhoneNumber
	for i := range 49 {
		id := fmt.Sprintf("1065403522%05d", i)
		w.Sim.AddNumber(harness.AccountID, graphsim.Number{ID: id, DisplayPhoneNumber: fmt.Sprintf("+1 555-010-%04d", i)})
		numbers = append(numbers, phoneNumber(w, adopted, func(o *v1alpha1.PhoneNumber) {
			o.Name, o.Spec.ID = fmt.Sprintf("number-%02d", i), id
			if i < managed {
				o.Spec.Profile = &v1alpha1.PhoneNumberProfile{Vertical: ptr.To("RETAIL")}
				o.Spec.Commerce = &v1alpha1.PhoneNumberCommerce{CartEnabled: ptr.To(true)}
			}
		}))
	}
	op := w.Start()
	op.Settle()
	op.Observe()
	for _, n := range numbers {
		w.Reload(n)
		expect(t, n.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	}
	w.Sim.ResetStats()
	w.ResetAPIWrites()
	const observations = 12 // about an hour
	for range observations {
		op.Observe()
	}
	s := w.Sim.Stats()
	reads := s.ByOp[graphsim.OpReadProfile] + s.ByOp[graphsim.OpReadCommerce]
	perObservation := float64(s.Calls-reads) / observations
	t.Logf("%.1f calls per observation, %d reads of %d settings in %d observations", perObservation, reads, managed*sections, observations)
	if perObservation > 13 {
		t.Errorf("%.1f calls per observation: %v", perObservation, s.ByOp)
	}
	if reads > 2*managed*sections { // 72 minutes
		t.Errorf("%d reads of %d sections in little more than an hour", reads, managed*sections)
	}
	if n := w.APIWrites("PATCH phonenumbers/status"); n > 0 {
		t.Errorf("%d status writes though nothing changed", n)
	}
	w.CheckInvariants()
}
