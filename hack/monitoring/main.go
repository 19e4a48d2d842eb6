// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command monitoring writes what is made of the operator's metrics and alerts: the reference of the metrics, the dashboard and
// the PrometheusRule. `make manifests` runs it, at the root of the repository. With the argument expressions it prints the
// expressions of the dashboard instead.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	do := run
	if len(os.Args) == 2 && os.Args[1] == "expressions" {
		do = expressions
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "monitoring:", err)
		os.Exit(1)
	}
}

func run() error {
	rules, err := os.ReadFile("config/prometheus/rules.yaml")
	if err != nil {
		return err
	}
	rule, err := prometheusRule(rules)
	if err != nil {
		return err
	}
	board, err := encode(dashboard())
	if err != nil {
		return err
	}
	for path, content := range map[string][]byte{
		"config/prometheus/prometheusrule.yaml": rule,
		"config/grafana/waba-operator.json":     board,
		"docs/reference/metrics.md":             reference(),
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // part of the repository
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // part of the repository
			return err
		}
	}
	return nil
}

// expressions prints those of the dashboard as a file of rules, for promtool to check.
func expressions() error {
	// What Grafana puts in for its variables.
	fill := strings.NewReplacer("$__rate_interval", "5m", "$namespace", ".*", "$account", ".*")
	fmt.Println("groups:\n- name: dashboard\n  rules:")
	for _, p := range dashboard().Panels {
		for _, t := range p.Targets {
			expr, err := json.Marshal(fill.Replace(t.Expr))
			if err != nil {
				return err
			}
			fmt.Printf("  - record: panel:%d%s\n    expr: %s\n", p.ID, t.RefID, expr)
		}
	}
	return nil
}

// encode leaves signs of comparison in queries as they are.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	err := e.Encode(v)
	return b.Bytes(), err
}

const ruleHeader = `# Generated from rules.yaml by make manifests. DO NOT EDIT.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: waba-operator
  namespace: waba-operator-system
  labels:
    app.kubernetes.io/name: waba-operator
    app.kubernetes.io/part-of: waba-operator
spec:
`

// prometheusRule puts the rules, as they are written, into a resource of the Prometheus operator.
func prometheusRule(rules []byte) ([]byte, error) {
	start := bytes.Index(rules, []byte("groups:\n"))
	if start < 0 {
		return nil, errors.New("rules.yaml has no groups")
	}
	out := bytes.NewBufferString(ruleHeader)
	for line := range bytes.Lines(rules[start:]) {
		if len(bytes.TrimSpace(line)) > 0 {
			out.WriteString("  ")
		}
		out.Write(line)
	}
	return out.Bytes(), nil
}
