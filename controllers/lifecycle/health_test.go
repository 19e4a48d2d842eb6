// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

func TestUnitEntityMessageNamesTheRemedy(t *testing.T) {
	got := entityMessage(v1alpha1.HealthEntity{
		Type: "WABA", ID: "1", CanSendMessage: "BLOCKED", AdditionalInfo: []string{"info"},
		Errors: []v1alpha1.HealthError{{Code: 141006, Description: "No payment method.", PossibleSolution: "Add one."}},
	})
	if want := "WABA 1 is BLOCKED: info: 141006 No payment method. Add one."; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
