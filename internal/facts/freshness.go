// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"slices"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// APILag is how long after its receipt an event outweighs observations: Meta's API lags behind Meta's events.
const APILag = time.Minute

// EventOf returns the newest event of a field, nil when there was none.
func EventOf(events []v1alpha1.WebhookEvent, field string) *v1alpha1.WebhookEvent {
	if i := slices.IndexFunc(events, func(e v1alpha1.WebhookEvent) bool { return e.Field == field }); i >= 0 {
		return &events[i]
	}
	return nil
}

// ReceivedAt is when the operator received an event.
func ReceivedAt(e *v1alpha1.WebhookEvent) time.Time {
	if e.ReceivedTime == nil {
		return e.Time.Time
	}
	return e.ReceivedTime.Time
}

// Outweighs reports whether an event takes precedence over an observation. It does until an observation starts at least APILag
// after the event was received.
func Outweighs(e *v1alpha1.WebhookEvent, observed time.Time) bool {
	return e != nil && observed.Before(ReceivedAt(e).Add(APILag))
}
