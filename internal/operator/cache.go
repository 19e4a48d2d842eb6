// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"fmt"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// cacheOptions keep only what the controllers read, and turn an unplanned informer into an error. Otherwise a cached client would
// list and watch every kind that is requested once, in all namespaces and for ever.
func (o Options) cacheOptions(found *informers) (cache.Options, error) {
	selector, err := labels.Parse(o.LabelSelector)
	if err != nil {
		return cache.Options{}, err
	}
	byObject := map[client.Object]cache.ByObject{}
	for _, obj := range kinds() {
		byObject[obj] = cache.ByObject{Label: selector}
	}
	opts := cache.Options{
		ByObject: byObject, DefaultTransform: trim, ReaderFailOnMissingInformer: true, NewInformer: found.make,
	}
	if len(o.Namespaces) > 0 {
		opts.DefaultNamespaces = map[string]cache.Config{}
		for _, ns := range o.Namespaces {
			opts.DefaultNamespaces[ns] = cache.Config{}
		}
	}
	return opts, nil
}

// uncached has the manager's client read from the API server what must never be in a cache: an informer would hold every
// Secret of the cluster in memory, and would need permission to list them.
func uncached() client.Options {
	return client.Options{Cache: &client.CacheOptions{DisableFor: []client.Object{&corev1.Secret{}, &corev1.ConfigMap{}}}}
}

// kinds are the operator's own.
func kinds() []client.Object {
	return []client.Object{
		&v1alpha1.WABA{}, &v1alpha1.PhoneNumber{}, &v1alpha1.MessageTemplate{}, &v1alpha1.WebhookSubscription{},
	}
}

// startInformers plans the informers of all that is read from the cache. They exist before anything reads, whichever of
// controllers, receiver and metrics run in this process.
func (o Options) startInformers(ctx context.Context, c cache.Cache) error {
	planned := kinds()
	if o.WatchesNamespaces() {
		namespace := &metav1.PartialObjectMetadata{}
		namespace.SetGroupVersionKind(corev1.SchemeGroupVersion.WithKind("Namespace"))
		planned = append(planned, namespace)
	}
	for _, obj := range planned {
		if _, err := c.GetInformer(ctx, obj); err != nil {
			return fmt.Errorf("watch %T: %w", obj, err)
		}
	}
	return nil
}

// WatchesNamespaces reports whether accounts can select namespaces by label. An operator that is restricted to some
// namespaces may not watch them.
func (o Options) WatchesNamespaces() bool { return o.Controllers && len(o.Namespaces) == 0 }
