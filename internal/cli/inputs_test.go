// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// tree writes files into a new directory, which becomes the working directory.
func tree(t *testing.T, files map[string]string) {
	t.Helper()
	t.Chdir(t.TempDir())
	for path, text := range files {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// overlay is a base with a good and a bad template, and an overlay that patches them.
var overlay = map[string]string{
	"base/kustomization.yaml": "resources: [sale.yaml, deep/bad.yaml]\n",
	"base/sale.yaml":          sale,
	"base/deep/bad.yaml":      strings.ReplaceAll(sale, "sale", "bad") + "  colour: red\n",
	"prod/kustomization.yaml": "resources: [../base]\nnamePrefix: shop-\n",
	"none/values.yaml":        "replicas: 1\n",
	"broken/a.yaml":           "a: b: c\n",
}

// TestInputs: -f, -k and -R mean what they mean in kubectl apply; arguments are read with the directories below.
func TestInputs(t *testing.T) {
	tree(t, overlay)
	server := httptest.NewServer(http.FileServer(http.Dir("base")))
	defer server.Close()
	const bad = "base/deep/bad.yaml"
	for name, tc := range map[string]struct {
		args, stdin string
		code        int
		out, err    string
	}{
		"argument":               {args: "base", code: ExitFound, out: bad + ":13: error: MessageTemplate/bad spec.colour: "},
		"-f":                     {args: "-f base", out: "0 errors, 0 warnings in 1 resource"},
		"-f -R":                  {args: "-f base -R", code: ExitFound, out: bad + ":13: error: "},
		"-f twice":               {args: "-f base/sale.yaml -f " + bad, code: ExitFound, out: "in 2 resources"},
		"-f of several":          {args: "-f base/sale.yaml," + bad, code: ExitFound, out: "in 2 resources"},
		"-f of a pattern":        {args: "-f base/*.yaml", out: "0 errors, 0 warnings in 1 resource"},
		"-f of an address":       {args: "-f " + server.URL + "/deep/bad.yaml", code: ExitFound, out: server.URL + "/deep/bad.yaml:13: error: "},
		"-f of a wrong address":  {args: "-f " + server.URL + "/none.yaml", code: ExitFailed, err: "error: " + server.URL + "/none.yaml: the server answered 404 Not Found\n"},
		"-f of stdin":            {args: "-f -", stdin: sale, out: "in 1 resource"},
		"-f and an argument":     {args: "-f base base/deep", code: ExitFound, out: "in 2 resources"},
		"-k":                     {args: "-k prod", code: ExitFound, out: bad + ": error: MessageTemplate/shop-bad spec.colour: "},
		"-k of no kustomization": {args: "-k none", code: ExitFailed, err: "error: none: "},
		"-k and -f":              {args: "-k prod -f base", code: ExitFailed, err: "error: if any flags in the group [kustomize filename] are set none of the others can be"},
		"-k and an argument":     {args: "-k prod base", code: ExitFailed, err: "error: -k and other manifests exclude each other\n"},
		"nothing of ours":        {args: "-f none -f prod", out: "in 0 resources", err: "note: nothing was checked: none, prod have no resources of whatsapp.waba-operator.io\n"},
		"no YAML":                {args: "-f broken", code: ExitFound, out: "broken/a.yaml: error: can't be parsed"},
	} {
		t.Run(name, func(t *testing.T) {
			code, out, stderr := run(t, tc.stdin, append([]string{"lint"}, strings.Fields(tc.args)...)...)
			if code != tc.code || !strings.Contains(out, tc.out) || !strings.HasPrefix(stderr, tc.err) || (tc.err == "") != (stderr == "") {
				t.Errorf("exit code %d, want %d\n%s%s", code, tc.code, out, stderr)
			}
		})
	}
}

// TestNothingOfOurs: all commands that read manifests say alike that there is nothing for them, and take the same flags.
func TestNothingOfOurs(t *testing.T) {
	tree(t, overlay)
	for command, done := range map[string]string{
		"lint":                               "checked",
		"plan --no-cluster":                  "planned",
		"copy --waba acme":                   "copied from manifests",
		"migrate --no-check --from 1 --to 2": "rewritten",
	} {
		for _, flag := range []string{"", "-f", "-Rf"} {
			_, _, stderr := run(t, "", strings.Fields(command+" "+flag+" none")...)
			if want := "note: nothing was " + done + ": none has no resources of whatsapp.waba-operator.io\n"; !strings.Contains(stderr, want) {
				t.Errorf("%s %s: %s", command, flag, stderr)
			}
		}
		if code, out, stderr := run(t, "", strings.Fields(command+" nosuch")...); code != ExitFailed || !strings.Contains(out+stderr, "nosuch") {
			t.Errorf("%s of nothing: exit code %d\n%s%s", command, code, out, stderr)
		}
	}
}

// TestMigrateKustomization: what kustomize built is rewritten as one file, and never in place.
func TestMigrateKustomization(t *testing.T) {
	tree(t, overlay)
	account := "apiVersion: whatsapp.waba-operator.io/v1alpha1\nkind: WABA\nmetadata:\n  name: acme\nspec:\n  id: \"1\"\n  credentialsSecretRef:\n    name: acme-meta\n"
	for path, text := range map[string]string{"base/waba.yaml": account, "base/kustomization.yaml": "resources: [sale.yaml, waba.yaml]\n"} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	args := strings.Fields("migrate --no-check --from 1 --to 2 -k base")
	if code, out, stderr := run(t, "", append(args, "--output-dir", "new")...); code != ExitOK {
		t.Fatalf("exit code %d\n%s%s", code, out, stderr)
	}
	text, err := os.ReadFile("new/manifests.yaml")
	if err != nil || !strings.Contains(string(text), "name: acme-2") || strings.Contains(string(text), "config.kubernetes.io/origin") {
		t.Errorf("%v\n%s", err, text)
	}
	if code, _, stderr := run(t, "", append(args, "--in-place")...); code != ExitFailed ||
		stderr != "error: a kustomization can't be rewritten in place: give --output-dir DIRECTORY\n" {
		t.Errorf("in place: exit code %d\n%s", code, stderr)
	}
}
