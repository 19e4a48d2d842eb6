// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// reasonRow is a line of a table about reasons, condition a heading above them.
var (
	reasonRow = regexp.MustCompile("(?m)^\\| (`[A-Z][A-Za-z]+`(?:, `[A-Z][A-Za-z]+`)*) \\| [^|\n]+ \\| [^|\n]+ \\|$")
	condition = regexp.MustCompile(`(?m)^### ([A-Z][A-Za-z, ]+)$`)
)

// TestTroubleshootingNamesEveryReason: each reason of the API, and each condition, has its place on the page, and none is invented.
func TestTroubleshootingNamesEveryReason(t *testing.T) {
	page := pages(t)[filepath.Join("..", "docs", "troubleshooting.md")]
	reasons, conditions := map[string]bool{}, map[string]bool{}
	for name, value := range knownReasons(t) {
		if strings.HasPrefix(name, "Reason") {
			reasons[value] = true
		} else {
			conditions[value] = true
		}
	}
	explained := map[string]bool{}
	for _, row := range reasonRow.FindAllStringSubmatch(page, -1) {
		for _, m := range word.FindAllStringSubmatch(row[1], -1) {
			explained[m[1]] = true
			if !reasons[m[1]] {
				t.Errorf("%s is no reason of the API", m[1])
			}
		}
	}
	for name := range reasons {
		if !explained[name] {
			t.Errorf("the reason %s isn't explained", name)
		}
	}
	for _, m := range condition.FindAllStringSubmatch(page, -1) {
		for name := range strings.SplitSeq(m[1], ", ") {
			if !conditions[name] && name != "Events" {
				t.Errorf("%s is no condition of the API", name)
			}
			delete(conditions, name)
		}
	}
	for name := range conditions {
		if !slices.Contains([]string{"Reconciling", "Stalled"}, name) {
			t.Errorf("the condition %s isn't explained", name)
		}
	}
}

// TestReasonsAreUsed: the API promises no reason that the operator never gives.
func TestReasonsAreUsed(t *testing.T) {
	var code strings.Builder
	for _, text := range sources(t, []string{"*/*.go"}) {
		code.WriteString(text)
	}
	for name := range knownReasons(t) {
		if !regexp.MustCompile(`\bv1alpha1\.` + name + `\b`).MatchString(code.String()) {
			t.Errorf("no controller uses %s", name)
		}
	}
}
