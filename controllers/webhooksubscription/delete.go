// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"context"
	"slices"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/number"
)

// Delete removes what the resource set, and nothing else. The current state at Meta decides about each part, so a removal that
// was cut off just goes on. The order keeps messages from reaching the operator: first nothing comes any more, then the app's
// address goes, and only then the overrides do.
func (h *subscriptions) Delete(ctx context.Context, p *subscriptionRun) (bool, *lifecycle.Result) {
	h.memory.restore(p.Object)
	if p.Object.Status.AppID == "" {
		h.drop(p.Object.UID)
		return true, nil // never looked at
	}
	for _, look := range []func(context.Context) error{p.Session.LookupApps, p.Session.LookupNumbers} {
		if err := look(ctx); err != nil {
			return false, lifecycle.Failed("list the account's apps and numbers", err)
		}
	}
	r := &removal{subscriptions: h, subscriptionRun: p, numbers: map[string]*graph.PhoneNumber{}}
	views, _ := p.Session.Numbers()
	for id, view := range views {
		r.numbers[id] = view.Number
	}
	for _, part := range []func(context.Context) *lifecycle.Result{r.subscription, r.app, r.account, r.overrides} {
		if o := part(ctx); o != nil {
			return false, o
		}
	}
	h.drop(p.Object.UID)
	return true, nil
}

// removal is the removal of one resource.
type removal struct {
	*subscriptions
	*subscriptionRun
	numbers map[string]*graph.PhoneNumber
}

// change makes one write to the subscriptions of the account, and looks at what they are then.
func (r *removal) change(ctx context.Context, d *lifecycle.DestructiveWrite, write func(context.Context, string) error) *lifecycle.Result {
	d.ID = r.WABA.Spec.ID
	d.Write = func(ctx context.Context) *lifecycle.Result {
		if o := r.CallMeta(ctx, r.Object, d.Call, func(ctx context.Context) error { return write(ctx, r.WABA.Spec.ID) }); o != nil {
			return o
		}
		if err := r.Session.LookupApps(ctx); err != nil {
			return lifecycle.Failed("list the account's apps", err)
		}
		return nil
	}
	_, o := r.Destroy(ctx, r.Object, d)
	return o
}

func (r *removal) own() *graph.SubscribedApp {
	return r.Session.Apps().App(r.Object.Status.AppID)
}

// claimants finds the other live subscriptions of the account of one that claim something.
func (h *subscriptions) claimants(
	obj *v1alpha1.WebhookSubscription, claimed func(context.Context, *v1alpha1.WebhookSubscription) (bool, error),
) func(context.Context) ([]v1alpha1.Asset, error) {
	return func(ctx context.Context) ([]v1alpha1.Asset, error) {
		others, err := h.others(ctx, index.Account, h.Referrer(obj).Account().String(), obj)
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

// subscription unsubscribes the app if this resource subscribed it and no other resource needs it.
func (r *removal) subscription(ctx context.Context) *lifecycle.Result {
	if !r.Object.Status.Operator.AppliedSubscription {
		return nil
	}
	return r.change(ctx, &lifecycle.DestructiveWrite{
		Call: CallUnsubscribe,
		Claims: r.claimants(r.Object, func(context.Context, *v1alpha1.WebhookSubscription) (bool, error) {
			return true, nil // whatever they set, they need the app
		}),
		Confirm: func(context.Context) (bool, *lifecycle.Result) { return r.own() != nil, nil },
	}, r.Session.Client().UnsubscribeApp)
}

// app removes the app's callback if this resource set it and no other account here uses the app.
func (r *removal) app(ctx context.Context) *lifecycle.Result {
	applied, appID := r.Object.Status.Operator.Applied(v1alpha1.CallbackLevelApp).URL, r.Object.Status.AppID
	if applied == "" || !r.Session.Client().HasAppSecret() {
		return nil
	}
	_, o := r.Destroy(ctx, r.Object, &lifecycle.DestructiveWrite{
		Call: CallRemoveCallback, ID: appID, Claims: r.appUsers,
		Confirm: func(ctx context.Context) (bool, *lifecycle.Result) {
			live, err := r.Session.Client().ReadAppSubscription(ctx, appID)
			if err != nil {
				return false, lifecycle.Failed("read the app's subscription", err)
			}
			r.Object.Status.App = &v1alpha1.AppWebhookStatus{CallbackURL: live.CallbackURL, Fields: live.Fields}
			return live.CallbackURL == applied, nil
		},
		Write: func(ctx context.Context) *lifecycle.Result {
			o := r.CallMeta(ctx, r.Object, CallRemoveCallback, func(ctx context.Context) error {
				return r.Session.Client().DeleteAppSubscription(ctx, appID)
			})
			if o == nil {
				r.Object.Status.App = &v1alpha1.AppWebhookStatus{}
				r.Object.Status.Operator.SetApplied(v1alpha1.AppliedCallback{Level: v1alpha1.CallbackLevelApp})
			}
			return o
		},
	})
	return r.unlessByHand(o)
}

// unlessByHand leaves at Meta what can only be removed in the App Dashboard.
func (r *removal) unlessByHand(o *lifecycle.Result) *lifecycle.Result {
	if o == nil {
		return nil
	}
	for _, f := range o.Steps() {
		if e, ok := graph.AsError(f.Err); ok && (e.Cause == graph.CauseDashboardOnly || e.Cause == graph.CauseAppToken) {
			r.Event(r.Object, corev1.EventTypeWarning, v1alpha1.ReasonActionRequired, "Delete",
				"left at Meta: the app's callback can't be removed by API; remove it in the App Dashboard (WhatsApp, Configuration)")
			r.Audit.Info("Left at Meta", "object", client.ObjectKeyFromObject(r.Object).String(), "id", r.Object.Status.AppID, "reason", f.Err.Error())
			return nil
		}
	}
	return o
}

// appUsers are the other resources that get events through the app. These are subscriptions of this account with a section for
// the app, reconciled or not, subscriptions of other accounts, and accounts that the app is subscribed to.
func (r *removal) appUsers(ctx context.Context) ([]v1alpha1.Asset, error) {
	users, err := r.claimants(r.Object, func(_ context.Context, other *v1alpha1.WebhookSubscription) (bool, error) {
		return other.Spec.App != nil, nil
	})(ctx)
	if err != nil {
		return nil, err
	}
	others, err := r.others(ctx, index.App, r.Object.Status.AppID, r.Object)
	if err != nil {
		return nil, err
	}
	for _, other := range others {
		users = append(users, other)
	}
	var list v1alpha1.WABAList
	if err := r.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	for i := range list.Items {
		w := &list.Items[i]
		if w.Spec.ID != r.WABA.Spec.ID && w.DeletionTimestamp.IsZero() && getsEvents(w, r.Object.Status.AppID) {
			users = append(users, w)
		}
	}
	return users, nil
}

// account clears the account's override if this resource set it. Meta does that on a plain subscription.
func (r *removal) account(ctx context.Context) *lifecycle.Result {
	applied := r.Object.Status.Operator.Applied(v1alpha1.CallbackLevelMessages).URL
	if applied == "" {
		return nil
	}
	return r.change(ctx, &lifecycle.DestructiveWrite{
		Call: CallClearAccount,
		Claims: r.claimants(r.Object, func(_ context.Context, other *v1alpha1.WebhookSubscription) (bool, error) {
			return other.Spec.Messages != nil, nil
		}),
		Confirm: func(context.Context) (bool, *lifecycle.Result) {
			if own := r.own(); own == nil || own.OverrideCallbackURI != applied {
				return false, nil
			}
			for _, n := range r.numbers {
				if o := r.diverts(n, ""); o != nil {
					return false, o
				}
			}
			return true, nil
		},
	}, r.Session.Client().SubscribeApp)
}

// overrides clears those of numbers that this resource set.
func (r *removal) overrides(ctx context.Context) *lifecycle.Result {
	for _, applied := range r.Object.Status.Operator.AppliedCallbacks {
		if applied.Level == v1alpha1.CallbackLevelApp || applied.Level == v1alpha1.CallbackLevelMessages {
			continue
		}
		d := r.clearing(r.subscriptionRun, applied.Level)
		d.Confirm = func(context.Context) (bool, *lifecycle.Result) {
			n := r.numbers[applied.Level]
			if n == nil || numberCallback(n) != applied.URL {
				return false, nil
			}
			if own := r.own(); own != nil && own.OverrideCallbackURI == "" {
				if o := r.diverts(n, applied.URL); o != nil {
					return false, o
				}
			}
			return true, nil
		}
		if _, o := r.Destroy(ctx, r.Object, d); o != nil {
			return o
		}
	}
	return nil
}

// clearing is the write that clears the override of a number, unless another resource sets it.
func (h *subscriptions) clearing(p *subscriptionRun, id string) *lifecycle.DestructiveWrite {
	call := callClearNumber(id)
	return &lifecycle.DestructiveWrite{
		Call: call, ID: id,
		Claims: h.claimants(p.Object, func(ctx context.Context, other *v1alpha1.WebhookSubscription) (bool, error) {
			ids, err := h.numberIDs(ctx, other)
			return slices.Contains(ids, id), err
		}),
		Write: func(ctx context.Context) *lifecycle.Result {
			return h.CallMeta(ctx, p.Object, call, func(ctx context.Context) error {
				return p.Session.Client().SetNumberCallback(ctx, id, "", "")
			})
		},
	}
}

// diverts refuses to clear an override after which messages of a registered number would go to the operator. other is the
// override of the number that goes with it.
func (r *removal) diverts(n *graph.PhoneNumber, other string) *lifecycle.Result {
	known, operator := r.Object.Status.App, r.receiverURL(r.Object.Status.AppID)
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

// drop frees what the process remembers of a resource.
func (h *subscriptions) drop(uid types.UID) {
	h.memory.drop(uid)
	h.Retries.ReleaseParts(uid, "")
}
