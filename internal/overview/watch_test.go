// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/watch"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/patience"
)

// live is a cluster that can be watched, and whose connections break when a test wants it.
type live struct {
	client.WithWatch

	mu      sync.Mutex
	cluster *cluster
	// down makes all requests fail.
	down    bool
	watches map[string][]*watch.FakeWatcher
	// watched counts watches by kind and namespace.
	watched chan string
}

func (l *live) List(ctx context.Context, list client.ObjectList, opts ...client.ListOption) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down {
		return errors.New("connection refused")
	}
	return l.cluster.List(ctx, list, opts...)
}

func (l *live) Get(ctx context.Context, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cluster.Get(ctx, key, obj, opts...)
}

func (l *live) Watch(_ context.Context, list client.ObjectList, opts ...client.ListOption) (watch.Interface, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	o := (&client.ListOptions{}).ApplyOptions(opts)
	if o.Raw != nil && o.Raw.SendInitialEvents != nil { // as API servers do that don't know it
		return nil, apierrors.NewInvalid(schema.GroupKind{}, "", nil)
	}
	if l.down {
		return nil, errors.New("connection refused")
	}
	name := fmt.Sprintf("%T", list)
	name = strings.TrimSuffix(strings.TrimPrefix(name, "*v1alpha1."), "List")
	if o.FieldSelector != nil {
		name += " " + o.Namespace + " " + o.FieldSelector.String()
		if err := l.cluster.may("watch " + name); err != nil {
			return nil, err
		}
	}
	w := watch.NewFake()
	l.watches[name] = append(l.watches[name], w)
	l.watched <- name
	return w, nil
}

// set changes the cluster without an event.
func (l *live) set(f func(*cluster)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(l.cluster)
}

// newest returns the watch of a kind that was begun last.
func (l *live) newest(name string) *watch.FakeWatcher {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.watches[name][len(l.watches[name])-1]
}

// watching is a Watcher that runs, and what it shows.
type watching struct {
	*live

	t     *testing.T
	shown chan *Overview
	notes chan string
	done  chan error
	stop  func()
	clock *clocktesting.FakeClock
}

func startWatching(t *testing.T, c *cluster, selection Selection) *watching {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience.Limit)
	w := &watching{
		live: &live{cluster: c, watches: map[string][]*watch.FakeWatcher{}, watched: make(chan string, 1000)}, t: t,
		shown: make(chan *Overview), notes: make(chan string, 1000), done: make(chan error, 1), clock: clocktesting.NewFakeClock(noon),
	}
	ctx, w.stop = context.WithCancel(ctx)
	watcher := &Watcher{
		Client: w.live, Selection: selection, Clock: w.clock, Note: func(s string) { w.notes <- s },
		Show: func(o *Overview) error {
			select {
			case w.shown <- o:
			case <-ctx.Done():
			}
			return nil
		},
	}
	go func() { w.done <- watcher.Run(ctx) }()
	t.Cleanup(stop)
	t.Cleanup(func() {
		w.stop()
		if err := <-w.done; err != nil {
			t.Errorf("interrupted: %v", err)
		}
	})
	return w
}

// until moves the clock on until an overview is shown that is as wanted.
func (w *watching) until(what string, is func(*Overview) bool) {
	w.t.Helper()
	deadline := time.NewTimer(patience.Limit)
	defer deadline.Stop()
	step := time.NewTicker(5 * time.Millisecond)
	defer step.Stop()
	for {
		select {
		case o := <-w.shown:
			if is(o) {
				return
			}
		case <-step.C:
			w.clock.Step(coalesce)
		case err := <-w.done:
			w.done <- err
			w.t.Fatalf("%s: ended: %v", what, err)
		case <-deadline.C:
			w.t.Fatalf("%s: never shown", what)
		}
	}
}

// begun waits until a kind is watched.
func (w *watching) begun(name string) {
	w.t.Helper()
	w.until("watching "+name, func(*Overview) bool {
		select {
		case got := <-w.watched:
			return got == name
		default:
			return false
		}
	})
}

func (w *watching) noted(part string) {
	w.t.Helper()
	w.until("the note "+part, func(*Overview) bool {
		select {
		case got := <-w.notes:
			return strings.Contains(got, part)
		default:
			return false
		}
	})
}

// sees finds the template of order.
func sees(status string) func(*Overview) bool {
	return func(o *Overview) bool {
		for _, a := range o.Accounts {
			if slices.ContainsFunc(a.MessageTemplates, func(t *Template) bool { return t.Name == "order" && t.Status == status }) {
				return true
			}
		}
		return false
	}
}

func order(status string) *v1alpha1.MessageTemplate {
	t := template("acme", "order", status, "GREEN", "UTILITY", ready, synced, approved)
	t.ResourceVersion = "2"
	return t
}

// TestWatch: changes are shown, whatever ends a watch.
func TestWatch(t *testing.T) {
	w := startWatching(t, &cluster{objects: []client.Object{waba("acme", "1", observed, synced), order("PENDING")}}, Selection{})
	w.until("the beginning", sees("PENDING"))
	w.begun(v1alpha1.KindMessageTemplate)

	w.newest(v1alpha1.KindMessageTemplate).Modify(order("APPROVED"))
	w.until("an event", sees("APPROVED"))

	// What happened while nobody watched comes with the next listing.
	w.set(func(c *cluster) { c.objects[1] = order("PAUSED") })
	w.newest(v1alpha1.KindMessageTemplate).Error(&metav1.Status{Status: metav1.StatusFailure, Code: 410, Reason: metav1.StatusReasonExpired, Message: "too old resource version"})
	w.until("an expired resource version", sees("PAUSED"))

	w.begun(v1alpha1.KindMessageTemplate)
	w.set(func(c *cluster) { c.objects[1] = order("REJECTED") })
	w.mu.Lock()
	w.down = true
	w.mu.Unlock()
	w.newest(v1alpha1.KindMessageTemplate).Stop()
	w.noted("can't watch messagetemplates in any namespace")
	w.mu.Lock()
	w.down = false
	w.mu.Unlock()
	w.until("a restart of the API server", sees("REJECTED"))
	w.noted("connected again")

	w.begun(v1alpha1.KindMessageTemplate)
	w.newest(v1alpha1.KindMessageTemplate).Delete(order("REJECTED"))
	w.until("a deletion", func(o *Overview) bool { return o.Summary.OK == 1 && len(o.Accounts[0].MessageTemplates) == 0 })
}

// TestWatchFollowsAccounts elsewhere, from the moment something refers to them, and gives up those that it may not watch.
func TestWatchFollowsAccounts(t *testing.T) {
	c := &cluster{objects: []client.Object{waba("acme", "1", observed, synced), waba("globex", "2", observed, synced), order("APPROVED")}}
	c.forbidden = []string{"watch WABA platform metadata.name=globex"}
	w := startWatching(t, c, Selection{Namespace: "shop"})
	w.until("the beginning", func(o *Overview) bool { return len(o.Accounts) == 1 && o.Summary.OK == 2 })
	w.begun("WABA platform metadata.name=acme")
	banned := waba("acme", "1", "Ready=False/Blocked 1h", synced, "CanSendMessages=False/Blocked 1h messages can't be sent")
	w.newest("WABA platform metadata.name=acme").Modify(banned)
	w.until("a change of the account", func(o *Overview) bool { return o.Accounts[0].Severity == Critical })

	other := template("globex", "other", "APPROVED", "GREEN", "UTILITY", ready, synced, approved)
	w.newest(v1alpha1.KindMessageTemplate).Add(other)
	w.until("an account that can't be watched", func(o *Overview) bool { return len(o.Accounts) == 2 && o.Accounts[1].Missing == reasonForbidden })
	w.newest(v1alpha1.KindMessageTemplate).Delete(order("APPROVED"))
	w.until("an account to which nothing refers any more", func(o *Overview) bool { return len(o.Accounts) == 1 && o.Accounts[0].Name == "globex" })
}

// TestWatchKeepsTime: what only time changes is shown without an event.
func TestWatchKeepsTime(t *testing.T) {
	w := startWatching(t, &cluster{objects: []client.Object{waba("acme", "1", observed, synced)}}, Selection{})
	w.until("the beginning", func(o *Overview) bool { return o.Summary.OK == 1 })
	w.clock.Step(time.Hour)
	w.until("an account that nobody observes", func(o *Overview) bool {
		return o.Summary.Critical == 1 && o.Accounts[0].Findings[0].Reason == reasonNotObserved
	})
}

// TestWatchEndsAtOnce: an interruption ends the watch while it waits for something, and while it waits for more to come.
func TestWatchEndsAtOnce(t *testing.T) {
	for name, change := range map[string]bool{"nothing happens": false, "something has just happened": true} {
		t.Run(name, func(t *testing.T) {
			// The clock stands still: neither the refresh nor the end of the pause for more changes ever comes.
			c := clocktesting.NewFakeClock(noon)
			w := &Watcher{Clock: c, changed: make(chan struct{}, 1)}
			if change {
				w.changed <- struct{}{}
			}
			ctx, interrupt := context.WithCancel(t.Context())
			ticker := c.NewTicker(refresh)
			defer ticker.Stop()
			more := make(chan bool)
			go func() { more <- w.wait(ctx, ticker) }()
			if change {
				w.changed <- struct{}{} // is taken only when the first has been
			}
			interrupt()
			if <-more {
				t.Error("the watch goes on")
			}
		})
	}
}
