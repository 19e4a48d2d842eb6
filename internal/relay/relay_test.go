// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"
)

// relayTest is a relay with its clock, metrics and log.
type relayTest struct {
	*Relay
	t        *testing.T
	clock    *clocktesting.FakeClock
	outcomes chan string

	mu       sync.Mutex
	queued   int
	bytes    int64
	logLines []string
}

func (rt *relayTest) Relayed(outcome string) { rt.outcomes <- outcome }

func (rt *relayTest) RelayQueue(n int, bytes int64) {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	rt.queued, rt.bytes = n, bytes
}

func newRelayTest(t *testing.T, o Options, targets ...Target) *relayTest {
	t.Helper()
	transport := &http.Transport{DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	rt := &relayTest{t: t, clock: clocktesting.NewFakeClock(time.Date(2026, 3, 14, 15, 9, 26, 0, time.UTC)), outcomes: make(chan string, 1000)}
	o.Transport, o.Clock, o.Metrics, o.Timeout = transport, rt.clock, rt, time.Minute
	o.Log = funcr.New(func(prefix, args string) {
		rt.mu.Lock()
		defer rt.mu.Unlock()
		rt.logLines = append(rt.logLines, prefix+args)
	}, funcr.Options{})
	rt.Relay = New(targets, o)
	return rt
}

// start runs the relay, and returns functions that end it and wait for its end.
func (rt *relayTest) start() (cancel context.CancelFunc, wait func()) {
	ctx, cancel := context.WithCancel(rt.t.Context())
	ended := make(chan error, 1)
	go func() { ended <- rt.Start(ctx) }()
	wait = sync.OnceFunc(func() {
		if err := <-ended; err != nil {
			rt.t.Errorf("Start: %v", err)
		}
	})
	rt.t.Cleanup(func() { cancel(); wait() })
	return cancel, wait
}

// expect waits for outcomes, in any order.
func (rt *relayTest) expect(want ...string) {
	rt.t.Helper()
	var got []string
	for range want {
		got = append(got, <-rt.outcomes)
	}
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		rt.t.Fatalf("outcomes -want +got:\n%s", diff)
	}
}

// expectQueue compares the metrics of the queue.
func (rt *relayTest) expectQueue(n int, bytes int64) {
	rt.t.Helper()
	rt.mu.Lock()
	defer rt.mu.Unlock()
	if rt.queued != n || rt.bytes != bytes {
		rt.t.Errorf("%d deliveries of %d bytes are queued, not %d of %d", rt.queued, rt.bytes, n, bytes)
	}
}

func signed() http.Header {
	return http.Header{
		"Content-Type": {"application/json"}, "User-Agent": {"facebookexternalua"}, "X-Hub-Signature-256": {"sha256=00ff"},
		"X-Forwarded-For": {"10.0.0.7"}, "Cookie": {"a=b"}, "X-Hub-Signature": {"sha1=00"},
	}
}

// Offer calls the relay's Offer with defaults for most tests.
func (rt *relayTest) Offer(body []byte, header http.Header, fields []string) bool {
	return rt.Relay.Offer(Delivery{AppID: "501", Body: body, Header: header, Fields: fields})
}

// relayServer runs a server with the handler, and returns the bodies of its requests.
func relayServer(t *testing.T, handler http.HandlerFunc) (address string, bodies chan string) {
	t.Helper()
	bodies = make(chan string, 1000)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil || r.Method != http.MethodPost {
			t.Errorf("%s: %v", r.Method, err)
		}
		bodies <- string(body)
		handler(w, r)
	}))
	t.Cleanup(server.Close)
	return server.URL, bodies
}

func relayAnswer(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) }
}

// sequence calls another handler for each request.
func sequence(handlers ...http.HandlerFunc) http.HandlerFunc {
	var mu sync.Mutex
	return func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		handler := handlers[0]
		handlers = handlers[1:]
		mu.Unlock()
		handler(w, r)
	}
}

// received returns n bodies, sorted.
func received(bodies chan string, n int) (out []string) {
	for range n {
		out = append(out, <-bodies)
	}
	slices.Sort(out)
	return out
}

func TestRelayFanOut(t *testing.T) {
	everything, all := relayServer(t, relayAnswer(200))
	messages, some := relayServer(t, relayAnswer(204))
	unwanted, none := relayServer(t, relayAnswer(200))
	rt := newRelayTest(t, Options{}, Target{URL: everything}, Target{URL: messages, Fields: []string{"messages", "calls"}},
		Target{URL: unwanted, Fields: []string{"history"}})
	rt.start()
	rt.Offer([]byte("1 account"), signed(), []string{"account_update"})
	rt.Offer([]byte("2 both \xff"), signed(), []string{"account_update", "calls"})
	rt.Offer([]byte("3 unknown"), signed(), nil)
	rt.expect(slices.Repeat([]string{Delivered}, 4)...)
	if diff := cmp.Diff([]string{"1 account", "2 both \xff", "3 unknown"}, received(all, 3)); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"2 both \xff"}, received(some, 1)); diff != "" {
		t.Error(diff)
	}
	if len(all)+len(some)+len(none) > 0 {
		t.Error("more was forwarded")
	}
	rt.expectQueue(0, 0)
	if rt.NeedLeaderElection() {
		t.Error("only the leader forwards")
	}
}

func TestRelayHeaders(t *testing.T) {
	headers := make(chan http.Header, 2)
	address, _ := relayServer(t, func(_ http.ResponseWriter, r *http.Request) { headers <- r.Header })
	rt := newRelayTest(t, Options{}, Target{URL: address})
	rt.start()
	rt.Offer([]byte("{}"), signed(), nil)
	want := http.Header{"Content-Length": {"2"}, "Content-Type": {"application/json"}, "User-Agent": {"facebookexternalua"}, "X-Hub-Signature-256": {"sha256=00ff"}}
	if diff := cmp.Diff(want, <-headers); diff != "" {
		t.Error(diff)
	}
	rt.Offer([]byte("{}"), nil, nil)
	if diff := cmp.Diff([]string{"Content-Length"}, slices.Collect(maps.Keys(<-headers))); diff != "" {
		t.Error(diff)
	}
	rt.expect(Delivered, Delivered)
}

func TestRelaySlowTargetDelaysNoOther(t *testing.T) {
	release := make(chan struct{})
	slow, _ := relayServer(t, func(http.ResponseWriter, *http.Request) { <-release })
	quick, bodies := relayServer(t, relayAnswer(200))
	const n = 5 * attemptsAtOnce
	rt := newRelayTest(t, Options{MaxBytes: 2 * 2 * n * (overhead + 1000)}, Target{URL: slow}, Target{URL: quick})
	rt.start()
	// The slow target uses no more than its share of the memory, and the quick one has its own.
	dropped := 0
	for range 3 * n {
		rt.Offer([]byte(strings.Repeat("x", 500)), nil, nil)
		<-bodies
	}
	for range 3 * n {
		if outcome := <-rt.outcomes; outcome == DroppedFull {
			dropped++
		}
	}
	close(release)
	for range 3 * n {
		if outcome := <-rt.outcomes; outcome == DroppedFull {
			dropped++
		}
	}
	if want := 3*n - n*(overhead+1000)/(overhead+500); dropped != want {
		t.Errorf("%d were dropped, not %d", dropped, want)
	}
}

func TestRelayRetries(t *testing.T) {
	address, bodies := relayServer(t, sequence(relayAnswer(503), relayAnswer(404), relayAnswer(429), func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, relayAnswer(200)))
	rt := newRelayTest(t, Options{}, Target{URL: address + "/secret?token=secret"})
	rt.start()
	rt.Offer([]byte("body"), signed(), nil)
	for _, backoff := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 8 * time.Second} {
		rt.expect(Retried)
		rt.expectQueue(1, overhead+int64(len("body")+len("application/json")+len("facebookexternalua")+len("sha256=00ff")))
		if _, wait, _ := rt.targets[0].nextDue(); wait < backoff || wait > backoff*3/2 {
			t.Errorf("waits for %s, not for %s and up to half more", wait, backoff)
		}
		rt.clock.Step(backoff * 3 / 2)
	}
	rt.expect(Delivered)
	rt.expectQueue(0, 0)
	if got := received(bodies, 5); got[0] != "body" || got[4] != "body" {
		t.Errorf("%q", got)
	}
	// One line a minute, without the secrets in the target's address.
	if len(rt.logLines) != 1 || strings.Contains(rt.logLines[0], "secret") || !strings.Contains(rt.logLines[0], "503") {
		t.Errorf("%q", rt.logLines)
	}
}

func TestRelayObeysRetryAfter(t *testing.T) {
	address, bodies := relayServer(t, sequence(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "120")
		w.WriteHeader(http.StatusTooManyRequests)
	}, relayAnswer(200), relayAnswer(200)))
	rt := newRelayTest(t, Options{}, Target{URL: address})
	rt.start()
	rt.Offer([]byte("1"), nil, nil)
	rt.expect(Retried)
	rt.Offer([]byte("2"), nil, nil) // waits too
	rt.clock.Step(100 * time.Second)
	if d, wait, _ := rt.targets[0].nextDue(); d != nil || wait != 20*time.Second {
		t.Errorf("%v, waits for %s", d, wait)
	}
	rt.clock.Step(20 * time.Second)
	rt.expect(Delivered, Delivered)
	if diff := cmp.Diff([]string{"1", "1", "2"}, received(bodies, 3)); diff != "" {
		t.Error(diff)
	}
}

func TestRelayExpiry(t *testing.T) {
	address, _ := relayServer(t, sequence(relayAnswer(500), relayAnswer(500), relayAnswer(500)))
	rt := newRelayTest(t, Options{MaxAge: 3 * time.Second}, Target{URL: address})
	rt.Offer([]byte("waited too long for the start"), nil, nil)
	rt.clock.Step(3 * time.Second)
	rt.start()
	rt.expect(DroppedExpired)
	rt.Offer([]byte("fails twice"), nil, nil)
	rt.expect(Retried)
	rt.clock.Step(1500 * time.Millisecond)
	// It would expire before its third attempt, so it is dropped.
	rt.expect(DroppedExpired)
	rt.expectQueue(0, 0)
	rt.Offer([]byte("expires while it waits"), nil, nil)
	rt.expect(Retried)
	rt.clock.Step(time.Hour)
	rt.expect(DroppedExpired)
	rt.expectQueue(0, 0)
}

func TestRelayMemoryIsBounded(t *testing.T) {
	const size = overhead + 100
	rt := newRelayTest(t, Options{MaxBytes: 2 * 2 * 3 * size}, Target{URL: "https://a.example"}, Target{URL: "https://b.example", Fields: []string{"calls"}})
	body := make([]byte, 100)
	for range 3 {
		rt.Offer(body, nil, nil)
	}
	rt.expectQueue(3, 3*size)
	rt.Offer(body, nil, []string{"calls"}) // the first target has no memory left, the second one has
	rt.expect(Postponed)
	rt.expectQueue(4, 4*size)
	rt.Offer(make([]byte, 4*size), nil, []string{"calls"}) // larger than any share
	rt.expect(DroppedFull, DroppedFull)
	rt.expectQueue(4, 4*size)
	if len(rt.logLines) != 2 {
		t.Errorf("%q", rt.logLines)
	}
}

// TestRelayKeepsWhatItCounts: the receiver's buffers are larger than the bodies in them.
func TestRelayKeepsWhatItCounts(t *testing.T) {
	p := newPayload(Delivery{Body: make([]byte, 1000, 16<<10)}, time.Time{})
	if cap(p.body) > 2000 || len(p.body) != 1000 {
		t.Errorf("%d bytes are kept for %d", cap(p.body), len(p.body))
	}
}

func TestRelayRefusals(t *testing.T) {
	elsewhere, followed := relayServer(t, relayAnswer(200))
	address, _ := relayServer(t, sequence(relayAnswer(400), relayAnswer(401), relayAnswer(410), relayAnswer(413),
		func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, elsewhere, http.StatusTemporaryRedirect)
		}))
	rt := newRelayTest(t, Options{}, Target{URL: address})
	rt.start()
	for range 5 {
		rt.Offer([]byte("body"), nil, nil)
	}
	rt.expect(slices.Repeat([]string{Refused}, 5)...)
	if len(followed) > 0 {
		t.Error("a redirect was followed")
	}
}

func TestRelayLongAnswer(t *testing.T) {
	address, _ := relayServer(t, func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil { // until the caller hangs up
			if _, err := w.Write(make([]byte, 4096)); err != nil {
				return
			}
		}
	})
	rt := newRelayTest(t, Options{}, Target{URL: address})
	rt.start()
	rt.Offer([]byte("body"), nil, nil)
	rt.expect(Delivered)
}

func TestRelayDrains(t *testing.T) {
	release := make(chan struct{})
	address, bodies := relayServer(t, sequence(append(slices.Repeat([]http.HandlerFunc{func(http.ResponseWriter, *http.Request) { <-release }}, attemptsAtOnce),
		relayAnswer(200), relayAnswer(500))...))
	rt := newRelayTest(t, Options{}, Target{URL: address})
	cancel, wait := rt.start()
	for range attemptsAtOnce + 2 {
		rt.Offer([]byte("body"), nil, nil)
	}
	received(bodies, attemptsAtOnce) // all attemptsAtOnce are busy
	cancel()
	for !rt.clock.HasWaiters() { // for the time that draining may take
		runtime.Gosched()
	}
	close(release)
	wait()
	rt.expect(append(slices.Repeat([]string{Delivered}, attemptsAtOnce+1), DroppedShutdown)...)
	rt.expectQueue(0, 0)
	rt.Offer([]byte("too late"), nil, nil)
	rt.expect(DroppedShutdown)
	if rt.Offer([]byte("a message"), nil, []string{"messages"}) {
		t.Error("a message after the end is lost")
	}
	rt.expect(Postponed)
	rt.expectQueue(0, 0)
}

func TestRelayDrainsForAShortTime(t *testing.T) {
	address, bodies := relayServer(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	rt := newRelayTest(t, Options{DrainTimeout: time.Second}, Target{URL: address})
	cancel, wait := rt.start()
	for range 2 * attemptsAtOnce {
		rt.Offer([]byte("body"), nil, nil)
	}
	received(bodies, attemptsAtOnce)
	cancel()
	for !rt.clock.HasWaiters() {
		runtime.Gosched()
	}
	rt.clock.Step(time.Second)
	wait()
	rt.expect(slices.Repeat([]string{DroppedShutdown}, 2*attemptsAtOnce)...)
	rt.expectQueue(0, 0)
}
