// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/waba-operator/waba-operator/internal/metrics"
)

const introduction = `# Metrics

This page is generated from the code.

Metrics are served at ` + "`/metrics`" + ` on port 8443 (` + "`--metrics-bind-address`" + `), over https and only to clients that may read
that path ([scraping](../monitoring.md#scrape-the-operator)). ` + "`waba_operator_`" + ` is about the operator itself,
` + "`whatsapp_`" + ` about what Meta reports. Besides these there are controller-runtime's ` + "`controller_runtime_`, `workqueue_`" + `,
` + "`rest_client_` and `leader_election_`" + `, and those of Go and of the process.

## Who exports what

Every replica counts what it does itself: those counters and histograms may be added up over replicas. What describes
resources and assets at Meta is collected from the operator's cache at each scrape, **by the replica that leads and by no
other**, so sums over replicas count nothing twice and nothing is left behind when a resource is deleted. While another
replica takes over, these series are missing for as long as no replica leads; drop the replica's labels with
` + "`max by (namespace, name)`" + ` and let alerts [go on without data](../monitoring.md#alerts) for that time. With several shards each
leader exports the resources of its shard. Without leader election every process leads: run only one. Receivers that run
by themselves (` + "`--controllers=false`" + `) export nothing about resources.

## How many series there are

Labels have listed values, or name something of which there are few. No label holds an id of Meta's, a phone number, a token
or a URL; what Meta adds to its enumerations counts as ` + "`OTHER`" + `.

| Series | Number |
|---|---|
`

// sections are the tables, in their order.
var sections = []struct {
	scope       metrics.Scope
	title, text string
}{
	{metrics.Process, "Of each replica", ""},
	{metrics.Cluster, "Of all resources", "From the leader."},
	{metrics.Account, "Of each account", "From the leader. `namespace` and `name` are those of the WABA resource. A status, quality, category or reason that " +
		"nothing has is left out."},
	{metrics.Resource, "Of each resource", "From the leader, only with `--metrics-per-resource`. `namespace` and `name` are those of the resource."},
}

func reference() []byte {
	var b bytes.Buffer
	b.WriteString(introduction)
	cardinality(&b)
	for _, s := range sections {
		fmt.Fprintf(&b, "\n## %s\n\n", s.title)
		if s.text != "" {
			fmt.Fprintf(&b, "%s\n\n", s.text)
		}
		b.WriteString("| Metric | Type | Labels | Meaning |\n|---|---|---|---|\n")
		for _, d := range metrics.Definitions() {
			if d.Scope == s.scope {
				fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", d.Name, d.Type, labels(&d), cell(d.Help))
			}
		}
	}
	return b.Bytes()
}

// cardinality says how many series there are.
func cardinality(b *bytes.Buffer) {
	most := 0
	for _, d := range metrics.Definitions() {
		if d.Scope == metrics.Account {
			most += d.MaxSeries()
		}
	}
	usual := metrics.UsualSeriesPerAccount
	fmt.Fprintf(b, "| each replica | some hundred of the operator's own, by endpoint and outcome, and about 1,000 of Go's and controller-runtime's |\n")
	fmt.Fprintf(b, "| all resources | some hundred at most: kinds, conditions, their status and reason |\n")
	fmt.Fprintf(b, "| each account | usually about %d, at most %d, and one for each kind and reason of resources that aren't synced |\n", usual, most)
	fmt.Fprintf(b, "| a partner with 1,000 accounts | about %s, at most about %s |\n", thousands(usual*1000), thousands(most*1000))
	b.WriteString("| `--metrics-per-resource` | two more for each template and number, one for each other resource: " +
		"20,000 for 10,000 templates. Off unless it is set |\n")
}

func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// labels lists a metric's labels with their values.
func labels(d *metrics.Definition) string {
	var out []string
	for _, l := range d.Labels {
		switch {
		case len(l.Values) > 0:
			out = append(out, fmt.Sprintf("`%s`: `%s`", l.Name, strings.Join(l.Values, "`, `")))
		case d.Scope == metrics.Account && (l.Name == "namespace" || l.Name == "name"):
			out = append(out, fmt.Sprintf("`%s`", l.Name))
		default:
			out = append(out, fmt.Sprintf("`%s`: %s", l.Name, l.Of))
		}
	}
	return cell(strings.Join(out, "<br>"))
}

// cell is text that doesn't end a cell.
func cell(s string) string { return strings.ReplaceAll(s, "|", `\|`) }
