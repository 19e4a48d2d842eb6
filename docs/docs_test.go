// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package docs_test checks what the documentation claims against the API.
package docs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"github.com/waba-operator/waba-operator/internal/operator"
)

var (
	link    = regexp.MustCompile(`\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#+ (.+)$`)
	sample  = regexp.MustCompile("(?s)```yaml\n(.*?)```")
	kind    = regexp.MustCompile(`(?m)^kind: (\w+)$`)
	word    = regexp.MustCompile("`([A-Z][A-Za-z]+)`")
	reason  = regexp.MustCompile(`(?m)^\s+((?:Condition|Reason)\w+) += "([A-Z][A-Za-z]+)"`)
	// constant is a condition or reason as the code names it.
	constant = regexp.MustCompile(`v1alpha1\.((?:Condition|Reason)\w+)`)
)

// pages returns the text of every page of the repository by its path.
func pages(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	err := filepath.WalkDir("..", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() && slices.Contains([]string{".git", "bin", "dist", ".demo"}, entry.Name()) {
			return filepath.SkipDir
		}
		if filepath.Ext(path) != ".md" {
			return nil
		}
		raw, err := os.ReadFile(path)
		out[path] = string(raw)
		return err
	})
	if err != nil || len(out) < 20 {
		t.Fatalf("%d pages: %v", len(out), err)
	}
	return out
}

// anchor is what GitHub makes of a heading.
func anchor(heading string) string {
	kept := strings.Map(func(r rune) rune {
		switch {
		case r == ' ', r == '-':
			return '-'
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9', r == '_':
			return r
		}
		return -1
	}, strings.ToLower(heading))
	return kept
}

func TestLinksLeadSomewhere(t *testing.T) {
	all := pages(t)
	for path, text := range all {
		for _, m := range link.FindAllStringSubmatch(text, -1) {
			file, fragment, _ := strings.Cut(m[1], "#")
			if strings.Contains(file, "://") {
				continue
			}
			target := path
			if file != "" {
				target = filepath.Join(filepath.Dir(path), file)
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s: the link %s leads nowhere", path, m[1])
				continue
			}
			if fragment == "" {
				continue
			}
			found := slices.ContainsFunc(heading.FindAllStringSubmatch(all[target], -1), func(h []string) bool { return anchor(h[1]) == fragment })
			if !found {
				t.Errorf("%s: the link %s leads to no heading", path, m[1])
			}
		}
	}
}

// knownReasons returns the values of the API's conditions and reasons by the names of their constants.
func knownReasons(t *testing.T) map[string]string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "api", "v1alpha1", "conditions.go"))
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]string{}
	for _, m := range reason.FindAllStringSubmatch(string(source), -1) {
		known[m[1]] = m[2]
	}
	return known
}

// statusTable returns the first two cells of every line of a page's status table.
func statusTable(t *testing.T, page string) []string {
	t.Helper()
	_, table, found := strings.Cut(pages(t)[filepath.Join("..", "docs", page)], "| Condition | Status and reason |")
	if !found {
		t.Errorf("%s has no status table", page)
	}
	var out []string
	for line := range strings.SplitSeq(table, "\n") {
		if cells := strings.Split(line, "|"); len(cells) >= 4 {
			out = append(out, cells[1]+cells[2])
		}
	}
	return out
}

// Every condition and reason in a status table must be one of the API's constants.
func TestReasonsExist(t *testing.T) {
	known := map[string]bool{}
	for _, value := range knownReasons(t) {
		known[value] = true
	}
	for _, page := range []string{"waba.md", "messagetemplate.md", "phonenumber.md", "webhooksubscription.md"} {
		for _, cells := range statusTable(t, page) {
			for _, m := range word.FindAllStringSubmatch(cells, -1) {
				if !known[m[1]] {
					t.Errorf("%s: %s is no condition or reason of the API", page, m[1])
				}
			}
		}
	}
}

// Every condition and reason that the code of a kind names must be in its page's status table.
func TestReasonsAreExplained(t *testing.T) {
	known := knownReasons(t)
	for page, of := range map[string]struct {
		sources []string
		others  []string // what only other kinds can come to
	}{
		"phonenumber.md": {
			[]string{"phonenumber/*.go", "lifecycle/reconciler.go", "lifecycle/errors.go", "lifecycle/account.go", "lifecycle/media.go"},
			[]string{
				"ReasonNameLocked", "ReasonEditBudgetExhausted", "ReasonCallbackNotVerified",
				"ReasonPINChanged", "ReasonLimitsChanged", "ReasonUsernameChanged", "ReasonMetaAlert", "ReasonOBARequestHandled", // of events, not of conditions
			},
		},
		"webhooksubscription.md": {
			[]string{"webhooksubscription/*.go", "lifecycle/reconciler.go", "lifecycle/errors.go", "lifecycle/account.go"},
			[]string{"ReasonNameLocked", "ReasonEditBudgetExhausted", "ReasonQuotaExceeded", "ReasonInReview", "ReasonNotFound"},
		},
	} {
		table := strings.Join(statusTable(t, page), "\n")
		for file, text := range sources(t, of.sources) {
			for _, m := range constant.FindAllStringSubmatch(text, -1) {
				if value, ok := known[m[1]]; ok && !slices.Contains(of.others, m[1]) && !strings.Contains(table, "`"+value+"`") {
					t.Errorf("%s: %s isn't in the status table of %s", file, value, page)
				}
			}
		}
	}
}

// sources returns the text of the controllers' files that match, without tests.
func sources(t *testing.T, patterns []string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join("..", "controllers", pattern))
		if err != nil || len(found) == 0 {
			t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		for _, file := range found {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			out[file] = string(text)
		}
	}
	return out
}

// Every flag about webhooks must be explained, and every one that is explained must exist.
func TestWebhookFlagsAreExplained(t *testing.T) {
	page, options := pages(t)[filepath.Join("..", "docs", "webhooksubscription.md")], operator.DefaultOptions()
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	options.BindFlags(flags)
	flags.VisitAll(func(f *pflag.Flag) {
		if strings.HasPrefix(f.Name, "webhook-") && !strings.Contains(page, "--"+f.Name) {
			t.Errorf("--%s isn't explained", f.Name)
		}
	})
	for _, m := range regexp.MustCompile(`--(webhook-[a-z-]+[a-z])`).FindAllStringSubmatch(page, -1) {
		if flags.Lookup(m[1]) == nil {
			t.Errorf("there is no flag --%s", m[1])
		}
	}
}

// Every metric of the receiver and every outcome of it must be explained.
func TestWebhookMetricsAreExplained(t *testing.T) {
	page := pages(t)[filepath.Join("..", "docs", "webhooksubscription.md")]
	for file, pattern := range map[string]string{
		"docs/reference/metrics.md": "`waba_operator_webhook_([a-z_]+)`", "internal/receiver/outcome.go": `Outcome = "([a-z]+)"`,
		"internal/relay/relay.go": `\t[A-Z]\w+ = "([a-z_]+)"`,
	} {
		text, err := os.ReadFile(filepath.Join("..", filepath.FromSlash(file)))
		if err != nil {
			t.Fatal(err)
		}
		found := regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1)
		if len(found) == 0 {
			t.Errorf("%s names nothing", file)
		}
		for _, m := range found {
			if !strings.Contains(page, "`"+m[1]+"`") {
				t.Errorf("%s: %s isn't explained", file, m[1])
			}
		}
	}
}

// TestFirstAccountSoon: a new user sees the first account after at most 300 words of the page, commands included.
func TestFirstAccountSoon(t *testing.T) {
	page := pages(t)[filepath.Join("..", "docs", "install.md")]
	before, _, found := strings.Cut(page, "\nNAME   ACCOUNT ")
	if !found {
		t.Fatal("the page shows no account")
	}
	if words := len(strings.Fields(before)); words > 300 {
		t.Errorf("the first account is seen after %d words", words)
	}
}
