// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// mergeTemplate merges an event into the facts about a template and reports whether they changed.
func mergeTemplate(w *v1alpha1.MessageTemplateWebhookStatus, e event) bool {
	switch v := e.Value.(type) {
	case webhook.TemplateStatus:
		return templateStatus(w, e, v)
	case webhook.TemplateQuality:
		if !advance(&w.Events, MarkTemplateQuality, e, 0) {
			return false
		}
		w.QualityScore = v.New
		return true
	case webhook.TemplateCategory:
		if v.Correct != "" {
			return announceCategory(w, e, v)
		}
		return completeCategory(w, e, v)
	case webhook.TemplateComponents:
		return advance(&w.Events, MarkTemplateComponents, e, 0)
	}
	return false
}

// templateStatus replaces the status and everything that belongs to it: details of an earlier status no longer apply.
func templateStatus(w *v1alpha1.MessageTemplateWebhookStatus, e event, v webhook.TemplateStatus) bool {
	changed := false
	if advance(&w.Events, MarkTemplateStatus, e, laterStatus(v.Event, w.Status)) {
		changed = true
		w.Status, w.Reason = v.Event, v.Reason
		w.RejectionReason, w.RejectionRecommendation = v.RejectionReason, v.RejectionRecommendation
		w.PauseTitle, w.PauseDescription = v.PauseTitle, v.PauseDescription
		w.DisableTime = timeOf(v.DisableDate)
	}
	return setMentionedCategory(w, e, v.Category) || changed
}

// setMentionedCategory stores the category that an event about something else mentions. An event about a change of category takes
// precedence.
func setMentionedCategory(w *v1alpha1.MessageTemplateWebhookStatus, e event, category string) bool {
	if category == "" || !e.at.After(since(w.Events, MarkCategoryCompleted)) || !advance(&w.Events, MarkTemplateCategory, e, 0) {
		return false
	}
	w.Category = category
	return true
}

// laterStatus orders two statuses of the same second: a template is in review before anything else happens to it.
func laterStatus(next, current string) int {
	const inReview = "PENDING"
	switch {
	case next == current:
		return 0
	case current == inReview:
		return 1
	case next == inReview:
		return -1
	}
	return 0
}

// announceCategory stores the category that Meta is going to give the template, unless Meta has done so since.
func announceCategory(w *v1alpha1.MessageTemplateWebhookStatus, e event, v webhook.TemplateCategory) bool {
	changed := advance(&w.Events, MarkCategoryAnnounced, e, 0)
	if changed && e.at.After(since(w.Events, MarkCategoryCompleted)) {
		w.CorrectCategory, w.CategoryChangeTime = v.Correct, timeOf(v.ChangeTime)
	}
	return setMentionedCategory(w, e, v.New) || changed
}

// completeCategory stores a change of category, which completes an earlier announcement.
func completeCategory(w *v1alpha1.MessageTemplateWebhookStatus, e event, v webhook.TemplateCategory) bool {
	if !advance(&w.Events, MarkCategoryCompleted, e, 0) {
		return false
	}
	w.PreviousCategory = v.Previous
	if !e.at.Before(since(w.Events, MarkCategoryAnnounced)) {
		w.CorrectCategory, w.CategoryChangeTime = "", nil
	}
	if advance(&w.Events, MarkTemplateCategory, e, 1) {
		w.Category = v.New
	}
	return true
}

func timeOf(t time.Time) *metav1.Time {
	if t.IsZero() {
		return nil
	}
	return &metav1.Time{Time: t.UTC().Truncate(time.Second)}
}
