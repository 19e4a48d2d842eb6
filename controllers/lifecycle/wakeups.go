// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"reflect"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/apimachinery/pkg/types"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/internal/account"
)

// Lists reads from the cache for watches, which have no way to report an error: it logs each failure once until it is over.
func (b *Base) Lists() client.Reader { return loggedLists{b.Client, b.log, b.failures} }

// AccountChange says what an observation of an account found to be new.
type AccountChange struct {
	WABA   types.NamespacedName
	Change account.Change
}

// AccountEvents carries events between the controllers of this process.
type AccountEvents struct {
	mu        sync.Mutex
	onChange  []func(AccountChange)
	onEnqueue func(types.NamespacedName, time.Duration)
	onReady   map[string][]func(types.NamespacedName)
}

// OnEnqueue sets what queues an account after a time.
func (c *AccountEvents) OnEnqueue(queue func(waba types.NamespacedName, after time.Duration)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.onEnqueue = queue
}

// Subscribe has changed called with each change that an observation finds, and ready with each resource of a kind for which something
// that it waits for has come.
func (c *AccountEvents) Subscribe(kind string, changed func(AccountChange), ready func(types.NamespacedName)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.onReady == nil {
		c.onReady = map[string][]func(types.NamespacedName){}
	}
	c.onChange = append(c.onChange, changed)
	c.onReady[kind] = append(c.onReady[kind], ready)
}

// Publish reports the changes that an observation found.
func (c *AccountEvents) Publish(n AccountChange) {
	if n.Change.Empty() {
		return
	}
	c.mu.Lock()
	subscribers := c.onChange
	c.mu.Unlock()
	for _, changed := range subscribers {
		changed(n)
	}
}

// enqueue queues an account: its breaker tripped, or its token was refused.
func (c *AccountEvents) enqueue(waba types.NamespacedName) { c.enqueueAfter(waba, 0) }

// enqueueAfter queues an account after a time.
func (c *AccountEvents) enqueueAfter(waba types.NamespacedName, after time.Duration) {
	c.mu.Lock()
	queue := c.onEnqueue
	c.mu.Unlock()
	if queue != nil {
		queue(waba, after)
	}
}

// ready queues a resource for which something that it waits for has come.
func (c *AccountEvents) ready(obj objectKey) {
	c.mu.Lock()
	subscribers := c.onReady[obj.kind]
	c.mu.Unlock()
	for _, ready := range subscribers {
		ready(obj.name)
	}
}

// loggedLists is Base.Lists.
type loggedLists struct {
	client.Reader
	log      logr.Logger
	failures *failureLog
}

func (l loggedLists) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	err := l.Reader.List(ctx, list, opts...)
	kind := strings.TrimSuffix(reflect.TypeOf(list).Elem().Name(), "List")
	o := Done("")
	if err != nil {
		o = Failed("list the resources to be woken", err)
	}
	l.failures.note(ctrl.LoggerInto(ctx, l.log.WithValues("controllerKind", kind)), subject{types.UID("list of " + kind), kind}, o)
	return err
}
