// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	testclock "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/terminal"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

// columns is the width of the terminal.
const columns = 80

// onTerminal runs a command in a terminal of 80 columns, and returns its exit code and the bytes that the terminal got. With a file,
// the standard output goes there.
func onTerminal(t *testing.T, now time.Time, file *os.File, args ...string) (code int, screen string) {
	t.Helper()
	master, slave, err := pty.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = master.Close() }()
	if err := pty.Setsize(slave, &pty.Winsize{Rows: 24, Cols: columns}); err != nil {
		t.Fatal(err)
	}
	shown := make(chan string, 1)
	go func() {
		raw, _ := io.ReadAll(master) // which ends with an error, as the other side is closed
		shown <- string(raw)
	}()
	out := slave
	if file != nil {
		out = file
	}
	streams := FileStreams(slave, out, slave)
	streams.Clock = testclock.NewFakeClock(now)
	code = Run(t.Context(), "v1.2.3", streams, args)
	if err := slave.Close(); err != nil {
		t.Fatal(err)
	}
	return code, strings.ReplaceAll(<-shown, "\r\n", "\n")
}

// sequence is one that colours.
var sequence = regexp.MustCompile(`\x1b\[[0-9;]*m`)

// fits demands that no line is wider than the terminal, but for those that may be.
func fits(t *testing.T, screen string, wider func(line string) bool) {
	t.Helper()
	for line := range strings.Lines(screen) {
		line = strings.TrimSuffix(sequence.ReplaceAllString(line, ""), "\n")
		if w := terminal.Width(line); w > columns && (wider == nil || !wider(line)) {
			t.Errorf("%d columns: %s", w, line)
		}
	}
}

// screenshot compares a screen with a file, in which a sign stands for the escape character.
func screenshot(t *testing.T, name, screen string) {
	t.Helper()
	golden(t, "terminal/"+name+".txt", strings.ReplaceAll(screen, "\x1b", "␛"))
}

// terminalCluster creates an account in which much isn't well, and returns its namespace.
func terminalCluster(t *testing.T, now time.Time) string {
	t.Helper()
	env := startCluster(t)
	namespace := env.Namespace(t)
	since := func(conditions []metav1.Condition) []metav1.Condition {
		for i := range conditions {
			conditions[i].LastTransitionTime = metav1.NewTime(now.Add(-20 * time.Hour))
		}
		return conditions
	}
	observed := metav1.NewTime(now.Add(-2 * time.Minute))
	waba := wabaOf(namespace, "102290129340398", since(wellConditions)...)
	s := &waba.Status
	s.Name, s.MessagingLimit, s.LastObservedTime = "株式会社アクメ", "TIER_2K", &observed
	s.Health = &v1alpha1.HealthStatus{CanSendMessage: "AVAILABLE"}
	s.Templates, s.PhoneNumbers = &v1alpha1.TemplateCounts{Total: 27, Unmanaged: 5}, &v1alpha1.PhoneNumberCounts{Total: 1}
	number := &v1alpha1.PhoneNumber{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "support"},
		Spec:       v1alpha1.PhoneNumberSpec{CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}}, Number: "+15550783881"},
		Status: v1alpha1.PhoneNumberStatus{
			CommonStatus:       v1alpha1.CommonStatus{ID: "106540352242922", ObservedGeneration: 1, Conditions: since(wellConditions)},
			DisplayPhoneNumber: "+1 555-078-3881", VerifiedName: "Acme 👩‍🌾", Status: "CONNECTED", QualityRating: "UNKNOWN", MessagingLimit: "TIER_2K",
		},
	}
	rejected := conditionsOf("Ready", "False", "Rejected", "rejected", "Synced", "True", "Synced", "", "Approved", "False", "Rejected",
		"rejected by Meta: TAG_CONTENT_MISMATCH (the content doesn't match category or language; don't ask for passwords or identity data)")
	reclassified := conditionsOf("Ready", "True", "Approved", "", "Synced", "True", "Synced", "", "CategoryAsRequested", "False", "Reclassified",
		"requested UTILITY, but Meta classified it as MARKETING\x1b[2J and charges for that")
	reminder := templateOf(namespace, "", "flash-sale-reminder-en-us", "APPROVED", since(reclassified)...)
	reminder.Spec.Name = "flash_sale_reminder"
	reminder.Status.Category, reminder.Status.QualityScore = "MARKETING", "YELLOW"
	check := templateOf(namespace, "", "password-check", "REJECTED", since(rejected)...)
	check.Spec.Name = "password_check"
	create(t, env, waba, number, reminder, check,
		templateOf(namespace, "", "order", "APPROVED", since(wellConditions)...))
	return namespace
}

// TestTerminal plays the commands through in a terminal. Compare the screens after -update.
func TestTerminal(t *testing.T) {
	now := time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	t.Setenv("NO_COLOR", "")
	t.Setenv(envAccessToken, "")
	namespace := terminalCluster(t, now)
	meta := demo(t)
	manifests := filepath.Join("testdata", "terminal", "manifests")
	links := func(line string) bool { return strings.Contains(line, "https://") }
	for name, c := range map[string]struct {
		code  int
		args  []string
		wider func(string) bool
	}{
		"status":            {ExitOK, []string{"status", "-n", namespace}, nil},
		"status-wide":       {ExitOK, []string{"status", "-n", namespace, "-o", "wide"}, func(string) bool { return true }},
		"status-no-headers": {ExitOK, []string{"status", "-n", namespace, "--no-headers"}, nil},
		"status-name":       {ExitOK, []string{"status", "-n", namespace, "-o", "name"}, nil},
		"status-unhealthy":  {ExitFound, []string{"status", "-n", namespace, "--unhealthy"}, links},
		"plan":              {ExitFound, append([]string{"plan", "--no-cluster", manifests}, meta...), nil},
		"lint":              {ExitFound, []string{"lint", "--strict", manifests}, func(string) bool { return true }}, // editors read its lines
		"lint-nothing":      {ExitFailed, []string{"lint"}, nil},
		"format":            {ExitFailed, []string{"status", "-o", "xml"}, func(string) bool { return true }},
	} {
		t.Run(name, func(t *testing.T) {
			code, screen := onTerminal(t, now, nil, c.args...)
			if code != c.code {
				t.Errorf("exit code %d, want %d", code, c.code)
			}
			fits(t, screen, c.wider)
			if strings.Contains(screen, graphsim.DemoToken) || strings.Contains(sequence.ReplaceAllString(screen, ""), "\x1b") {
				t.Errorf("a secret, or a control sequence of others: %q", screen)
			}
			screenshot(t, name, strings.ReplaceAll(screen, namespace, "NAMESPACE"))
		})
	}
	t.Run("report", func(t *testing.T) {
		file, err := os.Create(filepath.Join(t.TempDir(), "report.md"))
		if err != nil {
			t.Fatal(err)
		}
		code, screen := onTerminal(t, now, file, append([]string{"report", "--account", acmeGarden}, meta...)...)
		if err := file.Close(); code != ExitOK || err != nil {
			t.Errorf("exit code %d, %v", code, err)
		}
		screenshot(t, "report", screen)
	})
}

// TestTerminalHelp: the help of every command fits the terminal, except its examples.
func TestTerminalHelp(t *testing.T) {
	for _, c := range New("v1.2.3", Streams{}).Commands() {
		if c.Name() == "help" || c.Name() == "completion" {
			continue
		}
		_, screen := onTerminal(t, time.Unix(0, 0), nil, c.Name(), "--help")
		if !strings.Contains(screen, "Usage:") {
			t.Errorf("%s: %s", c.Name(), screen)
		}
		fits(t, screen, func(line string) bool {
			return strings.Contains(line, "kubectl ") || strings.HasPrefix(strings.TrimSpace(line), "# ")
		})
	}
}
