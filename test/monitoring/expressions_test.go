// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package monitoring

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/yaml"

	"github.com/waba-operator/waba-operator/internal/metrics"
)

// rule is a recording rule or an alert.
type rule struct {
	Alert       string            `json:"alert"`
	Record      string            `json:"record"`
	Expr        string            `json:"expr"`
	Labels      map[string]string `json:"labels"`
	Annotations map[string]string `json:"annotations"`
}

func load(t *testing.T, path string, into any) {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "config", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	if err := yaml.Unmarshal(raw, into); err != nil {
		t.Fatalf("%s: %v", path, err)
	}
}

func rules(t *testing.T) []rule {
	t.Helper()
	var file struct {
		Groups []struct {
			Rules []rule `json:"rules"`
		} `json:"groups"`
	}
	load(t, "prometheus/rules.yaml", &file)
	var out []rule
	for _, g := range file.Groups {
		out = append(out, g.Rules...)
	}
	return out
}

// expressions are those of rules, dashboard and tests of rules, by where they are.
func expressions(t *testing.T) map[string]string {
	t.Helper()
	out := map[string]string{}
	for _, r := range rules(t) {
		out["rule "+r.Alert+r.Record] = r.Expr
	}
	var board struct {
		Panels []struct {
			Title   string `json:"title"`
			Targets []struct {
				Expr string `json:"expr"`
			} `json:"targets"`
		} `json:"panels"`
		Templating struct {
			List []struct {
				Name, Query string
			} `json:"list"`
		} `json:"templating"`
	}
	raw, err := os.ReadFile(filepath.Join("..", "..", "config", "grafana", "waba-operator.json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(raw, &board); err != nil {
		t.Fatal(err)
	}
	for _, p := range board.Panels {
		for _, x := range p.Targets {
			out["panel "+p.Title+": "+x.Expr] = strings.ReplaceAll(x.Expr, "$__rate_interval", "5m")
		}
	}
	values := regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
	for _, v := range board.Templating.List {
		if m := values.FindStringSubmatch(v.Query); m != nil {
			out["variable "+v.Name] = "max by (" + m[2] + ") (" + m[1] + ")"
		}
	}
	for where, series := range testSeries(t) {
		out[where] = series
	}
	return out
}

// testSeries are the series that the tests of the rules make up.
func testSeries(t *testing.T) map[string]string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "prometheus", "tests", "*.yaml"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no tests of rules: %v", err)
	}
	out := map[string]string{}
	for _, path := range files {
		var file struct {
			Tests []struct {
				Name   string
				Series []struct {
					Series string `json:"series"`
				} `json:"input_series"`
			} `json:"tests"`
		}
		load(t, "prometheus/tests/"+filepath.Base(path), &file)
		for _, test := range file.Tests {
			for _, s := range test.Series {
				out[filepath.Base(path)+" "+test.Name+" "+s.Series] = s.Series
			}
		}
	}
	return out
}

// targetLabels are those that Prometheus gives to all series of a target, cluster where it has the series of several clusters.
var targetLabels = []string{"cluster", "namespace", "pod", "instance", "job", "le"}

// reasons are the reasons that the API has.
func reasons(t *testing.T) []string {
	t.Helper()
	source, err := os.ReadFile(filepath.Join("..", "..", "api", "v1alpha1", "conditions.go"))
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for _, m := range regexp.MustCompile(`(?m)^\s+Reason\w+ += "(\w+)"`).FindAllStringSubmatch(string(source), -1) {
		out = append(out, m[1])
	}
	return out
}

// checkExpressions: every metric and label that rules, dashboard and tests name is one that a running operator exports, and
// every value one that it can have. An alert on anything else would never fire.
func checkExpressions(t *testing.T, exported labelSets) {
	t.Helper()
	recorded := map[string]bool{}
	for _, r := range rules(t) {
		recorded[r.Record] = r.Record != ""
	}
	known := map[string]metrics.Definition{}
	for _, d := range metrics.Definitions() {
		known[d.Name] = d
		if d.Type == metrics.Histogram {
			known[d.Name+"_bucket"] = d
		}
	}
	apiReasons := reasons(t)
	for where, expr := range expressions(t) {
		found := read(expr)
		if len(found.metrics) == 0 {
			t.Errorf("%s: no metric in %s", where, expr)
		}
		allowed := slices.Clone(targetLabels)
		for _, u := range found.metrics {
			labels, there := exported[u.metric]
			if !there && !recorded[u.metric] {
				t.Errorf("%s: nobody exports %s", where, u.metric)
			}
			for label := range labels {
				allowed = append(allowed, label)
			}
			for _, m := range u.matchers {
				if _, ok := labels[m.label]; !ok && !slices.Contains(targetLabels, m.label) && there {
					t.Errorf("%s: %s has no label %s", where, u.metric, m.label)
				}
				for _, v := range impossible(known[u.metric], m, apiReasons) {
					t.Errorf("%s: %s can't be %q in %s", where, m.label, v, u.metric)
				}
			}
		}
		for _, label := range found.labels {
			if !slices.Contains(allowed, label) {
				t.Errorf("%s: no metric of the expression has the label %s", where, label)
			}
		}
	}
}

// impossible are the values of a matcher that its label never has.
func impossible(d metrics.Definition, m matcher, reasons []string) []string {
	if strings.HasPrefix(m.value, "$") || m.value == "" {
		return nil
	}
	var possible []string
	for _, l := range d.Labels {
		if l.Name == m.label {
			possible = l.Values
		}
	}
	if m.label == "reason" {
		possible = reasons
	}
	if len(possible) == 0 {
		return nil
	}
	return slices.DeleteFunc(strings.Split(m.value, "|"), func(v string) bool { return slices.Contains(possible, v) })
}

// TestClusters: what aggregates or matches series of one operator or account doesn't mix those of several clusters, and the dashboard
// shows the chosen ones only.
func TestClusters(t *testing.T) {
	grouped := regexp.MustCompile(`\b(?:by|on|group_left|group_right) ?\(([^)]*)\)`)
	for where, expr := range expressions(t) {
		kind, _, _ := strings.Cut(where, " ")
		for _, m := range grouped.FindAllStringSubmatch(expr, -1) {
			labels := strings.Split(strings.ReplaceAll(m[1], " ", ""), ",")
			mixing := kind == "rule" || kind == "panel" && (slices.Contains(labels, "namespace") || slices.Contains(labels, "instance"))
			// Nothing matches labels with the absence of all series, which has none.
			if mixing && m[1] != "" && !slices.Contains(labels, "cluster") {
				t.Errorf("%s: %s mixes clusters", where, m[0])
			}
		}
		if kind == "rule" && regexp.MustCompile(`\b(?:without|ignoring)\b`).MatchString(expr) {
			t.Errorf("%s: name the labels that stay", where)
		}
		for _, u := range read(expr).metrics {
			if kind == "panel" && !slices.Contains(u.matchers, matcher{"cluster", "=~", "$cluster"}) {
				t.Errorf("%s: %s is shown of all clusters", where, u.metric)
			}
		}
	}
}

// TestRead: what the check finds in an expression.
func TestRead(t *testing.T) {
	got := read(`sum by (le, kind) (rate(a_total{x="1",y=~"b|c{}"}[5m])) / on (namespace) group_left (pod) max by (z) (b) > 0.9 and time() - c offset 5m < 3 * 86400`)
	want := uses{
		metrics: []use{{metric: "a_total", matchers: []matcher{{"x", "=", "1"}, {"y", "=~", "b|c{}"}}}, {metric: "b"}, {metric: "c"}},
		labels:  []string{"le", "kind", "namespace", "pod", "z"},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(uses{}, use{}, matcher{})); diff != "" {
		t.Error(diff)
	}
}

// TestAlerts: every alert says what people need, and has a page of its own and tests that it fires and that it doesn't.
func TestAlerts(t *testing.T) {
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "runbooks", "WhatsApp*.md"))
	if err != nil {
		t.Fatal(err)
	}
	var alerts []string
	for _, r := range rules(t) {
		if r.Alert == "" {
			continue
		}
		alerts = append(alerts, r.Alert)
		if s := r.Labels["severity"]; !slices.Contains([]string{"critical", "warning", "info"}, s) {
			t.Errorf("%s: severity %q", r.Alert, s)
		}
		if r.Annotations["summary"] == "" || r.Annotations["description"] == "" {
			t.Errorf("%s needs summary and description", r.Alert)
		}
		if want := "https://github.com/waba-operator/waba-operator/blob/main/docs/runbooks/" + r.Alert + ".md"; r.Annotations["runbook_url"] != want {
			t.Errorf("%s: the runbook is at %s, not %s", r.Alert, want, r.Annotations["runbook_url"])
		}
		if !regexp.MustCompile(`^WhatsApp([A-Z][a-z]+)+$`).MatchString(r.Alert) {
			t.Errorf("%s isn't in the scheme", r.Alert)
		}
		page, err := os.ReadFile(filepath.Join("..", "..", "docs", "runbooks", r.Alert+".md"))
		if err != nil {
			t.Errorf("%s has no runbook", r.Alert)
			continue
		}
		for _, part := range []string{"# " + r.Alert + "\n", "\n## Meaning\n", "\n## Impact\n", "\n## Diagnosis\n", "\n## Mitigation\n"} {
			if !strings.Contains(string(page), part) {
				t.Errorf("the runbook of %s has no %q", r.Alert, strings.TrimSpace(part))
			}
		}
	}
	for _, page := range pages {
		if name := strings.TrimSuffix(filepath.Base(page), ".md"); !slices.Contains(alerts, name) {
			t.Errorf("there is a runbook of %s, but no such alert", name)
		}
	}
	list, err := os.ReadFile(filepath.Join("..", "..", "docs", "monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rules(t) {
		row := "| [" + r.Alert + "](runbooks/" + r.Alert + ".md) | " + r.Labels["severity"] + " |"
		if r.Alert != "" && !strings.Contains(string(list), row) {
			t.Errorf("docs/monitoring.md doesn't list %s", row)
		}
	}
	fires, silent := tested(t)
	for _, a := range alerts {
		if !fires[a] || !silent[a] {
			t.Errorf("%s: tested that it fires %v, that it doesn't %v", a, fires[a], silent[a])
		}
	}
}

// TestThresholds: the page lists what can be changed, as it is.
func TestThresholds(t *testing.T) {
	raw, err := os.ReadFile(filepath.Join("..", "..", "config", "prometheus", "rules.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "monitoring.md"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for _, m := range regexp.MustCompile(`- alert: (\w+)\n +# threshold: (\S+) \((.*)\)`).FindAllStringSubmatch(string(raw), -1) {
		rows = append(rows, "| "+m[1]+" | "+m[2]+" | "+m[3]+" |\n")
	}
	if table := "| Alert | Threshold | Unit |\n|---|---|---|\n" + strings.Join(rows, "") + "\n"; len(rows) < 5 || !strings.Contains(string(page), table) {
		t.Errorf("docs/monitoring.md hasn't this table:\n%s", table)
	}
}

// tested are the alerts of which a test says that they fire, and that they don't.
func tested(t *testing.T) (fires, silent map[string]bool) {
	t.Helper()
	fires, silent = map[string]bool{}, map[string]bool{}
	files, err := filepath.Glob(filepath.Join("..", "..", "config", "prometheus", "tests", "*.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range files {
		var file struct {
			Tests []struct {
				Checks []struct {
					Expr     string           `json:"expr"`
					Expected []map[string]any `json:"exp_samples"`
				} `json:"promql_expr_test"`
			} `json:"tests"`
		}
		load(t, "prometheus/tests/"+filepath.Base(path), &file)
		for _, test := range file.Tests {
			for _, c := range test.Checks {
				for _, m := range read(c.Expr).metrics[0].matchers {
					if m.label == "alertname" && len(c.Expected) > 0 {
						fires[m.value] = true
					} else if m.label == "alertname" {
						silent[m.value] = true
					}
				}
			}
		}
	}
	return fires, silent
}
