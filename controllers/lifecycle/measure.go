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
)

// seenEarly is how soon after its creation the operator must have seen a resource to know that it was never ready before.
const seenEarly = 10 * time.Minute

// measureReady measures how long a resource took until it was ready for the first time. A resource that isn't ready since it was
// created never was, in any process; after a later time it may have been.
func (b *Base) measureReady(obj v1alpha1.Asset, before, after []metav1.Condition, now time.Time) {
	is, was := meta.FindStatusCondition(after, v1alpha1.ConditionReady), meta.FindStatusCondition(before, v1alpha1.ConditionReady)
	created := obj.GetCreationTimestamp().Time
	seen := now
	if was != nil {
		seen = was.LastTransitionTime.Time
	}
	if is == nil || is.Status != metav1.ConditionTrue || was != nil && was.Status == metav1.ConditionTrue || seen.Sub(created) > seenEarly {
		return
	}
	b.Metrics.FirstReady(obj.KindName(), max(0, now.Sub(created)))
}

// measureDeletion measures how long the deletion of a resource took.
func (b *Base) measureDeletion(obj v1alpha1.Asset, now time.Time) {
	if at := obj.GetDeletionTimestamp(); at != nil {
		b.Metrics.Deleted(obj.KindName(), max(0, now.Sub(at.Time)))
	}
}

// CountDrift counts fields that another client changed at Meta, each once until it is repaired or accepted; known are those that
// the status names already.
func (b *Base) CountDrift(obj v1alpha1.Asset, fields, known []string) {
	for _, field := range fields {
		if !slices.ContainsFunc(known, func(k string) bool { return k == field || strings.HasPrefix(k, field+".") }) {
			b.Metrics.Drift(obj.KindName(), field)
		}
	}
}
