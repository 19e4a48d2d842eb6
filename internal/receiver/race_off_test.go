// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package receiver

// floodFactor is 1 without the race detector.
const floodFactor = 1
