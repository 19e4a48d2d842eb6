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
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/internal/account"
)

// Lists is where those look who wake resources.
func (b *Base) Lists() client.Reader { return loggedLists{b.Client, b.log, b.failures} }

// AccountChange says what an observation of an account found to be new.
type AccountChange struct {
	WABA   types.NamespacedName
	Change account.Change
}

// AccountEvents carries news between controllers of this process.
type AccountEvents struct {
	Mu          sync.Mutex
	Sinks       []func(AccountChange)
	AccountSink func(types.NamespacedName, time.Duration)
	readySinks  []readySink
}

// readySink queues a resource of a kind.
type readySink struct {
	kind  string
	queue func(types.NamespacedName)
}

// Publish tells all kinds what an observation found to be new.
func (c *AccountEvents) Publish(n AccountChange) {
	if n.Change.Empty() {
		return
	}
	c.Mu.Lock()
	sinks := c.Sinks
	c.Mu.Unlock()
	for _, sink := range sinks {
		sink(n)
	}
}

// Enqueue lets the account look at itself: its breaker tripped, or its token was refused.
func (c *AccountEvents) Enqueue(waba types.NamespacedName) { c.EnqueueAfter(waba, 0) }

// EnqueueAfter lets the account look at itself after a while.
func (c *AccountEvents) EnqueueAfter(waba types.NamespacedName, after time.Duration) {
	c.Mu.Lock()
	sink := c.AccountSink
	c.Mu.Unlock()
	if sink != nil {
		sink(waba, after)
	}
}

// ready has a resource reconciled for which something has come that it waits for.
func (c *AccountEvents) ready(obj ObjectKey) {
	c.Mu.Lock()
	sinks := c.readySinks
	c.Mu.Unlock()
	for _, sink := range sinks {
		if sink.kind == obj.kind {
			sink.queue(obj.name)
		}
	}
}

// QueueReady has the resources of a kind queued that something has come for. c.mu is held.
func (c *AccountEvents) QueueReady(ctx context.Context, kind string, q Queue) {
	c.readySinks = append(c.readySinks, readySink{kind, func(name types.NamespacedName) {
		if ctx.Err() == nil {
			q.Add(reconcile.Request{NamespacedName: name})
		}
	}})
}

// loggedLists lists from the cache for those who wake resources: nothing else would tell that a list failed and that nobody was
// woken. Each failure is logged once until it is over.
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

// Queue is a controller's queue.
type Queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
