// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/internal/doctor"
	"github.com/waba-operator/waba-operator/internal/recording"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

func TestDoctor(t *testing.T) {
	sim, meta := startSimulator(t)
	file := filepath.Join(t.TempDir(), "answers.json")
	args := append([]string{"doctor", acmeGarden, "--record", file}, meta...)
	code, out, stderr := run(t, "", args...)
	if code != ExitOK || !strings.Contains(out, "## Differences: 0") || !strings.Contains(stderr, "doctor: templates by name") {
		t.Errorf("%d %s%s", code, out, stderr)
	}
	if n := sim.Stats(); n.Writes != 0 {
		t.Errorf("%d writes", n.Writes)
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var r recording.Recording
	if err := json.Unmarshal(raw, &r); err != nil || len(r.Exchanges) < 10 {
		t.Errorf("%v, %d exchanges", err, len(r.Exchanges))
	}
	for what, text := range map[string]string{"report": out, "messages": stderr, "recording": string(raw)} {
		for _, own := range []string{acmeGarden, "Acme", graphsim.DemoToken, "seasonal_greeting", "555", "634974688087057", "spring is here"} {
			if strings.Contains(text, own) {
				t.Errorf("the %s has %q", what, own)
			}
		}
	}
	if code, _, stderr := run(t, "", args...); code != ExitFailed || !strings.Contains(stderr, "exists") {
		t.Errorf("a recording was replaced: %d %s", code, stderr)
	}
}

func TestDoctorFindsSomething(t *testing.T) {
	sim := graphsim.New(graphsim.WithUnknownMode(3))
	if err := sim.LoadDemo(); err != nil {
		t.Fatal(err)
	}
	t.Setenv(envAccessToken, graphsim.DemoToken)
	code, out, stderr := run(t, "", "doctor", acmeGarden, "-o", "json", "--graph-base-url", sim.Start(t))
	var r doctor.Report
	if err := json.Unmarshal([]byte(out), &r); err != nil || code != ExitFound || len(r.Differences) == 0 {
		t.Errorf("%d %v %s%s", code, err, out, stderr)
	}
}

func TestDoctorRefuses(t *testing.T) {
	_, meta := startSimulator(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"doctor"}, "name one account by its id"},
		{[]string{"doctor", "acme"}, "name one account by its id"},
		{[]string{"doctor", acmeGarden, "-o", "xml"}, "unknown format"},
		{[]string{"doctor", acmeGarden, "--allow-live-account"}, "--allow-live-account is for --probe"},
		{[]string{"doctor", acmeGarden, "--probe"}, "that aren't test numbers"},
		{[]string{"doctor", "999"}, "the account can't be read: Unsupported get request"},
		{[]string{"doctor", acmeGarden, "--record", t.TempDir()}, "--record"},
	} {
		args := c.args
		if len(args) > 1 {
			args = append(args, meta...)
		}
		if code, out, stderr := run(t, "", args...); code != ExitFailed || out != "" || !strings.Contains(stderr, c.want) {
			t.Errorf("%v: %d %s%s", c.args, code, out, stderr)
		}
	}
}
