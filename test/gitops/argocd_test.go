// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package gitops_test

import (
	"context"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/test/patience"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// command finds the command of docs/gitops.md that extends Argo CD's ConfigMap.
var command = regexp.MustCompile("(?m)^kubectl (apply .*config/argocd)$")

// kubectl runs the pinned kubectl in the root of the repository, as a user does.
func kubectl(t *testing.T, args ...string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience.Limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, testenv.Tool(t, "kubectl"), args...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), "KUBECONFIG="+env.KubeconfigFile, "KUBECACHEDIR="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

// TestArgoCDConfigMapIsAddedTo: the command of docs/gitops.md leaves what others put into argocd-cm, whichever way Argo CD was
// installed; also the way that its own documentation recommends, with kubectl's field manager.
func TestArgoCDConfigMapIsAddedTo(t *testing.T) {
	page, err := os.ReadFile(filepath.Join(root, "docs", "gitops.md"))
	if err != nil {
		t.Fatal(err)
	}
	found := command.FindStringSubmatch(string(page))
	if found == nil {
		t.Fatal("docs/gitops.md has no such command")
	}
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "argocd"}}
	if err := env.Client.Create(t.Context(), namespace); err != nil && !apierrors.IsAlreadyExists(err) {
		t.Fatal(err)
	}
	labels := map[string]string{"app.kubernetes.io/name": "argocd-cm", "app.kubernetes.io/part-of": "argocd"}
	data := map[string]string{"url": "https://argocd.acme.example", "accounts.alice": "login"}
	theirs := func() *applycorev1.ConfigMapApplyConfiguration {
		return applycorev1.ConfigMap("argocd-cm", "argocd").WithLabels(labels).WithData(data)
	}
	for name, install := range map[string]func() error{
		"kubectl apply --server-side": func() error { return env.Client.Apply(t.Context(), theirs(), client.FieldOwner("kubectl")) },
		"another server-side apply":   func() error { return env.Client.Apply(t.Context(), theirs(), client.FieldOwner("argocd-controller")) },
		"an update": func() error {
			return env.Client.Create(t.Context(), &corev1.ConfigMap{
				ObjectMeta: metav1.ObjectMeta{Name: "argocd-cm", Namespace: "argocd", Labels: labels}, Data: data,
			}, client.FieldOwner("helm"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			cm := &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "argocd-cm", Namespace: "argocd"}}
			if err := client.IgnoreNotFound(env.Client.Delete(t.Context(), cm)); err != nil {
				t.Fatal(err)
			}
			if err := install(); err != nil {
				t.Fatal(err)
			}
			kubectl(t, strings.Fields(found[1])...)
			if err := env.Client.Get(t.Context(), client.ObjectKeyFromObject(cm), cm); err != nil {
				t.Fatal(err)
			}
			if !maps.Equal(cm.Labels, labels) {
				t.Errorf("labels %v, want %v", cm.Labels, labels)
			}
			for key, value := range data {
				if cm.Data[key] != value {
					t.Errorf("%s is %q, want %q", key, cm.Data[key], value)
				}
			}
			if len(cm.Data) != len(data)+8 {
				t.Errorf("%d keys, want Argo CD's %d and our 8", len(cm.Data), len(data))
			}
		})
	}
}
