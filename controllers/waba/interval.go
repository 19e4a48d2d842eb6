// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"context"
	"hash/fnv"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/facts"
)

const (
	// jitterFraction spreads the observations of many accounts.
	jitterFraction = 0.1
)

// requestedInterval is the interval that the resource or the operator's flag requests.
func requestedInterval(waba *v1alpha1.WABA, byFlag time.Duration) time.Duration {
	if s := waba.Spec.ObservationIntervalSeconds; s != nil {
		byFlag = time.Duration(*s) * time.Second
	}
	return max(byFlag, lifecycle.MinimumInterval)
}

// dueIn is how long the next observation has to wait: 0 when it is due. It looks only at the resource, so that a restart
// within the period costs no call.
func dueIn(waba *v1alpha1.WABA, requested time.Duration, secretUID, secretVersion string, now time.Time) time.Duration {
	s := &waba.Status
	known := s.Operator.CredentialsSecret
	switch {
	case s.LastObservedTime == nil,
		s.ObservedGeneration != waba.Generation,
		s.Operator.LastHandledRequest != waba.Annotations[v1alpha1.AnnotationRequestedAt],
		known == nil || known.UID != secretUID || known.ResourceVersion != secretVersion,
		s.LastObservedTime.After(now.Add(time.Minute)): // a clock went back, or a status came from somewhere else
		return 0
	}
	period := max(requested, time.Duration(s.EffectiveIntervalSeconds)*time.Second) // longer while it is quiet, or as the quota demands
	return max(0, s.LastObservedTime.Add(jittered(period, string(waba.UID))).Sub(now))
}

// quietInterval is the interval of an account in which nothing has changed for a while. It is as long as it has been quiet so far: after
// an hour without a change the next one is expected in an hour. Only where webhooks report changes may it be longer than requested,
// and never where the resource says how long it is to be.
func quietInterval(waba *v1alpha1.WABA, requested, longest, quiet time.Duration, webhooks bool) time.Duration {
	if !webhooks || waba.Spec.ObservationIntervalSeconds != nil {
		return requested
	}
	return max(requested, min(quiet, longest))
}

// reviewDue is when an account is to be observed because of a review that began at since. Most take minutes and some a day
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-review): the first observation follows
// after the shortest interval, and each further one after as long as the review has taken, up to the requested interval.
func reviewDue(since, observed time.Time, shortest, requested time.Duration) time.Time {
	taken := observed.Sub(since)
	if taken < 0 {
		return since.Add(shortest)
	}
	return observed.Add(max(min(taken, requested), shortest))
}

// jittered lengthens a period by up to a tenth, always the same for one resource.
func jittered(period time.Duration, uid string) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(uid)) // never fails
	return period + time.Duration(float64(period)*jitterFraction*float64(h.Sum32()%1000)/1000)
}

// sooner shortens the wait for the next observation if that is to confirm what webhooks reported, or to show how a review ended, but never
// so far that observing spends more than half of Meta's quota.
func (a *accounts) sooner(p *accountRun, wait, requested time.Duration) time.Duration {
	if wait == 0 {
		return 0
	}
	observed := p.Object.Status.LastObservedTime.Time
	by := func(due time.Time, gap time.Duration) {
		gap = max(gap, p.Session.EffectiveInterval(gap))
		wait = min(wait, max(0, deadline.Later(due, observed.Add(gap)).Sub(p.Now)))
	}
	if due := a.Unconfirmed.Due(p.Object.UID); !due.IsZero() {
		by(due, facts.APILag)
	}
	if since := a.Reviews.Youngest(p.Object.UID); !since.IsZero() {
		by(reviewDue(since, observed, a.ShortestInterval, requested), a.ShortestInterval)
	}
	return wait
}

// webhooksWork reports that webhooks report changes of the account: a subscription is in order, and an event has arrived before.
func (a *accounts) webhooksWork(ctx context.Context, p *accountRun, arrived bool) bool {
	if !arrived && len(p.Object.WebhookEvents()) == 0 {
		return false
	}
	var list v1alpha1.WebhookSubscriptionList
	if err := a.Client.List(ctx, &list, ofAccount(p.Object), client.UnsafeDisableDeepCopy); err != nil {
		p.Missed("list the account's subscriptions", err)
		return false
	}
	return slices.ContainsFunc(list.Items, func(s v1alpha1.WebhookSubscription) bool {
		return meta.IsStatusConditionTrue(s.Status.Conditions, v1alpha1.ConditionReady)
	})
}
