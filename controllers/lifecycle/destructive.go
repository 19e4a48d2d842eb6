// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"time"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// DestructiveWrite is a write that takes something away at Meta: a template, a registration, a subscription, an address. It can't be
// undone, or not without an outage. Nothing else makes such a call (TestDestructiveCallsAreGuarded).
type DestructiveWrite struct {
	// Call names the write.
	Call string
	// ID is that of the asset.
	ID string
	// Claims returns other live resources that claim what would be taken away; nil where the run has decided about ownership before.
	Claims func(ctx context.Context) ([]v1alpha1.Asset, error)
	// Confirm asks Meta whether what is to be taken away is there and is ours: a status alone may be restored, or older than what
	// happened since. nil where Write asks itself, as that of a scarce call does.
	Confirm func(ctx context.Context) (ours bool, o *Result)
	// Write makes the call; see Base.CallMeta.
	Write func(ctx context.Context) *Result
}

// Ending is how a destructive write ended.
type Ending int

const (
	// endFailed: it wasn't made; the result says why, and when it is tried again.
	endFailed Ending = iota
	// EndGone means that it was made, or there was nothing to take away.
	EndGone
	// endLeft: another resource claims what is there.
	endLeft
)

// Destroy makes a destructive write, if nothing stands against it.
func (b *Base) Destroy(ctx context.Context, obj v1alpha1.Asset, d *DestructiveWrite) (Ending, *Result) {
	if d.Claims != nil {
		switch others, err := d.Claims(ctx); {
		case err != nil:
			return endFailed, Failed("look for other resources before: "+d.Call, err)
		case len(others) > 0:
			b.recordLeft(obj, d.ID, d.Call+": left to "+NameFor(others[0], obj.GetNamespace())+", which claims it too")
			return endLeft, nil
		}
	}
	if d.Confirm != nil {
		switch ours, o := d.Confirm(ctx); {
		case o != nil:
			return endFailed, o
		case !ours:
			return EndGone, nil
		}
	}
	if b.ReadOnly {
		return endFailed, DryRunDiffers(b.DryRun(obj, d.Call))
	}
	if o := d.Write(ctx); o != nil {
		return endFailed, o
	}
	return EndGone, nil
}

// CallMeta makes a destructive write to Meta and records it in the audit log.
func (b *Base) CallMeta(ctx context.Context, obj v1alpha1.Asset, call string, write func(context.Context) error) *Result {
	LogStep(ctx, "About to write to Meta", "call", call)
	err := write(ctx)
	b.AuditWrite(obj, call, nil, err)
	if err != nil {
		return Failed(call, err)
	}
	return nil
}

// recordLeft records that a resource goes, or gives up a part of its spec, and what it managed stays at Meta.
func (b *Base) recordLeft(obj v1alpha1.Asset, id, why string) {
	b.Event(obj, corev1.EventTypeNormal, v1alpha1.ReasonLeft, "Delete", "left at Meta: "+why)
	b.Audit.Info("Left at Meta", "object", client.ObjectKeyFromObject(obj).String(), "id", id, "reason", why)
}

// OtherClaimants are the other live resources among claims.
func OtherClaimants(obj v1alpha1.Asset, claims []Claim) []v1alpha1.Asset {
	var out []v1alpha1.Asset
	for i := range claims {
		if other := claims[i].Object; other.GetUID() != obj.GetUID() && other.GetDeletionTimestamp().IsZero() {
			out = append(out, other)
		}
	}
	return out
}

// InFlight is how long a create may take to show: Meta's answer to it can be lost, and a lookup by name lags.
const InFlight = 2 * time.Minute
