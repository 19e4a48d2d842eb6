// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"slices"
	"time"

	"github.com/waba-operator/waba-operator/internal/deadline"
)

// spent are the calls of the last hour that this process has made for an account, in buckets of a minute. Meta's own figure comes with its
// answers, is rounded to percents, and says nothing before the first.
type spent []lookupCount

func (s *spent) add(now time.Time) {
	s.prune(now)
	if n := len(*s); n > 0 && now.Sub((*s)[n-1].at) < shareBucket {
		(*s)[n-1].count++
		return
	}
	*s = append(*s, lookupCount{now, 1})
}

func (s *spent) prune(now time.Time) {
	*s = slices.DeleteFunc(*s, func(c lookupCount) bool { return !deadline.Within(c.at, now, shareWindow+shareBucket) })
}

func (s *spent) total(now time.Time) (calls int) {
	s.prune(now)
	for _, c := range *s {
		calls += c.count
	}
	return calls
}

// until is how long it takes until at most so many calls count. A bucket counts until its last call is an hour old.
func (s *spent) until(most int, now time.Time) time.Duration {
	calls := s.total(now)
	var wait time.Duration
	for _, c := range *s {
		if calls <= most {
			break
		}
		calls -= c.count
		wait = c.at.Add(shareWindow + shareBucket).Sub(now)
	}
	return wait
}

// relevantFor returns how long any call counts.
func (s *spent) relevantFor(now time.Time) time.Duration { return s.until(0, now) }
