// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/internal/plan"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

const demoWABA = `apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: WABA
metadata: {name: acme}
spec:
  id: "102290129340398"
  credentialsSecretRef: {name: acme-meta}
---
`

// demo starts the simulator with its built-in account, and returns the flags that lead there.
func demo(t *testing.T) []string {
	t.Helper()
	sim := graphsim.New()
	if err := sim.LoadDemo(); err != nil {
		t.Fatal(err)
	}
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("graphsim-demo-token\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return []string{"--graph-base-url", sim.Start(t), "--access-token-file", token}
}

func TestPlan(t *testing.T) {
	flags := demo(t)
	t.Setenv(envAccessToken, "")
	for name, tc := range map[string]struct {
		stdin string
		args  []string
		code  int
		// out and err are parts of what is printed.
		out, err string
	}{
		"something to do":   {stdin: demoWABA + sale, args: []string{"-"}, code: ExitFound, out: "  + create MessageTemplate default/sale\n"},
		"another place":     {stdin: demoWABA + sale, args: []string{"-n", "shop", "-"}, code: ExitFound, out: "  + create MessageTemplate shop/sale\n"},
		"nothing to do":     {stdin: demoWABA, args: []string{"-"}, out: "Plan: 0 to create, 0 to edit, 1 to adopt, 0 blocked, 0 unchanged.\n"},
		"blocked":           {stdin: sale, args: []string{"-"}, code: ExitFound, out: "AccountNotReady: WABA acme doesn't exist"},
		"for pull requests": {stdin: demoWABA + sale, args: []string{"-o", "markdown", "-"}, code: ExitFound, out: "| `+` create | MessageTemplate default/sale |"},
		"half of it is wrong": {
			stdin: demoWABA + sale + "  footer: 7\n", args: []string{"-"}, code: ExitFailed, out: "1 to adopt, 0 blocked, 0 unchanged, 1 invalid", err: "spec.footer",
		},
		"not ours":          {stdin: "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", args: []string{"-"}, out: "Plan: 0 to create", err: "note: nothing was planned: - has no resources of whatsapp.waba-operator.io\n"},
		"no such file":      {args: []string{"none.yaml"}, code: ExitFailed, out: "1 invalid", err: "none.yaml: no such file or directory"},
		"nothing named":     {code: ExitFailed, err: "error: no manifests: name files or directories, or - for the standard input\n"},
		"unknown format":    {args: []string{"-o", "xml", "-"}, code: ExitFailed, err: "error: unknown format \"xml\": use one of json, markdown, text, yaml\n"},
		"one stdin for two": {args: []string{"--access-token-file", "-", "-"}, code: ExitFailed, err: "error: the standard input can't be both"},
		"no address":        {args: []string{"--webhook-url", "http://hooks.acme.example", "-"}, code: ExitFailed, err: "error: --webhook-url must be"},
	} {
		t.Run(name, func(t *testing.T) {
			args := append(append([]string{"plan", "--no-cluster"}, flags...), tc.args...)
			code, out, stderr := run(t, tc.stdin, args...)
			if code != tc.code || !strings.Contains(out, tc.out) || !strings.Contains(stderr, tc.err) || tc.err == "" && stderr != "" {
				t.Errorf("exit code %d, want %d\n%s%s", code, tc.code, out, stderr)
			}
		})
	}
	t.Run("no token", func(t *testing.T) {
		code, _, stderr := run(t, demoWABA, "plan", "--no-cluster", flags[0], flags[1], "-")
		if code != ExitFailed || !strings.Contains(stderr, "give --access-token-file FILE") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%d: %s", code, stderr)
		}
	})
	t.Run("no cluster", func(t *testing.T) {
		t.Setenv("KUBECONFIG", filepath.Join(t.TempDir(), "none"))
		code, _, stderr := run(t, demoWABA, append([]string{"plan", "-"}, flags...)...)
		if code != ExitFailed || !strings.Contains(stderr, "with --no-cluster every resource counts as new") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%d: %s", code, stderr)
		}
	})
	t.Run("JSON", func(t *testing.T) {
		_, out, _ := run(t, demoWABA+sale, append([]string{"plan", "--no-cluster", "-o", "json", "-"}, flags...)...)
		var p plan.Plan
		if err := json.Unmarshal([]byte(out), &p); err != nil || p.Summary.Create != 1 || p.Accounts[0].ID != "102290129340398" {
			t.Errorf("%v: %s", err, out)
		}
	})
}

// TestPlanInCluster: what the cluster has counts.
func TestPlanInCluster(t *testing.T) {
	env := startCluster(t)
	namespace := env.Namespace(t)
	file := filepath.Join(t.TempDir(), "all.yaml")
	if err := os.WriteFile(file, []byte(demoWABA+sale), 0o600); err != nil {
		t.Fatal(err)
	}
	apply(t, env, namespace, file)
	renamed := strings.ReplaceAll(sale, "  name: sale\n  language", "  name: sales\n  language")
	code, out, stderr := run(t, renamed, append([]string{"plan", "-n", namespace, "-"}, demo(t)...)...)
	if code != ExitFailed || !strings.Contains(out, "spec.name") || !strings.Contains(stderr, "1 resource can't be planned") {
		t.Errorf("%d: %s%s", code, out, stderr)
	}
}
