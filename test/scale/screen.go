// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// screen says on stderr what goes on.
type screen struct {
	out   io.Writer
	begin time.Time

	mu    sync.Mutex
	phase string
	since time.Time
}

func newScreen(out io.Writer) *screen {
	now := time.Now()
	return &screen{out: out, begin: now, since: now}
}

// enter begins a phase.
func (s *screen) enter(phase string) {
	s.mu.Lock()
	s.phase, s.since = phase, time.Now()
	s.mu.Unlock()
	s.say("begins")
}

// say prints a line with the time since the start of the run, and of the phase.
func (s *screen) say(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := time.Now()
	_, _ = fmt.Fprintf(s.out, "%6.1fs  %-18s %5.1fs  %s\n", now.Sub(s.begin).Seconds(), s.phase, now.Sub(s.since).Seconds(), fmt.Sprintf(format, args...))
}
