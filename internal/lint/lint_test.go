// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lint

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/waba-operator/waba-operator/internal/manifest"
)

var update = flag.Bool("update", false, "write the files that outputs are compared with")

// checked is what is found in files and directories.
func checked(tb testing.TB, stdin io.Reader, paths ...string) *Result {
	tb.Helper()
	l, err := New()
	if err != nil {
		tb.Fatal(err)
	}
	documents, unreadable := manifest.Read(paths, stdin)
	return l.Check(tb.Context(), documents, unreadable)
}

// TestReports compares what is found in testdata/manifests with testdata/report.*.
func TestReports(t *testing.T) {
	t.Chdir("testdata")
	r := checked(t, nil, "manifests")
	for format, write := range Formats {
		var out bytes.Buffer
		if err := write(&out, r, Style{}); err != nil {
			t.Fatal(err)
		}
		file := "report." + format
		if *update {
			if err := os.WriteFile(file, out.Bytes(), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(out.Bytes(), want) {
			t.Errorf("%s:\n%s\nwant\n%s", format, out.String(), want)
		}
	}
}

// TestText: severities have colours on a terminal only, and texts of others have no control characters.
func TestText(t *testing.T) {
	r := &Result{Findings: []Finding{{Source: "a\x1b[2J.yaml", Line: 7, Severity: Error, Message: "no such field\x1b[2J\nhere"}}, Checked: 1}
	for want, colour := range map[string]bool{
		"a\\u001b[2J.yaml:7: error: no such field [2J here\n1 error, 0 warnings in 1 resource\n":                false,
		"a\\u001b[2J.yaml:7: \x1b[31merror\x1b[0m: no such field [2J here\n1 error, 0 warnings in 1 resource\n": true,
	} {
		var out bytes.Buffer
		if err := writeText(&out, r, Style{Colour: colour}); err != nil || out.String() != want {
			t.Errorf("%q, %v, want %q", out.String(), err, want)
		}
	}
}

// TestRepository: what the project shows to others has no fault, and neither have Meta's own examples.
func TestRepository(t *testing.T) {
	for path, atLeast := range map[string]int{"../../config/samples": 8, "../../api/v1alpha1/testdata/examples": 38} {
		r := checked(t, nil, path)
		if n := r.Count(Error); n != 0 || r.Checked < atLeast {
			t.Errorf("%s: %d resources, %d errors: %+v", path, r.Checked, n, r.Findings)
		}
	}
}

// TestStdin: a secret that strayed into a manifest isn't repeated, and what comes through a pipe is named as such.
func TestStdin(t *testing.T) {
	const secret = "EAAG-a-token-in-the-wrong-place"
	r := checked(t, strings.NewReader(
		"apiVersion: whatsapp.waba-operator.io/v1alpha1\nkind: WABA\nmetadata: {name: acme}\nspec:\n  id: \"1\"\n  credentialsSecretRef: {name: "+secret+"}\n  accessToken: "+secret+"\n"), manifest.Stdin)
	if len(r.Findings) == 0 || r.Findings[0].Source != manifest.Stdin {
		t.Errorf("got %+v", r.Findings)
	}
	for _, write := range Formats {
		var out bytes.Buffer
		if err := write(&out, r, Style{}); err != nil || strings.Contains(out.String(), secret) {
			t.Errorf("%v: %s", err, out.String())
		}
	}
}

// TestContentRules: a rule about new content is an error at the field that breaks it, and with contentValidation: Lenient a warning.
func TestContentRules(t *testing.T) {
	const manifestText = `apiVersion: whatsapp.waba-operator.io/v1alpha1
kind: MessageTemplate
metadata: {name: old}
spec:
  wabaRef: {name: acme}
  name: old
  language: en_US
  category: UTILITY
  body:
    text: "{{1}}, your order is done."
  buttons:
  - {type: QUICK_REPLY, text: "Yes please"}
  - type: URL
    text: Chat
    url: https://wa.me/15550051310
`
	for text, want := range map[string]struct {
		severity Severity
		rule     Rule
	}{
		manifestText: {Error, RuleSchema},
		strings.Replace(manifestText, "spec:\n", "spec:\n  contentValidation: Lenient\n", 1): {Warning, RuleLenient},
	} {
		var got []string
		for _, f := range checked(t, strings.NewReader(text), manifest.Stdin).Findings {
			if f.Severity != want.severity || f.Rule != want.rule {
				t.Errorf("%+v", f)
			}
			got = append(got, fmt.Sprintf("%s:%d", f.Field, f.Line))
		}
		before, _, _ := strings.Cut(text, "    text: \"{{1}}")
		first := strings.Count(before, "\n") + 1
		line := func(n int) string { return fmt.Sprint(first + n) }
		if fields := []string{"spec.body.text:" + line(0), "spec.body.text:" + line(0), "spec.buttons[1].url:" + line(5)}; !slices.Equal(got, fields) {
			t.Errorf("%s: got %q, want %q", want.rule, got, fields)
		}
	}
}

// BenchmarkLint checks 1,000 manifests, the start included.
func BenchmarkLint(b *testing.B) {
	dir := b.TempDir()
	example, err := os.ReadFile("../../config/samples/messagetemplate_order_confirmation.yaml")
	if err != nil {
		b.Fatal(err)
	}
	for n := range 1000 {
		text := strings.NewReplacer("order_confirmation", fmt.Sprintf("order_%d", n), "order-confirmation", fmt.Sprintf("order-%d", n)).Replace(string(example))
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%d.yaml", n)), []byte(text), 0o600); err != nil {
			b.Fatal(err)
		}
	}
	for b.Loop() {
		if r := checked(b, nil, dir); r.Checked != 1000 || r.Count(Error) != 0 {
			b.Fatalf("%d checked, %d errors: %+v", r.Checked, r.Count(Error), r.Findings[:1])
		}
	}
}
