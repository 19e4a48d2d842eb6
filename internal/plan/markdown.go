// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"fmt"
	"io"
	"strings"

	"github.com/waba-operator/waba-operator/internal/terminal"
)

// commentLimit is how long the part of a comment with the values may get: GitHub takes 65,536 characters in all.
const commentLimit = 48 << 10

// cells keep texts that others wrote from being markup, mentions, or borders of cells.
var cells = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", "|", "\\|", "`", "\\`", "*", "\\*", "_", "\\_", "[", "\\[", "]", "\\]", "@", "&#64;", "#", "&#35;")

func cell(text string) string { return cells.Replace(terminal.Plain(text)) }

// writeMarkdown writes what fits into a comment on a pull request: a table of the resources, and the values as diffs.
func writeMarkdown(w io.Writer, p *Plan, s Style) error {
	var b, values strings.Builder
	fmt.Fprintf(&b, "**Plan for Meta:** %s.\n", p.Summary)
	left := 0
	table := func(title string, resources []Resource) {
		wrote := false
		for i := range resources {
			r := &resources[i]
			if !s.shown(r) {
				continue
			}
			if !wrote {
				wrote = true
				fmt.Fprintf(&b, "\n#### %s\n\n| | Resource | What |\n|---|---|---|\n", cell(title))
			}
			fmt.Fprintf(&b, "| `%s` %s | %s | %s |\n", signs[r.Action].sign, r.verb(), cell(r.title()), summaries(r))
			if block := valuesOf(r); values.Len()+len(block) > commentLimit {
				left++
			} else {
				values.WriteString(block)
			}
		}
	}
	for i := range p.Accounts {
		table(p.Accounts[i].title(), p.Accounts[i].Resources)
	}
	table("Manifests that can't be planned", p.Invalid)
	if values.Len() > 0 {
		b.WriteString("\n<details><summary>Values: - at Meta, + in the manifests</summary>\n" + values.String() + "\n</details>\n")
	}
	if left > 0 {
		fmt.Fprintf(&b, "\nThe values of %s aren't shown, because the comment would get too long.\n", count(left, "resource"))
	}
	if len(p.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "> %s.\n", cell(note))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// summaries name what would happen with a resource, and the fields.
func summaries(r *Resource) string {
	var out []string
	for _, d := range r.details() {
		text := cell(d.text)
		if len(d.changes) > 0 && !d.isNew {
			fields := make([]string, 0, len(d.changes))
			for _, c := range d.changes {
				fields = append(fields, cell(c.label()))
			}
			text += ": " + strings.Join(fields, ", ")
		}
		out = append(out, text)
	}
	return strings.Join(out, "<br>")
}

// valuesOf are the values of a resource as a diff, "" where there are none.
func valuesOf(r *Resource) string {
	var lines []string
	for _, d := range r.details() {
		for _, c := range d.changes {
			if c.Old == nil && c.New == nil {
				continue
			}
			if lines = append(lines, "@@ "+c.label()+" @@"); d.isNew {
				lines = append(lines, "+ "+terminal.Cut(c.new(), shortValues))
			} else {
				lines = append(lines, c.diff()...)
			}
		}
	}
	if len(lines) == 0 {
		return ""
	}
	text := strings.Join(lines, "\n")
	fence := "```"
	for strings.Contains(text, fence) {
		fence += "`"
	}
	return fmt.Sprintf("\n%s\n\n%sdiff\n%s\n%s\n", cell(r.title()), fence, text, fence)
}
