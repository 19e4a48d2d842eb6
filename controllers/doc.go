// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package controllers wires the reconcilers of all kinds: setup.go builds them, watches*.go says what wakes whom. What they share is in
// package lifecycle, and each kind has a package of its own.
package controllers
