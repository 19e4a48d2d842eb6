// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"slices"
	"strconv"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/apiutil"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// handler is one event handler of a process, such as that of a controller's watch.
type handler struct {
	toolscache.ResourceEventHandler

	progress *progress
	resource string
	// namespaces are those that the process watches; none: all of them.
	namespaces []string
	selector   labels.Selector
	// seen are the versions handled, and behind those objects of which a newer one was written.
	seen   map[objectID]version
	behind map[objectID]version
}

// OnAdd implements ResourceEventHandler, as do the others.
func (h *handler) OnAdd(obj any, initial bool) {
	h.ResourceEventHandler.OnAdd(obj, initial)
	h.handled(obj, false)
}

// OnUpdate implements ResourceEventHandler.
func (h *handler) OnUpdate(before, after any) {
	h.ResourceEventHandler.OnUpdate(before, after)
	h.handled(after, false)
}

// OnDelete implements ResourceEventHandler.
func (h *handler) OnDelete(obj any) {
	h.ResourceEventHandler.OnDelete(obj)
	if last, ok := obj.(toolscache.DeletedFinalStateUnknown); ok {
		obj = last.Obj
	}
	h.handled(obj, true)
}

func (h *handler) handled(obj any, gone bool) {
	m, err := meta.Accessor(obj)
	if err != nil {
		return
	}
	revision, err := strconv.ParseUint(m.GetResourceVersion(), 10, 64)
	if err != nil {
		return
	}
	o := objectID{resource: h.resource}
	o.Namespace, o.Name = m.GetNamespace(), m.GetName()
	h.progress.mu.Lock()
	defer h.progress.mu.Unlock()
	h.seen[o] = version{revision: revision, gone: gone}
	h.judge(o)
	h.progress.signal()
}

// judge decides whether the handler is behind with an object. The caller holds the lock.
func (h *handler) judge(o objectID) {
	want, written := h.progress.versions[o]
	if o.resource != h.resource || !written || len(h.namespaces) > 0 && o.Namespace != "" && !slices.Contains(h.namespaces, o.Namespace) {
		return
	}
	want.gone = want.gone || !h.selector.Matches(want.labels)
	seen, ever := h.seen[o]
	done := ever && seen.revision >= want.revision && (!want.gone || seen.gone || seen.revision > want.revision)
	if done || want.gone && (!ever || seen.gone) {
		delete(h.behind, o)
	} else {
		h.behind[o] = want
	}
}

// watchedCache is a process's cache, which follows what its event handlers have handled.
type watchedCache struct {
	cache.Cache

	progress   *progress
	namespaces []string
	selector   labels.Selector
	scheme     *runtime.Scheme
	mapper     meta.RESTMapper
}

func (o *Operator) newCache(cfg *rest.Config, opts cache.Options) (cache.Cache, error) {
	inner, err := cache.New(cfg, opts)
	if err != nil {
		return nil, err
	}
	return &watchedCache{
		Cache: inner, progress: o.progress, namespaces: o.namespaces, selector: o.watched, scheme: opts.Scheme, mapper: opts.Mapper,
	}, nil
}

// GetInformer implements cache.Informers.
func (c *watchedCache) GetInformer(ctx context.Context, obj client.Object, opts ...cache.InformerGetOption) (cache.Informer, error) {
	i, err := c.Cache.GetInformer(ctx, obj, opts...)
	if err != nil {
		return nil, err
	}
	gvk, err := apiutil.GVKForObject(obj, c.scheme)
	if err != nil {
		return nil, err
	}
	return c.watched(i, gvk)
}

// GetInformerForKind implements cache.Informers.
func (c *watchedCache) GetInformerForKind(ctx context.Context, gvk schema.GroupVersionKind, opts ...cache.InformerGetOption) (cache.Informer, error) {
	i, err := c.Cache.GetInformerForKind(ctx, gvk, opts...)
	if err != nil {
		return nil, err
	}
	return c.watched(i, gvk)
}

func (c *watchedCache) watched(i cache.Informer, gvk schema.GroupVersionKind) (cache.Informer, error) {
	mapping, err := c.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		return nil, err
	}
	w := &watchedInformer{Informer: i, cache: c, resource: mapping.Resource.Resource, selector: labels.Everything()}
	if gvk.Group == v1alpha1.GroupVersion.Group {
		w.selector = c.selector
	}
	return w, nil
}

type watchedInformer struct {
	cache.Informer

	cache    *watchedCache
	resource string
	selector labels.Selector
}

func (i *watchedInformer) follow(h toolscache.ResourceEventHandler) toolscache.ResourceEventHandler {
	p := i.cache.progress
	followed := &handler{
		ResourceEventHandler: h, progress: p, resource: i.resource, namespaces: i.cache.namespaces, selector: i.selector,
		seen: map[objectID]version{}, behind: map[objectID]version{},
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.handlers = append(p.handlers, followed)
	for o := range p.versions {
		followed.judge(o)
	}
	return followed
}

// AddEventHandler implements cache.Informer, as do the others.
func (i *watchedInformer) AddEventHandler(h toolscache.ResourceEventHandler) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.Informer.AddEventHandler(i.follow(h))
}

// AddEventHandlerWithResyncPeriod implements cache.Informer.
func (i *watchedInformer) AddEventHandlerWithResyncPeriod(
	h toolscache.ResourceEventHandler, period time.Duration,
) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.Informer.AddEventHandlerWithResyncPeriod(i.follow(h), period)
}

// AddEventHandlerWithOptions implements cache.Informer.
func (i *watchedInformer) AddEventHandlerWithOptions(
	h toolscache.ResourceEventHandler, opts toolscache.HandlerOptions,
) (toolscache.ResourceEventHandlerRegistration, error) {
	return i.Informer.AddEventHandlerWithOptions(i.follow(h), opts)
}
