// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// Named is the metadata of an object with a name.
func Named(name string) metav1.ObjectMeta { return metav1.ObjectMeta{Name: name} }

var errAway = errors.New("the API server is away")

// Cut takes the API server away from a process, or gives it back.
func (o *Operator) Cut(away bool) {
	o.cut.Store(away)
	o.progress.setCut(away)
}

// Ended reports whether the process ended by itself, as one does that lost its lease.
func (o *Operator) Ended() bool {
	select {
	case err := <-o.done:
		o.done <- err
		o.killed.Store(true) // whatever it ended with, Stop needn't complain
		return true
	default:
		return false
	}
}

// Leads reports whether the process leads.
func (o *Operator) Leads() bool {
	select {
	case <-o.elected:
		return true
	default:
		return false
	}
}

// Balancer forwards what Meta sends to replicas in turn, as a Service does. It notices late that one is dead.
type Balancer struct {
	URL string

	tb      testing.TB
	mu      sync.Mutex
	targets []*url.URL
	turn    int
	refused atomic.Int64
}

// NewBalancer starts a balancer without replicas.
func NewBalancer(tb testing.TB) *Balancer {
	tb.Helper()
	b := &Balancer{tb: tb}
	server := httptest.NewServer(&httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			if target := b.next(); target != nil {
				r.SetURL(target)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			if r.StatusCode != http.StatusOK {
				b.refused.Add(1)
			}
			return nil
		},
		ErrorHandler: func(w http.ResponseWriter, _ *http.Request, _ error) {
			b.refused.Add(1)
			w.WriteHeader(http.StatusBadGateway)
		},
	})
	b.URL = server.URL
	tb.Cleanup(server.Close)
	return b
}

// Use replaces the replicas.
func (b *Balancer) Use(replicas ...*Operator) {
	b.tb.Helper()
	var targets []*url.URL
	for _, o := range replicas {
		target, err := url.Parse(o.Receiver())
		if err != nil {
			b.tb.Fatal(err)
		}
		targets = append(targets, target)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.targets = targets
}

func (b *Balancer) next() *url.URL {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.targets) == 0 {
		return nil
	}
	b.turn++
	return b.targets[b.turn%len(b.targets)]
}

// Refused is how many requests weren't answered with 200.
func (b *Balancer) Refused() int { return int(b.refused.Load()) }
