// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"strings"

	"github.com/waba-operator/waba-operator/internal/terminal"
)

// label is the field, of a button with its type.
func (c *Change) label() string {
	if c.ButtonType == "" {
		return terminal.Plain(c.Field)
	}
	return terminal.Plain(c.Field + " (" + c.ButtonType + ")")
}

// none stands for a value that isn't there.
const none = "none"

func quoted(value *string) string {
	if value == nil {
		return none
	}
	return terminal.Quote(*value)
}

// new is the new value in one line, the elements of a list side by side.
func (c *Change) new() string {
	lines := strings.Split(*c.New, "\n")
	for i := range lines {
		lines[i] = terminal.Quote(lines[i])
	}
	return strings.Join(lines, " ")
}

func (c *Change) sideBySide() string {
	return c.label() + ": " + quoted(c.Old) + " → " + quoted(c.New)
}

// lines are the lines of both values, none where each has one line at most.
func (c *Change) lines() []string {
	var out []string
	for _, value := range []*string{c.Old, c.New} {
		if value != nil && strings.Contains(*value, "\n") {
			out = append(out, strings.Split(*value, "\n")...)
		}
	}
	return out
}

// diff are the lines of both values: behind "- " those that only Meta has, behind "+ " those that only the manifest has, behind two
// blanks those of both.
func (c *Change) diff() []string {
	before, after := linesOf(c.Old), linesOf(c.New)
	// common[i][j] is how many lines before[i:] and after[j:] have in common.
	common := make([][]int, len(before)+1)
	common[len(before)] = make([]int, len(after)+1)
	for i := len(before) - 1; i >= 0; i-- {
		common[i] = make([]int, len(after)+1)
		for j := len(after) - 1; j >= 0; j-- {
			if before[i] == after[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var out []string
	i, j := 0, 0
	for i < len(before) || j < len(after) {
		switch {
		case i < len(before) && j < len(after) && before[i] == after[j]:
			out = append(out, "  "+before[i])
			i, j = i+1, j+1
		case i < len(before) && (j == len(after) || common[i+1][j] >= common[i][j+1]):
			out = append(out, "- "+before[i])
			i++
		default:
			out = append(out, "+ "+after[j])
			j++
		}
	}
	return out
}

// linesOf are the lines of a value, without control characters.
func linesOf(value *string) []string {
	if value == nil {
		return nil
	}
	lines := strings.Split(*value, "\n")
	for i := range lines {
		lines[i] = terminal.Escape(lines[i])
	}
	return lines
}
