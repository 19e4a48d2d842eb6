// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"slices"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
)

// memoryCleaner frees the receiver's memory of deleted resources, and of revoked app secrets. The receiver runs on every replica,
// also where no reconcilers do it. Without the cleaner the app secret of an account would stay in memory until the next request.
type memoryCleaner struct {
	// server is a *receiver.Server, writer a *facts.Writer.
	server interface {
		Forget(ctx context.Context, obj client.Object) error
		Revoke(account types.UID)
	}
	writer interface{ Forget(types.NamespacedName) }
	log    logr.Logger
}

// watch registers with the caches of the two kinds whose Secrets the receiver reads.
func (f memoryCleaner) watch(ctx context.Context, informers cache.Informers) error {
	for _, obj := range []client.Object{&v1alpha1.WABA{}, &v1alpha1.WebhookSubscription{}} {
		informer, err := informers.GetInformer(ctx, obj, cache.BlockUntilSynced(false))
		if err != nil {
			return err
		}
		if _, err := informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			UpdateFunc: func(before, after any) { f.changed(ctx, before, after) },
			DeleteFunc: func(gone any) { f.gone(ctx, gone) },
		}); err != nil {
			return err
		}
	}
	return nil
}

// changed frees the memory of an account that belongs to another app now, or of another resource with the same name.
func (f memoryCleaner) changed(ctx context.Context, before, after any) {
	was, ok := before.(client.Object)
	is, same := after.(client.Object)
	if ok && same && (was.GetUID() != is.GetUID() || !slices.Equal(index.ByApp(was), index.ByApp(is))) {
		f.gone(ctx, was)
	}
	if ok && same && is.GetAnnotations()[v1alpha1.AnnotationRevokeAppSecret] != was.GetAnnotations()[v1alpha1.AnnotationRevokeAppSecret] {
		f.server.Revoke(is.GetUID())
	}
}

func (f memoryCleaner) gone(ctx context.Context, obj any) {
	if missed, ok := obj.(toolscache.DeletedFinalStateUnknown); ok {
		obj = missed.Obj
	}
	gone, ok := obj.(client.Object)
	if !ok {
		return
	}
	if waba, ok := gone.(*v1alpha1.WABA); ok {
		f.writer.Forget(client.ObjectKeyFromObject(waba))
	}
	if err := f.server.Forget(ctx, gone); err != nil {
		f.log.Error(err, "Can't free what the receiver keeps of a resource that is gone", "object", client.ObjectKeyFromObject(gone))
	}
}
