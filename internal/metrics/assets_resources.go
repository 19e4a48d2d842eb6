// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package metrics

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// condition is meta.FindStatusCondition for what is called ten thousand times in a scrape.
func condition(s *v1alpha1.CommonStatus, kind string) *metav1.Condition {
	for i := range s.Conditions {
		if s.Conditions[i].Type == kind {
			return &s.Conditions[i]
		}
	}
	return nil
}

// resource counts what all kinds have.
func (s *scrape) resource(obj v1alpha1.Asset) {
	kind, common := obj.KindName(), obj.CommonStatus()
	s.fixed[counted(resources, kind)]++
	for i := range common.Conditions {
		c := &common.Conditions[i]
		s.fixed[counted(resourceConditions, kind, c.Type, string(c.Status), c.Reason)]++
	}
	if !s.PerResource {
		return
	}
	ready, reason := 0.0, ""
	if c := condition(common, v1alpha1.ConditionReady); c != nil {
		reason = c.Reason
		if c.Status == metav1.ConditionTrue {
			ready = 1
		}
	}
	s.gauge(resourceReady, ready, kind, obj.GetNamespace(), obj.GetName(), reason)
}

// child counts what all kinds but the account have, and returns the account's tally.
func (s *scrape) child(obj v1alpha1.Asset) *tally {
	s.resource(obj)
	t := s.of(obj)
	if t == nil {
		return nil
	}
	if c := condition(obj.CommonStatus(), v1alpha1.ConditionSynced); c != nil && c.Status != metav1.ConditionTrue {
		t.counts[counted(unsynced, obj.KindName(), c.Reason)]++
	}
	return t
}

func (s *scrape) template(o *v1alpha1.MessageTemplate) {
	t := s.child(o)
	status, quality := listed(templateStatuses, o.Status.Status), listed(qualities, o.Status.QualityScore)
	category := listed(categories, o.Status.Category)
	if s.PerResource {
		s.gauge(templateInfo, 1, o.Namespace, o.Name, accountOf(o), status, quality, category)
	}
	if t == nil {
		return
	}
	t.counts[counted(templates, status)]++
	t.counts[counted(templatesByQuality, quality)]++
	t.counts[counted(templatesByCategory, category)]++
	if c := condition(&o.Status.CommonStatus, v1alpha1.ConditionCategoryAsRequested); c != nil && c.Status == metav1.ConditionFalse {
		state := reclassified
		if c.Reason == v1alpha1.ReasonReclassificationPlanned {
			state = reclassifiedSoon
		}
		t.counts[counted(templatesReclassified, state)]++
	}
	if end := deadline.Value(o.Status.StatusEndTime); status == metavalues.TemplateArchived && !end.IsZero() && (t.archivedEnd.IsZero() || end.Before(t.archivedEnd)) {
		t.archivedEnd = end
	}
	if at := decision(o); at.After(t.decided) {
		t.decided = at
	}
}

// accountOf names the account of a resource in one label.
func accountOf(obj v1alpha1.Asset) string {
	return index.AccountKey(index.AccountOf(obj))
}

// found is how soon after its creation the first status of a resource says nothing of a decision: it was there before.
const found = time.Minute

// decision is when Meta decided about a template, zero where it didn't since the resource is there. Of such a decision a
// webhook reports.
func decision(o *v1alpha1.MessageTemplate) time.Time {
	switch o.Status.Status {
	case metavalues.TemplateApproved, metavalues.TemplateRejected, metavalues.TemplatePaused, metavalues.TemplateDisabled:
		if since := o.Status.StatusChangedTime; since != nil && since.After(o.CreationTimestamp.Add(found)) {
			return since.Time
		}
	}
	return time.Time{}
}

func (s *scrape) number(o *v1alpha1.PhoneNumber) {
	t := s.child(o)
	status, quality := listed(numberStatuses, o.Status.Status), listed(qualities, o.Status.QualityRating)
	if s.PerResource {
		s.gauge(numberInfo, 1, o.Namespace, o.Name, accountOf(o), status, quality, o.Status.MessagingLimit)
	}
	if t == nil {
		return
	}
	t.counts[counted(numbers, status)]++
	t.counts[counted(numbersByQuality, quality)]++
}

// subscription notes when something came by webhook last. Only where Meta is to deliver to the operator, and has verified
// that it can, silence means anything.
func (s *scrape) subscription(o *v1alpha1.WebhookSubscription) {
	t := s.child(o)
	if t == nil || o.Spec.App == nil || o.Spec.App.Delivery != v1alpha1.WebhookDeliveryOperator {
		return
	}
	hear := func(at *metav1.Time) {
		if at != nil && at.After(t.webhook) {
			t.webhook = at.Time
		}
	}
	if c := condition(&o.Status.CommonStatus, v1alpha1.ConditionCallbackVerified); c != nil && c.Status == metav1.ConditionTrue {
		hear(&c.LastTransitionTime)
	}
	if w := o.Status.Webhook; w != nil {
		hear(w.HandshakeTime)
		for i := range w.Events {
			hear(w.Events[i].ReceivedTime)
		}
	}
}
