// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"k8s.io/klog/v2"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

const (
	// coalesce is how long changes gather until they are shown together.
	coalesce = 250 * time.Millisecond
	// refresh is how often ages move on, and what only time changes is noticed.
	refresh = 10 * time.Second
	// listTimeout bounds one request for a page.
	listTimeout = 30 * time.Second
)

// Watcher shows an overview whenever something changes.
type Watcher struct {
	// Client lists and watches. Its requests must not have a deadline of their own: a watch lasts minutes.
	Client    client.WithWatch
	Selection Selection
	Clock     clock.WithTicker
	// Show is called with what is there at first, after changes, and every ten seconds. An error ends the watch.
	Show func(*Overview) error
	// Note is called when the API server can't be reached any more, and when it can again.
	Note func(string)

	inventory *inventory
	changed   chan struct{}
	tasks     sync.WaitGroup
	followed  map[types.NamespacedName]bool

	mu      sync.Mutex
	failing map[string]bool
}

// Run shows overviews until the context ends, which is no error. It uses watches, and survives what ends them: expired resource
// versions, and API servers that restart.
func (w *Watcher) Run(ctx context.Context) error {
	begin, cancel := context.WithTimeout(ctx, listTimeout*time.Duration(len(v1alpha1.AssetKinds)))
	inventory, err := collect(begin, w.Client, w.Selection)
	cancel()
	if err != nil {
		return ended(ctx, err)
	}
	w.inventory, w.changed = inventory, make(chan struct{}, 1)
	w.followed, w.failing = map[types.NamespacedName]bool{}, map[string]bool{}
	o, err := inventory.overview(w.Selection, w.Clock.Now())
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(klog.NewContext(ctx, logr.Discard())) // what client-go has to say, Note says shorter
	defer w.tasks.Wait()
	defer stop()
	for _, kind := range v1alpha1.AssetKinds {
		if !inventory.closed[kind.Name] {
			w.start(ctx, kind, w.Selection.Namespace, "")
		}
	}
	ticker := w.Clock.NewTicker(refresh)
	defer ticker.Stop()
	for {
		w.follow(ctx)
		if err := w.Show(o); err != nil {
			return err
		}
		if !w.wait(ctx, ticker) {
			return nil
		}
		o, _ = inventory.overview(w.Selection, w.Clock.Now()) // an account that was named may go meanwhile
	}
}

// ended takes an interruption for no error.
func ended(ctx context.Context, err error) error {
	if errors.Is(ctx.Err(), context.Canceled) {
		return nil
	}
	return err
}

// wait returns false when the context ends.
func (w *Watcher) wait(ctx context.Context, ticker clock.Ticker) bool {
	select {
	case <-ctx.Done():
		return false
	case <-ticker.C():
		return true
	case <-w.changed:
	}
	burst := w.Clock.NewTimer(coalesce)
	defer burst.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-burst.C():
	}
	select {
	case <-w.changed: // what came meanwhile is shown, too
	default:
	}
	return true
}

// follow watches accounts elsewhere to which something refers.
func (w *Watcher) follow(ctx context.Context) {
	account, _ := v1alpha1.AssetKindOf(v1alpha1.KindWABA)
	for _, key := range w.inventory.referenced() {
		listed := !w.inventory.closed[v1alpha1.KindWABA] && (w.Selection.Namespace == "" || w.Selection.Namespace == key.Namespace)
		if listed || w.followed[key] || !w.Selection.includes(key) || w.inventory.why(key) == reasonForbidden {
			continue
		}
		w.followed[key] = true
		w.start(ctx, account, key.Namespace, key.Name)
	}
}

// start keeps a part of the inventory up to date until the context ends.
func (w *Watcher) start(ctx context.Context, kind v1alpha1.AssetKind, namespace, name string) {
	ctx, stop := context.WithCancel(ctx)
	p := &part{AssetKind: kind, watcher: w, namespace: namespace, name: name, stop: stop}
	r := toolscache.NewReflectorWithOptions(&toolscache.ListWatch{ListWithContextFunc: p.list, WatchFuncWithContext: p.watch}, kind.New(), p,
		toolscache.ReflectorOptions{Name: p.String()})
	w.tasks.Go(func() {
		defer stop()
		r.RunWithContext(ctx)
	})
}

// result notes whether a part of the cluster can be read, and reports the first that can't and the last that can again.
func (w *Watcher) result(ctx context.Context, p *part, err error) {
	if ctx.Err() != nil || apierrors.IsResourceExpired(err) || apierrors.IsGone(err) {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	before := len(w.failing)
	if err == nil {
		if delete(w.failing, p.String()); before == 1 && len(w.failing) == 0 {
			w.Note("connected again")
		}
		return
	}
	if w.failing[p.String()] = true; before == 0 {
		w.Note(fmt.Sprintf("can't watch %s, and go on trying: %v", p, err))
	}
}
