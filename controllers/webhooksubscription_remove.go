// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/index"
)

// remove takes back what the resource set, and nothing else. Each part is judged by what Meta shows now, so a removal that
// was cut off just goes on. The order keeps messages from reaching the operator: first nothing comes any more, then the app's
// address goes, and only then the overrides do.
func (h *hooks) remove(ctx context.Context, p *hookPass) (bool, outcome) {
	h.memory.recall(p.obj)
	if p.obj.Status.AppID == "" {
		h.memory.drop(p.obj.UID)
		return true, outcome{} // never looked at
	}
	for _, look := range []func(context.Context) error{p.session.LookupApps, p.session.LookupNumbers} {
		if err := look(ctx); err != nil {
			return false, failure("list the account's apps and numbers", err)
		}
	}
	r := &hookRemoval{hooks: h, hookPass: p, numbers: map[string]*graph.PhoneNumber{}}
	views, _ := p.session.Numbers()
	for id, view := range views {
		r.numbers[id] = view.Number
	}
	for _, part := range []func(context.Context) *outcome{r.subscription, r.app, r.account, r.overrides} {
		if o := part(ctx); o != nil {
			return false, *o
		}
	}
	h.memory.drop(p.obj.UID)
	return true, outcome{}
}

// hookRemoval is the removal of one resource.
type hookRemoval struct {
	*hooks
	*hookPass
	numbers map[string]*graph.PhoneNumber
}

// do makes one write of the removal.
func (r *hookRemoval) do(ctx context.Context, what string, write func() error) *outcome {
	logStep(ctx, "About to write to Meta", "call", what)
	err := write()
	r.wrote(r.obj, what, nil, err)
	if err == nil {
		return nil
	}
	o := failure(what, err)
	return &o
}

// change makes one write to the subscriptions of the account, and looks at what they are then.
func (r *hookRemoval) change(ctx context.Context, what string, write func(context.Context, string) error) *outcome {
	if o := r.do(ctx, what, func() error { return write(ctx, r.waba.Spec.ID) }); o != nil {
		return o
	}
	if err := r.session.LookupApps(ctx); err != nil {
		o := failure("list the account's apps", err)
		return &o
	}
	return nil
}

func (r *hookRemoval) own() *graph.SubscribedApp {
	return r.session.Apps().App(r.obj.Status.AppID)
}

// subscription unsubscribes the app if this resource subscribed it and nobody else's resource needs it.
func (r *hookRemoval) subscription(ctx context.Context) *outcome {
	if !r.obj.Status.AppliedSubscription || r.own() == nil {
		return nil
	}
	others, err := r.others(ctx, index.Account, r.referrer(r.obj).account().String(), r.obj)
	if err != nil {
		o := failure("list other subscriptions of the account", err)
		return &o
	}
	if len(others) > 0 {
		return nil
	}
	return r.change(ctx, "unsubscribe the app from the account", r.session.Client().UnsubscribeApp)
}

// app removes the app's callback if this resource set it and no other account here uses the app.
func (r *hookRemoval) app(ctx context.Context) *outcome {
	known := r.obj.Status.App
	if known == nil || known.AppliedURL == "" || !r.session.Client().HasAppSecret() {
		return nil
	}
	live, err := r.session.Client().ReadAppSubscription(ctx, r.obj.Status.AppID)
	if err != nil {
		return r.unlessByHand("read the app's subscription", err)
	}
	if live.CallbackURL != known.AppliedURL {
		known.CallbackURL = live.CallbackURL
		return nil
	}
	used, err := r.used(ctx)
	if err != nil {
		o := failure("look for other users of the app", err)
		return &o
	}
	if used {
		return nil
	}
	logStep(ctx, "About to write to Meta", "call", "remove the app's callback")
	err = r.session.Client().DeleteAppSubscription(ctx, r.obj.Status.AppID)
	r.wrote(r.obj, "remove the app's callback", nil, err)
	if err != nil {
		return r.unlessByHand("remove the app's callback", err)
	}
	known.CallbackURL, known.AppliedURL, known.Fields = "", "", nil
	return nil
}

// unlessByHand leaves at Meta what can only be removed in the App Dashboard.
func (r *hookRemoval) unlessByHand(operation string, err error) *outcome {
	if e, ok := graph.AsError(err); ok && (e.Cause == graph.CauseDashboardOnly || e.Cause == graph.CauseAppToken) {
		r.event(r.obj, corev1.EventTypeWarning, v1alpha1.ReasonAwaitingHuman, "Delete",
			"left at Meta: the app's callback can't be removed by API; remove it in the App Dashboard (WhatsApp, Configuration)")
		r.audit.Info("Left at Meta", "object", client.ObjectKeyFromObject(r.obj).String(), "id", r.obj.Status.AppID, "reason", err.Error())
		return nil
	}
	o := failure(operation, err)
	return &o
}

// used reports that another account known here gets events through the app.
func (r *hookRemoval) used(ctx context.Context) (bool, error) {
	others, err := r.others(ctx, index.App, r.obj.Status.AppID, r.obj)
	if err != nil || len(others) > 0 {
		return len(others) > 0, err
	}
	var list v1alpha1.WABAList
	if err := r.client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return false, err
	}
	return slices.ContainsFunc(list.Items, func(w v1alpha1.WABA) bool {
		return w.Spec.ID != r.waba.Spec.ID && w.DeletionTimestamp.IsZero() &&
			slices.ContainsFunc(w.Status.SubscribedApps, func(a v1alpha1.SubscribedApp) bool { return a.ID == r.obj.Status.AppID })
	}), nil
}

// account clears the account's override if this resource set it. Meta does that on a plain subscription.
func (r *hookRemoval) account(ctx context.Context) *outcome {
	known, own := r.obj.Status.Messages, r.own()
	if known == nil || own == nil || known.AppliedURL == "" || own.OverrideCallbackURI != known.AppliedURL {
		return nil
	}
	for _, n := range r.numbers {
		if o := r.diverts(n, ""); o != nil {
			return o
		}
	}
	return r.change(ctx, "clear the account's override", r.session.Client().SubscribeApp)
}

// overrides clears those of numbers that this resource set.
func (r *hookRemoval) overrides(ctx context.Context) *outcome {
	for _, known := range r.obj.Status.PhoneNumbers {
		n := r.numbers[known.ID]
		if n == nil || known.AppliedURL == "" || numberCallback(n) != known.AppliedURL {
			continue
		}
		if own := r.own(); own != nil && own.OverrideCallbackURI == "" {
			if o := r.diverts(n, known.AppliedURL); o != nil {
				return o
			}
		}
		if o := r.do(ctx, "clear the override of number "+known.ID, func() error {
			return r.session.Client().SetNumberCallback(ctx, known.ID, "", "")
		}); o != nil {
			return o
		}
	}
	return nil
}

// diverts refuses to clear an override after which messages of a registered number would go to the operator. other is the
// override of the number that goes with it.
func (r *hookRemoval) diverts(n *graph.PhoneNumber, other string) *outcome {
	known, operator := r.obj.Status.App, r.receiverURL(r.obj.Status.AppID)
	if operator == "" || !onCloudAPI(n) || numberCallback(n) != other {
		return nil
	}
	address := ""
	if n.Webhook != nil {
		address = n.Webhook.Application
	}
	if known != nil {
		address = known.CallbackURL // looked at a moment ago, perhaps removed
	}
	if address != operator || known != nil && len(known.Fields) > 0 && len(messageFields(known.Fields)) == 0 {
		return nil
	}
	return diverted([]string{"number " + n.ID}, "the operator, which drops them")
}
