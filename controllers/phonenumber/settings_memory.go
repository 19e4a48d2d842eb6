// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// contested is how long the section isn't repaired any more, because another client keeps reverting the repairs.
func (s *sectionRun) contested() time.Duration {
	return lifecycle.RepairsOf(s.Object, s.Now).Contested(string(s.section))
}

// refuse remembers Meta's refusal across restarts: the same isn't tried again for a while.
func (s *sectionRun) refuse(o *lifecycle.Result) {
	s.memory.Refusal = &v1alpha1.SectionRefusal{
		SpecHash: s.want.Hash(), RetryTime: metav1.NewTime(s.Now.Add(o.After()).Truncate(time.Second)),
		Reason: o.Reason(), Message: metavalues.Truncate(o.Message(), metavalues.MessageLimit),
	}
}

// accepted drops an earlier refusal.
func (s *sectionRun) accepted() { s.memory.Refusal = nil }

// sectionRefused repeats Meta's refusal as long as the spec requests the same, and no person requests another try.
func sectionRefused(s *sectionRun) *lifecycle.Result {
	r := s.memory.Refusal
	if r == nil || !s.Writable() {
		return nil
	}
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
		Vertical: text(live.Vertical), PicturePresent: &there,
	}
	for _, site := range live.Websites[:min(len(live.Websites), metavalues.RingSize)] {
		shown.Websites = append(shown.Websites, metavalues.Truncate(site, metavalues.MessageLimit))
	}
}
