// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// AppsView is the latest known state of the apps that receive the account's events.
type AppsView struct {
	Apps []graph.SubscribedApp
	// Known is false until a complete listing was read.
	Known bool
	// At is when the request that read them was sent.
	At time.Time
}

// App returns the subscription of one app, nil when it isn't subscribed.
func (v AppsView) App(id string) *graph.SubscribedApp {
	for i := range v.Apps {
		if v.Apps[i].ID == id {
			return &v.Apps[i]
		}
	}
	return nil
}

// Apps returns the latest known state of the subscribed apps.
func (s *Session) Apps() AppsView {
	s.mu.RLock()
	defer s.mu.RUnlock()
	view := s.appsOverride
	if s.snapshot == nil {
		return view
	}
	if section := s.snapshot.AppsSection; section.Complete && section.Begun.After(view.At) {
		return AppsView{Apps: s.snapshot.Apps, Known: true, At: section.Begun}
	}
	return view
}

// LookupApps lists the subscribed apps now, after a write for instance.
func (s *Session) LookupApps(ctx context.Context) error {
	begun := s.clock.Now()
	apps, err := s.Client().ListSubscribedApps(ctx, s.ref.AccountID)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.appsOverride = AppsView{Apps: apps, Known: true, At: begun}
	return nil
}

// TokenAppID returns the Meta app that the access token belongs to according to Meta; empty until an observation has read it.
func (s *Session) TokenAppID() string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.snapshot == nil || s.snapshot.Token == nil {
		return ""
	}
	return s.snapshot.Token.AppID
}

// Numbers returns the latest known state of every phone number, by id. known is false until a complete listing was read.
func (s *Session) Numbers() (numbers map[string]NumberView, known bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	numbers, known = map[string]NumberView{}, !s.numbersListed.IsZero()
	if s.snapshot != nil {
		known = known || s.snapshot.NumbersSection.Complete
		for id, n := range s.snapshot.Numbers {
			numbers[id] = NumberView{Number: &n, Known: true, At: s.snapshot.NumbersSection.Begun}
		}
	}
	for id, f := range s.numberOverrides {
		numbers[id] = NumberView{Number: &f.number, Known: true, At: f.at}
	}
	return numbers, known
}
