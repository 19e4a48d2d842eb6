// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"
)

// Type is the type of a metric.
type Type string

// The types.
const (
	Counter   Type = "counter"
	Gauge     Type = "gauge"
	Histogram Type = "histogram"
)

// Scope says what the number of a metric's series depends on.
type Scope string

// The scopes.
const (
	// Process: a fixed number for each replica.
	Process Scope = "process"
	// Cluster: a fixed number, from the leader.
	Cluster Scope = "cluster"
	// Account: a number for each WABA resource, from the leader.
	Account Scope = "account"
	// Resource: one for each resource, from the leader, if --metrics-per-resource is set.
	Resource Scope = "resource"
)

// Label is a label of a metric.
type Label struct {
	Name string
	// Values are all that the label can have; none where they aren't a list.
	Values []string
	// Of says what the values are where there is no list.
	Of string
	// Derived marks a label whose value follows from the others: it adds no series.
	Derived bool
}

// Definition describes a metric. The metrics, their reference and the checks of alerts and dashboard are made of it.
type Definition struct {
	Name, Help string
	Type       Type
	Scope      Scope
	Labels     []Label
	Buckets    []float64

	desc *prometheus.Desc
}

// definitions are all metrics, in the order of the reference.
var definitions []*Definition

func define(d Definition) *Definition {
	d.desc = prometheus.NewDesc(d.Name, d.Help, d.labelNames(), nil)
	definitions = append(definitions, &d)
	return &d
}

// Definitions returns all metrics of the operator's own.
func Definitions() []Definition {
	out := make([]Definition, len(definitions))
	for i, d := range definitions {
		out[i] = *d
	}
	return out
}

// MaxSeries is how many series of the metric there can be in its scope; 0 where that isn't a matter of its labels alone.
func (d *Definition) MaxSeries() int {
	n := 1
	for i := range d.Labels {
		l := &d.Labels[i]
		switch {
		case l.Derived, l.Name == labelNamespace, l.Name == labelName:
		case len(l.Values) == 0:
			return 0
		default:
			n *= len(l.Values)
		}
	}
	return n
}

func (d *Definition) labelNames() []string {
	names := make([]string, len(d.Labels))
	for i := range d.Labels {
		names[i] = d.Labels[i].Name
	}
	return names
}

// counter starts at zero where all series are known: a rate sees the first event only after a zero.
func (d *Definition) counter() *prometheus.CounterVec {
	vec := prometheus.NewCounterVec(prometheus.CounterOpts{Name: d.Name, Help: d.Help}, d.labelNames())
	for _, values := range d.series() {
		vec.WithLabelValues(values...)
	}
	return vec
}

func (d *Definition) gauge() *prometheus.GaugeVec {
	vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: d.Name, Help: d.Help}, d.labelNames())
	for _, values := range d.series() {
		vec.WithLabelValues(values...)
	}
	return vec
}

// series are the labels of all series that there can be; none where they aren't known.
func (d *Definition) series() [][]string {
	out := [][]string{nil}
	for i := range d.Labels {
		var longer [][]string
		for _, values := range out {
			for _, v := range d.Labels[i].Values {
				longer = append(longer, append(slices.Clone(values), v))
			}
		}
		out = longer
	}
	return out
}

func (d *Definition) histogram() *prometheus.HistogramVec {
	return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: d.Name, Help: d.Help, Buckets: d.Buckets}, d.labelNames())
}

// Values for what isn't in a list.
const (
	// None is the value of what Meta doesn't have yet.
	None = "NONE"
	// Other is any value that isn't listed: Meta adds to its enumerations, and each new value must not become a new series.
	Other = "OTHER"
)

// listed returns the value if the list has it, and otherwise what stands for all others.
func listed(values []string, value string) string {
	switch {
	case value == "" && slices.Contains(values, None):
		return None
	case value == "" && slices.Contains(values, unknown):
		return unknown
	case slices.Contains(values, value):
		return value
	}
	return Other
}

// UsualSeriesPerAccount is how many series the leader exports of an account that is well and has some templates and a number.
const UsualSeriesPerAccount = 36
