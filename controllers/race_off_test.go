// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package controllers_test

// forgetMany is how many resources of each kind come and go.
const forgetMany = 1000
