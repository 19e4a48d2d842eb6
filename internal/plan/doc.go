// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan says what the operator would do to Meta for manifests that nobody has applied yet. It decides nothing itself: it
// runs the operator's reconcilers, which only read, over a copy of the cluster in memory in which the manifests are applied, and
// collects which writes they withhold and what they say of each resource.
package plan
