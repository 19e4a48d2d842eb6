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

// ServeHTTP answers Meta's requests. Responses to other requests have a status and no body.
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

// answerOutcome writes the response for an outcome.
func answerOutcome(w http.ResponseWriter, o Outcome) { answer(w, statuses[o]) }

// answer writes a response without a body. Where Meta should try again, it has a Retry-After. A refusal closes the connection.
// Otherwise net/http would first read the rest of the request, for up to ReadTimeout, and the connection would count as active: a
// thousand of them would keep out all others.
func answer(w http.ResponseWriter, status int) {
	h := w.Header()
	h.Set("Content-Length", "0")
	h.Set("X-Content-Type-Options", "nosniff")
	if status >= http.StatusBadRequest {
		h.Set("Connection", "close")
		// With the header alone net/http still reads the rest. An error means that it can't read anyway.
		_ = http.NewResponseController(w).SetReadDeadline(time.Unix(1, 0))
	}
	if status == http.StatusServiceUnavailable {
		h.Set("Retry-After", strconv.Itoa(int(retryAfter/time.Second)))
	}
	w.WriteHeader(status)
}

const retryAfter = 5 * time.Second

// appFor finds the app of a request. The request is unverified, so this reads only the cache.
func (s *Server) appFor(ctx context.Context, appID string) (*app, Outcome) {
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

// isReady calls Ready until it returns true; caches don't become empty again.
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

// admitUnverified admits a request whose signature isn't verified yet. An eviction cancels it and ends the read of its body.
func (s *Server) admitUnverified(w http.ResponseWriter, cancel context.CancelFunc) *admission.Admission {
	control := http.NewResponseController(w)
	return s.requests.Admit(func() {
		cancel()
		_ = control.SetReadDeadline(time.Unix(1, 0)) // after an error the read ends with ReadTimeout
	})
}

// report logs the outcome of a request, and samples refusals: forged requests must not fill the disk.
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
