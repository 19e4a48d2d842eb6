// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// A value that was written contestedAfter times within contestedWindow, and differs again, is contested.
const (
	contestedAfter  = 3
	contestedWindow = 24 * time.Hour
)

// recentRepairs are the times of repairs that still count, the oldest first.
func recentRepairs(times []metav1.Time, now time.Time) []metav1.Time {
	recent := slices.DeleteFunc(slices.Clone(times), func(t metav1.Time) bool { return !deadline.Within(t.Time, now, contestedWindow) })
	return recent[max(0, len(recent)-metavalues.RingSize):]
}

// Contested is how long a value isn't written any more that was written at these times, the oldest first; 0 where it may be.
func Contested(times []metav1.Time, now time.Time) time.Duration {
	recent := recentRepairs(times, now)
	if len(recent) < contestedAfter {
		return 0
	}
	return deadline.Left(recent[len(recent)-contestedAfter].Add(contestedWindow), now, contestedWindow)
}

// Repairs are the writes by which the operator restored what a spec says. They are kept in the status, so that a restart doesn't begin a
// fight anew.
type Repairs struct {
	memory *v1alpha1.OperatorStatus
	now    time.Time
}

// RepairsOf are the repairs that a resource's status remembers.
func RepairsOf(obj v1alpha1.Asset, now time.Time) Repairs { return Repairs{obj.Memory(), now} }

// Contested is how long a value isn't written any more; 0 where it may be.
func (r Repairs) Contested(name string) time.Duration {
	for _, h := range r.memory.Repairs {
		if h.Name == name {
			return Contested(h.Times, r.now)
		}
	}
	return 0
}

// Noted reports that a value was written within the last day.
func (r Repairs) Noted(name string) bool {
	return slices.ContainsFunc(r.memory.Repairs, func(h v1alpha1.RepairHistory) bool {
		return h.Name == name && len(recentRepairs(h.Times, r.now)) > 0
	})
}

// Note records that a value is written.
func (r Repairs) Note(name string) {
	r.Prune()
	all := r.memory.Repairs
	i := slices.IndexFunc(all, func(h v1alpha1.RepairHistory) bool { return h.Name == name })
	if i < 0 {
		i, all = len(all), append(all, v1alpha1.RepairHistory{Name: name})
	}
	all[i].Times = recentRepairs(append(all[i].Times, metav1.NewTime(r.now.Truncate(time.Second))), r.now)
	r.memory.Repairs = all
}

// Prune drops what is older than a day.
func (r Repairs) Prune() {
	var left []v1alpha1.RepairHistory
	for _, h := range r.memory.Repairs {
		if h.Times = recentRepairs(h.Times, r.now); len(h.Times) > 0 {
			left = append(left, h)
		}
	}
	r.memory.Repairs = left
}

// Keep drops the repairs of all values but some, and those that are older than a day.
func (r Repairs) Keep(kept func(name string) bool) {
	r.memory.Repairs = slices.DeleteFunc(r.memory.Repairs, func(h v1alpha1.RepairHistory) bool { return !kept(h.Name) })
	r.Prune()
}

// Reset drops all repairs: a new generation of the spec starts over.
func (r Repairs) Reset() { r.memory.Repairs = nil }

// RepairHeld says why a repair can't be made, without a call; nil where it can. contested is how long the value is contested, and message
// says so.
func (b *Base) RepairHeld(s *account.Session, contested time.Duration, message string) *Result {
	budget, wait := s.Budget().AllowsBackground(1)
	switch {
	case contested > 0:
		return Waiting(v1alpha1.ReasonContested, message, contested).AssetUnaffected()
	case s.BreakerOpen() && !b.ReadOnly: // who only reads asks the breaker about each write (AllowUnrequested)
		return bulkChangeHeld()
	case !budget:
		return Waiting(v1alpha1.ReasonRateLimited, "the account's rate limit is nearly used up; the repair waits", wait).AssetUnaffected()
	}
	return nil
}

// AllowUnrequested asks the account's breaker for a write that no change of a spec requested; nil where it may be made. The
// breaker compares such writes with the number of the account's resources of the kind.
func (b *Base) AllowUnrequested(ctx context.Context, obj v1alpha1.Asset, waba *v1alpha1.WABA, s *account.Session) *Result {
	kind, _ := v1alpha1.AssetKindOf(obj.KindName())
	list := kind.NewList()
	err := b.Client.List(ctx, list, client.MatchingFields{index.Account: index.AccountKey(client.ObjectKeyFromObject(waba))}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return Failed("list the account's resources of kind "+kind.Name, err)
	}
	if b.ReadOnly && b.dryRuns.has(obj.GetUID(), s.Snapshot()) {
		return nil
	}
	if !s.BreakerAllows(meta.LenList(list)) {
		b.AccountEvents.enqueue(client.ObjectKeyFromObject(waba))
		return bulkChangeHeld()
	}
	if b.ReadOnly {
		b.dryRuns.note(obj.GetUID(), s.Snapshot())
	}
	return nil
}

// bulkChangeHeld is the result where the account's breaker is open: too many of its resources were about to be written unrequested.
func bulkChangeHeld() *Result {
	return NotSynced(v1alpha1.ReasonBulkChangeHeld,
		"too many resources of the account would be written without a change of their spec; check the account, then annotate the WABA with "+
			v1alpha1.AnnotationReleaseHeld).AssetUnaffected()
}
