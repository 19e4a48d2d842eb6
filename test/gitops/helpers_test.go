// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package gitops_test checks what GitOps tools make of the resources: their health, their differences and their names.
package gitops_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/test/gitops/argocd"
	"github.com/waba-operator/waba-operator/test/testenv"
)

var env *testenv.Env

func TestMain(m *testing.M) { os.Exit(testenv.Run(m, &env)) }

var (
	block = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	named = regexp.MustCompile(`(?m)^kind: \w+$`)
)

// manifests returns the whole manifests of a page.
func manifests(t *testing.T, page string) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for _, m := range block.FindAllStringSubmatch(page, -1) {
		out = append(out, documents(t, m[1])...)
	}
	return out
}

// documents returns the objects of a YAML stream. What names no kind is a part of a manifest.
func documents(t *testing.T, text string) []*unstructured.Unstructured {
	t.Helper()
	var out []*unstructured.Unstructured
	for document := range strings.SplitSeq(text, "\n---\n") {
		if !named.MatchString(document) {
			continue
		}
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &u.Object); err != nil {
			t.Fatalf("%v in\n%s", err, document)
		}
		out = append(out, u)
	}
	return out
}

// run does to an object what an action of Argo CD does.
func run(t *testing.T, action string, object map[string]any) map[string]any {
	t.Helper()
	script, err := argocd.Script(root, action)
	if err != nil {
		t.Fatal(err)
	}
	out, err := argocd.Machine{Clock: time.Now}.Act(object, script)
	if err != nil {
		t.Fatal(err)
	}
	return out
}
