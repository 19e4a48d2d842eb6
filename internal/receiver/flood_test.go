// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/receiver/admission"
	"github.com/waba-operator/waba-operator/internal/webhook"
	"github.com/waba-operator/waba-operator/test/patience"
)

func dial(t *testing.T, address string) (net.Conn, error) {
	t.Helper()
	return (&net.Dialer{}).DialContext(context.Background(), "tcp", address)
}

// unverified returns the number of requests that are not verified yet.
func unverified(r *rig) int {
	return r.server.requests.Unverified()
}

// open starts a request with raw bytes.
func (r *rig) open(raw string) net.Conn {
	r.t.Helper()
	conn, err := dial(r.t, r.address)
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { _ = conn.Close() })
	if _, err := io.WriteString(conn, raw); err != nil {
		r.t.Fatal(err)
	}
	return conn
}

// status returns the status of the response; 0 if the connection was closed without one.
func status(conn net.Conn) int {
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0
	}
	_ = resp.Body.Close()
	return resp.StatusCode
}

const head = "POST /webhooks/501 HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: sha256=" +
	"0000000000000000000000000000000000000000000000000000000000000000\r\n"

// signedRequest is a delivery as it is on the wire.
func signedRequest(body string, chunked bool) string {
	request := "POST " + PathPrefix + theApp + " HTTP/1.1\r\nHost: x\r\nX-Hub-Signature-256: " + sign(body, theSecret) + "\r\n"
	switch {
	case !chunked:
		return request + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body)
	case body == "":
		return request + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
	}
	return request + fmt.Sprintf("Transfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(body), body)
}

func TestSize(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Limits.BodyBytes = 50_000
		o.Clock = clock.RealClock{}
	}, oneAccount()...)
	for _, size := range []int{0, 1, admission.SmallBody - 1, admission.SmallBody, admission.SmallBody + 1, 49_999, 50_000, 50_001, 100_000} {
		for _, chunked := range []bool{false, true} {
			want := 200
			if size > 50_000 {
				want = 413
			}
			// The client of net/http reports a reset while it writes, and not the answer that was sent before.
			if got := status(r.open(signedRequest(strings.Repeat(" ", size), chunked))); got != want {
				t.Errorf("%d bytes, chunked %v: got %d, want %d", size, chunked, got, want)
			}
		}
	}
	if got := r.server.requests.Reserved(); got != 0 {
		t.Errorf("%d bytes are still reserved", got)
	}
}

// The two limits are tested apart: on a slow machine a short one for headers would end the request with the endless body too.
func TestSlowBodies(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Limits.ReadTimeout = 50 * time.Millisecond }, oneAccount()...)
	if got := status(r.open(head + "Content-Length: 100\r\n\r\nabc")); got != 408 {
		t.Errorf("a body that never ends: got %d", got)
	}
	if got := r.metrics.delivered(OutcomeAborted); got != 1 {
		t.Errorf("aborted %d", got)
	}
	r = newRig(t, func(o *Options) { o.Limits.HeaderTimeout = 50 * time.Millisecond }, oneAccount()...)
	if got := status(r.open("POST /webhooks/501 HTTP/1.1\r\n")); got != 0 && got != 408 {
		t.Errorf("headers that never end: got %d", got)
	}
}

// TestOldestIsEvicted: requests without progress don't keep out others.
func TestOldestIsEvicted(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Limits.Unverified = 2 }, oneAccount()...)
	first := r.open(head + "Content-Length: 100\r\n\r\nabc")
	r.until("the first is admitted", func() bool { return unverified(r) == 1 })
	r.open(head + "Content-Length: 100\r\n\r\nabc")
	r.until("the second is admitted", func() bool { return unverified(r) == 2 })
	if got := r.post("[]", theSecret); got != 200 {
		t.Errorf("a genuine delivery got %d", got)
	}
	if got := status(first); got != 503 {
		t.Errorf("the oldest got %d", got)
	}
	if got := unverified(r); got != 1 {
		t.Errorf("%d are left", got)
	}
}

func TestTooManyDeliveriesAtOnce(t *testing.T) {
	r := newRig(t, func(o *Options) { o.Limits.Deliveries = 1 }, oneAccount()...)
	r.recorder.block, r.recorder.started = make(chan struct{}), make(chan struct{}, 1)
	first := later(func() int { return r.post("[]", theSecret) })
	<-r.recorder.started
	if got := r.post("[]", theSecret); got != 503 {
		t.Errorf("the second got %d", got)
	}
	close(r.recorder.block)
	if got := first(); got != 200 {
		t.Errorf("the first got %d", got)
	}
}

// TestOneAppHasNotAllTheRoom: the deliveries of one app leave slots for another one.
func TestOneAppHasNotAllTheRoom(t *testing.T) {
	const another = "502"
	bank, itsSecret := account("bank", "bank", "201", "secret-of-the-bank")
	bank.Status.Credentials.AppID = another
	r := newRig(t, func(o *Options) { o.Limits.Deliveries = 2 }, append(oneAccount(), bank, itsSecret)...)
	r.recorder.block, r.recorder.started = make(chan struct{}), make(chan struct{}, 2)
	first := later(func() int { return r.post("[]", theSecret) })
	<-r.recorder.started
	if got := r.post("[]", theSecret); got != 503 {
		t.Errorf("the second of the same app got %d", got)
	}
	other := later(func() int {
		return r.do(r.request(http.MethodPost, PathPrefix+another, "[]", "X-Hub-Signature-256", sign("[]", "secret-of-the-bank"))).status
	})
	<-r.recorder.started
	close(r.recorder.block)
	if first, other := first(), other(); first != 200 || other != 200 {
		t.Errorf("got %d and, of another app, %d", first, other)
	}
}

// TestLargeBodiesTakeTurns: large bodies of one app that wait to be parsed delay neither small ones nor those of other apps.
func TestLargeBodiesTakeTurns(t *testing.T) {
	const another = "502"
	bank, itsSecret := account("bank", "bank", "201", "secret-of-the-bank")
	bank.Status.Credentials.AppID = another
	large := strings.Repeat(" ", 1000) + "[]"
	begun, proceed := make(chan int, 10), make(chan struct{})
	r := newRig(t, func(o *Options) {
		o.Limits.LargeBytes, o.Limits.Parsing, o.Limits.WaitTimeout = len(large), 2, patience.Limit
		o.Parse = func(body []byte) ([]webhook.Change, error) {
			if begun <- len(body); len(body) >= len(large) {
				<-proceed
			}
			return nil, nil
		}
	}, append(oneAccount(), bank, itsSecret)...)
	send := func(app, body, secret string) func() int {
		return later(func() int {
			return r.do(r.request(http.MethodPost, PathPrefix+app, body, "X-Hub-Signature-256", sign(body, secret))).status
		})
	}
	answers := []func() int{send(theApp, large, theSecret)}
	<-begun
	answers = append(answers, send(theApp, large+" ", theSecret), send(another, large, "secret-of-the-bank"))
	if size := <-begun; size != len(large) {
		t.Errorf("parsed at the same time: %d bytes, want those of the other app", size)
	}
	answers = append(answers, send(theApp, "[]", theSecret))
	if size := <-begun; size != len("[]") {
		t.Errorf("parsed at the same time: %d bytes, want the small body", size)
	}
	close(proceed)
	for i, answer := range answers {
		if got := answer(); got != http.StatusOK {
			t.Errorf("delivery %d got %d", i, got)
		}
	}
}

// TestLargeBodyWithoutSlot: a large body that gets no slot in time isn't parsed, and Meta sends it again.
func TestLargeBodyWithoutSlot(t *testing.T) {
	r := newRig(t, func(o *Options) {
		o.Limits.LargeBytes, o.Limits.Parsing, o.Limits.WaitTimeout = 1, 1, 50*time.Millisecond
		o.Parse = func([]byte) ([]webhook.Change, error) {
			t.Error("parsed without a slot")
			return nil, nil
		}
	}, oneAccount()...)
	parsing, proceed := make(chan struct{}), make(chan struct{})
	other := later(func() error {
		app := r.server.apps.deliveries.NewAppLimiter()
		for { // on a slow machine the timeout may end before the slot is taken
			err := app.Parse(t.Context(), 1, func() { close(parsing); <-proceed })
			if !errors.Is(err, admission.ErrParseTimeout) || t.Context().Err() != nil {
				return err
			}
		}
	})
	<-parsing
	if got := r.post("[]", theSecret); got != http.StatusServiceUnavailable {
		t.Errorf("got %d", got)
	}
	close(proceed)
	if err := other(); err != nil {
		t.Error(err)
	}
	for app := appOfServer(t, r); !app.deliveries.LargeFull(2); {
		if _, ok := app.deliveries.AcquireLarge(2); !ok {
			t.Fatal("no slot, but not full")
		}
	}
	if got := r.post("[]", "wrong"); got != http.StatusServiceUnavailable {
		t.Errorf("a body without a slot got %d", got)
	}
}

// appOfServer returns the server's state of the app.
func appOfServer(t *testing.T, r *rig) *app {
	t.Helper()
	found, err := r.server.apps.find(t.Context(), theApp)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// TestFlood: a thousand concurrent hostile connections of all kinds use no more memory than the limits permit, and genuine deliveries
// are accepted.
func TestFlood(t *testing.T) {
	const memory = 8 << 20
	r := newRig(t, func(o *Options) {
		o.Clock = clock.RealClock{}
		o.Limits = Limits{MemoryBytes: memory}
	}, oneAccount()...)
	r.post("[]", theSecret)
	before := inUse()

	zeros := make([]byte, 1<<20)
	attacks := []func(net.Conn){
		func(c net.Conn) { _, _ = io.WriteString(c, "POST /webhooks/501 HTTP/1.1\r\nHost: x\r\n") },
		func(c net.Conn) {
			_, _ = io.WriteString(c, head+"Content-Length: 3000000\r\n\r\n")
			_, _ = c.Write(zeros)
		},
		func(c net.Conn) {
			_, _ = io.WriteString(c, head+"Transfer-Encoding: chunked\r\n\r\n")
			for range 10 {
				_, _ = fmt.Fprintf(c, "%x\r\n", len(zeros))
				_, _ = c.Write(zeros)
				_, _ = io.WriteString(c, "\r\n")
			}
		},
		func(c net.Conn) { _, _ = io.WriteString(c, head+"Content-Length: 3\r\n\r\nabc") },
		func(c net.Conn) {
			_, _ = io.WriteString(c, "GET /webhooks/501?"+query("subscribe", "wrong", "1")+" HTTP/1.1\r\nHost: x\r\n\r\n")
		},
		func(c net.Conn) { // refused before its body is read
			_, _ = io.WriteString(c, "POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\nabc")
		},
	}
	ctx, cancel := context.WithCancel(t.Context())
	var attackers sync.WaitGroup
	defer func() { cancel(); attackers.Wait() }()
	var again [1000]chan struct{} // each closed connection is opened again with the next genuine delivery
	for i := range again {
		again[i] = make(chan struct{}, 1)
		attackers.Go(func() {
			for range again[i] {
				conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", r.address)
				if err != nil {
					continue
				}
				end := context.AfterFunc(ctx, func() { _ = conn.Close() })
				attacks[i%len(attacks)](conn)
				_, _ = io.Copy(io.Discard, conn) // until the server closes it
				end()
				_ = conn.Close()
			}
		})
		defer close(again[i])
	}

	peak, tries := uint64(0), 0
	for i := range 10 {
		for j := range again {
			select {
			case again[j] <- struct{}{}:
			default: // the connection is still open
			}
		}
		body := strings.Repeat(" ", i*1000)
		for code := 0; code != 200; tries++ {
			if tries > 30 {
				t.Fatalf("only %d of %d got through", i, tries)
			}
			req := r.request(http.MethodPost, PathPrefix+theApp, body, "X-Hub-Signature-256", sign(body, theSecret))
			if resp, err := send(http.DefaultTransport, req); err == nil {
				code = resp.status
			}
		}
		if i%2 == 1 {
			peak = max(peak, inUse())
		}
	}
	t.Logf("10 deliveries took %d tries; the heap grew from %d to %d KiB", tries, before>>10, peak>>10)
	// Even with garbage, the heap is far smaller than so many bodies.
	if peak > before+256<<20 {
		t.Errorf("the heap grew from %d to %d KiB", before>>10, peak>>10)
	}
	// After the evicted requests end, the heap has the reserved bodies, and the buffers of both ends of all connections.
	r.until("the heap has shrunk", func() bool { return inUse() < before+memory+1000*24<<10 })
}

// inUse returns the bytes of the heap that are in use.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestRefusalsEndTheirConnections: a request that is refused before its body was read doesn't occupy a connection until the body arrives
// or times out.
func TestRefusalsEndTheirConnections(t *testing.T) {
	const announced = "Content-Length: 1000\r\n\r\nabc"
	for name, c := range map[string]struct {
		request string
		want    int
	}{
		"another path":   {"POST /nowhere HTTP/1.1\r\nHost: x\r\n" + announced, http.StatusNotFound},
		"another method": {"PUT /webhooks/501 HTTP/1.1\r\nHost: x\r\n" + announced, http.StatusMethodNotAllowed},
		"unsigned":       {"POST /webhooks/501 HTTP/1.1\r\nHost: x\r\n" + announced, http.StatusUnauthorized},
		"unknown app":    {strings.Replace(head, "501", "999", 1) + announced, http.StatusNotFound},
		"too large":      {head + "Content-Length: 100000000\r\n\r\nabc", http.StatusRequestEntityTooLarge},
		"handshake":      {"GET /webhooks/501?hub.mode=subscribe HTTP/1.1\r\nHost: x\r\n" + announced, http.StatusForbidden},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(o *Options) { o.Limits.ReadTimeout, o.Limits.IdleTimeout = time.Hour, time.Hour }, oneAccount()...)
			conn := r.open(c.request)
			if err := conn.SetReadDeadline(time.Now().Add(patience.Limit)); err != nil {
				t.Fatal(err)
			}
			answer := bufio.NewReader(conn)
			resp, err := http.ReadResponse(answer, nil)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode != c.want {
				t.Errorf("got %d, want %d", resp.StatusCode, c.want)
			}
			if _, err := answer.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the connection is still open: %v", err)
			}
		})
	}
}
