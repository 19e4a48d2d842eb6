// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

func TestEveryKindHasAnAdapter(t *testing.T) {
	for _, kind := range v1alpha1.AssetKinds {
		if _, ok := adapters[kind.Name]; !ok {
			t.Errorf("%s has no adapter: what is about it can't be stored", kind.Name)
		}
		if obj := newObject(kind.Name); obj.KindName() != kind.Name || obj.CommonStatus().ObservedGeneration != -1 {
			t.Errorf("newObject(%s) is a %s of generation %d", kind.Name, obj.KindName(), obj.CommonStatus().ObservedGeneration)
		}
	}
}
