// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/facts"
)

const (
	// violationMemory is how long a violation of Meta's policies counts: Meta tells none's end.
	violationMemory = 30 * 24 * time.Hour
	// banDelay is how long a ban may come later than on the day for which it is scheduled.
	banDelay = 24 * time.Hour

	restrictedAddNumber = "RESTRICTED_ADD_PHONE_NUMBER_ACTION"

	banScheduled  = "SCHEDULE_FOR_DISABLE"
	banDisabled   = "DISABLE"
	banReinstated = "REINSTATE"
)

// knownOf is how fresh the knowledge of an account is.
func knownOf(s *v1alpha1.WABAStatus) knowledge { return knowledge{at: timeValue(s.LastObservedTime)} }

// heedAccount puts what webhooks told over what was seen of an account.
func heedAccount(s *v1alpha1.WABAStatus) {
	w, k := s.Webhook, knownOf(s)
	if w == nil {
		return
	}
	if k.yields(eventOf(w.Events, facts.MarkAccountReview)) && w.ReviewDecision != "" {
		s.ReviewStatus = upper(w.ReviewDecision)
	}
	if k.yields(eventOf(w.Events, facts.MarkCapability)) && w.MessagingLimit != "" {
		s.MessagingLimit = upper(w.MessagingLimit)
	}
}

// disproved reports that an observation, late enough, shows nothing of what a webhook told about the account's standing.
func disproved(s *v1alpha1.WABAStatus, field string) bool {
	return !knownOf(s).yields(eventOf(s.Webhook.Events, field)) && available(s.Health)
}

// available reports that Meta sees nothing in the way of messages.
func available(h *v1alpha1.HealthStatus) bool {
	if h == nil {
		return false
	}
	for _, e := range h.Entities {
		if e.CanSendMessage != "AVAILABLE" {
			return false
		}
	}
	return len(h.Entities) > 0 || h.CanSendMessage == "AVAILABLE"
}

// restrictions are those in force: until their end, and without one until Meta shows the account as available.
func restrictions(s *v1alpha1.WABAStatus, now time.Time) []v1alpha1.Restriction {
	var out []v1alpha1.Restriction
	if s.Webhook == nil {
		return nil
	}
	for _, r := range s.Webhook.Restrictions {
		if r.Expires == nil && disproved(s, facts.MarkRestriction) || r.Expires != nil && !r.Expires.After(now) {
			continue
		}
		out = append(out, r)
	}
	return out
}

// restriction returns one of the restrictions in force.
func restriction(s *v1alpha1.WABAStatus, kind string, now time.Time) *v1alpha1.Restriction {
	all := restrictions(s, now)
	if i := slices.IndexFunc(all, func(r v1alpha1.Restriction) bool { return r.Type == kind }); i >= 0 {
		return &all[i]
	}
	return nil
}

// banOf is the ban in force or announced, "" when there is none. A lost reinstatement doesn't block an account for ever.
func banOf(s *v1alpha1.WABAStatus, now time.Time) string {
	if s.Webhook == nil || s.Webhook.Ban == nil {
		return ""
	}
	switch ban := s.Webhook.Ban; {
	case ban.State == banReinstated:
		return ""
	case ban.State == banScheduled && awaited(s.Webhook, now):
		return ban.State // that nothing is to be seen of it yet says nothing
	case disproved(s, facts.MarkBan):
		return ""
	default:
		return clip(ban.State)
	}
}

// awaited reports that an announced ban may still come. Where its day isn't known it is awaited as long as a violation counts.
func awaited(w *v1alpha1.WABAWebhookStatus, now time.Time) bool {
	if w.Ban.Date != nil {
		return now.Before(w.Ban.Date.Add(banDelay))
	}
	e := eventOf(w.Events, facts.MarkBan)
	return e == nil || now.Sub(receipt(e)) < violationMemory
}

// violationOf is the newest violation that still counts, nil when there is none.
func violationOf(s *v1alpha1.WABAStatus, now time.Time) *v1alpha1.Violation {
	var newest *v1alpha1.Violation
	for _, v := range violations(s, now) {
		if newest == nil || !v.Time.Before(&newest.Time) {
			newest = v
		}
	}
	return newest
}

// violations are those that still count.
func violations(s *v1alpha1.WABAStatus, now time.Time) []*v1alpha1.Violation {
	if s.Webhook == nil {
		return nil
	}
	var out []*v1alpha1.Violation
	for i := range s.Webhook.Violations {
		if v := &s.Webhook.Violations[i]; now.Sub(v.Time.Time) < violationMemory {
			out = append(out, v)
		}
	}
	return out
}

// standing judges whether the account can be used at all.
func standing(s *v1alpha1.WABAStatus, now time.Time) *readiness {
	no := func(message string) *readiness {
		return &readiness{status: metav1.ConditionFalse, reason: v1alpha1.ReasonAccountBlocked, message: message, stalled: true}
	}
	switch {
	case banOf(s, now) == banDisabled:
		return no("Meta has disabled the account; appeal in Business Support Home")
	case s.Webhook != nil && knownOf(s).yields(eventOf(s.Webhook.Events, facts.MarkAccountDeleted)):
		return no("Meta reports that the account was deleted")
	}
	return nil
}

// standingEnds is how long until time alone changes what is said of the account, 0 when it doesn't.
func standingEnds(s *v1alpha1.WABAStatus, now time.Time) time.Duration {
	var ends time.Duration
	for _, r := range restrictions(s, now) {
		if r.Expires != nil {
			ends = soonerOf(ends, r.Expires.Sub(now))
		}
	}
	if v := violationOf(s, now); v != nil {
		ends = soonerOf(ends, v.Time.Add(violationMemory).Sub(now))
	}
	return ends
}

// listen has facts shown at once, without a look at the Secret or at Meta.
func (r *wabas) listen(p *wabaPass) time.Duration {
	urgent := p.requested() || p.before.Status.ObservedGeneration != p.obj.Generation || r.accounts.Get(string(p.obj.UID)) == nil
	return r.base.listen(p.key(), p.obj, p.obj, urgent)
}

// told records what webhooks said, or what time has ended, where a pass has nothing else to record.
func (r *wabas) told(ctx context.Context, p *wabaPass) error {
	o, ok := recall(&p.before.Status.CommonStatus)
	if !ok || p.before.Status.Webhook == nil {
		return nil
	}
	return r.record(ctx, &wabaPass{obj: p.before.DeepCopy(), before: p.before, now: p.now, policy: p.policy}, o)
}

// sooner shortens the wait for the next observation where webhooks told something that it is to confirm, but never so far
// that observing spends more than half of Meta's quota.
func (r *wabas) sooner(p *wabaPass, wait time.Duration) time.Duration {
	told := r.receipts.due(p.name())
	if told.IsZero() || wait == 0 {
		return wait
	}
	gap := max(factWindow, p.session.EffectiveInterval(factWindow))
	return min(wait, max(0, laterOf(told, p.obj.Status.LastObservedTime.Add(gap)).Sub(p.now)))
}
