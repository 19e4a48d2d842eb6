// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package tutorial_test follows docs/tutorial.md: it types what the page says, and compares what is printed with what the page shows.
// With -update the page shows what was printed.
//
// An API server has no kubelet, so the containers of the operator's Deployment run in the test's process, with their arguments
// and with the permissions of their service account.
package tutorial_test

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/internal/cli"
	"github.com/waba-operator/waba-operator/test/patience"
)

var update = flag.Bool("update", false, "write what is printed into docs/tutorial.md")

var (
	fence  = regexp.MustCompile("(?s)```(\\w+)\n(.*?)```")
	saveAs = regexp.MustCompile("[Ss]ave this as\\s+`([\\w.-]+)`")
	word   = regexp.MustCompile(`(?:'[^']*'|"[^"]*"|[^\s'"])+`)
	quoted = regexp.MustCompile(`'([^']*)'|"([^"]*)"`)
	// ageColumn is the last column of a table.
	ageColumn = regexp.MustCompile(`\S+$`)
)

// reader is who follows the page.
type reader struct {
	t *testing.T
	// dir has the files that the page says to save.
	dir     string
	cluster *cluster
	// typed counts the commands that were run, by program.
	typed map[string]int
}

func TestTutorial(t *testing.T) {
	c := newCluster(t)
	path := filepath.Join(c.root, "docs", "tutorial.md")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	r := &reader{t: t, dir: t.TempDir(), cluster: c, typed: map[string]int{}}
	var followed strings.Builder
	end := 0
	for _, at := range fence.FindAllStringSubmatchIndex(page, -1) {
		before, language, content := page[end:at[0]], page[at[2]:at[3]], page[at[4]:at[5]]
		followed.WriteString(before)
		followed.WriteString("```" + language + "\n" + r.follow(before, language, content) + "```")
		end = at[1]
	}
	followed.WriteString(page[end:])
	for program, least := range map[string]int{"kubectl": 12, "helm": 1, "curl": 1, "waba": 1} {
		if r.typed[program] < least {
			t.Errorf("%s was run %d times, want %d or more", program, r.typed[program], least)
		}
	}
	if followed.String() == page {
		return
	}
	if !*update {
		t.Fatal("the page shows something else than is printed; with -update it shows that")
	}
	if err := os.WriteFile(path, []byte(followed.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

// follow does what a block says, and returns the block with what was printed.
func (r *reader) follow(before, language, content string) string {
	r.t.Helper()
	switch language {
	case "yaml":
		names := saveAs.FindAllStringSubmatch(before, -1)
		if len(names) == 0 {
			r.t.Fatalf("the page doesn't name a file for\n%s", content)
		}
		if err := os.WriteFile(filepath.Join(r.dir, names[len(names)-1][1]), []byte(content), 0o600); err != nil {
			r.t.Fatal(err)
		}
	case "sh":
		for line := range strings.Lines(strings.ReplaceAll(content, "\\\n", " ")) {
			r.run(strings.TrimSpace(line))
		}
	case "console":
		return r.console(content)
	}
	return content
}

// console runs the commands of a block, which a prompt precedes, and returns the block with what they print.
func (r *reader) console(content string) string {
	r.t.Helper()
	var parts []string
	for line := range strings.Lines(content) {
		if command, ok := strings.CutPrefix(line, "$ "); ok {
			printed := r.run(strings.TrimSpace(command))
			if printed != "" && !strings.HasSuffix(printed, "\n") {
				printed += "\n"
			}
			parts = append(parts, line+settled(printed))
		}
	}
	out := strings.Join(parts, "\n")
	if out != content && !*update {
		r.t.Errorf("the page shows\n%s\nbut printed was\n%s", content, out)
	}
	return out
}

// settled replaces what in a table depends on when a command runs: ages, and the quality of a template, which Meta's events don't name.
func settled(printed string) string {
	lines := strings.Split(printed, "\n")
	if !strings.HasSuffix(lines[0], "AGE") {
		return printed
	}
	for i := range lines[1:] {
		if lines[i+1] != "" {
			lines[i+1] = strings.Replace(ageColumn.ReplaceAllString(lines[i+1], "40s"), "UNKNOWN", "       ", 1)
		}
	}
	return strings.Join(lines, "\n")
}

// run does what a command says, and returns what it prints.
func (r *reader) run(command string) string {
	r.t.Helper()
	words := word.FindAllString(command, -1)
	for i := range words {
		words[i] = quoted.ReplaceAllString(words[i], "$1$2")
	}
	r.typed[words[0]]++
	switch {
	case words[0] == "kind" || words[0] == "make": // there is an API server, and the programs are compiled in
	case words[0] == "helm":
		r.cluster.install(r.t, words[1:])
	case words[0] == "export":
		name, value, _ := strings.Cut(words[1], "=")
		r.t.Setenv(name, value)
	case words[0] == "curl":
		return r.curl(words[1:])
	case words[0] == "kubectl" && (slices.Contains(words, "rollout") || slices.Contains(words, "port-forward")): // there are no pods
	case words[0] == "kubectl" && words[1] == "waba":
		r.typed["waba"]++
		return r.waba(words[2:])
	case words[0] == "kubectl":
		return r.kubectl(words[1:])
	default:
		r.t.Fatalf("the test doesn't know %s", words[0])
	}
	return ""
}

// kubectl returns what it prints, errors included: the page shows a mistake.
func (r *reader) kubectl(args []string) string {
	r.t.Helper()
	out, err := r.cluster.run(r.t, r.dir, "kubectl", args...)
	if err != nil && args[0] != "patch" {
		r.cluster.describe(r.t)
		r.t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

func (r *reader) waba(args []string) string {
	r.t.Helper()
	var out, problems strings.Builder
	for i := range args {
		args[i] = r.cluster.forwarded(args[i])
	}
	if code := cli.Run(r.t.Context(), "v0.1.0", cli.Streams{Out: &out, Err: &problems}, args); code != cli.ExitOK {
		r.t.Fatalf("kubectl waba %s: exit code %d\n%s", strings.Join(args, " "), code, problems.String())
	}
	if !strings.Contains(out.String(), "order_shipped") {
		r.t.Errorf("kubectl waba %s lacks the template:\n%s", strings.Join(args, " "), out.String())
	}
	return out.String()
}

// curl sends a POST as curl does: --data is the only option with a value.
func (r *reader) curl(args []string) string {
	r.t.Helper()
	var address, data string
	for i := 0; i < len(args); i++ {
		switch {
		case args[i] == "--data" && i+1 < len(args):
			i++
			data = args[i]
		case !strings.HasPrefix(args[i], "-"):
			address = r.cluster.forwarded(args[i])
		}
	}
	ctx, cancel := context.WithTimeout(r.t.Context(), patience.Limit)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(data))
	if err != nil {
		r.t.Fatal(err)
	}
	answer, err := (&http.Client{}).Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		r.t.Fatal(fmt.Errorf("curl %s: %s %s %w", address, answer.Status, text, err))
	}
	return string(text)
}
