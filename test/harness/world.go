// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package harness runs the real operator in a test: a real API server, the Graph API simulator, and one fake clock for
// both, so that days pass in milliseconds and nothing sleeps.
package harness

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/rand"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/internal/media"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/testenv"
)

// What every world has at Meta.
const (
	AccountID   = "102290129340398"
	AppID       = "634974688087057"
	AppSecret   = "simulated-app-secret-0f9e8d7c" //nolint:gosec // made up for the simulator
	AccessToken = "EAAGsimulatedTokenOfASystemUser42"
	NumberID    = "106540352242922"
)

// shardLabel keeps worlds apart that share an API server: each operator watches only its own.
const shardLabel = "test.waba-operator.io/world"

// World is one account at Meta and one namespace in Kubernetes, with operators that come and go.
type World struct {
	T   testing.TB
	Env *testenv.Env
	// Client is for everything that a test writes: operators settle when they have seen it.
	Client    client.Client
	Sim       *graphsim.Simulator
	Clock     *Clock
	URL       string
	Namespace string

	// RealQueues starts operators with the queues they have in production. Settle and Advance don't work then.
	RealQueues bool
	// Config is how operators reach the API server; tests of permissions replace it.
	Config *rest.Config

	name string
	// writes are what operators and the test wrote.
	writes writes
	// requested counts the operators' requests that change something in the API server, by "METHOD resource[/subresource]".
	requested sync.Map
	logs      lockedBuffer
	// Files are what specs can refer to by address. They are checked as fetched files are.
	Files map[string][]byte
	// Media, when set, is where files come from instead. Settle doesn't wait for what it fetches.
	Media media.Source
	// Transport, when set, sees the operator's calls to Meta first.
	Transport func(http.RoundTripper) http.RoundTripper
}

// New returns a world with the standard account, app, token and one registered number. Nothing exists in Kubernetes yet
// but the namespace.
func New(tb testing.TB, env *testenv.Env, opts ...graphsim.Option) *World {
	tb.Helper()
	testenv.Require(tb)
	clock := NewClock(time.Now().Truncate(time.Second))
	base := []graphsim.Option{
		graphsim.WithClock(clock), graphsim.WithSeed(1), graphsim.WithReviewDelay(time.Minute), graphsim.WithMaxPageSize(100),
	}
	sim := graphsim.New(append(base, opts...)...)
	sim.AddApp(graphsim.App{ID: AppID, Name: "Acme Ops", Secret: AppSecret})
	sim.AddToken(graphsim.Token{
		Name: "good", Value: AccessToken, AppID: AppID,
		Scopes: []string{"whatsapp_business_management", "whatsapp_business_messaging"}, Accounts: []string{AccountID},
	})
	sim.AddAccount(graphsim.Account{ID: AccountID, Name: "Acme"})
	sim.AddNumber(AccountID, graphsim.Number{ID: NumberID, DisplayPhoneNumber: "+1 555-078-3881"})
	w := &World{
		T: tb, Env: env, Config: env.Config, Sim: sim, Clock: clock, URL: sim.Start(tb),
		Namespace: env.Namespace(tb), name: "w" + rand.String(8), writes: writes{versions: map[objectID]version{}},
	}
	w.Client = w.client()
	tb.Cleanup(func() {
		if tb.Failed() {
			tb.Logf("requests to Meta:\n%s", w.requests())
			tb.Logf("log of the operator (end):\n%s", tail(w.Logs(), 12000))
		}
	})
	return w
}

// client returns a client that notes what it writes.
func (w *World) client() client.Client {
	w.T.Helper()
	cfg := rest.CopyConfig(w.Env.Config)
	cfg.ContentType = runtime.ContentTypeJSON
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper { return &noting{next: next, writes: &w.writes} })
	c, err := client.New(cfg, client.Options{Scheme: w.Env.Scheme, Mapper: w.Env.Client.RESTMapper()})
	if err != nil {
		w.T.Fatal(err)
	}
	return c
}

func tail(s string, n int) string { return s[max(0, len(s)-n):] }

func (w *World) requests() string {
	var b strings.Builder
	for _, r := range w.Sim.Requests() {
		fmt.Fprintf(&b, "%s %s %s -> %d (%d/%d)\n", r.Time.Format(time.TimeOnly), r.Method, r.Path, r.Status, r.Code, r.Subcode)
	}
	return tail(b.String(), 6000)
}

// Logs returns everything the operators logged, at the highest level.
func (w *World) Logs() string { return w.logs.String() }

// APIWrites is how many requests changed something in the API server that match the prefix, for instance
// "PATCH messagetemplates/status".
func (w *World) APIWrites(prefix string) int {
	total := 0
	w.requested.Range(func(k, v any) bool {
		if key, _ := k.(string); strings.HasPrefix(key, prefix) {
			total += v.(*counter).get()
		}
		return true
	})
	return total
}

// ResetAPIWrites starts counting anew.
func (w *World) ResetAPIWrites() { w.requested.Clear() }

type counter struct {
	mu sync.Mutex
	n  int
}

func (c *counter) add()     { c.mu.Lock(); c.n++; c.mu.Unlock() }
func (c *counter) get() int { c.mu.Lock(); defer c.mu.Unlock(); return c.n }

type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
