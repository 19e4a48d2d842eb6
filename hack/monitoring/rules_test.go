// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"
)

// TestChartRules: the threshold is apart from the expression, and a comment that names another number is refused.
func TestChartRules(t *testing.T) {
	rules := func(threshold, expr string) string {
		return "# About the rules.\ngroups:\n- name: a\n  rules:\n  - alert: A\n    # threshold: " + threshold + "\n    expr: " + expr + "\n    for: 14m\n"
	}
	for name, tt := range map[string]struct{ rules, want, refused string }{
		"one line":      {rules: rules("14 (days)", "a[14d] < 14 * 86400"), want: "    threshold: 14\n    expr: a[14d] < $threshold * 86400\n    for: 14m\n"},
		"several lines": {rules: rules("0.9 (share)", "|-\n      a0.9 / b\n        > 0.9"), want: "    threshold: 0.9\n    expr: |-\n      a0.9 / b\n        > $threshold\n"},
		"twice":         {rules: rules("14 (days)", "a < 14 and b < 14"), refused: "the threshold 14 occurs 2 times"},
		"another":       {rules: rules("7 (days)", "a < 14"), refused: "the threshold 7 occurs 0 times"},
		"a part":        {rules: rules("4 (days)", "a < 14.4"), refused: "the threshold 4 occurs 0 times"},
		"no unit":       {rules: rules("14", "a < 14"), refused: "has no unit"},
		"no rules":      {rules: "rules: []\n", refused: "no groups"},
	} {
		got, err := chartRules([]byte(tt.rules))
		if tt.refused != "" && (err == nil || !strings.Contains(err.Error(), tt.refused)) {
			t.Errorf("%s: got %v, want %q", name, err, tt.refused)
		}
		if tt.refused == "" && (err != nil || !strings.Contains(string(got), tt.want) || strings.Contains(string(got), "About")) {
			t.Errorf("%s: %v\n%s", name, err, got)
		}
	}
}
