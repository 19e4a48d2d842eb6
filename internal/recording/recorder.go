// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package recording keeps what Meta answers, removes from it whatever identifies the account, and answers again as Meta did.
package recording

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"sync"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// maxBody bounds the part of an answer that is kept, in bytes.
const maxBody = 16 << 20

// Exchange is one call and its answer, as they were. The request's headers and body, where tokens are, aren't kept.
type Exchange struct {
	Operation graph.Operation
	Method    string
	Path      string
	Query     url.Values
	Status    int
	Header    http.Header
	Body      []byte
}

// Recorder is a transport that keeps all exchanges. It is safe for concurrent use.
type Recorder struct {
	next      http.RoundTripper
	mu        sync.Mutex
	exchanges []Exchange
}

// NewRecorder returns a Recorder whose calls are made by next.
func NewRecorder(next http.RoundTripper) *Recorder { return &Recorder{next: next} }

// RoundTrip makes a call and keeps its answer.
func (r *Recorder) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := r.next.RoundTrip(req)
	if err != nil {
		return res, err
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	closeErr := res.Body.Close()
	if err != nil {
		return nil, fmt.Errorf("reading the answer: %w", err)
	}
	if closeErr != nil {
		return nil, fmt.Errorf("reading the answer: %w", closeErr)
	}
	res.Body = io.NopCloser(bytes.NewReader(body))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.exchanges = append(r.exchanges, Exchange{
		Operation: graph.OperationFrom(req.Context()), Method: req.Method, Path: req.URL.EscapedPath(), Query: withoutSecrets(req.URL.Query()),
		Status: res.StatusCode, Header: res.Header.Clone(), Body: body,
	})
	return res, nil
}

// withoutSecrets removes the parameters with which a call could be made.
func withoutSecrets(query url.Values) url.Values {
	for _, name := range []string{"access_token", "appsecret_proof", "input_token", "sig"} {
		query.Del(name)
	}
	return query
}

// Exchanges returns all exchanges so far, in their order.
func (r *Recorder) Exchanges() []Exchange {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Exchange(nil), r.exchanges...)
}
