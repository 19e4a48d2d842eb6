// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// conditionSet builds the conditions of one pass from scratch, so that one that no longer holds disappears. The
// transition time is kept while the status stays the same.
type conditionSet struct {
	generation int64
	now        time.Time
	previous   []metav1.Condition
	next       []metav1.Condition
}

func newConditions(previous []metav1.Condition, generation int64, now time.Time) *conditionSet {
	return &conditionSet{generation: max(generation, 0), now: now, previous: previous}
}

func (c *conditionSet) set(kind string, status metav1.ConditionStatus, reason, message string) {
	cond := metav1.Condition{
		Type: kind, Status: status, Reason: reason, Message: metavalues.Truncate(message, metavalues.MessageLimit),
		ObservedGeneration: c.generation, LastTransitionTime: metav1.NewTime(c.now.Truncate(time.Second)),
	}
	if old := meta.FindStatusCondition(c.previous, kind); old != nil && old.Status == status {
		cond.LastTransitionTime = old.LastTransitionTime
	}
	c.next = slices.DeleteFunc(c.next, func(o metav1.Condition) bool { return o.Type == kind })
	c.next = append(c.next, cond)
}

// keepPrevious carries a condition over as it was.
func (c *conditionSet) keepPrevious(kind string) bool {
	old := meta.FindStatusCondition(c.previous, kind)
	if old == nil {
		return false
	}
	c.set(kind, old.Status, old.Reason, old.Message)
	return true
}

// readiness is what a kind says of its asset, independent of whether the last attempt to write succeeded.
type readiness struct {
	status          metav1.ConditionStatus
	reason, message string
}

// summarize sets Synced, Ready, Reconciling and Stalled, in the form that kstatus, `kubectl wait` and Flux expect:
// Reconciling and Stalled are there only while true, and never together.
func (c *conditionSet) summarize(o *Result, r readiness) {
	c.set(v1alpha1.ConditionSynced, o.synced, o.reason, o.message)
	ready := r
	// A result that says nothing about the asset leaves the judgement to what is known of it, if anything is.
	synced := o.synced == metav1.ConditionTrue
	if !synced && (!o.unaffected || r.reason == v1alpha1.ReasonProgressing || r.reason == v1alpha1.ReasonPending) {
		ready = readiness{status: metav1.ConditionFalse, reason: o.reason, message: o.message}
	}
	c.set(v1alpha1.ConditionReady, ready.status, ready.reason, ready.message)
	ofResult, ofAsset := kstatusOf[o.reason], kstatusOf[r.reason]
	if synced {
		ofResult = kstatusNeutral
	}
	switch {
	case ready.status == metav1.ConditionTrue:
		// The asset can be used. If the spec couldn't be applied, Synced says why.
	case ofResult == kstatusStalled:
		c.set(v1alpha1.ConditionStalled, metav1.ConditionTrue, o.reason, o.message)
	case ofAsset == kstatusStalled && synced:
		c.set(v1alpha1.ConditionStalled, metav1.ConditionTrue, r.reason, r.message)
	case ofResult == kstatusReconciling:
		c.set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, o.reason, o.message)
	case ofAsset == kstatusReconciling && ready.reason == r.reason: // not while it is paused and was never looked at
		c.set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, r.reason, r.message)
	}
}

// list returns the conditions in a fixed order: Ready and Synced first, then by name.
func (c *conditionSet) list() []metav1.Condition {
	rank := func(kind string) string {
		switch kind {
		case v1alpha1.ConditionReady:
			return "0"
		case v1alpha1.ConditionSynced:
			return "1"
		}
		return "2" + kind
	}
	out := slices.Clone(c.next)
	slices.SortFunc(out, func(a, b metav1.Condition) int { return strings.Compare(rank(a.Type), rank(b.Type)) })
	return out
}
