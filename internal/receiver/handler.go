// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"net/http"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/internal/receiver/admission"
)

// PathPrefix is the path of the receiver; the id of the Meta app follows.
const PathPrefix = "/webhooks/"

var appIDPattern = regexp.MustCompile(`^[0-9]{1,32}$`)

// ServeHTTP answers Meta, and tells everybody else nothing.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.conns.RequestStarted(r.Context())
	appID, ok := appOf(r.URL)
	switch {
	case !ok:
		answer(w, http.StatusNotFound)
	case r.Method == http.MethodPost:
		s.serveDelivery(w, r, appID)
	case r.Method == http.MethodGet:
		s.serveHandshake(w, r, appID)
	default:
		w.Header().Set("Allow", "GET, POST")
		answer(w, http.StatusMethodNotAllowed)
	}
}

func appOf(u *url.URL) (string, bool) {
	id, ok := strings.CutPrefix(u.EscapedPath(), PathPrefix)
	return id, ok && appIDPattern.MatchString(id)
}

// conclude answers with the status of an outcome.
func conclude(w http.ResponseWriter, o Outcome) { answer(w, statuses[o]) }

// answer has no body. Where Meta should try again it needn't do so at once. A refusal ends its connection: net/http would
// otherwise hold the answer back and read what is left of the request for as long as ReadTimeout, and such connections count as
// busy, so that a thousand of them keep out everybody else.
func answer(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Length", "0")
	h.Set("X-Content-Type-Options", "nosniff")
	if status >= http.StatusBadRequest {
		h.Set("Connection", "close")
		// Without it, "close" alone reads on. An error means that nothing can be read anyway.
		_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
	}
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	}
	w.WriteHeader(status)
}

const retryAfter = 5 * time.Second

// admit finds the app of a request. It costs next to nothing, as anybody may ask.
func (s *Server) admit(ctx context.Context, appID string) (*app, Outcome) {
	if !s.isReady(ctx) {
		return nil, OutcomeUnready
	}
	found, err := s.apps.find(ctx, appID)
	switch {
	case err != nil:
		return nil, OutcomeUnverifiable
	case found == nil:
		return nil, OutcomeUnknownApp
	}
	return found, ""
}

// isReady asks until the answer is yes; caches don't empty again.
func (s *Server) isReady(ctx context.Context) bool {
	if !s.ready.Load() {
		ctx, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		if !s.options.Ready(ctx) {
			return false
		}
		s.ready.Store(true)
	}
	return true
}

// enter lets an unproven request in. When it has to go again, it is cancelled and gets no more of its body.
func (s *Server) enter(w http.ResponseWriter, cancel context.CancelFunc) *admission.Admission {
	control := http.NewResponseController(w)
	return s.requests.Admit(func() {
		cancel()
		_ = control.SetReadDeadline(time.Unix(1, 0)) // whoever can't be interrupted ends with ReadTimeout
	})
}

// report logs how a request ended. Refusals are for strangers to cause, who mustn't be able to fill the disk.
func (s *Server) report(what, appID string, o Outcome, began time.Time, more ...any) time.Duration {
	took := s.options.Clock.Since(began)
	values := append([]any{"app", appID, "outcome", string(o), "seconds", took.Seconds()}, more...)
	if o == OutcomeAccepted {
		s.options.Log.V(2).Info(what, values...)
	} else if ok, dropped := s.refusals.next(); ok {
		s.options.Log.V(1).Info(what, append(values, "unreported", dropped)...)
	}
	return took
}
