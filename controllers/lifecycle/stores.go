// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

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

// Store keeps something of resources in memory.
type Store interface {
	// Forget frees what is kept of a resource that is gone. It returns how long something is kept nevertheless, because Meta
	// still counts it or others still need it; it is called again then.
	Forget(gone Gone) time.Duration
}

// sessions are the sessions of accounts.
type sessions struct{ accounts *account.Manager }

func (s sessions) Forget(gone Gone) time.Duration {
	if gone.kind != v1alpha1.KindWABA {
		return 0
	}
	return s.accounts.Forget(string(gone.UID))
}

// downloads are the files that are being fetched, or wait for the run that uploads them.
type downloads struct{ media *media.Downloads }

func (d downloads) Forget(gone Gone) time.Duration {
	if d.media != nil {
		d.media.Drop(string(gone.UID))
	}
	return 0
}

// objectKey is what a run knows of a resource that is gone.
type objectKey struct {
	kind string
	name types.NamespacedName
}

// keyOf is the key of an object under a name.
func keyOf(obj v1alpha1.Asset, name types.NamespacedName) objectKey {
	return objectKey{obj.KindName(), name}
}

// Gone is a resource as a run saw it.
type Gone struct {
	objectKey

	UID types.UID
	// accountID is Meta's id of a WABA.
	accountID string
	// reconciled means that it had a run of its own.
	reconciled bool
}

// goneOf describes a resource as stores need it once it is gone.
func goneOf(obj v1alpha1.Asset) Gone {
	o := Gone{objectKey: keyOf(obj, client.ObjectKeyFromObject(obj)), UID: obj.GetUID()}
	if waba, ok := obj.(*v1alpha1.WABA); ok {
		o.accountID = waba.Spec.ID
	}
	return o
}

// objects are the resources that runs have seen. When one is gone, or another has taken its name, everything that the stores
// keep of it is freed.
type objects struct {
	stores []Store

	mu    sync.Mutex
	known map[objectKey][]Gone
	// reconciled counts those of a kind that had a run of their own.
	reconciled map[string]int
}

func newObjects(stores ...Store) *objects {
	o := &objects{stores: stores, known: map[objectKey][]Gone{}, reconciled: map[string]int{}}
	for _, kind := range v1alpha1.AssetKinds {
		o.reconciled[kind.Name] = 0
	}
	return o
}

// Keep adds a store, before the first run. A store that isn't added isn't freed.
func (o *objects) Keep(s Store) { o.stores = append(o.stores, s) }

// saw notes a resource at the beginning of its own run. What had its name before is gone.
func (o *objects) saw(obj Gone) {
	obj.reconciled = true
	before := o.swap(obj.objectKey, obj)
	for _, gone := range before {
		if gone.UID != obj.UID && o.free(gone) > 0 {
			gone.reconciled = false
			o.add(gone)
		}
	}
}

// used notes an account that the run of another resource has worked with. It reports whether the account wasn't known: it may
// be gone, and must be reconciled, or what that run left in the stores would stay.
func (o *objects) used(obj Gone) (unknown bool) { return o.add(obj) }

// gone frees everything of the resources with a name, in the run that finds none. It returns when to do so again, 0 for never.
func (o *objects) gone(key objectKey) time.Duration {
	var again time.Duration
	// Out of known first: a run that uses one of them from now on has it reconciled again.
	for _, gone := range o.swap(key) {
		if wait := o.free(gone); wait > 0 {
			gone.reconciled = false
			o.add(gone)
			again = deadline.Sooner(again, wait)
		}
	}
	return again
}

// Len is of how many resources, also such that are gone, something may be kept.
func (o *objects) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return len(o.known)
}

func (o *objects) free(gone Gone) time.Duration {
	var kept time.Duration
	for _, s := range o.stores {
		kept = max(kept, s.Forget(gone))
	}
	return kept
}

func (o *objects) swap(key objectKey, now ...Gone) (before []Gone) {
	o.mu.Lock()
	defer o.mu.Unlock()
	before = o.known[key]
	if len(now) == 0 {
		delete(o.known, key)
	} else {
		o.known[key] = now
	}
	o.reconciled[key.kind] += countReconciled(now) - countReconciled(before)
	return before
}

func countReconciled(objects []Gone) (n int) {
	for i := range objects {
		if objects[i].reconciled {
			n++
		}
	}
	return n
}

// Reconciled returns how many resources of a kind had a run in this process, and aren't gone.
func (o *objects) Reconciled(kind string) int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.reconciled[kind]
}

func (o *objects) add(obj Gone) (added bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, known := range o.known[obj.objectKey] {
		if known.UID == obj.UID {
			return false
		}
	}
	o.known[obj.objectKey] = append(o.known[obj.objectKey], obj)
	return true
}

// used notes the account that a run worked with, and has it reconciled where it may be gone.
func (b *Base) used(waba *v1alpha1.WABA) {
	if waba != nil && b.Objects.used(goneOf(waba)) {
		b.AccountEvents.enqueue(client.ObjectKeyFromObject(waba))
	}
}
