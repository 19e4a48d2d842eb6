// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math"
	"net/http"
	"slices"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
)

// families are the metrics of one scrape by name.
type families map[string]*dto.MetricFamily

// parseMetrics reads the text format of Prometheus.
func parseMetrics(text io.Reader) (families, error) {
	parser := expfmt.NewTextParser(model.UTF8Validation)
	return parser.TextToMetricFamilies(text)
}

// get returns the body of an answer with status 200.
func get(ctx context.Context, client *http.Client, address string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		_ = resp.Body.Close()
		return nil, fmt.Errorf("%s answers %s", address, resp.Status)
	}
	return resp.Body, nil
}

// each calls f for every series of a metric that has the labels, given as name and value in turn.
func (m families) each(name string, f func(*dto.Metric), labels ...string) {
	for _, series := range m[name].GetMetric() {
		if matches(series, labels) {
			f(series)
		}
	}
}

func matches(series *dto.Metric, labels []string) bool {
	for i := 0; i+1 < len(labels); i += 2 {
		if label(series, labels[i]) != labels[i+1] {
			return false
		}
	}
	return true
}

// label is the value of a label, empty where there is none.
func label(series *dto.Metric, name string) string {
	for _, l := range series.GetLabel() {
		if l.GetName() == name {
			return l.GetValue()
		}
	}
	return ""
}

// sum adds the values of all series of a counter or gauge that have the labels.
func (m families) sum(name string, labels ...string) float64 {
	total := 0.0
	m.each(name, func(series *dto.Metric) {
		total += series.GetCounter().GetValue() + series.GetGauge().GetValue() + series.GetUntyped().GetValue()
	}, labels...)
	return total
}

// buckets are how many observations were at most so large, cumulatively, by upper bound.
type buckets map[float64]float64

// waits are how long resources were in the queues of all controllers.
func (m families) waits() buckets {
	out := buckets{}
	m.each("workqueue_queue_duration_seconds", func(series *dto.Metric) {
		for _, b := range series.GetHistogram().GetBucket() {
			out[b.GetUpperBound()] += float64(b.GetCumulativeCount())
		}
	})
	return out
}

// since are the observations that came after others.
func (b buckets) since(before buckets) buckets {
	out := maps.Clone(b)
	for bound, n := range before {
		out[bound] -= n
	}
	return out
}

// percentile is the bound below which p percent of the observations are, between the bounds of its bucket as Prometheus interpolates. It is
// NaN without observations, and the highest finite bound where the percentile lies beyond that.
func (b buckets) percentile(p float64) float64 {
	bounds := slices.Sorted(maps.Keys(b))
	if len(bounds) == 0 || b[bounds[len(bounds)-1]] <= 0 {
		return math.NaN()
	}
	rank := p / 100 * b[bounds[len(bounds)-1]]
	lower, below := 0.0, 0.0
	for _, bound := range bounds {
		if b[bound] >= rank && b[bound] > below {
			if math.IsInf(bound, 1) {
				return lower
			}
			return lower + (bound-lower)*(rank-below)/(b[bound]-below)
		}
		if !math.IsInf(bound, 1) {
			lower = bound
		}
		below = b[bound]
	}
	return lower
}

// percentileOf is the value of a list below which p percent of it are: the nearest rank, NaN for an empty list.
func percentileOf(values []float64, p float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Sorted(slices.Values(values))
	return sorted[max(0, int(math.Ceil(p/100*float64(len(sorted))))-1)]
}

// reconciled is how often a controller reconciled without an error.
func reconciled(m families, controller string) float64 {
	const name = "controller_runtime_reconcile_total"
	return m.sum(name, "controller", controller, "result", "success") + m.sum(name, "controller", controller, "result", "requeue_after")
}
