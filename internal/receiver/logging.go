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

// logSampler permits one line a second, and counts the dropped lines.
type logSampler struct {
	clock clock.PassiveClock

	mu      sync.Mutex
	last    time.Time
	dropped int
}

// next reports whether a line may be logged now, and how many lines were dropped since the last one.
func (s *logSampler) next() (ok bool, dropped int) {
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

// serverLog writes the log of net/http, which has for example failed TLS handshakes of port scanners.
type serverLog struct {
	log   logr.Logger
	limit logSampler
}

func (c *serverLog) Write(line []byte) (int, error) {
	if bytes.Contains(line, []byte("panic serving")) {
		c.log.Error(nil, "webhook receiver", "message", string(line))
	} else if ok, dropped := c.limit.next(); ok {
		c.log.Info("webhook receiver", "message", strings.TrimSpace(string(line)), "unreported", dropped)
	}
	return len(line), nil
}
