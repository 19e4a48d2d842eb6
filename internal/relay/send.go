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
	// maxRetryAfter bounds how long a target may ask to be left alone.
	maxRetryAfter = 5 * time.Minute
	// maxAnswer is how much of an answer is read, in bytes, so that its connection can be used again.
	maxAnswer = 64 << 10
)

func newTransport() http.RoundTripper {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	transport = transport.Clone()
	transport.MaxIdleConnsPerHost = attemptsAtOnce
	transport.DisableCompression = true // nobody reads the answers
	return transport
}

// attempt is how one attempt ended.
type attempt struct {
	outcome    string        // Delivered, Refused or Retried
	retryAfter time.Duration // which the target asked for
	why        string        // of a failure, fit for a log
}

// send makes one attempt.
func (q *targetQueue) send(ctx context.Context, p *payload) attempt {
	ctx, cancel := context.WithTimeout(ctx, q.relay.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, q.target.URL, bytes.NewReader(p.body))
	if err != nil {
		return attempt{outcome: Refused, why: "its URL is none"}
	}
	request.Header = p.header.Clone()
	response, err := q.relay.client.Do(request)
	if err != nil {
		return attempt{outcome: Retried, why: cause(err).Error()}
	}
	// The status counts, whether or not the rest of the answer arrives.
	_, _ = io.CopyN(io.Discard, response.Body, maxAnswer)
	_ = response.Body.Close()
	return resultOf(response, q.relay.options.Clock.Now())
}

// cause drops the address, in which there may be a password of the target.
func cause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// resultOf gives every answer a meaning.
func resultOf(response *http.Response, now time.Time) attempt {
	result := attempt{outcome: Refused, why: fmt.Sprintf("it answered %d", response.StatusCode)}
	switch code := response.StatusCode; {
	case code >= 200 && code <= 299:
		return attempt{outcome: Delivered}
	case code == http.StatusNotFound, // what an ingress says while the target is being rolled out
		code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		result.outcome = Retried
		result.retryAfter = retryAfter(response.Header.Get("Retry-After"), now)
	}
	return result
}

// retryAfter understands seconds and dates.
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
