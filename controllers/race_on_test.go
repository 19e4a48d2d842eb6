// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build race

package controllers_test

import "time"

// applyToPost allows for the race detector, which slows everything down several times.
const applyToPost = 5 * time.Second

// forgetMany is less than without the race detector, for the same reason.
const forgetMany = 100
