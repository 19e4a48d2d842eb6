// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"regexp"
	"testing"
	"time"
)

type exampleCreate struct {
	Title   string          `json:"title"`
	Request json.RawMessage `json:"request"`
}

func loadExamples(t *testing.T) []exampleCreate {
	t.Helper()
	file, err := os.Open("testdata/creates.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var out []exampleCreate
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var e exampleCreate
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		out = append(out, e)
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out
}

var handlePattern = regexp.MustCompile(`"4::([^:"]+):[^"]+"`)

// withHandles puts a fresh handle of the same type in place of each handle that an example invented.
func (f *fixture) withHandles(request string) string {
	return handlePattern.ReplaceAllStringFunc(request, func(text string) string {
		kind, err := base64.StdEncoding.DecodeString(handlePattern.FindStringSubmatch(text)[1])
		if err != nil {
			f.t.Fatal(err)
		}
		return `"` + f.sim.AddHandle(Handle{Type: string(kind)}) + `"`
	})
}

func TestAcceptsEveryExample(t *testing.T) {
	f := newFixture(t)
	examples := loadExamples(t)
	if len(examples) < 38 {
		t.Fatalf("only %d examples", len(examples))
	}
	for _, e := range examples {
		got := f.create(f.withHandles(string(e.Request)))
		if got.status != http.StatusOK || got.text("id") == "" {
			t.Errorf("%s: HTTP %d: %s", e.Title, got.status, got.raw)
		}
	}
	f.clock.Step(time.Hour)
	for _, x := range f.sim.Templates(testWABA) {
		if x.Status != "APPROVED" {
			t.Errorf("%s/%s is %s (%s)", x.Name, x.Language, x.Status, x.RejectedReason)
		}
	}
}
