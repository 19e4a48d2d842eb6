// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/internal/output"
)

// Formats are the formats of a report.
var Formats = map[string]func(io.Writer, *Report) error{
	"markdown": Markdown,
	"json":     func(w io.Writer, r *Report) error { return output.JSON(w, r) },
	"yaml":     func(w io.Writer, r *Report) error { return output.YAML(w, r) },
}

// meanings say what a kind of difference means for users of the operator.
var meanings = map[Kind]string{
	UnknownProperty:  "A property that this version doesn't use. It is kept by name in the status; a template with one in its content isn't edited.",
	UnknownValue:     "A value that this version doesn't treat in a special way. It is shown in the status as it is.",
	UnexpectedType:   "A property is read as if it were absent.",
	UnknownError:     "The call is repeated slowly, because nothing says whether the error will pass.",
	UnreadableAnswer: "The call counts as failed.",
	RefusedField:     "The call was repeated without the field, which is missing in the status.",
	RefusedComposite: "The account is read with several calls instead of one.",
	Paging:           "Templates could be missing, or be counted twice.",
	Header:           "The rate limit is known less exactly.",
	Version:          "The version has ended, or isn't there yet: what is answered is that of another one.",
	ReadsDiffer:      "The operator could see a change where there is none.",
	RefusedTemplate:  "A manifest of this kind is refused at Meta, though it should not be, or the account lacks something: a catalogue, a verified business.",
	Normalisation:    "Meta changes this content. The operator remembers that after its own write, and reports no drift.",
	NotDeleted:       "A template of the probe is left. Delete it in WhatsApp Manager: its name begins with " + probePrefix + ".",
}

// Markdown writes the report for people, and for an issue.
func Markdown(w io.Writer, r *Report) error {
	var b strings.Builder
	mode := "reading only"
	if r.Probe {
		mode = "with a probe"
	}
	fmt.Fprintf(&b, "# kubectl waba doctor\n\nkubectl-waba %s, Graph API %s, %s. The report has no ids, names, texts or tokens of the account.\n", r.Tool, r.GraphAPIVersion, mode)
	writeDifferences(&b, r.Differences)
	writeProbed(&b, r.Probed)
	writeChecks(&b, r.Checks)
	writeCalls(&b, r.Calls)
	writeShapes(&b, r.Shapes)
	_, err := io.WriteString(w, b.String())
	return err
}

// table writes a table, or nothing if it has no rows.
func table(b *strings.Builder, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	line := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	b.WriteString("\n")
	line(head)
	line(slices.Repeat([]string{"---"}, len(head)))
	for _, row := range rows {
		line(row)
	}
}

// quoted is a word that Markdown leaves alone.
func quoted(word string) string {
	if word == "" {
		return ""
	}
	return "`" + strings.NewReplacer("|", `\|`, "`", "'").Replace(word) + "`"
}

func writeDifferences(b *strings.Builder, differences []Difference) {
	fmt.Fprintf(b, "\n## Differences: %d\n", len(differences))
	if len(differences) == 0 {
		b.WriteString("\nEverything is as this version knows it.\n")
		return
	}
	var rows [][]string
	kinds := map[Kind]bool{}
	for _, d := range differences {
		rows = append(rows, []string{string(d.Kind), d.Where, quoted(d.What), fmt.Sprint(d.Count)})
		kinds[d.Kind] = true
	}
	table(b, []string{"Kind", "Where", "What", "Seen"}, rows)
	b.WriteString("\nWhat they mean:\n\n")
	for _, kind := range slices.Sorted(maps.Keys(kinds)) {
		fmt.Fprintf(b, "- **%s**: %s\n", kind, meanings[kind])
	}
}

func writeProbed(b *strings.Builder, probed []Probed) {
	if len(probed) == 0 {
		return
	}
	b.WriteString("\n## Kinds of templates\n")
	var rows [][]string
	for _, p := range probed {
		result := "created"
		switch {
		case !p.Created && p.Code == "":
			result = "not sent"
		case !p.Created:
			result = "refused with code " + p.Code
		case !p.Deleted:
			result += ", not deleted"
		}
		rows = append(rows, []string{p.Kind, result, p.Status, p.Category})
	}
	table(b, []string{"Kind", "Result", "Status", "Category"}, rows)
}

func writeChecks(b *strings.Builder, checks []Check) {
	b.WriteString("\n## Checks\n")
	var rows [][]string
	for _, c := range checks {
		result := "done"
		if !c.Done {
			result = "not done: " + c.Why
		}
		rows = append(rows, []string{c.Name, result})
	}
	table(b, []string{"Check", "Result"}, rows)
}

func writeCalls(b *strings.Builder, calls []Call) {
	b.WriteString("\n## Calls\n")
	var rows [][]string
	for _, c := range calls {
		var errors []string
		for _, code := range slices.Sorted(maps.Keys(c.Errors)) {
			errors = append(errors, fmt.Sprintf("%d with code %s", c.Errors[code], code))
		}
		rows = append(rows, []string{string(c.Operation), quoted(c.Endpoint), fmt.Sprint(c.Made), strings.Join(errors, ", ")})
	}
	table(b, []string{"Operation", "Call", "Made", "Failed"}, rows)
}

func writeShapes(b *strings.Builder, shapes []Shape) {
	b.WriteString("\n## Shapes\n")
	var rows [][]string
	for _, s := range shapes {
		rows = append(rows, []string{s.Object, quoted(s.Path), strings.Join(s.Types, ", "), strings.Join(s.Values, ", "), fmt.Sprint(s.Seen)})
	}
	table(b, []string{"Object", "Property", "Types", "Values", "Seen"}, rows)
}
