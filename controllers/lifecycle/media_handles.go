// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/deadline"
)

// handleLife is how long the handle of an uploaded file is used. Meta doesn't say when it expires.
const handleLife = 20 * time.Minute

// handles remembers uploads between the attempts of one write, so that a failing write doesn't upload its files anew each
// time. It is only a saving: what it forgets is uploaded again.
type handles struct {
	clock clock.PassiveClock

	mu    sync.Mutex
	known map[handleKey]uploaded
}

type handleKey struct {
	object             types.UID
	app, field, sha256 string
}

type uploaded struct {
	handle string
	at     time.Time
}

func newHandles(c clock.PassiveClock) *handles {
	return &handles{clock: c, known: map[handleKey]uploaded{}}
}

// get returns a handle that can still be used, or "".
func (h *handles) get(key handleKey) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	if u, ok := h.known[key]; ok && deadline.Within(u.at, h.clock.Now(), handleLife) {
		return u.handle
	}
	return ""
}

func (h *handles) put(key handleKey, handle string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.known, func(_ handleKey, u uploaded) bool { return !deadline.Within(u.at, h.clock.Now(), handleLife) })
	h.known[key] = uploaded{handle: handle, at: h.clock.Now()}
}

func (h *handles) Forget(gone Gone) time.Duration {
	h.Drop(gone.UID)
	return 0
}

// Drop drops the handles of an object: they were used, or Meta didn't like what they belong to.
func (h *handles) Drop(object types.UID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	maps.DeleteFunc(h.known, func(key handleKey, _ uploaded) bool { return key.object == object })
}
