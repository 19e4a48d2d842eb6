// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"math"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// mergeAccount merges an event into the facts about an account and reports whether they changed.
func mergeAccount(w *v1alpha1.WABAWebhookStatus, e event) bool {
	switch v := e.Value.(type) {
	case webhook.AccountReview:
		if !advance(&w.Events, MarkAccountReview, e, laterStatus(v.Decision, w.ReviewDecision)) {
			return false
		}
		w.ReviewDecision = v.Decision
		return true
	case webhook.Capability:
		changed := false
		if v.MessagingLimit != "" && advance(&w.Events, MarkCapability, e, 0) {
			w.MessagingLimit, changed = v.MessagingLimit, true
		}
		if v.MaxPhoneNumbers != 0 && advance(&w.Events, MarkPhoneNumbers, e, 0) {
			w.MaxPhoneNumbers, changed = clampToInt32(v.MaxPhoneNumbers), true
		}
		return changed
	case webhook.AccountUpdate:
		return mergeAccountUpdate(w, e, v)
	case webhook.Alert:
		return mergeAlert(w, e, v)
	}
	return false
}

// clampToInt32 keeps a count of Meta's between 0 and the largest int32.
func clampToInt32(n int) int32 { return int32(max(0, min(n, math.MaxInt32))) }

func mergeAccountUpdate(w *v1alpha1.WABAWebhookStatus, e event, v webhook.AccountUpdate) bool {
	changed := false
	if v.Ban != nil && advance(&w.Events, MarkBan, e, 0) {
		w.Ban = &v1alpha1.Ban{State: v.Ban.State, Time: timeOf(v.Ban.Date)}
		changed = true
	}
	if v.Violation != nil {
		changed = addViolation(w, e, *v.Violation) || changed
	}
	for _, r := range v.Restrictions {
		changed = addRestriction(w, e, r) || changed
	}
	if v.Ban == nil && v.Violation == nil && len(v.Restrictions) == 0 {
		changed = addAccountEvent(w, e, v)
	}
	// The arrival of the newest event decides how long the facts outweigh an observation. Meta invents events, so the number of
	// names is bounded.
	if name := MarkAccount + "/" + v.Event; changed && (len(w.Events) < maxWatermarks || EventOf(w.Events, name) != nil) {
		advance(&w.Events, name, e, 0)
	}
	return changed
}

func addViolation(w *v1alpha1.WABAWebhookStatus, e event, v webhook.Violation) (changed bool) {
	item := v1alpha1.Violation{Type: v.Type, Time: metav1.NewTime(e.at), PhoneNumber: v.PhoneNumber}
	w.Violations, changed = insert(w.Violations, item,
		func(v v1alpha1.Violation) time.Time { return v.Time.Time },
		func(v v1alpha1.Violation) string { return v.Type + " " + v.PhoneNumber })
	return changed
}

// addRestriction stores a restriction. Meta reports one again when it is extended, and never when it is lifted: expired ones are
// dropped.
func addRestriction(w *v1alpha1.WABAWebhookStatus, e event, v webhook.Restriction) bool {
	expired := func(r v1alpha1.Restriction) bool {
		return r.ExpirationTime != nil && !r.ExpirationTime.After(e.received)
	}
	before := w.Restrictions
	next := slices.DeleteFunc(slices.Clone(before), expired)
	item := v1alpha1.Restriction{Type: v.Type, Time: &metav1.Time{Time: e.at}, ExpirationTime: timeOf(v.Expires), Remediation: v.Remediation}
	i := slices.IndexFunc(next, func(r v1alpha1.Restriction) bool { return r.Type == v.Type })
	switch {
	case expired(item):
	case i < 0:
		next = append(next, item)
	case e.at.After(deadline.Value(next[i].Time)), e.at.Equal(deadline.Value(next[i].Time)) && v.Expires.After(deadline.Value(next[i].ExpirationTime)):
		next[i] = item
	}
	slices.SortFunc(next, func(a, b v1alpha1.Restriction) int { return strings.Compare(a.Type, b.Type) })
	w.Restrictions = next[:min(len(next), maxListItems)]
	return !slices.EqualFunc(w.Restrictions, before, sameRestriction)
}

func sameRestriction(a, b v1alpha1.Restriction) bool {
	return a.Type == b.Type && a.Remediation == b.Remediation && a.Time.Equal(b.Time) && a.ExpirationTime.Equal(b.ExpirationTime)
}

// addAccountEvent stores an event that has no effect but to be shown.
func addAccountEvent(w *v1alpha1.WABAWebhookStatus, e event, v webhook.AccountUpdate) (changed bool) {
	item := v1alpha1.AccountEvent{Event: v.Event, Time: metav1.NewTime(e.at), Detail: v.Detail}
	w.AccountEvents, changed = insert(w.AccountEvents, item,
		func(v v1alpha1.AccountEvent) time.Time { return v.Time.Time },
		func(v v1alpha1.AccountEvent) string { return v.Event + " " + v.Detail })
	return changed
}

// mergeAlert keeps the newest state of each alert: Meta reports the end of one under the same type.
func mergeAlert(w *v1alpha1.WABAWebhookStatus, e event, v webhook.Alert) bool {
	same := func(a v1alpha1.Alert) bool {
		return a.Type == v.Type && a.EntityType == v.EntityType && a.EntityID == v.EntityID
	}
	if i := slices.IndexFunc(w.Alerts, same); i >= 0 {
		last := w.Alerts[i]
		if e.at.Before(last.Time.Time) || e.at.Equal(last.Time.Time) && v.Status+v.Description >= last.Status+last.Description {
			return false
		}
		w.Alerts = slices.DeleteFunc(slices.Clone(w.Alerts), same)
	}
	item := v1alpha1.Alert{
		Type: v.Type, Severity: v.Severity, Status: v.Status, Description: v.Description,
		EntityType: v.EntityType, EntityID: v.EntityID, Time: metav1.NewTime(e.at),
	}
	var changed bool
	w.Alerts, changed = insert(w.Alerts, item,
		func(a v1alpha1.Alert) time.Time { return a.Time.Time },
		func(a v1alpha1.Alert) string { return a.Type + " " + a.EntityType + " " + a.EntityID })
	if changed {
		advance(&w.Events, MarkAlerts, e, 0)
	}
	return changed
}
