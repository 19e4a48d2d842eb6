// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
)

var update = flag.Bool("update", false, "write the golden files anew")

func render(t *testing.T, format string, r *Record, o Options) string {
	t.Helper()
	var out bytes.Buffer
	if err := Formats[format](&out, r, o); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// TestGolden: the forms of a rich record, and of an account of which nothing is known.
func TestGolden(t *testing.T) {
	unknown := &evidence{question: question(), now: now, version: "v99.0", waba: richWABA(), clustered: true, hide: graph.Redactor("", "")}
	unknown.waba.Status, unknown.waba.Spec.ApprovedApps = v1alpha1.WABAStatus{}, nil
	for name, r := range map[string]*Record{"rich": rich().compile(), "unknown": unknown.compile()} {
		for format := range Formats {
			file := "testdata/" + name + "." + format
			got := render(t, format, r, Options{})
			if *update {
				if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", file, diff)
			}
		}
	}
}

// TestForeignTexts: names at Meta neither become markup nor break tables.
func TestForeignTexts(t *testing.T) {
	r := rich().compile()
	markdown := render(t, "markdown", r, Options{})
	for _, bad := range []string{"<script", "\u202e", "[Gar", "*_x_*"} {
		if strings.Contains(strings.ReplaceAll(markdown, `\[`, ""), bad) {
			t.Errorf("Markdown has %q", bad)
		}
	}
	columns := 0
	for line := range strings.Lines(markdown) {
		if !strings.HasPrefix(line, "|") {
			columns = 0
			continue
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if columns == 0 {
			columns = n
		}
		if n != columns || !strings.HasSuffix(line, "|\n") {
			t.Errorf("a row of %d cells in a table of %d: %s", n-1, columns-1, line)
		}
	}
	// The page's own elements have no attributes beyond these; whatever else begins with < was written by others.
	page := render(t, "html", r, Options{})
	known := regexp.MustCompile(`^</?(html|head|title|style|body|h1|h2|p|ul|li|table|thead|tbody|tr|th|td)>|^<html lang="en">|^<th scope="col">|^<meta [^<>]*>|^<!DOCTYPE html>`)
	for i := range page {
		if page[i] == '<' && !known.MatchString(page[i:]) {
			t.Errorf("foreign markup: %.40q", page[i:])
		}
	}
	for _, outside := range []string{"<script", "src=", "href=", "url(", "@import"} {
		if strings.Contains(page, outside) {
			t.Errorf("the page has %s", outside)
		}
	}
}

// TestNoSecrets: what is secret in addresses and texts isn't in any form.
func TestNoSecrets(t *testing.T) {
	r := rich().compile()
	for format := range Formats {
		text := render(t, format, r, Options{})
		for _, secret := range []string{"pa55word", "s3cr3t", "k3y-of-the-callback", "t0ken", "user:"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has %q", format, secret)
			}
		}
		if !strings.Contains(text, "collector.evil.example/in") {
			t.Errorf("%s doesn't show where messages go", format)
		}
	}
}

// TestManyTemplates: tables are short unless asked for; what is left out is counted, and the JSON form has it.
func TestManyTemplates(t *testing.T) {
	e := rich()
	for i := range 6000 {
		x := graph.Template{ID: itoa(5000 + i), Name: "many_" + itoa(i), Language: "de", Status: "APPROVED", Category: "UTILITY"}
		e.snapshot.Templates[account.NewTemplateKey(x.Name, x.Language)] = account.Pack(&x)
	}
	r := e.compile()
	short, long := render(t, "markdown", r, Options{}), render(t, "markdown", r, Options{AllTemplates: true})
	if !strings.Contains(short, "5952 more are left out here") || strings.Count(short, "| many_") != templatesShown {
		t.Errorf("%d templates shown", strings.Count(short, "| many_"))
	}
	if strings.Contains(long, "left out") || strings.Count(long, "| many_") != 6000 {
		t.Errorf("%d of all templates shown", strings.Count(long, "| many_"))
	}
	var back Record
	if err := json.Unmarshal([]byte(render(t, "json", r, Options{})), &back); err != nil || len(back.Templates.Items) != 6006 {
		t.Errorf("%d templates, %v", len(back.Templates.Items), err)
	}
}

// TestNothingIsBlank: every cell and every fact says something.
func TestNothingIsBlank(t *testing.T) {
	for _, e := range []*evidence{rich(), {question: question(), now: now, waba: richWABA(), hide: graph.Redactor("", "")}} {
		for _, b := range documentOf(e.compile(), Options{}).blocks {
			if b.table == nil {
				continue
			}
			for _, row := range b.table.rows {
				for i, cell := range row {
					if strings.TrimSpace(cell) == "" {
						t.Errorf("%q is blank in %q", b.table.head[i], row)
					}
				}
			}
		}
	}
}
