// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestSameTwice: Argo CD, which renders again and again, sees no difference.
func TestSameTwice(t *testing.T) {
	all := values(readFile(t, "testdata", "all.yaml"))
	first, err := template(t, all)
	if err != nil {
		t.Fatal(err)
	}
	if second, err := template(t, all); err != nil || first != second {
		t.Errorf("a second rendering differs (%v):\n%s", err, cmp.Diff(first, second))
	}
	files, err := filepath.Glob(filepath.Join(chartDir(), "templates", "*"))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if filepath.Ext(file) == "" {
			continue
		}
		for _, word := range []string{"lookup", "rand", "genCA", "genSelfSigned", "genSigned", "now", "uuidv4", ".IsUpgrade", ".Capabilities"} {
			for line := range strings.Lines(string(readFile(t, file))) {
				if action := line[max(0, strings.Index(line, "{{")):]; strings.Contains(line, "{{") && slices.Contains(strings.Fields(strings.Trim(action, "{}- \n")), word) {
					t.Errorf("%s: %s", filepath.Base(file), strings.TrimSpace(line))
				}
			}
		}
	}
}

// TestLint runs helm's own checks, which have no remark.
func TestLint(t *testing.T) {
	for _, program := range helms {
		for _, v := range []values{"", values(readFile(t, "testdata", "all.yaml"))} {
			if out, warnings, err := runHelm(t, program, []byte(v), "lint", "--strict", chartDir(), "--values", "-"); err != nil || warnings != "" || strings.Contains(out, "\n[") {
				t.Errorf("%s: %v\n%s%s", program, err, out, warnings)
			}
		}
	}
}
