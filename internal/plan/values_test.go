// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package plan

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/controllers"
)

// TestPlannedMessages: a message has nothing that is true only for an operator that runs.
func TestPlannedMessages(t *testing.T) {
	for message, want := range map[string]string{
		"PhoneNumber support isn't in the account yet; see its status":                                      "PhoneNumber support isn't in the account yet",
		"Meta sent no code; tried again in a few minutes":                                                   "Meta sent no code",
		"code 7: something new; this version doesn't know the error; it is tried again with growing pauses": "code 7: something new; this version doesn't know the error",
		"an internal step failed and is tried again; the operator's log has the error":                      "an internal step failed",
		"changed at Meta in body.text; change the spec to accept it":                                        "changed at Meta in body.text; change the spec to accept it",
		"": "",
	} {
		if got := planned(message); got != want {
			t.Errorf("%q becomes %q, want %q", message, got, want)
		}
	}
}

// TestMessagesOfTheLoop: what controllers say about later attempts is known to planned.
func TestMessagesOfTheLoop(t *testing.T) {
	found := 0
	err := filepath.WalkDir("../../controllers", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || lit.Kind != token.STRING {
				return true
			}
			text, _ := strconv.Unquote(lit.Value)
			if !strings.Contains(text, "again ") && !strings.Contains(text, "see its status") && !strings.Contains(text, "tried again") {
				return true
			}
			for _, part := range loop {
				if strings.Contains(text, part) {
					found++
				}
				if strings.Contains(planned(text), part) {
					t.Errorf("%s: a plan would say %q", path, planned(text))
				}
			}
			return true
		})
		return nil
	})
	if err != nil || found < 4 {
		t.Errorf("%d messages, %v", found, err)
	}
}

func TestValues(t *testing.T) {
	v := values{}
	v.add(controllers.Comparison{
		Want: map[string]string{"body.text": "new", "buttons[0].type": "URL", "buttons[0].url": "https://a", "parameterFormat": "POSITIONAL", "empty": ""},
		Live: map[string]string{"body.text": "old", "carousel.cards[1].buttons[2].type": "QUICK_REPLY", "carousel.cards[1].buttons[2].text": "Yes"},
	})
	v.add(controllers.Comparison{Want: map[string]string{"profile.about": "hi"}, Differing: []string{"body.text"}})
	v.add(controllers.Comparison{})
	for field, want := range map[string]Change{
		"body.text":                         {Field: "body.text", Old: new("old"), New: new("new")},
		"buttons[0].url":                    {Field: "buttons[0].url", ButtonType: "URL", New: new("https://a")},
		"carousel.cards[1].buttons[2].text": {Field: "carousel.cards[1].buttons[2].text", ButtonType: "QUICK_REPLY", Old: new("Yes")},
		"registration.pinSecretRef":         {Field: "registration.pinSecretRef"},
		"empty":                             {Field: "empty"},
	} {
		if got := v.change(field); got.Field != want.Field || got.ButtonType != want.ButtonType || quoted(got.Old) != quoted(want.Old) || quoted(got.New) != quoted(want.New) {
			t.Errorf("%s: %s, want %s", field, got.sideBySide(), want.sideBySide())
		}
	}
	var all []string
	for _, c := range v.all() {
		all = append(all, c.Field)
	}
	if want := []string{"buttons[0].type", "buttons[0].url", "profile.about"}; !slices.Equal(all, want) || !slices.Equal(v.differing, []string{"body.text"}) {
		t.Errorf("all: %q, want %q; differing: %q", all, want, v.differing)
	}
}

func TestDiff(t *testing.T) {
	for _, c := range []struct {
		before, after *string
		want          []string
	}{
		{new("a\nb\nc"), new("a\nx\nc"), []string{"  a", "- b", "+ x", "  c"}},
		{new("a\nb"), new("b\nc"), []string{"- a", "  b", "+ c"}},
		{nil, new("a\nb"), []string{"+ a", "+ b"}},
		{new("a\x1bb\tc"), nil, []string{`- a\u001bb\tc`}},
		{new("a\n\nb"), new("a\nb"), []string{"  a", "- ", "  b"}},
	} {
		change := Change{Old: c.before, New: c.after}
		if got := change.diff(); !slices.Equal(got, c.want) {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}
