// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
)

// annotation decodes one of Artifact Hub's annotations, strictly.
func annotation[T any](t *testing.T, annotations map[string]string, name string) T {
	t.Helper()
	var into T
	if err := yaml.UnmarshalStrict([]byte(annotations["artifacthub.io/"+name]), &into); err != nil {
		t.Errorf("artifacthub.io/%s: %v", name, err)
	}
	return into
}

// TestArtifactHub: the annotations are as https://artifacthub.io/docs/topics/annotations/helm defines them, and true.
func TestArtifactHub(t *testing.T) {
	var chart struct {
		Icon, AppVersion string
		Annotations      map[string]string
	}
	if err := yaml.Unmarshal(readFile(t, chartDir(), "Chart.yaml"), &chart); err != nil {
		t.Fatal(err)
	}
	const raw = "https://raw.githubusercontent.com/waba-operator/waba-operator/main/"
	icon, ours := strings.CutPrefix(chart.Icon, raw)
	if !ours || !strings.Contains(string(readFile(t, root, filepath.FromSlash(icon))), "<svg") {
		t.Errorf("the icon %s isn't a picture of this repository", chart.Icon)
	}
	a := chart.Annotations
	if levels := []string{"Basic Install", "Seamless Upgrades", "Full Lifecycle", "Deep Insights", "Auto Pilot"}; !slices.Contains(levels, a["artifacthub.io/operatorCapabilities"]) {
		t.Errorf("operatorCapabilities: %q", a["artifacthub.io/operatorCapabilities"])
	}
	images := annotation[[]struct {
		Name, Image string
		Platforms   []string
	}](t, a, "images")
	pod := podOf(t, "simulator: {enabled: true}")
	rendered := slices.Concat(pod.Containers, pod.InitContainers)
	if len(images) != len(rendered) {
		t.Fatalf("%d images, but the chart installs %d", len(images), len(rendered))
	}
	for i, c := range rendered {
		if images[i].Image != c.Image || len(images[i].Platforms) != 2 {
			t.Errorf("image: %+v, but the chart installs %s", images[i], c.Image)
		}
	}
	changelog := " " + strings.Join(strings.Fields(string(readFile(t, root, "CHANGELOG.md"))), " ") + " "
	changes := annotation[[]struct{ Kind, Description string }](t, a, "changes")
	for _, c := range changes {
		if !slices.Contains([]string{"added", "changed", "deprecated", "removed", "fixed", "security"}, c.Kind) || !strings.Contains(changelog, " - "+c.Description+" ") {
			t.Errorf("%s: %q isn't an entry of CHANGELOG.md", c.Kind, c.Description)
		}
	}
	for _, what := range []string{"links", "recommendations"} {
		for _, l := range annotation[[]struct{ Name, URL string }](t, a, what) {
			page, here := strings.CutPrefix(l.URL, "https://github.com/waba-operator/waba-operator/blob/main/")
			if page, _, _ = strings.Cut(page, "#"); here {
				readFile(t, root, page)
			}
			if !strings.HasPrefix(l.URL, "https://") {
				t.Errorf("%s: %+v", what, l)
			}
		}
	}
	crds := annotation[[]struct{ Kind, Version, Name, DisplayName, Description string }](t, a, "crds")
	for _, name := range crdNames {
		file := strings.SplitN(name, ".", 2)
		crd := fromConfig[apiextensionsv1.CustomResourceDefinition](t, "crd", "bases", file[1]+"_"+file[0]+".yaml")
		known := slices.ContainsFunc(crds, func(c struct{ Kind, Version, Name, DisplayName, Description string }) bool {
			return c.Name == name && c.Kind == crd.Spec.Names.Kind && c.Version == crd.Spec.Versions[0].Name && c.DisplayName != "" && c.Description != ""
		})
		if !known {
			t.Errorf("crds lacks %s", name)
		}
	}
	if examples := annotation[[]map[string]any](t, a, "crdsExamples"); len(examples) == 0 || len(changes) == 0 {
		t.Error("there are no examples, or no changes")
	}
	for name := range a {
		if known := []string{
			"category", "license", "operator", "operatorCapabilities", "prerelease", "images", "changes", "recommendations", "links", "crds", "crdsExamples",
		}; !slices.Contains(known, strings.TrimPrefix(name, "artifacthub.io/")) {
			t.Errorf("no test knows the annotation %s", name)
		}
	}
	var repository struct {
		Ignore []struct{ Name, Version string }
	}
	if err := yaml.UnmarshalStrict(readFile(t, root, "charts", "artifacthub-repo.yml"), &repository); err != nil || len(repository.Ignore) != 1 || repository.Ignore[0].Name != release {
		t.Errorf("artifacthub-repo.yml: %v, %+v", err, repository)
	}
}
