// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// ownerFinalizers is the field owner of finalizer patches; it is not the status owner's, whose applies list everything it owns.
const ownerFinalizers = "waba-operator-finalizers"

// HasFinalizer reports that an object has the operator's finalizer.
func HasFinalizer(obj v1alpha1.Asset) bool {
	return controllerutil.ContainsFinalizer(obj, v1alpha1.Finalizer)
}

// setFinalizer adds or removes ours. obj must be as it was read from the server; it is updated with the answer.
func setFinalizer(ctx context.Context, c client.Client, obj v1alpha1.Asset, want bool) error {
	if HasFinalizer(obj) == want {
		return nil
	}
	before, ok := obj.DeepCopyObject().(v1alpha1.Asset)
	if !ok {
		return nil
	}
	if want {
		controllerutil.AddFinalizer(obj, v1alpha1.Finalizer)
	} else {
		controllerutil.RemoveFinalizer(obj, v1alpha1.Finalizer)
	}
	patch := client.MergeFromWithOptions(before, client.MergeFromWithOptimisticLock{})
	return c.Patch(ctx, obj, patch, client.FieldOwner(ownerFinalizers))
}
