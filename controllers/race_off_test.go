// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

//go:build !race

package controllers_test

import "time"

// applyToPost is how long a new template may take from apply to the call that creates it.
const applyToPost = time.Second

// forgetMany is how many resources of each kind come and go.
const forgetMany = 1000
