// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

const (
	testSecret   = "app-secret-made-up"
	appTokenText = testApp + "|" + testSecret
	verifyToken  = "made-up-verify-token"
	hookHost     = "hooks.example.com"
	hookURL      = "https://" + hookHost + "/meta"
)

// receiver is a callback with configurable answers that records its requests.
type receiver struct {
	t      testing.TB
	mu     sync.Mutex
	status int    // of deliveries, 0: 200
	answer string // to the handshake, empty: the challenge
	got    []received
}

type received struct {
	method, path, signature, token string
	host                           string
	raw                            []byte
	body                           map[string]any
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, q *http.Request) {
	raw, err := io.ReadAll(q.Body)
	if err != nil {
		r.t.Error(err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	one := received{method: q.Method, path: q.URL.Path, signature: q.Header.Get("X-Hub-Signature-256"), host: q.Host, raw: raw}
	if q.Method == http.MethodGet {
		one.token = q.URL.Query().Get("hub.verify_token")
		r.got = append(r.got, one)
		if one.token != verifyToken || q.URL.Query().Get("hub.mode") != "subscribe" {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		text := r.answer
		if text == "" {
			text = q.URL.Query().Get("hub.challenge")
		}
		_, _ = io.WriteString(w, text)
		return
	}
	d := json.NewDecoder(strings.NewReader(string(raw)))
	d.UseNumber()
	if err := d.Decode(&one.body); err != nil {
		r.t.Errorf("%v: %s", err, raw)
	}
	r.got = append(r.got, one)
	if r.status != 0 {
		w.WriteHeader(r.status)
	}
}

func (r *receiver) say(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// take returns what came since the last time.
func (r *receiver) take() []received {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := r.got
	r.got = nil
	return out
}

// hooks is a fixture with webhooks on, a receiver behind the host hookHost, and an app that subscribed to all fields.
type hooks struct {
	*fixture
	*receiver
}

func newHooks(tb testing.TB, opts ...Option) *hooks {
	tb.Helper()
	h := &hooks{newNumbers(tb, append([]Option{WithWebhooks(), WithDeliveryConcurrency(1)}, opts...)...), &receiver{t: tb}}
	h.listen(hookHost, h.receiver)
	h.sim.SetAppCallback(testApp, hookURL, allFields()...)
	return h
}

func allFields() []string {
	var out []string
	for name := range webhookFields {
		out = append(out, name)
	}
	return out
}

// listen makes a receiver the one behind a host.
func (h *hooks) listen(host string, r http.Handler) {
	server := httptest.NewServer(r)
	h.fixture.t.Cleanup(server.Close)
	h.sim.MapCallback(host, server.URL)
}

// deliver sends what is due and fails the test unless all was accepted.
func (h *hooks) deliver() []received {
	h.fixture.t.Helper()
	if _, err := h.sim.Deliver(h.fixture.t.Context()); err != nil {
		h.fixture.t.Fatal(err)
	}
	return h.take()
}

// change is an event as it came.
type change struct {
	entryID, field string
	timed          bool
	value          map[string]any
}

// changes lists the events of well-formed deliveries.
func changes(posts []received) []change {
	var out []change
	for _, p := range posts {
		for _, entry := range objects(p.body["entry"]) {
			_, timed := entry["time"]
			id, _ := entry["id"].(string)
			for _, x := range objects(entry["changes"]) {
				field, _ := x["field"].(string)
				value, _ := x["value"].(map[string]any)
				out = append(out, change{entryID: id, field: field, timed: timed, value: value})
			}
		}
	}
	return out
}

// events lists "field event" of all events that came, in order; for fields without event the word that matters.
func (h *hooks) events() []string {
	h.fixture.t.Helper()
	var out []string
	for _, x := range changes(h.deliver()) {
		word := ""
		for _, key := range []string{"event", "decision", "new_quality_score", "correct_category", "new_category", "status", "type"} {
			if text, ok := x.value[key].(string); ok && word == "" {
				word = " " + text
			}
		}
		out = append(out, x.field+word)
	}
	return out
}

func (h *hooks) expect(want ...string) {
	h.fixture.t.Helper()
	if got := h.events(); !slices.Equal(got, want) {
		h.fixture.t.Errorf("got %q, want %q", got, want)
	}
}

// as calls with another token.
func (h *hooks) as(token, method, path string, body any) answer {
	h.fixture.t.Helper()
	before := h.token
	h.token = token
	defer func() { h.token = before }()
	return h.do(method, path, body)
}
