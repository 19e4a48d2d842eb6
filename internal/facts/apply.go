// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"bytes"
	"context"
	"encoding/json"
	"reflect"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/statusowner"
)

// apply writes all facts of a resource and returns the resource as stored. UID and version are preconditions. A removed fact that
// another field owner owns too is taken over from that owner first, and then removed.
func apply(ctx context.Context, c client.Client, obj v1alpha1.Asset) (v1alpha1.Asset, error) {
	now, err := applyOnce(ctx, c, obj)
	if err != nil || sameFacts(now, obj) {
		return now, err
	}
	patch, err := statusowner.TakeOver(now)
	if err != nil || patch == nil {
		return now, err
	}
	if err := c.Patch(ctx, now, client.RawPatch(types.JSONPatchType, patch)); err != nil {
		return now, err
	}
	again, ok := obj.DeepCopyObject().(v1alpha1.Asset)
	if !ok {
		return now, nil
	}
	again.SetResourceVersion(now.GetResourceVersion())
	return applyOnce(ctx, c, again)
}

// sameFacts reports whether two resources have the same facts, in the precision in which the API server stores times.
func sameFacts(a, b v1alpha1.Asset) bool {
	one, oneErr := json.Marshal(a.WebhookStatus())
	other, otherErr := json.Marshal(b.WebhookStatus())
	return oneErr == nil && otherErr == nil && bytes.Equal(one, other)
}

func applyOnce(ctx context.Context, c client.Client, obj v1alpha1.Asset) (v1alpha1.Asset, error) {
	raw, err := json.Marshal(map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": obj.KindName(),
		"metadata": map[string]any{
			"name": obj.GetName(), "namespace": obj.GetNamespace(), "uid": obj.GetUID(), "resourceVersion": obj.GetResourceVersion(),
		},
		"status": map[string]any{"webhook": obj.WebhookStatus()},
	})
	if err != nil {
		return nil, err
	}
	now := newObject(obj.KindName()) // the answer must not overwrite obj
	now.SetName(obj.GetName())
	now.SetNamespace(obj.GetNamespace())
	return now, c.Status().Patch(ctx, now, client.RawPatch(types.ApplyPatchType, raw),
		client.FieldOwner(v1alpha1.FieldOwnerFacts), client.ForceOwnership)
}

// TakeOwnership makes this package the field owner of all facts of a resource. After a restore the backup tool owns them. They
// would be removed with the rest of its fields once reconcilers take those over, and a ban or a restriction can't be learned
// elsewhere. obj must be as stored in the API server; the result is the stored resource after the call.
func TakeOwnership(ctx context.Context, c client.Client, obj v1alpha1.Asset) (v1alpha1.Asset, error) {
	if facts := reflect.ValueOf(obj.WebhookStatus()); !facts.IsValid() || facts.IsNil() {
		return obj, nil
	}
	return apply(ctx, c, obj)
}
