// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"context"
	"fmt"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"sigs.k8s.io/controller-runtime/pkg/client"
)

// unsupported are the requests that no reconciler makes: a plan in which one does must fail, not guess.
type unsupported struct{}

func refused(call string, obj any) error { return fmt.Errorf("a plan can't %s %T", call, obj) }

// Apply fails.
func (unsupported) Apply(_ context.Context, obj runtime.ApplyConfiguration, _ ...client.ApplyOption) error {
	return refused("apply", obj)
}

// Create fails.
func (unsupported) Create(_ context.Context, obj client.Object, _ ...client.CreateOption) error {
	return refused("create", obj)
}

// Delete fails.
func (unsupported) Delete(_ context.Context, obj client.Object, _ ...client.DeleteOption) error {
	return refused("delete", obj)
}

// Update fails.
func (unsupported) Update(_ context.Context, obj client.Object, _ ...client.UpdateOption) error {
	return refused("update", obj)
}

// DeleteAllOf fails.
func (unsupported) DeleteAllOf(_ context.Context, obj client.Object, _ ...client.DeleteAllOfOption) error {
	return refused("delete all", obj)
}

// SubResource returns nothing that works.
func (unsupported) SubResource(string) client.SubResourceClient { return noSubResource{} }

// RESTMapper returns nothing, as no reconciler uses it.
func (unsupported) RESTMapper() meta.RESTMapper { return nil }

// GroupVersionKindFor fails.
func (unsupported) GroupVersionKindFor(obj runtime.Object) (schema.GroupVersionKind, error) {
	return schema.GroupVersionKind{}, refused("name the kind of", obj)
}

// IsObjectNamespaced fails.
func (unsupported) IsObjectNamespaced(obj runtime.Object) (bool, error) {
	return false, refused("determine the scope of", obj)
}

// noSubResource are requests to subresources.
type noSubResource struct{}

// Get fails.
func (noSubResource) Get(_ context.Context, obj, _ client.Object, _ ...client.SubResourceGetOption) error {
	return refused("get a subresource of", obj)
}

// Create fails.
func (noSubResource) Create(_ context.Context, obj, _ client.Object, _ ...client.SubResourceCreateOption) error {
	return refused("create a subresource of", obj)
}

// Update fails.
func (noSubResource) Update(_ context.Context, obj client.Object, _ ...client.SubResourceUpdateOption) error {
	return refused("update a subresource of", obj)
}

// Patch fails.
func (noSubResource) Patch(_ context.Context, obj client.Object, _ client.Patch, _ ...client.SubResourcePatchOption) error {
	return refused("patch a subresource of", obj)
}

// Apply fails.
func (noSubResource) Apply(_ context.Context, obj runtime.ApplyConfiguration, _ ...client.SubResourceApplyOption) error {
	return refused("apply a subresource of", obj)
}
