// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel/model"
	"k8s.io/apimachinery/pkg/util/version"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

const (
	// firstCEL is the first version whose API server evaluates the rules of CRDs unless told not to.
	firstCEL = 25
	// firstSelectable is the first that knows selectableFields unless told not to.
	firstSelectable = 31
)

// TestOldestKubernetes: kubeVersion in Chart.yaml is the oldest version whose API server takes the CRDs as they are: their
// rules compile there, and it knows their fields.
func TestOldestKubernetes(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatal(err)
	}
	oldest, rules := firstCEL, 0
	for _, file := range files {
		crd := fromConfig[apiextensionsv1.CustomResourceDefinition](t, "crd", "bases", filepath.Base(file))
		for _, v := range crd.Spec.Versions {
			if len(v.SelectableFields) > 0 {
				oldest = max(oldest, firstSelectable)
			}
			structural := structure(t, v.Schema.OpenAPIV3Schema)
			for {
				n, err := compile(structural, environment.MustBaseEnvSet(version.MajorMinor(1, uint(oldest))))
				if rules += n; err == nil {
					break
				}
				if oldest++; oldest > 60 {
					t.Fatal(err)
				}
			}
		}
	}
	if rules < 50 {
		t.Errorf("only %d rules are found", rules)
	}
	var chart struct{ KubeVersion string }
	if err := yaml.Unmarshal(readFile(t, chartDir(), "Chart.yaml"), &chart); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf(">=1.%d.0-0", oldest); chart.KubeVersion != want {
		t.Errorf("kubeVersion is %s, but the CRDs need %s", chart.KubeVersion, want)
	}
	if _, err := template(t, "", "--kube-version", fmt.Sprintf("1.%d.9", oldest-1)); err == nil || !strings.Contains(err.Error(), "incompatible") {
		t.Errorf("an older version isn't refused: %v", err)
	}
	if _, err := template(t, "", "--kube-version", fmt.Sprintf("v1.%d.0-gke.1", oldest)); err != nil {
		t.Errorf("the oldest version is refused: %v", err)
	}
}

func structure(t *testing.T, v1 *apiextensionsv1.JSONSchemaProps) *schema.Structural {
	t.Helper()
	internal := &apiextensions.JSONSchemaProps{}
	if err := apiextensionsv1.Convert_v1_JSONSchemaProps_To_apiextensions_JSONSchemaProps(v1, internal, nil); err != nil {
		t.Fatal(err)
	}
	s, err := schema.NewStructural(internal)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// compile compiles the rules of a schema and of all below it, and returns how many there are.
func compile(s *schema.Structural, env *environment.EnvSet) (int, error) {
	rules := len(s.XValidations)
	if rules > 0 {
		results, err := cel.Compile(s, model.SchemaDeclType(s, s.XEmbeddedResource), celconfig.PerCallLimit, env, cel.NewExpressionsEnvLoader())
		if err != nil {
			return 0, err
		}
		for _, r := range results {
			if r.Error != nil {
				return 0, r.Error
			}
		}
	}
	below := []*schema.Structural{}
	if s.Items != nil {
		below = append(below, s.Items)
	}
	if s.AdditionalProperties != nil && s.AdditionalProperties.Structural != nil {
		below = append(below, s.AdditionalProperties.Structural)
	}
	for _, p := range s.Properties {
		below = append(below, &p)
	}
	for _, b := range below {
		n, err := compile(b, env)
		if err != nil {
			return 0, err
		}
		rules += n
	}
	return rules, nil
}
