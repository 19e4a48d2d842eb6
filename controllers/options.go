// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import "github.com/waba-operator/waba-operator/controllers/lifecycle"

// What callers of this package give to it.
type (
	// Options configure the controllers.
	Options = lifecycle.Options
	// Parts are what reconcilers read from and write to in Kubernetes.
	Parts = lifecycle.Parts
	// Metrics counts and measures what only the controllers know.
	Metrics = lifecycle.Metrics
	// Intent is a write to Meta that isn't made because the operator only reads.
	Intent = lifecycle.Intent
	// Comparison is what a resource should be at Meta, and what it is there.
	Comparison = lifecycle.Comparison
)
