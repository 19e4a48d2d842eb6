// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

const (
	// maxRetryAfter bounds the pause that a target may ask for.
	maxRetryAfter = 5 * time.Minute
	// maxResponse is how much of a response is read, in bytes. A connection can be reused after its response was read.
	maxResponse = 64 << 10
)

func newTransport() http.RoundTripper {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	transport = transport.Clone()
	transport.MaxIdleConnsPerHost = attemptsAtOnce
	transport.DisableCompression = true // the relay ignores the content of responses
	return transport
}

// attempt is the result of one attempt.
type attempt struct {
	outcome    string        // Delivered, Refused or Retried
	retryAfter time.Duration // the target's header
	reason     string        // the cause of a failure, without secrets, for the log
}

// send makes one attempt.
func (q *targetQueue) send(ctx context.Context, p *payload) attempt {
	ctx, cancel := context.WithTimeout(ctx, q.relay.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, q.target.URL, bytes.NewReader(p.body))
	if err != nil {
		return attempt{outcome: Refused, reason: "its URL is invalid"}
	}
	request.Header = p.header.Clone()
	response, err := q.relay.client.Do(request)
	if err != nil {
		return attempt{outcome: Retried, reason: cause(err).Error()}
	}
	// The status decides; an error of the body is ignored.
	_, _ = io.CopyN(io.Discard, response.Body, maxResponse)
	_ = response.Body.Close()
	return resultOf(response, q.relay.options.Clock.Now())
}

// cause returns the error without the address, which may contain a password.
func cause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// resultOf maps a response to a result.
func resultOf(response *http.Response, now time.Time) attempt {
	result := attempt{outcome: Refused, reason: fmt.Sprintf("it answered %d", response.StatusCode)}
	switch code := response.StatusCode; {
	case code >= 200 && code <= 299:
		return attempt{outcome: Delivered}
	case code == http.StatusNotFound, // the response of an ingress during a rollout of the target
		code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		result.outcome = Retried
		result.retryAfter = retryAfter(response.Header.Get("Retry-After"), now)
	}
	return result
}

// retryAfter parses seconds or a date.
//
// Source: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
func retryAfter(value string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		wait = date.Sub(now)
	}
	return min(max(wait, 0), maxRetryAfter)
}
