// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"time"
)

const maxBody = 8 << 20 // bytes

// call is one Graph call, alone or an item of a batch.
type call struct {
	request *http.Request // of the batch for an item
	method  string
	path    string // without version, "/123/message_templates"
	version string // "v25.0", empty when the path had none
	query   url.Values
	form    url.Values
	fields  map[string]json.RawMessage // of a JSON body
	body    []byte
	bearer  string // inherited from the batch for an item
	scheme  string // of the Authorization header, empty when the token came otherwise
	torn    bool   // only a part of the body came
	proof   string

	// found by route and authenticate
	op       string
	write    bool
	key      string // statistics key of creates and edits
	account  *account
	template *template
	number   *number
	app      *App
	upload   *upload
	handler  func(*call) (any, *apiError)
	token    *token
	appToken *App
	header   http.Header
	now      time.Time
	commit   []commitment
}

// commitment is something that took effect, for the statistics.
type commitment struct{ op, key string }

type reply struct {
	status        int
	code, subcode int
	header        http.Header
	body          []byte
	cut           bool
}

var versionPattern = regexp.MustCompile(`^v[0-9]+\.[0-9]+$`)

// ServeHTTP serves the Graph API, and the admin API below /_sim/.
func (s *Simulator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path, "/_sim/") {
		s.serveAdmin(w, r)
		return
	}
	s.noteLeaks(r)
	s.pause(r.Context(), s.latency)
	body, torn, err := readBody(w, r)
	if err != nil {
		s.send(w, errorReply(&apiError{Code: 1, Message: "An unknown error occurred"}, s.lockedTraceID()))
		return
	}
	c := newCall(r, r.Method, r.URL.EscapedPath(), r.URL.Query(), r.Header.Get("Content-Type"), body)
	c.torn = torn
	scheme, header := bearerOf(r)
	c.scheme, c.bearer = scheme, c.anyToken(header)
	c.proof = c.param("appsecret_proof")
	if c.path == "/" && c.method == http.MethodPost {
		s.send(w, s.doBatch(r.Context(), c))
		return
	}
	s.send(w, s.do(r.Context(), c))
}

// readBody reads a body. What a client sent before it was gone counts for an upload, and for nothing else.
func readBody(w http.ResponseWriter, r *http.Request) (body []byte, torn bool, err error) {
	toSession, limit := uploadPath(r.URL.Path), int64(maxBody)
	if toSession {
		limit = maxUpload
	}
	body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	var tooLarge *http.MaxBytesError
	if err != nil && toSession && !errors.As(err, &tooLarge) {
		return body, true, nil
	}
	return body, false, err
}

func bearerOf(r *http.Request) (scheme, token string) {
	for _, scheme := range []string{"Bearer", "OAuth"} {
		if v, ok := strings.CutPrefix(r.Header.Get("Authorization"), scheme+" "); ok {
			return scheme, strings.TrimSpace(v)
		}
	}
	return "", ""
}

func newCall(r *http.Request, method, path string, query url.Values, contentType string, body []byte) *call {
	c := &call{request: r, method: strings.ToUpper(method), query: query, form: url.Values{}, body: body, header: http.Header{}}
	segments := strings.Split(strings.Trim(path, "/"), "/")
	if versionPattern.MatchString(segments[0]) {
		c.version, segments = segments[0], segments[1:]
	}
	c.path = "/" + strings.Join(segments, "/")
	switch {
	case len(body) == 0, uploadPath(c.path): // a file holds no parameters
	case strings.HasPrefix(contentType, "application/json"), contentType == "" && body[0] == '{':
		_ = json.Unmarshal(body, &c.fields) // not an object: no parameters, as at Meta
	case strings.HasPrefix(contentType, "multipart/form-data"):
		c.form = multipartForm(contentType, body)
	default:
		if v, err := url.ParseQuery(string(body)); err == nil {
			c.form = v
		}
	}
	return c
}

// anyToken returns the header's token, else the parameter's.
func (c *call) anyToken(header string) string {
	if header != "" {
		return header
	}
	return c.param("access_token")
}

// raw returns a parameter as JSON. POST accepts JSON, form and query parameters alike; a form value may itself be JSON.
func (c *call) raw(name string) (json.RawMessage, bool) {
	if v, ok := c.fields[name]; ok {
		return v, true
	}
	for _, values := range []url.Values{c.form, c.query} {
		if values.Has(name) {
			v := values.Get(name)
			if json.Valid([]byte(v)) {
				return json.RawMessage(v), true
			}
			quoted, _ := json.Marshal(v)
			return quoted, true
		}
	}
	return nil, false
}

// param returns a scalar parameter as text, empty when absent.
func (c *call) param(name string) string {
	if v, ok := c.fields[name]; ok {
		return scalar(v)
	}
	if c.form.Has(name) {
		return c.form.Get(name)
	}
	return c.query.Get(name)
}

func (c *call) has(name string) bool {
	_, inBody := c.fields[name]
	return inBody || c.form.Has(name) || c.query.Has(name)
}

// scalar returns a JSON string's value, and any other JSON value as it is.
func scalar(raw json.RawMessage) string {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		return text
	}
	return string(raw)
}

// list returns a list parameter: a JSON array, or words with commas.
func (c *call) list(name string) []string {
	raw, ok := c.raw(name)
	if !ok {
		return nil
	}
	var items []json.RawMessage
	if text := scalar(raw); json.Unmarshal([]byte(text), &items) != nil {
		return splitList(text)
	}
	out := make([]string, 0, len(items))
	for _, item := range items {
		out = append(out, scalar(item))
	}
	return out
}

func splitList(text string) []string {
	var out []string
	for _, word := range strings.Split(text, ",") {
		if word = strings.TrimSpace(word); word != "" {
			out = append(out, word)
		}
	}
	return out
}

// do runs one call with the faults that match it. Hooks and delays run without the lock, so that a hook may use the
// simulator.
func (s *Simulator) do(ctx context.Context, c *call) reply {
	hit := s.match(c)
	for _, f := range hit {
		if f.Hook != nil {
			f.Hook(c.request)
		}
		s.pause(ctx, f.Delay)
	}
	answer, decided := faultReply(hit)
	if !decided || answer.handleFirst || answer.Cut == MidBody && c.tear() {
		s.mu.Lock()
		own := s.handle(c)
		s.mu.Unlock()
		if !decided {
			answer.reply = own
		}
	}
	for _, f := range hit {
		if f.AfterHook != nil {
			f.AfterHook(c.request)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if decided {
		s.finishFault(c, &answer)
	}
	s.record(c, answer.reply)
	return answer.reply
}

// handle runs one call under the lock.
func (s *Simulator) handle(c *call) reply {
	c.now = s.now()
	s.settle(c.now)
	s.route(c)
	value, problem := s.answer(c)
	if c.torn {
		return reply{cut: true}
	}
	var out reply
	if problem != nil {
		out = errorReply(problem, s.traceID())
	} else {
		body, err := json.Marshal(value)
		if err != nil {
			return errorReply(&apiError{Code: 1, Message: "An unknown error occurred"}, s.traceID())
		}
		out = reply{status: http.StatusOK, body: body, header: http.Header{}}
		if s.dataLimit > 0 && len(body) > s.dataLimit {
			out = errorReply(&apiError{Code: 1, Message: "Please reduce the amount of data you're asking for, then retry your request"}, s.traceID())
		}
	}
	for name, values := range c.header {
		out.header[name] = values
	}
	out.header.Set(versionHeader, answeringVersion(c.version, c.now))
	return out
}

func (s *Simulator) answer(c *call) (any, *apiError) {
	if problem := s.authenticate(c); problem != nil {
		return nil, problem
	}
	if problem := c.removedFeatures(); problem != nil {
		return nil, problem
	}
	if problem := s.authorize(c); problem != nil {
		return nil, problem
	}
	if problem := s.charge(c); problem != nil {
		return nil, problem
	}
	if problem := s.unknownError(c); problem != nil {
		return nil, problem
	}
	return c.handler(c)
}

// removedFeatures refuses what Meta removed in October 2026.
// See https://developers.facebook.com/docs/graph-api/changelog/version26.0.
func (c *call) removedFeatures() *apiError {
	for _, name := range []string{"ids", "date_format"} {
		if c.query.Has(name) {
			return &apiError{Code: 100, Message: "(#100) The parameter " + name + " is no longer supported"}
		}
	}
	return nil
}

func (s *Simulator) send(w http.ResponseWriter, out reply) {
	if out.cut {
		cutConnection(w)
		return
	}
	for name, values := range out.header {
		w.Header()[name] = values
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	}
	w.WriteHeader(out.status)
	_, _ = w.Write(out.body) // the client may be gone
}

// cutConnection sends a torn header: a connection closed without a byte would be retried by Go's client.
func cutConnection(w http.ResponseWriter) {
	if h, ok := w.(http.Hijacker); ok {
		if conn, _, err := h.Hijack(); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n")
			_ = conn.Close()
			return
		}
	}
	panic(http.ErrAbortHandler)
}

// pause waits real time, or until the client is gone.
func (s *Simulator) pause(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	timer := s.network.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C():
	}
}
