// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	testclock "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/test/graphsim"
)

const (
	demoApp       = "634974688087057"
	demoAppSecret = "graphsim-demo-app-secret"
	demoNumber    = "106540352242922"
)

// furnish gives the demo's account something of all that can be exported.
func furnish(sim *graphsim.Simulator) {
	for _, t := range []graphsim.Template{
		{Name: "order_confirmation", Language: "de", Components: json.RawMessage(
			`[{"type":"BODY","text":"Hallo {{1}},\n\ndeine Bestellung ist da: *{{2}}* # nichts weiter.","example":{"body_text":[["Ana","12.30"]]}}]`)},
		{Name: "order_confirmation", Language: "en_US", Status: "PAUSED"},
		{Name: "login", Language: "en_US", Category: "AUTHENTICATION", Components: json.RawMessage(
			`[{"type":"BODY","add_security_recommendation":true},{"type":"BUTTONS","buttons":[{"type":"OTP","otp_type":"COPY_CODE"}]}]`)},
		{Name: "catalogue", Language: "no", Category: "MARKETING", Components: json.RawMessage(
			`[{"type":"HEADER","format":"IMAGE","example":{"header_handle":["4::aW1n"]}},{"type":"BODY","text":"Yes, it is here."}]`)},
		{Name: "album", Language: "en_US", Category: "MARKETING", Components: json.RawMessage(`[{"type":"BODY","text":"Our pictures."},{"type":"ALBUM"}]`)},
		{Name: "going", Language: "en_US", Status: "PENDING_DELETION"}, {Name: "old", Language: "en_US", Status: "ARCHIVED"},
		{Name: "strange", Language: "zh", Components: nil},
	} {
		sim.AddTemplate(acmeGarden, t)
	}
	sim.SubscribeApp(acmeGarden, demoApp, "https://bot.acme.example/wa?secret=1")
	sim.SetAppCallback(demoApp, "https://ops.acme.example/wa", "message_template_status_update", "messages")
	sim.UpdateNumber(demoNumber, func(n *graphsim.Number) {
		n.CallbackURL = "https://number.acme.example/wa"
		n.Config.Profile.Websites = []string{"https://acme.example"}
		n.Config.Calling = json.RawMessage(`{"status":"ENABLED","video":{"status":"DISABLED"},"sip":{"status":"ENABLED","servers":[
			{"hostname":"sip.acme.example","port":5062,"sip_user_password":"hush","request_uri_user_params":{"tgrp":"east"}}]}}`)
		n.Config.IdentityChange = json.RawMessage(`{"enable_identity_key_check":true}`)
	})
	sim.AddNumber(acmeGarden, graphsim.Number{
		ID: "106853218861310", DisplayPhoneNumber: "+1 555-078-3883", VerifiedName: "Acme: by app", PlatformType: "ON_PREMISE",
	})
}

// TestExport compares what is written with testdata/export, and finds the same when it exports again.
func TestExport(t *testing.T) {
	for name, args := range map[string][]string{
		"managed":  {"--number-settings"},
		"observed": {"--policy", "observed", "--include-samples", "--skip-foreign", "-n", "shop", "--waba-name", "garden"},
		"filtered": {"--kinds", "messagetemplate", "--name", "order_*,login", "--language", "en_us", "--status", "approved,paused", "--category", "utility"},
		"archived": {"--kinds", "MessageTemplate", "--status", "ARCHIVED,PENDING_DELETION"},
		"nothing":  {"--kinds", "MessageTemplate", "--name", "none"},
	} {
		t.Run(name, func(t *testing.T) {
			sim, meta := startSimulator(t)
			furnish(sim)
			t.Setenv(envAppSecret, demoAppSecret)
			args := slices.Concat([]string{"export", acmeGarden}, args, meta)
			code, out, stderr := run(t, "", args...)
			golden(t, "export/"+name+".yaml", out)
			golden(t, "export/"+name+".stderr", stderr)
			if want := map[bool]int{true: ExitFound, false: ExitOK}[strings.Contains(stderr, "incomplete:")]; code != want {
				t.Errorf("exit code %d, want %d", code, want)
			}
			if _, again, _ := run(t, "", args...); again != out {
				t.Errorf("another one: %s", again)
			}
			for _, secret := range []string{graphsim.DemoToken, demoAppSecret, "secret=1"} {
				if strings.Contains(out+stderr, secret) {
					t.Errorf("%s got out", secret)
				}
			}
			if out == "" || strings.HasPrefix(out, "#") {
				return
			}
			if code, found, _ := run(t, out, "lint", "-"); code != ExitOK && code != ExitFound || strings.Contains(found, "error:") {
				t.Errorf("lint: %s", found)
			}
		})
	}
}

// TestExportIntoADirectory: a file for each resource, Secrets to fill in that are never overwritten, and nothing else touched.
func TestExportIntoADirectory(t *testing.T) {
	sim, meta := startSimulator(t)
	furnish(sim)
	t.Setenv(envAppSecret, demoAppSecret)
	dir := filepath.Join(t.TempDir(), "acme")
	args := append([]string{"export", acmeGarden, "--output-dir", dir}, meta...)
	if code, out, stderr := run(t, "", args...); code != ExitFound || out != "" {
		t.Fatalf("%d %s%s", code, out, stderr)
	}
	listing := ""
	for _, entry := range entries(t, dir) {
		listing += entry + "\n"
	}
	golden(t, "export/directory/listing.txt", listing)
	for _, file := range []string{"kustomization.yaml", "secrets.example.yaml", "messagetemplate-catalogue.no.yaml"} {
		golden(t, "export/directory/"+file, content(t, dir, file))
	}
	if code, _, stderr := run(t, "", args...); code != ExitFailed || !strings.Contains(stderr, "isn't empty") || !strings.Contains(stderr, "--overwrite") {
		t.Errorf("%d %s", code, stderr)
	}
	for file, text := range map[string]string{"secrets.example.yaml": "filled in", "mine.yaml": "mine", "waba.yaml": "old"} {
		if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if code, _, stderr := run(t, "", append(args, "--overwrite")...); code != ExitFound {
		t.Fatalf("%d %s", code, stderr)
	}
	if content(t, dir, "secrets.example.yaml") != "filled in" || content(t, dir, "mine.yaml") != "mine" || content(t, dir, "waba.yaml") == "old" {
		t.Error("the wrong files were replaced")
	}
}

func entries(t *testing.T, dir string) (names []string) {
	t.Helper()
	found, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range found {
		names = append(names, entry.Name())
	}
	return names
}

func content(t *testing.T, dir, file string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(dir, file))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// TestExportIncomplete: what can't be read is named, never left out in silence; where nothing can be, the command fails.
func TestExportIncomplete(t *testing.T) {
	refused := func(path string, times int) graphsim.Fault {
		return graphsim.Fault{Path: path, Times: times, Code: 200, Message: "Permissions error"}
	}
	throttled := graphsim.Fault{Path: "/*/message_templates", Times: -1, Code: 80008, RegainMinutes: 5}
	for name, tc := range map[string]struct {
		faults []graphsim.Fault
		args   []string
		change func(*graphsim.Simulator)
		code   int
		stderr string
	}{
		"templates refused": {
			faults: []graphsim.Fault{refused("/"+acmeGarden, 1), refused("/*/message_templates", -1)}, code: ExitFound,
			stderr: "incomplete: templates are missing (0 templates could be read): ",
		},
		"numbers refused": {
			faults: []graphsim.Fault{refused("/"+acmeGarden, 1), refused("/*/phone_numbers", -1)}, code: ExitFound,
			stderr: "incomplete: phone numbers are missing (0 phone numbers could be read): ",
		},
		"throttled on the way": {
			faults: []graphsim.Fault{throttled}, args: []string{"--graph-page-size", "1"}, code: ExitFound,
			stderr: "incomplete: templates are missing (1 template could be read): ",
		},
		"refused, but not asked for": {
			faults: []graphsim.Fault{refused("/"+acmeGarden, 1), refused("/*/message_templates", -1)}, args: []string{"--kinds", "WABA"}, code: ExitOK,
			stderr: "exported 1 WABA, with ",
		},
		"settings refused": {
			faults: []graphsim.Fault{refused("/*/whatsapp_business_profile", -1)}, args: []string{"--number-settings"}, code: ExitFound,
			stderr: "incomplete: profile of number " + demoNumber + " is missing: ",
		},
		"nothing can be read": {faults: []graphsim.Fault{refused("/*", -1), refused("/*/*", -1)}, code: ExitFailed, stderr: "error: account " + acmeGarden + " can't be read: "},
		"a template no resource can describe": {
			change: func(s *graphsim.Simulator) {
				s.AddTemplate(acmeGarden, graphsim.Template{Name: "strange", Language: "zh"})
			}, code: ExitFound,
			stderr: `incomplete: template "strange" in "zh" can't be described by any resource: spec.language: Meta has no such language`,
		},
		"another's account": {
			change: func(s *graphsim.Simulator) {
				s.UpdateAccount(acmeGarden, func(a *graphsim.Account) { a.OwnershipType = "CLIENT_OWNED" })
			},
			args: []string{"--skip-foreign"}, code: ExitFailed, stderr: "belongs to Acme Garden GmbH (506914307656634), and --skip-foreign leaves it out",
		},
	} {
		t.Run(name, func(t *testing.T) {
			sim, meta := startSimulator(t)
			if tc.change != nil {
				tc.change(sim)
			}
			for _, f := range tc.faults {
				sim.Fail(f)
			}
			code, _, stderr := run(t, "", slices.Concat([]string{"export", acmeGarden}, tc.args, meta)...)
			if code != tc.code || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("%d, want %d\n%s", code, tc.code, stderr)
			}
		})
	}
}

// TestExportBadInput: one line says what to write instead.
func TestExportBadInput(t *testing.T) {
	_, meta := startSimulator(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for want, args := range map[string][]string{
		`name one account by its id at Meta, 1 to 32 digits as shown in WhatsApp Manager, not "acme"`:              {"acme"},
		`unknown kind "Secret": use WABA, PhoneNumber, WebhookSubscription, MessageTemplate`:                       {acmeGarden, "--kinds", "Secret"},
		`--name "a[" can't be understood: write a name, with * for any text`:                                       {acmeGarden, "--name", "a["},
		`--waba-name must be the name of a resource, small letters, digits and hyphens such as acme, not "Acme_1"`: {acmeGarden, "--waba-name", "Acme_1"},
		"--overwrite goes with --output-dir":                                                                       {acmeGarden, "--overwrite"},
		"--output-dir: ":                                                                                           {acmeGarden, "--output-dir", file},
		"--policy must be Managed or Observed, not \"Paused\"":                                                     {acmeGarden, "--policy", "Paused"},
		"account 42 can't be read: ":                                                                               {"42"},
		"--access-token-file: ":                                                                                    {acmeGarden, "--access-token-file", "none"},
	} {
		code, out, stderr := run(t, "", slices.Concat([]string{"export"}, args, meta)...)
		if code != ExitFailed || out != "" || !strings.Contains(stderr, want) || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%v: %d %s%s", args, code, out, stderr)
		}
	}
	t.Setenv(envAccessToken, "")
	if code, _, stderr := run(t, "", append([]string{"export", acmeGarden}, meta...)...); code != ExitFailed || !strings.Contains(stderr, "no access token") {
		t.Errorf("%d %s", code, stderr)
	}
}

// TestExportShowsProgress: on a terminal a line says what is done when Meta takes its time, and goes away.
func TestExportShowsProgress(t *testing.T) {
	sim := graphsim.New()
	if err := sim.LoadDemo(); err != nil {
		t.Fatal(err)
	}
	t.Setenv(envAccessToken, graphsim.DemoToken)
	clock, drawn := testclock.NewFakeClock(time.Unix(0, 0)), make(screens, 100)
	var wait sync.Once
	shown := make(chan string, 1)
	meta := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		wait.Do(func() {
			clock.Step(progressDelay)
			shown <- <-drawn
		})
		sim.ServeHTTP(w, r)
	}))
	defer meta.Close()
	var out strings.Builder
	code := Run(t.Context(), "v1.2.3", Streams{In: strings.NewReader(""), Out: &out, Err: drawn, ErrTerminal: true, Clock: clock},
		[]string{"export", acmeGarden, "--kinds", "WABA", "--graph-base-url", meta.URL})
	if line := <-shown; code != ExitOK || line != "\r\x1b[Kreading the account, 2s" || <-drawn != clearLine || strings.Contains(out.String(), "\x1b") {
		t.Errorf("%d %q", code, line)
	}
}
