// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"context"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// Delete takes the number off the Cloud API. It can't be removed from the account by API.
func (n *numbers) Delete(ctx context.Context, p *numberRun) (bool, *lifecycle.Result) {
	if p.Status.ID == "" {
		return true, nil // never found
	}
	off := false // by what Meta shows right before the call; the status may be restored
	d := n.deregistration(p, func(live *graph.PhoneNumber) *lifecycle.Result {
		if off = !number.OnCloudAPI(live); off {
			return lifecycle.Unchanged(0)
		}
		return nil
	})
	d.Claims = func(ctx context.Context) ([]v1alpha1.Asset, error) {
		claims, err := n.NumberClaims(ctx, p.Object)
		return lifecycle.OtherClaimants(p.Object, claims), err
	}
	d.Confirm = func(ctx context.Context) (ours bool, o *lifecycle.Result) {
		if err := p.Session.LookupNumbers(ctx); err != nil {
			return false, lifecycle.Failed("list the account's numbers", err)
		}
		view := p.Session.Number(func(live graph.PhoneNumber) bool { return number.Matches(&p.Object.Spec, live) })
		if view.Number == nil || !number.OnCloudAPI(view.Number) || coexists(view.Number) {
			return false, nil // nothing to take off, or it can't be
		}
		p.Status.ID = view.Number.ID
		return true, nil
	}
	if _, o := n.Destroy(ctx, p.Object, d); o != nil {
		return off, o
	}
	return true, nil
}

// deregistration is the write that takes the number off the Cloud API. The number is read before it; against is asked then
// whether something stands against it.
func (n *numbers) deregistration(p *numberRun, against func(live *graph.PhoneNumber) *lifecycle.Result) *lifecycle.DestructiveWrite {
	return &lifecycle.DestructiveWrite{
		Call: CallDeregister, ID: p.Status.ID,
		Write: func(ctx context.Context) *lifecycle.Result {
			return n.attempt(ctx, p, v1alpha1.RegistrationAttempt{Kind: callDeregister},
				func(live *graph.PhoneNumber, attempts []v1alpha1.RegistrationAttempt) *lifecycle.Result {
					if coexists(live) {
						return lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta, "the number is also used in the WhatsApp Business app and can't be deregistered by API")
					}
					if against != nil {
						if o := against(live); o != nil {
							return o
						}
					}
					return mayDeregister(attempts, p.Now, p.Requested())
				},
				func() error { return p.Session.Client().DeregisterPhoneNumber(ctx, p.Status.ID) })
		},
	}
}

// deregisterFirst finishes a deregistration that Meta holds for incomplete. Only the account's call log shows that it is
// incomplete, and the log may be restored: a number that Meta shows as connected stays so.
func (n *numbers) deregisterFirst(ctx context.Context, p *numberRun, s *situation) *lifecycle.Result {
	a := last(s.attempts, callRegister)
	if a == nil || a.Result != string(graph.CauseDeregisterIncomplete) || connected(s.live) {
		return nil
	}
	if d := last(s.attempts, callDeregister); d != nil && d.Time.After(a.Time.Time) {
		return nil
	}
	_, o := n.Destroy(ctx, p.Object, n.deregistration(p, func(live *graph.PhoneNumber) *lifecycle.Result {
		if connected(live) {
			return lifecycle.Unchanged(lifecycle.FirstPause)
		}
		return nil
	}))
	if o != nil {
		return o
	}
	return lifecycle.Unchanged(lifecycle.FirstPause)
}

// connected reports that Meta shows a number as connected to the Cloud API.
func connected(live *graph.PhoneNumber) bool {
	return number.OnCloudAPI(live) && live.Status == metavalues.NumberConnected
}

// mayDeregister keeps to Meta's limit, and lets a failed attempt rest.
func mayDeregister(attempts []v1alpha1.RegistrationAttempt, now time.Time, pushed bool) *lifecycle.Result {
	if wait := windowWait(attempts, callDeregister, now); wait > 0 {
		return lifecycle.Waiting(v1alpha1.ReasonQuotaExceeded, "Meta takes ten deregistrations of a number in 72 hours", wait).Showing(true)
	}
	a := last(attempts, callDeregister)
	switch {
	case a == nil:
		return nil
	case retryLeft(a, now) > 0:
		return lifecycle.Waiting(v1alpha1.ReasonQuotaExceeded, "Meta takes no deregistration of this number for a while", retryLeft(a, now)).Showing(true)
	case a.Result == resultDone, pushed:
		return nil
	}
	gap := registerSpacing
	if countOf(attempts, callDeregister) == 1 {
		gap = registerRetry
	}
	if wait := deadline.Left(a.Time.Add(gap), now, gap); wait > 0 {
		return lifecycle.Waiting(v1alpha1.ReasonTransientError, "the last deregistration failed; they are scarce, so the next one waits", wait).Showing(true)
	}
	return nil
}
