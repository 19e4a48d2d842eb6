// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package messagetemplate reconciles message templates: what is particular to them, on top of the lifecycle.
//
//	reconciler.go      what the lifecycle asks of the kind
//	plan.go            what follows from the observed and the desired template: ownership, changes, drift
//	sync.go            lookup, and execution of the plan
//	create.go          creates, and what is known of one whose answer was lost
//	edit.go            edits, and Meta's budget of them
//	samples.go         files of media headers
//	conditions.go      what Ready means
//	webhook.go         what webhooks report
//	status_timing.go   since when a status lasts, and until when
//	siblings.go        languages of one name
//	revive.go          requests to bring paused and archived templates back
//	delete.go          deletion at Meta
package messagetemplate
