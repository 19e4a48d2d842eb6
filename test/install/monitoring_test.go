// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package install_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/waba-operator/waba-operator/internal/operator"
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
			checkToken(t, objects, monitors[0])
		})
	}
}

// checkToken: the Secret whose token Prometheus uses is that of a service account that may read the metrics.
func checkToken(t *testing.T, objects []*unstructured.Unstructured, monitor *unstructured.Unstructured) {
	t.Helper()
	endpoints, _, _ := unstructured.NestedSlice(monitor.Object, "spec", "endpoints")
	name, _, _ := unstructured.NestedString(endpoints[0].(map[string]any), "authorization", "credentials", "name")
	secret := the(t, objects, "Secret", monitor.GetNamespace(), name)
	account := the(t, objects, "ServiceAccount", monitor.GetNamespace(), secret.GetAnnotations()["kubernetes.io/service-account.name"])
	for _, binding := range ofKind(objects, "ClusterRoleBinding") {
		role, _, _ := unstructured.NestedString(binding.Object, "roleRef", "name")
		rules, _, _ := unstructured.NestedSlice(the(t, objects, "ClusterRole", "", role).Object, "rules")
		subjects, _, _ := unstructured.NestedSlice(binding.Object, "subjects")
		subject := map[string]any{"kind": "ServiceAccount", "name": account.GetName(), "namespace": account.GetNamespace()}
		rule := map[string]any{"nonResourceURLs": []any{"/metrics"}, "verbs": []any{"get"}}
		if reflect.DeepEqual(subjects, []any{subject}) && reflect.DeepEqual(rules, []any{rule}) {
			return
		}
	}
	t.Errorf("the service account %s may not read the metrics, or something else too", account.GetName())
}

// the returns the object of that name.
func the(t *testing.T, objects []*unstructured.Unstructured, kind, namespace, name string) *unstructured.Unstructured {
	t.Helper()
	for _, u := range ofKind(objects, kind) {
		if u.GetName() == name && u.GetNamespace() == namespace {
			return u
		}
	}
	t.Fatalf("there is no %s %s in the namespace %q", kind, name, namespace)
	return nil
}

// TestVerifiedCertificate: with config/certmanager the operator serves the certificate that cert-manager issues, and Prometheus expects
// its name.
func TestVerifiedCertificate(t *testing.T) {
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	directory := t.TempDir()
	var config [3]string
	for i, name := range []string{"default", "prometheus", "certmanager"} {
		if config[i], err = filepath.Rel(directory, filepath.Join(root, "config", name)); err != nil {
			t.Fatal(err)
		}
	}
	kustomization := fmt.Sprintf("resources:\n- %s\ncomponents:\n- %s\n- %s\n", config[0], config[1], config[2])
	if err := os.WriteFile(filepath.Join(directory, "kustomization.yaml"), []byte(kustomization), 0o600); err != nil {
		t.Fatal(err)
	}
	objects := rendered(t, directory)
	certificate := the(t, objects, "Certificate", namespace, "waba-operator-metrics")
	secret, _, _ := unstructured.NestedString(certificate.Object, "spec", "secretName")
	names, _, _ := unstructured.NestedStringSlice(certificate.Object, "spec", "dnsNames")
	issuer, _, _ := unstructured.NestedString(certificate.Object, "spec", "issuerRef", "name")
	the(t, objects, "Issuer", namespace, issuer)
	endpoints, _, _ := unstructured.NestedSlice(the(t, objects, "ServiceMonitor", namespace, "waba-operator").Object, "spec", "endpoints")
	want := map[string]any{"ca": map[string]any{"secret": map[string]any{"name": secret, "key": "ca.crt"}}, "serverName": names[0]}
	if got := endpoints[0].(map[string]any)["tlsConfig"]; !reflect.DeepEqual(got, want) {
		t.Errorf("Prometheus expects %v, the certificate is %v", got, want)
	}
	service, _, _ := strings.Cut(names[0], "."+namespace+".svc")
	the(t, objects, "Service", namespace, service)

	deployment := &appsv1.Deployment{}
	raw := the(t, objects, "Deployment", namespace, "waba-operator-controller-manager").Object
	if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(raw, deployment, true); err != nil {
		t.Fatal(err)
	}
	pod := deployment.Spec.Template.Spec
	options := operator.DefaultOptions()
	flags := pflag.NewFlagSet("waba-operator", pflag.ContinueOnError)
	options.BindFlags(flags)
	if err := errors.Join(flags.Parse(pod.Containers[0].Args), options.Validate()); err != nil {
		t.Fatal(err)
	}
	mount := slices.IndexFunc(pod.Containers[0].VolumeMounts, func(m corev1.VolumeMount) bool {
		return options.MetricsCertFile == m.MountPath+"/tls.crt" && options.MetricsKeyFile == m.MountPath+"/tls.key"
	})
	if mount < 0 {
		t.Fatalf("%s is in none of %v", options.MetricsCertFile, pod.Containers[0].VolumeMounts)
	}
	if !slices.ContainsFunc(pod.Volumes, func(v corev1.Volume) bool {
		return v.Name == pod.Containers[0].VolumeMounts[mount].Name && v.Secret != nil && v.Secret.SecretName == secret
	}) {
		t.Errorf("the certificate isn't in %v", pod.Volumes)
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
