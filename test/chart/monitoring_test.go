// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/test/testenv"
)

// endpoint is that of the monitor in what is rendered.
func endpoint(t *testing.T, all objects, key, field string) object {
	t.Helper()
	if all[key] == nil {
		t.Fatalf("there is no %s among %v", key, keys(all))
	}
	endpoints := all[key].Object["spec"].(object)[field].([]any)
	if len(endpoints) != 1 {
		t.Fatalf("%s has %d endpoints", key, len(endpoints))
	}
	return endpoints[0].(object)
}

// TestScraping: how Prometheus authenticates, and what it trusts.
func TestScraping(t *testing.T) {
	const service, pod = "metrics: {serviceMonitor: {enabled: true, ", "metrics: {podMonitor: {enabled: true, "
	own := object{"credentials": object{"name": "waba-operator-metrics-reader-token", "key": "token"}}
	unverified := object{"insecureSkipVerify": true}
	verified := object{
		"ca":         object{"secret": object{"name": "tls-a", "key": "ca.crt"}},
		"serverName": "waba-operator-metrics.waba-operator-system.svc",
	}
	openShift := object{
		"ca": object{"configMap": object{"name": "openshift-service-ca.crt", "key": "service-ca.crt"}}, "serverName": verified["serverName"],
	}
	const token = "/var/run/secrets/kubernetes.io/serviceaccount/token"
	for v, want := range map[values]object{
		service + "}}": {"authorization": own, "tlsConfig": unverified, "scheme": "https"},
		pod + "}}":     {"authorization": own, "tlsConfig": unverified, "scheme": "https"},
		service + "authorization: {type: Token, credentials: {name: a, key: b}}}}": {
			"authorization": object{"type": "Token", "credentials": object{"name": "a", "key": "b"}}, "tlsConfig": unverified, "scheme": "https",
		},
		pod + "authorization: {credentials: {name: a, key: b}}}, rbac: {createReader: false}}": {
			"authorization": object{"credentials": object{"name": "a", "key": "b"}}, "tlsConfig": unverified, "scheme": "https",
		},
		service + "}, rbac: {createReader: false}}":                               {"bearerTokenFile": token, "tlsConfig": unverified, "scheme": "https"},
		service + "}, rbac: {create: false}}":                                     {"bearerTokenFile": token, "tlsConfig": unverified, "scheme": "https"},
		service + "scrapeClass: a}, rbac: {createReader: false}}":                 {"tlsConfig": unverified, "scheme": "https"},
		pod + "scrapeClass: a}, rbac: {createReader: false}}":                     {"tlsConfig": unverified, "scheme": "https"},
		service + "}, secure: false}":                                             {},
		pod + "}, secure: false}":                                                 {},
		service + "}, tls: {secretName: tls-a}}":                                  {"authorization": own, "tlsConfig": verified, "scheme": "https"},
		pod + "}, tls: {secretName: tls-a}}":                                      {"authorization": own, "tlsConfig": verified, "scheme": "https"},
		service + "endpointAdditionalProperties: {interval: 1m, scheme: https}}}": {"interval": "1m", "authorization": own, "tlsConfig": unverified, "scheme": "https"},
		service + "tlsConfig: {ca: {configMap: {name: a, key: b}}}}}": {
			"authorization": own, "tlsConfig": object{"ca": object{"configMap": object{"name": "a", "key": "b"}}}, "scheme": "https",
		},
		service + "tlsConfig: {ca: {configMap: {name: openshift-service-ca.crt, key: service-ca.crt}}}}, tls: {secretName: tls-a}}": {
			"authorization": own, "tlsConfig": openShift, "scheme": "https",
		},
	} {
		all := render(t, v)
		key, field := "ServiceMonitor/waba-operator", "endpoints"
		if strings.HasPrefix(string(v), pod) {
			key, field = "PodMonitor/waba-operator", "podMetricsEndpoints"
		}
		for name, value := range map[string]any{"port": "metrics", "path": "/metrics", "interval": "30s", "honorLabels": true} {
			if _, set := want[name]; !set {
				want[name] = value
			}
		}
		if diff := cmp.Diff(want, endpoint(t, all, key, field)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", v, diff)
		}
		if used := cmp.Equal(want["authorization"], own); used != (all["Secret/waba-operator-metrics-reader-token"] != nil) {
			t.Errorf("%s: the token is used: %t; there are %v", v, used, keys(all))
		}
	}
}

// TestMetricsReader: the Secret is for a service account in the monitor's namespace that may do nothing but read the metrics.
func TestMetricsReader(t *testing.T) {
	for v, ns := range map[values]string{
		"metrics: {serviceMonitor: {enabled: true}}":                                                             namespace,
		"metrics: {serviceMonitor: {enabled: true, namespace: monitors-a}, podMonitor: {namespace: monitors-b}}": "monitors-a",
		"metrics: {podMonitor: {enabled: true, namespace: monitors-b}, serviceMonitor: {namespace: monitors-a}}": "monitors-b",
	} {
		all, prefix := render(t, v), ""
		if ns != namespace {
			prefix = ns + "/"
		}
		secret := as[corev1.Secret](t, all, "Secret/"+prefix+"waba-operator-metrics-reader-token")
		account := as[corev1.ServiceAccount](t, all, "ServiceAccount/"+prefix+secret.Annotations[corev1.ServiceAccountNameKey])
		if secret.Type != corev1.SecretTypeServiceAccountToken || account.AutomountServiceAccountToken == nil || *account.AutomountServiceAccountToken {
			t.Errorf("%s: %s, %v", v, secret.Type, account)
		}
		for key := range all {
			if !strings.Contains(key, "RoleBinding/") {
				continue
			}
			for _, s := range as[rbacv1.ClusterRoleBinding](t, all, key).Subjects {
				if s.Name == account.Name && (key != "ClusterRoleBinding/waba-operator-metrics-reader" || s.Namespace != ns) {
					t.Errorf("%s: %s is for %v", v, key, s)
				}
			}
		}
		if subjects := as[rbacv1.ClusterRoleBinding](t, all, "ClusterRoleBinding/waba-operator-metrics-reader").Subjects; len(subjects) != 1 || subjects[0].Name != account.Name {
			t.Errorf("%s: %v may read the metrics", v, subjects)
		}
	}
	elsewhere := render(t, "metrics: {serviceMonitor: {enabled: true, namespace: monitors-a}}")["ServiceMonitor/monitors-a/waba-operator"]
	if diff := cmp.Diff(object{"matchNames": []any{namespace}}, elsewhere.Object["spec"].(object)["namespaceSelector"]); diff != "" {
		t.Errorf("a ServiceMonitor in another namespace (-want +got):\n%s", diff)
	}
}

// TestCustomRules: promtool accepts rules with changed values, and they fire by those.
func TestCustomRules(t *testing.T) {
	rule := render(t, values(readFile(t, "testdata", "custom_rules_values.yaml")))["PrometheusRule/waba-operator"]
	dir := t.TempDir()
	rules, err := yaml.Marshal(rule.Object["spec"])
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"rules.yaml": rules, "test.yaml": readFile(t, "testdata", "custom_rules_test.yaml")} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, args := range [][]string{
		{"check", "rules", "--lint=all", "--lint-fatal", filepath.Join(dir, "rules.yaml")}, {"test", "rules", filepath.Join(dir, "test.yaml")},
	} {
		if out, err := exec.CommandContext(t.Context(), testenv.Tool(t, "promtool"), args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	all := "metrics: {prometheusRule: {enabled: true, disabled: {"
	whole := render(t, "metrics: {prometheusRule: {enabled: true}}")["PrometheusRule/waba-operator"]
	for _, group := range whole.Object["spec"].(object)["groups"].([]any) {
		for _, r := range group.(object)["rules"].([]any) {
			if name, ok := r.(object)["alert"].(string); ok {
				all += name + ": true, "
			}
		}
	}
	left := render(t, values(all+"}}}"))["PrometheusRule/waba-operator"].Object["spec"].(object)["groups"].([]any)
	if len(left) != 1 || left[0].(object)["name"] != "waba-operator.rules" {
		t.Errorf("without alerts there are still %d groups", len(left))
	}
}

// TestWrongRules: an alert that doesn't exist would stay as it is unnoticed.
func TestWrongRules(t *testing.T) {
	for v, wants := range map[string][]string{
		"disabled: {WhatsAppTemplateArchivd: true}": {
			"metrics.prometheusRule.disabled: there is no alert WhatsAppTemplateArchivd; the alerts are ", "WhatsAppTemplateArchived, ", "WhatsAppOperatorDown",
		},
		"customRules: {WhatsAppTokenExpires: {for: 1h}}": {"metrics.prometheusRule.customRules: there is no alert WhatsAppTokenExpires"},
		"customRules: {WhatsAppOperatorDown: {threshold: 1}}": {
			"metrics.prometheusRule.customRules: WhatsAppOperatorDown has no threshold; those that have one are ", "WhatsAppTokenExpiring",
		},
		"customRules: {WhatsAppTokenExpiring: {threshold: many}}": {"got string, want number"},
		"customRules: {WhatsAppTokenExpiring: {for: 300}}":        {"got number, want string"},
		"customRules: {WhatsAppTokenExpiring: {form: 5m}}":        {"additional properties 'form' not allowed"},
		"additionalRuleLabels: {a-b: c}":                          {"invalid propertyName 'a-b'"},
	} {
		_, err := template(t, values("metrics: {prometheusRule: {enabled: true, "+v+"}}"))
		for _, want := range wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want %q", v, err, want)
			}
		}
	}
}

// TestGrafanaDashboard: it has the dashboard, and the Grafana operator finds its instances.
func TestGrafanaDashboard(t *testing.T) {
	all := render(t, "metrics: {grafanaDashboard: {enabled: true, instanceSelector: {matchLabels: {dashboards: grafana}}}}")
	spec := all["GrafanaDashboard/waba-operator"].Object["spec"].(object)
	var got, want any
	if err := yaml.Unmarshal([]byte(spec["json"].(string)), &got); err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(readFile(t, root, "config", "grafana", "waba-operator.json"), &want); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("dashboard (-config +chart):\n%s", diff)
	}
	delete(spec, "json")
	if diff := cmp.Diff(object{"instanceSelector": object{"matchLabels": object{"dashboards": "grafana"}}}, spec); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
