// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/receiver"
	"github.com/waba-operator/waba-operator/internal/relay"
)

// Labels that many metrics have.
const (
	labelNamespace = "namespace"
	labelName      = "name"

	unknown = "UNKNOWN"
)

var (
	kindLabel     = Label{Name: "kind", Values: kinds()}
	endpointLabel = Label{Name: "endpoint", Of: "method and path with placeholders for ids, such as `GET /{waba}`"}
	fieldLabel    = Label{Name: "field", Of: "path in the spec without list indexes, such as `buttons.url`"}
	outcomeLabel  = Label{Name: "outcome", Values: receiverOutcomes()}
	// longWaits reach from a second to the two days that a review may take.
	longWaits = []float64{1, 5, 15, 60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600, 48 * 3600}
)

// kinds are the names of all kinds.
func kinds() []string {
	out := make([]string, len(v1alpha1.AssetKinds))
	for i, kind := range v1alpha1.AssetKinds {
		out[i] = kind.Name
	}
	return out
}

func receiverOutcomes() []string {
	var out []string
	for _, o := range receiver.Outcomes() {
		out = append(out, string(o))
	}
	return out
}

// What every replica says of itself.
var (
	buildInfo = define(Definition{
		Name: "waba_operator_build_info", Type: Gauge, Scope: Process,
		Help:   "1 for the version of the operator that runs.",
		Labels: []Label{{Name: "version", Of: "version of the operator", Derived: true}},
	})
	leader = define(Definition{
		Name: "waba_operator_leader", Type: Gauge, Scope: Process,
		Help:   "1 on the replica that holds the lease and writes, 0 on the others.",
		Labels: []Label{{Name: "lease", Of: "name of the Lease, one for each shard", Derived: true}},
	})
	graphRequests = define(Definition{
		Name: "waba_operator_graph_requests_total", Type: Counter, Scope: Process,
		Help: "HTTP exchanges with Meta's Graph API by endpoint, class of the outcome (empty on success) and Meta's error code.",
		Labels: []Label{endpointLabel,
			{Name: "class", Of: "class of the error, such as `Transient` or `Throttled`; empty on success"},
			{Name: "code", Of: "Meta's error code; empty on success"}},
	})
	graphDuration = define(Definition{
		Name: "waba_operator_graph_request_duration_seconds", Type: Histogram, Scope: Process,
		Help:    "Time from sending a request to Meta's Graph API until its answer was read.",
		Labels:  []Label{endpointLabel},
		Buckets: prometheus.ExponentialBuckets(0.02, 2, 11),
	})
	graphThrottled = define(Definition{
		Name: "waba_operator_graph_held_total", Type: Counter, Scope: Process,
		Help:   "Calls to Meta's Graph API that weren't made, because Meta throttles the account or the app.",
		Labels: []Label{{Name: "limit", Values: []string{limitAccount, limitApp}}},
	})
	normalisations = define(Definition{
		Name: "waba_operator_unknown_normalisations_total", Type: Counter, Scope: Process,
		Help:   "Fields that Meta gave back otherwise than they were sent, in a way this version doesn't know.",
		Labels: []Label{kindLabel, fieldLabel},
	})
	unknownProperties = define(Definition{
		Name: "waba_operator_unknown_properties_total", Type: Counter, Scope: Process,
		Help: "Properties in Meta's answers and webhooks that this version doesn't know, each time they are read. An edit would lose those inside " +
			"a template's components, so such a template isn't edited.",
		Labels: []Label{
			{Name: "object", Of: "`account`, `phone_number`, `template`, or `webhook.` and the field"},
			{Name: "property", Of: "path without list indexes, such as `components.buttons.label_color`; `other` after the first 200 pairs of labels"}},
	})
	drift = define(Definition{
		Name: "waba_operator_drift_detected_total", Type: Counter, Scope: Process,
		Help:   "Fields found changed at Meta by another client, each once until it is repaired or accepted.",
		Labels: []Label{kindLabel, fieldLabel},
	})
	firstReady = define(Definition{
		Name: "waba_operator_first_time_to_ready_seconds", Type: Histogram, Scope: Process,
		Help: "Time from the creation of a resource until it was ready for the first time. " +
			"Resources that the operator didn't see within 10 minutes of their creation aren't counted.",
		Labels: []Label{kindLabel}, Buckets: longWaits,
	})
	deletion = define(Definition{
		Name: "waba_operator_deletion_seconds", Type: Histogram, Scope: Process,
		Help:   "Time from the deletion of a resource until it was let go; only of those for which something was to be done at Meta.",
		Labels: []Label{kindLabel}, Buckets: longWaits,
	})
	internalErrors = define(Definition{
		Name: "waba_operator_internal_errors_total", Type: Counter, Scope: Process,
		Help: "Failed steps of reconciliations for which the conditions only point to the operator's log: errors of the Kubernetes API " +
			"server, and of the operator itself. Each attempt counts.",
		Labels: []Label{kindLabel},
	})
)

// What the receiver says, which every replica runs.
var (
	webhookDeliveries = define(Definition{
		Name: "waba_operator_webhook_deliveries_total", Type: Counter, Scope: Process,
		Help:   "Deliveries of Meta's webhooks by outcome: accepted, forged, unsigned, failed …",
		Labels: []Label{outcomeLabel},
	})
	webhookBytes = define(Definition{
		Name: "waba_operator_webhook_received_bytes_total", Type: Counter, Scope: Process,
		Help: "Bytes read from the bodies of deliveries, whatever their outcome.",
	})
	webhookDuration = define(Definition{
		Name: "waba_operator_webhook_delivery_duration_seconds", Type: Histogram, Scope: Process,
		Help:    "Time from the receipt of a delivery until its answer; an accepted one is persisted by then. Meta recommends a median below 0.25 s.",
		Labels:  []Label{outcomeLabel},
		Buckets: prometheus.ExponentialBuckets(0.002, 2, 14),
	})
	webhookEvents = define(Definition{
		Name: "waba_operator_webhook_events_total", Type: Counter, Scope: Process,
		Help:   "Events in verified deliveries by Meta's field and the delivery's outcome.",
		Labels: []Label{{Name: "field", Of: "webhook field of Meta's reference, or `other`"}, outcomeLabel},
	})
	webhookFacts = define(Definition{
		Name: "waba_operator_webhook_facts_total", Type: Counter, Scope: Process,
		Help:   "What became of events: persisted, known (repeated or outdated), unmanaged (no resource here), unknown (to this version), message (never looked at).",
		Labels: []Label{{Name: "result", Values: []string{"persisted", "known", "unmanaged", "unknown", "message"}}},
	})
	webhookHandshakes = define(Definition{
		Name: "waba_operator_webhook_handshakes_total", Type: Counter, Scope: Process,
		Help:   "Handshakes by which Meta verifies the receiver, by outcome.",
		Labels: []Label{outcomeLabel},
	})
	webhookRelayed = define(Definition{
		Name: "waba_operator_webhook_relayed_total", Type: Counter, Scope: Process,
		Help:   "Deliveries forwarded to relay targets by outcome.",
		Labels: []Label{{Name: "outcome", Values: relay.Outcomes()}},
	})
	webhookRelayQueue = define(Definition{
		Name: "waba_operator_webhook_relay_queue", Type: Gauge, Scope: Process,
		Help: "Deliveries that wait to be forwarded, once for each target.",
	})
	webhookRelayBytes = define(Definition{
		Name: "waba_operator_webhook_relay_queue_bytes", Type: Gauge, Scope: Process,
		Help: "Memory that waiting deliveries take.",
	})
)
