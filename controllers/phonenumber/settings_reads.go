// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"hash/fnv"
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/number"
)

// sectionSchedule remembers when the sections of numbers were read, and what need not be tried again for a while. It is lost
// with the process; what must not be is in the status.
type sectionSchedule struct {
	clock clock.PassiveClock
	// started is when this memory began.
	started time.Time
	// once: there is no later for those that would have to wait for their turn.
	once bool

	mu    sync.Mutex
	known map[sectionKey]sectionMemory
}

type sectionKey struct {
	object  types.UID
	section number.Section
}

// pictureKey is where the profile picture is remembered, which can fail without the profile.
func pictureKey(profile sectionKey) sectionKey {
	profile.section = number.PictureField
	return profile
}

type sectionMemory struct {
	// read is when the section was read.
	read time.Time
	// until is how long the result stands, unless the fingerprint changes; pause is that from its beginning.
	until       time.Time
	pause       time.Duration
	fingerprint string
	result      *lifecycle.Result
}

func newSectionSchedule(c clock.PassiveClock) *sectionSchedule {
	return &sectionSchedule{clock: c, started: c.Now(), known: map[sectionKey]sectionMemory{}}
}

// left is the time until the section is read again without any other reason; told is when a webhook last said that it was
// changed. After a restart the numbers take turns.
func (r *sectionSchedule) left(key sectionKey, told, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if m, ok := r.known[key]; ok && !m.read.IsZero() {
		period := sectionPeriod
		if m.read.Before(told) {
			period = sectionGap
		}
		return deadline.Left(m.read.Add(period), now, period)
	}
	if r.once {
		return 0
	}
	return deadline.Left(r.started.Add(startupDelay(key.object)), now, sectionPeriod)
}

// startupDelay is when in the first period after a restart a number is read.
func startupDelay(object types.UID) time.Duration {
	h := fnv.New64a()
	_, _ = h.Write([]byte(object)) // never fails
	minutes := uint64(sectionPeriod / time.Minute)
	return time.Duration(h.Sum64()%minutes) * time.Minute
}

// readAt is when the section was read, zero where this process hasn't read it.
func (r *sectionSchedule) readAt(key sectionKey) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.known[key].read
}

// before reports that the section was last read by this process before then.
func (r *sectionSchedule) before(key sectionKey, then time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.known[key]
	return ok && !m.read.IsZero() && m.read.Before(then)
}

// done notes that the section was read.
func (r *sectionSchedule) done(key sectionKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[key] = sectionMemory{read: r.clock.Now()}
}

func (r *sectionSchedule) Forget(gone lifecycle.Gone) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.known, func(key sectionKey, _ sectionMemory) bool { return key.object == gone.UID })
	return 0
}

// hold lets a result stand for a while, unless the fingerprint changes.
func (r *sectionSchedule) hold(key sectionKey, fingerprint string, o *lifecycle.Result, pause time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	m := r.known[key]
	m.until, m.pause, m.fingerprint, m.result = r.clock.Now().Add(pause), pause, fingerprint, o
	r.known[key] = m
}

// held returns the result that still stands, with the time that is left of it.
func (r *sectionSchedule) held(key sectionKey, fingerprint string) *lifecycle.Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	m, ok := r.known[key]
	if !ok || m.fingerprint != fingerprint {
		return nil
	}
	left := deadline.Left(m.until, r.clock.Now(), m.pause)
	if left <= 0 {
		return nil
	}
	return m.result.RetryAfter(left)
}
