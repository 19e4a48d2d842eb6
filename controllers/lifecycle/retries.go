// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"maps"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/deadline"
)

const (
	// FirstPause is the first wait after a failed attempt.
	FirstPause = 15 * time.Second
	// SlowPause is the first wait after an attempt of two calls, or where a person has to act.
	SlowPause = 30 * time.Second
	// SamplePause is the first wait after an attempt that had uploaded a sample file before.
	SamplePause = time.Minute
	// LongestPause is the longest wait of a backoff.
	LongestPause = 5 * time.Minute
)

// RetryKey is what isn't tried again for a while: a whole resource, or a part of it such as a setting or an address.
type RetryKey struct {
	Object types.UID
	// Part is empty for the whole resource.
	Part string
}

// Retries remembers what failed, and until when it isn't tried again. It is lost with the process: then each is tried once more. What a
// repetition would hurt is in the status too.
type Retries struct {
	clock clock.PassiveClock

	mu    sync.Mutex
	known map[RetryKey]failedAttempt
}

// failedAttempt is the last failed attempt.
type failedAttempt struct {
	// fingerprint identifies what was tried: with another one, the next attempt needn't wait.
	fingerprint string
	failures    int
	until       time.Time
	pause       time.Duration
	result      *Result
}

// NewRetries returns an empty store.
func NewRetries(c clock.PassiveClock) *Retries {
	return &Retries{clock: c, known: map[RetryKey]failedAttempt{}}
}

// Held returns the result of the last attempt, with the time that is left until the next; nil where the next may be made.
func (r *Retries) Held(key RetryKey, fingerprint string) *Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	last, ok := r.known[key]
	if !ok || last.fingerprint != fingerprint {
		return nil
	}
	left := deadline.Left(last.until, r.clock.Now(), last.pause)
	if left <= 0 {
		return nil
	}
	return last.result.RetryAfter(left)
}

// Hold records a failed attempt. The next follows when the result says, or with growing pauses where the result backs off or says
// nothing. The returned result has that pause.
func (r *Retries) Hold(key RetryKey, fingerprint string, o *Result) *Result {
	r.mu.Lock()
	defer r.mu.Unlock()
	last := r.known[key]
	if last.fingerprint != fingerprint {
		last = failedAttempt{fingerprint: fingerprint}
	}
	last.pause = o.After()
	if o.Backoff() || last.pause <= 0 {
		last.pause = min(max(o.FirstPause(), FirstPause)<<min(last.failures, 8), LongestPause)
	}
	last.failures++
	last.until, last.result = r.clock.Now().Add(last.pause), o.RetryAfter(last.pause)
	r.known[key] = last
	return last.result
}

// Release ends the pause of an attempt.
func (r *Retries) Release(key RetryKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.known, key)
}

// ReleaseParts ends the pauses of the parts of a resource that begin with a prefix, but for some.
func (r *Retries) ReleaseParts(object types.UID, prefix string, except ...RetryKey) {
	r.mu.Lock()
	defer r.mu.Unlock()
	maps.DeleteFunc(r.known, func(key RetryKey, _ failedAttempt) bool {
		for _, kept := range except {
			if key == kept {
				return false
			}
		}
		return key.Object == object && strings.HasPrefix(key.Part, prefix)
	})
}

// Failures are the messages of the last attempts at the parts of a resource that begin with a prefix, by part.
func (r *Retries) Failures(object types.UID, prefix string) map[string]string {
	r.mu.Lock()
	defer r.mu.Unlock()
	out := map[string]string{}
	for key, last := range r.known {
		if key.Object == object && strings.HasPrefix(key.Part, prefix) {
			out[key.Part] = last.result.Message()
		}
	}
	return out
}

// Forget frees what is remembered of a resource and its parts.
func (r *Retries) Forget(gone Gone) time.Duration {
	r.ReleaseParts(gone.UID, "")
	return 0
}
