// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// row is one resource in the table.
type row struct{ resource, atMeta, category, ready, reason string }

var header = row{"RESOURCE", "AT META", "CATEGORY", "READY", "REASON"}

// screen writes for people. On a terminal it uses colours and redraws the table in its place; elsewhere it writes plain
// lines, one for each change.
type screen struct {
	out     io.Writer
	live    bool
	started time.Time
	shown   []row
	// drawn is how many lines above the cursor belong to the table; 0 once something else was written.
	drawn int
}

func newScreen(out *os.File) *screen {
	info, err := out.Stat()
	terminal := err == nil && info.Mode()&os.ModeCharDevice != 0 && os.Getenv("TERM") != "dumb" && os.Getenv("NO_COLOR") == ""
	return &screen{out: out, live: terminal, started: time.Now()}
}

// Colours, as escape sequences of terminals.
const (
	bold  = "\x1b[1m"
	red   = "\x1b[31m"
	green = "\x1b[32m"
	amber = "\x1b[33m"
	plain = "\x1b[0m"
)

func (s *screen) paint(colour, text string) string {
	if !s.live || colour == "" {
		return text
	}
	return colour + text + plain
}

func (s *screen) line(text string) {
	s.drawn = 0
	_, _ = fmt.Fprintln(s.out, text)
}

// step announces what comes next, with the seconds since the start.
func (s *screen) step(format string, args ...any) {
	s.line(s.paint(bold, s.stamp()+" "+fmt.Sprintf(format, args...)))
}

func (s *screen) stamp() string { return fmt.Sprintf("[%3.0fs]", time.Since(s.started).Seconds()) }

// say adds a line to a step.
func (s *screen) say(format string, args ...any) { s.line("       " + fmt.Sprintf(format, args...)) }

// table shows the resources if anything about them changed.
func (s *screen) table(rows []row) {
	if slices.Equal(rows, s.shown) {
		return
	}
	before := s.shown
	s.shown = slices.Clone(rows)
	if !s.live {
		for _, r := range rows {
			if !slices.Contains(before, r) {
				s.line(fmt.Sprintf("%s %s: %s, category %s, Ready=%s (%s)", s.stamp(), r.resource, r.atMeta, r.category, r.ready, r.reason))
			}
		}
		return
	}
	s.redraw(rows)
}

// redraw writes the table over the last one.
func (s *screen) redraw(rows []row) {
	if s.drawn > 0 {
		_, _ = fmt.Fprintf(s.out, "\x1b[%dA\x1b[J", s.drawn)
	}
	lines := layout(append([]row{header}, rows...))
	for i, line := range lines {
		colour := bold
		if i > 0 {
			colour = colourOf(rows[i-1])
		}
		_, _ = fmt.Fprintln(s.out, "  "+s.paint(colour, line))
	}
	s.drawn = len(lines)
}

// settled writes the table once more in full where only changes were written so far.
func (s *screen) settled(rows []row) {
	if s.live {
		return
	}
	for _, line := range layout(append([]row{header}, rows...)) {
		s.line("  " + line)
	}
}

func colourOf(r row) string {
	switch {
	case r.ready == "True":
		return green
	case r.reason == "Rejected":
		return red
	}
	return amber
}

func layout(rows []row) []string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, r := range rows {
		_, _ = fmt.Fprintln(w, strings.Join([]string{r.resource, r.atMeta, r.category, r.ready, r.reason}, "\t"))
	}
	_ = w.Flush() // a strings.Builder takes everything
	return strings.Split(strings.TrimRight(b.String(), "\n"), "\n")
}
