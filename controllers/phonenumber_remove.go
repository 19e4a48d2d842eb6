// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// remove takes the number off the Cloud API. It can't be removed from the account by API.
func (n *numbers) remove(ctx context.Context, p *numberPass) (bool, *Result) {
	if p.status.ID == "" {
		return true, nil // never found
	}
	off := false // by what Meta shows right before the call; the status may be restored
	d := n.deregistration(p, func(live *graph.PhoneNumber) *Result {
		if off = !number.OnCloudAPI(live); off {
			return unchanged(0)
		}
		return nil
	})
	d.claims = func(ctx context.Context) ([]v1alpha1.Asset, error) {
		claims, err := n.numberClaims(ctx, p.obj)
		return otherClaimants(p.obj, claims), err
	}
	d.confirm = func(ctx context.Context) (ours bool, o *Result) {
		if err := p.session.LookupNumbers(ctx); err != nil {
			return false, failure("list the account's numbers", err)
		}
		view := p.session.Number(func(live graph.PhoneNumber) bool { return number.Is(&p.obj.Spec, live) })
		if view.Number == nil || !number.OnCloudAPI(view.Number) || coexists(view.Number) {
			return false, nil // nothing to take off, or it can't be
		}
		p.status.ID = view.Number.ID
		return true, nil
	}
	if _, o := n.destroy(ctx, p.obj, d); o != nil {
		return off, o
	}
	return true, nil
}

// deregistration is the write that takes the number off the Cloud API. The number is read before it; against is asked then
// whether something stands against it.
func (n *numbers) deregistration(p *numberPass, against func(live *graph.PhoneNumber) *Result) *destructive {
	return &destructive{
		call: CallDeregister, id: p.status.ID,
		write: func(ctx context.Context) *Result {
			return n.attempt(ctx, p, v1alpha1.RegistrationAttempt{Kind: callDeregister},
				func(live *graph.PhoneNumber, attempts []v1alpha1.RegistrationAttempt) *Result {
					if coexists(live) {
						return notSynced(v1alpha1.ReasonRefusedByMeta, "the number is also used in the WhatsApp Business app and can't be deregistered by API")
					}
					if against != nil {
						if o := against(live); o != nil {
							return o
						}
					}
					return mayDeregister(attempts, p.now, p.requested())
				},
				func() error { return p.session.Client().DeregisterPhoneNumber(ctx, p.status.ID) })
		},
	}
}

// deregisterFirst finishes a deregistration that Meta holds for incomplete. That it is, only the account's ledger says, which may be
// restored: a number that Meta shows as connected stays so.
func (n *numbers) deregisterFirst(ctx context.Context, p *numberPass, s *situation) *Result {
	a := last(s.attempts, callRegister)
	if a == nil || a.Result != string(graph.CauseDeregisterIncomplete) || connected(s.live) {
		return nil
	}
	if d := last(s.attempts, callDeregister); d != nil && d.Time.After(a.Time.Time) {
		return nil
	}
	_, o := n.destroy(ctx, p.obj, n.deregistration(p, func(live *graph.PhoneNumber) *Result {
		if connected(live) {
			return unchanged(firstPause)
		}
		return nil
	}))
	if o != nil {
		return o
	}
	return unchanged(firstPause)
}

// connected reports that Meta shows a number as connected to the Cloud API.
func connected(live *graph.PhoneNumber) bool {
	return number.OnCloudAPI(live) && live.Status == metavalues.NumberConnected
}

// mayDeregister keeps to Meta's limit, and lets a failed attempt rest.
func mayDeregister(attempts []v1alpha1.RegistrationAttempt, now time.Time, pushed bool) *Result {
	if wait := windowWait(attempts, callDeregister, now); wait > 0 {
		return waiting(v1alpha1.ReasonQuotaExceeded, "Meta takes ten deregistrations of a number in 72 hours", wait).showing(true)
	}
	a := last(attempts, callDeregister)
	switch {
	case a == nil:
		return nil
	case retryLeft(a, now) > 0:
		return waiting(v1alpha1.ReasonQuotaExceeded, "Meta takes no deregistration of this number for a while", retryLeft(a, now)).showing(true)
	case a.Result == resultDone, pushed:
		return nil
	}
	gap := registerSpacing
	if countOf(attempts, callDeregister) == 1 {
		gap = registerRetry
	}
	if wait := deadline.Left(a.Time.Add(gap), now, gap); wait > 0 {
		return waiting(v1alpha1.ReasonTransientError, "the last deregistration failed; they are scarce, so the next one waits", wait).showing(true)
	}
	return nil
}
