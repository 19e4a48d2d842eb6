// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"strings"
	"time"
	"unicode/utf8"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"
)

// columnGap is what stands between two columns, as kubectl has it.
const columnGap = "   "

// cell is a text and what colours it on a terminal; the colour has no width.
type cell struct {
	text     string
	severity Severity
}

// colours of severities: ANSI's own, which each terminal shows so that they can be read.
var colours = map[Severity]string{Critical: "\x1b[1;31m", Warning: "\x1b[33m", Info: "\x1b[36m", OK: "\x1b[32m"}

const colourOff = "\x1b[0m"

// table is text in columns.
type table [][]cell

func (t *table) row(texts ...string) *table {
	cells := make([]cell, 0, len(texts))
	for _, text := range texts {
		cells = append(cells, cell{text: text})
	}
	*t = append(*t, cells)
	return t
}

// severity colours one cell of the last row.
func (t *table) severity(column int, s Severity) { (*t)[len(*t)-1][column].severity = s }

// lines are the rows with each column as wide as its widest cell. The last one has no end.
func (t *table) lines(colour bool) []string {
	var widths []int
	for _, cells := range *t {
		for i, c := range cells {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], utf8.RuneCountInString(c.text))
		}
	}
	out := make([]string, 0, len(*t))
	var line strings.Builder
	for _, cells := range *t {
		line.Reset()
		for i, c := range cells {
			text := c.text
			if colour && c.severity != "" {
				text = colours[c.severity] + text + colourOff
			}
			line.WriteString(text)
			if i < len(cells)-1 {
				line.WriteString(strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c.text)))
				line.WriteString(columnGap)
			}
		}
		out = append(out, strings.TrimRight(line.String(), " "))
	}
	return out
}

// age is how long ago a time was, as kubectl says it.
func age(t *metav1.Time, now time.Time) string {
	if t == nil || t.IsZero() {
		return ""
	}
	return duration.HumanDuration(max(0, now.Sub(t.Time)))
}

// until is how far a time lies ahead, or how long ago it was.
func until(t *metav1.Time, now time.Time) string {
	switch {
	case t == nil || t.IsZero():
		return ""
	case t.After(now):
		return "in " + duration.HumanDuration(t.Sub(now))
	}
	return age(t, now) + " ago"
}

// shortened cuts a text by runes.
func shortened(s string, limit int) string {
	if utf8.RuneCountInString(s) <= limit {
		return s
	}
	return strings.TrimRight(string([]rune(s)[:limit-1]), " ,;:") + "…"
}
