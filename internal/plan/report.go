// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"cmp"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/output"
	"github.com/waba-operator/waba-operator/internal/terminal"
)

// Style says how a report is formatted.
type Style struct {
	// All: resources with which nothing would happen are named, too.
	All bool
	// Colour is for terminals.
	Colour bool
	// Width is that of the terminal; 0 is any.
	Width int
}

// Formats are the formats of a report.
var Formats = map[string]func(io.Writer, *Plan, Style) error{
	"text":     writeText,
	"json":     func(w io.Writer, p *Plan, _ Style) error { return output.JSON(w, p) },
	"yaml":     func(w io.Writer, p *Plan, _ Style) error { return output.YAML(w, p) },
	"markdown": writeMarkdown,
}

// signs stand in front of what would happen, with the colour in which they do.
var signs = map[Action]struct {
	sign   string
	colour terminal.Colour
}{
	Create: {"+", terminal.Green}, Edit: {"~", terminal.Yellow}, Adopt: {"=", terminal.Cyan}, Nothing: {"=", ""}, Blocked: {"!", terminal.Red},
	Invalid: {"✗", terminal.Red}, Failed: {"?", terminal.Red},
}

// shown reports whether a report names the resource.
func (s Style) shown(r *Resource) bool {
	if r.repeated {
		return s.All
	}
	return s.All || r.Action != Nothing || len(r.Differs)+len(r.UnknownProperties) > 0
}

func (s Style) paint(c terminal.Colour, text string) string {
	if s.Colour {
		return c.Paint(text)
	}
	return text
}

// detail is one thing that would happen with a resource, with the values that it is about.
type detail struct {
	text    string
	changes []Change
	// isNew: there is no value at Meta yet.
	isNew bool
}

// details are what would happen with a resource.
func (r *Resource) details() []detail {
	var out []detail
	for _, w := range r.Writes {
		out = append(out, detail{text: w.Call, changes: w.Changes, isNew: creates(w)})
	}
	if r.Message != "" || r.Reason != "" {
		text := r.Message
		if r.Reason != "" && r.Action != Invalid {
			text = strings.TrimSuffix(r.Reason+": "+text, ": ")
		}
		if len(r.Writes) > 0 {
			text = "but " + text
		}
		if r.NotBefore != nil {
			text += "; not before " + r.NotBefore.Format(time.RFC3339)
		}
		out = append(out, detail{text: text})
	}
	if r.alike > 0 {
		out = append(out, detail{text: "the same for " + count(r.alike, "more resource") + " of the account"})
	}
	if len(r.Differs) > 0 {
		text := "differs at Meta (at Meta → in the manifest)"
		if r.Reason == "" || r.Reason == v1alpha1.ReasonDriftDetected {
			text = "differs at Meta and is left alone (at Meta → in the manifest)"
		}
		out = append(out, detail{text: text, changes: r.Differs})
	}
	if unknown := strings.Join(r.UnknownProperties, ", "); unknown != "" && !strings.Contains(r.Message, unknown) {
		out = append(out, detail{text: "has properties at Meta that this version doesn't know: " + unknown})
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

// indents of what stands below a resource, and below what would happen with it.
const (
	indent      = "      "
	valueIndent = indent + "  "
)

func writeText(w io.Writer, p *Plan, s Style) error {
	var b strings.Builder
	for i := range p.Accounts {
		s.list(&b, p.Accounts[i].title(), p.Accounts[i].Resources)
	}
	s.list(&b, "Manifests that can't be planned", p.Invalid)
	for _, note := range p.Notes {
		b.WriteString(strings.Join(terminal.Wrap("Note: "+terminal.Plain(note)+".", s.Width), "\n") + "\n")
	}
	b.WriteString(strings.Join(terminal.Wrap("Plan: "+p.Summary.String()+".", s.Width), "\n") + "\n")
	_, err := io.WriteString(w, b.String())
	return err
}

// list writes the resources of an account.
func (s Style) list(b *strings.Builder, title string, resources []Resource) {
	wrote := false
	for i := range resources {
		r := &resources[i]
		if !s.shown(r) {
			continue
		}
		if !wrote {
			wrote = true
			fmt.Fprintf(b, "%s\n", terminal.Plain(title))
		}
		sign := signs[r.Action]
		fmt.Fprintf(b, "  %s %s\n", s.paint(sign.colour, sign.sign+" "+r.verb()), terminal.Plain(r.title()))
		for _, d := range r.details() {
			lines := terminal.Wrap(terminal.Plain(d.text), s.within(indent))
			fmt.Fprintf(b, "%s%s\n", indent, strings.Join(lines, "\n"+indent+"  "))
			for _, c := range d.changes {
				s.change(b, &c, d.isNew)
			}
		}
	}
	if wrote {
		b.WriteString("\n")
	}
}

// within is the width that an indented text may have; 0 is any.
func (s Style) within(indent string) int {
	if s.Width == 0 {
		return 0
	}
	return max(s.Width-len(indent)-2, leastWidth)
}

const (
	// leastWidth is that of text on the narrowest terminal.
	leastWidth = 20
	// shortValues is how wide a line with two values may be where the width isn't known.
	shortValues = 100
)

// change writes the values of a field: short ones side by side, others line by line.
func (s Style) change(b *strings.Builder, c *Change, isNew bool) {
	limit := cmp.Or(s.within(valueIndent), shortValues)
	switch {
	case c.Old == nil && c.New == nil:
		fmt.Fprintf(b, "%s%s\n", valueIndent, c.label())
	case isNew && c.New != nil:
		fmt.Fprintf(b, "%s%s\n", valueIndent, s.paint(terminal.Green, terminal.Cut("+ "+c.label()+": "+c.new(), limit)))
	case len(c.lines()) == 0 && terminal.Width(c.sideBySide()) <= limit:
		fmt.Fprintf(b, "%s%s\n", valueIndent, c.sideBySide())
	default:
		fmt.Fprintf(b, "%s%s:\n", valueIndent, c.label())
		for _, line := range c.diff() {
			colour := map[byte]terminal.Colour{'-': terminal.Red, '+': terminal.Green}[line[0]]
			for i, part := range terminal.Wrap(line[2:], s.within(valueIndent+"    ")) {
				sign := line[:2]
				if i > 0 {
					sign = "  "
				}
				fmt.Fprintf(b, "%s\n", strings.TrimRight(valueIndent+"  "+s.paint(colour, sign+part), " "))
			}
		}
	}
}
