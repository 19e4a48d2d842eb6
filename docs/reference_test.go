// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"
)

// crds returns the project's CRDs by kind.
func crds(t *testing.T) map[string]*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%d CRDs: %v", len(files), err)
	}
	out := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, file := range files {
		raw, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(raw, crd); err != nil {
			t.Fatal(err)
		}
		out[crd.Spec.Names.Kind] = crd
	}
	return out
}

// walk visits every schema below one, with its path.
func walk(path string, s *apiextensionsv1.JSONSchemaProps, visit func(string, *apiextensionsv1.JSONSchemaProps)) {
	visit(path, s)
	for name := range s.Properties {
		next := s.Properties[name]
		walk(path+"."+name, &next, visit)
	}
	if s.Items != nil && s.Items.Schema != nil {
		walk(path+"[]", s.Items.Schema, visit)
	}
}

// The reference, which is generated of the Go types, must show every field, value and rule that the API server knows.
func TestReferenceIsComplete(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("reference", "api.md"))
	if err != nil {
		t.Fatal(err)
	}
	page, plain := string(raw), strings.NewReplacer(`\{`, "{", `\}`, "}", `\|`, "|").Replace(string(raw))
	seen := 0
	for kind, crd := range crds(t) {
		walk(kind, crd.Spec.Versions[0].Schema.OpenAPIV3Schema, func(path string, s *apiextensionsv1.JSONSchemaProps) {
			seen++
			if strings.Contains(path, "conditions[]") || strings.Contains(path, "selector.") {
				return // Kubernetes' own types
			}
			if name := path[strings.LastIndex(path, ".")+1:]; strings.Contains(path, ".") && !strings.HasSuffix(name, "[]") &&
				!strings.Contains(page, "\n| `"+name+"` | ") {
				t.Errorf("%s isn't in the reference", path)
			}
			for _, rule := range s.XValidations {
				if !strings.Contains(plain, rule.Message) {
					t.Errorf("%s: the rule %q isn't in the reference", path, rule.Message)
				}
			}
			for _, value := range s.Enum {
				word := strings.Trim(string(value.Raw), `"`)
				if !regexp.MustCompile(`\b` + regexp.QuoteMeta(word) + `\b`).MatchString(page) {
					t.Errorf("%s: the value %s isn't in the reference", path, word)
				}
			}
		})
	}
	if seen < 500 {
		t.Errorf("only %d schemas were looked at", seen)
	}
}
