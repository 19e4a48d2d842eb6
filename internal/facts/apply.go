// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"context"
	"encoding/json"
	"reflect"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// apply writes all facts of a resource and returns it as it is then. UID and version are preconditions.
func apply(ctx context.Context, c client.Client, k kind, obj client.Object) (client.Object, error) {
	raw, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": k,
		"metadata": map[string]any{
			"name": obj.GetName(), "namespace": obj.GetNamespace(), "uid": obj.GetUID(), "resourceVersion": obj.GetResourceVersion(),
		},
		"status": map[string]any{"webhook": Of(obj)},
	})
	if err != nil {
		return nil, err
	}
	now := k.new() // the answer isn't put over what obj holds
	now.SetName(obj.GetName())
	now.SetNamespace(obj.GetNamespace())
	return now, c.Status().Patch(ctx, now, client.RawPatch(types.ApplyPatchType, raw),
		client.FieldOwner(v1alpha1.FieldOwnerFacts), client.ForceOwnership)
}

// Keep makes the facts that a resource shows this package's own, whoever wrote them. After a restore the backup tool owns them,
// and they would go with the rest of what it wrote once reconcilers take that over: a ban or a restriction can be learned from
// nowhere else. obj must be as the API server has it; the answer is how it is then.
func Keep(ctx context.Context, c client.Client, obj client.Object) (client.Object, error) {
	if facts := reflect.ValueOf(Of(obj)); !facts.IsValid() || facts.IsNil() {
		return obj, nil
	}
	return apply(ctx, c, kindOf(obj), obj)
}
