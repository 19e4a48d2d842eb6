// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build race

package receiver

// floodFactor accounts for the race detector, which uses several times the memory.
const floodFactor = 4
