// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package chart_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/net/http/httpproxy"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	"k8s.io/apimachinery/pkg/util/intstr"
)

// podOf is the operator's pod with some values.
func podOf(t *testing.T, v values) corev1.PodSpec {
	t.Helper()
	return as[appsv1.Deployment](t, render(t, v), "Deployment/waba-operator").Spec.Template.Spec
}

// TestImage: a mirror replaces the registry and nothing else.
func TestImage(t *testing.T) {
	const digest = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	for v, want := range map[values]string{
		"":                                  "ghcr.io/waba-operator/waba-operator:v0.1.0",
		"image: {tag: '1.10'}":              "ghcr.io/waba-operator/waba-operator:1.10",
		"image: {digest: '" + digest + "'}": "ghcr.io/waba-operator/waba-operator@" + digest,
		"image: {repository: registry.example/team/operator}":                              "registry.example/team/operator:v0.1.0",
		"image: {registry: 'mirror.example:5000'}":                                         "mirror.example:5000/waba-operator/waba-operator:v0.1.0",
		"image: {registry: mirror.example/ghcr/}":                                          "mirror.example/ghcr/waba-operator/waba-operator:v0.1.0",
		"image: {registry: mirror.example, digest: '" + digest + "'}":                      "mirror.example/waba-operator/waba-operator@" + digest,
		"image: {registry: mirror.example, repository: team/operator}":                     "mirror.example/team/operator:v0.1.0",
		"image: {registry: mirror.example, repository: 'localhost/operator'}":              "mirror.example/operator:v0.1.0",
		"image: {registry: mirror.example, repository: 'other:5000/a/b'}":                  "mirror.example/a/b:v0.1.0",
		"global: {imageRegistry: global.example}":                                          "global.example/waba-operator/waba-operator:v0.1.0",
		"global: {imageRegistry: global.example}\nimage: {registry: own.example, tag: v9}": "own.example/waba-operator/waba-operator:v9",
	} {
		all := render(t, v)
		if got := as[appsv1.Deployment](t, all, "Deployment/waba-operator").Spec.Template.Spec.Containers[0].Image; got != want {
			t.Errorf("%s: %s, want %s", v, got, want)
		}
		if got := as[corev1.Pod](t, all, "Pod/waba-operator-check").Spec.Containers[0].Image; got != want {
			t.Errorf("%s: helm test uses %s", v, got)
		}
	}
	got := podOf(t, "image: {pullSecrets: [{name: a}]}\nglobal: {imagePullSecrets: [b, {name: c}, a]}").ImagePullSecrets
	if diff := cmp.Diff([]corev1.LocalObjectReference{{Name: "a"}, {Name: "b"}, {Name: "c"}}, got); diff != "" {
		t.Errorf("pull secrets (-want +got):\n%s", diff)
	}
}

// TestPodExtras: further containers and fields are added to the chart's own, and can't replace them.
func TestPodExtras(t *testing.T) {
	pod := podOf(t, `
extraContainers: [{name: simulator, image: a}]
extraInitContainers: [{name: first, image: b}]
podSpecExtra: {runtimeClassName: gvisor, hostUsers: false, schedulerName: other}
hostAliases: [{ip: 192.0.2.1, hostnames: [graph.facebook.com]}]
`)
	if len(pod.Containers) != 2 || pod.Containers[0].Name != "manager" || len(pod.InitContainers) != 1 || *pod.RuntimeClassName != "gvisor" ||
		*pod.HostUsers || pod.SchedulerName != "other" || pod.HostAliases[0].Hostnames[0] != "graph.facebook.com" {
		t.Errorf("%+v", pod)
	}
	if off := podOf(t, "probes: {liveness: {enabled: false}, readiness: {enabled: false}}").Containers[0]; off.LivenessProbe != nil || off.ReadinessProbe != nil {
		t.Errorf("probes: %+v", off)
	}
	if on := podOf(t, "probes: {startup: {enabled: true}}").Containers[0].StartupProbe; on == nil || on.HTTPGet.Path != "/healthz" || on.FailureThreshold != 12 {
		t.Errorf("startup probe: %+v", on)
	}
}

// TestExtraObjects: maps are taken as they are, with the placeholders of message templates; texts are templates.
func TestExtraObjects(t *testing.T) {
	all := render(t, `
extraObjects:
- {apiVersion: v1, kind: ConfigMap, metadata: {name: map}, data: {text: "Hi {{1}}, {{order_id}}"}}
- |
  apiVersion: v1
  kind: ConfigMap
  metadata:
    name: {{ include "waba-operator.fullname" . }}-text
    namespace: {{ .Release.Namespace }}
  data:
    text: Hi {{ "{{1}}" }}
`)
	for name, want := range map[string]string{"map": "Hi {{1}}, {{order_id}}", "waba-operator-text": "Hi {{1}}"} {
		if got := as[corev1.ConfigMap](t, all, "ConfigMap/"+name).Data["text"]; got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
}

// TestNamespaceOverride: everything that has a namespace is in that one.
func TestNamespaceOverride(t *testing.T) {
	all := render(t, `
namespaceOverride: other
replicas: 2
webhooks: {url: 'https://hooks.example', ingress: {enabled: true}, httpRoute: {enabled: true, parentRefs: [{name: g}]}}
`)
	for key, o := range all {
		clusterWide := strings.HasPrefix(o.GetKind(), "ClusterRole")
		if want := map[bool]string{true: "", false: "other"}[clusterWide]; o.GetNamespace() != want {
			t.Errorf("%s is in namespace %q", key, o.GetNamespace())
		}
		subjects, _ := o.Object["subjects"].([]any)
		for _, s := range subjects {
			if s.(map[string]any)["namespace"] != "other" {
				t.Errorf("%s is bound to %v", key, s)
			}
		}
	}
}

// TestDisruptionBudget: minAvailable takes the place of maxUnavailable.
func TestDisruptionBudget(t *testing.T) {
	always, healthy := policyv1.AlwaysAllow, policyv1.IfHealthyBudget
	one, zero, half := intstr.FromInt32(1), intstr.FromInt32(0), intstr.FromString("50%")
	for v, want := range map[values]policyv1.PodDisruptionBudgetSpec{
		"": {MaxUnavailable: &one, UnhealthyPodEvictionPolicy: &always},
		"podDisruptionBudget: {maxUnavailable: 0}":                                              {MaxUnavailable: &zero, UnhealthyPodEvictionPolicy: &always},
		"podDisruptionBudget: {minAvailable: 0}":                                                {MinAvailable: &zero, UnhealthyPodEvictionPolicy: &always},
		"podDisruptionBudget: {minAvailable: 50%, unhealthyPodEvictionPolicy: IfHealthyBudget}": {MinAvailable: &half, UnhealthyPodEvictionPolicy: &healthy},
		"podDisruptionBudget: {unhealthyPodEvictionPolicy: ''}":                                 {MaxUnavailable: &one},
	} {
		got := as[policyv1.PodDisruptionBudget](t, render(t, "replicas: 2\n"+v), "PodDisruptionBudget/waba-operator").Spec
		got.Selector = nil
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", v, diff)
		}
	}
}

// TestIngressHosts: further hosts have the same path and certificate.
func TestIngressHosts(t *testing.T) {
	all := render(t, "webhooks: {url: 'https://hooks.example/a', ingress: {enabled: true, tlsSecretName: tls, pathType: ImplementationSpecific, extraHosts: [b.example, '*.c.example']}}")
	spec := as[networkingv1.Ingress](t, all, "Ingress/waba-operator-receiver").Spec
	var hosts []string
	for _, rule := range spec.Rules {
		hosts = append(hosts, rule.Host)
		if path := rule.HTTP.Paths[0]; path.Path != "/a/webhooks/" || *path.PathType != networkingv1.PathTypeImplementationSpecific {
			t.Errorf("%s: %+v", rule.Host, path)
		}
	}
	if want := []string{"hooks.example", "b.example", "*.c.example"}; !slices.Equal(hosts, want) || !slices.Equal(spec.TLS[0].Hosts, want) {
		t.Errorf("%v, %v", hosts, spec.TLS)
	}
}

func envOf(c corev1.Container) map[string]string {
	all := map[string]string{}
	for _, e := range c.Env {
		all[e.Name] = e.Value
	}
	return all
}

// TestProxy: Meta is reached through the proxy, the API server and what is in the cluster directly.
func TestProxy(t *testing.T) {
	for v, through := range map[values]map[string]bool{
		"proxy: {https: 'http://proxy.example:3128', noProxy: 'internal.example,10.0.0.0/8'}": {
			"https://graph.facebook.com/v25.0/1": true, "https://10.96.0.1:443/api": false, "https://192.0.2.1/api": false, "https://bot.internal.example": false,
			"https://bot.team-a.svc": false, "https://bot.team-a.svc.cluster.local:8443": false,
		},
		"proxy: {https: 'http://proxy.example:3128'}": {"https://graph.facebook.com/v25.0/1": true, "https://192.0.2.1/api": false, "https://internal.example": true},
	} {
		all := render(t, v)
		for name, container := range map[string]corev1.Container{
			"operator": as[appsv1.Deployment](t, all, "Deployment/waba-operator").Spec.Template.Spec.Containers[0],
			"check":    as[corev1.Pod](t, all, "Pod/waba-operator-check").Spec.Containers[0],
		} {
			given := envOf(container)
			// Kubernetes replaces it in every pod.
			noProxy := strings.ReplaceAll(given["NO_PROXY"], "$(KUBERNETES_SERVICE_HOST)", "192.0.2.1")
			choose := (&httpproxy.Config{HTTPSProxy: given["HTTPS_PROXY"], HTTPProxy: given["HTTP_PROXY"], NoProxy: noProxy}).ProxyFunc()
			for address, want := range through {
				u, err := url.Parse(address)
				if err != nil {
					t.Fatal(err)
				}
				if proxy, err := choose(u); err != nil || (proxy != nil) != want {
					t.Errorf("%s: %s: %s goes through %v, %v (NO_PROXY=%s)", v, name, address, proxy, err, noProxy)
				}
			}
		}
	}
	if given := envOf(podOf(t, "").Containers[0]); given["NO_PROXY"] != "" {
		t.Errorf("without a proxy: %v", given)
	}
}

// trustedVariable names a certificate for TestAuthorities, which runs itself with it.
const trustedVariable = "TEST_TRUSTED"

// TestAuthorities: what caBundle mounts is trusted in addition to what the image brings, not instead of it.
func TestAuthorities(t *testing.T) {
	if path := os.Getenv(trustedVariable); path != "" {
		trusts(t, path)
		return
	}
	for v, volume := range map[values]corev1.VolumeSource{
		"caBundle: {configMap: ca, key: ca-bundle.crt}": {ConfigMap: &corev1.ConfigMapVolumeSource{
			LocalObjectReference: corev1.LocalObjectReference{Name: "ca"}, Items: []corev1.KeyToPath{{Key: "ca-bundle.crt", Path: "ca.crt"}},
		}},
		"caBundle: {secret: ca}": {Secret: &corev1.SecretVolumeSource{SecretName: "ca", Items: []corev1.KeyToPath{{Key: "ca.crt", Path: "ca.crt"}}}},
	} {
		pod := podOf(t, v)
		mounts, given := pod.Containers[0].VolumeMounts, envOf(pod.Containers[0])
		mount := mounts[slices.IndexFunc(mounts, func(m corev1.VolumeMount) bool { return m.Name == "ca" })]
		source := pod.Volumes[slices.IndexFunc(pod.Volumes, func(v corev1.Volume) bool { return v.Name == "ca" })].VolumeSource
		if diff := cmp.Diff(volume, source); diff != "" || given["SSL_CERT_FILE"] != "" || given["SSL_CERT_DIR"] == "" || mount.MountPath != given["SSL_CERT_DIR"] {
			t.Errorf("%s: %v, %+v\n%s", v, given, mount, diff)
		}
	}
	own, proxy := t.TempDir(), t.TempDir()
	image := authority(t, filepath.Join(own, "ca-certificates.crt"))
	// A volume's files are links into a directory of the version.
	if err := os.Mkdir(filepath.Join(proxy, "..2026"), 0o700); err != nil {
		t.Fatal(err)
	}
	added := authority(t, filepath.Join(proxy, "..2026", "ca.crt"))
	for link, target := range map[string]string{"..data": "..2026", "ca.crt": "..data/ca.crt"} {
		if err := os.Symlink(target, filepath.Join(proxy, link)); err != nil {
			t.Fatal(err)
		}
	}
	// The program reads its certificates once, so each case is a process. SSL_CERT_FILE stands for the file of the image.
	for _, path := range []string{image, added} {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run", "^TestAuthorities$")
		cmd.Env = append(os.Environ(), trustedVariable+"="+path, "SSL_CERT_FILE="+image, "SSL_CERT_DIR="+proxy)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", path, err, out)
		}
	}
}

// trusts fails where this process doesn't trust an authority.
func trusts(t *testing.T, path string) {
	t.Helper()
	block, _ := pem.Decode(readFile(t, path))
	certificate, err := x509.ParseCertificate(block.Bytes)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := certificate.Verify(x509.VerifyOptions{}); err != nil {
		t.Error(err)
	}
}

// authority writes the certificate of a new authority.
func authority(t *testing.T, path string) string {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	own := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: path}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	raw, err := x509.CreateCertificate(rand.Reader, own, own, key.Public(), key)
	if err == nil {
		err = os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}), 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	return path
}
