// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package docs_test

import (
	"os"
	"path/filepath"
	"testing"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// TestSamplesSelectNamespacesByName: a selector in a page or a sample is by the label that the API server itself sets. Any other label can
// be set by whoever may label the namespace, who would so admit themselves to the account.
func TestSamplesSelectNamespacesByName(t *testing.T) {
	texts := pages(t)
	raw, err := os.ReadFile(filepath.Join("..", "config", "samples", "waba.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	texts["config/samples/waba.yaml"] = "```yaml\n" + string(raw) + "```\n"
	count := 0
	for page, text := range texts {
		for _, u := range samples(t, text) {
			if u.GetKind() != "WABA" {
				continue
			}
			var waba v1alpha1.WABA
			if err := runtime.DefaultUnstructuredConverter.FromUnstructured(u.Object, &waba); err != nil {
				t.Fatalf("%s: %v", page, err)
			}
			for _, allowed := range waba.Spec.AllowedReferences {
				s := allowed.Namespaces.Selector
				if s == nil {
					continue
				}
				count++
				_, byLabel := s.MatchLabels[corev1.LabelMetadataName]
				for _, e := range s.MatchExpressions {
					byLabel = byLabel || e.Key == corev1.LabelMetadataName && e.Operator == "In"
				}
				if !byLabel {
					t.Errorf("%s: WABA %s admits namespaces by a label that their owners may set: %v", page, waba.Name, s)
				}
			}
		}
	}
	if count < 2 {
		t.Errorf("only %d selectors were found", count)
	}
}
