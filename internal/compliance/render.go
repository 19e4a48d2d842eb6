// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/waba-operator/waba-operator/internal/output"
)

// Formats are the forms of a record.
var Formats = map[string]func(io.Writer, *Record, Options) error{"markdown": Markdown, "html": HTML, "json": JSON, "yaml": YAML}

// JSON writes the whole record.
func JSON(w io.Writer, r *Record, _ Options) error {
	return output.JSON(w, r)
}

// YAML writes the whole record.
func YAML(w io.Writer, r *Record, _ Options) error { return output.YAML(w, r) }

// Markdown writes a record in GitHub's flavour.
func Markdown(w io.Writer, r *Record, o Options) error {
	var b strings.Builder
	d := documentOf(r, o)
	b.WriteString("# " + escapeMarkdown(d.title) + "\n")
	for _, x := range d.blocks {
		b.WriteString("\n")
		switch {
		case x.heading != "":
			b.WriteString("## " + escapeMarkdown(x.heading) + "\n")
		case x.paragraph != "":
			b.WriteString(escapeMarkdown(x.paragraph) + "\n")
		case x.list != nil:
			for _, item := range x.list {
				b.WriteString("- " + escapeMarkdown(item) + "\n")
			}
		case x.table != nil:
			writeMarkdownTable(&b, x.table)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func writeMarkdownTable(b *strings.Builder, t *table) {
	row := func(cells []string, of func(string) string) {
		for _, cell := range cells {
			fmt.Fprintf(b, "| %s ", of(cell))
		}
		b.WriteString("|\n")
	}
	row(t.head, escapeMarkdown)
	row(t.head, func(string) string { return "---" })
	for _, cells := range t.rows {
		row(cells, escapeMarkdown)
	}
}

// markdownEscapes keep texts that others wrote from being marks, links, markup or borders of cells.
var markdownEscapes = strings.NewReplacer(
	`\`, `\\`, "|", `\|`, "`", "\\`", "*", `\*`, "[", `\[`, "]", `\]`, "#", `\#`, "~", `\~`, "!", `\!`, "$", `\$`, "<", "&lt;", ">", "&gt;", "&", "&amp;",
)

// escapeUnderscores escapes those that aren't between two letters or digits, and could begin or end a mark.
func escapeUnderscores(word string) string {
	var b strings.Builder
	runes := []rune(word)
	inner := func(i int) bool {
		return i >= 0 && i < len(runes) && (unicode.IsLetter(runes[i]) || unicode.IsDigit(runes[i]))
	}
	for i, r := range runes {
		if r == '_' && (!inner(i-1) || !inner(i+1)) {
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

// escapeMarkdown makes one line of plain text. An underscore within a word is no mark, so that names stay readable; nor is a
// dot, save behind a number at the beginning, which is meant as one.
func escapeMarkdown(text string) string {
	words := strings.Fields(strings.Map(visible, text))
	for i, word := range words {
		escaped := escapeUnderscores(markdownEscapes.Replace(word))
		if i == 0 && strings.Trim(word, "-+=") == "" {
			escaped = `\` + escaped
		}
		words[i] = escaped
	}
	return strings.Join(words, " ")
}

// visible replaces line breaks, and characters that change the direction or appearance of text, by blanks.
func visible(r rune) rune {
	switch {
	case r < ' ', r >= 0x7f && r <= 0x9f, r >= 0x200b && r <= 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f, r == 0xfeff:
		return ' '
	}
	return r
}

func clean(text string) string { return strings.Join(strings.Fields(strings.Map(visible, text)), " ") }
