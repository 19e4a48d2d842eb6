// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"testing"
	"time"

	testclock "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// screens passes on what is drawn.
type screens chan string

func (s screens) Write(p []byte) (int, error) {
	s <- string(p)
	return len(p), nil
}

// TestProgress: on a terminal, what takes longer than two seconds is shown until it ends.
func TestProgress(t *testing.T) {
	clock, drawn := testclock.NewFakeClock(time.Unix(0, 0)), make(screens, 10)
	p := &progress{Streams: Streams{Err: drawn, ErrTerminal: true, Clock: clock}}
	p.begin("reading the account")
	clock.Step(progressDelay)
	if got, want := <-drawn, "\r\x1b[Kreading the account, 2s"; got != want {
		t.Errorf("after two seconds: %q, want %q", got, want)
	}
	p.call(graph.CallInfo{})
	clock.Step(progressPeriod)
	if got, want := <-drawn, "\r\x1b[Kreading the account: 1 call to Meta, 3s"; got != want {
		t.Errorf("a call: %q, want %q", got, want)
	}
	p.begin("template 2 of 7")
	p.call(graph.CallInfo{})
	clock.Step(progressPeriod)
	if got, want := <-drawn, "\r\x1b[Ktemplate 2 of 7: 2 calls to Meta, 4s"; got != want {
		t.Errorf("another step: %q, want %q", got, want)
	}
	p.say("note: %s", "a\x1b[2Jb")
	if got := <-drawn + <-drawn; got != "\r\x1b[Knote: a [2Jb\n" {
		t.Errorf("a message: %q", got)
	}
	p.end()
	p.end()
	clock.Step(time.Minute)
	if len(drawn) > 0 {
		t.Errorf("after the end: %q", <-drawn)
	}
}

// TestProgressIsSilent: a command that is done at once shows nothing, and nothing is shown where there is no terminal.
func TestProgressIsSilent(t *testing.T) {
	for name, terminal := range map[string]bool{"a terminal": true, "a file": false} {
		clock, out := testclock.NewFakeClock(time.Unix(0, 0)), &bytes.Buffer{}
		p := &progress{Streams: Streams{Err: out, ErrTerminal: terminal, Clock: clock}}
		p.begin("reading the account")
		clock.Step(time.Second)
		if !terminal {
			clock.Step(time.Minute)
		}
		p.end()
		if out.Len() > 0 {
			t.Errorf("%s: %q", name, out.String())
		}
	}
}

// TestFormatAliases: md is markdown.
func TestFormatAliases(t *testing.T) {
	formats := map[string]int{"json": 1, "markdown": 2}
	for name, want := range map[string]int{"json": 1, "markdown": 2, "md": 2} {
		if got, err := formatOf(name, formats); got != want || err != nil {
			t.Errorf("%s: %d, %v", name, got, err)
		}
	}
	if _, err := formatOf("xml", formats); err == nil || err.Error() != `unknown format "xml": use one of json, markdown` {
		t.Error(err)
	}
	if _, err := formatOf("md", map[string]int{"json": 1}); err == nil || err.Error() != `unknown format "md": use one of json` {
		t.Error(err)
	}
}

func TestReflow(t *testing.T) {
	const text = "One line\nthat is long.\n\n  A  list\n  of two\nAnd more."
	if got, want := reflow(text, 12), "One line\nthat is\nlong.\n\n  A  list\n  of two\nAnd more."; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
