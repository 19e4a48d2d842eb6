// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"maps"
	"reflect"
	"time"

	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// publish makes the snapshot the current one. Sections that failed keep what the previous one knew.
func (s *Session) publish(snap *Snapshot) Change {
	s.mu.Lock()
	defer s.mu.Unlock()
	old := s.snapshot
	if old != nil {
		inherit(old, snap)
	}
	now := s.clock.Now()
	s.correctTimes(now)
	maps.DeleteFunc(s.asked, func(_ string, at time.Time) bool { return !deadline.Within(at, now, requestGap) })
	change := diff(old, snap)
	if snap.TemplatesSection.Complete {
		keys := make(map[TemplateKey]struct{}, len(snap.Templates))
		for k := range snap.Templates {
			keys[k] = struct{}{}
		}
		s.listings = [2]*listing{{begun: snap.TemplatesSection.Begun, keys: keys}, s.listings[0]}
		if old != nil {
			s.lose(old.Templates, keys)
		}
		maps.DeleteFunc(s.lost, func(k TemplateKey, _ string) bool { _, there := keys[k]; return there })
		maps.DeleteFunc(s.lastWrite, func(_ TemplateKey, at time.Time) bool { return s.listedTwiceSince(at) })
		for k, f := range s.fresh {
			if f.at.Before(snap.TemplatesSection.Begun) {
				if f.template != nil {
					s.lose(map[TemplateKey]graph.Template{k: *f.template}, keys)
				}
				delete(s.fresh, k)
				change.Templates = append(change.Templates, k)
			}
		}
	}
	if snap.NumbersSection.Complete {
		for id, f := range s.freshNumbers {
			if f.at.Before(snap.NumbersSection.Begun) {
				delete(s.freshNumbers, id)
				change.Numbers = append(change.Numbers, id)
			}
		}
	}
	if snap.AppsSection.Complete && s.freshApps.Known && s.freshApps.At.Before(snap.AppsSection.Begun) {
		// What somebody undid looks like the observation before ours.
		change.Apps = change.Apps || !reflect.DeepEqual(s.freshApps.Apps, snap.Apps)
		s.freshApps = AppsView{}
	}
	s.snapshot = snap
	s.unrequested = 0
	return change
}

// correctTimes takes what was noted by a clock that was ahead for noted now. Otherwise what is known of single templates and
// numbers would count as newer than every observation until that time comes. s.mu is held.
func (s *Session) correctTimes(now time.Time) {
	ahead := func(t time.Time) bool { return t.After(now.Add(deadline.Skew)) }
	for k, f := range s.fresh {
		if ahead(f.at) {
			f.at = now
			s.fresh[k] = f
		}
	}
	for k, at := range s.lastWrite {
		if ahead(at) {
			s.lastWrite[k] = now
		}
	}
	for id, f := range s.freshNumbers {
		if ahead(f.at) {
			f.at = now
			s.freshNumbers[id] = f
		}
	}
	if ahead(s.numbersListed) {
		s.numbersListed = now
	}
	if ahead(s.freshApps.At) {
		s.freshApps.At = now
	}
}

// listedTwiceSince reports that both listings that are kept began after a time. s.mu is held.
func (s *Session) listedTwiceSince(at time.Time) bool {
	for _, l := range s.listings {
		if l == nil || !l.begun.After(at) {
			return false
		}
	}
	return true
}

// Keep frees what was learned of single templates for which there is no resource any more. Complete listings free most of it;
// this is for the rest. What is newer than the last observation stays: managed may not know its resource yet.
func (s *Session) Keep(managed map[TemplateKey]bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.snapshot == nil {
		return
	}
	old := func(k TemplateKey, at time.Time) bool { return !managed[k] && at.Before(s.snapshot.Begun) }
	maps.DeleteFunc(s.fresh, func(k TemplateKey, f freshTemplate) bool { return old(k, f.at) })
	maps.DeleteFunc(s.lastWrite, old)
	maps.DeleteFunc(s.lost, func(k TemplateKey, _ string) bool { return !managed[k] })
}

// lose remembers the ids of templates that are no longer listed.
func (s *Session) lose(before map[TemplateKey]graph.Template, listed map[TemplateKey]struct{}) {
	for k, t := range before {
		if _, there := listed[k]; !there {
			s.lost[k] = t.ID
		}
	}
}

// inherit fills a failed section with what was known before; the section stays marked incomplete.
func inherit(old, snap *Snapshot) {
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
