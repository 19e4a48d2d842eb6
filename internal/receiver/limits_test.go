// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"net"
	"net/http"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestGate(t *testing.T) {
	var evicted []string
	const kib = 1 << 10
	g := newGate(3, 1000*kib)
	enter := func(name string) *pass { return g.enter(func() { evicted = append(evicted, name) }) }
	expect := func(what string, want ...string) {
		t.Helper()
		if !slices.Equal(evicted, want) {
			t.Errorf("%s: evicted %v, want %v", what, evicted, want)
		}
	}
	a, b, c := enter("a"), enter("b"), enter("c")
	expect("room for all")
	d := enter("d")
	expect("too many", "a")
	if a.hold(1) || a.prove() {
		t.Error("who was evicted may not go on")
	}
	if !b.hold(400*kib) || !c.hold(590*kib) || !b.prove() {
		t.Error("refused with room left")
	}
	expect("room for these bytes", "a")
	if !d.hold(firstBytes) {
		t.Error("a small one had to go")
	}
	expect("the largest that isn't proven", "a", "c")
	c.leave()
	if !d.hold(600 * kib) {
		t.Error("the room that c left isn't there")
	}
	e := enter("e")
	if !e.hold(firstBytes) {
		t.Error("a small one had to go")
	}
	expect("the largest again", "a", "c", "d")
	if e.hold(firstBytes + 1) {
		t.Error("got what d hasn't left yet")
	}
	expect("nobody else is left", "a", "c", "d", "e")
	for _, p := range []*pass{a, b, b, c, d, e} {
		p.leave()
	}
	if g.bytes != 0 || g.leaving != 0 || g.unproven.Len() != 0 {
		t.Errorf("%d bytes (%d leaving) and %d requests are left", g.bytes, g.leaving, g.unproven.Len())
	}
}

// fakeConn is a connection that knows whether it was closed.
type fakeConn struct {
	net.Conn
	closed bool
}

func (c *fakeConn) Close() error { c.closed = true; return nil }

func TestCrowd(t *testing.T) {
	clk := clocktesting.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	c := newCrowd(2, clk)
	talks := map[net.Conn]bool{}
	c.unread = func(conn net.Conn) bool { return talks[conn] }
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
	enter := func(i int) {
		ctx := c.enter(t.Context(), conns[i])
		requests[i] = func() { c.begin(ctx) }
		c.watch(conns[i], http.StateNew)
	}
	idle := func(i int) { c.watch(conns[i], http.StateIdle) }
	// waitingFor has a newcomer wait until something happens, and time pass then as long as it still waits.
	waitingFor := func(i int, happens func()) {
		done := make(chan struct{})
		go func() { defer close(done); enter(i) }()
		for !clk.HasWaiters() {
			runtime.Gosched()
		}
		for happens(); ; runtime.Gosched() {
			select {
			case <-done:
				return
			default:
			}
			if clk.HasWaiters() {
				clk.Step(roomRecheck)
			}
		}
	}
	enter(0)
	c.watch(conns[0], http.StateActive) // a byte of a request isn't one
	enter(1)
	requests[1]()
	clk.Step(roomGrace)
	waitingFor(2, func() {})
	expect("the oldest without a whole request", 0)
	c.watch(conns[0], http.StateClosed) // which net/http tells afterwards
	talks[conns[2]] = true
	waitingFor(3, func() { idle(1) })
	expect("a request is over, and its connection says nothing", 0, 1)
	talks[conns[3]] = true
	waitingFor(4, func() {})
	expect("all have something to say for too long", 0, 1, 4)
	talks[conns[2]], talks[conns[3]] = false, false
	requests[2]()
	clk.Step(roomGrace)
	idle(2) // its next request is awaited since now
	clk.Step(roomGrace)
	waitingFor(5, func() {})
	expect("the one that has been waiting longest", 0, 1, 3, 4)
	for i := range conns {
		c.watch(conns[i], http.StateClosed)
	}
	if len(c.places) != 0 || c.order.Len() != 0 {
		t.Errorf("%d connections, %d in order in the end", len(c.places), c.order.Len())
	}
}

func TestSucceed(t *testing.T) {
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	in := now.Add
	tests := []struct {
		name    string
		before  []key
		present string
		want    []key
	}{
		{"first", nil, "a", []key{{secret: "a"}}},
		{"none", nil, "", nil},
		{"unchanged", []key{{secret: "a"}}, "a", []key{{secret: "a"}}},
		{"replaced", []key{{secret: "a"}}, "b", []key{{"b", time.Time{}}, {"a", in(time.Hour)}}},
		{"taken away", []key{{secret: "a"}}, "", []key{{"a", in(time.Hour)}}},
		{"back again", []key{{"b", time.Time{}}, {"a", in(time.Minute)}}, "a", []key{{"a", time.Time{}}, {"b", in(time.Hour)}}},
		{"the hour doesn't begin anew", []key{{"b", time.Time{}}, {"a", in(time.Minute)}}, "b", []key{{"b", time.Time{}}, {"a", in(time.Minute)}}},
		{"over", []key{{"b", time.Time{}}, {"a", now}}, "b", []key{{secret: "b"}}},
		{"too many", []key{{"e", time.Time{}}, {"d", in(4)}, {"c", in(3)}, {"b", in(2)}}, "f",
			[]key{{"f", time.Time{}}, {"e", in(time.Hour)}, {"d", in(4)}, {"c", in(3)}}},
	}
	for _, tt := range tests {
		got := succeed(tt.before, tt.present, now)
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(key{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
}
