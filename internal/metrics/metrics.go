// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package metrics holds the operator's own Prometheus metrics: what the process does (waba_operator_…), and what Meta reports
// (whatsapp_…), collected from the cache at each scrape. Labels are bounded by what they count: operations, kinds, Meta's
// enumerations, names of accounts; never ids, tokens or URLs.
package metrics

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/properties"
)

// Recorder records what the process does.
type Recorder struct {
	calls          *prometheus.CounterVec
	callDuration   *prometheus.HistogramVec
	throttled      *prometheus.CounterVec
	normalisations *prometheus.CounterVec
	drift          *prometheus.CounterVec
	firstReady     *prometheus.HistogramVec
	deletion       *prometheus.HistogramVec
	internalErrors *prometheus.CounterVec
	unknown        *prometheus.CounterVec

	*webhooks

	mu   sync.Mutex
	seen map[[2]string]bool // labels of unknown properties
}

// Whose limit it was that held a call.
const (
	limitAccount = "account"
	limitApp     = "app"
)

// New registers the metrics.
func New(reg prometheus.Registerer, version string) (*Recorder, error) {
	r := &Recorder{
		calls: graphRequests.counter(), callDuration: graphDuration.histogram(), throttled: graphThrottled.counter(),
		normalisations: normalisations.counter(), drift: drift.counter(),
		firstReady: firstReady.histogram(), deletion: deletion.histogram(), internalErrors: internalErrors.counter(),
		unknown: unknownProperties.counter(), seen: map[[2]string]bool{},
		webhooks: newWebhooks(),
	}
	build := buildInfo.gauge()
	build.WithLabelValues(version).Set(1)
	own := []prometheus.Collector{build, r.calls, r.callDuration, r.throttled, r.normalisations, r.drift, r.firstReady, r.deletion, r.internalErrors, r.unknown}
	for _, c := range append(r.collectors(), own...) {
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

// Throttled counts a call that wasn't made because Meta throttles the account, or the app.
func (r *Recorder) Throttled(app bool) {
	limit := limitAccount
	if app {
		limit = limitApp
	}
	r.throttled.WithLabelValues(limit).Inc()
}

// UnknownNormalisation counts a field that came back otherwise than it was sent.
func (r *Recorder) UnknownNormalisation(kind, field string) {
	r.normalisations.WithLabelValues(kind, properties.Class(field)).Inc()
}

// maxUnknownProperties bounds the series of properties, whose names are Meta's to choose.
const maxUnknownProperties = 200

// UnknownProperty counts a property in an answer or a webhook that this version doesn't know.
func (r *Recorder) UnknownProperty(object, path string) {
	labels := [2]string{object, properties.Class(path)}
	r.mu.Lock()
	if !r.seen[labels] {
		if len(r.seen) >= maxUnknownProperties {
			labels = [2]string{"other", "other"}
		} else {
			r.seen[labels] = true
		}
	}
	r.mu.Unlock()
	r.unknown.WithLabelValues(labels[0], labels[1]).Inc()
}

// Drift counts a field that another client changed.
func (r *Recorder) Drift(kind, field string) {
	r.drift.WithLabelValues(kind, properties.Class(field)).Inc()
}

// FirstReady records how long a resource took until it was ready.
func (r *Recorder) FirstReady(kind string, took time.Duration) {
	r.firstReady.WithLabelValues(kind).Observe(took.Seconds())
}

// InternalError counts a step that failed for a reason that a resource's conditions can't explain.
func (r *Recorder) InternalError(kind string) { r.internalErrors.WithLabelValues(kind).Inc() }

// Deleted records how long a resource took until it was let go.
func (r *Recorder) Deleted(kind string, took time.Duration) {
	r.deletion.WithLabelValues(kind).Observe(took.Seconds())
}
