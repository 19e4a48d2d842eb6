// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
)

type numberOverride struct {
	number graph.PhoneNumber
	at     time.Time
}

// NumberView is the latest known state of one phone number.
type NumberView struct {
	// Number is nil if it is absent (Known) or was never read.
	Number *graph.PhoneNumber
	// Known is false until a complete listing was read.
	Known bool
	// At is when the request that read it was sent.
	At time.Time
}

// Number returns the latest known state of the number that matches.
func (s *Session) Number(matches func(graph.PhoneNumber) bool) NumberView {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, f := range s.numberOverrides {
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

// LookupNumbers lists the account's numbers now, for callers that can't wait for the next observation.
func (s *Session) LookupNumbers(ctx context.Context) error {
	begun := s.clock.Now()
	var found []graph.PhoneNumber
	err := graph.EachPage(graph.OpListPhoneNumbers, func(after string) (string, error) {
		page, err := s.Client().ListPhoneNumbers(ctx, s.ref.AccountID, graph.ListOptions{After: after})
		if err != nil {
			return "", err
		}
		found = append(found, page.Items...)
		return page.After, nil
	}, func() { found = nil })
	if err != nil {
		return err // what isn't complete must not count as a listing
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, n := range found {
		s.numberOverrides[n.ID] = numberOverride{number: n, at: begun}
	}
	s.numbersListed = begun
	return nil
}

// RecordNumber stores a number that was read alone, after a write for instance.
func (s *Session) RecordNumber(n graph.PhoneNumber, at time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numberOverrides[n.ID] = numberOverride{number: n, at: at}
}
