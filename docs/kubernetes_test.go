// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
)

// oldest is how docs/install.md names the oldest version of Kubernetes.
var oldest = regexp.MustCompile(`Kubernetes (1\.[0-9]+) or newer`)

// The rules of the CRDs must be such that the oldest version of Kubernetes knows every function in them. It must also have
// selectableFields, by which webhooks find a template: they are switched on since 1.31.
func TestRulesWorkOnTheOldestKubernetes(t *testing.T) {
	raw, err := os.ReadFile(filepath.FromSlash("install.md"))
	if err != nil {
		t.Fatal(err)
	}
	m := oldest.FindStringSubmatch(string(raw))
	if m == nil {
		t.Fatal("docs/install.md doesn't name the oldest version of Kubernetes")
	}
	if version.MustParse(m[1]).LessThan(version.MajorMinor(1, 31)) {
		t.Errorf("Kubernetes %s has no selectableFields", m[1])
	}
	rules, broken := compileRules(t, version.MustParse(m[1]))
	if rules < 100 {
		t.Errorf("only %d rules were compiled", rules)
	}
	for _, text := range broken {
		t.Error(text)
	}
	if _, broken := compileRules(t, version.MajorMinor(1, 0)); len(broken) == 0 {
		t.Error("this test can't fail: the rules are said to work on any version")
	}
}

// compileRules compiles the rules of all CRDs with what a version of Kubernetes offers.
func compileRules(t *testing.T, of *version.Version) (rules int, broken []string) {
	t.Helper()
	env := environment.MustBaseEnvSet(of)
	for kind, crd := range crds(t) {
		walk(kind, crd.Spec.Versions[0].Schema.OpenAPIV3Schema, func(path string, s *apiextensionsv1.JSONSchemaProps) {
			if len(s.XValidations) == 0 {
				return
			}
			internal := &apiextensions.JSONSchemaProps{}
			if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(s, internal, nil); err != nil {
				t.Fatal(err)
			}
			structural, err := schema.NewStructural(internal)
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			results, err := cel.Compile(structural, model.SchemaDeclType(structural, path == kind), celconfig.PerCallLimit, env, cel.NewExpressionsEnvLoader())
			if err != nil {
				t.Fatalf("%s: %v", path, err)
			}
			for i := range results {
				rules++
				if results[i].Error != nil {
					broken = append(broken, path+": Kubernetes "+of.String()+": "+results[i].Error.Detail)
				}
			}
		})
	}
	return rules, broken
}
