// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"

	dto "github.com/prometheus/client_model/go"
	"k8s.io/client-go/rest"
)

// requests are numbers of requests to the API server, by "VERB resource" or "VERB resource/subresource".
type requests map[string]float64

// counted are the resources whose requests are counted. The API server itself reads and writes others all the time, such as leases, and the
// operator's lease isn't work for resources.
var counted = []string{
	"wabas", "phonenumbers", "messagetemplates", "webhooksubscriptions", "secrets", "configmaps", "namespaces", events,
}

const events = "events"

// requestsIn takes the requests out of the API server's metrics. Watches are left out: the API server counts one when it ends, which is in a
// later phase.
func requestsIn(m families) requests {
	out := requests{}
	m.each("apiserver_request_total", func(series *dto.Metric) {
		resource := label(series, "resource")
		if !slices.Contains(counted, resource) || label(series, "verb") == "WATCH" {
			return
		}
		out[requestKey(label(series, "verb"), resource, label(series, "subresource"))] += series.GetCounter().GetValue()
	})
	return out
}

func requestKey(verb, resource, subresource string) string {
	if subresource != "" {
		resource += "/" + subresource
	}
	return verb + " " + resource
}

// minus is what is left without others.
func (r requests) minus(others requests) requests {
	out := maps.Clone(r)
	for key, n := range others {
		out[key] -= n
	}
	maps.DeleteFunc(out, func(_ string, n float64) bool { return n <= 0 })
	return out
}

// requestClass is what a request is to the table.
type requestClass string

const (
	reads       requestClass = "reads"
	writes      requestClass = "writes"
	eventWrites requestClass = "events"
)

func classOf(key string) requestClass {
	verb, resource, _ := strings.Cut(key, " ")
	switch {
	case resource == events:
		return eventWrites
	case slices.Contains([]string{"GET", "LIST"}, verb):
		return reads
	}
	return writes
}

// total adds up a class.
func (r requests) total(class requestClass) float64 {
	sum := 0.0
	for key, n := range r {
		if classOf(key) == class {
			sum += n
		}
	}
	return sum
}

// writesTo are the writes to a resource, and to its status if that is all that is asked for.
func (r requests) writesTo(resource string, subresources ...string) float64 {
	sum := 0.0
	for key, n := range r {
		_, target, _ := strings.Cut(key, " ")
		name, subresource, _ := strings.Cut(target, "/")
		if classOf(key) == writes && name == resource && (len(subresources) == 0 || slices.Contains(subresources, subresource)) {
			sum += n
		}
	}
	return sum
}

// tally counts the suite's own requests as the API server does.
type tally struct {
	mu    sync.Mutex
	count requests
}

func newTally() *tally { return &tally{count: requests{}} }

// wrap makes clients of a configuration count.
func (t *tally) wrap(config *rest.Config) *rest.Config {
	out := rest.CopyConfig(config)
	out.Wrap(func(next http.RoundTripper) http.RoundTripper { return &countingTransport{next: next, tally: t} })
	return out
}

func (t *tally) now() requests {
	t.mu.Lock()
	defer t.mu.Unlock()
	return maps.Clone(t.count)
}

type countingTransport struct {
	next  http.RoundTripper
	tally *tally
}

// RoundTrip implements http.RoundTripper.
func (c *countingTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := c.next.RoundTrip(r)
	if key, ok := keyOfRequest(r); ok && err == nil {
		c.tally.mu.Lock()
		c.tally.count[key]++
		c.tally.mu.Unlock()
	}
	return resp, err
}

// keyOfRequest is under what the API server counts a request.
func keyOfRequest(r *http.Request) (string, bool) {
	parts := strings.Split(strings.Trim(r.URL.Path, "/"), "/")
	switch {
	case len(parts) > 2 && parts[0] == "api":
		parts = parts[2:]
	case len(parts) > 3 && parts[0] == "apis":
		parts = parts[3:]
	default:
		return "", false
	}
	if len(parts) > 2 && parts[0] == "namespaces" {
		parts = parts[2:]
	}
	subresource := ""
	if len(parts) > 2 {
		subresource = parts[2]
	}
	return requestKey(verbOf(r, len(parts) == 1), parts[0], subresource), !r.URL.Query().Has("watch")
}

func verbOf(r *http.Request, collection bool) string {
	switch {
	case r.Method == http.MethodGet && collection:
		return "LIST"
	case r.Method == http.MethodDelete && collection:
		return "DELETECOLLECTION"
	case r.Method == http.MethodPatch && strings.HasPrefix(r.Header.Get("Content-Type"), "application/apply-patch"):
		return "APPLY"
	}
	return r.Method
}

// serverMetrics reads the API server's own metrics.
type serverMetrics struct {
	client  *http.Client
	address string
}

func newServerMetrics(config *rest.Config) (*serverMetrics, error) {
	client, err := rest.HTTPClientFor(config)
	if err != nil {
		return nil, err
	}
	host := config.Host
	if !strings.Contains(host, "://") {
		host = "https://" + host
	}
	return &serverMetrics{client: client, address: strings.TrimRight(host, "/") + "/metrics"}, nil
}

// requests returns what was requested since the API server started.
func (s *serverMetrics) requests(ctx context.Context) (requests, error) {
	body, err := get(ctx, s.client, s.address)
	if err != nil {
		return nil, fmt.Errorf("metrics of the API server: %w", err)
	}
	defer func() { _ = body.Close() }()
	m, err := parseMetrics(body)
	if err != nil {
		return nil, fmt.Errorf("metrics of the API server: %w", err)
	}
	return requestsIn(m), nil
}
