// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
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
