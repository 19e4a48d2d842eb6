// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/states"
	"github.com/waba-operator/waba-operator/test/testenv"
)

var update = flag.Bool("update", false, "write the files that outputs are compared with")

// golden compares an output with a file of testdata.
func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(file, got, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s:\n%s\nwant\n%s", file, got, want)
	}
}

func printed(t *testing.T, write func(io.Writer) error) []byte {
	t.Helper()
	var out bytes.Buffer
	if err := write(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// TestFormats compares every format with testdata.
func TestFormats(t *testing.T) {
	o := gathered(t, &cluster{objects: fixture()}, Selection{})
	for name, format := range Formats {
		golden(t, "status."+name, printed(t, func(w io.Writer) error { return format.Overview(w, o, Options{}) }))
		golden(t, "unhealthy."+name, printed(t, func(w io.Writer) error { return format.Problems(w, o.Problems(), Options{}) }))
	}
	tree := Formats["tree"]
	golden(t, "status.tree-all", printed(t, func(w io.Writer) error { return tree.Overview(w, o, Options{AllTemplates: true}) }))
	for name, opts := range map[string]Options{
		"tree-80": {Namespace: "shop", Width: 80}, "tree-120": {Namespace: "shop", Width: 120}, "tree-plain": {Namespace: "platform", NoHeadings: true},
	} {
		golden(t, "status."+name, printed(t, func(w io.Writer) error { return tree.Overview(w, o, opts) }))
		golden(t, "unhealthy."+name, printed(t, func(w io.Writer) error { return tree.Problems(w, o.Problems(), opts) }))
	}
	golden(t, "status.tree-colour", printed(t, func(w io.Writer) error { return tree.Overview(w, o, Options{Colour: true}) }))
	golden(t, "unhealthy.tree-colour", printed(t, func(w io.Writer) error { return tree.Problems(w, o.Problems(), Options{Colour: true}) }))
	for _, format := range []string{"json", "yaml"} {
		stream := printed(t, func(w io.Writer) error { return Formats[format].Problems(w, o.Problems(), Options{Stream: true}) })
		if lines := bytes.Count(stream, []byte("\n")); format == "json" && lines != 1 || format == "yaml" && !bytes.HasPrefix(stream, []byte("---\n")) {
			t.Errorf("one %s document after another: %d lines", format, lines)
		}
	}
}

// TestRecordedStates compares what is made of every state that the controllers' tests come to with a table: review its changes.
func TestRecordedStates(t *testing.T) {
	root, err := testenv.Root()
	if err != nil {
		t.Fatal(err)
	}
	all, err := states.Load(root)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for _, s := range all {
		kind, _ := v1alpha1.AssetKindOf(s.Kind())
		obj := kind.New()
		if err := runtime.DefaultUnstructuredConverter.FromUnstructured(s.Object, obj); err != nil {
			t.Fatal(err)
		}
		// Every time in a recorded state is the same one; this is a moment earlier, so that nothing has ended.
		findings := judge(obj, time.Date(2025, time.December, 31, 23, 59, 59, 0, time.UTC))
		texts := make([]string, 0, len(findings))
		for _, f := range findings {
			texts = append(texts, string(f.Severity)+" "+joined(f.Condition, f.Reason))
			if f.Message == "" || f.Help == "" {
				t.Errorf("%s/%s: %s says nothing", s.Kind(), s.File, f.Reason)
			}
		}
		fmt.Fprintf(&out, "%-19s %-55s %-8s  %s\n", s.Kind(), s.File, worst(findings), strings.Join(texts, ", "))
		isReady := s.Condition("Ready").Status == "True" && s.Condition("Synced").Status == "True"
		if isReady && s.Stable() && worst(findings) == OK != (len(findings) == 0) || !isReady && len(findings) == 0 {
			t.Errorf("%s/%s isn't as it should be, and nothing is said of it", s.Kind(), s.File)
		}
	}
	golden(t, "states", []byte(out.String()))
	if len(all) < 130 {
		t.Errorf("only %d states", len(all))
	}
}

// TestSelections: a selection returns its part, and its accounts wherever they are.
func TestSelections(t *testing.T) {
	for name, tc := range map[string]struct {
		selection Selection
		forbidden []string
		// shown are the groups with their severity and number of resources.
		shown, unreadable []string
		err               string
	}{
		"all": {shown: []string{
			"platform/acme Warning 29", "platform/fresh Info 1", "platform/ghost Warning 2", "platform/globex Critical 2", "platform/hooli Info 1", "platform/initech Critical 2",
		}},
		"a team's namespace": {selection: Selection{Namespace: "shop"}, shown: []string{"platform/acme Warning 25", "platform/ghost Warning 2", "platform/globex Critical 2"}},
		"the platform's":     {selection: Selection{Namespace: "platform"}, shown: []string{"platform/acme Warning 5", "platform/fresh Info 1", "platform/globex Critical 1", "platform/hooli Info 1", "platform/initech Critical 2"}},
		"one account":        {selection: Selection{Namespace: "shop", Accounts: []string{"globex"}}, shown: []string{"platform/globex Critical 2"}},
		"by its full name":   {selection: Selection{Accounts: []string{"platform/globex"}}, shown: []string{"platform/globex Critical 2"}},
		"no such account":    {selection: Selection{Namespace: "shop", Accounts: []string{"globex", "hooli"}}, err: "no WABA hooli in namespace shop, and nothing there refers to one; choose another -n, or -A"},
		"nothing":            {selection: Selection{Namespace: "empty"}},
		"by labels":          {selection: Selection{Labels: labels.SelectorFromSet(labels.Set{"team": "crm"})}, shown: []string{"platform/acme Warning 2", "platform/fresh Info 1"}},
		"labels of nothing":  {selection: Selection{Labels: labels.SelectorFromSet(labels.Set{"team": "none"})}},
		"labels of a team":   {selection: Selection{Namespace: "shop", Labels: labels.SelectorFromSet(labels.Set{"team": "crm"})}, shown: []string{"platform/acme Warning 2"}},
		"a team that may not read accounts": {
			selection: Selection{Namespace: "shop"}, forbidden: []string{"get platform/acme", "get platform/globex", "get platform/ghost"},
			shown:      []string{"platform/acme Info 25", "platform/ghost Info 2", "platform/globex Info 2"},
			unreadable: []string{"waba platform/acme", "waba platform/ghost", "waba platform/globex"},
		},
		"a team that may list templates only": {
			selection: Selection{Namespace: "shop", Accounts: []string{"globex"}}, forbidden: []string{"list WABA", "list PhoneNumber", "list WebhookSubscription"},
			shown: []string{"platform/globex Critical 2"}, unreadable: []string{"wabas in namespace shop", "phonenumbers in namespace shop", "webhooksubscriptions in namespace shop"},
		},
		"a stranger": {
			selection: Selection{Namespace: "shop"}, forbidden: []string{"list WABA", "list PhoneNumber", "list MessageTemplate", "list WebhookSubscription"},
			err: "you may list nothing of waba-operator in namespace shop; choose another namespace, or ask for the role view",
		},
	} {
		t.Run(name, func(t *testing.T) {
			objects := fixture()
			for _, obj := range objects {
				if name := obj.GetName(); name == "fresh" || name == "sale" {
					obj.SetLabels(map[string]string{"team": "crm"})
				}
			}
			o, err := Gather(t.Context(), &cluster{objects: objects, forbidden: tc.forbidden}, tc.selection, noon)
			if tc.err != "" {
				if err == nil || err.Error() != tc.err {
					t.Errorf("error: %v", err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			var shown []string
			for _, a := range o.Accounts {
				shown = append(shown, fmt.Sprintf("%s/%s %s %d", a.Namespace, a.Name, a.Severity, len(a.resources())))
			}
			if !slices.Equal(shown, tc.shown) || !slices.Equal(o.Unreadable, tc.unreadable) {
				t.Errorf("%q, unreadable %q", shown, o.Unreadable)
			}
		})
	}
}

// TestOneCauseOneAlarm: what follows from the account's trouble is shown there, unless the account can't be seen.
func TestOneCauseOneAlarm(t *testing.T) {
	count := func(c *cluster) (out []string) {
		c.objects = fixture()
		for _, p := range gathered(t, c, Selection{Namespace: "shop"}).Problems().Problems {
			if p.Account != "platform/acme" {
				out = append(out, p.Kind+" "+p.Name+" "+p.Reason)
			}
		}
		return out
	}
	if got, want := count(&cluster{}), []string{"WABA globex CredentialsInvalid", "WABA ghost NotFound"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	blind := &cluster{forbidden: []string{"get platform/globex", "get platform/ghost"}}
	if got, want := count(blind), []string{"MessageTemplate orphan AccountNotReady", "MessageTemplate follows CredentialsInvalid"}; !slices.Equal(got, want) {
		t.Errorf("without the accounts: %q, want %q", got, want)
	}
}

// TestListingBeginsAnew where the API server forgot where it was, and gives up if that goes on.
func TestListingBeginsAnew(t *testing.T) {
	var many []client.Object
	for i := range 3*pageSize + 7 {
		many = append(many, template("acme", fmt.Sprintf("t-%05d", i), "APPROVED", "GREEN", "UTILITY", ready, synced, approved))
	}
	c := &cluster{objects: many, expired: 2}
	if o := gathered(t, c, Selection{}); o.Summary.OK != len(many) || c.largest != pageSize {
		t.Errorf("%+v in pages of %d", o.Summary, c.largest)
	}
	if _, err := Gather(t.Context(), &cluster{objects: many, expired: 99}, Selection{}, noon); err == nil {
		t.Error("goes on for ever")
	}
}

// TestMarkdownEscapes: texts of others are no markup.
func TestMarkdownEscapes(t *testing.T) {
	if got := md("a|b <i>@x</i> [l](u) *s* `c`"); strings.ContainsAny(got, "<>@") || strings.Contains(got, "a|b") {
		t.Errorf("markdown: %s", got)
	}
}

// TestSeveritiesAreThoseOfAlerts: a finding is as severe as its alert, except for alerts about durations.
func TestSeveritiesAreThoseOfAlerts(t *testing.T) {
	var rulesFile struct {
		Groups []struct {
			Rules []struct {
				Alert  string
				Labels struct{ Severity string }
			}
		}
	}
	raw, err := os.ReadFile("../../config/prometheus/rules.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, &rulesFile); err != nil {
		t.Fatal(err)
	}
	alerts := map[string]string{}
	for _, g := range rulesFile.Groups {
		for _, r := range g.Rules {
			alerts[r.Alert] = r.Labels.Severity
		}
	}
	for key, r := range rules {
		if strings.HasPrefix(r.page, "WhatsApp") && strings.ToLower(string(r.severity)) != alerts[r.page] && r.page != "WhatsAppRateBudgetNearEnd" {
			t.Errorf("%s is %s, the alert %s is %q", key, r.severity, r.page, alerts[r.page])
		}
	}
}

// TestHelpLeadsSomewhere: every page to which findings lead has the chapter.
func TestHelpLeadsSomewhere(t *testing.T) {
	addresses := map[string]bool{}
	for _, r := range rules {
		addresses[r.address("")] = true
	}
	source, err := os.ReadFile("../../api/v1alpha1/conditions.go")
	if err != nil {
		t.Fatal(err)
	}
	conditions := regexp.MustCompile(`Condition\w+ += "(\w+)"`).FindAllStringSubmatch(string(source), -1)
	for _, m := range conditions {
		if m[1] != v1alpha1.ConditionStalled && m[1] != v1alpha1.ConditionReconciling {
			addresses[rule{}.address(m[1])] = true
		}
	}
	if len(conditions) < 10 || len(addresses) < 20 {
		t.Fatalf("%d conditions, %d pages", len(conditions), len(addresses))
	}
	for address := range addresses {
		path, chapter, _ := strings.Cut(strings.TrimPrefix(address, documentation), "#")
		page, err := os.ReadFile(filepath.Join("../../docs", path))
		if err != nil {
			t.Errorf("%s: %v", address, err)
			continue
		}
		headings := regexp.MustCompile(`(?m)^#+ (.+)$`).FindAllStringSubmatch(string(page), -1)
		if chapter != "" && !slices.ContainsFunc(headings, func(h []string) bool {
			return strings.ReplaceAll(strings.ReplaceAll(strings.ToLower(h[1]), " ", "-"), ",", "") == chapter
		}) {
			t.Errorf("%s leads to no chapter", address)
		}
	}
}

// TestShapeIsDocumented: every field of JSON and YAML is named in docs/cli.md.
func TestShapeIsDocumented(t *testing.T) {
	raw, err := os.ReadFile("../../docs/cli.md")
	if err != nil {
		t.Fatal(err)
	}
	page := string(raw)
	var visit func(reflect.Type)
	visit = func(of reflect.Type) {
		for i := range of.NumField() {
			f := of.Field(i)
			if f.Anonymous {
				visit(f.Type)
			} else if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); !strings.Contains(page, "`"+name+"`") {
				t.Errorf("%s.%s isn't documented", of.Name(), name)
			}
		}
	}
	for _, v := range []any{Overview{}, Summary{}, Account{}, Number{}, Template{}, Subscription{}, Finding{}, Problems{}, Problem{}} {
		visit(reflect.TypeOf(v))
	}
}

// BenchmarkGather: an account with 10,000 templates, of which a hundredth was rejected.
func BenchmarkGather(b *testing.B) {
	objects := []client.Object{waba("acme", "1", observed, synced)}
	for i := range 10_000 {
		t := template("acme", fmt.Sprintf("template-%05d", i), "APPROVED", "GREEN", "UTILITY", ready, synced, approved, "QualityHealthy=True/Healthy 240h", "CategoryAsRequested=True/AsRequested 240h")
		if i%100 == 0 {
			t.Status.Conditions = conditions("Ready=False/Rejected 50h rejected by Meta: TAG_CONTENT_MISMATCH", synced, "Approved=False/Rejected 50h rejected by Meta: TAG_CONTENT_MISMATCH")
		}
		objects = append(objects, t)
	}
	c := &cluster{objects: objects}
	b.ReportAllocs()
	for b.Loop() {
		o, err := Gather(b.Context(), c, Selection{}, noon)
		if err != nil {
			b.Fatal(err)
		}
		if err := Formats["tree"].Overview(io.Discard, o, Options{}); err != nil {
			b.Fatal(err)
		}
		b.ReportMetric(float64(o.Summary.Warning), "warnings")
	}
}
