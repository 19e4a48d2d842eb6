// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// The tests of this package let a real API server judge manifests: what is tested is the generated CRD, not Go code.
package v1alpha1_test

import (
	"errors"
	"fmt"
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

// validationCase is one object, or one change of an object, that the API server must accept or refuse.
type validationCase struct {
	name string
	// base is the YAML of a valid spec, and patch the YAML of what is laid over it; null removes a field.
	base, patch string
	// status, where given, is the YAML of the status that the object has before it is changed.
	status string
	// at is where the error must be, for example spec.buttons[0].url, and want a part of its message. Without want the
	// object is valid.
	at, want string
}

// creates try base with patch by a dry run, as kubectl apply --dry-run=server does. changes create base, then write
// patch to it.
type kindCases struct {
	kind             string
	creates, changes []validationCase
}

// allCases are the cases of all kinds. TestEveryRuleHasACase compares them with the rules of the CRDs.
func allCases() []kindCases {
	return []kindCases{wabaCases(), phoneNumberCases(), messageTemplateCases(), webhookSubscriptionCases()}
}

func TestValidation(t *testing.T) {
	testenv.Require(t)
	for _, kind := range allCases() {
		for _, tc := range kind.creates {
			t.Run(kind.kind+"/create/"+tc.name, func(t *testing.T) {
				obj := withSpec(t, kind.kind, tc.base, tc.patch)
				obj.SetNamespace("default")
				tc.check(t, env.Client.Create(t.Context(), obj, client.DryRunAll))
			})
		}
		namespace := env.Namespace(t)
		for _, tc := range kind.changes {
			t.Run(kind.kind+"/change/"+tc.name, func(t *testing.T) {
				obj := withSpec(t, kind.kind, tc.base, "")
				obj.SetNamespace(namespace)
				if err := env.Client.Create(t.Context(), obj); err != nil {
					t.Fatalf("creating the object before the change: %v", err)
				}
				if tc.status != "" {
					obj.Object["status"] = parse(t, tc.status)
					if err := env.Client.Status().Update(t.Context(), obj); err != nil {
						t.Fatalf("writing the status before the change: %v", err)
					}
				}
				patch(t, obj, tc.patch)
				tc.check(t, env.Client.Update(t.Context(), obj))
			})
		}
	}
}

func (tc validationCase) check(t *testing.T, err error) {
	t.Helper()
	switch {
	case tc.want == "" && err != nil:
		t.Errorf("refused: %v", err)
	case tc.want == "":
	case err == nil:
		t.Errorf("accepted, want an error with %q at %s", tc.want, tc.at)
	case !apierrors.IsInvalid(err):
		t.Errorf("got %v, want an error about an invalid object", err)
	case !tc.in(err):
		t.Errorf("got %v, want %q at %s", err, tc.want, tc.at)
	}
}

// in says whether one of the causes of err is at the field, and has the message, that the case wants.
func (tc validationCase) in(err error) bool {
	var status apierrors.APIStatus
	if !errors.As(err, &status) || status.Status().Details == nil {
		return false
	}
	for _, cause := range status.Status().Details.Causes {
		if cause.Field == tc.at && strings.Contains(cause.Message, tc.want) {
			return true
		}
	}
	return false
}

func parse(t *testing.T, text string) map[string]any {
	t.Helper()
	fields := map[string]any{}
	if err := yaml.UnmarshalStrict([]byte(text), &fields); err != nil {
		t.Fatalf("parsing: %v\n%s", err, text)
	}
	return fields
}

func withSpec(t *testing.T, kind, base, overlay string) *unstructured.Unstructured {
	t.Helper()
	obj := &unstructured.Unstructured{Object: map[string]any{"spec": parse(t, base)}}
	obj.SetAPIVersion("whatsapp.waba-operator.io/v1alpha1")
	obj.SetKind(kind)
	obj.SetGenerateName("test-")
	patch(t, obj, overlay)
	return obj
}

// patch lays the fields of the YAML text over the spec of the object, one level deep; null removes a field.
func patch(t *testing.T, obj *unstructured.Unstructured, text string) {
	t.Helper()
	spec := obj.Object["spec"].(map[string]any)
	maps.Copy(spec, parse(t, text))
	maps.DeleteFunc(spec, func(_ string, v any) bool { return v == nil })
}

// long is a text of n characters of two bytes each: Meta and the API server both count characters.
func long(n int) string { return strings.Repeat("ä", n) }

func TestExamplesAndSamplesAreValid(t *testing.T) {
	testenv.Require(t)
	for directory, want := range map[string]int{"testdata/examples": 38, "../../config/samples": 12} {
		objects := 0
		for name, manifest := range manifests(t, directory) {
			objects++
			t.Run(name, func(t *testing.T) {
				for _, write := range []func(*unstructured.Unstructured) error{
					func(obj *unstructured.Unstructured) error {
						return env.Client.Create(t.Context(), obj, client.DryRunAll)
					},
					func(obj *unstructured.Unstructured) error {
						return env.Client.Apply(t.Context(), client.ApplyConfigurationFromUnstructured(obj), client.FieldOwner("kubectl"), client.DryRunAll)
					},
				} {
					obj := &unstructured.Unstructured{Object: parse(t, manifest)}
					obj.SetNamespace("default")
					if err := write(obj); err != nil {
						t.Errorf("refused: %v", err)
					}
				}
			})
		}
		if objects != want {
			t.Errorf("%s has %d objects, want %d", directory, objects, want)
		}
	}
}

// manifests returns the text of each object in the YAML files of a directory, kustomizations apart.
func manifests(t *testing.T, directory string) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(directory, "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]string{}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for i, document := range strings.Split(string(text), "\n---\n") {
			if filepath.Base(file) != "kustomization.yaml" {
				found[fmt.Sprintf("%s#%d", filepath.Base(file), i)] = document
			}
		}
	}
	return found
}
