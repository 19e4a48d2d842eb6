// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/go-logr/logr"
	"golang.org/x/sync/errgroup"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	toolscache "k8s.io/client-go/tools/cache"
	watchtools "k8s.io/client-go/tools/watch"
	"k8s.io/klog/v2"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/action"
)

// answer is what the operator does about one request.
type answer struct {
	*action.Request

	// requested is the resource that the request left, latest as it was read last.
	requested, latest v1alpha1.Asset
}

// group are the resources that one watch covers, by the keys of a store.
type group struct {
	v1alpha1.AssetKind

	namespace string
	pending   map[string]*answer
}

// errNoWatch ends waiting for what the user may not watch.
var errNoWatch = errors.New("can't be watched")

// await waits until the operator has answered all requests, and prints each resource when that is so.
func (v *act) await(ctx context.Context, answers []*answer) error {
	groups := map[string]*group{}
	for _, a := range answers {
		if a.Missing(a.requested, a.requested) == "" {
			if err := v.answered(a); err != nil {
				return err
			}
			continue
		}
		kind, _ := v1alpha1.AssetKindOf(a.requested.KindName())
		namespace := a.requested.GetNamespace()
		if v.everywhere {
			namespace = ""
		}
		key := kind.Name + "/" + namespace
		if groups[key] == nil {
			groups[key] = &group{AssetKind: kind, namespace: namespace, pending: map[string]*answer{}}
		}
		groups[key].pending[client.ObjectKeyFromObject(a.requested).String()] = a
	}
	ctx, cancel := context.WithTimeout(klog.NewContext(ctx, logr.Discard()), v.timeout) // what client-go has to say, the error says shorter
	defer cancel()
	var waiting errgroup.Group
	for _, g := range groups {
		waiting.Go(func() error { return v.watch(ctx, g) })
	}
	return waiting.Wait()
}

// watch waits for the answers about a group. It survives what ends watches: expired versions, API servers that restart.
func (v *act) watch(ctx context.Context, g *group) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	judge := func(err error) {
		if apierrors.IsForbidden(err) {
			stop(fmt.Errorf("%w: you may not list and watch %s; leave out --wait", errNoWatch, g.Resource))
		}
	}
	lw := &toolscache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			list := g.NewList()
			err := v.client.List(ctx, list, g.options(&o))
			judge(err)
			return list, err
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			w, err := v.client.Watch(ctx, g.NewList(), g.options(&o))
			judge(err)
			return w, err
		},
	}
	_, err := watchtools.UntilWithSync(ctx, lw, g.New(), func(store toolscache.Store) (bool, error) { return v.present(g, store) },
		func(e watch.Event) (bool, error) { return v.see(g, e) })
	switch {
	case err == nil || ctx.Err() == nil:
		return err
	case errors.Is(context.Cause(ctx), errNoWatch):
		return context.Cause(ctx)
	case errors.Is(context.Cause(ctx), context.DeadlineExceeded):
		return v.timedOut(g)
	}
	return ctx.Err()
}

func (g *group) options(o *metav1.ListOptions) *client.ListOptions {
	options := &client.ListOptions{Namespace: g.namespace, Raw: o}
	if len(g.pending) == 1 {
		for _, a := range g.pending {
			options.FieldSelector = fields.OneTermEqualSelector("metadata.name", a.requested.GetName())
		}
	}
	return options
}

// present reports resources that were deleted before the watch began.
func (v *act) present(g *group, store toolscache.Store) (bool, error) {
	for key, a := range g.pending {
		if _, exists, err := store.GetByKey(key); err != nil || !exists {
			return false, errors.Join(err, deleted(a))
		}
	}
	return false, nil
}

// see takes an event in, and reports whether nothing is left to wait for.
func (v *act) see(g *group, e watch.Event) (bool, error) {
	obj, ok := e.Object.(v1alpha1.Asset)
	if !ok {
		return false, apierrors.FromObject(e.Object)
	}
	key := client.ObjectKeyFromObject(obj).String()
	a := g.pending[key]
	switch {
	case a == nil:
		return false, nil
	case e.Type == watch.Deleted || obj.GetUID() != a.requested.GetUID():
		return false, deleted(a)
	}
	a.latest = obj
	if a.Missing(a.requested, obj) != "" {
		return false, nil
	}
	delete(g.pending, key)
	return len(g.pending) == 0, v.answered(a)
}

func deleted(a *answer) error {
	return fmt.Errorf("%s was deleted before the operator has answered", titleOf(a.requested))
}

// answered prints a resource about which the operator has answered.
func (v *act) answered(a *answer) error {
	v.mu.Lock()
	defer v.mu.Unlock()
	if objection := a.Objection(a.latest); objection != "" {
		v.objected = true
		v.note(titleOf(a.latest), objection)
	}
	return v.print(a.latest, v.did(a.Request))
}

// timedOut says what is still missing, and where to look.
func (v *act) timedOut(g *group) error {
	keys := slices.Sorted(maps.Keys(g.pending))
	first := g.pending[keys[0]]
	more := ""
	if len(keys) > 1 {
		more = fmt.Sprintf(" (and %d more)", len(keys)-1)
	}
	return fmt.Errorf("timed out after %s: %s%s: %s; see whether the operator runs and watches namespace %s, and kubectl describe %s %s",
		v.timeout, titleOf(first.latest), more, first.Missing(first.requested, first.latest), first.latest.GetNamespace(),
		strings.ToLower(g.Name), first.latest.GetName())
}
