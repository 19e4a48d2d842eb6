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

// Meta's challenges are numbers. What is echoed must not be able to be anything else than text.
var challengePattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,256}$`)

// tokenLimit is the length up to which a verify token is compared.
const tokenLimit = 4096

// serveHandshake answers the request by which Meta makes sure that a callback belongs to who set it.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/create-webhook-endpoint
func (s *Server) serveHandshake(w http.ResponseWriter, r *http.Request, appID string) {
	began := s.options.Clock.Now()
	challenge, matched, o := s.handshake(w, r, appID)
	s.options.Metrics.Handshake(o)
	s.report("handshake", appID, o, began, "subscriptions", len(matched))
	if o != OutcomeAccepted {
		conclude(w, o)
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Content-Length", strconv.Itoa(len(challenge)))
	if _, err := w.Write([]byte(challenge)); err != nil { //nolint:gosec // plain text of harmless characters: challengePattern
		return // Meta is gone and will say that the callback couldn't be verified
	}
	_ = http.NewResponseController(w).Flush() // Meta needn't wait for our own notes
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), s.options.Limits.RecordTimeout)
	defer cancel()
	s.options.Recorder.Handshake(ctx, matched, began)
}

func (s *Server) handshake(w http.ResponseWriter, r *http.Request, appID string) (string, []types.NamespacedName, Outcome) {
	app, o := s.admit(r.Context(), appID)
	if o != "" {
		return "", nil, o
	}
	challenge, given, ok := question(r.URL.RawQuery)
	if !ok {
		return "", nil, OutcomeRefused
	}
	ctx, cancel := context.WithTimeout(r.Context(), s.options.Limits.Patience)
	defer cancel()
	admitted := s.enter(w, cancel)
	defer admitted.Release()

	mark := app.tokens.Mark()
	known, err := app.tokens.Recent(ctx)
	if err == nil && len(known.match(given)) == 0 {
		// Somebody may have changed the Secret a moment ago: that is why Meta asks.
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

// question returns the challenge and the verify token of a handshake.
func question(query string) (challenge, token string, ok bool) {
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
