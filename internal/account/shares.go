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
	// requestGap is the time between two lookups for one resource that are requested by annotation. Requests in between share one
	// lookup.
	requestGap = 15 * time.Second
	// shareWindow is the window of Meta's quota, shareBucket the resolution in which lookups are counted in it.
	shareWindow = time.Hour
	shareBucket = time.Minute
)

// shares are the lookups that each namespace has caused in the last hour. All resources that refer to an account share its quota,
// and a user who may write a resource can cause any number of lookups.
type shares map[string][]lookupCount

type lookupCount struct {
	at    time.Time
	count int
}

// reserve counts lookups of a namespace and returns 0, or how long they must wait. quota is for the lookups of all namespaces in
// an hour. A namespace may use at most half of what the others leave of it, so that some is always left for the next one.
func (s shares) reserve(namespace string, count, quota int, now time.Time) time.Duration {
	s.prune(now)
	own, others := 0, 0
	for name, counts := range s {
		for _, l := range counts {
			if name == namespace {
				own += l.count
			} else {
				others += l.count
			}
		}
	}
	ownLookups := s[namespace]
	if own > 0 && own+count > (quota-others)/2 {
		return max(requestGap, ownLookups[0].at.Add(shareWindow).Sub(now))
	}
	if n := len(ownLookups); n > 0 && now.Sub(ownLookups[n-1].at) < shareBucket {
		ownLookups[n-1].count += count
	} else {
		s[namespace] = append(ownLookups, lookupCount{now, count})
	}
	return 0
}

func (s shares) prune(now time.Time) {
	maps.DeleteFunc(s, func(namespace string, counts []lookupCount) bool {
		s[namespace] = slices.DeleteFunc(counts, func(l lookupCount) bool { return !deadline.Within(l.at, now, shareWindow) })
		return len(s[namespace]) == 0
	})
}

// relevantFor returns how long any count is still in the window.
func (s shares) relevantFor(now time.Time) time.Duration {
	var left time.Duration
	for _, counts := range s {
		left = max(left, deadline.Left(counts[len(counts)-1].at.Add(shareWindow), now, shareWindow))
	}
	return left
}

// ReserveLookups reserves lookups that a namespace causes, by a request or by a change of a spec. It returns 0 if they may be
// made, or how long they must wait. Observations don't count: they have the other half of the quota.
func (s *Session) ReserveLookups(namespace string, count int) time.Duration {
	quota := s.quota() / 2
	b := s.account
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.shares.reserve(namespace, count, quota, b.clock.Now())
}

// ReserveRequestedLookups reserves lookups that a user requested for one resource. Of many requests in a short time the first is
// answered at once, and the last when the gap is over.
func (s *Session) ReserveRequestedLookups(namespace, object string, count int) time.Duration {
	now := s.clock.Now()
	if at, lately := s.lastRequest(object, now); lately {
		return max(at.Add(requestGap).Sub(now), time.Second)
	}
	if wait := s.ReserveLookups(namespace, count); wait > 0 {
		return wait
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lookupRequests[object] = now
	return 0
}

// lastRequest returns when the last lookup was requested for a resource, if that was within the gap. It drops all older ones.
func (s *Session) lastRequest(object string, now time.Time) (at time.Time, lately bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.lookupRequests, func(_ string, at time.Time) bool { return !deadline.Within(at, now, requestGap) })
	at, lately = s.lookupRequests[object]
	return at, lately
}
