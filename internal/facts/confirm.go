// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"context"
	"slices"
	"sync"
	"time"

	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/fair"
	"github.com/waba-operator/waba-operator/internal/index"
)

const (
	// confirmTimeout bounds one live list.
	confirmTimeout = 20 * time.Second
	// pageSize is how many resources of a live list are in memory at a time.
	pageSize = 500
)

// confirmer asks the API server for resources of one kind that the cache doesn't show: a resource may be newer than the cache.
//
// A list reads all resources of the kind and is expensive, and any sender with an app's secret can cause lists. So one list runs
// at a time, and about one a second, for all deliveries that wait for it. None is refused: each waits for the next list only,
// whatever other deliveries ask for.
type confirmer struct {
	kind  string
	live  client.Reader
	clock clock.Clock
	// scopes restrict the lists, as the cache is restricted.
	scopes []client.ListOptions

	mu      sync.Mutex
	bucket  *fair.TokenBucket
	pending *listRequest // collects lookups until its list begins
	running bool
}

// listRequest is what one list has to answer. done is closed once found or err is set.
type listRequest struct {
	lookups map[negativeKey]*lookup
	found   map[negativeKey][]subject
	err     error
	done    chan struct{}
}

// confirm returns the resources that match the lookups, by key.
func (c *confirmer) confirm(ctx context.Context, all []*lookup) (map[negativeKey][]subject, error) {
	if len(all) == 0 {
		return nil, nil
	}
	request := c.join(ctx, all)
	select {
	case <-request.done:
		return request.found, request.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *confirmer) join(ctx context.Context, all []*lookup) *listRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pending == nil {
		c.pending = &listRequest{lookups: map[negativeKey]*lookup{}, done: make(chan struct{})}
	}
	for _, w := range all {
		c.pending.lookups[w.negativeKey()] = w
	}
	if !c.running {
		c.running = true
		go c.run(context.WithoutCancel(ctx))
	}
	return c.pending
}

// run lists until no request is pending.
func (c *confirmer) run(ctx context.Context) {
	for {
		c.waitForToken()
		request := c.dequeue()
		if request == nil {
			return
		}
		began := c.clock.Now()
		request.found, request.err = c.list(ctx, request.lookups)
		took := c.clock.Since(began)
		close(request.done)
		sleep(c.clock, took) // at most half of the time is spent on lists
	}
}

func (c *confirmer) dequeue() *listRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	request := c.pending
	c.pending, c.running = nil, request != nil
	if request != nil {
		c.bucket.Take(c.clock.Now())
	}
	return request
}

// waitForToken waits until another list may be made.
func (c *confirmer) waitForToken() {
	for {
		c.mu.Lock()
		wait := c.bucket.Wait(c.clock.Now())
		c.mu.Unlock()
		if wait <= 0 {
			return
		}
		sleep(c.clock, wait)
	}
}

func sleep(c clock.Clock, d time.Duration) {
	if d > 0 {
		<-c.After(d)
	}
}

func (c *confirmer) list(ctx context.Context, all map[negativeKey]*lookup) (map[negativeKey][]subject, error) {
	ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	byAccount := map[client.ObjectKey][]*lookup{}
	var names []string
	for _, w := range all {
		byAccount[w.account] = append(byAccount[w.account], w)
		names = append(names, w.name)
	}
	slices.Sort(names)
	out := map[negativeKey][]subject{}
	for _, scope := range c.scopes {
		opts := []client.ListOption{&scope}
		if names = slices.Compact(names); len(names) == 1 && names[0] != "" {
			opts = append(opts, client.MatchingFields{"spec.name": names[0]})
		}
		err := c.each(ctx, opts, func(o v1alpha1.Asset, account client.ObjectKey) {
			for _, w := range byAccount[account] {
				if w.matches(o) {
					out[w.negativeKey()] = append(out[w.negativeKey()], subject{kind: c.kind, key: client.ObjectKeyFromObject(o)})
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// each visits the listed resources, with the account that each refers to.
func (c *confirmer) each(ctx context.Context, opts []client.ListOption, visit func(o v1alpha1.Asset, account client.ObjectKey)) error {
	for page := ""; ; {
		var objects []v1alpha1.Asset
		var err error
		opts := append(slices.Clone(opts), client.Limit(pageSize), client.Continue(page))
		switch c.kind {
		case v1alpha1.KindMessageTemplate:
			var list v1alpha1.MessageTemplateList
			err = c.live.List(ctx, &list, opts...)
			objects, page = objectsOf(list.Items), list.Continue
		default:
			var list v1alpha1.PhoneNumberList
			err = c.live.List(ctx, &list, opts...)
			objects, page = objectsOf(list.Items), list.Continue
		}
		if err != nil {
			return err
		}
		for _, o := range objects {
			visit(o, index.AccountOf(o))
		}
		if page == "" {
			return nil
		}
	}
}

// scopesOf returns what a live list may see: the namespaces and labels that the cache is restricted to.
func scopesOf(namespaces []string, selector client.MatchingLabelsSelector) []client.ListOptions {
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	scopes := make([]client.ListOptions, 0, len(namespaces))
	for _, ns := range slices.Sorted(slices.Values(namespaces)) {
		scope := client.ListOptions{Namespace: ns}
		selector.ApplyToList(&scope)
		scopes = append(scopes, scope)
	}
	return scopes
}
