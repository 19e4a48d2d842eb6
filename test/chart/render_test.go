// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/yaml"
)

func fromConfig[T any](t *testing.T, path ...string) *T {
	t.Helper()
	into := new(T)
	if err := yaml.UnmarshalStrict(readFile(t, append([]string{root, "config"}, path...)...), into); err != nil {
		t.Fatal(err)
	}
	return into
}

// TestLikeConfig: by default the chart installs what `kubectl apply -k config/default` does.
func TestLikeConfig(t *testing.T) {
	all := render(t, "")
	got := as[appsv1.Deployment](t, all, "Deployment/waba-operator").Spec.Template.Spec
	want := fromConfig[appsv1.Deployment](t, "manager", "deployment.yaml").Spec.Template.Spec
	slices.Sort(got.Containers[0].Args)
	slices.Sort(want.Containers[0].Args)
	if diff := cmp.Diff(want, got, cmpopts.IgnoreFields(corev1.PodSpec{}, "ServiceAccountName", "NodeSelector", "TopologySpreadConstraints"),
		cmpopts.IgnoreFields(corev1.Container{}, "Image", "ImagePullPolicy")); diff != "" {
		t.Errorf("the pods differ from those of config/manager (-config +chart):\n%s", diff)
	}
	for key, file := range map[string]string{
		"ClusterRole/waba-operator":                "role.yaml",
		"ClusterRole/waba-operator-metrics-auth":   "metrics_auth_role.yaml",
		"ClusterRole/waba-operator-metrics-reader": "metrics_reader_role.yaml",
		"ClusterRole/waba-operator-view":           "aggregate_view_role.yaml",
		"ClusterRole/waba-operator-edit":           "aggregate_edit_role.yaml",
		"ClusterRole/waba-operator-admin":          "aggregate_admin_role.yaml",
	} {
		got, want := as[rbacv1.ClusterRole](t, all, key), fromConfig[rbacv1.ClusterRole](t, "rbac", file)
		if diff := cmp.Diff(want.Rules, got.Rules); diff != "" {
			t.Errorf("%s (-config +chart):\n%s", key, diff)
		}
		for name, value := range want.Labels {
			if got.Labels[name] != value {
				t.Errorf("%s lacks label %s", key, name)
			}
		}
	}
	policy := as[networkingv1.NetworkPolicy](t, all, "NetworkPolicy/waba-operator")
	if diff := cmp.Diff(fromConfig[networkingv1.NetworkPolicy](t, "manager", "network_policy.yaml").Spec, policy.Spec, cmpopts.IgnoreFields(networkingv1.NetworkPolicySpec{}, "PodSelector")); diff != "" {
		t.Errorf("network policy (-config +chart):\n%s", diff)
	}
	election := as[rbacv1.Role](t, all, "Role/waba-operator-leader-election")
	if diff := cmp.Diff(fromConfig[rbacv1.Role](t, "rbac", "leader_election_role.yaml").Rules, election.Rules); diff != "" {
		t.Errorf("leader election (-config +chart):\n%s", diff)
	}
}

// TestNetworkPolicy: by default, just the ports that the pods name can be reached, and anything from them; what goes out is restricted only
// if asked.
func TestNetworkPolicy(t *testing.T) {
	all := render(t, "")
	spec := as[networkingv1.NetworkPolicy](t, all, "NetworkPolicy/waba-operator").Spec
	if len(spec.Egress) > 0 || !slices.Equal(spec.PolicyTypes, []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}) {
		t.Errorf("an ordinary installation can be cut off: %+v", spec)
	}
	var open, want []int32
	for _, rule := range spec.Ingress {
		for _, port := range rule.Ports {
			open = append(open, port.Port.IntVal)
		}
		if len(rule.From) > 0 {
			t.Errorf("who may reach %v is restricted by default: %v", rule.Ports, rule.From)
		}
	}
	for _, port := range as[appsv1.Deployment](t, all, "Deployment/waba-operator").Spec.Template.Spec.Containers[0].Ports {
		want = append(want, port.ContainerPort)
	}
	slices.Sort(open)
	slices.Sort(want)
	if !slices.Equal(open, want) {
		t.Errorf("ports %v can be reached, the pods have %v", open, want)
	}
	restricted := as[networkingv1.NetworkPolicy](t, render(t, "networkPolicy: {restrictEgress: true}"), "NetworkPolicy/waba-operator").Spec
	if len(restricted.Egress) != 2 || len(restricted.PolicyTypes) != 2 {
		t.Errorf("nothing is restricted: %+v", restricted)
	}
}

// TestCRDs: they are those of config/crd with an annotation more, whatever their rules contain.
func TestCRDs(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(root, "config", "crd", "bases", "*.yaml"))
	if err != nil || len(files) != 4 {
		t.Fatalf("%d CRDs, %v", len(files), err)
	}
	for v, kept := range map[values]string{"": "keep", "crds: {keep: false, annotations: {a: b}}": "", "crds: {keep: false}": ""} {
		all := renderAll(t, v)
		for _, file := range files {
			want := fromConfig[apiextensionsv1.CustomResourceDefinition](t, "crd", "bases", filepath.Base(file))
			got := as[apiextensionsv1.CustomResourceDefinition](t, all, "CustomResourceDefinition/"+want.Name)
			if diff := cmp.Diff(want.Spec, got.Spec); diff != "" {
				t.Errorf("%s (-config +chart):\n%s", want.Name, diff)
			}
			if got.Annotations["helm.sh/resource-policy"] != kept || strings.Contains(string(v), "a: b") != (got.Annotations["a"] == "b") {
				t.Errorf("%s: %v", v, got.Annotations)
			}
			for name, value := range want.Annotations {
				if got.Annotations[name] != value {
					t.Errorf("%s lost annotation %s", want.Name, name)
				}
			}
		}
	}
	for key := range renderAll(t, "crds: {enabled: false}") {
		if strings.HasPrefix(key, "CustomResourceDefinition/") {
			t.Errorf("%s in spite of crds.enabled=false", key)
		}
	}
}

// TestSelectors: Services, disruption budgets and the network policy select the pods that they are for.
func TestSelectors(t *testing.T) {
	const twoShards = "shards: [{name: a, selector: s=a}, {name: b, selector: s!=a, replicas: 3}]\n"
	const common = "commonLabels: {app.kubernetes.io/part-of: platform, app.kubernetes.io/name: other}\nnetworkPolicy: {enabled: true}\n"
	for v, want := range map[values]map[string][]string{
		common + "replicas: 2": {
			"Service/waba-operator-metrics":       {"waba-operator"},
			"Service/waba-operator-receiver":      {"waba-operator"},
			"PodDisruptionBudget/waba-operator":   {"waba-operator"},
			"NetworkPolicy/waba-operator":         {"waba-operator", "waba-operator-check"},
			"Deployment/waba-operator":            {"waba-operator"},
			"TopologySpreadConstraint/of the one": {"waba-operator"},
		},
		common + twoShards: {
			"Service/waba-operator-metrics":              {"waba-operator-a", "waba-operator-b", "waba-operator-receiver"},
			"Service/waba-operator-receiver":             {"waba-operator-receiver"},
			"PodDisruptionBudget/waba-operator-b":        {"waba-operator-b"},
			"PodDisruptionBudget/waba-operator-receiver": {"waba-operator-receiver"},
			"NetworkPolicy/waba-operator":                {"waba-operator-a", "waba-operator-b", "waba-operator-check", "waba-operator-receiver"},
			"Deployment/waba-operator-a":                 {"waba-operator-a"},
			"Deployment/waba-operator-b":                 {"waba-operator-b"},
			"Deployment/waba-operator-receiver":          {"waba-operator-receiver"},
		},
	} {
		all := render(t, v)
		pods := map[string]labels.Set{"waba-operator-check": as[corev1.Pod](t, all, "Pod/waba-operator-check").Labels}
		selectors := map[string]*metav1.LabelSelector{}
		for key := range all {
			kind, name, _ := strings.Cut(key, "/")
			switch kind {
			case "Deployment":
				d := as[appsv1.Deployment](t, all, key)
				pods[name], selectors[key] = d.Spec.Template.Labels, d.Spec.Selector
				if name == "waba-operator" {
					selectors["TopologySpreadConstraint/of the one"] = d.Spec.Template.Spec.TopologySpreadConstraints[0].LabelSelector
				}
			case "Service":
				selectors[key] = &metav1.LabelSelector{MatchLabels: as[corev1.Service](t, all, key).Spec.Selector}
			case "PodDisruptionBudget":
				selectors[key] = as[policyv1.PodDisruptionBudget](t, all, key).Spec.Selector
			case "NetworkPolicy":
				selectors[key] = &as[networkingv1.NetworkPolicy](t, all, key).Spec.PodSelector
			}
		}
		got := map[string][]string{}
		for key, s := range selectors {
			selector, err := metav1.LabelSelectorAsSelector(s)
			if err != nil {
				t.Fatal(err)
			}
			for name, set := range pods {
				if selector.Matches(set) {
					got[key] = append(got[key], name)
				}
			}
			slices.Sort(got[key])
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s\nselected pods (-want +got):\n%s", v, diff)
		}
	}
}

// TestShards: each shard reconciles what it selects and receives nothing; the receiver receives for all of them.
func TestShards(t *testing.T) {
	all := render(t, "webhooks: {url: 'https://hooks.example', relay: ['https://relay.example']}\nshards: [{name: a, selector: 'team in (x, y)'}]")
	shard, receiver := args(t, all, "waba-operator-a"), args(t, all, "waba-operator-receiver")
	for _, want := range []string{"--leader-elect", "--watch-label-selector=team in (x, y)", "--webhook-bind-address=0", "--webhook-url=https://hooks.example"} {
		if !slices.Contains(shard, want) {
			t.Errorf("the shard lacks %s: %v", want, shard)
		}
	}
	want := []string{
		"--controllers=false", "--health-probe-bind-address=:8081", "--metrics-bind-address=:8443", "--webhook-bind-address=:8082",
		"--webhook-relay=https://relay.example",
	}
	if diff := cmp.Diff(want, receiver); diff != "" {
		t.Errorf("the receiver (-want +got):\n%s", diff)
	}
	if off := render(t, "webhooks: {enabled: false}\nshards: [{name: a, selector: a=b}]"); off["Deployment/waba-operator-receiver"] != nil ||
		off["Service/waba-operator-receiver"] != nil {
		t.Error("there is a receiver in spite of webhooks.enabled=false")
	}
}

// TestRoutes: host and path come from the address that Meta is given.
func TestRoutes(t *testing.T) {
	for url, want := range map[string]struct{ host, path string }{
		"https://hooks.example":             {"hooks.example", "/webhooks/"},
		"https://hooks.example/":            {"hooks.example", "/webhooks/"},
		"https://hooks.example:8443/meta/a": {"hooks.example", "/meta/a/webhooks/"},
	} {
		all := render(t, values("webhooks: {url: '"+url+"', ingress: {enabled: true, tlsSecretName: tls}, httpRoute: {enabled: true, parentRefs: [{name: g}]}}"))
		ingress := as[networkingv1.Ingress](t, all, "Ingress/waba-operator-receiver").Spec
		if rule := ingress.Rules[0]; rule.Host != want.host || rule.HTTP.Paths[0].Path != want.path || ingress.TLS[0].Hosts[0] != want.host {
			t.Errorf("%s: %+v", url, ingress)
		}
		route := all["HTTPRoute/waba-operator-receiver"].Object["spec"].(map[string]any)
		rule := route["rules"].([]any)[0].(map[string]any)
		path := rule["matches"].([]any)[0].(map[string]any)["path"].(map[string]any)["value"]
		if route["hostnames"].([]any)[0] != want.host || path != want.path {
			t.Errorf("%s: %v", url, route)
		}
		if _, rewritten := rule["filters"]; rewritten != (want.path != "/webhooks/") {
			t.Errorf("%s: %v", url, rule)
		}
	}
}

// TestNamespaced: no permission reaches beyond the namespaces but what secure metrics need, and that can be left out.
func TestNamespaced(t *testing.T) {
	for v, want := range map[values][]string{
		"namespaces: [team-a, team-b]": {
			"ClusterRole/waba-operator-metrics-auth", "ClusterRole/waba-operator-metrics-reader", "ClusterRoleBinding/waba-operator-metrics-auth",
		},
		"namespaces: [team-a, team-b]\nmetrics: {rbac: {create: false}}": nil,
		"namespaces: [team-a, team-b]\nmetrics: {secure: false}":         nil,
		"namespaces: [team-a, team-b]\nmetrics: {enabled: false}":        nil,
		"rbac: {create: false}": nil,
	} {
		all := render(t, v)
		var got []string
		for key := range all {
			if strings.HasPrefix(key, "ClusterRole") {
				got = append(got, key)
			}
		}
		slices.Sort(got)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: cluster-wide (-want +got):\n%s", v, diff)
		}
		if !strings.HasPrefix(string(v), "namespaces") {
			continue
		}
		if given := args(t, all, "waba-operator"); !slices.Contains(given, "--namespaces=team-a,team-b") {
			t.Errorf("%v", given)
		}
		for _, ns := range []string{"team-a", "team-b"} {
			var want []rbacv1.PolicyRule
			for _, rule := range fromConfig[rbacv1.ClusterRole](t, "rbac", "role.yaml").Rules {
				if !slices.Equal(rule.Resources, []string{"namespaces"}) {
					want = append(want, rule)
				}
			}
			if diff := cmp.Diff(want, as[rbacv1.Role](t, all, "Role/"+ns+"/waba-operator").Rules); diff != "" {
				t.Errorf("%s (-want +got):\n%s", ns, diff)
			}
			if s := as[rbacv1.RoleBinding](t, all, "RoleBinding/"+ns+"/waba-operator").Subjects; len(s) != 1 || s[0].Namespace != namespace {
				t.Errorf("%s is bound to %v", ns, s)
			}
		}
	}
}

// TestMonitoring: alerts, dashboard and scraping are those of config/.
func TestMonitoring(t *testing.T) {
	all := render(t, "metrics: {serviceMonitor: {enabled: true}, prometheusRule: {enabled: true}, dashboard: {enabled: true}}")
	plain := func(path ...string) any {
		var v any
		if err := yaml.Unmarshal(readFile(t, append([]string{root, "config"}, path...)...), &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	if diff := cmp.Diff(plain("prometheus", "rules.yaml"), all["PrometheusRule/waba-operator"].Object["spec"]); diff != "" {
		t.Errorf("alerts (-config +chart):\n%s", diff)
	}
	dashboard := as[corev1.ConfigMap](t, all, "ConfigMap/waba-operator-dashboard")
	var got any
	if err := yaml.Unmarshal([]byte(dashboard.Data["waba-operator.json"]), &got); err != nil || dashboard.Labels["grafana_dashboard"] != "1" {
		t.Fatalf("%v, %v", err, dashboard.Labels)
	}
	if diff := cmp.Diff(plain("grafana", "waba-operator.json"), got); diff != "" {
		t.Errorf("dashboard (-config +chart):\n%s", diff)
	}
	endpoints := func(o any) any { return o.(map[string]any)["spec"].(map[string]any)["endpoints"] }
	if diff := cmp.Diff(endpoints(plain("prometheus", "servicemonitor.yaml")), endpoints(all["ServiceMonitor/waba-operator"].Object)); diff != "" {
		t.Errorf("scraping (-config +chart):\n%s", diff)
	}
	selector := as[metav1.LabelSelector](t, objects{"": {Object: all["ServiceMonitor/waba-operator"].Object["spec"].(map[string]any)["selector"].(map[string]any)}}, "")
	for key, o := range all {
		matches := labels.Set(selector.MatchLabels).AsSelector().Matches(labels.Set(o.GetLabels()))
		if strings.HasPrefix(key, "Service/") && matches != (key == "Service/waba-operator-metrics") {
			t.Errorf("the ServiceMonitor selects %s: %t", key, matches)
		}
	}
}

// TestPods: what changes pods.
func TestPods(t *testing.T) {
	one := func(v values) corev1.PodSpec {
		return as[appsv1.Deployment](t, render(t, v), "Deployment/waba-operator").Spec.Template.Spec
	}
	if pod := one("image: {tag: v9}"); pod.Containers[0].Image != "ghcr.io/waba-operator/waba-operator:v9" {
		t.Errorf("image %s", pod.Containers[0].Image)
	}
	if pod := one("hostNetwork: true\nlistenAddress: '::1'"); !pod.HostNetwork || pod.DNSPolicy != corev1.DNSClusterFirstWithHostNet ||
		!slices.Contains(pod.Containers[0].Args, "--webhook-bind-address=[::1]:8082") || pod.Containers[0].ReadinessProbe.HTTPGet.Host != "::1" {
		t.Errorf("host network: %+v", pod)
	}
	if pod := one("topologySpreadConstraints: [{maxSkew: 1, topologyKey: zone, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {a: b}}}]"); len(pod.TopologySpreadConstraints) != 1 || len(pod.TopologySpreadConstraints[0].LabelSelector.MatchLabels) != 1 {
		t.Errorf("spread: %+v", pod.TopologySpreadConstraints)
	}
	// The program learns of the limit, so that Go collects garbage in time; without a limit it would learn the node's memory.
	for v, want := range map[values][]string{
		"": {"WABA_OPERATOR_MEMORY_LIMIT"},
		"env: [{name: GOMEMLIMIT, value: 100MiB}]": {"WABA_OPERATOR_MEMORY_LIMIT", "GOMEMLIMIT"},
		"resources: {limits: {memory: null}}":      nil,
	} {
		var got []string
		for _, e := range one(v).Containers[0].Env {
			if e.Name == "WABA_OPERATOR_MEMORY_LIMIT" && e.ValueFrom.ResourceFieldRef.Resource != "limits.memory" {
				t.Errorf("the limit is %+v", e.ValueFrom)
			}
			got = append(got, e.Name)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: the environment has %v, want %v", v, got, want)
		}
	}
	pod := one("webhooks: {tls: {secretName: tls, clientCAConfigMap: ca, clientCAKey: meta.crt}}")
	mounts := map[string]string{}
	for _, m := range pod.Containers[0].VolumeMounts {
		mounts[m.Name] = m.MountPath
	}
	for flag, volume := range map[string]string{
		"--webhook-cert-file=%/tls.crt": "webhook-tls", "--webhook-key-file=%/tls.key": "webhook-tls", "--webhook-client-ca-file=%/meta.crt": "webhook-client-ca",
	} {
		if want := strings.Replace(flag, "%", mounts[volume], 1); mounts[volume] == "" || !slices.Contains(pod.Containers[0].Args, want) {
			t.Errorf("%s isn't among %v", want, pod.Containers[0].Args)
		}
	}
	long := render(t, "fullnameOverride: "+values(strings.Repeat("a", 80)))
	for key := range long {
		if _, name, _ := strings.Cut(key, "/"); strings.HasPrefix(key, "Service/") && len(name) > 63 {
			t.Errorf("%s is too long a name", name)
		}
	}
}
