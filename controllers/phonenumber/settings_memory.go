// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// memory is what the status remembers of the section; it is added where there is nothing yet.
func (s *sectionRun) memory() *v1alpha1.PhoneNumberSectionStatus {
	status := &s.Object.Status
	i := slices.IndexFunc(status.Operator.Sections, func(m v1alpha1.PhoneNumberSectionStatus) bool { return m.Name == string(s.section) })
	if i < 0 {
		status.Operator.Sections = append(status.Operator.Sections, v1alpha1.PhoneNumberSectionStatus{Name: string(s.section)})
		i = len(status.Operator.Sections) - 1
	}
	m := &status.Operator.Sections[i]
	m.Repairs = lifecycle.RecentRepairs(m.Repairs, s.Now)
	return m
}

// restored is what the status remembers of the section, nil for nothing.
func (s *sectionRun) restored() *v1alpha1.PhoneNumberSectionStatus {
	for i := range s.Object.Status.Operator.Sections {
		if m := &s.Object.Status.Operator.Sections[i]; m.Name == string(s.section) {
			return m
		}
	}
	return nil
}

// contested is how long the section isn't repaired any more, because it was too often.
func (s *sectionRun) contested() time.Duration {
	m := s.restored()
	if m == nil {
		return 0
	}
	return lifecycle.Contested(m.Repairs, s.Now)
}

// refuse remembers Meta's no across restarts: the same isn't tried again for a while.
func (s *sectionRun) refuse(o *lifecycle.Result) {
	s.memory().Refusal = &v1alpha1.SectionRefusal{
		SpecHash: s.want.Hash(), RetryTime: metav1.NewTime(s.Now.Add(o.After()).Truncate(time.Second)),
		Reason: o.Reason(), Message: metavalues.Truncate(o.Message(), metavalues.MessageLimit),
	}
}

// accepted forgets an earlier no, and the section where nothing else is remembered of it.
func (s *sectionRun) accepted() {
	m := s.restored()
	if m == nil {
		return
	}
	s.memory().Refusal = nil
	s.Object.Status.Operator.Sections = slices.DeleteFunc(s.Object.Status.Operator.Sections, func(m v1alpha1.PhoneNumberSectionStatus) bool {
		return m.Refusal == nil && len(m.Repairs) == 0
	})
}

// sectionRefused repeats Meta's no as long as nothing else is wanted and nobody asked for another try.
func sectionRefused(s *sectionRun) *lifecycle.Result {
	m := s.restored()
	if m == nil || m.Refusal == nil || !s.Writable() {
		return nil
	}
	r := m.Refusal
	left := deadline.Left(r.RetryTime.Time, s.Now, lifecycle.RefusedRecheck)
	if s.Requested() || r.SpecHash != s.want.Hash() || left <= 0 {
		return nil
	}
	return lifecycle.Waiting(r.Reason, r.Message, left).AssetUnaffected()
}

// profile is what the status shows of the profile.
func (s *sectionRun) profile() *v1alpha1.PhoneNumberProfileStatus {
	if s.Object.Status.Profile == nil {
		s.Object.Status.Profile = &v1alpha1.PhoneNumberProfileStatus{}
	}
	return s.Object.Status.Profile
}

// show copies what was read into the status.
func (s *sectionRun) show(live number.Live) {
	switch s.section {
	case number.Profile:
		s.showProfile(live.Profile)
	case number.Commerce:
		s.Object.Status.Commerce = &v1alpha1.PhoneNumberCommerceStatus{
			CartEnabled: live.Commerce.CartEnabled, CatalogVisible: live.Commerce.CatalogVisible,
		}
	case number.Username:
		s.Object.Status.Username, s.Object.Status.UsernameStatus = metavalues.Clip(live.Username.Name), metavalues.Clip(live.Username.Status)
	}
}

func (s *sectionRun) showProfile(live *graph.Profile) {
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
