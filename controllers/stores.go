// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/media"
)

// store keeps something of resources in memory.
type store interface {
	// forget frees what is kept of a resource that is gone. It returns how long something is kept nevertheless, because Meta
	// still counts it or others still need it; it is called again then.
	forget(gone object) time.Duration
}

// sessions are the sessions of accounts.
type sessions struct{ accounts *account.Manager }

func (s sessions) forget(gone object) time.Duration {
	if gone.kind != v1alpha1.KindWABA {
		return 0
	}
	return s.accounts.Forget(string(gone.uid))
}

// downloads are the files that are being fetched, or wait for the run that uploads them.
type downloads struct{ media *media.Downloads }

func (d downloads) forget(gone object) time.Duration {
	if d.media != nil {
		d.media.Drop(string(gone.uid))
	}
	return 0
}

// objectKey is what a run knows of a resource that is gone.
type objectKey struct {
	kind string
	name types.NamespacedName
}

func keyOf(obj v1alpha1.Asset, name types.NamespacedName) objectKey {
	return objectKey{obj.KindName(), name}
}

// object is a resource as a run saw it.
type object struct {
	objectKey

	uid types.UID
	// accountID is Meta's id of a WABA.
	accountID string
}

func objectOf(obj v1alpha1.Asset) object {
	o := object{objectKey: keyOf(obj, client.ObjectKeyFromObject(obj)), uid: obj.GetUID()}
	if waba, ok := obj.(*v1alpha1.WABA); ok {
		o.accountID = waba.Spec.ID
	}
	return o
}

// objects are the resources that runs have seen. When one is gone, or another has taken its name, everything that the stores
// keep of it is freed.
type objects struct {
	stores []store

	mu    sync.Mutex
	known map[objectKey][]object
}

func newObjects(stores ...store) *objects {
	return &objects{stores: stores, known: map[objectKey][]object{}}
}

// keep adds a store, before the first run. A store that isn't added isn't freed.
func (o *objects) keep(s store) { o.stores = append(o.stores, s) }

// saw notes a resource at the beginning of its own run. What had its name before is gone.
func (o *objects) saw(obj object) {
	before := o.swap(obj.objectKey, obj)
	for _, gone := range before {
		if gone.uid != obj.uid && o.free(gone) > 0 {
			o.add(gone)
		}
	}
}

// used notes an account that the run of another resource has worked with. It reports whether the account wasn't known: it may
// be gone, and must be reconciled, or what that run left in the stores would stay.
func (o *objects) used(obj object) (unknown bool) { return o.add(obj) }

// gone frees everything of the resources with a name, in the run that finds none. It returns when to do so again, 0 for never.
func (o *objects) gone(key objectKey) time.Duration {
	var again time.Duration
	// Out of known first: a run that uses one of them from now on has it reconciled again.
	for _, gone := range o.swap(key) {
		if wait := o.free(gone); wait > 0 {
			o.add(gone)
			again = deadline.Sooner(again, wait)
		}
	}
	return again
}

func (o *objects) free(gone object) time.Duration {
	var kept time.Duration
	for _, s := range o.stores {
		kept = max(kept, s.forget(gone))
	}
	return kept
}

func (o *objects) swap(key objectKey, now ...object) (before []object) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before = o.known[key]
	if len(now) == 0 {
		delete(o.known, key)
	} else {
		o.known[key] = now
	}
	return before
}

func (o *objects) add(obj object) (added bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, known := range o.known[obj.objectKey] {
		if known.uid == obj.uid {
			return false
		}
	}
	o.known[obj.objectKey] = append(o.known[obj.objectKey], obj)
	return true
}

// used notes the account that a run worked with, and has it reconciled where it may be gone.
func (b *base) used(waba *v1alpha1.WABA) {
	if waba != nil && b.objects.used(objectOf(waba)) {
		b.changes.wake(client.ObjectKeyFromObject(waba))
	}
}
