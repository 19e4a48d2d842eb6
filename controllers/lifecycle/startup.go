// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"sync"
	"time"

	"github.com/go-logr/logr"
	"k8s.io/utils/clock"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// startupLogPeriod is the time between two lines about the progress of a kind.
const startupLogPeriod = 10 * time.Second

// startup logs how far a process has come with the resources that it found when it started. Each is reconciled once; 100,000 take a while.
type startup struct {
	clock clock.PassiveClock
	log   logr.Logger
	// cached is how many resources of a kind there are; nil where no progress is reported.
	cached func(kind string) int

	mu    sync.Mutex
	kinds map[string]*kindStartup
}

// kindStartup is the progress of one kind.
type kindStartup struct {
	begun, logged time.Time
	// all is how many resources there were when they were last counted.
	all  int
	done bool
}

func newStartup(c clock.PassiveClock, log logr.Logger, cached func(string) int) *startup {
	s := &startup{clock: c, log: log, cached: cached, kinds: map[string]*kindStartup{}}
	for _, kind := range v1alpha1.AssetKinds {
		s.kinds[kind.Name] = &kindStartup{}
	}
	return s
}

// note is called at the beginning of each run, with how many resources of its kind were reconciled.
func (s *startup) note(kind string, reconciled int) {
	if s.cached == nil {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	k, now := s.kinds[kind], s.clock.Now()
	switch {
	case k == nil, k.done:
		return
	case k.begun.IsZero():
		k.begun, k.logged, k.all = now, now, s.cached(kind)
	}
	due := now.Sub(k.logged) >= startupLogPeriod
	if due || reconciled >= k.all {
		k.all = s.cached(kind)
	}
	if reconciled < k.all {
		if due {
			k.logged = now
			s.log.Info("Reconciling all resources after the start", "controllerKind", kind, "reconciled", reconciled, "resources", k.all)
		}
		return
	}
	k.done = true
	s.log.Info("All resources were reconciled after the start", "controllerKind", kind, "resources", reconciled, "took", now.Sub(k.begun).Round(time.Second).String())
}
