// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package install_test

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/waba-operator/waba-operator/test/testenv"
)

// TestScrapedWhereItIs: whatever namespace, prefix and labels somebody's overlay gives to the installation, the ServiceMonitor
// selects the Service of the metrics and only that, and the Service selects the pods.
func TestScrapedWhereItIs(t *testing.T) {
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	for name, overlay := range map[string]string{
		"as it is": "",
		"elsewhere, with more labels": `namespace: messaging
namePrefix: team-
labels:
- pairs: {team: shop}
`,
		"with labels that are selected, too": `labels:
- pairs: {team: shop}
  includeSelectors: true
`,
	} {
		t.Run(name, func(t *testing.T) {
			directory := t.TempDir()
			base, err := filepath.Rel(directory, filepath.Join(root, "config", "monitoring"))
			if err != nil {
				t.Fatal(err)
			}
			kustomization := "resources:\n- " + base + "\n" + overlay
			if err := os.WriteFile(filepath.Join(directory, "kustomization.yaml"), []byte(kustomization), 0o600); err != nil {
				t.Fatal(err)
			}
			objects := rendered(t, directory)
			monitors, services, pods := ofKind(objects, "ServiceMonitor"), ofKind(objects, "Service"), ofKind(objects, "Deployment")
			if len(monitors) != 1 || len(pods) != 1 {
				t.Fatalf("%d ServiceMonitors, %d Deployments", len(monitors), len(pods))
			}
			endpoints, _, _ := unstructured.NestedSlice(monitors[0].Object, "spec", "endpoints")
			port := endpoints[0].(map[string]any)["port"]
			scraped := slices.DeleteFunc(services, func(s *unstructured.Unstructured) bool {
				return s.GetNamespace() != monitors[0].GetNamespace() || !selects(monitors[0], s.GetLabels(), "spec", "selector", "matchLabels") ||
					!hasPort(s, port)
			})
			if len(scraped) != 1 {
				t.Fatalf("the ServiceMonitor selects %d Services with the port %v", len(scraped), port)
			}
			podLabels, _, _ := unstructured.NestedStringMap(pods[0].Object, "spec", "template", "metadata", "labels")
			if scraped[0].GetNamespace() != pods[0].GetNamespace() || !selects(scraped[0], podLabels, "spec", "selector") {
				t.Error("the Service doesn't select the pods")
			}
		})
	}
}

func ofKind(objects []*unstructured.Unstructured, kind string) []*unstructured.Unstructured {
	return slices.DeleteFunc(slices.Clone(objects), func(u *unstructured.Unstructured) bool { return u.GetKind() != kind })
}

func selects(u *unstructured.Unstructured, these map[string]string, path ...string) bool {
	selector, found, err := unstructured.NestedStringMap(u.Object, path...)
	return err == nil && found && labels.SelectorFromSet(selector).Matches(labels.Set(these))
}

func hasPort(service *unstructured.Unstructured, port any) bool {
	ports, _, _ := unstructured.NestedSlice(service.Object, "spec", "ports")
	return slices.ContainsFunc(ports, func(p any) bool { return p.(map[string]any)["name"] == port })
}
