// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package terminal formats text for terminals: how wide it is, where it is cut, and which characters of foreign texts a terminal
// must not get.
package terminal

import (
	"fmt"
	"strings"

	"github.com/clipperhouse/displaywidth"
)

// ellipsis stands for what was cut off.
const ellipsis = "…"

// control reports that a character moves the cursor, changes colours, or changes the direction of the text that follows.
func control(r rune) bool {
	return r < ' ' || r >= 0x7f && r < 0xa0 || r == '\u2028' || r == '\u2029' || r >= '\u202a' && r <= '\u202e' || r >= '\u2066' && r <= '\u2069'
}

// Plain is a text in one line: line breaks, control characters and runs of blanks become one blank.
func Plain(s string) string {
	clean := strings.Map(func(r rune) rune {
		if control(r) {
			return ' '
		}
		return r
	}, s)
	return strings.Join(strings.Fields(clean), " ")
}

// Escape shows control characters, line breaks included, as escapes such as \u001b.
func Escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case control(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// quotes escapes what a quoted text can't contain.
var quotes = strings.NewReplacer(`\`, `\\`, `"`, `\"`)

// Quote is a text between quotation marks, with control characters as escapes.
func Quote(s string) string { return `"` + Escape(quotes.Replace(s)) + `"` }

// Width is how many columns a text takes. East Asian characters and emoji take two, combining characters none.
func Width(s string) int { return displaywidth.String(s) }

// Cut is a text of at most that width; an ellipsis stands for what is cut off.
func Cut(s string, width int) string {
	if Width(s) <= width {
		return s
	}
	if width < 1 {
		return ""
	}
	return strings.TrimRight(displaywidth.TruncateString(s, width-1, ""), " ,;:") + ellipsis
}

// Wrap breaks a text at blanks into lines of at most that width; a longer word stays whole. 0 is any width.
func Wrap(s string, width int) []string {
	if width <= 0 || Width(s) <= width {
		return []string{s}
	}
	var lines []string
	line, used := "", 0
	for word := range strings.SplitSeq(s, " ") {
		w := Width(word)
		switch {
		case line == "":
			line, used = word, w
		case used+1+w > width:
			lines = append(lines, line)
			line, used = word, w
		default:
			line, used = line+" "+word, used+1+w
		}
	}
	return append(lines, line)
}
