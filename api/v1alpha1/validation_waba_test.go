// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

const waba = `
id: "102290129340398"
credentialsSecretRef: {name: acme-meta}
`

func wabaCases() kindCases {
	return kindCases{kind: "WABA", creates: []validationCase{
		{name: "smallest", base: waba},
		{name: "every field", base: waba, patch: `
graphAPIVersion: v25.0
observationIntervalSeconds: 30
allowedReferences:
- namespaces: {from: Same}
- kinds: [MessageTemplate]
  namespaces: {from: Selector, selector: {matchLabels: {team: shop}}}
  templateNamePrefixes: [shop_]
- kinds: [PhoneNumber, WebhookSubscription]
  namespaces: {from: All}
insights: Enabled
approvedApps: [{id: "634974688087057", name: Acme}]
managementPolicy: Observed
driftPolicy: Report`},
		{name: "id with letters", base: waba, patch: `id: "10229a"`, at: "spec.id", want: "1 to 32 digits"},
		{name: "id without quotes", base: waba, patch: `id: 102290129340398`, at: "spec.id", want: "must be of type string"},
		{name: "no secret", base: waba, patch: `credentialsSecretRef: null`, at: "spec.credentialsSecretRef", want: "Required"},
		{name: "version without v", base: waba, patch: `graphAPIVersion: "25.0"`, at: "spec.graphAPIVersion", want: "must look like v25.0"},
		{name: "version without minor", base: waba, patch: `graphAPIVersion: v25`, at: "spec.graphAPIVersion", want: "must look like v25.0"},
		{name: "interval too short", base: waba, patch: `observationIntervalSeconds: 29`, at: "spec.observationIntervalSeconds", want: "greater than or equal to 30"},
		{name: "interval too long", base: waba, patch: `observationIntervalSeconds: 86401`, at: "spec.observationIntervalSeconds", want: "less than or equal to 86400"},
		{name: "kinds absent across namespaces", base: waba, patch: `allowedReferences: [{namespaces: {from: All}}]`,
			at: "spec.allowedReferences[0]", want: "each kind must be named"},
		{name: "kinds empty", base: waba, patch: `allowedReferences: [{kinds: [], namespaces: {from: Same}}]`,
			at: "spec.allowedReferences[0].kinds", want: "at least 1"},
		{name: "unknown kind", base: waba, patch: `allowedReferences: [{kinds: [Secret], namespaces: {from: Same}}]`,
			at: "spec.allowedReferences[0].kinds[0]", want: "Unsupported value"},
		{name: "selector missing", base: waba, patch: `allowedReferences: [{kinds: [PhoneNumber], namespaces: {from: Selector}}]`,
			at: "spec.allowedReferences[0].namespaces", want: "set selector exactly when from is Selector"},
		{name: "selector without from", base: waba, patch: `allowedReferences: [{kinds: [PhoneNumber], namespaces: {from: All, selector: {}}}]`,
			at: "spec.allowedReferences[0].namespaces", want: "set selector exactly when from is Selector"},
		{name: "prefixes without templates", base: waba, patch: `allowedReferences: [{kinds: [PhoneNumber], namespaces: {from: Same}, templateNamePrefixes: [a_]}]`,
			at: "spec.allowedReferences[0]", want: "only has a meaning where kinds contains MessageTemplate"},
		{name: "webhook levels without subscriptions", base: waba, patch: `allowedReferences: [{kinds: [PhoneNumber], namespaces: {from: Same}, webhookLevels: [App]}]`,
			at: "spec.allowedReferences[0]", want: "webhookLevels only has a meaning where kinds contains WebhookSubscription"},
		{name: "unknown webhook level", base: waba, patch: `allowedReferences: [{namespaces: {from: Same}, webhookLevels: [Numbers]}]`,
			at: "spec.allowedReferences[0].webhookLevels[0]", want: "Unsupported value"},
		{name: "prefix in upper case", base: waba, patch: `allowedReferences: [{namespaces: {from: Same}, templateNamePrefixes: [Shop]}]`,
			at: "spec.allowedReferences[0].templateNamePrefixes[0]", want: "should match"},
		{name: "approved app without digits", base: waba, patch: `approvedApps: [{id: acme}]`, at: "spec.approvedApps[0].id", want: "1 to 32 digits"},
		{name: "approved app twice", base: waba, patch: `approvedApps: [{id: "1"}, {id: "1"}]`, at: "spec.approvedApps[1]", want: "Duplicate"},
		{name: "creative features", base: waba, patch: `creativeFeatures: [{feature: image_touchups, enrollStatus: OPT_OUT}, {feature: text_formatting_optimization, enrollStatus: OPT_IN}]`},
		{name: "a creative feature that is on", base: waba, patch: `creativeFeatures: [{feature: image_touchups, enrollStatus: "ON"}]`,
			at: "spec.creativeFeatures[0].enrollStatus", want: "Unsupported value"},
		{name: "a creative feature twice", base: waba,
			patch: `creativeFeatures: [{feature: image_touchups, enrollStatus: OPT_OUT}, {feature: image_touchups, enrollStatus: OPT_IN}]`,
			at:    "spec.creativeFeatures[1]", want: "Duplicate"},
		{name: "a catalogue", base: waba, patch: `catalogID: "700123"`},
		{name: "a catalogue by name", base: waba, patch: `catalogID: shop`, at: "spec.catalogID", want: "1 to 32 digits"},
		{name: "insights off", base: waba, patch: `insights: Disabled`, at: "spec.insights", want: "Unsupported value"},
		{name: "unknown policy", base: waba, patch: `managementPolicy: managed`, at: "spec.managementPolicy", want: "Unsupported value"},
	}, changes: []validationCase{
		{name: "another secret", base: waba, patch: `credentialsSecretRef: {name: other}`},
		{name: "another id", base: waba, patch: `id: "1"`, at: "spec.id", want: "id is immutable"},
		{name: "insights on", base: waba, patch: `insights: Enabled`},
		{name: "insights removed", base: waba + "insights: Enabled", patch: `insights: null`, at: "spec", want: "insights can't be switched off again"},
	}}
}
