// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/facts"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/standing"
)

// knownOf is how fresh the knowledge of an account is.
func knownOf(s *v1alpha1.WABAStatus) knowledge {
	return knowledge{at: deadline.Value(s.LastObservedTime)}
}

// heedAccount puts what webhooks told over what was seen of an account.
func heedAccount(s *v1alpha1.WABAStatus) {
	w, k := s.Webhook, knownOf(s)
	if w == nil {
		return
	}
	if k.yields(facts.EventOf(w.Events, facts.MarkAccountReview)) && w.ReviewDecision != "" {
		s.ReviewStatus = metavalues.Upper(w.ReviewDecision)
	}
	if k.yields(facts.EventOf(w.Events, facts.MarkCapability)) && w.MessagingLimit != "" {
		s.MessagingLimit = metavalues.Upper(w.MessagingLimit)
	}
}

// barred judges whether the account can be used at all.
func barred(s *v1alpha1.WABAStatus, now time.Time) *readiness {
	no := func(message string) *readiness {
		return &readiness{status: metav1.ConditionFalse, reason: v1alpha1.ReasonAccountBlocked, message: message}
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
		if r.Expires != nil {
			ends = deadline.Sooner(ends, r.Expires.Sub(now))
		}
	}
	if v := standing.NewestViolation(s, now); v != nil {
		ends = deadline.Sooner(ends, v.Time.Add(standing.ViolationMemory).Sub(now))
	}
	return ends
}

// listen has facts shown at once, without a look at the Secret or at Meta.
func (r *wabas) listen(p *wabaPass) time.Duration {
	urgent := p.requested() || p.before.Status.ObservedGeneration != p.obj.Generation || r.accounts.Get(string(p.obj.UID)) == nil
	return r.base.listen(told{obj: p.obj, news: func(before any) []notice { return r.news(before, p.obj) }}, p.obj, urgent)
}

// told records what webhooks said, or what time has ended, where a pass has nothing else to record.
func (r *wabas) told(ctx context.Context, p *wabaPass) error {
	o, ok := recall(&p.before.Status.CommonStatus)
	if !ok || p.before.Status.Webhook == nil && !intruded(p.before) {
		return nil
	}
	return r.record(ctx, &wabaPass{obj: p.before.DeepCopy(), before: p.before, now: p.now, policy: p.policy}, o)
}

// sooner shortens the wait for the next observation where webhooks told something that it is to confirm, but never so far
// that observing spends more than half of Meta's quota.
func (r *wabas) sooner(p *wabaPass, wait time.Duration) time.Duration {
	told := r.receipts.due(p.obj.UID)
	if told.IsZero() || wait == 0 {
		return wait
	}
	gap := max(facts.Window, p.session.EffectiveInterval(facts.Window))
	return min(wait, max(0, deadline.Later(told, p.obj.Status.LastObservedTime.Add(gap)).Sub(p.now)))
}

// news is what webhooks told since before. What conditions show isn't repeated.
func (r *wabas) news(before any, obj *v1alpha1.WABA) []notice {
	is := obj.Status.Webhook
	if is == nil {
		return nil
	}
	was, _ := before.(*v1alpha1.WABAWebhookStatus)
	if was == nil {
		was = &v1alpha1.WABAWebhookStatus{}
	}
	return accountNews(was, is)
}

func accountNews(was, is *v1alpha1.WABAWebhookStatus) []notice {
	var news []notice
	for _, a := range is.Alerts {
		if a.Status == "NONE" || slices.ContainsFunc(was.Alerts, func(o v1alpha1.Alert) bool {
			return o.Type == a.Type && o.EntityID == a.EntityID && o.Time.Equal(&a.Time)
		}) {
			continue
		}
		news = append(news, notice{
			warning: a.Severity != "INFORMATIONAL", reason: v1alpha1.ReasonAlert,
			message: sentence(a.Type, strings.TrimSpace(a.EntityType+" "+a.EntityID), a.Description),
		})
	}
	for _, e := range is.AccountEvents {
		if slices.ContainsFunc(was.AccountEvents, func(o v1alpha1.AccountEvent) bool {
			return o.Event == e.Event && o.Detail == e.Detail && o.Time.Equal(&e.Time)
		}) {
			continue
		}
		news = append(news, notice{
			warning: slices.Contains(lostEvents, e.Event), reason: v1alpha1.ReasonAccountEvent, message: sentence(e.Event, e.Detail),
		})
	}
	if is.MessagingLimit != "" && is.MessagingLimit != was.MessagingLimit {
		news = append(news, notice{reason: v1alpha1.ReasonLimitsChanged, message: "the messaging limit is " + is.MessagingLimit})
	}
	return news
}

// lostEvents are account events after which something doesn't work any more.
var lostEvents = []string{"PARTNER_REMOVED", "PARTNER_APP_UNINSTALLED", "ACCOUNT_OFFBOARDED", facts.EventAccountDeleted}
