// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// memory is what the status remembers of the section; it is added where there is nothing yet.
func (s *sectionPass) memory() *v1alpha1.PhoneNumberSectionStatus {
	status := &s.obj.Status
	i := slices.IndexFunc(status.Sections, func(m v1alpha1.PhoneNumberSectionStatus) bool { return m.Name == string(s.section) })
	if i < 0 {
		status.Sections = append(status.Sections, v1alpha1.PhoneNumberSectionStatus{Name: string(s.section)})
		i = len(status.Sections) - 1
	}
	m := &status.Sections[i]
	m.Repairs = slices.DeleteFunc(m.Repairs, func(t metav1.Time) bool { return !deadline.Within(t.Time, s.now, contestedWindow) })
	return m
}

// recalled is what the status remembers of the section, nil for nothing.
func (s *sectionPass) recalled() *v1alpha1.PhoneNumberSectionStatus {
	for i := range s.obj.Status.Sections {
		if m := &s.obj.Status.Sections[i]; m.Name == string(s.section) {
			return m
		}
	}
	return nil
}

// contested is how long the section isn't repaired any more, because it was too often.
func (s *sectionPass) contested() time.Duration {
	m := s.recalled()
	if m == nil {
		return 0
	}
	var recent []time.Time
	for _, t := range m.Repairs {
		if deadline.Within(t.Time, s.now, contestedWindow) {
			recent = append(recent, t.Time)
		}
	}
	if len(recent) < contestedAfter {
		return 0
	}
	return max(0, recent[len(recent)-contestedAfter].Add(contestedWindow).Sub(s.now))
}

// refuse remembers Meta's no across restarts: the same isn't tried again for a while.
func (s *sectionPass) refuse(o *Result) {
	s.memory().Refusal = &v1alpha1.SectionRefusal{
		SpecHash: s.want.Hash(), Until: metav1.NewTime(s.now.Add(o.after).Truncate(time.Second)),
		Reason: o.reason, Message: metavalues.Truncate(o.message, metavalues.MessageLimit),
	}
}

// accepted forgets an earlier no, and the section where nothing else is remembered of it.
func (s *sectionPass) accepted() {
	m := s.recalled()
	if m == nil {
		return
	}
	s.memory().Refusal = nil
	s.obj.Status.Sections = slices.DeleteFunc(s.obj.Status.Sections, func(m v1alpha1.PhoneNumberSectionStatus) bool {
		return m.Refusal == nil && len(m.Repairs) == 0
	})
}

// sectionRefused repeats Meta's no as long as nothing else is wanted and nobody asked for another try.
func sectionRefused(s *sectionPass) *Result {
	m := s.recalled()
	if m == nil || m.Refusal == nil || !s.writable() {
		return nil
	}
	r := m.Refusal
	left := deadline.Left(r.Until.Time, s.now, refusedRecheck)
	if s.requested() || r.SpecHash != s.want.Hash() || left <= 0 {
		return nil
	}
	return waiting(r.Reason, r.Message, left).assetUnaffected()
}

// profile is what the status shows of the profile.
func (s *sectionPass) profile() *v1alpha1.PhoneNumberProfileStatus {
	if s.obj.Status.Profile == nil {
		s.obj.Status.Profile = &v1alpha1.PhoneNumberProfileStatus{}
	}
	return s.obj.Status.Profile
}

// show copies what was read into the status.
func (s *sectionPass) show(live number.Live) {
	switch s.section {
	case number.Profile:
		s.showProfile(live.Profile)
	case number.Commerce:
		s.obj.Status.Commerce = &v1alpha1.PhoneNumberCommerceStatus{
			CartEnabled: live.Commerce.CartEnabled, CatalogVisible: live.Commerce.CatalogVisible,
		}
	case number.Username:
		s.obj.Status.Username, s.obj.Status.UsernameStatus = metavalues.Clip(live.Username.Name), metavalues.Clip(live.Username.Status)
	}
}

func (s *sectionPass) showProfile(live *graph.Profile) {
	text := func(p *string) string {
		if p == nil {
			return ""
		}
		return metavalues.Truncate(*p, metavalues.MessageLimit)
	}
	there := number.HasPicture(live)
	shown := s.profile()
	*shown = v1alpha1.PhoneNumberProfileStatus{
		About: text(live.About), Address: text(live.Address), Description: text(live.Description), Email: text(live.Email),
		Vertical: text(live.Vertical), PicturePresent: &there, PictureSHA256: shown.PictureSHA256,
	}
	for _, site := range live.Websites[:min(len(live.Websites), metavalues.RingSize)] {
		shown.Websites = append(shown.Websites, metavalues.Truncate(site, metavalues.MessageLimit))
	}
}
