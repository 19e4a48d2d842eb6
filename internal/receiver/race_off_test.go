// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package receiver

// floodFactor is 1, as nothing but the server takes memory without the race detector.
const floodFactor = 1
