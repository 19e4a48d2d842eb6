// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics holds the operator's own Prometheus metrics. Labels are bounded: operations, error classes and kinds,
// never ids, names or URLs.
package metrics

import (
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// Recorder records metrics.
type Recorder struct {
	calls          *prometheus.CounterVec
	callDuration   *prometheus.HistogramVec
	normalisations *prometheus.CounterVec

	*webhooks
}

// New registers the metrics.
func New(reg prometheus.Registerer) (*Recorder, error) {
	r := &Recorder{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waba_operator_graph_requests_total",
			Help: "HTTP exchanges with Meta's Graph API by endpoint, class of the outcome (empty on success) and Meta's error code.",
		}, []string{"endpoint", "class", "code"}),
		callDuration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "waba_operator_graph_request_duration_seconds",
			Help:    "Time from sending a request to Meta's Graph API until its answer was read.",
			Buckets: prometheus.ExponentialBuckets(0.02, 2, 11),
		}, []string{"endpoint"}),
		normalisations: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waba_operator_unknown_normalisations_total",
			Help: "Fields that Meta gave back otherwise than they were sent, in a way this version doesn't know.",
		}, []string{"kind", "field"}),
		webhooks: newWebhooks(),
	}
	for _, c := range append(r.collectors(), r.calls, r.callDuration, r.normalisations) {
		if err := reg.Register(c); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// Observe records one HTTP exchange with the Graph API.
func (r *Recorder) Observe(c graph.CallInfo) {
	code := ""
	if c.Class != "" {
		code = strconv.Itoa(c.Code)
	}
	r.calls.WithLabelValues(c.Op.Endpoint(), string(c.Class), code).Inc()
	r.callDuration.WithLabelValues(c.Op.Endpoint()).Observe(c.Duration.Seconds())
}

// UnknownNormalisation counts a field that came back otherwise than it was sent.
func (r *Recorder) UnknownNormalisation(kind, field string) {
	r.normalisations.WithLabelValues(kind, fieldClass(field)).Inc()
}

// fieldClass drops list indexes, which would multiply the label's values.
func fieldClass(field string) string {
	out := make([]byte, 0, len(field))
	inside := false
	for i := range len(field) {
		switch c := field[i]; {
		case c == '[':
			inside = true
		case c == ']':
			inside = false
		case !inside:
			out = append(out, c)
		}
	}
	return string(out)
}
