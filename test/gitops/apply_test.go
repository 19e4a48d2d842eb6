// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"context"
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/harness"
)

const (
	// argoManager is the field manager of Argo CD's server-side apply.
	argoManager = "argocd-controller"
	lastApplied = "kubectl.kubernetes.io/last-applied-configuration"
)

// sources returns manifests by where they are written: the samples of each directory and page together.
func sources(t *testing.T) map[string][]*unstructured.Unstructured {
	t.Helper()
	out := map[string][]*unstructured.Unstructured{}
	for _, pattern := range []string{"config/samples/*.yaml", "docs/*.md", "README.md"} {
		files, err := filepath.Glob(filepath.Join(root, filepath.FromSlash(pattern)))
		if err != nil || len(files) == 0 {
			t.Fatalf("%s: %v, %v", pattern, files, err)
		}
		for _, file := range files {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if filepath.Ext(file) == ".md" {
				out[filepath.Base(file)] = manifests(t, string(raw))
			} else {
				out["samples"] = append(out["samples"], documents(t, string(raw))...)
			}
		}
	}
	for name, objects := range out {
		out[name] = slices.DeleteFunc(objects, func(u *unstructured.Unstructured) bool { return u.GroupVersionKind().Group != v1alpha1.GroupName })
		if len(out[name]) == 0 {
			delete(out, name)
		}
	}
	return out
}

// wanted puts manifests into a world, each name once.
func wanted(w *harness.World, manifests []*unstructured.Unstructured) []*unstructured.Unstructured {
	seen := map[string]bool{}
	var out []*unstructured.Unstructured
	for _, m := range manifests {
		if key := m.GetKind() + "/" + m.GetName(); !seen[key] {
			seen[key] = true
			u := m.DeepCopy()
			u.SetNamespace("")
			w.Label(u)
			out = append(out, u)
		}
	}
	return out
}

// twice applies the samples of every source, lets the operator work with them, and applies them again.
func twice(t *testing.T, first, again func(t *testing.T, w *harness.World, u *unstructured.Unstructured)) {
	t.Helper()
	all := sources(t)
	if len(all) < 5 {
		t.Fatalf("samples in %v only", slices.Sorted(maps.Keys(all)))
	}
	for name, objects := range all {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			objects := wanted(w, objects)
			for _, u := range objects {
				first(t, w, u)
			}
			op := w.Start()
			op.Settle()
			op.Observe()
			for _, u := range objects {
				before := live(t, w, u)
				if before.GetGeneration() != 1 {
					t.Errorf("%s %s: generation %d: somebody changed the spec", u.GetKind(), u.GetName(), before.GetGeneration())
				}
				if n, _, _ := unstructured.NestedInt64(before.Object, "status", "observedGeneration"); n != 1 {
					t.Errorf("%s %s wasn't looked at", u.GetKind(), u.GetName())
				}
				again(t, w, u)
				if after := live(t, w, u); after.GetResourceVersion() != before.GetResourceVersion() {
					t.Errorf("%s %s: the second apply changed it (-before +after):\n%s", u.GetKind(), u.GetName(), cmp.Diff(before.Object, after.Object))
				}
			}
		})
	}
}

func live(t *testing.T, w *harness.World, u *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	out := &unstructured.Unstructured{}
	out.SetGroupVersionKind(u.GroupVersionKind())
	if err := w.Client.Get(context.Background(), client.ObjectKeyFromObject(u), out); err != nil {
		t.Fatal(err)
	}
	return out
}

func serverSide(t *testing.T, w *harness.World, u *unstructured.Unstructured, opts ...client.ApplyOption) *unstructured.Unstructured {
	t.Helper()
	out := u.DeepCopy()
	opts = append(opts, client.FieldOwner(argoManager), client.ForceOwnership)
	if err := w.Client.Apply(context.Background(), client.ApplyConfigurationFromUnstructured(out), opts...); err != nil {
		t.Fatalf("%s %s: %v", u.GetKind(), u.GetName(), err)
	}
	return out
}

// TestServerSideApplyTwice: nothing differs, neither for the dry run by which Argo CD and Flux look for differences nor
// after applying.
func TestServerSideApplyTwice(t *testing.T) {
	t.Parallel()
	twice(t, func(t *testing.T, w *harness.World, u *unstructured.Unstructured) {
		t.Helper()
		serverSide(t, w, u)
	}, func(t *testing.T, w *harness.World, u *unstructured.Unstructured) {
		t.Helper()
		before, predicted := live(t, w, u), serverSide(t, w, u, client.DryRunAll)
		if diff := cmp.Diff(before.Object, predicted.Object); diff != "" {
			t.Errorf("%s %s: the dry run differs (-live +predicted):\n%s", u.GetKind(), u.GetName(), diff)
		}
		serverSide(t, w, u)
	})
}

// annotated is the manifest as a client-side apply sends it.
func annotated(t *testing.T, u *unstructured.Unstructured) *unstructured.Unstructured {
	t.Helper()
	raw, err := json.Marshal(u.Object)
	if err != nil {
		t.Fatal(err)
	}
	out := u.DeepCopy()
	annotations := out.GetAnnotations()
	if annotations == nil {
		annotations = map[string]string{}
	}
	annotations[lastApplied] = string(raw)
	out.SetAnnotations(annotations)
	return out
}

// TestClientSideApplyTwice: the three-way patch that kubectl computes for custom resources is empty.
func TestClientSideApplyTwice(t *testing.T) {
	t.Parallel()
	twice(t, func(t *testing.T, w *harness.World, u *unstructured.Unstructured) {
		t.Helper()
		if err := w.Client.Create(context.Background(), annotated(t, u)); err != nil {
			t.Fatal(err)
		}
	}, func(t *testing.T, w *harness.World, u *unstructured.Unstructured) {
		t.Helper()
		if patch := threeWay(t, live(t, w, u), u); patch != "{}" {
			t.Errorf("%s %s: applying again would send %s", u.GetKind(), u.GetName(), patch)
		}
		changed := u.DeepCopy()
		if err := unstructured.SetNestedField(changed.Object, "Paused", "spec", "managementPolicy"); err != nil {
			t.Fatal(err)
		}
		if patch := threeWay(t, live(t, w, u), changed); !strings.Contains(patch, "Paused") {
			t.Errorf("%s %s: a change isn't found: %s", u.GetKind(), u.GetName(), patch)
		}
	})
}

func threeWay(t *testing.T, current, u *unstructured.Unstructured) string {
	t.Helper()
	modified, err := json.Marshal(annotated(t, u).Object)
	if err != nil {
		t.Fatal(err)
	}
	now, err := json.Marshal(current.Object)
	if err != nil {
		t.Fatal(err)
	}
	patch, err := jsonmergepatch.CreateThreeWayJSONMergePatch([]byte(current.GetAnnotations()[lastApplied]), modified, now)
	if err != nil {
		t.Fatal(err)
	}
	return string(patch)
}

// TestActionsOnTheServer: what Argo CD sends after an action is taken, and neither the difference nor a later apply undoes
// it: the fields aren't in Git.
func TestActionsOnTheServer(t *testing.T) {
	w := harness.New(t, env)
	u := wanted(w, []*unstructured.Unstructured{{Object: map[string]any{
		"apiVersion": v1alpha1.GroupVersion.String(), "kind": "WABA", "metadata": map[string]any{"name": "acme"},
		"spec": map[string]any{"id": harness.AccountID, "credentialsSecretRef": map[string]any{"name": "acme-meta"}},
	}}})[0]
	serverSide(t, w, u)
	start := live(t, w, u)
	for _, step := range []struct{ action, policy string }{{"pause", "Paused"}, {"resume", ""}} {
		before := live(t, w, u)
		after := &unstructured.Unstructured{Object: run(t, step.action, runtime.DeepCopyJSON(before.Object))}
		// Argo CD sends the difference as a merge patch.
		if err := w.Client.Patch(context.Background(), after, client.MergeFrom(before), client.FieldOwner("argocd-server")); err != nil {
			t.Fatal(err)
		}
		serverSide(t, w, u)
		if got, _, _ := unstructured.NestedString(live(t, w, u).Object, "spec", "managementPolicy"); got != step.policy {
			t.Errorf("after %s and an apply, the policy is %q", step.action, got)
		}
	}
	end := live(t, w, u)
	if diff := cmp.Diff(start.Object["spec"], end.Object["spec"]); diff != "" || len(end.GetAnnotations()) != 0 {
		t.Errorf("%v; (-before +after):\n%s", end.GetAnnotations(), diff)
	}
}
