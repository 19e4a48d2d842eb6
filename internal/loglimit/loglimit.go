// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package loglimit keeps failures that repeat with every request from filling the log.
package loglimit

import (
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/deadline"
)

// Period is the time between two lines about one operation.
const Period = time.Minute

// Failures logs failures, each operation at most once in a period. Operations are constants of the program: what is counted for
// them is never freed.
type Failures struct {
	log   logr.Logger
	clock clock.PassiveClock

	mu   sync.Mutex
	last map[string]entry
}

type entry struct {
	at      time.Time
	dropped int
}

// New returns Failures that log to a logger.
func New(log logr.Logger, c clock.PassiveClock) *Failures {
	return &Failures{log: log, clock: c, last: map[string]entry{}}
}

// Report logs a failure, or counts it for the next line about the operation.
func (f *Failures) Report(operation string, err error, values ...any) {
	dropped, ok := f.next(operation)
	if ok {
		f.log.Error(err, "Step failed", append([]any{"operation", operation, "unreported", dropped}, values...)...)
	}
}

func (f *Failures) next(operation string) (dropped int, ok bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	now := f.clock.Now()
	e, known := f.last[operation]
	if known && deadline.Within(e.at, now, Period) {
		e.dropped++
		f.last[operation] = e
		return 0, false
	}
	f.last[operation] = entry{at: now}
	return e.dropped, true
}
