// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, &env)) }

// samples returns the manifests of one page.
func samples(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for _, block := range sample.FindAllStringSubmatch(text, -1) {
		for document := range strings.SplitSeq(block[1], "\n---\n") {
			if kind.FindString(document) == "" {
				continue // a part of a manifest
			}
			u := &unstructured.Unstructured{}
			if err := yaml.Unmarshal([]byte(document), &u.Object); err != nil {
				t.Fatalf("%v in\n%s", err, document)
			}
			out = append(out, u)
		}
	}
	return out
}

// TestSamplesAreAccepted sends every manifest of every page to an API server that knows every field.
func TestSamplesAreAccepted(t *testing.T) {
	strict := client.NewNamespacedClient(client.WithFieldValidation(env.Client, metav1.FieldValidationStrict), env.Namespace(t))
	count := 0
	for path, text := range pages(t) {
		for _, u := range samples(t, text) {
			if namespaced := u.GetNamespace() != ""; namespaced {
				u.SetNamespace("") // the one of the test
			}
			if u.GetKind() == "Application" || u.GetKind() == "Kustomization" {
				continue // not the API server's
			}
			count++
			if err := strict.Create(context.Background(), u, client.DryRunAll); err != nil {
				t.Errorf("%s: %s %s: %v", path, u.GetKind(), u.GetName(), err)
			}
		}
	}
	if count < 8 {
		t.Errorf("only %d samples were found", count)
	}
}

// TestTemplateSamplesRun brings every sample of the page about templates to approval.
func TestTemplateSamplesRun(t *testing.T) {
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	w.Files = map[string][]byte{"https://cdn.acme.example/spring.mp4": harness.MP4}
	w.Create(&corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Name: "template-media"}, BinaryData: map[string][]byte{"photo.jpg": harness.JPEG},
	})
	w.Sim.AddTemplate(harness.AccountID, graphsim.Template{Name: "hello_world", Language: "en_US", Status: "APPROVED", Category: "UTILITY"})
	var all []*v1alpha1.MessageTemplate
	for _, u := range samples(t, pages(t)[filepath.Join("..", "docs", "messagetemplate.md")]) {
		raw, err := u.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		tmpl := &v1alpha1.MessageTemplate{}
		if err := yaml.UnmarshalStrict(raw, tmpl); err != nil {
			t.Fatal(err)
		}
		w.Create(tmpl)
		all = append(all, tmpl)
	}
	op := w.Start()
	op.Settle()
	op.Observe()
	op.Observe()
	for _, tmpl := range all {
		w.Reload(tmpl)
		if c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionTrue {
			t.Errorf("%s: %s: %s", tmpl.Name, c.Reason, c.Message)
		}
	}
	if len(all) < 4 {
		t.Errorf("only %d samples were found", len(all))
	}
	w.CheckInvariants()
}
