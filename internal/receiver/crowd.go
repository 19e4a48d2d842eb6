// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"container/list"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
)

// crowd limits the connections. When there are too many, the one that has gone longest without a request is closed: a
// connection that says nothing must not keep one out that has something to say.
type crowd struct {
	limit int

	mu sync.Mutex
	// idle are connections without a request under way, those that have been waiting longest first; places holds all
	// connections, with nil for those that are busy.
	idle   *list.List
	places map[net.Conn]*list.Element
}

func newCrowd(limit int) *crowd {
	return &crowd{limit: limit, idle: list.New(), places: map[net.Conn]*list.Element{}}
}

// watch is a hook for http.Server.ConnState.
func (c *crowd) watch(conn net.Conn, state http.ConnState) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if place := c.places[conn]; place != nil {
		c.idle.Remove(place)
	}
	switch state {
	case http.StateNew, http.StateIdle:
		c.places[conn] = c.idle.PushBack(conn)
	case http.StateActive:
		c.places[conn] = nil
	case http.StateHijacked, http.StateClosed:
		delete(c.places, conn)
	}
	if len(c.places) > c.limit && c.idle.Len() > 0 {
		oldest := c.idle.Remove(c.idle.Front()).(net.Conn) // the list holds nothing else
		delete(c.places, oldest)
		hangUp(oldest)
	}
}

// hangUp closes without saying goodbye: closing a TLS connection would wait for a peer that reads nothing.
func hangUp(conn net.Conn) {
	if encrypted, ok := conn.(*tls.Conn); ok {
		conn = encrypted.NetConn()
	}
	_ = conn.Close() // it is being thrown away
}
