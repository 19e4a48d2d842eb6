// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// pendingReviews are the resources for which Meta has yet to decide something, such as the review of a template. Their accounts are
// observed sooner.
type pendingReviews struct {
	mu sync.Mutex
	// since is when each began, by account and resource.
	since map[types.UID]map[types.UID]time.Time
}

func newPendingReviews() *pendingReviews {
	return &pendingReviews{since: map[types.UID]map[types.UID]time.Time{}}
}

// note records since when a resource waits for Meta; zero: it doesn't. It reports whether that is new.
func (r *pendingReviews) note(waba, resource types.UID, since time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	was := r.since[waba][resource]
	if since.Equal(was) {
		return false
	}
	if since.IsZero() {
		r.drop(waba, resource)
		return false
	}
	if r.since[waba] == nil {
		r.since[waba] = map[types.UID]time.Time{}
	}
	r.since[waba][resource] = since
	return true
}

// drop frees a resource. r.mu is held.
func (r *pendingReviews) drop(waba, resource types.UID) {
	delete(r.since[waba], resource)
	if len(r.since[waba]) == 0 {
		delete(r.since, waba)
	}
}

// Youngest is when the review that began last did; zero where there is none.
func (r *pendingReviews) Youngest(waba types.UID) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	var youngest time.Time
	for _, since := range r.since[waba] {
		if since.After(youngest) {
			youngest = since
		}
	}
	return youngest
}

func (r *pendingReviews) Forget(gone Gone) time.Duration {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.since, gone.UID)
	for waba := range r.since {
		r.drop(waba, gone.UID)
	}
	return 0
}

// noteReview records at the end of a run whether the resource waits for Meta, and has its account observed soon after that began.
func (l *Reconciler[T]) noteReview(p *Run[T]) {
	if p.WABA == nil || p.Object.AccountReference() == nil {
		return
	}
	if l.Reviews.note(p.WABA.UID, p.key(), reviewedSince(p.Before.CommonStatus())) {
		l.AccountEvents.enqueueAfter(client.ObjectKeyFromObject(p.WABA), l.ShortestInterval)
	}
}

// reviewedSince is since when Meta has everything that the spec says and has yet to decide, zero where it doesn't.
func reviewedSince(s *v1alpha1.CommonStatus) time.Time {
	ready := meta.FindStatusCondition(s.Conditions, v1alpha1.ConditionReady)
	if ready == nil || !meta.IsStatusConditionTrue(s.Conditions, v1alpha1.ConditionSynced) ||
		!meta.IsStatusConditionPresentAndEqual(s.Conditions, v1alpha1.ConditionReconciling, metav1.ConditionTrue) {
		return time.Time{}
	}
	return ready.LastTransitionTime.Time
}
