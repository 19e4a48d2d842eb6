// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/terminal"
)

const (
	// progressDelay is how long a command is silent: most are done before.
	progressDelay = 2 * time.Second
	// progressPeriod is how often the line is drawn anew.
	progressPeriod = time.Second
	// clearLine moves to the beginning of the line and empties it.
	clearLine = "\r\x1b[K"
)

// progress writes messages to the standard error. While a step of a command runs, it also shows there, on a terminal, what is done,
// how many calls to Meta were made, and for how long.
type progress struct {
	Streams

	calls atomic.Int64
	mu    sync.Mutex
	// step is what is done, "" between steps; begun is when it began.
	step  string
	begun time.Time
	// drawn reports that the line is on the screen.
	drawn bool
	// stop ends the drawing, and returns when it has ended.
	stop func()
}

// say writes a line.
func (p *progress) say(format string, args ...any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	_, _ = fmt.Fprintln(p.Err, terminal.Plain(fmt.Sprintf(format, args...)))
}

// call is called after every call to Meta.
func (p *progress) call(graph.CallInfo) { p.calls.Add(1) }

// begin begins a step, or names another one. Callers end it.
func (p *progress) begin(step string) {
	if !p.ErrTerminal {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.step = step; p.stop != nil {
		return
	}
	p.begun = p.clock().Now()
	ticker, done, ended := p.clock().NewTicker(progressPeriod), make(chan struct{}), make(chan struct{})
	p.stop = func() {
		ticker.Stop()
		close(done)
		<-ended
	}
	go func() {
		defer close(ended)
		for {
			select {
			case <-done:
				return
			case <-ticker.C():
				p.draw()
			}
		}
	}()
}

// end ends what begin began.
func (p *progress) end() {
	p.mu.Lock()
	stop := p.stop
	p.stop, p.step = nil, ""
	p.mu.Unlock()
	if stop == nil {
		return
	}
	stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	elapsed := p.clock().Since(p.begun)
	if p.step == "" || elapsed < progressDelay {
		return
	}
	line := p.step
	switch n := p.calls.Load(); {
	case n == 1:
		line += ": 1 call to Meta"
	case n > 1:
		line += fmt.Sprintf(": %d calls to Meta", n)
	}
	p.drawn = true
	_, _ = fmt.Fprintf(p.Err, "%s%s, %s", clearLine, line, elapsed.Truncate(time.Second))
}

func (p *progress) clear() {
	if p.drawn {
		p.drawn = false
		_, _ = fmt.Fprint(p.Err, clearLine)
	}
}
