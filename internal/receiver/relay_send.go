// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

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
	// relayMaxRetryAfter bounds how long a target may ask to be left alone.
	relayMaxRetryAfter = 5 * time.Minute
	// relayMaxAnswer is how much of an answer is read, in bytes, so that its connection can be used again.
	relayMaxAnswer = 64 << 10
)

func newRelayTransport() http.RoundTripper {
	transport, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport
	}
	transport = transport.Clone()
	transport.MaxIdleConnsPerHost = relaySenders
	transport.DisableCompression = true // nobody reads the answers
	return transport
}

// relayResult is what came of one attempt.
type relayResult struct {
	outcome    string        // RelayDelivered, RelayRefused or RelayRetried
	retryAfter time.Duration // which the target asked for
	why        string        // of a failure, fit for a log
}

// send makes one attempt.
func (q *relayQueue) send(ctx context.Context, p *relayPayload) relayResult {
	ctx, cancel := context.WithTimeout(ctx, q.relay.options.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, q.target.URL, bytes.NewReader(p.body))
	if err != nil {
		return relayResult{outcome: RelayRefused, why: "its URL is none"}
	}
	request.Header = p.header.Clone()
	response, err := q.relay.client.Do(request)
	if err != nil {
		return relayResult{outcome: RelayRetried, why: relayCause(err).Error()}
	}
	// The status counts, whether or not the rest of the answer arrives.
	_, _ = io.CopyN(io.Discard, response.Body, relayMaxAnswer)
	_ = response.Body.Close()
	return relayResultOf(response, q.relay.options.Clock.Now())
}

// relayCause drops the address, in which there may be a password of the target.
func relayCause(err error) error {
	var wrapped *url.Error
	if errors.As(err, &wrapped) {
		return wrapped.Err
	}
	return err
}

// relayResultOf gives every answer a meaning.
func relayResultOf(response *http.Response, now time.Time) relayResult {
	result := relayResult{outcome: RelayRefused, why: fmt.Sprintf("it answered %d", response.StatusCode)}
	switch code := response.StatusCode; {
	case code >= 200 && code <= 299:
		return relayResult{outcome: RelayDelivered}
	case code == http.StatusNotFound, // what an ingress says while the target is being rolled out
		code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		result.outcome = RelayRetried
		result.retryAfter = relayRetryAfter(response.Header.Get("Retry-After"), now)
	}
	return result
}

// retryAfter understands seconds and dates.
//
// Source: https://www.rfc-editor.org/rfc/rfc9110#field.retry-after
func relayRetryAfter(value string, now time.Time) time.Duration {
	var wait time.Duration
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if date, err := http.ParseTime(value); err == nil {
		wait = date.Sub(now)
	}
	return min(max(wait, 0), relayMaxRetryAfter)
}
