// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"sync"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
)

// CreateQuota counts new templates per account. It is kept in memory and mirrored into the WABA's status at each observation. If
// a crash loses the last minutes, Meta's own refusal still ends in QuotaExceeded.
type CreateQuota struct {
	clock clock.PassiveClock
	limit int

	mu    sync.Mutex
	times map[string][]time.Time // by account id, oldest first
	// dryRuns are the creates of the last hour that an operator that only reads didn't make.
	dryRuns map[string][]dryRunCreate
}

// NewCreateQuota returns the quota of all accounts; limit is Meta's, 0 for none.
func NewCreateQuota(c clock.PassiveClock, limit int) *CreateQuota {
	return &CreateQuota{clock: c, limit: limit, times: map[string][]time.Time{}, dryRuns: map[string][]dryRunCreate{}}
}

// createWindow is the rolling window of Meta's limit on new templates per account
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/overview).
const createWindow = time.Hour

// createBucket is the grain in which the window is kept in the WABA's status.
const createBucket = 5 * time.Minute

type dryRunCreate struct {
	who types.UID
	at  time.Time
}

// Reserve takes one of the hour's creates and returns 0, or how long to wait for one.
func (l *CreateQuota) Reserve(accountID string, persisted []v1alpha1.CreateWindow) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	times := l.current(accountID, persisted)
	if l.limit > 0 && len(times) >= l.limit {
		return times[len(times)-l.limit].Add(createWindow).Sub(l.clock.Now())
	}
	l.times[accountID] = append(times, l.clock.Now())
	return 0
}

// ReserveDryRun is Reserve for an operator that only reads: each resource that would create a template counts once, and takes nothing from
// the hour.
func (l *CreateQuota) ReserveDryRun(accountID string, who types.UID, persisted []v1alpha1.CreateWindow) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	times := slices.Clone(l.current(accountID, persisted))
	now := l.clock.Now()
	would := slices.DeleteFunc(l.dryRuns[accountID], func(a dryRunCreate) bool { return !deadline.Within(a.at, now, createWindow) })
	if l.dryRuns[accountID] = would; len(would) == 0 {
		delete(l.dryRuns, accountID)
	}
	for _, a := range would {
		if a.who == who {
			return 0
		}
		times = append(times, a.at)
	}
	if l.limit > 0 && len(times) >= l.limit {
		return times[len(times)-l.limit].Add(createWindow).Sub(l.clock.Now())
	}
	l.dryRuns[accountID] = append(would, dryRunCreate{who, l.clock.Now()})
	return 0
}

// Release gives back a reservation that came to nothing.
func (l *CreateQuota) Release(accountID string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if times := l.times[accountID]; len(times) > 0 {
		l.times[accountID] = times[:len(times)-1]
	}
}

// current returns the creates of the last hour, restored from the status after a restart.
func (l *CreateQuota) current(accountID string, persisted []v1alpha1.CreateWindow) []time.Time {
	times, known := l.times[accountID]
	if !known {
		for _, w := range persisted {
			for range w.Count {
				// The latest it can have been, but still in the same window: written back, it must not have moved.
				times = append(times, w.StartTime.Add(createBucket-time.Nanosecond))
			}
		}
	}
	now := l.clock.Now()
	times = slices.DeleteFunc(times, func(t time.Time) bool { return !deadline.Within(t, now.Add(createBucket), createWindow+createBucket) })
	l.times[accountID] = times
	return times
}

// Windows returns the creates of the last hour for the WABA's status.
func (l *CreateQuota) Windows(accountID string, persisted []v1alpha1.CreateWindow) []v1alpha1.CreateWindow {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []v1alpha1.CreateWindow
	for _, t := range l.current(accountID, persisted) {
		start := metav1.NewTime(t.Truncate(createBucket))
		if n := len(out); n > 0 && out[n-1].StartTime.Equal(&start) {
			out[n-1].Count++
			continue
		}
		out = append(out, v1alpha1.CreateWindow{StartTime: start, Count: 1})
	}
	return out
}

// Forget keeps the hour of an account whose resource is gone: Meta counts it, whichever resource is next.
func (l *CreateQuota) Forget(gone Gone) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id, all := range l.dryRuns {
		rest := slices.DeleteFunc(all, func(a dryRunCreate) bool { return a.who == gone.UID })
		if l.dryRuns[id] = rest; len(rest) == 0 {
			delete(l.dryRuns, id)
		}
	}
	if gone.kind != v1alpha1.KindWABA {
		return 0
	}
	if n := len(l.times[gone.accountID]); n > 0 {
		if left := deadline.Left(l.times[gone.accountID][n-1].Add(createWindow), l.clock.Now(), createWindow+createBucket); left > 0 {
			return left
		}
	}
	delete(l.times, gone.accountID)
	return 0
}
