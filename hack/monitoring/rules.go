// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"regexp"
)

const rulesFile = "config/prometheus/rules.yaml"

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

const chartHeader = `# Generated from config/prometheus/rules.yaml by make manifests. DO NOT EDIT. The template puts the threshold of an alert into its
# expression.
`

// groupsOf is the content of the file of rules without the comment above it.
func groupsOf(rules []byte) ([]byte, error) {
	start := bytes.Index(rules, []byte("groups:\n"))
	if start < 0 {
		return nil, errors.New("rules.yaml has no groups")
	}
	return rules[start:], nil
}

// prometheusRule puts the rules, as they are written, into a resource of the Prometheus operator.
func prometheusRule(rules []byte) ([]byte, error) {
	groups, err := groupsOf(rules)
	if err != nil {
		return nil, err
	}
	out := bytes.NewBufferString(ruleHeader)
	for line := range bytes.Lines(groups) {
		if len(bytes.TrimSpace(line)) > 0 {
			out.WriteString("  ")
		}
		out.Write(line)
	}
	return out.Bytes(), nil
}

var (
	// threshold is the comment with the threshold of an alert, and the alert's expression.
	threshold = regexp.MustCompile(`(?s)    # threshold: ([0-9.]+) \([^\n]+\)\n(    expr: .*?\n)    \w`)
	comment   = regexp.MustCompile(`# threshold: ([0-9.]+)[^\n]*`)
)

// chartRules are the rules with the threshold of each alert apart from its expression, where the chart can replace it.
func chartRules(rules []byte) ([]byte, error) {
	groups, err := groupsOf(rules)
	if err != nil {
		return nil, err
	}
	var errs []error
	out := threshold.ReplaceAllFunc(groups, func(match []byte) []byte {
		parts := threshold.FindSubmatch(match)
		number := regexp.MustCompile(`(^|[^\w.])` + regexp.QuoteMeta(string(parts[1])) + `([^\w.]|$)`)
		if n := len(number.FindAll(parts[2], -1)); n != 1 {
			errs = append(errs, fmt.Errorf("the threshold %s occurs %d times in %s", parts[1], n, parts[2]))
		}
		expr := number.ReplaceAll(parts[2], []byte("${1}$$threshold${2}"))
		return comment.ReplaceAll(bytes.Replace(match, parts[2], expr, 1), []byte("threshold: $1"))
	})
	if left := comment.Find(out); left != nil {
		errs = append(errs, fmt.Errorf("rules.yaml: %s isn't above an expression, or has no unit in parentheses", left))
	}
	return append([]byte(chartHeader), out...), errors.Join(errs...)
}

func printChartRules() error {
	rules, err := os.ReadFile(rulesFile)
	if err != nil {
		return err
	}
	out, err := chartRules(rules)
	if err == nil {
		_, err = os.Stdout.Write(out)
	}
	return err
}
