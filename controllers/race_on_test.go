// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build race

package controllers_test

// forgetMany is less than without the race detector, which slows everything down several times.
const forgetMany = 100
