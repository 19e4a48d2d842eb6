// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Command monitoring writes what is made of the operator's metrics and alerts: the reference of the metrics, the dashboard and
// the PrometheusRule. `make manifests` runs it, at the root of the repository. With the argument expressions it prints the
// expressions of the dashboard instead, with chart-rules the rules for the chart.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

func main() {
	do := map[string]func() error{"": run, "expressions": expressions, "chart-rules": printChartRules}[strings.Join(os.Args[1:], " ")]
	if do == nil {
		fmt.Fprintln(os.Stderr, "monitoring: the argument is expressions, chart-rules or none")
		os.Exit(2)
	}
	if err := do(); err != nil {
		fmt.Fprintln(os.Stderr, "monitoring:", err)
		os.Exit(1)
	}
}

func run() error {
	rules, err := os.ReadFile(rulesFile)
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
	fill := strings.NewReplacer("$__rate_interval", "5m", "$cluster", ".*", "$namespace", ".*", "$account", ".*")
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
