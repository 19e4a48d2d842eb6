// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
)

// rankOf is the position of a kind in the order in which a plan reconciles them: results for one kind matter to the next.
func rankOf(kind string) int {
	return slices.IndexFunc(v1alpha1.AssetKinds, func(k v1alpha1.AssetKind) bool { return k.Name == kind })
}

// newObject returns an empty object that no operator has seen; nil where there is no such kind.
func newObject(kind string) v1alpha1.Asset {
	if k, ok := v1alpha1.AssetKindOf(kind); ok {
		return k.New()
	}
	return nil
}

// copyOf returns a copy of a resource.
func copyOf(obj v1alpha1.Asset) v1alpha1.Asset {
	out, _ := obj.DeepCopyObject().(v1alpha1.Asset)
	return out
}

// accountOf names the WABA that a resource is or refers to.
func accountOf(obj v1alpha1.Asset) types.NamespacedName {
	if ref := obj.AccountReference(); ref != nil {
		return index.Referenced(obj.GetNamespace(), *ref)
	}
	return client.ObjectKeyFromObject(obj)
}

// merge lays a manifest's labels and annotations over those that are there, as applying it does.
func merge(to, from client.Object) {
	both := func(a, b map[string]string) map[string]string {
		out := maps.Clone(a)
		if out == nil {
			out = map[string]string{}
		}
		maps.Copy(out, b)
		return out
	}
	to.SetLabels(both(to.GetLabels(), from.GetLabels()))
	to.SetAnnotations(both(to.GetAnnotations(), from.GetAnnotations()))
}

func nameOf(obj runtime.Object) string {
	accessor, err := meta.Accessor(obj)
	if err != nil {
		return ""
	}
	return accessor.GetNamespace() + "/" + accessor.GetName()
}
