// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"
)

// Style says how a report is formatted.
type Style struct {
	// All: resources with which nothing would happen are named, too.
	All bool
	// Colour is for terminals.
	Colour bool
}

// Formats are the formats of a report.
var Formats = map[string]func(io.Writer, *Plan, Style) error{
	"text":     writeText,
	"json":     writeJSON,
	"markdown": writeMarkdown,
}

// signs stand in front of what would happen, with the colour in which they do.
var signs = map[Action]struct{ sign, colour string }{
	Create: {"+", "32"}, Edit: {"~", "33"}, Adopt: {"=", "36"}, Nothing: {"=", ""}, Blocked: {"!", "31"}, Invalid: {"✗", "31"}, Failed: {"?", "31"},
}

func writeJSON(w io.Writer, p *Plan, _ Style) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(p)
}

// shown reports whether a report names the resource.
func (s Style) shown(r *Resource) bool {
	if r.repeated {
		return s.All
	}
	return s.All || r.Action != Nothing || len(r.Drift)+len(r.UnknownProperties) > 0
}

func (s Style) paint(a Action, text string) string {
	if colour := signs[a].colour; s.Colour && colour != "" {
		return "\x1b[" + colour + "m" + text + "\x1b[0m"
	}
	return text
}

// details says, line by line, what would happen with a resource.
func (r *Resource) details() []string {
	var out []string
	for _, w := range r.Writes {
		line := w.Call
		if len(w.Fields) > 0 {
			line += ": " + strings.Join(w.Fields, ", ")
		}
		out = append(out, line)
	}
	if r.Message != "" {
		line := r.Message
		if r.Reason != "" && r.Action != Invalid {
			line = r.Reason + ": " + line
		}
		if len(r.Writes) > 0 {
			line = "but " + line
		}
		if r.NotBefore != nil {
			line += "; not before " + r.NotBefore.Format(time.RFC3339)
		}
		out = append(out, line)
	}
	if r.alike > 0 {
		out = append(out, "the same for "+count(r.alike, "more resource")+" of the account")
	}
	if len(r.Drift) > 0 && !strings.Contains(r.Message, strings.Join(r.Drift, ", ")) {
		out = append(out, "differs at Meta and is left alone: "+strings.Join(r.Drift, ", "))
	}
	if unknown := strings.Join(r.UnknownProperties, ", "); unknown != "" && !strings.Contains(r.Message, unknown) {
		out = append(out, "has at Meta what this version doesn't know: "+unknown)
	}
	return out
}

// verb is what would happen with a resource.
func (r *Resource) verb() string {
	if r.Adopts && r.Action != Adopt {
		return "adopt and " + string(r.Action)
	}
	return string(r.Action)
}

func (a *Account) title() string {
	if a.ID == "" {
		return "WABA " + a.WABA + " (there is no such resource)"
	}
	return "WABA " + a.WABA + ", account " + a.ID
}

func (s Summary) String() string {
	parts := []string{
		fmt.Sprintf("%d to create", s.Create), fmt.Sprintf("%d to edit", s.Edit), fmt.Sprintf("%d to adopt", s.Adopt),
		fmt.Sprintf("%d blocked", s.Blocked), fmt.Sprintf("%d unchanged", s.Unchanged),
	}
	if s.Invalid > 0 {
		parts = append(parts, fmt.Sprintf("%d invalid", s.Invalid))
	}
	if s.Failed > 0 {
		parts = append(parts, fmt.Sprintf("%d failed", s.Failed))
	}
	return strings.Join(parts, ", ")
}

func writeText(w io.Writer, p *Plan, s Style) error {
	var b strings.Builder
	list := func(title string, resources []Resource) {
		wrote := false
		for i := range resources {
			r := &resources[i]
			if !s.shown(r) {
				continue
			}
			if !wrote {
				wrote = true
				fmt.Fprintf(&b, "%s\n", title)
			}
			fmt.Fprintf(&b, "  %s %s\n", s.paint(r.Action, signs[r.Action].sign+" "+r.verb()), strings.TrimSpace(r.title()))
			for _, line := range r.details() {
				fmt.Fprintf(&b, "      %s\n", line)
			}
		}
		if wrote {
			b.WriteString("\n")
		}
	}
	for i := range p.Accounts {
		list(p.Accounts[i].title(), p.Accounts[i].Resources)
	}
	list("Manifests that can't be planned", p.Invalid)
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "Note: %s.\n", note)
	}
	fmt.Fprintf(&b, "Plan: %s.\n", p.Summary)
	_, err := io.WriteString(w, b.String())
	return err
}

// cell is text in a table of Markdown.
var cell = strings.NewReplacer("|", "\\|", "\n", " ", "<", "&lt;", ">", "&gt;")

// writeMarkdown writes what fits into a comment on a pull request.
func writeMarkdown(w io.Writer, p *Plan, s Style) error {
	var b strings.Builder
	fmt.Fprintf(&b, "**Plan for Meta:** %s.\n", p.Summary)
	table := func(title string, resources []Resource) {
		wrote := false
		for i := range resources {
			r := &resources[i]
			if !s.shown(r) {
				continue
			}
			if !wrote {
				wrote = true
				fmt.Fprintf(&b, "\n#### %s\n\n| | Resource | What |\n|---|---|---|\n", cell.Replace(title))
			}
			details := r.details()
			for i := range details {
				details[i] = cell.Replace(details[i])
			}
			fmt.Fprintf(&b, "| `%s` %s | %s | %s |\n", signs[r.Action].sign, r.verb(), cell.Replace(strings.TrimSpace(r.title())), strings.Join(details, "<br>"))
		}
	}
	for i := range p.Accounts {
		table(p.Accounts[i].title(), p.Accounts[i].Resources)
	}
	table("Manifests that can't be planned", p.Invalid)
	if len(p.Notes) > 0 {
		b.WriteString("\n")
	}
	for _, note := range p.Notes {
		fmt.Fprintf(&b, "> %s.\n", cell.Replace(note))
	}
	_, err := io.WriteString(w, b.String())
	return err
}
