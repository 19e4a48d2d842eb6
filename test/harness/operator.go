// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/metrics/filters"

	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/internal/receiver"
	"github.com/waba-operator/waba-operator/test/patience"
)

// Operator is one run of the operator's process.
type Operator struct {
	// Metrics are what this process exports.
	Metrics *prometheus.Registry

	world    *World
	cancel   context.CancelFunc
	done     chan error
	killed   *atomic.Bool
	progress *progress
	// unfollow ends that the process follows the clock.
	unfollow func()
	// watched selects what the process watches; an empty namespace is all of them.
	watched    labels.Selector
	namespaces []string
	// cut is whether the API server is away.
	cut     atomic.Bool
	elected <-chan struct{}
	// receiver is nil unless the process receives webhooks.
	receiver *receiver.Server
}

// Receiver is the address at which the process receives webhooks.
func (o *Operator) Receiver() string {
	o.world.T.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience.Limit)
	defer cancel()
	address, err := o.receiver.Addr(ctx)
	if err != nil {
		o.world.T.Fatalf("the receiver doesn't listen: %v", err)
	}
	return "http://" + address.String()
}

// Start starts the operator with the world's clock. It is stopped at the end of the test.
func (w *World) Start(change ...func(*operator.Options)) *Operator {
	w.T.Helper()
	options := operator.DefaultOptions()
	options.GraphBaseURL, options.LabelSelector = w.URL, shardLabel+"="+w.name
	options.MetricsAddress, options.ProbeAddress, options.MetricsSecure = "0", "0", false
	options.WebhookAddress = "0"
	options.LogLevel, options.LogFormat = 5, "json"
	options.GraphTimeout = patience.Limit
	for _, c := range change {
		c(&options)
	}
	op := &Operator{
		Metrics: prometheus.NewRegistry(), world: w, killed: &atomic.Bool{}, done: make(chan error, 1), namespaces: options.Namespaces,
	}
	var err error
	if op.watched, err = labels.Parse(options.LabelSelector); err != nil {
		w.T.Fatal(err)
	}
	op.follow(options.Controllers)
	graph := http.RoundTripper(http.DefaultTransport.(*http.Transport).Clone())
	if w.Transport != nil {
		graph = w.Transport(graph)
	}
	cfg := rest.CopyConfig(w.Config)
	cfg.QPS = -1
	cfg.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return &apiTransport{noting: noting{next: next, writes: &w.writes}, op: op}
	})
	ctx, cancel := context.WithCancel(context.Background())
	op.cancel = cancel
	surroundings := operator.Dependencies{
		Clock: w.Clock, Transport: &killableTransport{next: graph, killed: op.killed}, Registerer: op.Metrics,
		Log: options.Logger(&w.logs), NewQueue: op.progress.newQueue, NewCache: op.newCache, SkipNameValidation: true,
		Media: &files{world: w}, Go: op.progress.background, Receiver: func(s *receiver.Server) { op.receiver = s },
		MetricsFilter: filters.WithAuthenticationAndAuthorization,
	}
	if w.Media != nil {
		surroundings.Media, surroundings.Go = w.Media, nil
	}
	if w.RealQueues {
		surroundings.NewQueue = nil
	}
	mgr, err := operator.NewManager(ctx, cfg, options, surroundings)
	if err != nil {
		cancel()
		w.T.Fatalf("operator: %v", err)
	}
	op.elected = mgr.Elected()
	go func() { op.done <- mgr.Start(ctx) }()
	w.T.Cleanup(op.Stop)
	if !mgr.GetCache().WaitForCacheSync(ctx) {
		w.T.Fatal("operator: caches didn't sync")
	}
	return op
}

// controllers is how many controllers an operator runs.
const controllers = 4

// follow begins to follow what the process does.
func (o *Operator) follow(reconciles bool) {
	n := 0
	if reconciles {
		n = controllers
	}
	o.progress = o.world.writes.join(o.world.Clock, n)
	o.unfollow = o.world.Clock.Follow(o.progress.release)
}

// unfollowed ends it, because the process does nothing any more.
func (o *Operator) unfollowed() {
	o.unfollow()
	o.world.writes.leave(o.progress)
}

// Stop ends the process gracefully.
func (o *Operator) Stop() {
	if o.cancel == nil {
		return
	}
	o.unfollowed()
	o.cancel()
	o.cancel = nil
	if err := <-o.done; err != nil && !o.killed.Load() {
		o.world.T.Errorf("operator: %v", err)
	}
}

// Kill ends the process without any chance to write something: from now on it reaches neither Kubernetes nor Meta.
func (o *Operator) Kill() {
	o.killed.Store(true)
	o.unfollowed()
}

// StopKilled kills the process and waits for its end.
func (o *Operator) StopKilled() {
	o.Kill()
	o.Stop()
}

var errKilled = errors.New("the process is dead")

// killableTransport is a transport that fails once its process was killed.
type killableTransport struct {
	next   http.RoundTripper
	killed *atomic.Bool
}

func (m *killableTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if m.killed.Load() {
		return nil, errKilled
	}
	resp, err := m.next.RoundTrip(r)
	if m.killed.Load() { // the answer reaches nobody
		if resp != nil {
			_ = resp.Body.Close()
		}
		return nil, errKilled
	}
	return resp, err
}

// apiTransport counts writes to the API server and dies with its process.
type apiTransport struct {
	noting

	op *Operator
}

func (a *apiTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	if a.op.killed.Load() {
		return nil, errKilled
	}
	if a.op.cut.Load() {
		return nil, errAway
	}
	if r.Method != http.MethodGet {
		v, _ := a.op.world.requested.LoadOrStore(r.Method+" "+resource(r.URL.Path), &counter{})
		v.(*counter).add()
	}
	resp, err := a.noting.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	return resp, recordAnswer(r, resp)
}

// resource reduces a path to the resource, its subresource and its name: "messagetemplates/status hello".
func resource(path string) string {
	parts := strings.Split(strings.Trim(path, "/"), "/")
	for i, p := range parts {
		if p == "namespaces" && i+2 < len(parts) {
			rest := parts[i+2:]
			switch len(rest) {
			case 1:
				return rest[0]
			case 2:
				return rest[0] + " " + rest[1]
			default:
				return rest[0] + "/" + rest[2] + " " + rest[1]
			}
		}
	}
	return path
}
