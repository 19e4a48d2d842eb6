// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

var (
	block = regexp.MustCompile("(?s)```sh\n(.*?)```")
	// path is a path into a resource, as JSONPath has it; what is in brackets selects list items.
	path = regexp.MustCompile(`\.(?:status|spec)(?:\.[a-zA-Z]+|\[[^\]]*\])+`)
	// within is a path inside the items of a range.
	within   = regexp.MustCompile(`\{range (\.[a-zA-Z.]+)\[\*\]\}(.*?)\{end\}`)
	fields   = regexp.MustCompile(`\{(\.[a-zA-Z.\[\]*]+)\}`)
	brackets = regexp.MustCompile(`\[[^\]]*\]`)
)

// TestRunbookCommands: every field that a command of a runbook shows is one of the API's. kubectl shows <none> for others, and
// nobody notices that it is a mistake.
func TestRunbookCommands(t *testing.T) {
	schemas := crds(t)
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "runbooks", "*.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range block.FindAllStringSubmatch(string(text), -1) {
			for _, p := range shown(b[1]) {
				found++
				if !exists(schemas, p) {
					t.Errorf("%s: no kind has %s", filepath.Base(page), p)
				}
			}
		}
	}
	if found < 100 {
		t.Errorf("only %d fields found: the check doesn't see them any more", found)
	}
}

// shown are the paths in a command, those inside of ranges completed.
func shown(command string) []string {
	out := path.FindAllString(command, -1)
	for _, r := range within.FindAllStringSubmatch(command, -1) {
		for _, f := range fields.FindAllStringSubmatch(r[2], -1) {
			if r[1] != ".items" {
				out = append(out, r[1]+f[1])
			}
		}
	}
	return out
}

func crds(t *testing.T) []apiextensionsv1.JSONSchemaProps {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%d CRDs, %v", len(files), err)
	}
	var out []apiextensionsv1.JSONSchemaProps
	for _, file := range files {
		var crd apiextensionsv1.CustomResourceDefinition
		load(t, "crd/bases/"+filepath.Base(file), &crd)
		out = append(out, *crd.Spec.Versions[0].Schema.OpenAPIV3Schema)
	}
	return out
}

// exists reports whether a kind has a field.
func exists(schemas []apiextensionsv1.JSONSchemaProps, path string) bool {
	steps := strings.Split(strings.TrimPrefix(brackets.ReplaceAllString(path, ""), "."), ".")
	for i := range schemas {
		at, ok := schemas[i], true
		for _, step := range steps {
			if at.Items != nil && at.Items.Schema != nil {
				at = *at.Items.Schema
			}
			if at, ok = at.Properties[step]; !ok {
				break
			}
		}
		if ok {
			return true
		}
	}
	return false
}
