// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package terminal

import (
	"slices"
	"strings"
	"testing"
)

func TestWidth(t *testing.T) {
	for text, want := range map[string]int{
		"": 0, "Acme": 4, "é": 1, "e\u0301": 1, "株式会社": 8, "한국": 4, "🎉": 2, "👨‍👩‍👧‍👦": 2, "🇩🇪": 2, "👍🏽": 2, "❤️": 2, "שלום": 4, "مرحبا": 5, "…": 1, "├─ x": 4,
	} {
		if got := Width(text); got != want {
			t.Errorf("%q takes %d columns, want %d", text, got, want)
		}
	}
}

func TestCut(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  string
	}{
		{"short", 5, "short"}, {"longer", 5, "long…"}, {"a, b", 3, "a…"}, {"株式会社", 7, "株式会…"}, {"株式会社", 6, "株式…"},
		{"x👨‍👩‍👧‍👦y", 3, "x…"}, {"e\u0301e\u0301e\u0301", 2, "e\u0301…"}, {"any", 0, ""}, {"any", -3, ""}, {"any", 1, "…"},
	} {
		got := Cut(c.text, c.width)
		if got != c.want || Width(got) > max(c.width, 0) {
			t.Errorf("%q cut to %d: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

// TestControlCharacters: foreign texts don't move the cursor, set colours, or change the direction of what follows.
func TestControlCharacters(t *testing.T) {
	const foreign = "a\x1b[2Jb\r\nc\td\u009b31me\u202ef\u2066g\x00h\x7f"
	if got, want := Plain(foreign), "a [2Jb c d 31me f g h"; got != want {
		t.Errorf("plain: %q, want %q", got, want)
	}
	if got, want := Escape(foreign), `a\u001b[2Jb\u000d\nc\td\u009b31me\u202ef\u2066g\u0000h\u007f`; got != want {
		t.Errorf("escaped: %q, want %q", got, want)
	}
	if got, want := Quote("say \"hi\"\\ 👨‍👩‍👧‍👦 שלום\n"), `"say \"hi\"\\ 👨‍👩‍👧‍👦 שלום\n"`; got != want {
		t.Errorf("quoted: %s, want %s", got, want)
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		text  string
		width int
		want  []string
	}{
		{"one two three", 0, []string{"one two three"}}, {"one two three", 7, []string{"one two", "three"}},
		{"one twothreefour", 5, []string{"one", "twothreefour"}}, {"株 式 会", 5, []string{"株 式", "会"}}, {"", 5, []string{""}},
	} {
		if got := Wrap(c.text, c.width); !slices.Equal(got, c.want) {
			t.Errorf("%q in %d columns: %q, want %q", c.text, c.width, got, c.want)
		}
	}
}

func TestTable(t *testing.T) {
	table := &Table{}
	table.Heading("NAME", "STATE", "EMPTY", "WHY")
	table.Row("株式会社", "OK", "", "nothing to do").Colour(1, Green)
	table.Row("a\nb", "Warning", "", "the text\x1b[2J is too long for a narrow terminal")
	for name, c := range map[string]struct {
		style Style
		want  []string
	}{
		"any width": {Style{}, []string{
			"NAME       STATE     WHY", "株式会社   OK        nothing to do", "a b        Warning   the text [2J is too long for a narrow terminal",
		}},
		"a narrow terminal": {Style{Width: 40, LastWidth: 10}, []string{
			"NAME       STATE     WHY", "株式会社   OK        nothing to do", "a b        Warning   the text [2J is to…",
		}},
		"a column less": {Style{Width: 30, LastWidth: 15, Optional: []int{1, 0}}, []string{
			"NAME       WHY", "株式会社   nothing to do", "a b        the text [2J is to…",
		}},
		"an elastic column": {Style{Width: 26, LastWidth: 6, Elastic: []int{0, 1}, NoHeadings: true}, []string{
			"株式会…   OK        nothi…", "a b       Warning   the t…",
		}},
		"too narrow": {Style{Width: 5, LastWidth: 10, NoHeadings: true}, []string{
			"株式会社   OK        nothing t…", "a b        Warning   the text…",
		}},
		"colour": {Style{Colour: true, NoHeadings: true}, []string{
			"株式会社   \x1b[32mOK\x1b[0m        nothing to do", "a b        Warning   the text [2J is too long for a narrow terminal",
		}},
	} {
		if got := table.Lines(c.style); !slices.Equal(got, c.want) {
			t.Errorf("%s:\n%s\nwant\n%s", name, strings.Join(got, "\n"), strings.Join(c.want, "\n"))
		}
	}
}
