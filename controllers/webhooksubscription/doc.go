// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package webhooksubscription reconciles webhook subscriptions: what is particular to them, on top of the lifecycle.
//
//	reconciler.go      what the lifecycle asks of the kind
//	lookup.go          what is set at Meta
//	routes.go          pure decisions: which address gets which events, and what has to be written
//	apply.go           the writes
//	consent.go         whose agreement a write needs
//	guard.go           accounts whose messages a write would divert
//	delete.go          takes back what was set
package webhooksubscription
