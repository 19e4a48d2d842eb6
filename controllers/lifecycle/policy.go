// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import "github.com/waba-operator/waba-operator/api/v1alpha1"

// strictness orders the policies; the stricter of two wins.
var strictness = map[v1alpha1.ManagementPolicy]int{
	"":                                0,
	v1alpha1.ManagementPolicyManaged:  0,
	v1alpha1.ManagementPolicyObserved: 1,
	v1alpha1.ManagementPolicyPaused:   2,
}

// EffectivePolicy is what the operator may do: the account's policy is the ceiling of its children's.
func EffectivePolicy(policies ...v1alpha1.ManagementPolicy) v1alpha1.ManagementPolicy {
	effective := v1alpha1.ManagementPolicyManaged
	for _, p := range policies {
		if strictness[p] > strictness[effective] {
			effective = p
		}
	}
	return effective
}
