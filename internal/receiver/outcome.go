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
	// OutcomeAccepted: a delivery that is written down, or a handshake with the right token.
	OutcomeAccepted Outcome = "accepted"
	// OutcomeUnparsable: signed, but nothing that can be understood. To send it again wouldn't help.
	OutcomeUnparsable Outcome = "unparsable"
	// OutcomeFailed: it couldn't be written down. Meta will send it again, as after all outcomes that are answered with 503.
	OutcomeFailed Outcome = "failed"
	// OutcomePartial: written down but for accounts whose Secret doesn't hold the app secret that signed it.
	OutcomePartial Outcome = "partial"
	// OutcomeUnrelayed: written down, but a message in it has no room in the relay.
	OutcomeUnrelayed Outcome = "unrelayed"
	// OutcomeUnsigned: no signature, or none of the proper form.
	OutcomeUnsigned Outcome = "unsigned"
	// OutcomeForged: none of the app's secrets made the signature.
	OutcomeForged Outcome = "forged"
	// OutcomeRefused: a handshake without the right token.
	OutcomeRefused Outcome = "refused"
	// OutcomeTooLarge: larger than anything Meta sends.
	OutcomeTooLarge Outcome = "toolarge"
	// OutcomeAborted: the body didn't arrive in time, or not at all.
	OutcomeAborted Outcome = "aborted"
	// OutcomeBusy: too much else to do.
	OutcomeBusy Outcome = "busy"
	// OutcomeUnready: the caches aren't filled yet.
	OutcomeUnready Outcome = "unready"
	// OutcomeUnverifiable: a Secret that may be needed can't be read.
	OutcomeUnverifiable Outcome = "unverifiable"
	// OutcomeUnknownApp: no account of the app has a resource here.
	OutcomeUnknownApp Outcome = "unknownapp"
)

// statuses are what the caller gets to know about the outcome.
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

// Outcomes returns all outcomes there are, sorted.
func Outcomes() []Outcome { return slices.Sorted(maps.Keys(statuses)) }
