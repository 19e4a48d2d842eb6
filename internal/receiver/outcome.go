// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"maps"
	"net/http"
	"slices"
)

// Outcome is how a request ended.
type Outcome string

// The outcomes of requests.
const (
	// OutcomeAccepted: a delivery that is recorded, or a handshake with the right token.
	OutcomeAccepted Outcome = "accepted"
	// OutcomeUnparsable: the signature is right, but the body can't be parsed. A retry would fail too.
	OutcomeUnparsable Outcome = "unparsable"
	// OutcomeFailed: the record failed. Meta sends the delivery again, as after all outcomes with the status 503.
	OutcomeFailed Outcome = "failed"
	// OutcomePartial: recorded, except for accounts whose Secret doesn't contain the app secret of the signature yet.
	OutcomePartial Outcome = "partial"
	// OutcomeUnrelayed: recorded, but the relay has no memory for a message in it.
	OutcomeUnrelayed Outcome = "unrelayed"
	// OutcomeUnsigned: no signature, or one of a wrong form.
	OutcomeUnsigned Outcome = "unsigned"
	// OutcomeForged: the signature belongs to none of the app's secrets.
	OutcomeForged Outcome = "forged"
	// OutcomeRefused: a handshake without the right token.
	OutcomeRefused Outcome = "refused"
	// OutcomeTooLarge: the body is larger than any of Meta's.
	OutcomeTooLarge Outcome = "toolarge"
	// OutcomeAborted: the body didn't arrive in time, or not at all.
	OutcomeAborted Outcome = "aborted"
	// OutcomeBusy: a limit is exceeded.
	OutcomeBusy Outcome = "busy"
	// OutcomeUnready: the caches aren't filled yet.
	OutcomeUnready Outcome = "unready"
	// OutcomeUnverifiable: a read of a Secret failed that may contain the app secret or token.
	OutcomeUnverifiable Outcome = "unverifiable"
	// OutcomeUnknownApp: no account of the app has a resource.
	OutcomeUnknownApp Outcome = "unknownapp"
)

// statuses has the HTTP status of each outcome; a response has nothing else about it.
var statuses = map[Outcome]int{
	OutcomeAccepted:     http.StatusOK,
	OutcomeUnparsable:   http.StatusOK,
	OutcomeFailed:       http.StatusServiceUnavailable,
	OutcomePartial:      http.StatusServiceUnavailable,
	OutcomeUnrelayed:    http.StatusServiceUnavailable,
	OutcomeUnsigned:     http.StatusUnauthorized,
	OutcomeForged:       http.StatusUnauthorized,
	OutcomeRefused:      http.StatusForbidden,
	OutcomeTooLarge:     http.StatusRequestEntityTooLarge,
	OutcomeAborted:      http.StatusRequestTimeout,
	OutcomeBusy:         http.StatusServiceUnavailable,
	OutcomeUnready:      http.StatusServiceUnavailable,
	OutcomeUnverifiable: http.StatusServiceUnavailable,
	OutcomeUnknownApp:   http.StatusNotFound,
}

// Outcomes returns all outcomes, sorted.
func Outcomes() []Outcome { return slices.Sorted(maps.Keys(statuses)) }
