// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"slices"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// Window is how long after its receipt a fact wins over what Meta's API shows, which lags behind Meta's events.
const Window = time.Minute

// EventOf returns the newest event of a field, nil when there was none.
func EventOf(events []v1alpha1.WebhookEvent, field string) *v1alpha1.WebhookEvent {
	if i := slices.IndexFunc(events, func(e v1alpha1.WebhookEvent) bool { return e.Field == field }); i >= 0 {
		return &events[i]
	}
	return nil
}

// Receipt is when the operator received an event.
func Receipt(e *v1alpha1.WebhookEvent) time.Time {
	if e.ReceivedTime == nil {
		return e.Time.Time
	}
	return e.ReceivedTime.Time
}

// Wins reports that what an event reported wins over what an observation saw: until one begun a Window or more after its receipt.
func Wins(e *v1alpha1.WebhookEvent, observed time.Time) bool {
	return e != nil && observed.Before(Receipt(e).Add(Window))
}
