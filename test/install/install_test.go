// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package install_test runs what the Makefile offers to install the operator without helm, with a real kubectl, on an API
// server that has never seen the project's CRDs.
package install_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	applycorev1 "k8s.io/client-go/applyconfigurations/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/patience"
	"github.com/waba-operator/waba-operator/test/testenv"
)

const (
	namespace = "waba-operator-system"
	image     = "registry.example:5000/team/operator:v1.2.3"
)

// cluster is an API server without the project's CRDs, and the programs that a user has.
type cluster struct {
	*testenv.Env
	t    *testing.T
	root string
}

func newCluster(t *testing.T) *cluster {
	t.Helper()
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{Env: testenv.StartWithoutCRDs(t), t: t, root: root}
}

// run runs a program as a user with the cluster's kubeconfig does, and returns all that it prints. It must end well or not.
func (c *cluster) run(well bool, name string, args ...string) string {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.t.Context(), patience.Limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = c.root
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { // as in a shell, not in the make that runs the tests
		return strings.HasPrefix(v, "MAKE") || strings.HasPrefix(v, "MFLAGS") || strings.HasPrefix(v, "RESOURCES=")
	})
	cmd.Env = append(cmd.Env, "KUBECONFIG="+c.KubeconfigFile, "KUBECACHEDIR="+c.t.TempDir())
	out, err := cmd.CombinedOutput()
	if (err == nil) != well {
		c.t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	return string(out)
}

func (c *cluster) make(args ...string) {
	c.t.Helper()
	c.run(true, "make", c.target(args)...)
}

// refused runs make, which must fail.
func (c *cluster) refused(args ...string) string {
	c.t.Helper()
	return c.run(false, "make", c.target(args)...)
}

func (c *cluster) target(args []string) []string {
	return append([]string{"--no-print-directory", "KUBECTL=" + testenv.Tool(c.t, "kubectl"), "IMG=" + image}, args...)
}

// rendered returns the objects of a kustomization.
func rendered(t *testing.T, directory string) []*unstructured.Unstructured {
	t.Helper()
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	if !filepath.IsAbs(directory) {
		directory = filepath.Join(root, directory)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience.Limit)
	defer cancel()
	out, err := exec.CommandContext(ctx, testenv.Tool(t, "kustomize"), "build", "--load-restrictor", "LoadRestrictionsNone", directory).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", directory, err, out)
	}
	var objects []*unstructured.Unstructured
	for document := range strings.SplitSeq(string(out), "\n---\n") {
		u := &unstructured.Unstructured{}
		if err := yaml.Unmarshal([]byte(document), &u.Object); err != nil {
			t.Fatal(err)
		}
		objects = append(objects, u)
	}
	return objects
}

func describe(u *unstructured.Unstructured) string {
	return fmt.Sprintf("%s %s/%s", u.GetKind(), u.GetNamespace(), u.GetName())
}

// versions returns the resource versions of those objects that are there.
func (c *cluster) versions(of []*unstructured.Unstructured) map[string]string {
	c.t.Helper()
	found := map[string]string{}
	for _, u := range of {
		live := &unstructured.Unstructured{}
		live.SetGroupVersionKind(u.GroupVersionKind())
		switch err := c.Client.Get(c.t.Context(), client.ObjectKeyFromObject(u), live); {
		case err == nil:
			found[describe(u)] = live.GetResourceVersion()
		case client.IgnoreNotFound(err) != nil:
			c.t.Fatal(err)
		}
	}
	return found
}

// crds returns the names of the CRDs that serve.
func (c *cluster) crds() []string {
	c.t.Helper()
	var list apiextensionsv1.CustomResourceDefinitionList
	if err := c.Client.List(c.t.Context(), &list); err != nil {
		c.t.Fatal(err)
	}
	var names []string
	for _, crd := range list.Items {
		if slices.ContainsFunc(crd.Status.Conditions, func(x apiextensionsv1.CustomResourceDefinitionCondition) bool {
			return x.Type == apiextensionsv1.Established && x.Status == apiextensionsv1.ConditionTrue
		}) {
			names = append(names, crd.Name)
		}
	}
	return names
}

// TestInstallAndRemove goes the whole way of a user: CRDs, samples, operator, an upgrade that changes nothing, and back.
func TestInstallAndRemove(t *testing.T) {
	c := newCluster(t)
	c.make("install")
	c.run(true, testenv.Tool(c.t, "kubectl"), "wait", "--for=condition=Established", "--timeout=60s", "crd", "--all")
	if got := c.crds(); len(got) != 4 {
		t.Fatalf("CRDs that serve: %v", got)
	}
	c.run(true, testenv.Tool(c.t, "kubectl"), "apply", "--dry-run=server", "-k", "config/samples")

	all := rendered(t, "config/default")
	theirs := applycorev1.Namespace(namespace).WithLabels(map[string]string{"team": "platform"})
	if err := c.Client.Apply(t.Context(), theirs, client.FieldOwner("kubectl")); err != nil { // as `kubectl apply --server-side` does
		t.Fatal(err)
	}
	c.make("deploy")
	first := c.versions(all)
	if len(first) != len(all) {
		t.Fatalf("%d objects of %d are there", len(first), len(all))
	}
	var deployment appsv1.Deployment
	if err := c.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: "waba-operator-controller-manager"}, &deployment); err != nil {
		t.Fatal(err)
	}
	if got := deployment.Spec.Template.Spec.Containers[0].Image; got != image {
		t.Errorf("image: %s", got)
	}
	c.make("deploy")
	for name, version := range c.versions(all) {
		if first[name] != version {
			t.Errorf("%s changed when it was applied again", name)
		}
	}

	template := c.templateThatHolds()
	if out := c.refused("uninstall"); !strings.Contains(out, "held") || !strings.Contains(out, "undeploy") {
		t.Errorf("uninstall doesn't say what would be lost and what to do:\n%s", out)
	}
	if out := c.refused("uninstall", "RESOURCES=forget"); !strings.Contains(out, "undeploy") {
		t.Errorf("uninstall doesn't mind that an operator is there:\n%s", out)
	}
	c.make("undeploy")
	if left := c.versions(rendered(t, "config/operator")); len(left) != 0 {
		t.Errorf("left by undeploy: %v", left)
	}
	if err := c.Client.Get(t.Context(), client.ObjectKeyFromObject(template), template); err != nil || !template.DeletionTimestamp.IsZero() {
		t.Errorf("undeploy touched a resource: %v", err)
	}
	var ns corev1.Namespace
	if err := c.Client.Get(t.Context(), client.ObjectKey{Name: namespace}, &ns); err != nil || !ns.DeletionTimestamp.IsZero() {
		t.Errorf("undeploy touched the namespace: %v", err)
	}
	if ns.Labels["team"] != "platform" {
		t.Errorf("deploy took a label off the namespace that somebody else had put there: %v", ns.Labels)
	}
	c.make("undeploy") // once more does no harm
	c.refused("uninstall")
	if got := c.crds(); len(got) != 4 {
		t.Fatalf("CRDs after refusals: %v", got)
	}
	c.make("uninstall", "RESOURCES=forget")
	if got := c.crds(); len(got) != 0 {
		t.Errorf("CRDs after uninstall: %v", got)
	}
	c.make("uninstall")
}

// templateThatHolds creates a resource that is kept until something was done at Meta.
func (c *cluster) templateThatHolds() *v1alpha1.MessageTemplate {
	c.t.Helper()
	template := &v1alpha1.MessageTemplate{
		ObjectMeta: metav1.ObjectMeta{Name: "held", Namespace: "default", Finalizers: []string{v1alpha1.Finalizer}},
		Spec: v1alpha1.MessageTemplateSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}},
			Name:       "held", Language: "en_US", Category: v1alpha1.TemplateCategoryUtility,
			Body: &v1alpha1.TemplateBody{Text: "Your order is on its way."}, DeletionPolicy: v1alpha1.DeletionPolicyDelete,
		},
	}
	if err := c.Client.Create(c.t.Context(), template); err != nil {
		c.t.Fatal(err)
	}
	return template
}

// TestUninstallWithoutResources needs no word about resources, whether an operator is there or not.
func TestUninstallWithoutResources(t *testing.T) {
	c := newCluster(t)
	c.make("deploy")
	c.make("uninstall")
	if got := c.crds(); len(got) != 0 {
		t.Errorf("CRDs: %v", got)
	}
	if out := c.refused("uninstall", "RESOURCES=all"); !strings.Contains(out, "forget") {
		t.Errorf("a word that means nothing: %s", out)
	}
}
