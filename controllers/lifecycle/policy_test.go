// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

func TestUnitTheStricterPolicyWins(t *testing.T) {
	const absent, managed, observed, paused = v1alpha1.ManagementPolicy(""), v1alpha1.ManagementPolicyManaged,
		v1alpha1.ManagementPolicyObserved, v1alpha1.ManagementPolicyPaused
	all := []v1alpha1.ManagementPolicy{absent, managed, observed, paused}
	want := map[v1alpha1.ManagementPolicy]map[v1alpha1.ManagementPolicy]v1alpha1.ManagementPolicy{
		absent:   {absent: managed, managed: managed, observed: observed, paused: paused},
		managed:  {absent: managed, managed: managed, observed: observed, paused: paused},
		observed: {absent: observed, managed: observed, observed: observed, paused: paused},
		paused:   {absent: paused, managed: paused, observed: paused, paused: paused},
	}
	for _, own := range all {
		for _, accounts := range all {
			if got := EffectivePolicy(own, accounts); got != want[own][accounts] {
				t.Errorf("own %q, account's %q: %q", own, accounts, got)
			}
		}
	}
	if got := EffectivePolicy(); got != managed {
		t.Errorf("absent: %q", got)
	}
}
