// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/test/graphsim"
)

// TestCopy compares what is written with testdata/copy, and has lint check it.
func TestCopy(t *testing.T) {
	for name, tc := range map[string]struct {
		stdin string
		args  []string
	}{
		"account":   {args: []string{acmeGarden}},
		"both":      {stdin: photo, args: []string{acmeGarden, "-", "--category", "MARKETING", "-n", "shop", "--name-prefix", "x_"}},
		"manifests": {stdin: sale + "---\n" + photo, args: []string{"-", "--waba-namespace", "meta"}},
		"nothing":   {args: []string{acmeGarden, "--name", "none"}},
	} {
		t.Run(name, func(t *testing.T) {
			sim, meta := startSimulator(t)
			furnish(sim)
			args := slices.Concat([]string{"copy", "--waba", "acme"}, tc.args, meta)
			code, out, stderr := run(t, tc.stdin, args...)
			golden(t, "copy/"+name+".yaml", out)
			golden(t, "copy/"+name+".stderr", stderr)
			if want := map[bool]int{true: ExitFound, false: ExitOK}[strings.Contains(stderr, "incomplete:")]; code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
			if _, again, _ := run(t, tc.stdin, args...); again != out {
				t.Errorf("another one: %s", again)
			}
			for _, r := range sim.Requests() {
				if r.Method != http.MethodGet && r.Op != graphsim.OpBatch {
					t.Errorf("a write: %s %s", r.Method, r.Path)
				}
			}
			if !slices.Contains(tc.args, acmeGarden) && len(sim.Requests()) > 0 {
				t.Errorf("%d calls", len(sim.Requests()))
			}
			if out == "" {
				return
			}
			if _, found, _ := run(t, out, "lint", "-"); strings.Contains(found, "error:") {
				t.Errorf("lint: %s", found)
			}
		})
	}
}

// photo has the sample file that Meta doesn't give back.
const photo = `apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: MessageTemplate
metadata:
  name: catalogue
  namespace: trial
spec:
  wabaRef:
    name: trial
  name: catalogue
  language: "no"
  category: MARKETING
  header:
    format: IMAGE
    media:
      configMapKeyRef: {name: samples, key: here.jpg}
  body:
    text: Yes, it is here.
`

// TestCopyIntoADirectory: a file for each template and a kustomization, and no other file.
func TestCopyIntoADirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "production")
	if code, out, stderr := run(t, sale, "copy", "--waba", "acme", "--output-dir", dir, "-"); code != ExitOK || out != "" {
		t.Fatalf("%d %s%s", code, out, stderr)
	}
	if got := entries(t, dir); !slices.Equal(got, []string{"kustomization.yaml", "messagetemplate-sale.en-us.yaml"}) {
		t.Errorf("%v", got)
	}
	if text := content(t, dir, "kustomization.yaml"); !strings.HasPrefix(text, "apiVersion") || !strings.Contains(text, "- messagetemplate-sale.en-us.yaml\n") {
		t.Error(text)
	}
}

// TestCopyIncomplete: what Meta doesn't let be read is named.
func TestCopyIncomplete(t *testing.T) {
	sim, meta := startSimulator(t)
	refused := graphsim.Fault{Path: "/" + acmeGarden, Code: 200, Message: "Permissions error"}
	sim.Fail(refused)
	refused.Path, refused.Times = "/*/message_templates", -1
	sim.Fail(refused)
	code, out, stderr := run(t, sale, append([]string{"copy", "--waba", "acme", acmeGarden, "-"}, meta...)...)
	if code != ExitFound || !strings.Contains(stderr, "incomplete: templates are missing (0 templates could be read): ") || !strings.Contains(out, "name: sale.en-us") {
		t.Errorf("%d %s%s", code, out, stderr)
	}
}

// TestCopyBadInput: one line says what to write instead.
func TestCopyBadInput(t *testing.T) {
	_, meta := startSimulator(t)
	t.Chdir(t.TempDir())
	if err := os.WriteFile("broken.yaml", []byte("a: [\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		"nothing to copy: name an account by its id at Meta, files or directories, or - for the standard input": {"--waba", "acme"},
		"--waba is missing: name the WABA resource of the account that gets the templates":                      {"-"},
		`--waba must be the name of a resource, small letters, digits and hyphens such as acme, not "Acme_1"`:   {"--waba", "Acme_1", "-"},
		"one account at a time: 1 and 2; a file with such a name is ./2":                                        {"--waba", "acme", "1", "2"},
		"--status goes with an account: manifests don't say which status a template has":                        {"--waba", "acme", "-", "--status", "APPROVED"},
		`--name-prefix takes lower-case letters, digits and underscores only, such as shop_, not "Shop-"`:       {"--waba", "acme", "-", "--name-prefix", "Shop-"},
		"--flow takes ids of Flows, 1 to 32 digits each, such as 111=222, not 1=a":                              {"--waba", "acme", "-", "--flow", "1=a"},
		`--name "a[" can't be understood: write a name, with * for any text`:                                    {"--waba", "acme", "-", "--name", "a["},
		"the standard input can't be both the manifests and the token":                                          {"--waba", "acme", "-", "--access-token-file", "-"},
		"broken.yaml:1: can't be parsed":                                                                        {"--waba", "acme", "broken.yaml"},
		"none.yaml: no such file or directory":                                                                  {"--waba", "acme", "none.yaml"},
		"account 42 can't be read: ":                                                                            {"--waba", "acme", "42"},
		"--overwrite goes with --output-dir":                                                                    {"--waba", "acme", "-", "--overwrite"},
	} {
		code, out, stderr := run(t, "", slices.Concat([]string{"copy"}, args, meta)...)
		if code != ExitFailed || out != "" || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: %d %s%s", args, code, out, stderr)
		}
	}
}
