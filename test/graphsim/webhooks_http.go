// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
)

const maxCallbackAnswer = 4 << 10 // bytes read of an answer

// MapCallback sends what goes to a host, "hooks.example.com", to a server that really listens, "http://127.0.0.1:4711". An
// empty base undoes it.
func (s *Simulator) MapCallback(host, base string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	next := maps.Clone(s.outbox.hosts)
	if next == nil {
		next = map[string]string{}
	}
	next[host] = base
	if base == "" {
		delete(next, host)
	}
	s.outbox.hosts = next
}

// callbackRequest makes a request to a callback, with query behind what the address has itself. A plus sign in the path
// reaches the receiver as a space (field report).
func (s *Simulator) callbackRequest(ctx context.Context, method, address string, query url.Values, body []byte) (*http.Request, error) {
	u, err := url.Parse(address)
	if err != nil {
		return nil, err
	}
	u.RawPath = strings.ReplaceAll(u.EscapedPath(), "+", "%20")
	if u.Path, err = url.PathUnescape(u.RawPath); err != nil {
		return nil, err
	}
	if len(query) > 0 {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&"+query.Encode(), "&")
	}
	host := u.Host
	if base, err := url.Parse(s.outbox.hosts[host]); err == nil && base.Host != "" {
		u.Scheme, u.Host = base.Scheme, base.Host
	}
	request, err := http.NewRequestWithContext(ctx, method, u.String(), bytes.NewReader(body)) //nolint:gosec // callbacks are what it is for
	if err != nil {
		return nil, err
	}
	request.Host = host
	request.Header.Set("User-Agent", "facebookexternalua")
	return request, nil
}

// ask sends a request and returns status and body, the status 0 when there was no answer. Errors are not passed on: their
// texts hold the address with the verify token.
func (s *Simulator) ask(request *http.Request) (status int, body string) {
	ctx, cancel := context.WithTimeout(request.Context(), callbackTimeout)
	defer cancel()
	answer, err := s.callbackClient.Do(request.WithContext(ctx)) //nolint:gosec // callbacks are what it is for
	if err != nil {
		return 0, ""
	}
	defer func() { _ = answer.Body.Close() }()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxCallbackAnswer))
	if err != nil {
		return 0, ""
	}
	return answer.StatusCode, string(text)
}
