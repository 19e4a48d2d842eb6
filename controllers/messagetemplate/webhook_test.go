// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/template"
)

func TestUnitFactsOfTemplateStatus(t *testing.T) {
	for event, want := range map[string]string{
		"APPROVED": "Approved", "PENDING": "InReview", "REJECTED": "Rejected", "PAUSED": "PausedByMeta", "LOCKED": "PausedByMeta",
		"DISABLED": "Disabled", "FLAGGED": "Approved", "REINSTATED": "Approved", "UNARCHIVED": "Approved", "ARCHIVED": "Archived",
		"IN_APPEAL": "InAppeal", "PENDING_DELETION": "PendingDeletion", "DELETED": "PendingDeletion", "LIMIT_EXCEEDED": "LimitExceeded",
		"SOMETHING_NEW": "Unknown",
	} {
		s := &v1alpha1.MessageTemplateStatus{
			Status: "IN_APPEAL", Webhook: &v1alpha1.MessageTemplateWebhookStatus{Events: lifecycletest.EventsAt(0, facts.MarkTemplateStatus), Status: event},
		}
		change := overlayStatus(s, lifecycletest.At(-100), lifecycle.Freshness{ObservedAt: lifecycletest.At(30)})
		s.StatusChangedTime, s.StatusEndTime = deadline.Pointer(lifecycletest.At(0)), nil
		if got := readinessOf(s).Reason; got != want || !change.changed.Equal(lifecycletest.At(0)) {
			t.Errorf("%s: %s since %s, want %s", event, got, change.changed, want)
		}
		// Meta's API answers a minute later.
		s.Status = "APPROVED"
		if change := overlayStatus(s, lifecycletest.At(-100), lifecycle.Freshness{ObservedAt: lifecycletest.At(60)}); s.Status != "APPROVED" || !change.changed.IsZero() {
			t.Errorf("%s: %s after the observation", event, s.Status)
		}
	}
}

// TestUnitFactsWords: Meta's words belong to the status with which a webhook reported them, and to no other of the same name.
func TestUnitFactsWords(t *testing.T) {
	webhook := &v1alpha1.MessageTemplateWebhookStatus{
		Events: lifecycletest.EventsAt(0, facts.MarkTemplateStatus), Status: "REJECTED", Reason: "INVALID_FORMAT",
		RejectionReason: "Parameters touch.", RejectionRecommendation: "Put words between them.",
	}
	edited := v1alpha1.MessageTemplateOperatorStatus{LastWriteTime: deadline.Pointer(lifecycletest.At(10))}
	failed := v1alpha1.MessageTemplateOperatorStatus{Edits: []v1alpha1.EditAttempt{{Time: metav1.NewTime(lifecycletest.At(10))}}}
	var none v1alpha1.MessageTemplateOperatorStatus
	for name, c := range map[string]struct {
		status string
		since  time.Time
		memory v1alpha1.MessageTemplateOperatorStatus
		k      lifecycle.Freshness
		want   *v1alpha1.TemplateRejection
	}{
		"reported now":       {"PENDING", lifecycletest.At(-5), none, lifecycle.Freshness{}, &v1alpha1.TemplateRejection{Reason: "INVALID_FORMAT", Explanation: "Parameters touch.", Recommendation: "Put words between them."}},
		"seen before":        {"REJECTED", lifecycletest.At(-5), none, lifecycle.Freshness{ObservedAt: lifecycletest.At(-5)}, &v1alpha1.TemplateRejection{Reason: "INVALID_FORMAT", Explanation: "Parameters touch.", Recommendation: "Put words between them."}},
		"still so":           {"REJECTED", lifecycletest.At(0), none, lifecycle.Freshness{ObservedAt: lifecycletest.At(9999)}, &v1alpha1.TemplateRejection{Reason: "INVALID_FORMAT", Explanation: "Parameters touch.", Recommendation: "Put words between them."}},
		"rejected once more": {"REJECTED", lifecycletest.At(500), none, lifecycle.Freshness{ObservedAt: lifecycletest.At(9999)}, nil},
		"edited since":       {"PENDING", lifecycletest.At(10), edited, lifecycle.Freshness{ObservedAt: lifecycletest.At(30)}, nil},
		"an edit that failed": {"PENDING", lifecycletest.At(-5), failed, lifecycle.Freshness{},
			&v1alpha1.TemplateRejection{Reason: "INVALID_FORMAT", Explanation: "Parameters touch.", Recommendation: "Put words between them."}},
		"approved since": {"APPROVED", lifecycletest.At(100), none, lifecycle.Freshness{ObservedAt: lifecycletest.At(100)}, nil},
	} {
		s := &v1alpha1.MessageTemplateStatus{Status: c.status, Webhook: webhook, Operator: c.memory}
		overlayStatus(s, c.since, c.k)
		if !reflect.DeepEqual(s.Rejection, c.want) {
			t.Errorf("%s: %+v", name, s.Rejection)
		}
		if again := s.DeepCopy(); c.want != nil {
			overlayStatus(again, lifecycletest.At(0), c.k)
			if !reflect.DeepEqual(again, s) {
				t.Errorf("%s: a second overlay changes it: %+v", name, again)
			}
			if message := readinessOf(s).Message; !strings.Contains(message, "Parameters touch") || !strings.Contains(message, "Put words between them") {
				t.Errorf("%s: %s", name, message)
			}
		}
	}
	// Without Meta's own recommendation the guide's stands.
	s := &v1alpha1.MessageTemplateStatus{Webhook: &v1alpha1.MessageTemplateWebhookStatus{
		Events: lifecycletest.EventsAt(0, facts.MarkTemplateStatus), Status: "REJECTED", Reason: "SCAM",
	}}
	overlayStatus(s, time.Time{}, lifecycle.Freshness{})
	if s.Rejection == nil || s.Rejection.Recommendation != template.RejectionAdvice("SCAM") {
		t.Errorf("%+v", s.Rejection)
	}
}

func TestUnitFactsOfPauses(t *testing.T) {
	for title, c := range map[string]struct {
		lasts time.Duration
		says  string
	}{
		"FIRST_PAUSE": {3 * time.Hour, "ends by itself"}, "SECOND_PAUSE": {6 * time.Hour, "ends by itself"},
		"RATE_LIMITING_PAUSE": {0, "(RATE_LIMITING_PAUSE: Too many at once)"},
	} {
		was := &v1alpha1.MessageTemplate{Status: v1alpha1.MessageTemplateStatus{
			Status: "APPROVED", StatusChangedTime: deadline.Pointer(lifecycletest.At(-500)), QualityScore: "GREEN",
			Webhook: &v1alpha1.MessageTemplateWebhookStatus{
				Events: lifecycletest.EventsAt(0, facts.MarkTemplateStatus), Status: "PAUSED", PauseTitle: title, PauseDescription: "Too many at once.",
			},
		}}
		p := &templateRun{Object: was.DeepCopy(), Before: was, Now: lifecycletest.At(5)}
		trackStatusPeriod(p, overlayStatus(&p.Object.Status, deadline.Value(was.Status.StatusChangedTime), lifecycle.Freshness{}))
		s := p.Object.Status
		if s.Pause == nil || s.Pause.Title != title || !deadline.Value(s.StatusChangedTime).Equal(lifecycletest.At(0)) || len(s.Operator.PauseTimes) != 1 {
			t.Errorf("%s: %+v since %v, %v", title, s.Pause, s.StatusChangedTime, s.Operator.PauseTimes)
		}
		if c.lasts == 0 != (s.StatusEndTime == nil) || s.StatusEndTime != nil && s.StatusEndTime.Sub(lifecycletest.At(0)) != c.lasts {
			t.Errorf("%s: until %v", title, s.StatusEndTime)
		}
		if message := readinessOf(&s).Message; !strings.Contains(message, c.says) {
			t.Errorf("%s: %s", title, message)
		}
	}
}

func TestUnitFactsOfQualityAndCategory(t *testing.T) {
	s := &v1alpha1.MessageTemplateStatus{Status: "APPROVED", Category: "UTILITY", QualityScore: "GREEN", Webhook: &v1alpha1.MessageTemplateWebhookStatus{
		Events: lifecycletest.EventsAt(0, facts.MarkTemplateQuality, facts.MarkCategoryAnnounced), QualityScore: "RED",
		Category: "UTILITY", CorrectCategory: "MARKETING", CategoryChangeTime: deadline.Pointer(lifecycletest.At(9999)),
	}}
	overlayStatus(s, time.Time{}, lifecycle.Freshness{ObservedAt: lifecycletest.At(59)})
	_, reason, message := category(s, "UTILITY")
	if s.QualityScore != "RED" || reason != v1alpha1.ReasonReclassificationPlanned || !strings.Contains(message, "categoryChangeTime") {
		t.Errorf("%s, %s: %s", s.QualityScore, reason, message)
	}
	s.Webhook.Events = append(s.Webhook.Events, lifecycletest.EventsAt(100, facts.MarkTemplateCategory)...)
	s.Webhook.Category, s.Webhook.PreviousCategory = "MARKETING", "UTILITY"
	for range 2 {
		overlayStatus(s, time.Time{}, lifecycle.Freshness{ObservedAt: lifecycletest.At(59)})
		if s.Category != "MARKETING" || s.PreviousCategory != "UTILITY" || s.CorrectCategory != "" {
			t.Errorf("%s, before %s, planned %s", s.Category, s.PreviousCategory, s.CorrectCategory)
		}
	}
	s.Category, s.QualityScore = "UTILITY", "GREEN" // what Meta's API says later
	overlayStatus(s, time.Time{}, lifecycle.Freshness{ObservedAt: lifecycletest.At(160)})
	if s.Category != "UTILITY" || s.QualityScore != "GREEN" {
		t.Errorf("%s, %s after the observation", s.Category, s.QualityScore)
	}
}

// TestUnitFactsAfterAnswer: what a webhook reports of the second of an answer, or of an earlier one, doesn't take back what the answer said,
// even where it is received later than the read-back begins.
func TestUnitFactsAfterAnswer(t *testing.T) {
	for name, c := range map[string]struct {
		answered, event  string // statuses
		at               int    // seconds between the answer and Meta's time of the event
		status, category string
	}{
		"the second before":                    {"PENDING", "APPROVED", -1, "PENDING", "MARKETING"},
		"the same second, approved":            {"PENDING", "APPROVED", 0, "APPROVED", "MARKETING"},
		"the same second, in review":           {"APPROVED", "PENDING", 0, "APPROVED", "MARKETING"},
		"the same second, rejected at once":    {"REJECTED", "PENDING", 0, "REJECTED", "MARKETING"},
		"the next second":                      {"PENDING", "APPROVED", 1, "APPROVED", "UTILITY"},
		"the next second, back in review":      {"APPROVED", "PENDING", 1, "PENDING", "UTILITY"},
		"the same second, and nothing written": {"", "APPROVED", 0, "APPROVED", "UTILITY"},
	} {
		for _, observed := range []time.Time{{}, lifecycletest.At(2)} {
			s := &v1alpha1.MessageTemplateStatus{Status: c.answered, Category: "MARKETING", Webhook: &v1alpha1.MessageTemplateWebhookStatus{
				Events: lifecycletest.EventsAt(c.at, facts.MarkTemplateStatus, facts.MarkTemplateCategory), Status: c.event, Category: "UTILITY",
			}}
			if c.answered != "" {
				s.Operator.LastWriteTime = deadline.Pointer(lifecycletest.At(0))
			}
			overlayStatus(s, lifecycletest.At(-100), lifecycle.Freshness{ObservedAt: observed})
			if s.Status != c.status || s.Category != c.category {
				t.Errorf("%s: %s and %s, want %s and %s", name, s.Status, s.Category, c.status, c.category)
			}
		}
	}
}

func TestUnitFlagged(t *testing.T) {
	facts := &v1alpha1.MessageTemplateWebhookStatus{Events: lifecycletest.EventsAt(0, facts.MarkTemplateStatus), Status: "FLAGGED", DisableTime: deadline.Pointer(lifecycletest.At(9999))}
	for name, c := range map[string]struct {
		status  v1alpha1.MessageTemplateStatus
		k       lifecycle.Freshness
		flagged bool
	}{
		"reported now":               {v1alpha1.MessageTemplateStatus{Status: "APPROVED", QualityScore: "GREEN", Webhook: facts}, lifecycle.Freshness{ObservedAt: lifecycletest.At(0)}, true},
		"later":                      {v1alpha1.MessageTemplateStatus{Status: "APPROVED", QualityScore: "YELLOW", Webhook: facts}, lifecycle.Freshness{ObservedAt: lifecycletest.At(9000)}, true},
		"high quality later":         {v1alpha1.MessageTemplateStatus{Status: "APPROVED", QualityScore: "GREEN", Webhook: facts}, lifecycle.Freshness{ObservedAt: lifecycletest.At(9000)}, false},
		"paused meanwhile":           {v1alpha1.MessageTemplateStatus{Status: "PAUSED", Webhook: facts}, lifecycle.Freshness{ObservedAt: lifecycletest.At(9000)}, false},
		"approved anew":              {v1alpha1.MessageTemplateStatus{Status: "APPROVED", StatusChangedTime: deadline.Pointer(lifecycletest.At(500)), Webhook: facts}, lifecycle.Freshness{ObservedAt: lifecycletest.At(9000)}, false},
		"never":                      {v1alpha1.MessageTemplateStatus{Status: "APPROVED"}, lifecycle.Freshness{}, false},
		"another status is reported": {v1alpha1.MessageTemplateStatus{Status: "APPROVED", Webhook: &v1alpha1.MessageTemplateWebhookStatus{Status: "REINSTATED"}}, lifecycle.Freshness{}, false},
	} {
		if got := flagged(&c.status, c.k); got != c.flagged {
			t.Errorf("%s: %v", name, got)
		}
		if c.flagged {
			if change := overlayStatus(&c.status, time.Time{}, c.k); !change.ends.Equal(lifecycletest.At(9999)) {
				t.Errorf("%s: ends %s", name, change.ends)
			}
		}
	}
}
