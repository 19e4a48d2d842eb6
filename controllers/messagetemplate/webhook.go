// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/template"
)

// eventFlagged means that Meta may disable the template; it stays approved meanwhile.
const eventFlagged = "FLAGGED"

// statusReported is what a status event means where Meta's API has no such status
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/webhooks/reference/message_template_status_update).
var statusReported = map[string]string{
	eventFlagged: metavalues.TemplateApproved, "REINSTATED": metavalues.TemplateApproved, "UNARCHIVED": metavalues.TemplateApproved, "LOCKED": metavalues.TemplatePaused,
}

func templateStatusOf(event string) string {
	if status, ok := statusReported[event]; ok {
		return status
	}
	return metavalues.Clip(event)
}

// statusChange is what is known of a status beyond its name.
type statusChange struct {
	// changed is when it began, by Meta's clock; zero where that isn't known.
	changed time.Time
	// pause is Meta's word on the pause, nil where the operator has to guess.
	pause *v1alpha1.TemplatePause
	// ends is when Meta announced its end, zero where it didn't.
	ends time.Time
}

// overlayStatus puts what webhooks reported over the observed status of a template, which s shows. since is when the status
// before the run began. The content isn't touched: only a read decides whether another client edited it.
func overlayStatus(s *v1alpha1.MessageTemplateStatus, since time.Time, k lifecycle.Freshness) statusChange {
	var change statusChange
	w := s.Webhook
	if w == nil {
		return change
	}
	k = afterWrite(k, s)
	// In the second of an answer that said "in review", only the end of the review can follow.
	takesBack := func(e *v1alpha1.WebhookEvent) bool { return sameSecond(e, k) && s.Status != metavalues.TemplatePending }
	if e := facts.EventOf(w.Events, facts.MarkTemplateStatus); k.Outweighs(e) && w.Status != "" && !takesBack(e) {
		s.Status, change.changed = templateStatusOf(w.Status), e.Time.Time
		switch s.Status {
		case metavalues.TemplateApproved, metavalues.TemplatePending:
			s.Rejection = nil
		case metavalues.TemplateRejected:
			s.Rejection = &v1alpha1.TemplateRejection{Reason: metavalues.Clip(w.Reason), Recommendation: template.RejectionAdvice(w.Reason)}
		}
	}
	if k.Outweighs(facts.EventOf(w.Events, facts.MarkTemplateQuality)) && w.QualityScore != "" {
		s.QualityScore = metavalues.Upper(w.QualityScore)
	}
	overlayCategory(s, k)
	if explanationBelongs(s, since, k) {
		overlayExplanation(s, &change)
	}
	return change
}

// afterWrite adds to the freshness that a write of the operator ends what was reported of the template before it.
func afterWrite(k lifecycle.Freshness, s *v1alpha1.MessageTemplateStatus) lifecycle.Freshness {
	k.WrittenAt = deadline.Later(k.WrittenAt, deadline.Value(s.Operator.LastWriteTime)).Truncate(time.Second)
	return k
}

// sameSecond reports that an event has the time of the operator's last write. Meta's times have whole seconds, so that it may be older.
func sameSecond(e *v1alpha1.WebhookEvent, k lifecycle.Freshness) bool {
	return e != nil && !k.WrittenAt.IsZero() && e.Time.Time.Equal(k.WrittenAt)
}

func overlayCategory(s *v1alpha1.MessageTemplateStatus, k lifecycle.Freshness) {
	w := s.Webhook
	done, announced := facts.EventOf(w.Events, facts.MarkTemplateCategory), facts.EventOf(w.Events, facts.MarkCategoryAnnounced)
	if k.Outweighs(announced) {
		s.CorrectCategory = metavalues.Upper(w.CorrectCategory)
	}
	if !k.Outweighs(done) || w.Category == "" || sameSecond(done, k) {
		return
	}
	if s.Category != metavalues.Upper(w.Category) {
		s.PreviousCategory = metavalues.Upper(w.PreviousCategory)
	}
	s.Category = metavalues.Upper(w.Category)
	if s.CorrectCategory == s.Category {
		s.CorrectCategory = "" // it has happened
	}
}

// explanationBelongs reports that Meta's words are about the present status of the template, and not about an earlier one of the
// same name. They hold as long as the status does.
func explanationBelongs(s *v1alpha1.MessageTemplateStatus, since time.Time, k lifecycle.Freshness) bool {
	e := facts.EventOf(s.Webhook.Events, facts.MarkTemplateStatus)
	return e != nil && templateStatusOf(s.Webhook.Status) == s.Status && !e.Time.Time.Before(k.WrittenAt) &&
		!since.After(facts.ReceivedAt(e).Add(facts.APILag))
}

func overlayExplanation(s *v1alpha1.MessageTemplateStatus, change *statusChange) {
	w := s.Webhook
	switch s.Status {
	case metavalues.TemplateRejected:
		if s.Rejection == nil {
			s.Rejection = &v1alpha1.TemplateRejection{Reason: metavalues.Clip(w.Reason), Recommendation: template.RejectionAdvice(w.Reason)}
		}
		s.Rejection.Explanation = metavalues.Truncate(w.RejectionReason, metavalues.MessageLimit)
		if w.RejectionRecommendation != "" {
			s.Rejection.Recommendation = metavalues.Truncate(w.RejectionRecommendation, metavalues.MessageLimit)
		}
	case metavalues.TemplatePaused:
		if w.PauseTitle != "" || w.PauseDescription != "" {
			change.pause = &v1alpha1.TemplatePause{Title: metavalues.Upper(w.PauseTitle), Description: metavalues.Truncate(w.PauseDescription, metavalues.MessageLimit)}
		}
	case metavalues.TemplateApproved:
		if w.Status == eventFlagged {
			change.ends = deadline.Value(w.DisableTime)
		}
	}
}

// flagged reports that Meta said it may disable the template, and hasn't taken it back: neither by another event, nor by
// showing a high quality afterwards.
func flagged(s *v1alpha1.MessageTemplateStatus, k lifecycle.Freshness) bool {
	if s.Webhook == nil || s.Webhook.Status != eventFlagged || !explanationBelongs(s, deadline.Value(s.StatusChangedTime), afterWrite(k, s)) {
		return false
	}
	return s.QualityScore != "GREEN" || k.Outweighs(facts.EventOf(s.Webhook.Events, facts.MarkTemplateStatus))
}

// reviewed reports that Meta's time of the last change is that of a status that a webhook reported: no client edited the
// template.
func reviewed(s *v1alpha1.MessageTemplateStatus, updated time.Time) bool {
	if s.Webhook == nil {
		return false
	}
	e := facts.EventOf(s.Webhook.Events, facts.MarkTemplateStatus)
	return e != nil && e.Time.Sub(updated).Abs() <= deadline.Skew
}

// OverlayWebhook replaces values in the status with newer ones that webhooks reported.
func (t *templates) OverlayWebhook(p *templateRun) {
	if s := &p.Object.Status; s.Webhook != nil && p.Status.ID != "" && s.Status != "" {
		t.overlayWebhook(p, time.Time{})
	}
}

// overlayWebhook replaces observed values with newer ones that webhooks reported, and updates statusChangedTime and statusEndTime.
func (t *templates) overlayWebhook(p *templateRun, updated time.Time) {
	change := overlayStatus(&p.Object.Status, deadline.Value(p.Before.Status.StatusChangedTime), t.known(p))
	if change.changed.IsZero() {
		change.changed = updated
	}
	trackStatusPeriod(p, change)
}

// known is how fresh the knowledge of the template is: that of this process, or that of the process before, from the account's
// status.
func (t *templates) known(p *templateRun) lifecycle.Freshness {
	var k lifecycle.Freshness
	if p.WABA == nil {
		return k
	}
	k.ObservedAt = deadline.Value(p.WABA.Status.LastObservedTime)
	if s := t.Accounts.Get(string(p.WABA.UID)); s != nil && s.Ref().AccountID == p.WABA.Spec.ID {
		view := s.Template(templateKey(p.Object))
		k.ObservedAt = deadline.Later(k.ObservedAt, view.At)
		if view.Template != nil && !view.ReadBack {
			k.WrittenAt = view.At.Truncate(time.Second)
		}
	}
	return k
}

// plannedTime says where to read when an announced category comes.
func plannedTime(s *v1alpha1.MessageTemplateStatus) string {
	if w := s.Webhook; w != nil && w.CategoryChangeTime != nil && strings.EqualFold(w.CorrectCategory, s.CorrectCategory) {
		return " (when: status.webhook.categoryChangeTime)"
	}
	return ""
}
