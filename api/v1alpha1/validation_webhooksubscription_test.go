// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import "strings"

const subscription = `
wabaRef: {name: acme}
app: {delivery: Operator, verifyTokenSecretRef: {name: tokens, key: operator}}
`

func webhookSubscriptionCases() kindCases {
	const token = `verifyTokenSecretRef: {name: tokens, key: bot}`
	return kindCases{kind: "WebhookSubscription", creates: []validationCase{
		{name: "account only", base: subscription, patch: `app: null`},
		{name: "every field", base: subscription, patch: `
app: {delivery: Custom, callbackURL: "https://bot.acme.example/wa", ` + token + `, fields: [account_update, messages], takeover: Always}
messages: {callbackURL: "https://bot.acme.example:8443/wa/1", ` + token + `}
phoneNumbers: [{phoneNumberRef: {name: support}, callbackURL: "https://bot.acme.example", ` + token + `}]
deletionPolicy: Delete
managementPolicy: Managed
driftPolicy: Repair`},
		{name: "observed without token", base: subscription, patch: "app: {delivery: Operator}\nmanagementPolicy: Observed"},
		{name: "no token", base: subscription, patch: `app: {delivery: Operator}`, at: "spec", want: "verifyTokenSecretRef is needed"},
		{name: "custom without address", base: subscription, patch: `app: {delivery: Custom, ` + token + `}`, at: "spec.app", want: "set callbackURL exactly when"},
		{name: "operator with address", base: subscription, patch: `app: {delivery: Operator, callbackURL: "https://a.example", ` + token + `}`,
			at: "spec.app", want: "set callbackURL exactly when"},
		{name: "app over http", base: subscription, patch: `app: {delivery: Custom, callbackURL: "http://a.example", ` + token + `}`,
			at: "spec.app.callbackURL", want: "callbackURL must be an https address"},
		{name: "plus sign", base: subscription, patch: `messages: {callbackURL: "https://a.example/a+b", ` + token + `}`,
			at: "spec.messages.callbackURL", want: "callbackURL must be an https address"},
		{name: "user name", base: subscription, patch: `messages: {callbackURL: "https://u@a.example/", ` + token + `}`,
			at: "spec.messages.callbackURL", want: "callbackURL must be an https address"},
		{name: "address too long", base: subscription, patch: `messages: {callbackURL: "https://a.example/` + strings.Repeat("a", 200) + `", ` + token + `}`,
			at: "spec.messages.callbackURL", want: "200"},
		{name: "override without token", base: subscription, patch: `messages: {callbackURL: "https://a.example/"}`,
			at: "spec.messages.verifyTokenSecretRef", want: "Required"},
		{name: "number over http", base: subscription, patch: `phoneNumbers: [{phoneNumberRef: {name: a}, callbackURL: "http://a.example", ` + token + `}]`,
			at: "spec.phoneNumbers[0].callbackURL", want: "callbackURL must be an https address"},
		{name: "number twice", base: subscription, patch: `
phoneNumbers:
- {phoneNumberRef: {name: a}, callbackURL: "https://a.example", ` + token + `}
- {phoneNumberRef: {name: a}, callbackURL: "https://b.example", ` + token + `}`, at: "spec.phoneNumbers", want: "only once"},
		{name: "field in upper case", base: subscription, patch: `app: {delivery: Operator, ` + token + `, fields: [Messages]}`,
			at: "spec.app.fields[0]", want: "should match"},
	}, changes: []validationCase{
		{name: "messages", base: subscription, patch: `messages: {callbackURL: "https://a.example/", ` + token + `}`},
		{name: "another namespace of the account", base: strings.Replace(subscription, "{name: acme}", "{name: acme, namespace: platform}", 1), patch: `wabaRef: {name: acme, namespace: other}`, at: "spec.wabaRef.namespace", want: "wabaRef is immutable"},
		{name: "another account", base: subscription, patch: `wabaRef: {name: other}`, at: "spec.wabaRef.name", want: "wabaRef is immutable"},
	}}
}
