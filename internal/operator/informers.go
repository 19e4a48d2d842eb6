// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"fmt"
	"reflect"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	toolscache "k8s.io/client-go/tools/cache"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// informers are those of the manager's cache. A list from the cache copies each object into the list, 150 MB for 100,000 templates, only
// to be read once by each scrape of the metrics. This goes through the objects where they are.
type informers struct {
	mu     sync.Mutex
	ofType map[reflect.Type][]toolscache.SharedIndexInformer
}

// make returns a new informer, as the cache would make it: one for each type, and for each namespace where only some are watched.
func (i *informers) make(
	lw toolscache.ListerWatcher, obj runtime.Object, resync time.Duration, indexers toolscache.Indexers,
) toolscache.SharedIndexInformer {
	made := toolscache.NewSharedIndexInformer(lw, obj, resync, indexers)
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.ofType == nil {
		i.ofType = map[reflect.Type][]toolscache.SharedIndexInformer{}
	}
	kind := reflect.TypeOf(obj)
	i.ofType[kind] = append(i.ofType[kind], made)
	return made
}

// Each calls each with the cached objects of a kind, which it may not change, in no particular order.
func (i *informers) Each(kind v1alpha1.AssetKind, each func(runtime.Object) error) error {
	i.mu.Lock()
	found := i.ofType[reflect.TypeOf(kind.New())]
	i.mu.Unlock()
	for _, informer := range found {
		for _, item := range informer.GetStore().List() {
			obj, ok := item.(runtime.Object)
			if !ok {
				return fmt.Errorf("the cache of %s contains %T", kind.Name, item)
			}
			if err := each(obj); err != nil {
				return err
			}
		}
	}
	return nil
}

// Len returns how many objects of a kind are in the cache.
func (i *informers) Len(kind string) int {
	k, ok := v1alpha1.AssetKindOf(kind)
	if !ok {
		return 0
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	n := 0
	for _, informer := range i.ofType[reflect.TypeOf(k.New())] {
		n += len(informer.GetStore().ListKeys())
	}
	return n
}
