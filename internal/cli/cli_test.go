// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/waba-operator/waba-operator/test/graphsim"
)

// run runs a command line as a shell would, and returns its exit code and what it printed.
func run(t *testing.T, stdin string, args ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Run(t.Context(), "v1.2.3", Streams{In: strings.NewReader(stdin), Out: &stdout, Err: &stderr}, args)
	return code, stdout.String(), stderr.String()
}

// TestHelp: every command says what it does and shows how.
func TestHelp(t *testing.T) {
	var visit func(c *cobra.Command, path ...string)
	visit = func(c *cobra.Command, path ...string) {
		if code, out, stderr := run(t, "", append(path, "--help")...); code != ExitOK || stderr != "" || !strings.Contains(out, "Usage:") {
			t.Errorf("%v --help: %d %s%s", path, code, out, stderr)
		}
		for _, sub := range c.Commands() {
			if sub.Example == "" || sub.Short == "" || sub.Long == "" {
				t.Errorf("%s isn't explained by an example", sub.Name())
			}
			visit(sub, append(path, sub.Name())...)
		}
	}
	visit(New("v1.2.3", Streams{}))
	if _, out, _ := run(t, "", "--version"); !strings.Contains(out, "v1.2.3") {
		t.Errorf("--version: %s", out)
	}
}

// TestExamples runs the examples of every command's help, in a directory with what they name and with a cluster that has the
// samples of this repository.
func TestExamples(t *testing.T) {
	env := startCluster(t)
	apply(t, env, "default", "../../config/samples")
	t.Chdir(t.TempDir())
	if err := os.MkdirAll("templates", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("templates/sale.yaml", []byte(sale), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll("overlays/production", 0o700); err != nil {
		t.Fatal(err)
	}
	for file, text := range map[string]string{"overlays/production/kustomization.yaml": "resources: [sale.yaml]\n", "overlays/production/sale.yaml": sale} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile("token", []byte(graphsim.DemoToken), 0o600); err != nil {
		t.Fatal(err)
	}
	_, meta := startSimulator(t)
	for _, c := range New("v1.2.3", Streams{}).Commands() {
		for line := range strings.Lines(c.Example) {
			_, args, ok := strings.Cut(strings.TrimSpace(line), "kubectl waba ")
			if !ok {
				continue
			}
			args, _, _ = strings.Cut(args, " > ") // what the shell does with the output
			words := strings.Fields(args)
			if c.Flags().Lookup("graph-base-url") != nil {
				words = append(words, meta...)
			}
			code, out, stderr := example(t, words)
			if code == ExitFound && slices.Contains(words, "--unhealthy") {
				continue // other tests of this package may leave something behind
			}
			if code == ExitFound && (c.Name() == "plan" || c.Name() == "migrate") {
				continue // there is something to do
			}
			if code != ExitOK {
				t.Errorf("%s: exit code %d\n%s%s", line, code, out, stderr)
			}
		}
	}
}

// example runs one line; a command that serves is interrupted as soon as it does.
func example(t *testing.T, args []string) (code int, out, stderr string) {
	t.Helper()
	switch {
	case args[0] == "simulate":
		return simulate(t, func(string) {}, args[1:]...)
	case slices.Contains(args, "--watch"):
		return runUntil(t, "\n", args...)
	case args[0] == "plan":
		args = append(args, demo(t)...)
	case slices.Contains([]string{"refresh", "pause", "resume", "release"}, args[0]): // no operator would answer
		args = append(slices.DeleteFunc(args, func(arg string) bool { return arg == "--wait" }), "--dry-run=server")
	}
	return run(t, sale, args...)
}

// TestMeant: what isn't a command is answered with the command that was meant, if there is one.
func TestMeant(t *testing.T) {
	for typed, want := range map[string]string{
		"exprt": "error: unknown command \"exprt\", did you mean export?; see 'kubectl waba --help'\n",
		"xyzzy": "error: unknown command \"xyzzy\"; see 'kubectl waba --help'\n",
	} {
		if code, out, stderr := run(t, "", typed, "102290129340398"); code != ExitFailed || out != "" || stderr != want {
			t.Errorf("%s: exit code %d\n%s%s", typed, code, out, stderr)
		}
	}
}

const sale = `apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: MessageTemplate
metadata:
  name: sale
spec:
  wabaRef:
    name: acme
  name: sale
  language: en_US
  category: MARKETING
  body:
    text: Everything must go.
`

func TestLint(t *testing.T) {
	for name, tc := range map[string]struct {
		stdin string
		args  []string
		code  int
		// out and err are parts of what is printed.
		out, err string
	}{
		"samples":                 {args: []string{"../../config/samples"}, out: "0 errors, 0 warnings in 8 resources\n"},
		"standard input":          {stdin: sale, args: []string{"-"}, out: "0 errors, 0 warnings in 1 resource\n"},
		"errors":                  {args: []string{"../lint/testdata/manifests"}, code: ExitFound, out: "8 errors, 2 warnings"},
		"annotations":             {args: []string{"-o", "github", "../lint/testdata/manifests"}, code: ExitFound, out: "::error file="},
		"a warning":               {stdin: sale + "  footer: {text: 🎉}\n", args: []string{"-"}, out: "0 errors, 1 warning"},
		"a warning counts":        {stdin: sale + "  footer: {text: 🎉}\n", args: []string{"--strict", "-"}, code: ExitFound, out: "0 errors, 1 warning"},
		"half a directory":        {args: []string{"../lint/testdata/manifests/unfinished.yaml", "../../config/samples/waba.yaml"}, code: ExitFound, out: "unfinished.yaml:1: error: can't be parsed"},
		"no such file":            {args: []string{"none.yaml", "../../config/samples"}, code: ExitFailed, out: "none.yaml: error: no such file or directory", err: "error: none.yaml: no such file or directory\n"},
		"nothing of this project": {stdin: "apiVersion: v1\nkind: ConfigMap\n", args: []string{"-"}, out: "in 0 resources", err: "note: nothing was checked: - has no resources of whatsapp.waba-operator.io\n"},
		"nothing named":           {code: ExitFailed, err: "error: no manifests: name files or directories, or - for the standard input\n"},
		"unknown format":          {args: []string{"-o", "xml", "-"}, code: ExitFailed, err: "error: unknown format \"xml\": use one of github, json, sarif, text, yaml\n"},
		"unknown flag":            {args: []string{"--colour"}, code: ExitFailed, err: "error: unknown flag: --colour; see 'kubectl waba lint --help'\n"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, stderr := run(t, tc.stdin, append([]string{"lint"}, tc.args...)...)
			if code != tc.code || !strings.Contains(out, tc.out) || stderr != tc.err {
				t.Errorf("exit code %d, want %d\n%s%s", code, tc.code, out, stderr)
			}
		})
	}
}
