// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestMetricsAreSecure: by default only those read the metrics whom Kubernetes knows and permits it, with the very roles of
// config/rbac.
func TestMetricsAreSecure(t *testing.T) {
	w := harness.New(t, env)
	w.Config = env.UserConfig(t, "the-measured-operator")
	grant(t, w, "the-measured-operator")
	var authentication rbacv1.ClusterRole
	manifest(t, "metrics_auth_role.yaml", &authentication)
	bind(t, w, &authentication, rbacv1.Subject{Kind: "User", APIGroup: rbacv1.GroupName, Name: "the-measured-operator"})
	address := freeAddress(t)
	op := w.Start(func(o *operator.Options) {
		defaults := operator.DefaultOptions()
		o.MetricsAddress, o.MetricsSecure = address, defaults.MetricsSecure
	})
	op.Settle()

	expect := func(who, token string, want int) {
		t.Helper()
		var got answer
		w.Wait("the metrics endpoint", func() (up bool) { got, up = scrape(t, "https://"+address, token); return up })
		if got.status != want && (want != anyRefusal || got.status < http.StatusBadRequest) {
			t.Errorf("%s: status %d, want %d", who, got.status, want)
		}
		if shown := strings.Contains(got.body, "controller_runtime_"); shown != (want == http.StatusOK) {
			t.Errorf("%s sees metrics: %v", who, shown)
		}
	}
	expect("nobody", "", http.StatusUnauthorized)
	expect("somebody with a made-up token", "made-up", anyRefusal)
	stranger, prometheus := serviceAccount(t, w, "stranger"), serviceAccount(t, w, "prometheus")
	expect("a stranger", stranger, http.StatusForbidden)
	var reader rbacv1.ClusterRole
	manifest(t, "metrics_reader_role.yaml", &reader)
	bind(t, w, &reader, rbacv1.Subject{Kind: "ServiceAccount", Namespace: w.Namespace, Name: "prometheus"})
	w.Wait("Prometheus to be let in", func() bool {
		got, _ := scrape(t, "https://"+address, prometheus)
		return got.status == http.StatusOK
	})
	expect("Prometheus", prometheus, http.StatusOK)
	if got, up := scrape(t, "http://"+address, prometheus); up && got.status == http.StatusOK {
		t.Error("metrics are served in clear text")
	}
}

// anyRefusal is any status of an error: what controller-runtime says to a token that is none may change.
const anyRefusal = 0

// bind gives a subject a role of config/rbac.
func bind(t *testing.T, w *harness.World, role *rbacv1.ClusterRole, subject rbacv1.Subject) {
	t.Helper()
	role.Name += "-" + w.Namespace
	for _, obj := range []client.Object{role, &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: role.Name}, Subjects: []rbacv1.Subject{subject},
		RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: role.Name},
	}} {
		if err := w.Client.Create(t.Context(), obj); err != nil {
			t.Fatal(err)
		}
	}
}

// serviceAccount creates one and returns a token of it.
func serviceAccount(t *testing.T, w *harness.World, name string) string {
	t.Helper()
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.Namespace}}
	if err := w.Client.Create(t.Context(), account); err != nil {
		t.Fatal(err)
	}
	request := &authenticationv1.TokenRequest{}
	if err := w.Client.SubResource("token").Create(t.Context(), account, request); err != nil {
		t.Fatal(err)
	}
	return request.Status.Token
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // closed at once
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// answer is what a scrape got.
type answer struct {
	status int
	body   string
}

// scrape asks for the metrics; up is false while nobody listens.
func scrape(t *testing.T, base, token string) (got answer, up bool) {
	t.Helper()
	c := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}, DisableKeepAlives: true}}
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, base+"/metrics", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := c.Do(request)
	if err != nil {
		return answer{}, false
	}
	defer func() { _ = response.Body.Close() }()
	raw, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, string(raw)}, err == nil
}
