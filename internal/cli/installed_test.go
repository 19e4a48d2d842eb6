// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/internal/installation"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/internal/plan"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// install creates a Deployment of an operator, as the chart does, until the test ends.
func install(t *testing.T, env *testenv.Env, namespace, name, image string, args ...string) {
	t.Helper()
	labels := map[string]string{"app.kubernetes.io/name": "waba-operator", "app.kubernetes.io/instance": name}
	d := &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name, Labels: map[string]string{"app.kubernetes.io/part-of": "waba-operator"}},
		Spec: appsv1.DeploymentSpec{Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: corev1.PodTemplateSpec{
			ObjectMeta: metav1.ObjectMeta{Labels: labels},
			Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "manager", Image: image, Args: args}}},
		}},
	}
	if err := env.Client.Create(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := env.Client.Delete(context.WithoutCancel(t.Context()), d); err != nil {
			t.Error(err)
		}
	})
}

// TestPlanFollowsTheOperator: the installed operator's flags count unless they are given, but never where it sends tokens.
func TestPlanFollowsTheOperator(t *testing.T) {
	env := startCluster(t)
	namespace := env.Namespace(t)
	var lured atomic.Int64
	lure := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { lured.Add(1) }))
	t.Cleanup(lure.Close)
	file := filepath.Join(t.TempDir(), "hooks.yaml")
	hooks, err := os.ReadFile("../../config/samples/webhooksubscription.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(demoWABA+string(hooks)), 0o600); err != nil {
		t.Fatal(err)
	}
	args := append([]string{"plan", "--all", "-n", namespace, file}, demo(t)...)
	const missing = "start the operator with --webhook-url"
	planned := func(want string, more ...string) string {
		t.Helper()
		_, out, stderr := run(t, "", append(append([]string{}, args...), more...)...)
		if !strings.Contains(stderr, want) || lured.Load() > 0 {
			t.Errorf("want %q\n%s%s", want, out, stderr)
		}
		return out
	}
	if out := planned("the cluster has no operator that acts on all of these manifests: give --webhook-url"); !strings.Contains(out, missing) {
		t.Errorf("without an operator:\n%s", out)
	}
	if out := planned("", "--webhook-url", "https://hooks.acme.example"); strings.Contains(out, missing) {
		t.Errorf("with --webhook-url:\n%s", out)
	}
	install(t, env, namespace, "waba-operator", "ghcr.io/waba-operator/waba-operator:v1.2.0", "--leader-elect", "--webhook-url=https://hooks.acme.example",
		"--namespaces="+namespace, "--graph-base-url="+lure.URL)
	if out := planned("note: planned with the flags of the operator " + namespace + "/waba-operator v1.2.0\n"); strings.Contains(out, missing) {
		t.Errorf("with an operator:\n%s", out)
	}
	install(t, env, namespace, "other", "ghcr.io/waba-operator/waba-operator:v1.2.0", "--namespaces="+namespace, "--watch-label-selector=shard=b")
	planned("planned with the flags of the operator " + namespace + "/waba-operator v1.2.0\n")
	install(t, env, namespace, "second", "ghcr.io/waba-operator/waba-operator:v1.2.0", "--namespaces="+namespace)
	planned("several operators act on these manifests, with different flags: give --webhook-url, --graph-api-version, --template-creates-per-hour")
}

func TestAdopt(t *testing.T) {
	op := &installation.Installation{Namespace: "platform", Name: "waba-operator", Version: "v1.1.0", Options: operator.DefaultOptions()}
	op.Options.WebhookURL, op.Options.GraphAPIVersion, op.Options.CreatesPerHour = "https://hooks.acme.example", "v24.0", 7
	op.Options.ReadOnly, op.Options.Namespaces = true, []string{"shop"}
	given := map[string]bool{}
	f := &planFlags{given: func(flag string) bool { return given[flag] }}
	o := plan.Options{}
	note := f.adopt(op, "v1.2.3", &o)
	if o.WebhookURL != "https://hooks.acme.example/webhooks/" || o.GraphAPIVersion != "v24.0" || o.CreatesPerHour != 7 || !o.NoNamespaceLabels {
		t.Errorf("%+v", o)
	}
	for _, want := range []string{"platform/waba-operator v1.1.0", "may decide differently than this version, v1.2.3", "--read-only"} {
		if !strings.Contains(note, want) {
			t.Errorf("%q isn't in %q", want, note)
		}
	}
	for _, flag := range flagsForPlan {
		given[flag] = true
	}
	o = plan.Options{WebhookURL: "a", GraphAPIVersion: "b", CreatesPerHour: 1}
	f.adopt(op, "v1.2.3", &o)
	if o.WebhookURL != "a" || o.GraphAPIVersion != "b" || o.CreatesPerHour != 1 {
		t.Errorf("flags that were given don't count: %+v", o)
	}
	given = map[string]bool{}
	op.Options.WebhookURL, op.Options.GraphAPIVersion = "https://hooks.acme.example/?a=b", "../v1"
	o = plan.Options{}
	if f.adopt(op, "v1.2.3", &o); o.WebhookURL != "" || o.GraphAPIVersion != "" {
		t.Errorf("values that the operator refuses: %+v", o)
	}
}

func TestVersionOfTheClient(t *testing.T) {
	code, out, stderr := run(t, "", "version", "--client", "-o", "json")
	var v versions
	if err := json.Unmarshal([]byte(out), &v); err != nil || code != ExitOK || stderr != "" || v.Kind != "Version" || v.Client.Version != "v1.2.3" || v.Operators != nil {
		t.Errorf("%d, %v: %s%s", code, err, out, stderr)
	}
	if _, out, _ := run(t, "", "version", "--client", "-o", "yaml"); !strings.Contains(out, "apiVersion: cli.waba-operator.io/v1\n") || !strings.Contains(out, "  version: v1.2.3\n") {
		t.Error(out)
	}
	if code, _, stderr := run(t, "", "version", "-o", "xml"); code != ExitFailed || stderr != "error: unknown format \"xml\": use one of json, text, yaml\n" {
		t.Errorf("%d: %s", code, stderr)
	}
	code, out, stderr = run(t, "", "version", "--server", "https://"+closedPort(t))
	if code != ExitFailed || !strings.HasPrefix(out, "Client: v1.2.3 (go") || !strings.Contains(stderr, "was refused") {
		t.Errorf("%d: %s%s", code, out, stderr)
	}
}

func TestVersionOfTheOperator(t *testing.T) {
	env := startCluster(t)
	namespace := env.Namespace(t)
	if code, _, stderr := run(t, "", "version"); code != ExitOK || stderr != "note: no Deployment of the operator was found in the cluster\n" {
		t.Errorf("%d: %s", code, stderr)
	}
	install(t, env, namespace, "waba-operator", "registry.example:5000/waba-operator:v1.2.0")
	code, out, stderr := run(t, "", "version")
	if code != ExitOK || stderr != "" || !strings.Contains(out, "\nOperator: v1.2.0 (Deployment "+namespace+"/waba-operator)\n") {
		t.Errorf("%d: %s%s", code, out, stderr)
	}
	install(t, env, namespace, "waba-operator-old", "registry.example:5000/waba-operator:v1.1.9")
	code, out, stderr = run(t, "", "version", "-o", "json")
	if code != ExitOK || !strings.Contains(stderr, "warning: this program is v1.2.3 and the operator "+namespace+"/waba-operator-old v1.1.9") || !strings.Contains(out, `"version": "v1.1.9"`) {
		t.Errorf("%d: %s%s", code, out, stderr)
	}
	t.Setenv("KUBECONFIG", env.AddUser(t, "stranger-"+namespace))
	code, out, stderr = run(t, "", "version", "-n", namespace)
	if code != ExitOK || !strings.HasPrefix(out, "Client: ") || !strings.Contains(stderr, "you may not list Deployments") {
		t.Errorf("%d: %s%s", code, out, stderr)
	}
}
