// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// ContestedAfter writes of one value within ContestedWindow that somebody undid mean that the value is contested.
const (
	ContestedAfter  = 3
	ContestedWindow = 24 * time.Hour
)

// BulkChangeHeld is the result where the account's breaker is open: too many of its resources were about to be written unrequested.
func BulkChangeHeld() *Result {
	return NotSynced(v1alpha1.ReasonBulkChangeHeld,
		"too many resources of the account would be written without a change of their spec; check the account, then annotate the WABA with "+
			v1alpha1.AnnotationReleaseHeld).AssetUnaffected()
}
