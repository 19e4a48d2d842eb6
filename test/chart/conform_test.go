// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	schedulingv1 "k8s.io/api/scheduling/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/openapi"
	"k8s.io/utils/ptr"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/waba-operator/waba-operator/test/patience"
	"github.com/waba-operator/waba-operator/test/testenv"
)

const prometheusCRDs = "example/prometheus-operator-crd/monitoring.coreos.com_"

// everything has the API server judge all that the chart can render.
func everything(t *testing.T) []values {
	t.Helper()
	return []values{
		"", values(readFile(t, "testdata", "all.yaml")), "namespaces: [team-a]\nreplicas: 3\nmetrics: {podMonitor: {enabled: true}}",
	}
}

// foreign is done once for all tests.
var foreign sync.Once

// prepare installs what a cluster must have for all that the chart can render: CRDs of other projects, the namespaces and the priority
// class that values name.
func prepare(t *testing.T) {
	t.Helper()
	foreign.Do(func() {
		installForeignCRDs(t)
		class := &schedulingv1.PriorityClass{ObjectMeta: metav1.ObjectMeta{Name: "priority-a"}, Value: 1}
		if err := env.Client.Create(t.Context(), class); err != nil {
			t.Fatal(err)
		}
	})
	createNamespaces(t, namespace, "team-a", "lease-a", "namespace-a", "monitors-a", "monitors-b", "monitors-c", "monitors-d", "monitors-e")
}

// installForeignCRDs installs those of other projects whose kinds the chart can render, from the modules that crds/go.mod pins.
func installForeignCRDs(t *testing.T) {
	t.Helper()
	var paths []string
	for module, files := range map[string][]string{
		"github.com/grafana/grafana-operator/v5": {"config/crd/bases/grafana.integreatly.org_grafanadashboards.yaml"},
		"sigs.k8s.io/gateway-api":                {"config/crd/standard/gateway.networking.k8s.io_httproutes.yaml"},
		"github.com/prometheus-operator/prometheus-operator": {
			prometheusCRDs + "servicemonitors.yaml", prometheusCRDs + "podmonitors.yaml", prometheusCRDs + "prometheusrules.yaml",
		},
	} {
		cmd := exec.CommandContext(t.Context(), "go", "mod", "download", "-json", module)
		cmd.Dir, cmd.Env = "crds", append(os.Environ(), "GOWORK=off")
		out, err := cmd.Output()
		var where struct{ Dir string }
		if err == nil {
			err = json.Unmarshal(out, &where)
		}
		if err != nil {
			t.Fatalf("%s: %v\n%s", module, err, out)
		}
		for _, file := range files {
			paths = append(paths, filepath.Join(where.Dir, filepath.FromSlash(file)))
		}
	}
	if _, err := envtest.InstallCRDs(env.Config, envtest.CRDInstallOptions{Paths: paths, ErrorIfPathMissing: true}); err != nil {
		t.Fatal(err)
	}
}

// createNamespaces creates those that aren't there yet.
func createNamespaces(t *testing.T, names ...string) {
	t.Helper()
	for _, name := range names {
		err := env.Client.Create(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})
		if err != nil && !apierrors.IsAlreadyExists(err) {
			t.Fatal(err)
		}
	}
}

// TestAPIServerTakesAll: strictly, without an unknown or a repeated field, and with all of its validation.
func TestAPIServerTakesAll(t *testing.T) {
	prepare(t)
	strict := client.WithFieldValidation(env.Client, client.FieldValidation(metav1.FieldValidationStrict))
	for _, v := range everything(t) {
		for key, o := range renderAll(t, v) {
			if err := strict.Create(t.Context(), o, client.DryRunAll); err != nil {
				t.Errorf("%s: %v\nwith %s", key, err, v)
			}
		}
	}
	wrong := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "v1", "kind": "Service", "metadata": map[string]any{"name": "wrong", "namespace": namespace}, "spec": map[string]any{"port": 1},
	}}
	if err := strict.Create(t.Context(), wrong, client.DryRunAll); err == nil {
		t.Error("the API server takes anything")
	}
}

// TestKubeconform checks what is rendered against the schemas that the API server publishes, made strict.
func TestKubeconform(t *testing.T) {
	prepare(t)
	var texts []string
	for _, v := range everything(t) {
		text, err := template(t, v)
		if err != nil {
			t.Fatal(err)
		}
		texts = append(texts, text)
	}
	schemas := writeSchemas(t, strings.Join(texts, "\n"))
	conform := func(text string) (string, error) {
		cmd := exec.CommandContext(t.Context(), testenv.Tool(t, "kubeconform"), "-summary", "-output", "json",
			"-schema-location", filepath.Join(schemas, "{{.ResourceKind}}{{.KindSuffix}}.json"))
		cmd.Stdin = strings.NewReader(text)
		out, err := cmd.CombinedOutput()
		return string(out), err
	}
	for _, text := range texts {
		out, err := conform(text)
		var result struct {
			Summary struct{ Valid, Invalid, Errors, Skipped int }
		}
		if decode := json.Unmarshal([]byte(out), &result); err != nil || decode != nil || result.Summary.Valid < 15 || result.Summary.Skipped > 0 {
			t.Errorf("%v, %v\n%s", err, decode, out)
		}
	}
	if out, err := conform(strings.Replace(texts[0], "revisionHistoryLimit:", "revisionHistoryLimits:", 1)); err == nil {
		t.Errorf("an unknown field is taken:\n%s", out)
	}
}

// writeSchemas makes JSON schemas of what the API server says about the kinds of manifests.
func writeSchemas(t *testing.T, manifests string) string {
	t.Helper()
	dir := t.TempDir()
	for _, gv := range published(t) {
		raw, err := gv.Schema("application/json")
		if err != nil {
			t.Fatal(err)
		}
		var document struct {
			Components struct{ Schemas map[string]map[string]any }
		}
		if err := json.Unmarshal(raw, &document); err != nil {
			t.Fatal(err)
		}
		for _, schema := range document.Components.Schemas {
			closeObjects(schema)
		}
		for name, schema := range document.Components.Schemas {
			kinds, _ := schema["x-kubernetes-group-version-kind"].([]any)
			for _, k := range kinds {
				gvk := k.(map[string]any)
				if !strings.Contains(manifests, "\nkind: "+gvk["kind"].(string)+"\n") {
					continue
				}
				group, _, _ := strings.Cut(gvk["group"].(string), ".")
				file := strings.ToLower(gvk["kind"].(string)) + "-" + strings.TrimPrefix(group+"-"+gvk["version"].(string), "-") + ".json"
				text, err := json.Marshal(map[string]any{
					"$schema": "http://json-schema.org/draft-07/schema#",
					"$ref":    "#/components/schemas/" + name, "components": map[string]any{"schemas": document.Components.Schemas},
				})
				if err == nil {
					err = os.WriteFile(filepath.Join(dir, file), text, 0o600)
				}
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}
	return dir
}

// published are the schemas of the API server, once those of the installed CRDs are among them.
func published(t *testing.T) map[string]openapi.GroupVersion {
	t.Helper()
	d, err := discovery.NewDiscoveryClientForConfig(env.Config)
	if err != nil {
		t.Fatal(err)
	}
	var paths map[string]openapi.GroupVersion
	err = wait.PollUntilContextTimeout(t.Context(), 50*time.Millisecond, patience.Limit, true, func(context.Context) (bool, error) {
		paths, err = d.OpenAPIV3().Paths()
		return err == nil && paths["apis/gateway.networking.k8s.io/v1"] != nil && paths["apis/monitoring.coreos.com/v1"] != nil &&
			paths["apis/grafana.integreatly.org/v1beta1"] != nil, err
	})
	if err != nil {
		t.Fatalf("the schemas of the CRDs aren't published: %v", err)
	}
	return paths
}

// closeObjects lets objects have no fields but those that are named.
func closeObjects(schema map[string]any) {
	properties, _ := schema["properties"].(map[string]any)
	if properties != nil && schema["additionalProperties"] == nil && schema["x-kubernetes-preserve-unknown-fields"] == nil {
		schema["additionalProperties"] = false
	}
	for _, p := range properties {
		closeObjects(p.(map[string]any))
	}
	for _, key := range []string{"items", "additionalProperties"} {
		if sub, ok := schema[key].(map[string]any); ok {
			closeObjects(sub)
		}
	}
}

// TestRestrictedPods: the admission that enforces the Pod Security Standard lets the chart's pods in.
func TestRestrictedPods(t *testing.T) {
	ns := env.NamespaceWithLabels(t, map[string]string{"pod-security.kubernetes.io/enforce": "restricted"})
	try := func(name string, spec corev1.PodSpec) error {
		pod := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: ns}, Spec: spec}
		return env.Client.Create(t.Context(), pod, client.DryRunAll)
	}
	all := render(t, "webhooks: {tls: {secretName: tls, clientCAConfigMap: ca}}\nshards: [{name: a, selector: a=b}]")
	specs := map[string]corev1.PodSpec{
		"alone":    as[appsv1.Deployment](t, render(t, ""), "Deployment/waba-operator").Spec.Template.Spec,
		"shard":    as[appsv1.Deployment](t, all, "Deployment/waba-operator-a").Spec.Template.Spec,
		"receiver": as[appsv1.Deployment](t, all, "Deployment/waba-operator-receiver").Spec.Template.Spec,
		"check":    as[corev1.Pod](t, all, "Pod/waba-operator-check").Spec,
	}
	for name, spec := range specs {
		if err := try(name, spec); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c := spec.Containers[0].SecurityContext; !ptr.Deref(c.ReadOnlyRootFilesystem, false) {
			t.Errorf("%s: the root file system can be written", name)
		}
	}
	unsafe := specs["alone"]
	unsafe.SecurityContext = nil
	if err := try("unsafe", unsafe); !apierrors.IsForbidden(err) {
		t.Errorf("nobody enforces the standard: %v", err)
	}
}
