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
	bytes       *prometheus.CounterVec
	duration    *prometheus.HistogramVec
	events      *prometheus.CounterVec
	facts       *prometheus.CounterVec
	handshakes  *prometheus.CounterVec
	relayed     *prometheus.CounterVec
	relayBodies *prometheus.GaugeVec
	relayBytes  *prometheus.GaugeVec
}

func newWebhooks() *webhooks {
	return &webhooks{
		deliveries:  webhookDeliveries.counter(),
		bytes:       webhookBytes.counter(),
		duration:    webhookDuration.histogram(),
		events:      webhookEvents.counter(),
		facts:       webhookFacts.counter(),
		handshakes:  webhookHandshakes.counter(),
		relayed:     webhookRelayed.counter(),
		relayBodies: webhookRelayQueue.gauge(),
		relayBytes:  webhookRelayBytes.gauge(),
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
	w.bytes.WithLabelValues().Add(float64(bytes))
	w.duration.WithLabelValues(string(o)).Observe(took.Seconds())
}

// Event records an event of a verified delivery.
func (w *webhooks) Event(field string, o receiver.Outcome) {
	w.events.WithLabelValues(field, string(o)).Inc()
}

// Recorded counts the events of a delivery by their result.
func (w *webhooks) Recorded(t facts.Tally) {
	for result, n := range map[string]int{
		"persisted": t.Persisted, "known": t.AlreadyKnown, "unmanaged": t.Unmanaged, "unknown": t.Unknown, "message": t.Messages,
	} {
		w.facts.WithLabelValues(result).Add(float64(n))
	}
}

// Handshake records a GET to the receiver.
func (w *webhooks) Handshake(o receiver.Outcome) { w.handshakes.WithLabelValues(string(o)).Inc() }

// Relayed counts a delivery by its result at a relay target.
func (w *webhooks) Relayed(outcome string) { w.relayed.WithLabelValues(outcome).Inc() }

// RelayQueue records how many deliveries wait to be forwarded, and how much memory they take.
func (w *webhooks) RelayQueue(n int, bytes int64) {
	w.relayBodies.WithLabelValues().Set(float64(n))
	w.relayBytes.WithLabelValues().Set(float64(bytes))
}
