// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package waba reconciles accounts: it observes each of them as a whole, for all resources of the account.
//
//	reconciler.go      what the lifecycle asks of the kind
//	sync.go            when an account is observed, and what follows
//	interval.go        the periods between observations
//	status.go          what Meta says, into the status
//	settings.go        the few settings of an account that can be written
//	conditions.go      what Ready means
//	webhook.go         what webhooks report
//	delete.go          waits for resources that need the account for their own deletion
package waba
