// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	apimeta "k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/client-go/rest"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/facts"
)

// view is what the suite keeps of a resource.
type view struct {
	metav1.TypeMeta
	metav1.ObjectMeta

	kind, account      string
	observedGeneration int64
	ready              bool
	status, quality    string
	// reported is Meta's time of the newest event about quality that the status follows.
	reported time.Time
	handled  string
	wrote    bool
}

// DeepCopyObject implements runtime.Object.
func (v *view) DeepCopyObject() runtime.Object { out := *v; return &out }

// settled reports that the status is about the present spec.
func (v *view) settled() bool { return v.ready && v.observedGeneration == v.Generation }

// viewOf reduces a resource, so that the suite's own memory stays small.
func viewOf(obj any) (any, error) {
	o, ok := obj.(v1alpha1.Asset)
	if !ok {
		return obj, nil
	}
	status := o.CommonStatus()
	v := &view{
		ObjectMeta: metav1.ObjectMeta{
			Name: o.GetName(), Namespace: o.GetNamespace(), UID: o.GetUID(), ResourceVersion: o.GetResourceVersion(), Generation: o.GetGeneration(),
		},
		kind: o.KindName(), observedGeneration: status.ObservedGeneration, handled: o.Memory().LastHandledRequest,
		ready: apimeta.IsStatusConditionTrue(status.Conditions, v1alpha1.ConditionReady), wrote: len(status.Conditions) > 0,
	}
	if ref := o.AccountReference(); ref != nil {
		v.account = ref.Name
	}
	if t, ok := obj.(*v1alpha1.MessageTemplate); ok {
		v.status, v.quality = t.Status.Status, t.Status.QualityScore
		if w := t.Status.Webhook; w != nil && w.QualityScore == v.quality {
			if e := facts.EventOf(w.Events, facts.MarkTemplateQuality); e != nil {
				v.reported = e.Time.Time
			}
		}
	}
	return v, nil
}

// watcher follows all resources by a watch, so that the suite reads nothing from the API server while it measures.
type watcher struct {
	mu    sync.Mutex
	views map[string]*view
	// updates are how often each resource was written since reset.
	updates map[string]int
	// last is when a template or number was last written, first when the first one was since reset.
	first, last time.Time
	// settled is how many resources are, settledAt when the last of them became so.
	settled   int
	settledAt time.Time
	follow    func(v *view, at time.Time)
}

func keyOf(kind, name string) string { return kind + "/" + name }

// watch begins to follow the resources of a namespace.
func watch(ctx context.Context, config *rest.Config, scheme *runtime.Scheme, namespace string) (*watcher, error) {
	w := &watcher{views: map[string]*view{}, updates: map[string]int{}}
	informers, err := cache.New(config, cache.Options{
		Scheme: scheme, DefaultNamespaces: map[string]cache.Config{namespace: {}}, DefaultTransform: viewOf,
	})
	if err != nil {
		return nil, err
	}
	for _, kind := range []client.Object{&v1alpha1.WABA{}, &v1alpha1.PhoneNumber{}, &v1alpha1.MessageTemplate{}} {
		informer, err := informers.GetInformer(ctx, kind, cache.BlockUntilSynced(false))
		if err != nil {
			return nil, err
		}
		_, err = informer.AddEventHandler(toolscache.ResourceEventHandlerFuncs{
			AddFunc: func(obj any) { w.see(obj, time.Now(), false) }, UpdateFunc: func(_, obj any) { w.see(obj, time.Now(), true) },
		})
		if err != nil {
			return nil, err
		}
	}
	go func() { _ = informers.Start(ctx) }() // ends with the run
	if !informers.WaitForCacheSync(ctx) {
		return nil, errors.New("the watch doesn't start")
	}
	return w, nil
}

func (w *watcher) see(obj any, at time.Time, update bool) {
	v, ok := obj.(*view)
	if !ok {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	key := keyOf(v.kind, v.Name)
	before := w.views[key]
	w.views[key] = v
	if before != nil && before.settled() {
		w.settled--
	}
	if v.settled() {
		w.settled++
		if before == nil || !before.settled() {
			w.settledAt = at
		}
	}
	if update && before != nil && before.ResourceVersion != v.ResourceVersion {
		w.updates[key]++
		if v.kind != v1alpha1.KindWABA {
			if w.last = at; w.first.IsZero() {
				w.first = at
			}
		}
	}
	if w.follow != nil {
		w.follow(v, at)
	}
}

// reset starts counting updates anew, and has f called with each version of a resource that arrives from now on.
func (w *watcher) reset(f func(v *view, at time.Time)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.updates, w.first, w.last, w.follow = map[string]int{}, time.Time{}, time.Time{}, f
}

// most is how often the template or number was written that was written most often. Accounts are written at each observation.
func (w *watcher) most() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	most := 0
	for key, n := range w.updates {
		if v := w.views[key]; v == nil || v.kind != v1alpha1.KindWABA {
			most = max(most, n)
		}
	}
	return most
}

// get returns the newest version of a resource, nil where there is none.
func (w *watcher) get(kind, name string) *view {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.views[keyOf(kind, name)]
}

// progress is how much of something has happened.
type progress struct{ done, total int }

func (p progress) String() string { return fmt.Sprintf("%d of %d", p.done, p.total) }

// settledOf is how many of all resources are settled, and when the last one became so.
func (w *watcher) settledOf(total int) (progress, time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return progress{done: w.settled, total: total}, w.settledAt
}

// quietSince is when a template or number was last written.
func (w *watcher) quietSince() (first, last time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.first, w.last
}
