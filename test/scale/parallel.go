// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"golang.org/x/sync/errgroup"
)

// workers is how many resources of each kind the operator reconciles at the same time.
const workers = 8

// inParallel calls f for 0 to n-1, from as many workers as the operator has, until one call fails.
func inParallel(n int, f func(int) error) error {
	var group errgroup.Group
	group.SetLimit(workers)
	for i := range n {
		group.Go(func() error { return f(i) })
	}
	return group.Wait()
}
