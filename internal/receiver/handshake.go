// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strconv"

	"k8s.io/apimachinery/pkg/types"
)

// Meta's challenges are numbers. The response repeats the challenge, so it must be harmless text.
var challengePattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,256}$`)

// tokenLimit is the length of the longest verify token that is compared.
const tokenLimit = 4096

// serveHandshake answers the request by which Meta verifies a callback address.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
func (s *Server) serveHandshake(w http.ResponseWriter, r *http.Request, appID string) {
	began := s.options.Clock.Now()
	challenge, matched, o := s.handshake(w, r, appID)
	s.options.Metrics.Handshake(o)
	s.report("handshake", appID, o, began, "subscriptions", len(matched))
	if o != OutcomeAccepted {
		answerOutcome(w, o)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(challenge)))
	if _, err := w.Write([]byte(challenge)); err != nil { //nolint:gosec // plain text of harmless characters: challengePattern
		return // the connection is closed; Meta reports that it couldn't verify the callback
	}
	_ = http.NewResponseController(w).Flush() // Meta gets the response before the handshake is recorded
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), s.options.Limits.RecordTimeout)
	defer cancel()
	s.options.Recorder.Handshake(ctx, matched, began)
}

func (s *Server) handshake(w http.ResponseWriter, r *http.Request, appID string) (string, []types.NamespacedName, Outcome) {
	app, o := s.appFor(r.Context(), appID)
	if o != "" {
		return "", nil, o
	}
	challenge, given, ok := parseHandshake(r.URL.RawQuery)
	if !ok {
		return "", nil, OutcomeRefused
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.options.Limits.WaitTimeout)
	defer cancel()
	admitted := s.admitUnverified(w, cancel)
	defer admitted.Release()

	mark := app.tokens.Mark()
	known, err := app.tokens.Recent(ctx)
	if err == nil && len(known.match(given)) == 0 {
		// The Secret may be newer than the cache: a handshake often follows its change.
		known, err = app.tokens.Since(ctx, mark)
	}
	switch {
	case !admitted.MarkVerified():
		return "", nil, OutcomeBusy
	case err != nil:
		return "", nil, OutcomeUnverifiable
	}
	matched := known.match(given)
	switch {
	case len(matched) > 0:
		return challenge, matched, OutcomeAccepted
	case known.unread:
		return "", nil, OutcomeUnverifiable
	}
	return "", nil, OutcomeRefused
}

// parseHandshake returns the challenge and the verify token of a handshake.
func parseHandshake(query string) (challenge, token string, ok bool) {
	values, err := url.ParseQuery(query)
	if err != nil {
		return "", "", false
	}
	one := func(name string) string {
		if len(values[name]) != 1 {
			return ""
		}
		return values[name][0]
	}
	challenge, token = one("hub.challenge"), one("hub.verify_token")
	return challenge, token, one("hub.mode") == "subscribe" &&
		challengePattern.MatchString(challenge) && token != "" && len(token) <= tokenLimit
}
