// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

func TestEveryKindHasAnAdapter(t *testing.T) {
	for _, kind := range v1alpha1.AssetKinds {
		a, ok := adapters[kind.Name]
		if !ok || a.trim == nil || a.judge == nil {
			t.Errorf("%s has no adapter", kind.Name)
		}
		if child := kind.New().AccountReference() != nil; child != (a.add != nil) {
			t.Errorf("%s belongs to an account: %t, and can be added to one: %t", kind.Name, child, a.add != nil)
		}
	}
}
