// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// Conditions builds the conditions of one run from scratch, so that one that no longer holds disappears. The
// transition time is kept while the status stays the same.
type Conditions struct {
	generation int64
	now        time.Time
	previous   []metav1.Condition
	next       []metav1.Condition
}

// NewConditions begins the conditions of a run with those that an earlier one left.
func NewConditions(previous []metav1.Condition, generation int64, now time.Time) *Conditions {
	return &Conditions{generation: max(generation, 0), now: now, previous: previous}
}

// Set sets a condition.
func (c *Conditions) Set(kind string, status metav1.ConditionStatus, reason, message string) {
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

// KeepPrevious carries a condition over as it was.
func (c *Conditions) KeepPrevious(kind string) bool {
	old := meta.FindStatusCondition(c.previous, kind)
	if old == nil {
		return false
	}
	c.Set(kind, old.Status, old.Reason, old.Message)
	return true
}

// Readiness is what a kind says of its asset, independent of whether the last attempt to write succeeded.
type Readiness struct {
	Status          metav1.ConditionStatus
	Reason, Message string
	// Ends is the time until something that the conditions show ends by itself, such as a restriction; 0 where nothing does.
	Ends time.Duration
}

// Summarize sets Synced, Ready, Reconciling and Stalled, in the form that kstatus, `kubectl wait` and Flux expect:
// Reconciling and Stalled are there only while true, and never together.
func (c *Conditions) Summarize(o *Result, r Readiness) {
	c.Set(v1alpha1.ConditionSynced, o.synced, o.reason, o.message)
	ready := r
	// A result that doesn't concern the asset keeps the known condition of the asset, if there is one.
	synced := o.synced == metav1.ConditionTrue
	if !synced && (!o.unaffected || r.Reason == v1alpha1.ReasonProgressing || r.Reason == v1alpha1.ReasonPending) {
		ready = Readiness{Status: metav1.ConditionFalse, Reason: o.reason, Message: o.message}
	}
	c.Set(v1alpha1.ConditionReady, ready.Status, ready.Reason, ready.Message)
	ofResult, ofAsset := KstatusOf[o.reason], KstatusOf[r.Reason]
	if synced {
		ofResult = kstatusNeutral
	}
	switch {
	case ready.Status == metav1.ConditionTrue:
		// The asset can be used. If the spec couldn't be applied, Synced says why.
	case ofResult == KstatusStalled:
		c.Set(v1alpha1.ConditionStalled, metav1.ConditionTrue, o.reason, o.message)
	case ofAsset == KstatusStalled && synced:
		c.Set(v1alpha1.ConditionStalled, metav1.ConditionTrue, r.Reason, r.Message)
	case ofResult == KstatusReconciling:
		c.Set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, o.reason, o.message)
	case ofAsset == KstatusReconciling && ready.Reason == r.Reason: // not while it is paused and was never looked at
		c.Set(v1alpha1.ConditionReconciling, metav1.ConditionTrue, r.Reason, r.Message)
	}
}

// List returns the conditions in a fixed order: Ready and Synced first, then by name.
func (c *Conditions) List() []metav1.Condition {
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
