// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime/schema"
)

// closedPort is an address of this machine at which nothing listens.
func closedPort(t *testing.T) string {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	return address
}

// TestNoCluster: every command that needs a cluster says in one sentence why there is none.
func TestNoCluster(t *testing.T) {
	inAPlaceWithExamples(t)
	_, base := serveDemo(t)
	closed := closedPort(t)
	server := startAPIServer(t)
	refusing := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusUnauthorized) }))
	t.Cleanup(refusing.Close)
	for name, tc := range map[string]struct {
		kubeconfig string
		args       []string
		want       string
	}{
		"refused":       {"", []string{"--server", "https://" + closed}, "the connection to the server " + closed + " was refused - did you specify the right host or port?"},
		"not trusted":   {"", []string{"--server", server.URL}, "isn't valid for it (x509: certificate signed by unknown authority)"},
		"without TLS":   {"", []string{"--server", "https" + strings.TrimPrefix(refusing.URL, "http")}, "doesn't speak TLS"},
		"credentials":   {"", []string{"--server", refusing.URL}, "the API server refuses your credentials (401 Unauthorized): log in again"},
		"no such file":  {"", []string{"--kubeconfig", "none"}, "no cluster: the kubeconfig refers to none, which doesn't exist"},
		"no such name":  {server.kubeconfig(t, "{}"), []string{"--context", "none"}, `no cluster: the kubeconfig has no context "none": kubectl config get-contexts lists`},
		"another thing": {filepath.Join("templates", "sale.yaml"), nil, "no cluster: "},
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", tc.kubeconfig)
			t.Setenv("HOME", t.TempDir())
			t.Setenv(envAccessToken, "")
			for _, words := range [][]string{
				{"status"}, {"version"}, {"plan", "templates"}, {"report", "acme"}, {"export", acmeGarden, "--secret", "a/b", "--graph-base-url", base},
			} {
				code, _, stderr := run(t, "", append(words, tc.args...)...)
				if code != ExitFailed || !strings.Contains(stderr, tc.want) || strings.Count(stderr, "\n") != 1 || strings.Contains(stderr, "Get \"") {
					t.Errorf("%v: exit code %d, want %s\n%s", words, code, tc.want, stderr)
				}
			}
		})
	}
	t.Run("no kubeconfig", func(t *testing.T) {
		t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
		t.Setenv("HOME", t.TempDir())
		if _, err := os.Stat("/var/run/secrets/kubernetes.io/serviceaccount/token"); err == nil {
			t.Skip("this is a pod, which has a cluster")
		}
		code, _, stderr := run(t, "", "status")
		if code != ExitFailed || !strings.Contains(stderr, "localhost:8080") && !strings.Contains(stderr, "there is no kubeconfig") {
			t.Errorf("%d: %s", code, stderr)
		}
	})
}

func TestExplainCluster(t *testing.T) {
	get := func(err error) error {
		return fmt.Errorf("failed to get server groups: %w", &url.Error{Op: "Get", URL: "https://k8s.invalid:6443/api?timeout=30s", Err: err})
	}
	wabas := schema.GroupResource{Group: "whatsapp.waba-operator.io", Resource: "wabas"}
	for name, tc := range map[string]struct {
		err  error
		want string
	}{
		"DNS":       {get(&net.DNSError{Err: "no such host", Name: "k8s.invalid"}), "the name of the server k8s.invalid:6443 can't be resolved"},
		"time":      {get(context.DeadlineExceeded), "the server k8s.invalid:6443 didn't answer in time"},
		"else":      {get(errors.New("broken pipe")), "the server k8s.invalid:6443 can't be reached: broken pipe"},
		"forbidden": {apierrors.NewForbidden(wabas, "", errors.New("no rule")), "ask an administrator of the cluster for a role that permits it"},
		"no CRDs":   {&meta.NoKindMatchError{GroupKind: schema.GroupKind{Group: wabas.Group, Kind: "WABA"}}, "the cluster has no resources of the kind WABA: install waba-operator's CRDs"},
		"missing":   {apierrors.NewNotFound(wabas, "acme"), `wabas.whatsapp.waba-operator.io "acme" not found`},
	} {
		got := explainCluster(tc.err)
		if !strings.Contains(got.Error(), tc.want) || !errors.Is(got, tc.err) {
			t.Errorf("%s: %v", name, got)
		}
	}
	if explainCluster(nil) != nil || !apierrors.IsForbidden(explainCluster(apierrors.NewForbidden(wabas, "", nil))) {
		t.Error("commands don't recognise errors any more")
	}
}

// TestMetaCantBeReached: one line says why, and which token it was; nothing of the operator's own words.
func TestMetaCantBeReached(t *testing.T) {
	t.Setenv("KUBECONFIG", "")
	inAPlaceWithExamples(t)
	_, base := serveDemo(t)
	closed := "http://" + closedPort(t)
	if err := os.WriteFile("all.yaml", []byte(demoWABA+sale), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct {
		env, want string
		args      []string
	}{
		"down":     {secretToken, "connection refused", []string{"--graph-base-url", closed}},
		"variable": {secretToken, "Meta refuses the access token of the variable WABA_ACCESS_TOKEN: ", []string{"--graph-base-url", base}},
		"file":     {"", "Meta refuses the access token of the file token: ", []string{"--graph-base-url", base, "--access-token-file", "token"}},
	} {
		t.Setenv(envAccessToken, tc.env)
		for _, words := range [][]string{
			{"plan", "--no-cluster", "all.yaml"}, {"export", acmeGarden}, {"copy", acmeGarden, "--waba", "acme"}, {"report", "--account", acmeGarden},
			{"migrate", "--no-cluster", "--from", acmeGarden, "--to", "1", "all.yaml"},
		} {
			code, out, stderr := run(t, "", append(words, tc.args...)...)
			if code != ExitFailed || !strings.Contains(stderr, tc.want) || strings.Count(stderr, "\n") != 1 {
				t.Errorf("%s: %v: exit code %d\n%s%s", name, words, code, out, stderr)
			}
			for _, wrong := range []string{"growing pauses", "see its status", "operator's log", secretToken, "account's Secret"} {
				if strings.Contains(out+stderr, wrong) {
					t.Errorf("%s: %v: %q in\n%s%s", name, words, wrong, out, stderr)
				}
			}
			if words[0] == "plan" && strings.Count(out, tc.want) != 1 {
				t.Errorf("%s: the cause isn't there once\n%s", name, out)
			}
		}
	}
}
