// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"container/list"
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"k8s.io/utils/clock"
)

const (
	// roomGrace is how long a connection has for saying something, and for how long it counts that it did. Whoever opens more than a limit's worth of connections in this
	// time keeps others waiting in the kernel's queue; with a longer one it would take fewer, with a shorter one callers on slow
	// machines would be closed.
	roomGrace = 250 * time.Millisecond
	// roomDoubt is how long a connection still has after nothing unread was found: its request may just have been read.
	roomDoubt = 50 * time.Millisecond
	// roomTimeout is how long a new connection waits for a place when all others have something to say, and everybody behind it in
	// the kernel's queue with it. It is only for what can't be: each of them is about to be read, or to end.
	roomTimeout = 10 * time.Second
	// roomRecheck is how often it is looked whether one of them has nothing to say any more.
	roomRecheck = 20 * time.Millisecond
)

// crowd limits the connections. When there are too many, the one that has gone longest without a whole request is closed: a
// connection that says nothing, or says it drop by drop, must not keep one out that has something to say. What has arrived and
// wasn't read yet is something to say: on a busy machine that isn't the caller's fault. Where every connection has, the next one
// waits.
type crowd struct {
	limit int
	clock clock.Clock
	// unread says whether bytes of a connection have arrived that the server hasn't read yet.
	unread func(net.Conn) bool

	mu sync.Mutex
	// order has all connections, those first that had nothing to say for the longest time.
	order  *list.List
	places map[net.Conn]*place
	// changed holds a token after a connection has ended, or waits for its next request.
	changed chan struct{}
}

// place is that of one connection.
type place struct {
	conn net.Conn
	// busy is set from when a request begins until the connection waits for the next one. No lock guards it: a request that has
	// been read mustn't be taken for silence while it waits for one.
	busy atomic.Bool
	// since is when the connection was opened, became idle, or was last seen to have something unread.
	since time.Time
	// doubted is when it was found to have nothing to say, zero if it wasn't since then.
	doubted time.Time
	entry   *list.Element
}

func newCrowd(limit int, c clock.Clock) *crowd {
	return &crowd{limit: limit, clock: c, unread: unread, order: list.New(), places: map[net.Conn]*place{}, changed: make(chan struct{}, 1)}
}

// placeKey finds the place of a connection in the context of its requests.
type placeKey struct{}

// enter is a hook for http.Server.ConnContext, which comes before all states of a connection.
func (c *crowd) enter(ctx context.Context, conn net.Conn) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	p := &place{conn: conn, since: c.clock.Now()}
	p.entry = c.order.PushBack(p)
	c.places[conn] = p
	return context.WithValue(ctx, placeKey{}, p)
}

// begin notes that a request has begun.
func (*crowd) begin(ctx context.Context) {
	if p, ok := ctx.Value(placeKey{}).(*place); ok {
		p.busy.Store(true)
	}
}

// watch is a hook for http.Server.ConnState. As the server accepts no further connection meanwhile, it may wait with a new one.
func (c *crowd) watch(conn net.Conn, state http.ConnState) {
	if state == http.StateActive {
		return // begin follows
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	p := c.places[conn]
	switch {
	case p == nil: // it was hung up on
	case state == http.StateNew:
		c.makeRoom(p)
	case state == http.StateIdle:
		p.busy.Store(false)
		c.refresh(p)
		c.signal()
	default:
		c.remove(p)
	}
}

// makeRoom closes connections until there are no more than may be. c.mu is held, but not while it waits.
func (c *crowd) makeRoom(newcomer *place) {
	began := c.clock.Now()
	for len(c.places) > c.limit {
		silent := c.silent(newcomer)
		if silent == nil && c.clock.Since(began) < roomTimeout {
			c.pause()
			continue
		}
		if silent == nil {
			silent = newcomer
		}
		c.remove(silent)
		hangUp(silent.conn)
	}
}

// silent is the connection that has had nothing to say for the longest time, nil if each had a moment ago. c.mu is held.
func (c *crowd) silent(newcomer *place) *place {
	now := c.clock.Now()
	for e := c.order.Front(); e != nil; {
		p := e.Value.(*place) // the list holds nothing else
		e = e.Next()
		switch {
		case now.Sub(p.since) < roomGrace:
			return nil // those behind it are younger still
		case p == newcomer:
		case p.busy.Load(), c.unread(p.conn):
			c.refresh(p) // it isn't looked at again for a while
		case p.doubted.IsZero():
			p.doubted = now
		case now.Sub(p.doubted) >= roomDoubt:
			return p
		}
	}
	return nil
}

// refresh puts a connection behind all others. c.mu is held.
func (c *crowd) refresh(p *place) {
	p.since, p.doubted = c.clock.Now(), time.Time{}
	c.order.MoveToBack(p.entry)
}

func (c *crowd) pause() {
	c.mu.Unlock()
	defer c.mu.Lock()
	timer := c.clock.NewTimer(roomRecheck)
	defer timer.Stop()
	select {
	case <-c.changed:
	case <-timer.C():
	}
}

// remove gives a connection's place to others. c.mu is held.
func (c *crowd) remove(p *place) {
	c.order.Remove(p.entry)
	delete(c.places, p.conn)
	c.signal()
}

func (c *crowd) signal() {
	select {
	case c.changed <- struct{}{}:
	default: // there is a token already
	}
}

// hangUp closes without saying goodbye: closing a TLS connection would wait for a peer that reads nothing.
func hangUp(conn net.Conn) { _ = plain(conn).Close() } // it is being thrown away

// plain is the connection below TLS.
func plain(conn net.Conn) net.Conn {
	if encrypted, ok := conn.(*tls.Conn); ok {
		return encrypted.NetConn()
	}
	return conn
}
