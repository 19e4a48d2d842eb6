// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"context"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	acv1alpha1 "github.com/waba-operator/waba-operator/internal/applyconfiguration/api/v1alpha1"
)

func (r *wabas) write(ctx context.Context, p *accountRun) error {
	if !lifecycle.HasForeignOwner(p.obj) && lifecycle.SameStatus(p.obj.OwnedStatus(), p.before.OwnedStatus()) {
		return nil
	}
	_, err := r.Status.Settle(ctx, p.obj, p.obj.OwnedStatus(), func() (lifecycle.ApplyConfiguration, error) { return r.apply(ctx, p.obj) })
	return err
}

// apply writes the status. The ledger of scarce calls is written by others too, so a conflict takes over theirs: an entry
// that got lost would be a call that Meta counts and we don't.
func (r *wabas) apply(ctx context.Context, obj *v1alpha1.WABA) (*acv1alpha1.WABAApplyConfiguration, error) {
	for try := 0; ; try++ {
		into := &acv1alpha1.WABAApplyConfiguration{}
		err := r.Status.Write(ctx, obj, obj.OwnedStatus(), into, true)
		if err == nil || !apierrors.IsConflict(err) || try == lifecycle.WriteTries {
			return into, err
		}
		var fresh v1alpha1.WABA
		if err := r.Status.Live.Get(ctx, client.ObjectKeyFromObject(obj), &fresh); err != nil {
			return nil, err
		}
		if fresh.UID != obj.UID {
			return nil, err
		}
		obj.ResourceVersion, obj.Status.Registrations = fresh.ResourceVersion, fresh.Status.Registrations
	}
}
