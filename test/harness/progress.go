// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"
)

// objectID is the identity of an object: its resource, such as "messagetemplates", and its name.
type objectID struct {
	resource string
	types.NamespacedName
}

// version is the state of an object after a write, or as an event handler has seen it.
type version struct {
	revision uint64
	gone     bool
	labels   labels.Set
}

// writes are the newest versions that the world's writers left in the API server: operators, and the test by way of World.Client.
type writes struct {
	mu        sync.Mutex
	versions  map[objectID]version
	operators []*progress
}

// progress is what one process of the operator has to do and has done. It is done when its queues are empty, nothing is being
// reconciled, and each of its event handlers has handled what was written last to each object. There is no gap between these:
// a handler queues before its event counts as handled, a reconciler writes before its item counts as done, and a write counts
// before its writer knows the answer.
type progress struct {
	*writes

	clock *Clock
	// controllers is how many queues there are when the process has started.
	controllers int
	queues      []*queue
	open        map[*queue]map[reconcile.Request]int
	// working are the queues whose first worker has asked for work. Their initial events are queued by then.
	working  map[*queue]bool
	handlers []*handler
	// away is how much goes on outside of the controllers' runs.
	away int
	// cut: the API server is away, so that nothing written arrives.
	cut bool
	// left: the process was stopped or killed. It finishes what it has begun, and begins nothing.
	left    bool
	changed chan struct{}
}

// join begins to follow a process.
func (w *writes) join(c *Clock, controllers int) *progress {
	p := &progress{
		writes: w, clock: c, controllers: controllers, open: map[*queue]map[reconcile.Request]int{}, working: map[*queue]bool{},
		changed: make(chan struct{}, 1),
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.operators = append(w.operators, p)
	return p
}

// leave ends that: the process ended or was killed.
func (w *writes) leave(p *progress) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.operators = slices.DeleteFunc(w.operators, func(other *progress) bool { return other == p })
	p.left = true
	p.signal()
}

// wrote notes the version that a write left.
func (w *writes) wrote(o objectID, v version) {
	w.mu.Lock()
	defer w.mu.Unlock()
	known, ok := w.versions[o]
	if ok && v.revision < known.revision {
		if !v.gone || v.revision > 0 {
			return // the answer to an earlier write came later
		}
		v.revision = known.revision // the answer to a deletion names no version
	}
	w.versions[o] = v
	for _, p := range w.operators {
		for _, h := range p.handlers {
			h.judge(o)
		}
		p.signal()
	}
}

func (p *progress) signal() {
	select {
	case p.changed <- struct{}{}:
	default:
	}
}

func (p *progress) addQueue(q *queue) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.queues = append(p.queues, q)
	p.open[q] = map[reconcile.Request]int{}
	p.signal()
}

func (p *progress) begun(q *queue, item reconcile.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.open[q][item]++
}

func (p *progress) done(q *queue, item reconcile.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open[q][item]--; p.open[q][item] == 0 {
		delete(p.open[q], item)
	}
	p.signal()
}

// background runs what outlives a run, such as the download of a file.
func (p *progress) background(f func()) {
	p.mu.Lock()
	p.away++
	p.mu.Unlock()
	go func() {
		defer func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.away--
			p.signal()
		}()
		f()
	}()
}

func (p *progress) workers(q *queue) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.working[q] = true
	p.signal()
}

func (p *progress) setCut(away bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = away
	p.signal()
}

// release queues what is due by now.
func (p *progress) release() {
	for _, q := range p.list() {
		q.release()
	}
}

// next is when something is due: the first delay of a queue.
func (p *progress) next() (first time.Time, ok bool) {
	if p.ended() {
		return first, false
	}
	for _, q := range p.list() {
		if due, waits := q.next(); waits && (!ok || due.Before(first)) {
			first, ok = due, true
		}
	}
	return first, ok
}

func (p *progress) ended() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.left
}

func (p *progress) list() []*queue {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.queues)
}

// wait waits until nothing is left to do. An error names what is.
func (p *progress) wait(ctx context.Context) error {
	for {
		rest := p.remaining()
		if len(rest) == 0 {
			return nil
		}
		select {
		case <-p.changed:
		case <-ctx.Done():
			const shown = 30
			return fmt.Errorf("%d left:\n%s", len(rest), strings.Join(rest[:min(len(rest), shown)], "\n"))
		}
	}
}

// remaining names what is left to do.
func (p *progress) remaining() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var out []string
	if n := p.controllers - len(p.queues); n > 0 && !p.left {
		out = append(out, fmt.Sprintf("%d controllers haven't started", n))
	}
	for _, q := range p.queues {
		if !p.working[q] && !p.left {
			out = append(out, "controller "+q.name+" has no workers yet")
		}
		if !p.working[q] && p.left {
			continue
		}
		for item := range p.open[q] {
			out = append(out, "controller "+q.name+" reconciles, or has queued, "+item.String())
		}
	}
	if p.away > 0 {
		out = append(out, fmt.Sprintf("%d files are being fetched", p.away))
	}
	if p.cut || p.left {
		return out
	}
	for _, h := range p.handlers {
		for o, want := range h.behind {
			out = append(out, fmt.Sprintf("an event handler of %s hasn't seen %s at %d (gone: %t); it saw %+v", o.resource, o.NamespacedName,
				want.revision, want.gone, h.seen[o]))
		}
	}
	slices.SortFunc(out, cmp.Compare)
	return out
}
