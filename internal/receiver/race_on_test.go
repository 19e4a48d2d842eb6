// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build race

package receiver

// floodFactor is for the race detector, which takes several times the memory.
const floodFactor = 4
