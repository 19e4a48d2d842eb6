// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"maps"
	"slices"
	"time"

	"github.com/waba-operator/waba-operator/internal/deadline"
)

const (
	// requestGap is the time between two lookups for one resource that are requested by annotation. Whoever asks more often is
	// answered together.
	requestGap = 15 * time.Second
	// shareWindow is the window of Meta's quota, shareBucket the grain in which lookups are remembered in it.
	shareWindow = time.Hour
	shareBucket = time.Minute
)

// shares are the lookups that each namespace has caused in the last hour. An account has one quota for all who may refer to it,
// and whoever may write a resource can cause lookups as often as it likes.
type shares map[string][]lookups

type lookups struct {
	at    time.Time
	count int
}

// take notes lookups of a namespace and returns 0, or how long they have to wait. quota is for the lookups of all namespaces in
// an hour; of what the others leave of it, no namespace takes more than half, so that there is always something left for the
// next one.
func (s shares) take(namespace string, count, quota int, now time.Time) time.Duration {
	s.prune(now)
	own, others := 0, 0
	for name, taken := range s {
		for _, l := range taken {
			if name == namespace {
				own += l.count
			} else {
				others += l.count
			}
		}
	}
	mine := s[namespace]
	if own > 0 && own+count > (quota-others)/2 {
		return max(requestGap, mine[0].at.Add(shareWindow).Sub(now))
	}
	if n := len(mine); n > 0 && now.Sub(mine[n-1].at) < shareBucket {
		mine[n-1].count += count
	} else {
		s[namespace] = append(mine, lookups{now, count})
	}
	return 0
}

func (s shares) prune(now time.Time) {
	maps.DeleteFunc(s, func(namespace string, taken []lookups) bool {
		s[namespace] = slices.DeleteFunc(taken, func(l lookups) bool { return !deadline.Within(l.at, now, shareWindow) })
		return len(s[namespace]) == 0
	})
}

// left is how long the shares still say something.
func (s shares) left(now time.Time) time.Duration {
	var left time.Duration
	for _, taken := range s {
		left = max(left, deadline.Left(taken[len(taken)-1].at.Add(shareWindow), now, shareWindow))
	}
	return left
}

// Lookups asks for lookups that a namespace causes, by a request or by a change of a spec. It returns 0 where they may be made, or
// how long they wait. Observations take no part in it: half of the quota is theirs.
func (s *Session) Lookups(namespace string, count int) time.Duration {
	quota := s.quota() / 2
	b := s.account
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shares.take(namespace, count, quota, b.clock.Now())
}

// Requested asks for lookups that a person requested for one resource. Of many requests in a short time the first is answered at
// once, and the last when the gap is over.
func (s *Session) Requested(namespace, object string, count int) time.Duration {
	now := s.clock.Now()
	if at, lately := s.lastAsked(object, now); lately {
		return max(at.Add(requestGap).Sub(now), time.Second)
	}
	if wait := s.Lookups(namespace, count); wait > 0 {
		return wait
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked[object] = now
	return 0
}

// lastAsked is when the last lookup was requested for a resource, if that was within the gap. It forgets all others.
func (s *Session) lastAsked(object string, now time.Time) (at time.Time, lately bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.asked, func(_ string, at time.Time) bool { return !deadline.Within(at, now, requestGap) })
	at, lately = s.asked[object]
	return at, lately
}
