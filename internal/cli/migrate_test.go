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

// acmeTrial is the other account of the simulator's demo. In these tests it is the one that Meta made of acmeGarden.
const acmeTrial = "104996122399160"

// old are the manifests of acmeGarden: a file for the account and its number, and one for templates.
func old(t *testing.T) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for file, text := range map[string]string{
		"waba.yaml": demoWABA + `apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: PhoneNumber
metadata: {name: support}
spec:
  wabaRef: {name: acme}
  id: "106540352242922"
`,
		"templates/greeting.yaml": greeting,
		"kustomization.yaml":      "resources: [waba.yaml, templates/greeting.yaml]\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(file))
		if err := writeFile(path, []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const greeting = `# Sent in spring.

apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: MessageTemplate
metadata: {name: greeting}
spec:
  wabaRef: {name: acme} # the shop

  name: seasonal_greeting
  language: en_US
  category: MARKETING
  body:
    text: Hi {{1}}, spring is here and so are our new seeds.
    examples: [{name: "1", value: Amina}]
  footer: {text: Reply STOP to unsubscribe}
`

// migrated makes acmeTrial the copy of acmeGarden.
func migrated(sim *graphsim.Simulator) {
	for _, t := range sim.Templates(acmeGarden) {
		t.ID = ""
		sim.AddTemplate(acmeTrial, t)
	}
}

// TestMigrate: the rewritten manifests are checked at Meta, and nothing is written there.
func TestMigrate(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*graphsim.Simulator)
		args   []string
		code   int
		// out and err are parts of what is printed.
		out, err string
	}{
		"identical": {out: "1 of 1 templates are in the new account with the same content"},
		"changed": {
			change: func(s *graphsim.Simulator) {
				live, _ := s.TemplateByName(acmeTrial, "seasonal_greeting", "en_US")
				s.EditInManager(live.ID, func(t *graphsim.Template) {
					t.Components = []byte(strings.Replace(string(t.Components), "spring is here", "spring was here", 1))
				})
			}, code: ExitFound, out: "| MessageTemplate default/greeting-2 | AlreadyExists: a template with this name and language exists with other content (body.text)",
		},
		"missing": {
			change: func(s *graphsim.Simulator) {
				live, _ := s.TemplateByName(acmeTrial, "seasonal_greeting", "en_US")
				s.DeleteInManager(live.ID)
			}, code: ExitFound, out: "| MessageTemplate default/greeting-2 | ",
		},
		"number": {out: "| PhoneNumber default/support-2 | not in the new account yet; Meta moves numbers when the migration is resumed |"},
		"unreadable": {
			change: func(s *graphsim.Simulator) { s.RemoveAccount(acmeTrial) }, code: ExitFailed, out: "0 of 1 templates", err: "can't be planned",
		},
		"not checked": {args: []string{"--no-check"}, out: "Nothing was checked."},
	} {
		t.Run(name, func(t *testing.T) {
			sim, meta := startSimulator(t)
			migrated(sim)
			if tc.change != nil {
				tc.change(sim)
			}
			dir := old(t)
			target := filepath.Join(t.TempDir(), "new")
			args := slices.Concat([]string{"migrate", "--from", acmeGarden, "--to", acmeTrial, "--no-cluster", "--output-dir", target, dir}, tc.args, meta)
			code, out, stderr := run(t, "", args...)
			if code != tc.code || !strings.Contains(out, tc.out) || !strings.Contains(stderr, tc.err) || tc.err == "" && stderr != "" {
				t.Errorf("exit code %d, want %d\n%s%s", code, tc.code, out, stderr)
			}
			if name == "identical" {
				golden(t, "migrate/report.md", strings.ReplaceAll(out, target, "acme-inr"))
			}
			if tc.code == ExitFailed {
				if _, err := os.Stat(target); err == nil {
					t.Error("it was written though it couldn't be checked")
				}
				return
			}
			want := strings.NewReplacer("{name: greeting}", "{name: greeting-2}", "{name: acme}", "{name: acme-2}").Replace(greeting)
			if got := content(t, target, "templates/greeting.yaml"); got != want {
				t.Errorf("%s\nwant\n%s", got, want)
			}
			if got := entries(t, target); !slices.Equal(got, []string{"templates", "waba.yaml"}) {
				t.Errorf("%v", got)
			}
			for _, r := range sim.Requests() {
				if r.Method != http.MethodGet && r.Op != graphsim.OpBatch || tc.args != nil {
					t.Errorf("a call: %s %s", r.Method, r.Path)
				}
			}
			if content(t, dir, "templates/greeting.yaml") != greeting {
				t.Error("the old manifest was changed")
			}
		})
	}
}

// TestMigrateWrites: files are changed where the caller says so, and nowhere else.
func TestMigrateWrites(t *testing.T) {
	migrate := []string{"migrate", "--from", acmeGarden, "--to", acmeTrial, "--no-check"}
	t.Run("nowhere", func(t *testing.T) {
		dir := old(t)
		if code, out, stderr := run(t, "", append(migrate, dir)...); code != ExitOK || !strings.Contains(out, "Nothing was written.") {
			t.Errorf("%d %s%s", code, out, stderr)
		}
		if content(t, dir, "templates/greeting.yaml") != greeting {
			t.Error("a manifest was changed")
		}
	})
	t.Run("in place", func(t *testing.T) {
		dir := old(t)
		path := filepath.Join(dir, "templates", "greeting.yaml")
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
		if code, out, stderr := run(t, "", append(migrate, "--in-place", "--waba-name", "acme-inr", dir)...); code != ExitOK || !strings.Contains(out, "They were written in place.") {
			t.Errorf("%d %s%s", code, out, stderr)
		}
		if got := content(t, dir, "templates/greeting.yaml"); !strings.Contains(got, "wabaRef: {name: acme-inr} # the shop\n\n") {
			t.Error(got)
		}
		if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%v %v", info.Mode(), err)
		}
	})
	t.Run("from the standard input", func(t *testing.T) {
		target := filepath.Join(t.TempDir(), "new")
		code, out, stderr := run(t, greeting, append(migrate, "--waba", "acme", "--output-dir", target, "-")...)
		if code != ExitOK || !strings.Contains(content(t, target, "manifests.yaml"), "{name: greeting-2}") {
			t.Errorf("%d %s%s", code, out, stderr)
		}
	})
	t.Run("two files of one name", func(t *testing.T) {
		one, two := old(t), old(t)
		other := strings.ReplaceAll(greeting, "{name: greeting}", "{name: other}")
		if err := os.WriteFile(filepath.Join(two, "templates", "greeting.yaml"), []byte(other), 0o600); err != nil {
			t.Fatal(err)
		}
		code, _, stderr := run(t, "", append(migrate, "--output-dir", t.TempDir(), one, filepath.Join(two, "templates"), filepath.Join(two, "templates", "greeting.yaml"))...)
		if code != ExitFailed || !strings.Contains(stderr, "twice") {
			t.Errorf("%d %s", code, stderr)
		}
		code, _, stderr = run(t, "", append(migrate, "--output-dir", t.TempDir(), filepath.Join(one, "waba.yaml"), filepath.Join(one, "templates"), filepath.Join(two, "templates"))...)
		if code != ExitFailed || !strings.Contains(stderr, "two files would become") {
			t.Errorf("%d %s", code, stderr)
		}
	})
}

// TestMigrateWithoutItsAccount: templates are checked where the WABA is in another repository.
func TestMigrateWithoutItsAccount(t *testing.T) {
	sim, meta := startSimulator(t)
	migrated(sim)
	code, out, stderr := run(t, greeting, append([]string{"migrate", "--from", acmeGarden, "--to", acmeTrial, "--waba", "meta/acme", "--no-cluster", "-"}, meta...)...)
	if code != ExitFailed || !strings.Contains(stderr, "no resource of WABA meta/acme is in the manifests") {
		t.Errorf("%d %s%s", code, out, stderr)
	}
	elsewhere := strings.ReplaceAll(greeting, "{name: acme}", "{name: acme, namespace: meta}")
	code, out, stderr = run(t, elsewhere, append([]string{"migrate", "--from", acmeGarden, "--to", acmeTrial, "--waba", "meta/acme", "--no-cluster", "-"}, meta...)...)
	if code != ExitOK || !strings.Contains(out, "1 of 1 templates") {
		t.Errorf("%d %s%s", code, out, stderr)
	}
}

// TestMigrateObserved: under an account that is only observed, templates are compared all the same, and a paused one is compared with nothing.
func TestMigrateObserved(t *testing.T) {
	sim, meta := startSimulator(t)
	migrated(sim)
	manifests := demoWABA + greeting
	for name, tc := range map[string]struct {
		policy, body string
		code         int
		out          string
	}{
		"identical": {"Observed", "spring is here", ExitOK, "1 of 1 templates"},
		"different": {"Observed", "spring was here", ExitFound, "DriftDetected"},
		"paused":    {"Paused", "spring is here", ExitFound, "| MessageTemplate default/greeting-2 | "},
	} {
		text := strings.NewReplacer("spec:\n  id", "spec:\n  managementPolicy: "+tc.policy+"\n  id", "spring is here", tc.body).Replace(manifests)
		code, out, stderr := run(t, text, append([]string{"migrate", "--from", acmeGarden, "--to", acmeTrial, "--no-cluster", "-"}, meta...)...)
		if code != tc.code || !strings.Contains(out, tc.out) || !strings.Contains(out, "WABA acme-2 has managementPolicy: "+tc.policy) {
			t.Errorf("%s: %d %s%s", name, code, out, stderr)
		}
	}
}

// TestMigrateSampleFile: a template with a sample file is adopted without an upload, if the file is at hand.
func TestMigrateSampleFile(t *testing.T) {
	sim, meta := startSimulator(t)
	sim.AddTemplate(acmeTrial, graphsim.Template{Name: "catalogue", Language: "no", Category: "MARKETING", Components: []byte(
		`[{"type":"HEADER","format":"IMAGE","example":{"header_handle":["4::aW1n"]}},{"type":"BODY","text":"Yes, it is here."}]`)})
	const file = "---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: samples, namespace: trial}\nbinaryData: {here.jpg: /9j/4AAQSkZJRgABIGEgcGhvdG9ncmFwaA==}\n"
	args := append([]string{"migrate", "--from", acmeGarden, "--to", acmeTrial, "--waba", "trial/trial", "--no-cluster", "-"}, meta...)
	if code, out, stderr := run(t, photo+file, args...); code != ExitOK || !strings.Contains(out, "1 of 1 templates") {
		t.Errorf("%d %s%s", code, out, stderr)
	}
	if code, out, _ := run(t, photo, args...); code != ExitFound || !strings.Contains(out, "ConfigMap samples doesn't exist") {
		t.Errorf("%d %s", code, out)
	}
	for _, r := range sim.Requests() {
		if r.Method != http.MethodGet && r.Op != graphsim.OpBatch {
			t.Errorf("a call: %s %s", r.Method, r.Path)
		}
	}
}

// TestMigrateInCluster: the WABA of the cluster counts where the manifests don't contain it.
func TestMigrateInCluster(t *testing.T) {
	env := startCluster(t)
	namespace := env.Namespace(t)
	sim, meta := startSimulator(t)
	migrated(sim)
	file := filepath.Join(t.TempDir(), "new.yaml")
	if err := os.WriteFile(file, []byte(strings.NewReplacer("{name: acme}", "{name: acme-2}", acmeGarden, acmeTrial).Replace(demoWABA)), 0o600); err != nil {
		t.Fatal(err)
	}
	apply(t, env, namespace, file)
	code, out, stderr := run(t, greeting, append([]string{"migrate", "--from", acmeGarden, "--to", acmeTrial, "--waba", "acme", "-n", namespace, "-"}, meta...)...)
	if code != ExitOK || !strings.Contains(out, "1 of 1 templates") {
		t.Errorf("%d %s%s", code, out, stderr)
	}
}

// TestMigrateBadInput: one line says what to write instead.
func TestMigrateBadInput(t *testing.T) {
	t.Chdir(t.TempDir())
	for want, args := range map[string][]string{
		"no manifests: name files or directories, or - for the standard input":                 {},
		"--from must be an account's id at Meta, 1 to 32 digits":                               {"--to", "2", "-"},
		"--to must be an account's id at Meta, 1 to 32 digits":                                 {"--from", "1", "-"},
		"--from and --to are the same account 1":                                               {"--from", "1", "--to", "1", "-"},
		"the standard input can't be rewritten in place: give --output-dir DIRECTORY":          {"--from", "1", "--to", "2", "--in-place", "-"},
		"the standard input can't be both the manifests and the token":                         {"--from", "1", "--to", "2", "--access-token-file", "-", "-"},
		"--waba-name must be the name of a resource":                                           {"--from", "1", "--to", "2", "--waba-name", "A", "-"},
		"--waba must be the name of a resource":                                                {"--from", "1", "--to", "2", "--waba", "A", "-"},
		"--flow takes ids of Flows":                                                            {"--from", "1", "--to", "2", "--flow", "a=1", "-"},
		"--webhook-url must be":                                                                {"--from", "1", "--to", "2", "--webhook-url", "http://a.example", "-"},
		"none.yaml: no such file or directory":                                                 {"--from", "1", "--to", "2", "--no-check", "none.yaml"},
		`no WABA with spec.id "1" is in the manifests`:                                         {"--from", "1", "--to", "2", "--no-check", "-"},
		"if any flags in the group [in-place output-dir] are set none of the others can be":    {"--from", "1", "--to", "2", "--in-place", "--output-dir", "x", "y"},
		"if any flags in the group [keep-names name-suffix] are set none of the others can be": {"--from", "1", "--to", "2", "--keep-names", "--name-suffix", "x", "y"},
		"no access token: ": {"--from", acmeGarden, "--to", "2", "--no-cluster", "-"},
		"no cluster: ":      {"--from", acmeGarden, "--to", "2", "--kubeconfig", "none", "-"},
	} {
		code, out, stderr := run(t, demoWABA, slices.Concat([]string{"migrate"}, args)...)
		if code != ExitFailed || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 || out != "" && want != "no access token: " {
			t.Errorf("%v: %d %s%s", args, code, out, stderr)
		}
	}
}
