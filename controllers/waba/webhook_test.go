// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/standing"
)

func TestUnitFactsOfReviewAndLimit(t *testing.T) {
	for observed, want := range map[int]string{-10: "REJECTED TIER_10K", 59: "REJECTED TIER_10K", 60: "APPROVED TIER_2K"} {
		waba := &v1alpha1.WABA{Status: v1alpha1.WABAStatus{
			ReviewStatus: "APPROVED", MessagingLimit: "TIER_2K", LastObservedTime: deadline.Pointer(lifecycletest.At(observed)),
			Webhook: &v1alpha1.WABAWebhookStatus{
				Events: lifecycletest.EventsAt(0, facts.MarkAccountReview, facts.MarkCapability), ReviewDecision: "REJECTED", MessagingLimit: "TIER_10K",
			},
		}}
		(&accounts{}).OverlayWebhook(&accountRun{Object: waba})
		if s := &waba.Status; s.ReviewStatus+" "+s.MessagingLimit != want {
			t.Errorf("observed after %d s: %s %s", observed, s.ReviewStatus, s.MessagingLimit)
		}
	}
}

func healthy(entities ...string) *v1alpha1.HealthStatus {
	h := &v1alpha1.HealthStatus{CanSendMessage: "AVAILABLE"}
	for _, e := range entities {
		h.Entities = append(h.Entities, v1alpha1.HealthEntity{Type: "WABA", CanSendMessage: e})
	}
	return h
}

func TestUnitAccountStanding(t *testing.T) {
	now, well, ill := lifecycletest.At(3600), healthy("AVAILABLE", "AVAILABLE"), healthy("AVAILABLE", "LIMITED")
	day := func(days int) *metav1.Time { return deadline.Pointer(now.Add(time.Duration(days) * 24 * time.Hour)) }
	for name, c := range map[string]struct {
		facts    v1alpha1.WABAWebhookStatus
		health   *v1alpha1.HealthStatus
		observed int
		want     string // PolicyCompliant
		blocked  bool
		ends     time.Duration
	}{
		"nothing": {v1alpha1.WABAWebhookStatus{}, ill, 3000, "True/Compliant", false, 0},
		"restricted, with an end": {v1alpha1.WABAWebhookStatus{Restrictions: []v1alpha1.Restriction{
			{Type: "A", ExpirationTime: deadline.Pointer(now.Add(time.Hour))}, {Type: "B", ExpirationTime: deadline.Pointer(now.Add(2 * time.Hour))},
		}}, well, 3000, "False/Restricted", false, time.Hour},
		"over":                      {v1alpha1.WABAWebhookStatus{Restrictions: []v1alpha1.Restriction{{Type: "A", ExpirationTime: deadline.Pointer(now)}}}, ill, 0, "True/Compliant", false, 0},
		"no end, not yet observed":  {v1alpha1.WABAWebhookStatus{Restrictions: []v1alpha1.Restriction{{Type: "A"}}}, well, 59, "False/Restricted", false, 0},
		"no end, observed as ill":   {v1alpha1.WABAWebhookStatus{Restrictions: []v1alpha1.Restriction{{Type: "A"}}}, ill, 3000, "False/Restricted", false, 0},
		"no end, no health":         {v1alpha1.WABAWebhookStatus{Restrictions: []v1alpha1.Restriction{{Type: "A"}}}, nil, 3000, "False/Restricted", false, 0},
		"no end, observed as well":  {v1alpha1.WABAWebhookStatus{Restrictions: []v1alpha1.Restriction{{Type: "A"}}}, well, 60, "True/Compliant", false, 0},
		"to be disabled":            {v1alpha1.WABAWebhookStatus{Ban: &v1alpha1.Ban{State: "SCHEDULE_FOR_DISABLE", Time: day(3)}}, well, 3000, "False/PolicyViolation", false, 0},
		"to be disabled long ago":   {v1alpha1.WABAWebhookStatus{Ban: &v1alpha1.Ban{State: "SCHEDULE_FOR_DISABLE", Time: day(-3)}}, well, 3000, "True/Compliant", false, 0},
		"disabled":                  {v1alpha1.WABAWebhookStatus{Ban: &v1alpha1.Ban{State: "DISABLE"}}, well, 59, "False/PolicyViolation", true, 0},
		"disabled, and it shows":    {v1alpha1.WABAWebhookStatus{Ban: &v1alpha1.Ban{State: "DISABLE"}}, ill, 3000, "False/PolicyViolation", true, 0},
		"disabled, it doesn't show": {v1alpha1.WABAWebhookStatus{Ban: &v1alpha1.Ban{State: "DISABLE"}}, well, 3000, "True/Compliant", false, 0},
		"reinstated":                {v1alpha1.WABAWebhookStatus{Ban: &v1alpha1.Ban{State: "REINSTATE"}}, ill, 0, "True/Compliant", false, 0},
		"a violation":               {v1alpha1.WABAWebhookStatus{Violations: []v1alpha1.Violation{{Type: "SCAM", Time: *day(-20)}}}, well, 3000, "False/PolicyViolation", false, 10 * 24 * time.Hour},
		"a violation of the past":   {v1alpha1.WABAWebhookStatus{Violations: []v1alpha1.Violation{{Type: "SCAM", Time: *day(-30)}}}, well, 3000, "True/Compliant", false, 0},
		"deleted":                   {v1alpha1.WABAWebhookStatus{Events: lifecycletest.EventsAt(0, facts.MarkAccountDeleted)}, well, 59, "True/Compliant", true, 0},
		"deleted, but it is there":  {v1alpha1.WABAWebhookStatus{Events: lifecycletest.EventsAt(0, facts.MarkAccountDeleted)}, well, 60, "True/Compliant", false, 0},
		"a ban of an unknown kind":  {v1alpha1.WABAWebhookStatus{Ban: &v1alpha1.Ban{State: "SHADOW"}}, ill, 3000, "False/PolicyViolation", false, 0},
	} {
		webhook := c.facts
		webhook.Events = append(webhook.Events, lifecycletest.EventsAt(0, facts.MarkRestriction, facts.MarkBan)...)
		w := &v1alpha1.WABA{Status: v1alpha1.WABAStatus{Health: c.health, LastObservedTime: deadline.Pointer(lifecycletest.At(c.observed)), Webhook: &webhook}}
		set := lifecycle.NewConditions(nil, 1, now)
		compliant(w, set, now)
		if got := said(t, set, v1alpha1.ConditionPolicyCompliant); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if r := blockedByMeta(&w.Status, now); (r != nil) != c.blocked {
			t.Errorf("%s: %+v", name, r)
		}
		if got := standingEnds(&w.Status, now); got != c.ends {
			t.Errorf("%s: ends in %s, want %s", name, got, c.ends)
		}
	}
	w := &v1alpha1.WABA{Status: v1alpha1.WABAStatus{Webhook: &v1alpha1.WABAWebhookStatus{Restrictions: []v1alpha1.Restriction{{Type: "A"}}}}}
	if standing.Restriction(&w.Status, "A", now) == nil || standing.Restriction(&w.Status, "B", now) != nil {
		t.Error("one of the restrictions")
	}
}

// TestUnitScheduledBanWithoutDate: Meta writes the day in English; where it can't be read, the ban isn't announced for ever.
func TestUnitScheduledBanWithoutDate(t *testing.T) {
	s := &v1alpha1.WABAStatus{
		Health: &v1alpha1.HealthStatus{CanSendMessage: "AVAILABLE"},
		Webhook: &v1alpha1.WABAWebhookStatus{
			Ban: &v1alpha1.Ban{State: "SCHEDULE_FOR_DISABLE"}, Events: lifecycletest.EventsAt(0, facts.MarkBan),
		},
	}
	for days, want := range map[int]string{29: "SCHEDULE_FOR_DISABLE", 30: ""} {
		now := lifecycletest.At(0).Add(time.Duration(days) * 24 * time.Hour)
		s.LastObservedTime = deadline.Pointer(now)
		if got := standing.Ban(s, now); got != want {
			t.Errorf("after %d days: %q", days, got)
		}
	}
}

// TestUnitNewestViolationIsNamed, with the number where Meta names one.
func TestUnitNewestViolationIsNamed(t *testing.T) {
	w := &v1alpha1.WABA{Status: v1alpha1.WABAStatus{Webhook: &v1alpha1.WABAWebhookStatus{Violations: []v1alpha1.Violation{
		{Type: "SCAM", Time: metav1.NewTime(lifecycletest.At(0))}, {Type: "ALCOHOL", Time: metav1.NewTime(lifecycletest.At(10)), PhoneNumber: "15550783881"},
	}}}}
	set := lifecycle.NewConditions(nil, 1, lifecycletest.At(20))
	compliant(w, set, lifecycletest.At(20))
	if got := set.List()[0].Message; got != "violation of a policy: ALCOHOL by 15550783881" {
		t.Errorf("message: %s", got)
	}
}
