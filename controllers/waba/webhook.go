// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/standing"
)

// freshnessOf is when the account was last observed.
func freshnessOf(s *v1alpha1.WABAStatus) lifecycle.Freshness {
	return lifecycle.Freshness{ObservedAt: deadline.Value(s.LastObservedTime)}
}

// OverlayWebhook replaces observed values of the account with newer ones that webhooks reported.
func (a *accounts) OverlayWebhook(p *accountRun) {
	s := &p.Object.Status
	w, k := s.Webhook, freshnessOf(s)
	if w == nil {
		return
	}
	if k.Outweighs(facts.EventOf(w.Events, facts.MarkAccountReview)) && w.ReviewDecision != "" {
		s.ReviewStatus = metavalues.Upper(w.ReviewDecision)
	}
	if k.Outweighs(facts.EventOf(w.Events, facts.MarkCapability)) && w.MessagingLimit != "" {
		s.MessagingLimit = metavalues.Upper(w.MessagingLimit)
	}
}

// blockedByMeta decides whether the account can be used at all.
func blockedByMeta(s *v1alpha1.WABAStatus, now time.Time) *lifecycle.Readiness {
	no := func(message string) *lifecycle.Readiness {
		return &lifecycle.Readiness{Status: metav1.ConditionFalse, Reason: v1alpha1.ReasonAccountBlocked, Message: message}
	}
	switch {
	case standing.Ban(s, now) == standing.BanDisabled:
		return no("Meta has disabled the account; appeal in Business Support Home")
	case standing.Deleted(s):
		return no("Meta reports that the account was deleted")
	}
	return nil
}

// standingEnds is how long until time alone changes what is said of the account, 0 when it doesn't.
func standingEnds(s *v1alpha1.WABAStatus, now time.Time) time.Duration {
	var ends time.Duration
	for _, r := range standing.Restrictions(s, now) {
		if r.ExpirationTime != nil {
			ends = deadline.Sooner(ends, r.ExpirationTime.Sub(now))
		}
	}
	if v := standing.NewestViolation(s, now); v != nil {
		ends = deadline.Sooner(ends, v.Time.Add(standing.ViolationMemory).Sub(now))
	}
	return ends
}

// Notices is what webhooks reported since before. What conditions show isn't repeated.
func (a *accounts) Notices(before any, obj *v1alpha1.WABA) []lifecycle.Notice {
	is := obj.Status.Webhook
	if is == nil {
		return nil
	}
	was, _ := before.(*v1alpha1.WABAWebhookStatus)
	if was == nil {
		was = &v1alpha1.WABAWebhookStatus{}
	}
	return accountNotices(was, is)
}

func accountNotices(was, is *v1alpha1.WABAWebhookStatus) []lifecycle.Notice {
	var notices []lifecycle.Notice
	for _, a := range is.Alerts {
		if a.Status == "NONE" || slices.ContainsFunc(was.Alerts, func(o v1alpha1.Alert) bool {
			return o.Type == a.Type && o.EntityID == a.EntityID && o.Time.Equal(&a.Time)
		}) {
			continue
		}
		notices = append(notices, lifecycle.Notice{
			Warning: a.Severity != "INFORMATIONAL", Reason: v1alpha1.ReasonMetaAlert,
			Message: lifecycle.Sentence(a.Type, strings.TrimSpace(a.EntityType+" "+a.EntityID), a.Description),
		})
	}
	for _, e := range is.AccountEvents {
		if slices.ContainsFunc(was.AccountEvents, func(o v1alpha1.AccountEvent) bool {
			return o.Event == e.Event && o.Detail == e.Detail && o.Time.Equal(&e.Time)
		}) {
			continue
		}
		notices = append(notices, lifecycle.Notice{
			Warning: slices.Contains(urgentEvents, e.Event), Reason: v1alpha1.ReasonAccountEvent, Message: lifecycle.Sentence(e.Event, e.Detail),
		})
	}
	if is.MessagingLimit != "" && is.MessagingLimit != was.MessagingLimit {
		notices = append(notices, lifecycle.Notice{Reason: v1alpha1.ReasonLimitsChanged, Message: "the messaging limit is " + is.MessagingLimit})
	}
	return notices
}

// urgentEvents are account events after which something doesn't work any more, or another client may act for the business.
var urgentEvents = []string{
	"PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED", "ACCOUNT_OFFBOARDED", "COMPROMISED_NOTIFICATION", facts.EventAccountDeleted,
}
