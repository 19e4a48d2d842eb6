// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/watch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// part is one kind in one namespace or in all, or one account. A reflector keeps it up to date: part is what it reads from, and
// what it writes to.
type part struct {
	v1alpha1.AssetKind

	watcher         *Watcher
	namespace, name string
	stop            func()
}

// String names what is watched.
func (p *part) String() string {
	if p.name != "" {
		return "waba " + p.namespace + "/" + p.name
	}
	return p.Resource + " in " + Selection{Namespace: p.namespace}.place()
}

func (p *part) options(o *metav1.ListOptions) *client.ListOptions {
	out := p.watcher.Selection.options(p.AssetKind, p.namespace)
	out.Raw = o
	if p.name != "" {
		out.FieldSelector = fields.OneTermEqualSelector("metadata.name", p.name)
	}
	return out
}

func (p *part) list(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
	bounded, cancel := context.WithTimeout(ctx, listTimeout)
	defer cancel()
	out := p.NewList()
	err := p.watcher.Client.List(bounded, out, p.options(&o))
	p.judge(ctx, err)
	return out, err
}

func (p *part) watch(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
	out, err := p.watcher.Client.Watch(ctx, p.NewList(), p.options(&o))
	p.judge(ctx, err)
	return out, err
}

// judge removes an account that may be read but not watched: its data would be outdated.
func (p *part) judge(ctx context.Context, err error) {
	if p.name == "" || !apierrors.IsForbidden(err) {
		p.watcher.result(ctx, p, err)
		return
	}
	key := types.NamespacedName{Namespace: p.namespace, Name: p.name}
	p.watcher.inventory.noteMissing(key, reasonForbidden)
	p.watcher.inventory.drop(&v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: p.namespace, Name: p.name}})
	p.stop()
	p.notify()
}

func (p *part) notify() {
	select {
	case p.watcher.changed <- struct{}{}:
	default: // it is known already
	}
}

func (p *part) matches(key types.NamespacedName) bool {
	return (p.namespace == "" || key.Namespace == p.namespace) && (p.name == "" || key.Name == p.name)
}

// Add takes over an object.
func (p *part) Add(obj any) error {
	if o, ok := obj.(v1alpha1.Asset); ok {
		p.watcher.inventory.put(o)
		p.notify()
	}
	return nil
}

// Update is Add.
func (p *part) Update(obj any) error { return p.Add(obj) }

// Delete removes an object.
func (p *part) Delete(obj any) error {
	if o, ok := obj.(v1alpha1.Asset); ok {
		p.watcher.inventory.drop(o)
		p.notify()
	}
	return nil
}

// Replace takes over a listing.
func (p *part) Replace(objects []any, _ string) error {
	listed := map[types.NamespacedName]bool{}
	for _, obj := range objects {
		if o, ok := obj.(v1alpha1.Asset); ok {
			listed[client.ObjectKeyFromObject(o)] = true
			p.watcher.inventory.put(o)
		}
	}
	p.watcher.inventory.keep(p.Name, p.matches, listed)
	p.notify()
	return nil
}

// Resync does nothing: there are no handlers of objects.
func (p *part) Resync() error { return nil }
