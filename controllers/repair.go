// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

const (
	// contestedWindow is the time in which contestedAfter writes of one value mean that somebody keeps undoing them.
	contestedWindow = 24 * time.Hour
	contestedAfter  = 3
)

// massChangeHeld is the result where the account's breaker is open: too many of its resources were about to be written unrequested.
func massChangeHeld() *Result {
	return notSynced(v1alpha1.ReasonMassChangeHeld,
		"too many resources of the account would be written without a change of their spec; check the account, then annotate the WABA with "+
			v1alpha1.AnnotationReleaseHeld).assetUnaffected()
}
