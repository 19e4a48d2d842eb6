// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"time"
)

// request is one call before it becomes HTTP.
type request struct {
	op          Operation
	path        string // below the version, beginning with a slash
	account     string // account for the usage headers; "" = not known
	query       url.Values
	header      map[string]string // replaces the usual values
	body        *io.SectionReader // nil = none; only read at offsets, so that it can be sent again
	contentType string
	secrets     []string // PINs and codes in the body, which no error may contain; unlike the token they are not stored
	texts       []string // other secrets of this call: verify tokens and the app's own access token
	token       string   // the access token; "" = the client's
	proof       string   // the proof of that token
}

// inMemory is the body of a request that was built in memory.
func inMemory(data []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(data), 0, int64(len(data)))
}

// slowestBody is the rate, in bytes per second, at which a body must be sent at least.
const slowestBody = 256 << 10

// timeLimit bounds one exchange. Only the bodies of uploads make a difference.
func (c *Client) timeLimit(r request) time.Duration {
	if r.body == nil {
		return c.timeout
	}
	return c.timeout + time.Duration(r.body.Size()/slowestBody)*time.Second
}

// callResult is the result of one HTTP exchange.
type callResult struct {
	status int
	header http.Header
	usage  Usage
	trace  string
	err    *Error
}

// do asks the rate limiter, makes one HTTP exchange, decodes the answer and reports it. An error of decode that is no *Error
// means an answer of unknown form.
func (c *Client) do(ctx context.Context, r request, decode func(any) error) error {
	if c.limiter != nil {
		if err := c.limiter.Before(r.op); err != nil {
			c.log.V(4).Info("Graph call refused by the rate limiter", "op", r.op, "error", err.Error())
			return err
		}
	}
	start := c.clock.Now()
	out := c.exchange(ctx, r, decode)
	out.removeSecrets(r)
	if out.err != nil {
		out.addAnswerData(r.op)
	}
	c.report(r.op, out, c.clock.Since(start))
	if out.err != nil {
		return out.err
	}
	return nil
}

// removeSecrets removes the secrets of one call from all texts that may be shown or logged.
func (o *callResult) removeSecrets(r request) {
	if len(r.secrets) == 0 && len(r.texts) == 0 {
		return
	}
	clean := func(text string) string { return withoutTexts(withoutDigits(text, r.secrets), r.texts) }
	o.trace = clean(o.trace)
	e := o.err
	if e == nil {
		return
	}
	for _, text := range []*string{&e.Type, &e.Message, &e.UserTitle, &e.UserMessage, &e.Details, &e.TraceID} {
		*text = clean(*text)
	}
	for i := range e.BlameFields {
		e.BlameFields[i] = clean(e.BlameFields[i])
	}
	if e.Err != nil {
		e.Err = &networkError{text: clean(e.Err.Error()), cause: errors.Unwrap(e.Err)}
	}
}

// addAnswerData adds to the error what isn't in the body of the answer.
func (o *callResult) addAnswerData(op Operation) {
	o.err.Op = op
	if o.err.HTTPStatus == 0 { // else it is that of an item of a batch
		o.err.HTTPStatus = o.status
	}
	if o.err.TraceID == "" {
		o.err.TraceID = o.trace
	}
	o.trace = o.err.TraceID
	o.err.RetryAfter = max(o.err.RetryAfter, retryAfter(o.header))
	if o.err.Class == ClassThrottled {
		o.err.RetryAfter = max(o.err.RetryAfter, o.usage.RegainAfter)
	}
}

// report informs the rate limiter, the metrics and the log. The log has neither the path nor the body; the error's text was
// redacted.
func (c *Client) report(op Operation, out callResult, duration time.Duration) {
	info := CallInfo{Op: op, HTTPStatus: out.status, Duration: duration}
	var err error // stays a nil interface on success
	if out.err != nil {
		err, info.Class, info.Code = out.err, out.err.Class, out.err.Code
	}
	if log := c.log.V(4); log.Enabled() {
		log.Info("Graph call", append([]any{
			"op", op, "status", out.status, "duration", duration.String(), "fbtrace_id", out.trace,
		}, resultOf(out.err)...)...)
	}
	if c.observe != nil {
		c.observe(info)
	}
	if c.limiter != nil {
		c.limiter.After(op, out.usage, err)
	}
}

// resultOf returns the log values for the result of a call.
func resultOf(e *Error) []any {
	if e == nil {
		return []any{"result", "ok"}
	}
	return []any{"result", e.Class, "cause", e.Cause, "code", e.Code, "subcode", e.Subcode, "error", e.Error()}
}

func (c *Client) exchange(ctx context.Context, r request, decode func(any) error) (out callResult) {
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, operationKey{}, r.op), c.timeLimit(r))
	defer cancel()
	req, err := c.httpRequest(ctx, r)
	if err != nil {
		out.err = c.networkError(ctx, err)
		return out
	}
	res, err := c.http.Do(req)
	if err != nil {
		out.err = c.networkError(ctx, err)
		return out
	}
	defer func() { _ = res.Body.Close() }()
	out.status, out.header = res.StatusCode, res.Header
	out.usage = usageFrom(res.Header, cmp.Or(r.account, c.account))
	if r.op.OfApp() {
		out.usage = Usage{AppPercent: out.usage.AppPercent}
	}
	out.trace = c.redact.text(res.Header.Get("X-Fb-Trace-Id"))
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBody+1))
	switch {
	case err != nil:
		out.err = c.networkError(ctx, err)
	case len(body) > maxBody:
		out.err = &Error{Class: ClassTransient, Cause: CauseReduceData, Message: "the answer is too large"}
	default:
		out.err = c.decodeAnswer(r.op, res.StatusCode, body, decode)
	}
	return out
}

func (c *Client) decodeAnswer(op Operation, status int, body []byte, decode func(any) error) *Error {
	value, failure := c.interpret(op, status, body)
	if failure != nil {
		return failure
	}
	err := decode(value)
	if err == nil {
		return nil
	}
	if failure, ok := AsError(err); ok {
		return failure
	}
	return badAnswer(ClassTransient, c.redact.text(err.Error()))
}

func (c *Client) httpRequest(ctx context.Context, r request) (*http.Request, error) {
	query := url.Values{}
	for key, values := range r.query {
		query[key] = values
	}
	// Query, form and JSON parameters are alike to Graph; beside a form the proof goes into the form.
	proof := c.proof
	if r.token != "" {
		proof = r.proof
	}
	if proof != "" && r.contentType != contentForm {
		query.Set("appsecret_proof", proof)
	}
	target := c.base + r.path
	if len(query) > 0 {
		target += "?" + query.Encode()
	}
	req, err := http.NewRequestWithContext(ctx, operations[r.op].method, target, nil)
	if err != nil {
		return nil, err
	}
	if r.body != nil {
		attach(req, r.body)
	}
	req.Header.Set("Authorization", "Bearer "+cmp.Or(r.token, c.token))
	req.Header.Set("User-Agent", c.userAgent)
	req.Header.Set("Accept", "application/json")
	if r.contentType != "" {
		req.Header.Set("Content-Type", r.contentType)
	}
	for name, value := range r.header {
		req.Header.Set(name, value)
	}
	return req, nil
}

// attach streams a body, with its length. GetBody lets Go's client take another connection where the first turned out to
// be closed before anything was sent.
func attach(req *http.Request, body *io.SectionReader) {
	size := body.Size()
	if size == 0 {
		req.Body = http.NoBody // anything else without length would be sent in chunks
		return
	}
	req.ContentLength = size
	req.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(io.NewSectionReader(body, 0, size)), nil }
	req.Body = io.NopCloser(io.NewSectionReader(body, 0, size))
}

const (
	contentJSON = "application/json"
	contentForm = "application/x-www-form-urlencoded"
	contentFile = "application/octet-stream"
)

// networkError makes an *Error of a failed exchange. The request may still have been executed.
func (c *Client) networkError(ctx context.Context, err error) *Error {
	cause := CauseNetwork
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() || errors.Is(err, context.DeadlineExceeded) {
		cause = CauseTimeout
	}
	return &Error{Class: ClassTransient, Cause: cause, Err: c.withoutURL(ctx, err)}
}

// networkError is a network error without URL. It unwraps to nothing but the context's errors, so that no caller can
// print the original.
type networkError struct {
	text  string
	cause error
}

func (e *networkError) Error() string { return e.text }
func (e *networkError) Unwrap() error { return e.cause }

// localPort is the only part of a dial error that differs between two equal failures.
var localPort = regexp.MustCompile(`\S+:\d+->`)

func (c *Client) withoutURL(ctx context.Context, err error) error {
	var wrapped *url.Error // its text begins with method and URL
	for errors.As(err, &wrapped) && wrapped.Err != nil {
		err = wrapped.Err
	}
	out := &networkError{text: localPort.ReplaceAllString(c.redact.text(err.Error()), "")}
	switch {
	case errors.Is(ctx.Err(), context.Canceled) || errors.Is(err, context.Canceled):
		out.cause = context.Canceled
	case errors.Is(ctx.Err(), context.DeadlineExceeded) || errors.Is(err, context.DeadlineExceeded):
		out.cause = context.DeadlineExceeded
	}
	return out
}
