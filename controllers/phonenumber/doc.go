// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package phonenumber reconciles phone numbers: what is particular to them, on top of the lifecycle.
//
//	reconciler.go      what the lifecycle asks of the kind
//	sync.go            lookup, observation, and the order of the steps
//	steps.go           pure decisions: display name, code, registration
//	add.go             adds a number to the account
//	register.go        codes and registration
//	pin.go             two-step verification PIN and data localization region
//	call_log.go        scarce calls, kept in the account's status
//	settings*.go       profile, commerce, automation, calling and so on, section by section
//	conditions.go      what Ready means
//	webhook.go         what webhooks report
//	delete.go          deregistration
package phonenumber
