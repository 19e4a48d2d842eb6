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
// A list is of everything and costs accordingly, while whoever holds an app's secret decides how often something is missing. So
// there is one list at a time, and about one a second, for all deliveries that wait for it. None is refused: each waits for the
// next list only, whatever others ask for.
type confirmer struct {
	kind  string
	live  client.Reader
	clock clock.Clock
	// scopes restrict the lists, as the cache is restricted.
	scopes []client.ListOptions

	mu      sync.Mutex
	pace    *fair.Pace
	next    *inquiry // collects what is wanted until its list begins
	running bool
}

// inquiry is what one list has to answer. done is closed when found or err are there.
type inquiry struct {
	wanted map[absence]*wanted
	found  map[absence][]subject
	err    error
	done   chan struct{}
}

// confirm returns what there is of what is wanted, by absence.
func (c *confirmer) confirm(ctx context.Context, all []*wanted) (map[absence][]subject, error) {
	if len(all) == 0 {
		return nil, nil
	}
	i := c.join(ctx, all)
	select {
	case <-i.done:
		return i.found, i.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (c *confirmer) join(ctx context.Context, all []*wanted) *inquiry {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.next == nil {
		c.next = &inquiry{wanted: map[absence]*wanted{}, done: make(chan struct{})}
	}
	for _, w := range all {
		c.next.wanted[w.absence()] = w
	}
	if !c.running {
		c.running = true
		go c.run(context.WithoutCancel(ctx))
	}
	return c.next
}

// run answers until nobody asks any more.
func (c *confirmer) run(ctx context.Context) {
	for {
		c.rest()
		i := c.begin()
		if i == nil {
			return
		}
		began := c.clock.Now()
		i.found, i.err = c.list(ctx, i.wanted)
		took := c.clock.Since(began)
		close(i.done)
		sleep(c.clock, took) // at most half of the time is spent on lists
	}
}

func (c *confirmer) begin() *inquiry {
	c.mu.Lock()
	defer c.mu.Unlock()
	i := c.next
	c.next, c.running = nil, i != nil
	if i != nil {
		c.pace.Spend(c.clock.Now())
	}
	return i
}

// rest waits until another list may be made.
func (c *confirmer) rest() {
	for {
		c.mu.Lock()
		wait := c.pace.Wait(c.clock.Now())
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

func (c *confirmer) list(ctx context.Context, all map[absence]*wanted) (map[absence][]subject, error) {
	ctx, cancel := context.WithTimeout(ctx, confirmTimeout)
	defer cancel()
	byAccount := map[client.ObjectKey][]*wanted{}
	var names []string
	for _, w := range all {
		byAccount[w.account] = append(byAccount[w.account], w)
		names = append(names, w.name)
	}
	slices.Sort(names)
	out := map[absence][]subject{}
	for _, scope := range c.scopes {
		opts := []client.ListOption{&scope}
		if names = slices.Compact(names); len(names) == 1 && names[0] != "" {
			opts = append(opts, client.MatchingFields{"spec.name": names[0]})
		}
		err := c.each(ctx, opts, func(o v1alpha1.Asset, account client.ObjectKey) {
			for _, w := range byAccount[account] {
				if w.matches(o) {
					out[w.absence()] = append(out[w.absence()], subject{kind: c.kind, key: client.ObjectKeyFromObject(o)})
				}
			}
		})
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// each visits what is listed, with the account that it refers to.
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

// scopesOf says what a live list may see: the namespaces and labels that the cache is restricted to.
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
