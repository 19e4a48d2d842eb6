// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"slices"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// How long a status lasts without action by a person
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-review, …/template-pausing
// and …/template-management).
const (
	longestReview = 24 * time.Hour
	archiveLife   = 28 * 24 * time.Hour
	firstTerm     = 3 * time.Hour
	secondTerm    = 6 * time.Hour
)

// trackStatusPeriod records since when a template has its status, and until when it is expected to keep it. Meta's last_updated_time, if
// known, distinguishes an ongoing pause from a new one.
func trackStatusPeriod(p *templateRun, change statusChange) {
	s, was, updated := &p.Object.Status, p.Before.Status.Status, change.changed
	if s.Status == "" {
		return
	}
	if s.Status == was {
		s.StatusChangedTime, s.Operator.PauseTimes = p.Before.Status.StatusChangedTime, p.Before.Status.Operator.PauseTimes
	}
	if s.StatusChangedTime == nil || s.Status != was {
		since := p.Now
		if !updated.IsZero() && updated.Before(p.Now) && updated.After(deadline.Value(p.Before.Status.StatusChangedTime)) {
			since = updated
		}
		s.StatusChangedTime = deadline.Pointer(since.Truncate(time.Second))
		if s.Status == metavalues.TemplatePaused {
			s.Operator.PauseTimes = append(slices.Clone(p.Before.Status.Operator.PauseTimes), *s.StatusChangedTime)
			s.Operator.PauseTimes = s.Operator.PauseTimes[max(0, len(s.Operator.PauseTimes)-metavalues.RingSize):]
		}
	}
	s.Pause = nil
	if s.Status == metavalues.TemplatePaused {
		if s.Pause = change.pause; s.Pause == nil {
			s.Pause = pauseOf(s)
		}
	}
	s.StatusEndTime = deadline.Pointer(change.ends)
	if term := expectedDuration(s); term > 0 {
		s.StatusEndTime = deadline.Pointer(s.StatusChangedTime.Add(term))
	}
}

// expectedDuration is how long the status is expected to last from its beginning, 0 when it doesn't end by itself.
func expectedDuration(s *v1alpha1.MessageTemplateStatus) time.Duration {
	switch s.Status {
	case metavalues.TemplatePending, metavalues.TemplateInAppeal:
		return longestReview
	case metavalues.TemplateArchived:
		return archiveLife
	case metavalues.TemplatePendingDeletion:
		return lifecycle.NameLock
	case metavalues.TemplatePaused:
		switch s.Pause.Title {
		case firstPauseTitle:
			return firstTerm
		case secondPauseTitle:
			return secondTerm
		}
	}
	return 0
}

// Meta's names of the pauses that end by themselves. Its API shows none of them, only its webhooks do; without them the quality
// score distinguishes pauses for low quality from others.
const (
	firstPauseTitle  = "FIRST_PAUSE"
	secondPauseTitle = "SECOND_PAUSE"
)

func pauseOf(s *v1alpha1.MessageTemplateStatus) *v1alpha1.TemplatePause {
	switch {
	case s.QualityScore != "RED":
		return &v1alpha1.TemplatePause{Description: "paused, but not for low quality; Meta doesn't say when it ends"}
	case len(s.Operator.PauseTimes) <= 1:
		return &v1alpha1.TemplatePause{Title: firstPauseTitle, Description: "low quality, the first pause seen: about 3 hours"}
	default:
		return &v1alpha1.TemplatePause{
			Title: secondPauseTitle, Description: "low quality, not the first pause: about 6 hours; the third time Meta disables the template",
		}
	}
}

func pauseMessage(s *v1alpha1.MessageTemplateStatus) string {
	if s.Pause != nil && (s.Pause.Title == firstPauseTitle || s.Pause.Title == secondPauseTitle) {
		return "paused by Meta for low quality; the pause ends by itself about status.statusEndTime; improve content or audience before, " +
			"because Meta disables the template the third time"
	}
	if s.Pause != nil && s.Pause.Title != "" {
		return "paused by Meta (" + lifecycle.Sentence(s.Pause.Title, lifecycle.Clause(s.Pause.Description)) + "); if it doesn't end by itself, improve the content and annotate " +
			v1alpha1.AnnotationUnpause
	}
	return "paused by Meta; if it doesn't end by itself (pacing), improve the content and annotate " + v1alpha1.AnnotationUnpause
}
