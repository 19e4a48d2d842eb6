// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"net"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

// fakeConn is a connection that records its end.
type fakeConn struct {
	net.Conn
	closed bool
}

func (c *fakeConn) Close() error { c.closed = true; return nil }

func TestConnLimiter(t *testing.T) {
	clk := clocktesting.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	l := NewConnLimiter(2, clk)
	hasUnread := map[net.Conn]bool{}
	l.unread = func(conn net.Conn) bool { return hasUnread[conn] }
	conns := []*fakeConn{{}, {}, {}, {}, {}, {}}
	closed := func() []int {
		var out []int
		for i := range conns {
			if conns[i].closed {
				out = append(out, i)
			}
		}
		return out
	}
	expect := func(what string, want ...int) {
		t.Helper()
		if got := closed(); !slices.Equal(got, want) {
			t.Fatalf("%s: closed %v, want %v", what, got, want)
		}
	}
	requests := make([]func(), len(conns))
	open := func(i int) {
		ctx := l.ConnContext(t.Context(), conns[i])
		requests[i] = func() { l.RequestStarted(ctx) }
		l.ConnState(conns[i], http.StateNew)
	}
	idle := func(i int) { l.ConnState(conns[i], http.StateIdle) }
	// openDuring opens a connection that must wait, calls a function then, and steps the clock until the wait is over.
	openDuring := func(i int, event func()) {
		done := make(chan struct{})
		go func() { defer close(done); open(i) }()
		for !clk.HasWaiters() {
			runtime.Gosched()
		}
		for event(); ; runtime.Gosched() {
			select {
			case <-done:
				return
			default:
			}
			if clk.HasWaiters() {
				clk.Step(pollInterval)
			}
		}
	}
	open(0)
	l.ConnState(conns[0], http.StateActive) // the first byte of a request is no request
	open(1)
	requests[1]()
	clk.Step(silenceGrace)
	openDuring(2, func() {})
	expect("the oldest without a complete request", 0)
	l.ConnState(conns[0], http.StateClosed) // net/http reports it afterwards
	hasUnread[conns[2]] = true
	openDuring(3, func() { idle(1) })
	expect("a request is over, and its connection is silent", 0, 1)
	hasUnread[conns[3]] = true
	openDuring(4, func() {})
	expect("no other connection is silent for too long", 0, 1, 4)
	hasUnread[conns[2]], hasUnread[conns[3]] = false, false
	requests[2]()
	clk.Step(silenceGrace)
	idle(2) // the wait for its next request starts now
	clk.Step(silenceGrace)
	openDuring(5, func() {})
	expect("the one that has been silent longest", 0, 1, 3, 4)
	for i := range conns {
		l.ConnState(conns[i], http.StateClosed)
	}
	if len(l.conns) != 0 || l.order.Len() != 0 {
		t.Errorf("%d connections, %d in order in the end", len(l.conns), l.order.Len())
	}
}
