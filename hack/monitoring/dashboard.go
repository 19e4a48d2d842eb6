// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import "strings"

// cluster selects what the variable of that name does, account the accounts that the variables name.
const (
	cluster  = `cluster=~"$cluster"`
	account  = cluster + `,namespace=~"$namespace",name=~"$account"`
	byWhom   = "{{namespace}}/{{name}} {{cluster}}"
	allPods  = `sum by `
	interval = "[$__rate_interval]"
)

// selection is what the signs @ and % in an expression stand for: the chosen accounts, and all in the chosen clusters.
var selection = strings.NewReplacer("@", account, "%", cluster)

func dashboard() board {
	values := func(name, label, query string) variable {
		return variable{
			Name: name, Label: label, Type: "query", Query: query, Definition: query, Datasource: prometheus, Refresh: 2, Sort: 1,
			Multi: true, IncludeAll: true, AllValue: ".*", Current: map[string]string{"text": "All", "value": "$__all"},
		}
	}
	return board{
		UID: "waba-operator", Title: "WhatsApp Business assets (waba-operator)",
		Description: "What Meta reports about the accounts, numbers and templates that waba-operator manages, and how the operator works.",
		Tags:        []string{"whatsapp", "waba-operator"}, SchemaVersion: 39, Editable: true, GraphTooltip: 1, Refresh: "1m",
		Time: map[string]any{"from": "now-24h", "to": "now"},
		Templating: templating{List: []variable{
			{Name: "datasource", Label: "Data source", Type: "datasource", Query: "prometheus", Current: map[string]string{}},
			// Empty where no series has the label: then "All" selects them.
			values("cluster", "Cluster", "label_values(waba_operator_build_info, cluster)"),
			values("namespace", "Namespace", `label_values(whatsapp_account_info{cluster=~"$cluster"}, namespace)`),
			values("account", "Account", `label_values(whatsapp_account_info{cluster=~"$cluster",namespace=~"$namespace"}, name)`),
		}},
		Panels: arrange([]section{
			overview(), accounts(), funnel(), quality(), limits(), budget(), webhooks(), observation(), operator(), kubernetes(),
		}),
	}
}

func overview() section {
	return section{"Overview", []draft{
		plain("Accounts", "short", `count(max by (cluster, namespace, name) (whatsapp_account_info{@}))`),
		number("Accounts not ready", "short", `count(max by (cluster, namespace, name) (whatsapp_account_condition{@,condition="Ready",status!="True"}))`, 1),
		number("Restrictions and bans", "short", `sum(max by (cluster, namespace, name) (whatsapp_account_restrictions{@}))`+
			` + (count(max by (cluster, namespace, name) (whatsapp_account_ban{@})) or vector(0))`, 1),
		number("Templates not usable", "short",
			`sum(max by (cluster, namespace, name, status) (whatsapp_templates{@,status=~"REJECTED|PAUSED|DISABLED|LIMIT_EXCEEDED|ARCHIVED"}))`, 1),
		number("Reclassified templates", "short", `sum(max by (cluster, namespace, name) (whatsapp_templates_reclassified{@,state="reclassified"}))`, 1).
			says("Meta charges for another category than the requested one."),
		number("Numbers not connected", "short", `sum(max by (cluster, namespace, name, status) (whatsapp_numbers{@,status!="CONNECTED"}))`, 1),
		wanted("Soonest end of a token", "s", `min(max by (cluster, namespace, name) (whatsapp_account_token_expiry_timestamp_seconds{@})) - time()`, 14*86400),
		wanted("Replicas that lead", "short", `sum(waba_operator_leader{%})`, 1),
	}}
}

func accounts() section {
	return section{"Accounts", []draft{
		table("Accounts", 24, `max by (cluster, namespace, name, policy, status, review, verification, health, messaging_limit, graph_api_version) (whatsapp_account_info{@})`),
		table("Conditions that aren't True", 12,
			`max by (cluster, namespace, name, condition, status, reason) (whatsapp_account_condition{@,status!="True",condition!~"Reconciling|Stalled"})`),
		lines("Restrictions, violations, unapproved apps", "short", 12,
			query{`max by (cluster, namespace, name) (whatsapp_account_restrictions{@}) > 0`, byWhom + " restrictions"},
			query{`max by (cluster, namespace, name) (whatsapp_account_violations{@}) > 0`, byWhom + " violations"},
			query{`max by (cluster, namespace, name) (whatsapp_account_unapproved_apps{@}) > 0`, byWhom + " unapproved apps"}),
	}}
}

func funnel() section {
	return section{"Approval of templates", []draft{
		bars("Templates now", 6, query{`sum by (status) (max by (cluster, namespace, name, status) (whatsapp_templates{@}))`, "{{status}}"}),
		stacked("Templates by status", 9, query{`sum by (status) (max by (cluster, namespace, name, status) (whatsapp_templates{@}))`, "{{status}}"}).
			says("Templates that have a resource. NONE: not at Meta yet."),
		lines("Time until a template is ready", "s", 9,
			query{`histogram_quantile(0.5, sum by (le) (rate(waba_operator_first_time_to_ready_seconds_bucket{%,kind="MessageTemplate"}[6h])))`, "median"},
			query{`histogram_quantile(0.95, sum by (le) (rate(waba_operator_first_time_to_ready_seconds_bucket{%,kind="MessageTemplate"}[6h])))`, "95 %"}).
			says("From the creation of the resource until Meta approved the template."),
		lines("Rejected, paused and disabled by account", "short", 8,
			query{`max by (cluster, namespace, name, status) (whatsapp_templates{@,status=~"REJECTED|PAUSED|DISABLED"}) > 0`, byWhom + " {{status}}"}),
		lines("Category changed by Meta", "short", 8,
			query{`max by (cluster, namespace, name, state) (whatsapp_templates_reclassified{@}) > 0`, byWhom + " {{state}}"}),
		stacked("Templates by category", 8,
			query{`sum by (category) (max by (cluster, namespace, name, category) (whatsapp_templates_by_category{@}))`, "{{category}}"}),
		lines("Not synced, by reason", "short", 12,
			query{`sum by (kind, reason) (max by (cluster, namespace, name, kind, reason) (waba_operator_unsynced_resources{@}))`, "{{kind}} {{reason}}"}),
		stacked("All templates at Meta by status", 12,
			query{`sum by (status) (max by (cluster, namespace, name, status) (whatsapp_account_templates{@}))`, "{{status}}"},
			query{`sum(max by (cluster, namespace, name) (whatsapp_account_unmanaged_templates{@}))`, "of these without a resource"}),
	}}
}

func quality() section {
	return section{"Quality", []draft{
		stacked("Templates by quality", 8, query{`sum by (quality) (max by (cluster, namespace, name, quality) (whatsapp_templates_by_quality{@}))`, "{{quality}}"}),
		stacked("Numbers by quality", 8, query{`sum by (quality) (max by (cluster, namespace, name, quality) (whatsapp_numbers_by_quality{@}))`, "{{quality}}"}),
		stacked("Numbers by status", 8, query{`sum by (status) (max by (cluster, namespace, name, status) (whatsapp_numbers{@}))`, "{{status}}"}),
		lines("RED by account", "short", 12,
			query{`max by (cluster, namespace, name) (whatsapp_templates_by_quality{@,quality="RED"}) > 0`, byWhom + " templates"},
			query{`max by (cluster, namespace, name) (whatsapp_numbers_by_quality{@,quality="RED"}) > 0`, byWhom + " numbers"}),
		lines("Numbers at Meta", "short", 12,
			query{`sum by (status) (max by (cluster, namespace, name, status) (whatsapp_account_numbers{@}))`, "{{status}}"},
			query{`sum(max by (cluster, namespace, name) (whatsapp_account_unmanaged_numbers{@}))`, "without a resource"}),
	}}
}

func limits() section {
	return section{"Limits", []draft{
		lines("Messaging limit", "short", 8, query{`max by (cluster, namespace, name) (whatsapp_account_messaging_limit{@})`, byWhom}).
			says("People to whom the portfolio may write in 24 hours."),
		lines("Templates used", "percentunit", 8, query{`sum by (cluster, namespace, name) (max by (cluster, namespace, name, status) (whatsapp_account_templates{@}))` +
			` / max by (cluster, namespace, name) (whatsapp_account_template_limit{@})`, byWhom}),
		lines("Time until tokens expire", "s", 8,
			query{`max by (cluster, namespace, name) (whatsapp_account_token_expiry_timestamp_seconds{@}) - time()`, byWhom}),
		lines("Edits that wait for Meta's budget", "short", 12,
			query{`max by (cluster, namespace, name) (waba_operator_unsynced_resources{@,reason="EditBudgetExhausted"})`, byWhom}),
		lines("Changes held", "short", 12, query{`max by (cluster, namespace, name) (waba_operator_account_changes_held{@}) > 0`, byWhom}),
	}}
}

func budget() section {
	return section{"API budget", []draft{
		lines("Rate limit used", "percentunit", 8, query{`max by (cluster, namespace, name) (whatsapp_account_rate_usage_ratio{@})`, byWhom}),
		lines("Throttled for another", "s", 8,
			query{`max by (cluster, namespace, name) (whatsapp_account_rate_regain_timestamp_seconds{@}) - time()`, byWhom},
			query{`sum by (limit) (rate(waba_operator_graph_held_total{%}` + interval + `))`, "calls held a second ({{limit}})"}),
		lines("Observation interval", "s", 8, query{`max by (cluster, namespace, name) (whatsapp_account_observation_interval_seconds{@})`, byWhom}),
		lines("Calls to Meta", "reqps", 8, query{allPods + `(endpoint) (rate(waba_operator_graph_requests_total{%}` + interval + `))`, "{{endpoint}}"}),
		lines("Errors by class", "reqps", 8,
			query{allPods + `(class, code) (rate(waba_operator_graph_requests_total{%,class!=""}` + interval + `))`, "{{class}} {{code}}"}),
		lines("Duration of calls, 95 %", "s", 8,
			query{`histogram_quantile(0.95, sum by (le, endpoint) (rate(waba_operator_graph_request_duration_seconds_bucket{%}` + interval + `)))`, "{{endpoint}}"}),
	}}
}

func webhooks() section {
	latency := func(q string) string {
		return `histogram_quantile(` + q + `, sum by (le) (rate(waba_operator_webhook_delivery_duration_seconds_bucket{%,outcome="accepted"}` + interval + `)))`
	}
	return section{"Webhooks", []draft{
		lines("Latency of accepted deliveries", "s", 8, query{latency("0.5"), "median"}, query{latency("0.95"), "95 %"}, query{latency("0.99"), "99 %"}).
			says("Meta recommends a median below 0.25 s, and less than one in a hundred above 1 s."),
		lines("Deliveries by outcome", "reqps", 8, query{allPods + `(outcome) (rate(waba_operator_webhook_deliveries_total{%}` + interval + `))`, "{{outcome}}"}),
		lines("Events by field", "ops", 8, query{allPods + `(field) (rate(waba_operator_webhook_events_total{%}` + interval + `))`, "{{field}}"}),
		lines("What became of events", "ops", 8, query{allPods + `(result) (rate(waba_operator_webhook_facts_total{%}` + interval + `))`, "{{result}}"}),
		lines("Since the last event", "s", 8, query{`time() - max by (cluster, namespace, name) (whatsapp_account_last_webhook_timestamp_seconds{@})`, byWhom}),
		lines("Decisions without a webhook", "s", 8, query{`max by (cluster, namespace, name) (whatsapp_account_last_decision_timestamp_seconds{@})` +
			` - max by (cluster, namespace, name) (whatsapp_account_last_webhook_timestamp_seconds{@}) > 0`, byWhom}).
			says("How much later than the last event Meta decided about a template."),
		lines("Handshakes", "reqps", 8, query{allPods + `(outcome) (rate(waba_operator_webhook_handshakes_total{%}` + interval + `))`, "{{outcome}}"}),
		lines("Relay", "reqps", 8, query{allPods + `(outcome) (rate(waba_operator_webhook_relayed_total{%}` + interval + `))`, "{{outcome}}"},
			query{`sum(waba_operator_webhook_relay_queue{%})`, "waiting"}),
		lines("Received", "Bps", 8, query{`sum(rate(waba_operator_webhook_received_bytes_total{%}` + interval + `))`, "bodies"},
			query{`sum(waba_operator_webhook_relay_queue_bytes{%})`, "waiting for the relay (bytes)"}),
	}}
}

func observation() section {
	return section{"Observation and drift", []draft{
		lines("Since the last observation", "s", 8, query{`time() - max by (cluster, namespace, name) (whatsapp_account_last_observed_timestamp_seconds{@})`, byWhom}),
		lines("Fields changed at Meta by others", "short", 8,
			query{allPods + `(kind, field) (increase(waba_operator_drift_detected_total{%}[1h]))`, "{{kind}} {{field}}"}),
		lines("Unknown normalisations", "short", 8,
			query{allPods + `(kind, field) (increase(waba_operator_unknown_normalisations_total{%}[1h]))`, "{{kind}} {{field}}"}).
			says("Fields that Meta gave back otherwise than they were sent, in a way this version doesn't know. Please report them."),
	}}
}

func operator() section {
	return section{"Operator", []draft{
		table("Versions", 6, `count by (cluster, namespace, version) (waba_operator_build_info{%})`),
		table("Graph API versions in use", 6, `max by (version) (waba_operator_graph_api_version_accounts{%}) > 0`),
		lines("Time until Graph API versions end", "s", 6, query{`max by (version) (waba_operator_graph_api_version_end_timestamp_seconds{%}) - time()`, "{{version}}"}),
		lines("Replicas that lead", "short", 6, query{`sum by (cluster, lease) (waba_operator_leader{%})`, "{{lease}} {{cluster}}"}),
		stacked("Resources by kind", 8, query{`sum by (kind) (waba_operator_resources{%})`, "{{kind}}"}),
		lines("Not ready, by reason", "short", 8,
			query{`sum by (kind, reason) (waba_operator_resource_conditions{%,condition="Ready",status!="True"})`, "{{kind}} {{reason}}"}),
		lines("Time until deleted, 95 %", "s", 8,
			query{`histogram_quantile(0.95, sum by (le, kind) (rate(waba_operator_deletion_seconds_bucket{%}[6h])))`, "{{kind}}"}),
	}}
}

// ours keeps what the same Prometheus knows of other operators away from what all operators export.
const ours = ` and on (cluster, instance, job) waba_operator_build_info{%})`

func kubernetes() section {
	rate := func(by, metric string) string {
		return allPods + `(` + by + `) (rate(` + metric + `{%}` + interval + `)` + ours
	}
	p95 := func(by, metric string) string {
		return `histogram_quantile(0.95, ` + rate("le, "+by, metric+"_bucket") + `)`
	}
	return section{"Controllers", []draft{
		lines("Reconciliations", "ops", 8, query{rate("controller, result", "controller_runtime_reconcile_total"), "{{controller}} {{result}}"}),
		lines("Failed steps, and errors of the API server", "ops", 8, query{rate("kind", "waba_operator_internal_errors_total"), "{{kind}}"},
			query{rate("controller", "controller_runtime_reconcile_errors_total"), "{{controller}}"}),
		lines("Duration of reconciliations, 95 %", "s", 8, query{p95("controller", "controller_runtime_reconcile_time_seconds"), "{{controller}}"}),
		lines("Queue", "short", 8, query{allPods + `(name) (workqueue_depth{%}` + ours, "{{name}}"}),
		lines("Requests to the API server", "reqps", 8, query{rate("method, code", "rest_client_requests_total"), "{{method}} {{code}}"}),
		lines("Duration of requests to the API server, 95 %", "s", 8, query{p95("verb", "rest_client_request_duration_seconds"), "{{verb}}"}),
		lines("Memory", "bytes", 12, query{allPods + `(cluster, namespace, instance) (process_resident_memory_bytes{%}` + ours, "{{instance}}"}),
		lines("Processor", "short", 12, query{rate("cluster, namespace, instance", "process_cpu_seconds_total"), "{{instance}}"}),
	}}
}
