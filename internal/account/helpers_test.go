// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/patience"
)

const (
	testWABA    = "102290129340398"
	testApp     = "634974688087057"
	testToken   = "EAAGtesttoken0123456789abcdef" // made up, works only in the simulator
	testVersion = "v25.0"
)

var (
	testStart = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	testRef   = Ref{Namespace: "platform", Name: "acme", UID: "uid-1", AccountID: testWABA}
	testCreds = Credentials{AccessToken: testToken, SecretUID: "secret", ResourceVersion: "1"}
)

// world is a simulated Graph API with one account, and a manager that talks to it over HTTP.
type world struct {
	sim     *graphsim.Simulator
	clock   *clocktesting.FakePassiveClock
	manager *Manager
	front   *front
}

// front stands before the simulator and may answer in its place.
type front struct {
	sim *graphsim.Simulator

	mu       sync.Mutex
	handler  func(http.ResponseWriter, *http.Request) bool
	requests []*http.Request
}

func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	f.requests = append(f.requests, r.Clone(r.Context()))
	handler := f.handler
	f.mu.Unlock()
	if handler == nil || !handler(w, r) {
		f.sim.ServeHTTP(w, r)
	}
}

// answerWith sets a handler that answers in place of the simulator; it returns false to let a request through.
func (f *front) answerWith(handler func(http.ResponseWriter, *http.Request) bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.handler = handler
}

// calls returns the requests since its last call, as "METHOD path".
func (f *front) calls() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, r := range f.requests {
		out = append(out, r.Method+" "+strings.TrimPrefix(r.URL.Path, "/"+testVersion))
	}
	f.requests = nil
	return out
}

// fields returns the fields parameters of the requests since the last call, "" for those without one.
func (f *front) fields() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out []string
	for _, r := range f.requests {
		out = append(out, r.URL.Query().Get("fields"))
	}
	f.requests = nil
	return out
}

func newWorld(t *testing.T, pageSize int, opts ...graphsim.Option) *world {
	t.Helper()
	clk := clocktesting.NewFakePassiveClock(testStart)
	sim := graphsim.New(append([]graphsim.Option{graphsim.WithClock(clk)}, opts...)...)
	sim.AddApp(graphsim.App{ID: testApp, Name: "Acme Ops", Secret: "app-secret-made-up"})
	sim.AddAccount(graphsim.Account{ID: testWABA, Name: "Acme Garden"})
	sim.AddNumber(testWABA, graphsim.Number{})
	sim.SubscribeApp(testWABA, testApp, "")
	sim.AddToken(graphsim.Token{
		Value: testToken, AppID: testApp, Accounts: []string{testWABA}, Scopes: []string{"whatsapp_business_management"},
	})
	w := &world{sim: sim, clock: clk, front: &front{sim: sim}}
	server := httptest.NewServer(w.front)
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
	})
	w.manager = NewManager(Options{
		BaseURL: server.URL, Transport: transport, Timeout: patience.Limit, PageSize: pageSize, Clock: clk, Log: logr.Discard(),
	})
	return w
}

func (w *world) step(d time.Duration) { w.clock.SetTime(w.clock.Now().Add(d)) }

func (w *world) session(t *testing.T) *Session {
	t.Helper()
	s, err := w.manager.Ensure(testRef, testCreds, testVersion)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (w *world) templates(n int) {
	for i := range n {
		w.sim.AddTemplate(testWABA, graphsim.Template{Name: fmt.Sprintf("order_%04d", i)})
	}
}

func observe(t *testing.T, s *Session) (*Snapshot, Change) {
	t.Helper()
	snap, change, err := s.Observe(context.Background())
	if err != nil {
		t.Fatalf("observe: %v", err)
	}
	return snap, change
}

func respondError(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = io.WriteString(w, body)
}

func respond(w http.ResponseWriter, body string) {
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, body)
}

func wantCalls(t *testing.T, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("calls:\n got %s\nwant %s", strings.Join(got, "\n     "), strings.Join(want, "\n     "))
	}
}

func assertComplete(t *testing.T, snap *Snapshot) {
	t.Helper()
	for name, s := range map[string]Section{
		"account": snap.AccountSection, "numbers": snap.NumbersSection, "apps": snap.AppsSection, "templates": snap.TemplatesSection,
	} {
		if !s.Complete || s.Err != nil {
			t.Errorf("section %s: complete %t, error %v", name, s.Complete, s.Err)
		}
	}
}

func key(name string) TemplateKey { return NewTemplateKey(name, "en_US") }

func templateNamed(name, text string) *graph.Template {
	return &graph.Template{
		ID: "77", Name: name, Language: "en_US", Status: "APPROVED", Components: []graph.Component{{Type: "BODY", Text: text}},
	}
}
