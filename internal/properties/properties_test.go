// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package properties

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestUnknown(t *testing.T) {
	button := Of("type", "text", "open")
	known := Of("id").Object("buttons", button).Object("card", Of("name").Object("buttons", button))
	for text, want := range map[string][]string{
		`{}`:                                nil,
		`{"id":1,"buttons":[{"type":"a"}]}`: nil,
		`{"buttons":{"type":"a"}}`:          nil,
		`{"id":{"a":1},"buttons":"a"}`:      nil,
		`{"open":1,"buttons":[{"open":{"x":1}},{"b":1,"a":2}]}`: {"buttons[1].a", "buttons[1].b", "open"},
		`{"card":{"buttons":[[{"new":null}]],"x":[1]}}`:         {"card.buttons[0][0].new", "card.x"},
		`{"+15550051310":1,"Ana B":{"secret":"s"}}`:             {"?"},
		`[{"a":1}]`: {"[0].a"},
		`"text"`:    nil,
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if got := Unknown(value, known); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", text, got, want)
		}
	}
	many := map[string]any{}
	for i := range 100 {
		many[fmt.Sprintf("p%d", i)] = i
	}
	if got := Unknown(many, known); len(got) != Limit {
		t.Errorf("%d are kept", len(got))
	}
}

func TestDeviations(t *testing.T) {
	known := Of("id").Enum("status", "APPROVED", "paused").Object("quality", Of("date").Enum("score", "GREEN")).Enum("tasks", "MANAGE").Enum("any")
	for text, want := range map[string][]Deviation{
		`{"status":"approved","quality":{"score":"green"},"tasks":["MANAGE"]}`: nil,
		`{"status":null,"quality":null,"tasks":[]}`:                            nil,
		`{"status":"","id":{"a":1}}`:                                           nil,
		`{"status":"WARMING_UP"}`:                                              {{Value, "status", "WARMING_UP"}},
		`{"status":"Ana's shop"}`:                                              {{Value, "status", "?"}},
		`{"status":{"value":"APPROVED"}}`:                                      {{Type, "status", ""}},
		`{"status":7}`:                                                         {{Type, "status", ""}},
		`{"quality":"GREEN"}`:                                                  {{Type, "quality", ""}},
		`{"quality":{"score":"BLUE"}}`:                                         {{Value, "quality.score", "BLUE"}},
		`{"tasks":["MANAGE","FLY"]}`:                                           {{Value, "tasks[1]", "FLY"}},
		`{"any":"SEEN"}`:                                                       nil,
		`{"any":"Ana B"}`:                                                      {{Value, "any", "?"}},
		`{"new":"x"}`:                                                          {{Property, "new", ""}},
	} {
		var value any
		if err := json.Unmarshal([]byte(text), &value); err != nil {
			t.Fatal(err)
		}
		if got := Deviations(value, known); !slices.Equal(got, want) {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	}
}

func TestClass(t *testing.T) {
	if got := Class("cards[3].buttons[12].color"); got != "cards.buttons.color" {
		t.Errorf("%q", got)
	}
}

// FuzzUnknown: whatever Meta sends, only names of the form of Meta's names are kept.
func FuzzUnknown(f *testing.F) {
	f.Add(`{"a b":[{"c":1}],"":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var value any
		if json.Unmarshal([]byte(text), &value) != nil {
			return
		}
		for _, path := range Unknown(value, Of("id").Object("buttons", Of("type"))) {
			if path == "" || strings.Trim(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.[]?") != "" {
				t.Errorf("%q", path)
			}
		}
	})
}
