// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"bytes"
	"strings"
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"
)

// sometimes lets one line a second through and counts the others.
type sometimes struct {
	clock clock.PassiveClock

	mu      sync.Mutex
	last    time.Time
	dropped int
}

func (s *sometimes) next() (ok bool, dropped int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock.Now()
	if now.Sub(s.last) < time.Second {
		s.dropped++
		return false, 0
	}
	s.last, dropped, s.dropped = now, s.dropped, 0
	return true, dropped
}

// complaints takes what net/http has to say, such as failed TLS handshakes of port scanners.
type complaints struct {
	log   logr.Logger
	limit sometimes
}

func (c *complaints) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("panic serving")) {
		c.log.Error(nil, "webhook receiver", "message", string(line))
	} else if ok, dropped := c.limit.next(); ok {
		c.log.Info("webhook receiver", "message", strings.TrimSpace(string(line)), "unreported", dropped)
	}
	return len(line), nil
}
