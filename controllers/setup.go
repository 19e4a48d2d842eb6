// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/ptr"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/index"
)

// Setup registers all controllers with the manager, and returns their reconcilers.
func Setup(ctx context.Context, mgr ctrl.Manager, o Options) (*Reconcilers, error) {
	if err := index.Setup(ctx, mgr.GetFieldIndexer()); err != nil {
		return nil, err
	}
	r := NewReconcilers(Parts{Client: mgr.GetClient(), Live: mgr.GetAPIReader(), Recorder: mgr.GetEventRecorder("waba-operator")}, o)
	if err := setupAccounts(mgr, r.base, o, r.ByKind[v1alpha1.KindWABA]); err != nil {
		return nil, err
	}
	for i := range children {
		if err := children[i].setup(mgr, r.base, o, r.ByKind[children[i].kind]); err != nil {
			return nil, fmt.Errorf("%s: %w", children[i].kind, err)
		}
	}
	return r, nil
}

// Reconcilers are the operator: everything it decides, without what wakes it.
type Reconcilers struct {
	base *lifecycle.Base

	// ByKind has the reconciler of each kind, by the kind's name.
	ByKind map[string]reconcile.Reconciler
}

// NewReconcilers returns the reconcilers of all kinds.
func NewReconcilers(p Parts, o Options) *Reconcilers {
	b := lifecycle.NewBase(p, o)
	return &Reconcilers{base: b, ByKind: reconcilers(b, o.Once)}
}

// Reconciled returns how many resources of a kind were reconciled since the process started, and still exist.
func (r *Reconcilers) Reconciled(kind string) int { return r.base.Reconciled(kind) }

// controllerOptions are alike for all kinds. The queue's own backoff is for errors of the API server only.
func controllerOptions(o Options) controller.Options {
	return controller.Options{
		MaxConcurrentReconciles: o.Concurrency,
		ReconciliationTimeout:   10 * time.Minute, // a sample file of 100 MB may be uploaded
		EnableWarmup:            ptr.To(true),
		RateLimiter:             workqueue.NewTypedItemExponentialFailureRateLimiter[reconcile.Request](time.Second, 5*time.Minute),
		NewQueue:                o.NewQueue,
	}
}
