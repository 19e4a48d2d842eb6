// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"sync"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// expectations are what shall show in the status of templates, by the name of the resource.
type expectations struct {
	mu      sync.Mutex
	waiting map[string]expectation
	delays  []float64
	total   int
	last    time.Time
}

type expectation struct {
	since time.Time
	holds func(*view) bool
}

func newExpectations() *expectations { return &expectations{waiting: map[string]expectation{}} }

// expect begins to wait for something. Of one template only one thing is expected at a time.
func (e *expectations) expect(name string, since time.Time, holds func(*view) bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.waiting[name] = expectation{since: since, holds: holds}
	e.total++
}

// see is for the watch.
func (e *expectations) see(v *view, at time.Time) {
	if v.kind != v1alpha1.KindMessageTemplate {
		return
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	x, found := e.waiting[v.Name]
	if !found || !x.holds(v) {
		return
	}
	delete(e.waiting, v.Name)
	e.delays = append(e.delays, at.Sub(x.since).Seconds())
	e.last = at
}

func (e *expectations) progress() progress {
	e.mu.Lock()
	defer e.mu.Unlock()
	return progress{done: e.total - len(e.waiting), total: e.total}
}

// seen are the times from each expectation until it came true, and when the last one did.
func (e *expectations) seen() (quantiles, time.Time) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return quantilesOf(e.delays), e.last
}

// onePercent is how much of everything changes in one phase, within limits.
func onePercent(total, least, most int) int {
	return max(least, min(most, int(math.Round(float64(total)/100))))
}
