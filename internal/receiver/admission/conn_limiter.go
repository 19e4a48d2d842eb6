// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

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
	// silenceGrace is how long a connection may be silent before it can be closed. A shorter time would close connections of slow
	// machines. With a longer time, fewer new connections would suffice to keep other ones in the kernel's queue.
	silenceGrace = 250 * time.Millisecond
	// confirmAfter is the time between the two checks that show a connection to be silent. A single check could fall between
	// the read of a request and its start.
	confirmAfter = 50 * time.Millisecond
	// waitTimeout is how long a new connection waits while no other one is silent. Later connections wait behind it, in the
	// kernel's queue. The timeout is a safeguard: a connection that isn't silent is soon read, or ends.
	waitTimeout = 10 * time.Second
	// pollInterval is the time between two searches for a silent connection.
	pollInterval = 20 * time.Millisecond
)

// ConnLimiter bounds the connections of an http.Server. Above the limit it closes the connection that has been silent for the
// longest time. A connection is silent when no complete request is in progress and no bytes of it are unread. A client that sends
// nothing, or a request byte by byte, thus can't keep other clients out. Bytes that are unread are not the client's fault: the
// machine is busy. Where no connection is silent, the new one waits.
type ConnLimiter struct {
	limit int
	clock clock.Clock
	// unread reports that bytes of a connection have arrived that the server hasn't read yet.
	unread func(net.Conn) bool

	mu sync.Mutex
	// order has all connections. The one that has been silent for the longest time is the first.
	order *list.List
	conns map[net.Conn]*connState
	// changed holds a token after a connection has ended or become idle.
	changed chan struct{}
}

// connState is what the limiter knows about one connection.
type connState struct {
	conn net.Conn
	// active is set from the start of a request until the connection is idle. It is atomic, so that the start of a request doesn't
	// wait for the limiter's lock: meanwhile the connection would seem silent.
	active atomic.Bool
	// since is when the connection was opened, became idle, or last had unread bytes.
	since time.Time
	// suspectedAt is when a check first found the connection silent; zero without one since then.
	suspectedAt time.Time
	element     *list.Element
}

// NewConnLimiter returns a limiter of as many connections. Its hooks ConnContext and ConnState belong into an http.Server, whose
// handler must call RequestStarted.
func NewConnLimiter(limit int, c clock.Clock) *ConnLimiter {
	return &ConnLimiter{limit: limit, clock: c, unread: unread, order: list.New(), conns: map[net.Conn]*connState{}, changed: make(chan struct{}, 1)}
}

// connKey is the key of a connection's state in the context of its requests.
type connKey struct{}

// ConnContext is the hook for http.Server.ConnContext. The server calls it before ConnState.
func (l *ConnLimiter) ConnContext(ctx context.Context, conn net.Conn) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := &connState{conn: conn, since: l.clock.Now()}
	s.element = l.order.PushBack(s)
	l.conns[conn] = s
	return context.WithValue(ctx, connKey{}, s)
}

// RequestStarted marks the connection of a request as active. The context is that of the request.
func (*ConnLimiter) RequestStarted(ctx context.Context) {
	if s, ok := ctx.Value(connKey{}).(*connState); ok {
		s.active.Store(true)
	}
}

// ConnState is the hook for http.Server.ConnState. It blocks for a new connection above the limit; the server accepts no other
// connection meanwhile.
func (l *ConnLimiter) ConnState(conn net.Conn, state http.ConnState) {
	if state == http.StateActive {
		return // the first byte of a request; RequestStarted follows its headers
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.conns[conn]
	switch {
	case s == nil: // the limiter closed it
	case state == http.StateNew:
		l.enforce(s)
	case state == http.StateIdle:
		s.active.Store(false)
		l.touch(s)
		l.signal()
	default:
		l.remove(s)
	}
}

// enforce closes connections until the limit holds. l.mu is held, except during waits.
func (l *ConnLimiter) enforce(newcomer *connState) {
	began := l.clock.Now()
	for len(l.conns) > l.limit {
		silent := l.longestSilent(newcomer)
		if silent == nil && l.clock.Since(began) < waitTimeout {
			l.wait()
			continue
		}
		if silent == nil {
			silent = newcomer
		}
		l.remove(silent)
		closeNow(silent.conn)
	}
}

// longestSilent returns the connection that has been silent for the longest time, or nil without one. l.mu is held.
func (l *ConnLimiter) longestSilent(newcomer *connState) *connState {
	now := l.clock.Now()
	for e := l.order.Front(); e != nil; {
		s := e.Value.(*connState) // the list contains nothing else
		e = e.Next()
		switch {
		case now.Sub(s.since) < silenceGrace:
			return nil // all later connections in the list are younger
		case s == newcomer:
		case s.active.Load(), l.unread(s.conn):
			l.touch(s) // the next check of it is a grace away
		case s.suspectedAt.IsZero():
			s.suspectedAt = now
		case now.Sub(s.suspectedAt) >= confirmAfter:
			return s
		}
	}
	return nil
}

// touch moves a connection behind all others. l.mu is held.
func (l *ConnLimiter) touch(s *connState) {
	s.since, s.suspectedAt = l.clock.Now(), time.Time{}
	l.order.MoveToBack(s.element)
}

// wait returns after a change or pollInterval. l.mu is held, except during the wait.
func (l *ConnLimiter) wait() {
	l.mu.Unlock()
	defer l.mu.Lock()
	timer := l.clock.NewTimer(pollInterval)
	defer timer.Stop()
	select {
	case <-l.changed:
	case <-timer.C():
	}
}

// remove frees the slot of a connection. l.mu is held.
func (l *ConnLimiter) remove(s *connState) {
	l.order.Remove(s.element)
	delete(l.conns, s.conn)
	l.signal()
}

func (l *ConnLimiter) signal() {
	select {
	case l.changed <- struct{}{}:
	default: // the channel holds a token already
	}
}

// closeNow closes the connection below TLS: a closing handshake would wait for a client that reads nothing.
func closeNow(conn net.Conn) { _ = plain(conn).Close() } // an error is of no consequence: the connection isn't used any more

// plain returns the connection below TLS.
func plain(conn net.Conn) net.Conn {
	if encrypted, ok := conn.(*tls.Conn); ok {
		return encrypted.NetConn()
	}
	return conn
}
