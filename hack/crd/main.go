// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command crd adds the rules about the content of templates to the CRD of MessageTemplate. `make manifests` runs it after controller-gen.
package main

import (
	"fmt"
	"os"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/internal/template"
)

const file = "config/crd/bases/whatsapp.waba-operator.io_messagetemplates.yaml"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "crd:", err)
		os.Exit(1)
	}
}

func run() error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	crd := map[string]any{}
	if err := yaml.Unmarshal(text, &crd); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	typed := &apiextensionsv1.CustomResourceDefinition{}
	if err := yaml.UnmarshalStrict(text, typed); err != nil {
		return fmt.Errorf("%s: %w", file, err)
	}
	for i := range typed.Spec.Versions {
		root := typed.Spec.Versions[i].Schema.OpenAPIV3Schema
		spec := root.Properties["spec"]
		for _, v := range template.Validations() {
			spec.XValidations = append(spec.XValidations, apiextensionsv1.ValidationRule{
				Rule: v.Rule, MessageExpression: v.MessageExpression, FieldPath: v.FieldPath,
			})
		}
		root.Properties["spec"] = spec
	}
	crd["spec"] = typed.Spec
	out, err := yaml.Marshal(crd)
	if err != nil {
		return err
	}
	return os.WriteFile(file, append([]byte("---\n"), out...), 0o600)
}
