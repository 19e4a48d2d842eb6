// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package waba reconciles accounts: it observes each of them as a whole, for all resources of the account.
//
//	reconciler.go      the order of a run, and what an observation is
//	interval.go        when an account is observed
//	status.go          what Meta says, into the status
//	settings.go        the few settings of an account that can be written
//	conditions.go      what Ready means
//	webhook.go         what webhooks report
//	delete.go          waits for resources that need the account for their own deletion
package waba
