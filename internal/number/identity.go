// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package number

import (
	"cmp"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// SameNumber reports whether two resources of one account are about the same number at Meta: by its id, in the spec or looked up,
// or by its digits, in the spec or as shown by Meta. Before the lookup only one of the two is known, so the caller compares again
// after the lookup.
func SameNumber(a, b *v1alpha1.PhoneNumber) bool {
	for _, x := range []string{a.Spec.ID, a.Status.ID} {
		if x != "" && (x == b.Spec.ID || x == b.Status.ID) {
			return true
		}
	}
	digits := func(o *v1alpha1.PhoneNumber) string {
		return metavalues.Digits(cmp.Or(o.Spec.Number, o.Status.DisplayPhoneNumber))
	}
	return digits(a) != "" && digits(a) == digits(b)
}

// Matches reports whether a number at Meta is the one that a spec names.
func Matches(spec *v1alpha1.PhoneNumberSpec, live graph.PhoneNumber) bool {
	if spec.ID != "" {
		return live.ID == spec.ID
	}
	return metavalues.Digits(live.DisplayPhoneNumber) == metavalues.Digits(spec.Number)
}

// OnCloudAPI reports whether a number is registered.
func OnCloudAPI(live *graph.PhoneNumber) bool {
	return live.PlatformType == metavalues.PlatformCloudAPI
}
