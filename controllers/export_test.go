// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

// Known is of how many resources, also such that are gone, something may be kept.
func (r *Reconcilers) Known() int {
	return r.base.Objects.Len()
}
