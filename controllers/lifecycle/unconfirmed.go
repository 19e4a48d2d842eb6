// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/facts"
)

// Topic identifies the asset that a webhook fact is about: a template, a number or, when empty, the account.
type Topic struct {
	Template account.TemplateKey
	Number   string
}

// unconfirmedFacts tracks, per account, the webhook facts that are newer than its last observation, and schedules the next observation
// earlier to confirm them.
type unconfirmedFacts struct {
	mu       sync.Mutex
	accounts map[types.UID]*accountFacts
}

// accountFacts are the unconfirmed facts of one account.
type accountFacts struct {
	// observed is when the last observation began.
	observed time.Time
	// first is the earliest receipt that no observation has confirmed.
	first time.Time
	// newest has the newest receipt about each resource.
	newest map[types.UID]receivedFact
}

// receivedFact is when a fact was received.
type receivedFact struct {
	about Topic
	at    time.Time
}

func newUnconfirmedFacts() *unconfirmedFacts {
	return &unconfirmedFacts{accounts: map[types.UID]*accountFacts{}}
}

// note records the receipt of a fact about a resource, unless a later observation has confirmed it. It reports whether the account must be
// enqueued, because there was nothing to confirm before.
func (r *unconfirmedFacts) note(waba, resource types.UID, about Topic, received, observed time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.accounts[waba]
	if u == nil {
		u = &accountFacts{newest: map[types.UID]receivedFact{}}
	}
	if received.IsZero() || !deadline.Later(u.observed, observed).Before(received.Add(facts.APILag)) {
		return false
	}
	r.accounts[waba] = u
	u.newest[resource] = receivedFact{about, deadline.Later(u.newest[resource].at, received)}
	if !u.first.IsZero() && !received.Before(u.first) {
		return false
	}
	u.first = received
	return true
}

// Due is when an observation can confirm the earliest fact; zero when there is none. Times of receipt are whole seconds, so one second is
// added to the window.
func (r *unconfirmedFacts) Due(waba types.UID) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	if u := r.accounts[waba]; u != nil && !u.first.IsZero() {
		return u.first.Add(facts.APILag + time.Second)
	}
	return time.Time{}
}

// Observed notes an observation and adds to its changes what it confirmed, or not. An observation that shows the same as the one
// before it may still disagree with a webhook.
func (r *unconfirmedFacts) Observed(waba types.UID, begun time.Time, change *account.Change) {
	r.mu.Lock()
	defer r.mu.Unlock()
	u := r.accounts[waba]
	if u == nil {
		u = &accountFacts{newest: map[types.UID]receivedFact{}}
		r.accounts[waba] = u
	}
	u.observed, u.first = begun, time.Time{}
	for resource, received := range u.newest {
		if begun.Before(received.at.Add(facts.APILag)) {
			if u.first.IsZero() || received.at.Before(u.first) {
				u.first = received.at
			}
			continue
		}
		delete(u.newest, resource)
		about := received.about
		switch {
		case about.Number != "":
			change.Numbers = append(change.Numbers, about.Number)
		case about != Topic{}:
			change.Templates = append(change.Templates, about.Template)
		}
	}
}

func (r *unconfirmedFacts) Forget(gone Gone) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.accounts, gone.UID)
	for _, u := range r.accounts {
		delete(u.newest, gone.UID)
	}
	return 0
}
