// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs_test checks what the documentation claims against the API.
package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	sample  = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	kind    = regexp.MustCompile(`(?m)^kind: (\w+)$`)
	word    = regexp.MustCompile("`([A-Z][A-Za-z]+)`")
	reason  = regexp.MustCompile(`= "([A-Z][A-Za-z]+)"`)
)

// pages returns the text of every page by its path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	var paths []string
	for _, pattern := range []string{"README.md", "docs/*.md", "docs/adr/*.md"} {
		found, err := filepath.Glob(filepath.Join("..", filepath.FromSlash(pattern)))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d pages, %v", pattern, len(found), err)
		}
		paths = append(paths, found...)
	}
	out := map[string]string{}
	for _, path := range paths {
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		out[path] = string(raw)
	}
	return out
}

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case r == ' ', r == '-':
			return '-'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return -1
	}, strings.ToLower(heading))
	return kept
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	for path, text := range all {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			file, fragment, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link %s leads nowhere", path, m[1])
				continue
			}
			if fragment == "" {
				continue
			}
			found := slices.ContainsFunc(heading.FindAllStringSubmatch(all[target], -1), func(h []string) bool { return anchor(h[1]) == fragment })
			if !found {
				t.Errorf("%s: the link %s leads to no heading", path, m[1])
			}
		}
	}
}

// Every condition and reason in a status table must be one of the API's constants.
func TestReasonsExist(t *testing.T) {
	source, err := os.ReadFile(filepath.Join("..", "api", "v1alpha1", "conditions.go"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, m := range reason.FindAllStringSubmatch(string(source), -1) {
		known[m[1]] = true
	}
	for _, path := range []string{"waba.md", "messagetemplate.md"} {
		_, table, found := strings.Cut(pages(t)[filepath.Join("..", "docs", path)], "| Condition | Status and reason |")
		if !found {
			t.Errorf("%s has no status table", path)
		}
		for line := range strings.SplitSeq(table, "\n") {
			cells := strings.Split(line, "|")
			if len(cells) < 4 {
				continue
			}
			for _, m := range word.FindAllStringSubmatch(cells[1]+cells[2], -1) {
				if !known[m[1]] {
					t.Errorf("%s: %s is no condition or reason of the API", path, m[1])
				}
			}
		}
	}
}
