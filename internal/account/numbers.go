// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// maxNumberPages stops a listing that never ends: an account has at most a few dozen numbers.
const maxNumberPages = 100

type freshNumber struct {
	number graph.PhoneNumber
	at     time.Time
}

// NumberView is what is known of one phone number.
type NumberView struct {
	// Number is nil when it is absent (Known) or nothing is known of it.
	Number *graph.PhoneNumber
	// Known is false while no complete listing says anything.
	Known bool
	// At is when the request that saw it was sent.
	At time.Time
}

// Number returns the newest knowledge of the number that matches.
func (s *Session) Number(matches func(graph.PhoneNumber) bool) NumberView {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, f := range s.freshNumbers {
		if matches(f.number) {
			return NumberView{Number: &f.number, Known: true, At: f.at}
		}
	}
	view := NumberView{Known: !s.numbersListed.IsZero(), At: s.numbersListed}
	if s.snapshot == nil {
		return view
	}
	section := s.snapshot.NumbersSection
	for _, n := range s.snapshot.Numbers {
		if matches(n) {
			return NumberView{Number: &n, Known: true, At: section.Begun}
		}
	}
	if section.Complete && section.Begun.After(view.At) {
		view.Known, view.At = true, section.Begun
	}
	return view
}

// LookupNumbers lists the account's numbers now, for those who can't wait for the next observation.
func (s *Session) LookupNumbers(ctx context.Context) error {
	begun := s.clock.Now()
	var found []graph.PhoneNumber
	after := ""
	for range maxNumberPages {
		page, err := s.Client().ListPhoneNumbers(ctx, s.ref.AccountID, graph.ListOptions{After: after})
		if err != nil {
			return err
		}
		found = append(found, page.Items...)
		if after = page.After; after == "" {
			break
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range found {
		s.freshNumbers[n.ID] = freshNumber{number: n, at: begun}
	}
	s.numbersListed = begun
	return nil
}

// SawNumber records a number that was read by itself, after a write of ours for instance.
func (s *Session) SawNumber(n graph.PhoneNumber, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.freshNumbers[n.ID] = freshNumber{number: n, at: at}
}
