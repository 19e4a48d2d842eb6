// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package sarif_test checks the reports for code scanning against the schema of the format.
package sarif_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/waba-operator/waba-operator/internal/lint"
	"github.com/waba-operator/waba-operator/internal/manifest"
)

const (
	schemaFile = "testdata/sarif-schema-2.1.0.json"
	golden     = "../../../internal/lint/testdata/report.sarif"
)

func schema(t *testing.T) *jsonschema.Schema {
	t.Helper()
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat() // URIs
	s, err := compiler.Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func check(s *jsonschema.Schema, report []byte) error {
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(report))
	if err != nil {
		return err
	}
	return s.Validate(value)
}

func TestReportsConform(t *testing.T) {
	file, err := os.ReadFile(filepath.FromSlash(golden))
	if err != nil {
		t.Fatal(err)
	}
	s, reports := schema(t), map[string][]byte{"everything": file}
	for name, result := range map[string]lint.Result{
		"nothing": {},
		"stdin":   {Findings: []lint.Finding{{Source: manifest.Stdin, Line: 3, Severity: lint.Error, Rule: lint.RuleSchema, Message: "m"}}},
		"no line": {Findings: []lint.Finding{{Source: "a.yaml", Severity: lint.Warning, Rule: lint.RuleReview, Message: "m"}}},
		"any path": {Findings: []lint.Finding{
			{Source: "a directory/ü%20[1]?#.yaml", Line: 1, Severity: lint.Error, Rule: lint.RuleUnreadable, Message: "m"},
			{Source: "/abs:olute/x.yaml", Line: 1, Severity: lint.Error, Rule: lint.RuleUnreadable, Message: "m"},
			{Source: "c:x.yaml", Line: 1, Severity: lint.Error, Rule: lint.RuleUnreadable, Message: "m"},
		}},
	} {
		var out bytes.Buffer
		if err := lint.Formats["sarif"](&out, &result, lint.Style{}); err != nil {
			t.Fatal(err)
		}
		reports[name] = out.Bytes()
	}
	for name, report := range reports {
		if err := check(s, report); err != nil {
			t.Errorf("%s: %v\n%s", name, err, report)
		}
	}
}

// TestSchemaRefuses: the schema finds what is wrong in a report.
func TestSchemaRefuses(t *testing.T) {
	file, err := os.ReadFile(filepath.FromSlash(golden))
	if err != nil {
		t.Fatal(err)
	}
	s := schema(t)
	for _, change := range [][2]string{
		{`"ruleId"`, `"ruleID"`}, {`"level": "error"`, `"level": "Error"`}, {`"startLine": `, `"startLine": -`}, {`"version": "2.1.0"`, `"version": "2.2.0"`},
	} {
		changed := strings.Replace(string(file), change[0], change[1], 1)
		if changed == string(file) {
			t.Errorf("%s isn't in the report", change[0])
		}
		if check(s, []byte(changed)) == nil {
			t.Errorf("%s instead of %s is accepted", change[1], change[0])
		}
	}
}
