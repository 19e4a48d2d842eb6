// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers"
	accounts "github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/media"
	"github.com/waba-operator/waba-operator/internal/metrics"
	"github.com/waba-operator/waba-operator/internal/receiver"
	"github.com/waba-operator/waba-operator/internal/webhook"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

// forgetApps are the Meta apps to which the accounts belong.
const forgetApps = 20

// churn is the operator without the watches that start its runs: reconcilers and receiver, over an API server and a Meta in
// memory. A run follows on every change that a watch would report, and on every wait that a run requests.
type churn struct {
	t       *testing.T
	n       int
	clock   *clocktesting.FakeClock
	cluster *memoryCluster
	sim     *graphsim.Simulator
	roots   []root
	// stores are the names of those of the reconcilers.
	stores []string
	// empty is what is kept in the beginning, most what was ever seen in each store.
	empty, most map[string]int
	kinds       map[string]reconcile.Reconciler
	server      *receiver.Server
	registry    *prometheus.Registry
	// downloads are those that go on.
	downloads sync.WaitGroup

	mu  sync.Mutex
	due map[wake]time.Time
}

// wake is a run of one resource.
type wake struct {
	kind string
	name types.NamespacedName
}

// direct is a transport that calls the simulator without a network.
type direct struct{ sim http.Handler }

func (d direct) RoundTrip(r *http.Request) (*http.Response, error) {
	w := httptest.NewRecorder()
	in := r.Clone(r.Context())
	if in.Body == nil {
		in.Body = http.NoBody
	}
	in.RequestURI = r.URL.RequestURI()
	d.sim.ServeHTTP(w, in)
	return w.Result(), nil
}

func newChurn(t *testing.T, n int, readOnly bool) *churn {
	t.Helper()
	clock := clocktesting.NewFakeClock(time.Now().Truncate(time.Second))
	c := &churn{
		t: t, n: n, clock: clock, cluster: newMemoryCluster(t), due: map[wake]time.Time{}, registry: prometheus.NewRegistry(),
		sim: graphsim.New(graphsim.WithClock(clock), graphsim.WithSeed(1), graphsim.WithReviewDelay(time.Minute),
			graphsim.WithAppCallBudget(0), graphsim.WithCallBudget(0, 0)),
	}
	recorder, err := metrics.New(c.registry, "test")
	if err != nil {
		t.Fatal(err)
	}
	manager := accounts.NewManager(accounts.Options{
		BaseURL: "http://localhost", Transport: direct{c.sim}, Clock: clock, Observe: recorder.Observe, OnThrottled: recorder.Throttled,
	})
	r := controllers.NewReconcilers(
		controllers.Parts{Client: c.cluster, Live: c.cluster, Recorder: unheard{}},
		controllers.Options{
			Accounts: manager, GraphAPIVersion: "v25.0", ObservationInterval: time.Hour, CreatesPerHour: 100, ReadOnly: readOnly,
			Clock: clock, Metrics: recorder, Audit: logr.Discard(),
			Media: media.NewDownloads(media.DownloadOptions{Source: silentServer{}, Clock: clock, Go: c.downloads.Go}),
		})
	writer := facts.NewWriter(facts.Options{Client: c.cluster, Live: c.cluster, Clock: clock})
	if c.server, err = receiver.New(receiver.Options{
		Client: c.cluster, Secrets: c.cluster, Parse: webhook.Parse, Recorder: writer, Clock: clock, Metrics: recorder,
	}); err != nil {
		t.Fatal(err)
	}
	c.cluster.deleted = func(obj client.Object) {
		c.wakeUp(kindName(obj), client.ObjectKeyFromObject(obj))
		if waba, ok := obj.(*v1alpha1.WABA); ok {
			writer.Forget(client.ObjectKeyFromObject(waba))
		}
		if err := c.server.Forget(t.Context(), obj); err != nil {
			t.Error(err)
		}
	}
	c.kinds = r.ByKind
	stores := reflect.ValueOf(r).Elem().FieldByName("base").Elem().FieldByName("Objects").Elem().FieldByName("stores")
	for i := range stores.Len() {
		store := stores.Index(i).Elem()
		name := "stores." + reflect.Indirect(store).Type().Name()
		c.stores = append(c.stores, name)
		c.roots = append(c.roots, root{name, store})
	}
	c.roots = append(c.roots, []root{
		{"reconcilers", reflect.ValueOf(r)}, {"facts", reflect.ValueOf(writer)},
		{"receiver", reflect.ValueOf(c.server)}, {"metrics", reflect.ValueOf(recorder)},
	}...)
	c.empty, c.most = countStores(c.roots), map[string]int{}
	c.seed()
	return c
}

// silentServer is the server of files that never come.
type silentServer struct{}

func (silentServer) Fetch(ctx context.Context, _ media.Format, _, _ string) (*media.File, error) {
	<-ctx.Done()
	return nil, &media.Error{Retry: true, Message: "no answer"}
}

// unheard drops events.
type unheard struct{}

func (unheard) Eventf(runtime.Object, runtime.Object, string, string, string, string, ...any) {}

// sample notes what is kept at present.
func (c *churn) sample() {
	for path, n := range countStores(c.roots) {
		c.most[path] = max(c.most[path], n)
	}
}

// wakeUp has a resource reconciled at the present time.
func (c *churn) wakeUp(kind string, name types.NamespacedName) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.due[wake{kind, name}] = c.clock.Now()
}

// next removes and returns the runs of a kind that are due.
func (c *churn) next(kind string) []wake {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []wake
	for w, at := range c.due {
		if w.kind == kind && !at.After(c.clock.Now()) {
			out = append(out, w)
			delete(c.due, w)
		}
	}
	return out
}

// settle makes all runs that are due, accounts first, several at a time.
func (c *churn) settle() {
	c.t.Helper()
	for {
		made := 0
		for _, kind := range []string{"WABA", "PhoneNumber", "MessageTemplate", "WebhookSubscription"} {
			batch := c.next(kind)
			made += len(batch)
			workqueue.ParallelizeUntil(c.t.Context(), 8, len(batch), func(i int) { c.run(batch[i]) })
		}
		if made == 0 {
			return
		}
	}
}

func (c *churn) run(w wake) {
	result, err := c.kinds[w.kind].Reconcile(c.t.Context(), reconcile.Request{NamespacedName: w.name})
	if err != nil {
		c.t.Errorf("%s %s: %v", w.kind, w.name, err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if at := c.clock.Now().Add(result.RequeueAfter); result.RequeueAfter > 0 {
		c.due[w] = at
	}
}

// advance moves the clock, and makes the runs that become due.
func (c *churn) advance(d, step time.Duration) {
	c.t.Helper()
	for range int(d / step) {
		c.clock.Step(step)
		c.settle()
	}
}
