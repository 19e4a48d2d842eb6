// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"net"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
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
	c := newCrowd(2)
	conns := []*fakeConn{{}, {}, {}, {}, {}}
	closed := func() []int {
		var out []int
		for i := range conns {
			if conns[i].closed {
				out = append(out, i)
			}
		}
		return out
	}
	for _, step := range []struct {
		conn   int
		state  http.ConnState
		closed []int
	}{
		{0, http.StateNew, nil}, {0, http.StateActive, nil}, {1, http.StateNew, nil},
		{2, http.StateNew, []int{1}},       // the oldest of those without a request
		{1, http.StateClosed, []int{1}},    // which net/http tells afterwards
		{2, http.StateActive, []int{1}},    // now all are busy …
		{3, http.StateNew, []int{1, 3}},    // … and the newcomer has to go
		{0, http.StateIdle, []int{1, 3}},   // waits for its next request
		{4, http.StateNew, []int{0, 1, 3}}, // too long
		{2, http.StateHijacked, []int{0, 1, 3}},
	} {
		c.watch(conns[step.conn], step.state)
		if got := closed(); !cmp.Equal(got, step.closed) {
			t.Fatalf("after %d became %s: closed %v, want %v", step.conn, step.state, got, step.closed)
		}
	}
	if len(c.places) != 1 || c.idle.Len() != 1 {
		t.Errorf("%d connections, %d idle", len(c.places), c.idle.Len())
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
