// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/client-go/util/workqueue"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// oneController is a process with one controller that watches templates with the label mine.
func oneController(t *testing.T) (*progress, *queue, *handler) {
	t.Helper()
	w := &writes{versions: map[objectID]version{}}
	p := w.join(NewClock(time.Unix(1790000000, 0)), 1)
	q, ok := p.newQueue("templates", workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]()).(*queue)
	if !ok {
		t.Fatal("not a queue of this package")
	}
	i := &watchedInformer{
		cache: &watchedCache{progress: p}, resource: "messagetemplates", selector: labels.SelectorFromSet(labels.Set{"mine": "yes"}),
	}
	h, ok := i.follow(toolscache.ResourceEventHandlerFuncs{}).(*handler)
	if !ok {
		t.Fatal("not a handler of this package")
	}
	p.workers(q)
	return p, q, h
}

func request(name string) reconcile.Request {
	return reconcile.Request{NamespacedName: types.NamespacedName{Namespace: "shop", Name: name}}
}

// at is a template in a version.
func at(revision string) *v1alpha1.MessageTemplate {
	return &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "hello", ResourceVersion: revision}}
}

func (h *handler) expectBehind(t *testing.T, behind bool) {
	t.Helper()
	// A wait whose time is over says at once what is missing.
	over, cancel := context.WithCancel(context.Background())
	cancel()
	if err := h.progress.wait(over); (err != nil) != behind {
		t.Errorf("remaining: %v, want some: %t", err, behind)
	}
}

func TestSettlesOnlyWhenHandlersHaveSeenWrites(t *testing.T) {
	mine := labels.Set{"mine": "yes"}
	hello := objectID{"messagetemplates", types.NamespacedName{Namespace: "shop", Name: "hello"}}
	tests := map[string]func(h *handler, expect func(behind bool)){
		"a write before its event": func(h *handler, expect func(behind bool)) {
			h.progress.wrote(hello, version{revision: 7, labels: mine})
			expect(true)
			h.OnAdd(at("6"), true)
			expect(true)
			h.OnUpdate(at("6"), at("7"))
			expect(false)
		},
		"an event before the answer to its write": func(h *handler, expect func(behind bool)) {
			h.OnAdd(at("7"), false)
			h.progress.wrote(hello, version{revision: 7, labels: mine})
			expect(false)
		},
		"answers in another order than writes": func(h *handler, expect func(behind bool)) {
			h.progress.wrote(hello, version{revision: 9, labels: mine})
			h.progress.wrote(hello, version{revision: 8, labels: mine})
			h.OnAdd(at("8"), false)
			expect(true)
		},
		"a deletion, whose answer has no version": func(h *handler, expect func(behind bool)) {
			h.progress.wrote(hello, version{revision: 7, labels: mine})
			h.OnAdd(at("7"), false)
			h.progress.wrote(hello, version{gone: true})
			expect(true)
			h.OnDelete(toolscache.DeletedFinalStateUnknown{Obj: at("7")})
			expect(false)
		},
		"an object made again": func(h *handler, expect func(behind bool)) {
			h.OnAdd(at("7"), false)
			h.progress.wrote(hello, version{revision: 7, gone: true, labels: mine})
			h.progress.wrote(hello, version{revision: 9, labels: mine})
			h.OnDelete(at("8"))
			expect(true)
			h.OnAdd(at("9"), false)
			expect(false)
		},
		"an object of another world": func(h *handler, expect func(behind bool)) {
			h.progress.wrote(hello, version{revision: 7, labels: labels.Set{"mine": "no"}})
			expect(false)
		},
		"an object that leaves the world": func(h *handler, expect func(behind bool)) {
			h.OnAdd(at("7"), false)
			h.progress.wrote(hello, version{revision: 8})
			expect(true)
			h.OnDelete(at("8"))
			expect(false)
		},
		"another resource": func(h *handler, expect func(behind bool)) {
			h.progress.wrote(objectID{"wabas", hello.NamespacedName}, version{revision: 7, labels: mine})
			expect(false)
		},
		"an API server that is away": func(h *handler, expect func(behind bool)) {
			h.progress.wrote(hello, version{revision: 7, labels: mine})
			h.progress.setCut(true)
			expect(false)
			h.progress.setCut(false)
			expect(true)
		},
		"a process that was killed": func(h *handler, expect func(behind bool)) {
			h.progress.wrote(hello, version{revision: 7, labels: mine})
			h.progress.leave(h.progress)
			expect(false)
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			_, _, h := oneController(t)
			h.expectBehind(t, false)
			test(h, func(behind bool) { h.expectBehind(t, behind) })
		})
	}
}

func TestSettlesOnlyWhenQueuesAreEmpty(t *testing.T) {
	p, q, h := oneController(t)
	q.Add(request("hello"))
	h.expectBehind(t, true) // queued
	item, _ := q.Get()
	h.expectBehind(t, true) // being reconciled
	q.Add(item)
	q.Done(item)
	h.expectBehind(t, true) // queued again meanwhile
	item, _ = q.Get()
	q.Done(item)
	h.expectBehind(t, false)

	p.controllers = 2
	if got := fmt.Sprint(p.remaining()); !strings.Contains(got, "1 controllers haven't started") {
		t.Errorf("remaining: %s", got)
	}
}

func TestQueueFollowsTheClock(t *testing.T) {
	p, q, h := oneController(t)
	defer p.clock.Follow(p.release)()
	begin := p.clock.Now()
	q.AddAfter(request("hello"), time.Hour)
	q.AddAfter(request("hello"), time.Minute)
	q.AddAfter(request("hello"), 2*time.Minute)
	q.AddAfter(request("other"), 3*time.Minute)
	if next, ok := p.next(); !ok || !next.Equal(begin.Add(time.Minute)) {
		t.Errorf("next: %s, %t", next, ok)
	}
	p.clock.Step(time.Minute - time.Nanosecond)
	h.expectBehind(t, false)
	p.clock.Step(time.Nanosecond)
	if item, _ := q.Get(); item != request("hello") {
		t.Errorf("due: %s", item)
	} else {
		q.Done(item)
	}
	if next, ok := p.next(); !ok || !next.Equal(begin.Add(3*time.Minute)) {
		t.Errorf("next: %s, %t", next, ok)
	}
}

func TestClockKnowsItsTimers(t *testing.T) {
	c := NewClock(time.Unix(1790000000, 0))
	if _, ok := c.Due(); ok {
		t.Error("a timer that nobody made")
	}
	slow, fast := c.NewTimer(time.Hour), c.After(time.Minute)
	if due, ok := c.Due(); !ok || !due.Equal(c.Now().Add(time.Minute)) {
		t.Errorf("due: %s, %t", due, ok)
	}
	c.Step(time.Minute)
	<-fast
	slow.Reset(time.Second)
	if due, ok := c.Due(); !ok || !due.Equal(c.Now().Add(time.Second)) {
		t.Errorf("due: %s, %t", due, ok)
	}
	c.Step(time.Second)
	<-slow.C()
}

func TestWatchedResource(t *testing.T) {
	for path, want := range map[string]string{
		"/apis/whatsapp.waba-operator.io/v1alpha1/namespaces/shop/messagetemplates":              "messagetemplates",
		"/apis/whatsapp.waba-operator.io/v1alpha1/namespaces/shop/messagetemplates/hello":        "messagetemplates",
		"/apis/whatsapp.waba-operator.io/v1alpha1/namespaces/shop/messagetemplates/hello/status": "messagetemplates",
		"/api/v1/namespaces/shop":                       "namespaces",
		"/api/v1/namespaces":                            "namespaces",
		"/api/v1/namespaces/shop/secrets/token":         "",
		"/apis/events.k8s.io/v1/namespaces/shop/events": "",
	} {
		if got, _ := watchedResource(path); got != want {
			t.Errorf("%s: %q, want %q", path, got, want)
		}
	}
}
