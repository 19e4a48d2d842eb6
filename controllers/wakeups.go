// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

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

// lists is where those look who wake resources.
func (b *base) lists() client.Reader { return loggedLists{b.client, b.log, b.failures} }

// accountChange says what an observation of an account found to be new.
type accountChange struct {
	waba   types.NamespacedName
	change account.Change
}

// changes carries news between controllers of this process.
type changes struct {
	mu         sync.Mutex
	sinks      []func(accountChange)
	wakeSink   func(types.NamespacedName, time.Duration)
	readySinks []readySink
}

// readySink queues a resource of a kind.
type readySink struct {
	kind  string
	queue func(types.NamespacedName)
}

func (c *changes) publish(n accountChange) {
	if n.change.Empty() {
		return
	}
	c.mu.Lock()
	sinks := c.sinks
	c.mu.Unlock()
	for _, sink := range sinks {
		sink(n)
	}
}

// wake lets the account look at itself: its breaker tripped, or its token was refused.
func (c *changes) wake(waba types.NamespacedName) { c.wakeAfter(waba, 0) }

// wakeAfter lets the account look at itself after a while.
func (c *changes) wakeAfter(waba types.NamespacedName, after time.Duration) {
	c.mu.Lock()
	sink := c.wakeSink
	c.mu.Unlock()
	if sink != nil {
		sink(waba, after)
	}
}

// ready has a resource reconciled for which something has come that it waits for.
func (c *changes) ready(obj objectKey) {
	c.mu.Lock()
	sinks := c.readySinks
	c.mu.Unlock()
	for _, sink := range sinks {
		if sink.kind == obj.kind {
			sink.queue(obj.name)
		}
	}
}

// queueReady has the resources of a kind queued that something has come for. c.mu is held.
func (c *changes) queueReady(ctx context.Context, kind string, q queue) {
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
	o := done("")
	if err != nil {
		o = failure("list the resources to be woken", err)
	}
	l.failures.note(ctrl.LoggerInto(ctx, l.log.WithValues("controllerKind", kind)), subject{types.UID("list of " + kind), kind}, o)
	return err
}

type queue = workqueue.TypedRateLimitingInterface[reconcile.Request]
