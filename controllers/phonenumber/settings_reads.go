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

// sectionSchedule remembers when the sections of numbers were read. It is lost with the process.
type sectionSchedule struct {
	clock clock.PassiveClock
	// started is when this memory began.
	started time.Time
	// once reads everything at once: no later run follows.
	once bool

	mu sync.Mutex
	// known is when each section was read.
	known map[sectionKey]time.Time
}

type sectionKey struct {
	object  types.UID
	section number.Section
}

// retry is where failed attempts at the section are remembered.
func (k sectionKey) retry() lifecycle.RetryKey {
	return lifecycle.RetryKey{Object: k.object, Part: "section " + string(k.section)}
}

// picture is the profile picture, which can fail without the profile.
func (k sectionKey) picture() sectionKey {
	k.section = number.PictureField
	return k
}

func newSectionSchedule(c clock.PassiveClock) *sectionSchedule {
	return &sectionSchedule{clock: c, started: c.Now(), known: map[sectionKey]time.Time{}}
}

// left is the time until the section is read again without any other reason; reported is when a webhook last reported a change of
// it. After a restart the reads of the numbers are spread over a period.
func (r *sectionSchedule) left(key sectionKey, reported, now time.Time) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	if read, ok := r.known[key]; ok {
		period := sectionPeriod
		if read.Before(reported) {
			period = sectionGap
		}
		return deadline.Left(read.Add(period), now, period)
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
	return r.known[key]
}

// before reports that the section was last read by this process before then.
func (r *sectionSchedule) before(key sectionKey, then time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	read, ok := r.known[key]
	return ok && read.Before(then)
}

// done notes that the section was read.
func (r *sectionSchedule) done(key sectionKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.known[key] = r.clock.Now()
}

func (r *sectionSchedule) Forget(gone lifecycle.Gone) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.known, func(key sectionKey, _ time.Time) bool { return key.object == gone.UID })
	return 0
}
