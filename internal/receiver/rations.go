// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"sync"

	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/internal/fair"
)

// How many Secrets are read at a time, and in a second, for all apps. One app may have fifty a second read; there may be many apps,
// and a stranger can have them all read.
const (
	secretsAtOnce    = 16
	secretsPerSecond = 200
)

// rations share the readings of Secrets among the apps: whoever waits gets one in turn, however many others want.
type rations struct {
	turns *fair.Turns
	clock clock.Clock

	mu   sync.Mutex
	pace fair.Pace
}

func newRations(c clock.Clock) *rations {
	return &rations{turns: fair.NewTurns(secretsAtOnce), clock: c, pace: fair.Pace{PerSecond: secretsPerSecond, Burst: secretsPerSecond}}
}

// take waits until a Secret may be read for an app; give must follow.
func (r *rations) take(appID string) {
	r.turns.Take(appID)
	r.mu.Lock()
	defer r.mu.Unlock() // who waits here is next: the others wait for a turn, or for this one
	for {
		wait := r.pace.Wait(r.clock.Now())
		if wait <= 0 {
			break
		}
		<-r.clock.After(wait)
	}
	r.pace.Spend(r.clock.Now())
}

func (r *rations) give() { r.turns.Give() }
