// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
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
	return r.base.listen(p.obj, p.obj, urgent)
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
