// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package patience says how long tests wait in real time.
package patience

import "time"

// Limit is how long a test waits for another goroutine, another process or the network before it fails. No test is about this
// time: a busy machine must not come near it.
const Limit = 5 * time.Minute
