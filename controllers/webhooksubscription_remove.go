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
	"github.com/waba-operator/waba-operator/internal/number"
)

// remove takes back what the resource set, and nothing else. Each part is judged by what Meta shows now, so a removal that
// was cut off just goes on. The order keeps messages from reaching the operator: first nothing comes any more, then the app's
// address goes, and only then the overrides do.
func (h *hooks) remove(ctx context.Context, p *hookPass) (bool, *Result) {
	h.memory.recall(p.obj)
	if p.obj.Status.AppID == "" {
		h.memory.drop(p.obj.UID)
		return true, nil // never looked at
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
	for _, part := range []func(context.Context) *Result{r.subscription, r.app, r.account, r.overrides} {
		if o := part(ctx); o != nil {
			return false, o
		}
	}
	h.memory.drop(p.obj.UID)
	return true, nil
}

// hookRemoval is the removal of one resource.
type hookRemoval struct {
	*hooks
	*hookPass
	numbers map[string]*graph.PhoneNumber
}

// change makes one write to the subscriptions of the account, and looks at what they are then.
func (r *hookRemoval) change(ctx context.Context, d *destructive, write func(context.Context, string) error) *Result {
	d.id = r.waba.Spec.ID
	d.write = func(ctx context.Context) *Result {
		if o := r.callMeta(ctx, r.obj, d.call, func(ctx context.Context) error { return write(ctx, r.waba.Spec.ID) }); o != nil {
			return o
		}
		if err := r.session.LookupApps(ctx); err != nil {
			return failure("list the account's apps", err)
		}
		return nil
	}
	_, o := r.destroy(ctx, r.obj, d)
	return o
}

func (r *hookRemoval) own() *graph.SubscribedApp {
	return r.session.Apps().App(r.obj.Status.AppID)
}

// claimants finds the other live subscriptions of the account of one that claim something.
func (h *hooks) claimants(
	obj *v1alpha1.WebhookSubscription, claimed func(context.Context, *v1alpha1.WebhookSubscription) (bool, error),
) func(context.Context) ([]v1alpha1.Asset, error) {
	return func(ctx context.Context) ([]v1alpha1.Asset, error) {
		others, err := h.others(ctx, index.Account, h.referrer(obj).account().String(), obj)
		if err != nil {
			return nil, err
		}
		var out []v1alpha1.Asset
		for _, other := range others {
			switch yes, err := claimed(ctx, other); {
			case err != nil:
				return nil, err
			case yes:
				out = append(out, other)
			}
		}
		return out, nil
	}
}

// subscription unsubscribes the app if this resource subscribed it and nobody else's resource needs it.
func (r *hookRemoval) subscription(ctx context.Context) *Result {
	if !r.obj.Status.AppliedSubscription {
		return nil
	}
	return r.change(ctx, &destructive{
		call: CallUnsubscribe,
		claims: r.claimants(r.obj, func(context.Context, *v1alpha1.WebhookSubscription) (bool, error) {
			return true, nil // whatever they set, they need the app
		}),
		confirm: func(context.Context) (bool, *Result) { return r.own() != nil, nil },
	}, r.session.Client().UnsubscribeApp)
}

// app removes the app's callback if this resource set it and no other account here uses the app.
func (r *hookRemoval) app(ctx context.Context) *Result {
	known, appID := r.obj.Status.App, r.obj.Status.AppID
	if known == nil || known.AppliedURL == "" || !r.session.Client().HasAppSecret() {
		return nil
	}
	_, o := r.destroy(ctx, r.obj, &destructive{
		call: CallRemoveCallback, id: appID, claims: r.appUsers,
		confirm: func(ctx context.Context) (bool, *Result) {
			live, err := r.session.Client().ReadAppSubscription(ctx, appID)
			if err != nil {
				return false, failure("read the app's subscription", err)
			}
			known.CallbackURL = live.CallbackURL
			return live.CallbackURL == known.AppliedURL, nil
		},
		write: func(ctx context.Context) *Result {
			o := r.callMeta(ctx, r.obj, CallRemoveCallback, func(ctx context.Context) error {
				return r.session.Client().DeleteAppSubscription(ctx, appID)
			})
			if o == nil {
				known.CallbackURL, known.AppliedURL, known.Fields = "", "", nil
			}
			return o
		},
	})
	return r.unlessByHand(o)
}

// unlessByHand leaves at Meta what can only be removed in the App Dashboard.
func (r *hookRemoval) unlessByHand(o *Result) *Result {
	if o == nil {
		return nil
	}
	for _, f := range o.steps() {
		if e, ok := graph.AsError(f.err); ok && (e.Cause == graph.CauseDashboardOnly || e.Cause == graph.CauseAppToken) {
			r.event(r.obj, corev1.EventTypeWarning, v1alpha1.ReasonAwaitingHuman, "Delete",
				"left at Meta: the app's callback can't be removed by API; remove it in the App Dashboard (WhatsApp, Configuration)")
			r.audit.Info("Left at Meta", "object", client.ObjectKeyFromObject(r.obj).String(), "id", r.obj.Status.AppID, "reason", f.err.Error())
			return nil
		}
	}
	return o
}

// appUsers are the other resources that get events through the app: subscriptions of this account with a section for the app,
// whether they have been looked at or not, subscriptions of other accounts, and accounts that the app is subscribed to.
func (r *hookRemoval) appUsers(ctx context.Context) ([]v1alpha1.Asset, error) {
	users, err := r.claimants(r.obj, func(_ context.Context, other *v1alpha1.WebhookSubscription) (bool, error) {
		return other.Spec.App != nil, nil
	})(ctx)
	if err != nil {
		return nil, err
	}
	others, err := r.others(ctx, index.App, r.obj.Status.AppID, r.obj)
	if err != nil {
		return nil, err
	}
	for _, other := range others {
		users = append(users, other)
	}
	var list v1alpha1.WABAList
	if err := r.client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range list.Items {
		w := &list.Items[i]
		if w.Spec.ID != r.waba.Spec.ID && w.DeletionTimestamp.IsZero() && getsEvents(w, r.obj.Status.AppID) {
			users = append(users, w)
		}
	}
	return users, nil
}

// account clears the account's override if this resource set it. Meta does that on a plain subscription.
func (r *hookRemoval) account(ctx context.Context) *Result {
	known := r.obj.Status.Messages
	if known == nil || known.AppliedURL == "" {
		return nil
	}
	return r.change(ctx, &destructive{
		call: CallClearAccount,
		claims: r.claimants(r.obj, func(_ context.Context, other *v1alpha1.WebhookSubscription) (bool, error) {
			return other.Spec.Messages != nil, nil
		}),
		confirm: func(context.Context) (bool, *Result) {
			if own := r.own(); own == nil || own.OverrideCallbackURI != known.AppliedURL {
				return false, nil
			}
			for _, n := range r.numbers {
				if o := r.diverts(n, ""); o != nil {
					return false, o
				}
			}
			return true, nil
		},
	}, r.session.Client().SubscribeApp)
}

// overrides clears those of numbers that this resource set.
func (r *hookRemoval) overrides(ctx context.Context) *Result {
	for _, known := range r.obj.Status.PhoneNumbers {
		if known.AppliedURL == "" {
			continue
		}
		d := r.clearing(r.hookPass, known.ID)
		d.confirm = func(context.Context) (bool, *Result) {
			n := r.numbers[known.ID]
			if n == nil || numberCallback(n) != known.AppliedURL {
				return false, nil
			}
			if own := r.own(); own != nil && own.OverrideCallbackURI == "" {
				if o := r.diverts(n, known.AppliedURL); o != nil {
					return false, o
				}
			}
			return true, nil
		}
		if _, o := r.destroy(ctx, r.obj, d); o != nil {
			return o
		}
	}
	return nil
}

// clearing is the write that clears the override of a number, unless another resource sets it.
func (h *hooks) clearing(p *hookPass, id string) *destructive {
	call := callClearNumber(id)
	return &destructive{
		call: call, id: id,
		claims: h.claimants(p.obj, func(ctx context.Context, other *v1alpha1.WebhookSubscription) (bool, error) {
			ids, err := h.numberIDs(ctx, other)
			return slices.Contains(ids, id), err
		}),
		write: func(ctx context.Context) *Result {
			return h.callMeta(ctx, p.obj, call, func(ctx context.Context) error {
				return p.session.Client().SetNumberCallback(ctx, id, "", "")
			})
		},
	}
}

// diverts refuses to clear an override after which messages of a registered number would go to the operator. other is the
// override of the number that goes with it.
func (r *hookRemoval) diverts(n *graph.PhoneNumber, other string) *Result {
	known, operator := r.obj.Status.App, r.receiverURL(r.obj.Status.AppID)
	if operator == "" || !number.OnCloudAPI(n) || numberCallback(n) != other {
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
