// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/pem"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/spf13/cobra"

	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/patience"
)

// apiServer stands for an API server: it has nothing, and remembers what it was sent.
type apiServer struct {
	*httptest.Server

	mu   sync.Mutex
	sent []*http.Request
}

func startAPIServer(t *testing.T) *apiServer {
	t.Helper()
	a := &apiServer{}
	a.Server = httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a.mu.Lock()
		a.sent = append(a.sent, r)
		a.mu.Unlock()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusNotFound)
		_, _ = w.Write([]byte(`{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"nothing here"}`))
	}))
	t.Cleanup(a.Close)
	return a
}

// kubeconfig makes a kubeconfig for the server in which the user is as given, in YAML's flow style.
func (a *apiServer) kubeconfig(t *testing.T, user string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "kubeconfig")
	authority := base64.StdEncoding.EncodeToString(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.Certificate().Raw}))
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: it
clusters: [{name: it, cluster: {server: %q, certificate-authority-data: %s}}]
users: [{name: it, user: %s}]
contexts: [{name: it, context: {cluster: it, user: it}}]
`, a.URL, authority, user)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// take returns what was sent since the last time: the values of all headers, and the addresses.
func (a *apiServer) take() (requests int, authorization []string, all string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, r := range a.sent {
		authorization = append(authorization, r.Header.Get("Authorization"))
		all += r.URL.String() + fmt.Sprint(r.Header) + "\n"
		if user, password, ok := r.BasicAuth(); ok {
			all += user + " " + password
		}
	}
	requests, a.sent = len(a.sent), nil
	return requests, authorization, all
}

// examplesOf are the command lines of a command's help that end by themselves.
func examplesOf(c *cobra.Command) (out [][]string) {
	for line := range strings.Lines(c.Example) {
		_, args, ok := strings.Cut(strings.TrimSpace(line), "kubectl waba ")
		if !ok || strings.Contains(args, "--watch") {
			continue
		}
		args, _, _ = strings.Cut(args, " > ") // what the shell does with the output
		out = append(out, strings.Fields(args))
	}
	return out
}

// clusterCommands are the commands with flags about a cluster.
func clusterCommands() (out []*cobra.Command) {
	var visit func(*cobra.Command)
	visit = func(c *cobra.Command) {
		if c.Flags().Lookup("kubeconfig") != nil {
			out = append(out, c)
		}
		for _, sub := range c.Commands() {
			visit(sub)
		}
	}
	visit(New("v1.2.3", Streams{}))
	return out
}

// inAPlaceWithExamples changes to a directory that has what the examples name.
func inAPlaceWithExamples(t *testing.T) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("templates", 0o700); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"templates/sale.yaml": sale, "token": secretToken} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// try runs a command line that needn't succeed.
func try(t *testing.T, args []string) (code int, printed string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience.Limit)
	defer cancel()
	var out bytes.Buffer
	code = Run(ctx, "v1.2.3", Streams{In: strings.NewReader(sale), Out: &out, Err: &out}, args)
	return code, out.String()
}

// TestTokensOfTheCommandLine: no command takes an access token of Meta's as an argument, and none that calls Meta takes kubectl's --token.
func TestTokensOfTheCommandLine(t *testing.T) {
	inAPlaceWithExamples(t)
	t.Setenv(envAccessToken, "")
	server := startAPIServer(t)
	t.Setenv("KUBECONFIG", server.kubeconfig(t, "{token: of-the-cluster}"))
	_, base := serveDemo(t)
	commands := clusterCommands()
	if len(commands) < 7 {
		t.Fatalf("only %d commands", len(commands))
	}
	refused := func(args []string, want string) {
		t.Helper()
		code, printed := try(t, args)
		if n, _, _ := server.take(); n > 0 || code != ExitFailed || strings.Contains(printed, secretToken) || !strings.Contains(printed, want) {
			t.Errorf("%v: exit code %d, %d requests to the API server\n%s", args, code, n, printed)
		}
	}
	for _, c := range commands {
		words := examplesOf(c)[0]
		if callsMeta(c) {
			words = append(words, "--graph-base-url", base)
		}
		with := func(more ...string) []string { return append(slices.Clone(words), more...) }
		for _, more := range [][]string{
			{"--token", secretToken}, {"--token=" + secretToken}, {"--as", secretToken}, {"--user=" + secretToken}, {secretToken},
			{"--secret", secretToken}, {"--secret=shop/" + secretToken}, {"--access-token-file", secretToken},
		} {
			refused(with(more...), "--access-token-file")
		}
		if callsMeta(c) {
			refused(with("--token", "of-another-cluster"), "is kubectl's flag for the API server")
			continue
		}
		_, printed := try(t, with("--token", "of-another-cluster"))
		if _, sent, _ := server.take(); len(sent) == 0 || slices.ContainsFunc(sent, func(s string) bool { return s != "Bearer of-another-cluster" }) {
			t.Errorf("%v --token: %v\n%s", words, sent, printed)
		}
		refused(with("--token", "EAAB"), "weren't sent")
	}
}

// TestTokensFromElsewhere: whatever a kubeconfig makes of it, an access token doesn't reach the API server, and neither does the one for Meta.
func TestTokensFromElsewhere(t *testing.T) {
	inAPlaceWithExamples(t)
	_, base := serveDemo(t)
	server := startAPIServer(t)
	plugin := plugin(t, secretToken)
	for name, user := range map[string]string{
		"the environment": "{token: of-the-cluster}",
		"token":           "{token: " + secretToken + "}",
		"token file":      "{tokenFile: " + filepath.Join(mustGetwd(t), "token") + "}",
		"password":        "{username: acme, password: " + secretToken + "}",
		"user name":       "{username: " + secretToken + ", password: a}",
		"impersonation":   "{token: of-the-cluster, as: " + secretToken + "}",
		"plugin":          plugin,
	} {
		t.Run(name, func(t *testing.T) {
			t.Setenv("KUBECONFIG", server.kubeconfig(t, user))
			t.Setenv(envAccessToken, secretToken)
			for _, c := range clusterCommands() {
				for _, words := range examplesOf(c) {
					if callsMeta(c) {
						words = append(words, "--graph-base-url", base)
					}
					_, printed := try(t, words)
					_, authorization, all := server.take()
					if strings.Contains(all, secretToken) || strings.Contains(printed, secretToken) {
						t.Errorf("%v: the token got out: %s\n%s", words, all, printed)
					}
					if slices.ContainsFunc(authorization, func(s string) bool { return s != "Bearer of-the-cluster" }) {
						t.Errorf("%v: %v", words, authorization)
					}
				}
			}
		})
	}
}

func mustGetwd(t *testing.T) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// plugin returns a kubeconfig's user with a plugin that gives a token.
func plugin(t *testing.T, token string) string {
	t.Helper()
	script := filepath.Join(t.TempDir(), "login")
	text := "#!/bin/sh\n" + `echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"` + token + `"}}'` + "\n"
	if err := os.WriteFile(script, []byte(text), 0o700); err != nil {
		t.Fatal(err)
	}
	return "{exec: {apiVersion: client.authentication.k8s.io/v1, command: " + script + ", interactiveMode: Never}}"
}

// TestAuthPlugins: a kubeconfig works as it does for kubectl.
func TestAuthPlugins(t *testing.T) {
	server := startAPIServer(t)
	part := base64.RawURLEncoding.EncodeToString
	idToken := part([]byte(`{"alg":"none"}`)) + "." + part([]byte(`{"exp":4102444800}`)) + "." + part([]byte("signature"))
	for name, tc := range map[string]struct{ user, want string }{
		"exec": {plugin(t, "of-the-plugin"), "Bearer of-the-plugin"},
		"oidc": {"{auth-provider: {name: oidc, config: {idp-issuer-url: 'https://issuer.invalid', client-id: waba, id-token: " + idToken + "}}}", "Bearer " + idToken},
	} {
		t.Setenv("KUBECONFIG", server.kubeconfig(t, tc.user))
		_, printed := try(t, []string{"status"})
		if n, sent, _ := server.take(); n == 0 || sent[0] != tc.want {
			t.Errorf("%s: %v\n%s", name, sent, printed)
		}
	}
}

// TestFormerFlag: --token-file is what --access-token-file was called.
func TestFormerFlag(t *testing.T) {
	_, base := serveDemo(t)
	t.Setenv(envAccessToken, "")
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(graphsim.DemoToken), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, stderr := run(t, "", "export", acmeGarden, "--graph-base-url", base, "--token-file", file); code != ExitOK {
		t.Errorf("exit code %d\n%s", code, stderr)
	}
}

// TestHelpOfFlags: flags about the cluster stand apart and are explained, and those that aren't meant to be written are not shown.
func TestHelpOfFlags(t *testing.T) {
	for _, c := range clusterCommands() {
		_, out, _ := run(t, "", c.Name(), "--help")
		own, cluster, ok := strings.Cut(out, "\nFlags of the cluster:\n")
		if !ok || !strings.Contains(own, "--namespace") || strings.Contains(own, "--kubeconfig") || !strings.Contains(cluster, "--kubeconfig") {
			t.Errorf("%s: flags aren't grouped\n%s", c.Name(), out)
		}
		if strings.Contains(out, "--token-file") || strings.Contains(out, "--cache-dir") || strings.Contains(out, "--token ") == callsMeta(c) {
			t.Errorf("%s: a flag that isn't meant to be written\n%s", c.Name(), out)
		}
		for line := range strings.Lines(cluster) {
			if len(strings.Fields(line)) < 3 {
				t.Errorf("%s: not explained: %s", c.Name(), line)
			}
		}
	}
}
