// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// destructive is a write that takes something away at Meta: a template, a registration, a subscription, an address. It can't be
// undone, or not without an outage. Nothing else in this package makes such a call (TestDestructiveCallsAreGuarded).
type destructive struct {
	// call names the write.
	call string
	// id is that of the asset.
	id string
	// claims returns other live resources that claim what would be taken away; nil where the run has decided about ownership before.
	claims func(ctx context.Context) ([]v1alpha1.Asset, error)
	// confirm asks Meta whether what is to be taken away is there and is ours: a status alone may be restored, or older than what
	// happened since. nil where write asks itself (numbers.attempt).
	confirm func(ctx context.Context) (ours bool, o *Result)
	// write makes the call; see base.callMeta.
	write func(ctx context.Context) *Result
}

// ending is how a destructive write ended.
type ending int

const (
	// endFailed: it wasn't made; the result says why, and when it is tried again.
	endFailed ending = iota
	// endGone: it was made, or there was nothing to take away.
	endGone
	// endLeft: another resource claims what is there.
	endLeft
)

// destroy makes a destructive write, if nothing stands against it.
func (b *base) destroy(ctx context.Context, obj v1alpha1.Asset, d *destructive) (ending, *Result) {
	if d.claims != nil {
		switch others, err := d.claims(ctx); {
		case err != nil:
			return endFailed, failure("look for other resources before: "+d.call, err)
		case len(others) > 0:
			b.recordLeft(obj, d.id, d.call+": left to "+nameFor(others[0], obj.GetNamespace())+", which claims it too")
			return endLeft, nil
		}
	}
	if d.confirm != nil {
		switch ours, o := d.confirm(ctx); {
		case o != nil:
			return endFailed, o
		case !ours:
			return endGone, nil
		}
	}
	if b.readOnly {
		return endFailed, differs(b.would(obj, d.call))
	}
	if o := d.write(ctx); o != nil {
		return endFailed, o
	}
	return endGone, nil
}

// callMeta makes a destructive write to Meta and records it in the audit log.
func (b *base) callMeta(ctx context.Context, obj v1alpha1.Asset, call string, write func(context.Context) error) *Result {
	logStep(ctx, "About to write to Meta", "call", call)
	err := write(ctx)
	b.wrote(obj, call, nil, err)
	if err != nil {
		return failure(call, err)
	}
	return nil
}

// recordLeft records that a resource goes, or gives up a part of its spec, and what it managed stays at Meta.
func (b *base) recordLeft(obj v1alpha1.Asset, id, why string) {
	b.event(obj, corev1.EventTypeNormal, v1alpha1.ReasonLeft, "Delete", "left at Meta: "+why)
	b.audit.Info("Left at Meta", "object", client.ObjectKeyFromObject(obj).String(), "id", id, "reason", why)
}

// otherClaimants are the other live resources among claims.
func otherClaimants(obj v1alpha1.Asset, claims []claim) []v1alpha1.Asset {
	var out []v1alpha1.Asset
	for i := range claims {
		if other := claims[i].object; other.GetUID() != obj.GetUID() && other.GetDeletionTimestamp().IsZero() {
			out = append(out, other)
		}
	}
	return out
}

// inFlight is how long a create may take to show: Meta's answer to it can be lost, and a lookup by name lags.
const inFlight = 2 * time.Minute
