// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"maps"
	"reflect"
	"time"

	"github.com/waba-operator/waba-operator/internal/deadline"
)

// publish makes the snapshot the current one. Failed sections keep the content of the previous snapshot.
func (s *Session) publish(snap *Snapshot) Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.snapshot
	if old != nil {
		carryOver(old, snap)
		share(old, snap)
	}
	now := s.clock.Now()
	s.clampFutureTimes(now)
	maps.DeleteFunc(s.lookupRequests, func(_ string, at time.Time) bool { return !deadline.Within(at, now, requestGap) })
	change := diff(old, snap)
	if snap.TemplatesSection.Complete {
		s.listed(old, snap, &change)
	}
	if snap.NumbersSection.Complete {
		for id, f := range s.numberOverrides {
			if f.at.Before(snap.NumbersSection.Begun) {
				delete(s.numberOverrides, id)
				change.Numbers = append(change.Numbers, id)
			}
		}
	}
	if snap.AppsSection.Complete && s.appsOverride.Known && s.appsOverride.At.Before(snap.AppsSection.Begun) {
		// A write that another client undid leaves the account as it was before the write.
		change.Apps = change.Apps || !reflect.DeepEqual(s.appsOverride.Apps, snap.Apps)
		s.appsOverride = AppsView{}
	}
	if !change.Empty() {
		s.lastChange = snap.Begun
	}
	s.snapshot = snap
	s.unrequestedWrites = 0
	return change
}

// listed drops what a complete listing of templates makes superfluous, and adds to the change what it replaces. s.mu is held.
func (s *Session) listed(old, snap *Snapshot, change *Change) {
	keys := snap.Templates
	s.lastListings = [2]*templateListing{{begun: snap.TemplatesSection.Begun, keys: keys}, s.lastListings[0]}
	if old != nil {
		for k, t := range old.Templates {
			if _, there := keys[k]; !there {
				s.rememberMissing(k, t.Unpack().ID, keys)
			}
		}
	}
	maps.DeleteFunc(s.missingIDs, func(k TemplateKey, _ string) bool { _, there := keys[k]; return there })
	maps.DeleteFunc(s.lastWrite, func(_ TemplateKey, at time.Time) bool { return s.listedTwiceSince(at) })
	for k, f := range s.templateOverrides {
		if f.at.Before(snap.TemplatesSection.Begun) {
			if f.template != nil {
				s.rememberMissing(k, f.template.ID, keys)
			}
			delete(s.templateOverrides, k)
			change.Templates = append(change.Templates, k)
		}
	}
}

// clampFutureTimes replaces times from a clock that was ahead by now. Otherwise overrides would count as newer than every
// observation until those times. s.mu is held.
func (s *Session) clampFutureTimes(now time.Time) {
	inFuture := func(t time.Time) bool { return t.After(now.Add(deadline.Skew)) }
	for k, f := range s.templateOverrides {
		if inFuture(f.at) {
			f.at = now
			s.templateOverrides[k] = f
		}
	}
	for k, at := range s.lastWrite {
		if inFuture(at) {
			s.lastWrite[k] = now
		}
	}
	for id, f := range s.numberOverrides {
		if inFuture(f.at) {
			f.at = now
			s.numberOverrides[id] = f
		}
	}
	if inFuture(s.lastChange) {
		s.lastChange = now
	}
	if inFuture(s.numbersListed) {
		s.numbersListed = now
	}
	if inFuture(s.appsOverride.At) {
		s.appsOverride.At = now
	}
}

// listedTwiceSince reports whether both stored listings began after a time. s.mu is held.
func (s *Session) listedTwiceSince(at time.Time) bool {
	for _, l := range s.lastListings {
		if l == nil || !l.begun.After(at) {
			return false
		}
	}
	return true
}

// PruneTemplates frees overrides and missing ids of templates without a resource. Complete listings free most of them; this is
// for the rest. Entries newer than the last observation stay: managed may not contain their resource yet.
func (s *Session) PruneTemplates(managed map[TemplateKey]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snapshot == nil {
		return
	}
	old := func(k TemplateKey, at time.Time) bool { return !managed[k] && at.Before(s.snapshot.Begun) }
	maps.DeleteFunc(s.templateOverrides, func(k TemplateKey, f templateOverride) bool { return old(k, f.at) })
	maps.DeleteFunc(s.lastWrite, old)
	maps.DeleteFunc(s.missingIDs, func(k TemplateKey, _ string) bool { return !managed[k] })
}

// rememberMissing stores the id of a template that is no longer listed.
func (s *Session) rememberMissing(k TemplateKey, id string, listed map[TemplateKey]PackedTemplate) {
	if _, there := listed[k]; !there {
		s.missingIDs[k] = id
	}
}

// carryOver fills a failed section with the previous content; the section stays marked incomplete.
func carryOver(old, snap *Snapshot) {
	if !snap.NumbersSection.Complete {
		for id, n := range old.Numbers {
			if _, ok := snap.Numbers[id]; !ok {
				snap.Numbers[id] = n
			}
		}
	}
	if !snap.TemplatesSection.Complete {
		for k, t := range old.Templates {
			if _, ok := snap.Templates[k]; !ok {
				snap.Templates[k] = t
			}
		}
	}
	if !snap.AppsSection.Complete {
		snap.Apps = old.Apps
	}
}
