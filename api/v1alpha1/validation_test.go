// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The tests of this package let a real API server judge manifests: what is tested is the generated CRD, not Go code.
package v1alpha1_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/test/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, &env)) }

// parse makes an object of a manifest.
func parse(t *testing.T, manifest string) *unstructured.Unstructured {
	t.Helper()
	obj := &unstructured.Unstructured{}
	if err := yaml.UnmarshalStrict([]byte(manifest), &obj.Object); err != nil {
		t.Fatalf("parsing the manifest: %v\n%s", err, manifest)
	}
	return obj
}

// object makes an object of a kind from the YAML of its spec.
func object(t *testing.T, kind, spec string) *unstructured.Unstructured {
	t.Helper()
	obj := parse(t, "spec:\n"+indent(spec))
	obj.SetAPIVersion("whatsapp.waba-operator.io/v1alpha1")
	obj.SetKind(kind)
	obj.SetGenerateName("test-")
	return obj
}

func indent(s string) string {
	return "  " + strings.ReplaceAll(strings.TrimRight(s, "\n"), "\n", "\n  ") + "\n"
}

// merge lays the fields of the YAML patch over the object's spec; a field that is null in the patch is removed.
func merge(t *testing.T, obj *unstructured.Unstructured, patch string) *unstructured.Unstructured {
	t.Helper()
	var fields map[string]any
	if err := yaml.UnmarshalStrict([]byte(patch), &fields); err != nil {
		t.Fatalf("parsing the patch: %v\n%s", err, patch)
	}
	out := obj.DeepCopy()
	spec, _, err := unstructured.NestedMap(out.Object, "spec")
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(spec, fields)
	maps.DeleteFunc(spec, func(_ string, v any) bool { return v == nil })
	out.Object["spec"] = spec
	return out
}

// check wants no error if want is empty, else one that is about an invalid object and contains want.
func check(t *testing.T, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case want != "" && err == nil:
		t.Errorf("accepted, want an error with %q", want)
	case want != "" && !apierrors.IsInvalid(err):
		t.Errorf("got %v, want an error about an invalid object", err)
	case want != "" && !strings.Contains(err.Error(), want):
		t.Errorf("got %v, want %q in it", err, want)
	}
}

// createCase is one object that is created; want is a part of the message, or empty if the object is valid.
type createCase struct{ name, spec, want string }

// testCreates tries each case by a dry run, as kubectl apply --dry-run=server does.
func testCreates(t *testing.T, kind string, cases []createCase) {
	t.Helper()
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			obj := object(t, kind, tc.spec)
			obj.SetNamespace("default")
			check(t, env.Client.Create(t.Context(), obj, client.DryRunAll), tc.want)
		})
	}
}

// changeCase is a change of an existing object; status, where given, is what the object has before the change.
type changeCase struct{ name, before, status, change, want string }

// testChanges creates the object before and tries to change its spec.
func testChanges(t *testing.T, kind string, cases []changeCase) {
	t.Helper()
	ns := env.Namespace(t)
	for _, tc := range cases {
		t.Run(tc.name, func(t *testing.T) {
			obj := object(t, kind, tc.before)
			obj.SetNamespace(ns)
			if err := env.Client.Create(t.Context(), obj); err != nil {
				t.Fatalf("creating the object before the change: %v", err)
			}
			if tc.status != "" {
				obj.Object["status"] = parse(t, tc.status).Object
				if err := env.Client.Status().Update(t.Context(), obj); err != nil {
					t.Fatalf("writing the status before the change: %v", err)
				}
			}
			check(t, env.Client.Update(t.Context(), merge(t, obj, tc.change)), tc.want)
		})
	}
}

func TestExamplesAndSamplesAreValid(t *testing.T) {
	for dir, want := range map[string]int{"testdata/examples": 38, "../../config/samples": 8} {
		files, err := filepath.Glob(filepath.Join(dir, "*.yaml"))
		if err != nil {
			t.Fatal(err)
		}
		checked := 0
		for _, file := range files {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for document := range strings.SplitSeq(string(text), "\n---\n") {
				obj := parse(t, document)
				if strings.HasPrefix(obj.GetAPIVersion(), "kustomize.config.k8s.io/") {
					continue
				}
				checked++
				t.Run(filepath.Base(file)+"/"+obj.GetName(), func(t *testing.T) {
					obj.SetNamespace("default")
					check(t, env.Client.Create(t.Context(), obj, client.DryRunAll), "")
					again := parse(t, document)
					again.SetNamespace("default")
					apply := client.ApplyConfigurationFromUnstructured(again)
					check(t, env.Client.Apply(t.Context(), apply, client.FieldOwner("kubectl"), client.DryRunAll), "")
				})
			}
		}
		if checked < want {
			t.Errorf("%s has %d objects, want at least %d", dir, checked, want)
		}
	}
}
