// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// number writes a value with about three digits, and integers as they are.
func number(v float64) string {
	switch {
	case math.IsNaN(v):
		return "–"
	case v == math.Trunc(v) || math.Abs(v) >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case math.Abs(v) >= 10:
		return strconv.FormatFloat(v, 'f', 1, 64)
	case math.Abs(v) >= 0.1:
		return strconv.FormatFloat(v, 'f', 2, 64)
	}
	return strconv.FormatFloat(v, 'g', 2, 64)
}

var columns = []string{
	"phase", "s", "Graph", "of one", "reads", "writes", "events", "CPU s", "RSS MB", "peak MB", "heap MB", "queue", "wait p50", "wait p99",
}

func (r *row) cells() []string {
	out := []string{r.Phase}
	for _, v := range []float64{
		r.Seconds, float64(r.graphTotal()), float64(r.MostCalls), r.APIReads, r.APIWrites, r.Events, r.CPUSeconds, r.Memory.Now, r.Memory.Peak,
		r.HeapMB, r.QueueDepth, float64(r.QueueSeconds.P50), float64(r.QueueSeconds.P99),
	} {
		out = append(out, number(v))
	}
	return out
}

// render is all that a run prints: the phases, the floors, the values of each phase, and the ranges.
func render(r *result) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d accounts with %d templates and %d numbers each, observed every %s s, on %d CPUs\n\n",
		r.Accounts, r.Templates, r.Numbers, number(r.Period), r.CPUs)
	rows := [][]string{columns}
	for _, p := range r.Phases {
		rows = append(rows, p.cells())
	}
	b.WriteString(align(rows))
	fmt.Fprintf(&b, "\nFloors: the API server alone takes %s status writes a second, one at %d a second takes %s ms (p50), %s ms (p99).\n",
		number(r.Writes.WritesPerSecond), floorRate, number(1000*float64(r.Writes.P50)), number(1000*float64(r.Writes.P99)))
	fmt.Fprintf(&b, "A bare client lists everything in %s s; it has %s MB in memory, %s at its peak, of that %s of heap after a collection.\n\n",
		number(r.Bare.ListSeconds), number(r.Bare.Now), number(r.Bare.Peak), number(r.Bare.HeapMB))
	rows = [][]string{{"phase", "value", "is"}}
	for _, p := range r.Phases {
		for _, name := range slices.Sorted(maps.Keys(p.Values)) {
			rows = append(rows, []string{p.Phase, name, number(float64(p.Values[name]))})
		}
	}
	b.WriteString(align(rows))
	b.WriteString("\n")
	rows = [][]string{{"", "phase", "value", "is", "allowed"}}
	for _, v := range r.Compared {
		rows = append(rows, []string{v.mark(), v.Phase, v.Value, number(float64(v.Is)), v.allowed()})
	}
	b.WriteString(align(rows))
	for _, v := range r.Compared {
		if !v.OK && v.Known != "" {
			fmt.Fprintf(&b, "known: %s of %s: %s\n", v.Value, v.Phase, v.Known)
		}
	}
	return b.String()
}

func (v *comparison) mark() string {
	switch {
	case v.OK:
		return "ok"
	case v.Known != "":
		return "known"
	}
	return "FAIL"
}

// align pads the cells of each column: the first columns that hold words to the right, numbers to the left.
func align(rows [][]string) string {
	widths := map[int]int{}
	for _, cells := range rows {
		for i, c := range cells {
			widths[i] = max(widths[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for _, cells := range rows {
		var line strings.Builder
		for i, c := range cells {
			padding := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(c))
			if numeric(rows, i) {
				line.WriteString(padding + c + "  ")
			} else {
				line.WriteString(c + padding + "  ")
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return b.String()
}

// numeric reports that all cells of a column below its head are numbers, or none.
func numeric(rows [][]string, column int) bool {
	for _, cells := range rows[1:] {
		if _, err := strconv.ParseFloat(cells[column], 64); err != nil && cells[column] != "–" {
			return false
		}
	}
	return len(rows) > 1
}
