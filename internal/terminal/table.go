// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"maps"
	"slices"
	"strings"
)

// Colour is a foreground colour of a terminal's own palette, which each terminal shows so that it can be read; "" for none.
type Colour string

// Colours.
const (
	Red     Colour = "31"
	BoldRed Colour = "1;31"
	Green   Colour = "32"
	Yellow  Colour = "33"
	Cyan    Colour = "36"
)

// Paint colours a text.
func (c Colour) Paint(s string) string {
	if c == "" || s == "" {
		return s
	}
	return "\x1b[" + string(c) + "m" + s + "\x1b[0m"
}

// columnGap stands between two columns, as in kubectl's tables.
const columnGap = "   "

// Cell is a text and its colour, which has no width.
type Cell struct {
	Text   string
	Colour Colour
}

// Table is text in columns.
type Table struct {
	rows [][]Cell
	// heading reports that the first row has the names of the columns.
	heading bool
}

// Heading begins a table with the names of its columns. A column in which nothing else stands isn't written.
func (t *Table) Heading(names ...string) {
	t.heading = true
	t.Row(names...)
}

// Row adds a row. Its texts are written without control characters.
func (t *Table) Row(texts ...string) *Table {
	cells := make([]Cell, 0, len(texts))
	for _, text := range texts {
		cells = append(cells, Cell{Text: Plain(text)})
	}
	t.rows = append(t.rows, cells)
	return t
}

// Colour colours one cell of the last row.
func (t *Table) Colour(column int, c Colour) { t.rows[len(t.rows)-1][column].Colour = c }

// Style says how a table is written.
type Style struct {
	// Colour is for terminals.
	Colour bool
	// Width is that of the terminal; 0 is any. The last column is cut to what is left for it, but not below LastWidth.
	Width, LastWidth int
	// Optional are the columns that are left out, one after the other, while less than LastWidth is left for the last one.
	Optional []int
	// Elastic are the columns that are then cut, but not below LastWidth.
	Elastic []int
	// NoHeadings leaves out the names of the columns.
	NoHeadings bool
}

// Lines are the rows, with each column as wide as its widest cell.
func (t *Table) Lines(s Style) []string {
	rows := t.rows
	if s.NoHeadings && t.heading {
		rows = rows[1:]
	}
	shown, widths := t.columns(), widthsOf(rows)
	left := func() int {
		left := s.Width
		for _, i := range shown[:max(0, len(shown)-1)] {
			left -= widths[i] + len(columnGap)
		}
		return left
	}
	for _, i := range s.Optional {
		if s.Width > 0 && len(shown) > 1 && left() < min(s.LastWidth, widths[shown[len(shown)-1]]) {
			shown = slices.DeleteFunc(shown, func(column int) bool { return column == i })
		}
	}
	for _, i := range s.Elastic {
		if lack := s.LastWidth - left(); s.Width > 0 && lack > 0 && slices.Contains(shown, i) {
			widths[i] = min(widths[i], max(widths[i]-lack, s.LastWidth))
		}
	}
	limit := 0
	if s.Width > 0 {
		limit = max(left(), s.LastWidth)
	}
	out := make([]string, 0, len(rows))
	for _, cells := range rows {
		out = append(out, line(cells, shown, widths, limit, s.Colour))
	}
	return out
}

// line is one row, cut to the widths; the last column is cut to the limit, where that isn't 0.
func line(cells []Cell, shown []int, widths map[int]int, limit int, colour bool) string {
	var out strings.Builder
	for n, i := range shown {
		if i >= len(cells) {
			break
		}
		c, width := cells[i], widths[i]
		if n == len(shown)-1 && limit > 0 {
			width = limit
		}
		c.Text = Cut(c.Text, width)
		if colour {
			out.WriteString(c.Colour.Paint(c.Text))
		} else {
			out.WriteString(c.Text)
		}
		if n < len(shown)-1 {
			out.WriteString(strings.Repeat(" ", width-Width(c.Text)) + columnGap)
		}
	}
	return strings.TrimRight(out.String(), " ")
}

func widthsOf(rows [][]Cell) map[int]int {
	widths := map[int]int{}
	for _, cells := range rows {
		for i, c := range cells {
			widths[i] = max(widths[i], Width(c.Text))
		}
	}
	return widths
}

// columns are those with a text below their name.
func (t *Table) columns() []int {
	filled := map[int]bool{}
	for n, cells := range t.rows {
		for i, c := range cells {
			if c.Text != "" && (n > 0 || !t.heading || len(t.rows) == 1) {
				filled[i] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(filled))
}
