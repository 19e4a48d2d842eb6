// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package plan says what the operator would do to Meta for manifests that aren't applied yet. It decides nothing itself: it runs
// the operator's reconcilers, which only read, over a copy of the cluster in memory in which the manifests are applied. It
// collects the writes that they withhold and the conditions of each resource.
package plan
