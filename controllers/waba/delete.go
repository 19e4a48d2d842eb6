// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"context"
	"fmt"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/index"
)

// Delete waits for resources that are themselves being deleted and need the account for it, and for nothing else.
func (a *accounts) Delete(ctx context.Context, p *accountRun) (gone bool, o *lifecycle.Result) {
	needing, others, err := a.dependents(ctx, p.Object)
	if err != nil {
		return false, lifecycle.Failed("list the resources that need the account", err)
	}
	if wait := a.grace(p); len(needing) == 0 && others && wait > 0 {
		return false, lifecycle.Unchanged(wait)
	}
	if len(needing) > 0 {
		lifecycle.LogStep(ctx, "Waiting for resources that need the account", "first", needing[0], "count", len(needing))
		message := fmt.Sprintf("waiting for %s, which is being deleted and needs the account", needing[0])
		if len(needing) > 1 {
			message = fmt.Sprintf("waiting for %s and others, which are being deleted and need the account", needing[0])
		}
		return false, lifecycle.NotSynced(v1alpha1.ReasonInUse, message).AssetUnaffected()
	}
	return true, nil
}

// deletionGrace is how long an account waits for resources that need it to be deleted too: with a namespace, everything goes
// within moments, but in an arbitrary order.
const deletionGrace = 10 * time.Second

// grace is how long the account still waits for that.
func (a *accounts) grace(p *accountRun) time.Duration {
	return deadline.Left(a.deletions.begin(p.Object.UID, p.Now).Add(deletionGrace), p.Now, deletionGrace)
}

// dependents names the resources that are being deleted and need the account for it. others reports that there are some
// that would need it if they were deleted.
func (a *accounts) dependents(ctx context.Context, waba *v1alpha1.WABA) (names []string, others bool, err error) {
	for _, kind := range v1alpha1.AssetKinds {
		if kind.New().AccountReference() == nil {
			continue
		}
		list := kind.NewList()
		if err := a.Client.List(ctx, list, client.MatchingFields{index.Account: index.AccountKey(client.ObjectKeyFromObject(waba))}); err != nil {
			return nil, false, err
		}
		_ = meta.EachListItem(list, func(item runtime.Object) error { // never fails
			child, ok := item.(v1alpha1.Asset)
			switch {
			case !ok || !lifecycle.HasFinalizer(child):
			case child.GetDeletionTimestamp().IsZero():
				others = true
			default:
				names = append(names, kind.Name+" "+client.ObjectKeyFromObject(child).String())
			}
			return nil
		})
	}
	return names, others, nil
}

// deletions remembers since when accounts are seen being deleted.
type deletions struct {
	mu    sync.Mutex
	since map[types.UID]time.Time
}

func newDeletions() *deletions { return &deletions{since: map[types.UID]time.Time{}} }

// begin is since when the account is being deleted.
func (l *deletions) begin(uid types.UID, now time.Time) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	since, known := l.since[uid]
	if !known {
		since = now
		l.since[uid] = since
	}
	return since
}

func (l *deletions) Forget(gone lifecycle.Gone) time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.since, gone.UID)
	return 0
}
