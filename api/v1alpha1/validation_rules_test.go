// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/template"
)

// crds returns the generated CRDs by kind.
func crds(t *testing.T) map[string]*apiextensionsv1.CustomResourceDefinition {
	t.Helper()
	files, err := filepath.Glob("../../config/crd/bases/*.yaml")
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]*apiextensionsv1.CustomResourceDefinition{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		crd := &apiextensionsv1.CustomResourceDefinition{}
		if err := yaml.UnmarshalStrict(text, crd); err != nil {
			t.Fatalf("parsing %s: %v", file, err)
		}
		found[crd.Spec.Names.Kind] = crd
	}
	if len(found) != 4 {
		t.Fatalf("found %d CRDs, want 4", len(found))
	}
	return found
}

// walk calls visit for a schema and all schemas below it, with their paths; items of a list are [].
func walk(path string, schema *apiextensionsv1.JSONSchemaProps, visit func(string, *apiextensionsv1.JSONSchemaProps)) {
	visit(path, schema)
	for name, property := range schema.Properties {
		walk(strings.TrimPrefix(path+"."+name, "."), &property, visit)
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		walk(path+"[]", schema.Items.Schema, visit)
	}
	if schema.AdditionalProperties != nil && schema.AdditionalProperties.Schema != nil {
		walk(path+".*", schema.AdditionalProperties.Schema, visit)
	}
}

var index = regexp.MustCompile(`\[[0-9]+\]`)

// A rule without a case that it refuses could be dropped or broken unnoticed.
func TestEveryRuleHasACase(t *testing.T) {
	definitions := crds(t)
	rules := 0
	for _, kind := range allCases() {
		schema := definitions[kind.kind].Spec.Versions[0].Schema.OpenAPIV3Schema
		walk("", schema, func(path string, s *apiextensionsv1.JSONSchemaProps) {
			for _, rule := range s.XValidations {
				if rule.MessageExpression != "" {
					continue // one of those below
				}
				rules++
				if !hasCase(kind, path, rule.Message) {
					t.Errorf("%s: no case is refused at %q by the rule %q", kind.kind, path, rule.Message)
				}
			}
		})
	}
	templates := messageTemplateCases()
	for _, rule := range template.Rules() {
		for _, c := range rule.CEL {
			rules++
			if !hasCase(templates, "spec"+c.Part, rule.Message) {
				t.Errorf("no case is refused at %q by the rule %q", "spec"+c.Part, rule.Message)
			}
		}
	}
	if rules < 120 {
		t.Errorf("found %d rules, want at least 120: are the CRDs generated?", rules)
	}
}

func hasCase(kind kindCases, path, message string) bool {
	for _, cases := range [][]validationCase{kind.creates, kind.changes} {
		for _, tc := range cases {
			at := index.ReplaceAllString(tc.at, "[]")
			if at == "<nil>" {
				at = ""
			}
			if tc.want != "" && at == path && strings.Contains(message, tc.want) {
				return true
			}
		}
	}
	return false
}

// A rule at the root that isn't a transition rule, tightened later, would refuse status writes and the removal of
// finalizers of old objects, and their namespaces would hang.
func TestNoRuleAtTheRootConcernsOldObjects(t *testing.T) {
	for kind, crd := range crds(t) {
		for _, rule := range crd.Spec.Versions[0].Schema.OpenAPIV3Schema.XValidations {
			if !strings.Contains(rule.Rule, "oldSelf") {
				t.Errorf("%s: the rule %q stands at the root and isn't a transition rule", kind, rule.Rule)
			}
		}
	}
}

// Status must take whatever Meta says, and spec must neither have defaults (GitOps tools would see differences) nor
// fields without a limit or a description.
func TestSchemaPolicies(t *testing.T) {
	for kind, crd := range crds(t) {
		walk("", crd.Spec.Versions[0].Schema.OpenAPIV3Schema, func(path string, s *apiextensionsv1.JSONSchemaProps) {
			if strings.HasPrefix(path, "status.conditions") || strings.HasPrefix(path, "metadata") || strings.Contains(path, ".selector.") {
				return
			}
			if s.Description == "" && path != "" && !strings.HasSuffix(path, "[]") && !strings.HasSuffix(path, ".*") {
				t.Errorf("%s: %s has no description", kind, path)
			}
			checkStatusFreedom(t, kind, path, s)
			checkSpecLimits(t, kind, path, s)
		})
	}
}

func checkStatusFreedom(t *testing.T, kind, path string, s *apiextensionsv1.JSONSchemaProps) {
	t.Helper()
	if !strings.HasPrefix(path, "status") {
		return
	}
	if len(s.Enum) > 0 || s.Pattern != "" || s.MaxLength != nil || s.MaxItems != nil || s.Maximum != nil || len(s.XValidations) > 0 {
		t.Errorf("%s: %s restricts what Meta may say", kind, path)
	}
	if s.Type == "array" && s.XListType == nil {
		t.Errorf("%s: %s doesn't say how lists are merged", kind, path)
	}
	if s.Default != nil && path != "status" && path != "status.observedGeneration" {
		t.Errorf("%s: %s has a default", kind, path)
	}
}

func checkSpecLimits(t *testing.T, kind, path string, s *apiextensionsv1.JSONSchemaProps) {
	t.Helper()
	if !strings.HasPrefix(path, "spec") {
		return
	}
	if s.Default != nil {
		t.Errorf("%s: %s has a default", kind, path)
	}
	if s.Type == "string" && len(s.Enum) == 0 && s.MaxLength == nil {
		t.Errorf("%s: %s has no longest length", kind, path)
	}
	if s.Type == "array" && (s.MaxItems == nil || s.XListType == nil) {
		t.Errorf("%s: %s has no largest number of items or doesn't say how it is merged", kind, path)
	}
}

// People and scripts rely on what kubectl get shows and on the short names.
func TestNamesAndColumns(t *testing.T) {
	definitions := crds(t)
	for _, want := range []struct{ kind, plural, short, columns, wide string }{
		{"WABA", "wabas", "", "ACCOUNT READY HEALTH LIMIT NUMBERS TEMPLATES AGE", "ID POLICY INTERVAL REASON"},
		{"PhoneNumber", "phonenumbers", "wapn", "NUMBER DISPLAY_NAME STATUS QUALITY LIMIT READY AGE", "ID ACCOUNT POLICY DELETION REASON"},
		{"MessageTemplate", "messagetemplates", "wamt", "TEMPLATE LANG CATEGORY STATUS QUALITY READY AGE", "ID ACCOUNT POLICY DELETION REASON"},
		{"WebhookSubscription", "webhooksubscriptions", "wawh", "ACCOUNT APP SUBSCRIBED MESSAGES_TO READY AGE", "APP_CALLBACK POLICY DELETION REASON"},
	} {
		spec := definitions[want.kind].Spec
		registered, _ := v1alpha1.AssetKindOf(want.kind)
		names := map[int32][]string{}
		for _, column := range spec.Versions[0].AdditionalPrinterColumns {
			name := strings.ReplaceAll(strings.ToUpper(column.Name), " ", "_")
			names[column.Priority] = append(names[column.Priority], name)
		}
		for _, pair := range [][2]string{
			{spec.Names.Plural, want.plural}, {strings.Join(spec.Names.ShortNames, " "), want.short},
			{registered.Resource, want.plural}, {registered.ShortName, want.short}, {strings.ToLower(want.kind), spec.Names.Singular},
			{strings.Join(spec.Names.Categories, " "), "whatsapp"}, {string(spec.Scope), "Namespaced"},
			{strings.Join(names[0], " "), want.columns}, {strings.Join(names[1], " "), want.wide},
		} {
			if pair[0] != pair[1] {
				t.Errorf("%s: got %q, want %q", want.kind, pair[0], pair[1])
			}
		}
	}
}

// The annotation in which kubectl apply keeps the last configuration takes at most 256 KiB.
func TestCRDsFitIntoAnAnnotation(t *testing.T) {
	for kind, crd := range crds(t) {
		text, err := json.Marshal(crd)
		if err != nil {
			t.Fatal(err)
		}
		if len(text) > 128<<10 {
			t.Errorf("the CRD of %s has %d bytes, want at most half of the limit", kind, len(text))
		}
	}
}

// walkInPlace calls change for a schema and all schemas below it.
func walkInPlace(schema *apiextensionsv1.JSONSchemaProps, change func(*apiextensionsv1.JSONSchemaProps)) {
	change(schema)
	for name, property := range schema.Properties {
		walkInPlace(&property, change)
		schema.Properties[name] = property
	}
	if schema.Items != nil && schema.Items.Schema != nil {
		walkInPlace(schema.Items.Schema, change)
	}
}
