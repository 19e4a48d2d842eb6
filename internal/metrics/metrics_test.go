// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"fmt"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// TestInternalErrors: each failed attempt counts, whether it is in the log or not.
func TestInternalErrors(t *testing.T) {
	registry := prometheus.NewRegistry()
	r, err := New(registry, "v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	r.InternalError("WABA")
	r.InternalError("WABA")
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "waba_operator_internal_errors_total" {
			for _, m := range f.GetMetric() {
				if kind := m.GetLabel()[0].GetValue(); m.GetCounter().GetValue() != map[string]float64{"WABA": 2}[kind] {
					t.Errorf("%s: %v", kind, m)
				}
			}
			return
		}
	}
	t.Error("nothing was exported")
}

// TestUnknownProperties: the names of properties are Meta's to choose, and the number of series is not.
func TestUnknownProperties(t *testing.T) {
	reg := prometheus.NewRegistry()
	r, err := New(reg, "test")
	if err != nil {
		t.Fatal(err)
	}
	r.UnknownProperty("template", "components[1].buttons[0].label_color")
	r.UnknownProperty("template", "components[7].buttons[2].label_color")
	for i := range 2 * maxUnknownProperties {
		r.UnknownProperty("webhook.security", fmt.Sprintf("p%d", i))
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() == "waba_operator_unknown_properties_total" {
			for _, m := range f.GetMetric() {
				got[m.GetLabel()[0].GetValue()+"/"+m.GetLabel()[1].GetValue()] = m.GetCounter().GetValue()
			}
		}
	}
	if n := got["template/components.buttons.label_color"]; n != 2 || len(got) != maxUnknownProperties+1 || got["other/other"] != maxUnknownProperties+1 {
		t.Errorf("%v of the template, %d series, %v others", n, len(got), got["other/other"])
	}
}
