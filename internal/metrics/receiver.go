// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/receiver"
)

// webhooks are the metrics of the receiver. Outcomes are those of package receiver; fields are those of Meta's reference, or
// "other".
type webhooks struct {
	deliveries  *prometheus.CounterVec
	bytes       prometheus.Counter
	duration    *prometheus.HistogramVec
	events      *prometheus.CounterVec
	facts       *prometheus.CounterVec
	handshakes  *prometheus.CounterVec
	relayed     *prometheus.CounterVec
	relayBodies prometheus.Gauge
	relayBytes  prometheus.Gauge
}

func newWebhooks() *webhooks {
	return &webhooks{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waba_operator_webhook_deliveries_total",
			Help: "Deliveries of Meta's webhooks by outcome: accepted, forged, unsigned, failed …",
		}, []string{"outcome"}),
		bytes: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "waba_operator_webhook_received_bytes_total",
			Help: "Bytes read from the bodies of deliveries, whatever came of them.",
		}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "waba_operator_webhook_delivery_duration_seconds",
			Help:    "Time from the receipt of a delivery until its answer; an accepted one is persisted by then. Meta wishes for a median below 0.25 s.",
			Buckets: prometheus.ExponentialBuckets(0.002, 2, 14),
		}, []string{"outcome"}),
		events: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waba_operator_webhook_events_total",
			Help: "Events in verified deliveries by Meta's field and the delivery's outcome.",
		}, []string{"field", "outcome"}),
		facts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waba_operator_webhook_facts_total",
			Help: "What became of events: persisted, known (repeated or outdated), unmanaged (no resource here), unknown (to this version), message (never looked at).",
		}, []string{"result"}),
		handshakes: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waba_operator_webhook_handshakes_total",
			Help: "Handshakes by which Meta verifies the receiver, by outcome.",
		}, []string{"outcome"}),
		relayed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "waba_operator_webhook_relayed_total",
			Help: "Deliveries forwarded to relay targets by outcome.",
		}, []string{"outcome"}),
		relayBodies: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "waba_operator_webhook_relay_queue",
			Help: "Deliveries that wait to be forwarded, once for each target.",
		}),
		relayBytes: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "waba_operator_webhook_relay_queue_bytes",
			Help: "Memory that waiting deliveries take.",
		}),
	}
}

func (w *webhooks) collectors() []prometheus.Collector {
	return []prometheus.Collector{
		w.deliveries, w.bytes, w.duration, w.events, w.facts, w.handshakes, w.relayed, w.relayBodies, w.relayBytes,
	}
}

// Delivery records a POST to the receiver.
func (w *webhooks) Delivery(o receiver.Outcome, bytes int, took time.Duration) {
	w.deliveries.WithLabelValues(string(o)).Inc()
	w.bytes.Add(float64(bytes))
	w.duration.WithLabelValues(string(o)).Observe(took.Seconds())
}

// Event records an event of a verified delivery.
func (w *webhooks) Event(field string, o receiver.Outcome) {
	w.events.WithLabelValues(field, string(o)).Inc()
}

// Recorded records what became of the events of a delivery.
func (w *webhooks) Recorded(t facts.Tally) {
	for result, n := range map[string]int{
		"persisted": t.Persisted, "known": t.Known, "unmanaged": t.Unmanaged, "unknown": t.Unknown, "message": t.Messages,
	} {
		w.facts.WithLabelValues(result).Add(float64(n))
	}
}

// Handshake records a GET to the receiver.
func (w *webhooks) Handshake(o receiver.Outcome) { w.handshakes.WithLabelValues(string(o)).Inc() }

// Relayed records what became of a delivery on its way to a relay target.
func (w *webhooks) Relayed(outcome string) { w.relayed.WithLabelValues(outcome).Inc() }

// RelayQueue records how many deliveries wait to be forwarded, and how much memory they take.
func (w *webhooks) RelayQueue(n int, bytes int64) {
	w.relayBodies.Set(float64(n))
	w.relayBytes.Set(float64(bytes))
}
