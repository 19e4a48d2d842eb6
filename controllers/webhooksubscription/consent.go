// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/index"
)

// levelRefused is the result where the account's owner doesn't permit the namespace of a subscription to set a part of it, else nil.
func (h *subscriptions) levelRefused(ctx context.Context, p *subscriptionRun, level v1alpha1.WebhookLevel, path string) *lifecycle.Result {
	permitted, _, err := h.Resolver.PermitsLevel(ctx, p.WABA, p.Object.Namespace, level)
	switch {
	case err != nil:
		return lifecycle.Failed("read the labels of namespace "+p.Object.Namespace, err)
	case permitted:
		return nil
	}
	return lifecycle.Waiting(v1alpha1.ReasonReferenceNotPermitted, fmt.Sprintf(
		"%s: WABA %s doesn't let namespace %s set it; its owner can allow it with webhookLevels: [%s] in spec.allowedReferences, or remove the section",
		path, lifecycle.Display(client.ObjectKeyFromObject(p.WABA), p.Object.Namespace), p.Object.Namespace, level), lifecycle.ConflictRecheck).AssetUnaffected()
}

// appAccount is another account that is known to use the app.
type appAccount struct {
	// name is that of the account in messages of the subscription.
	name string
	// consents: its owner lets this subscription decide about the app, by spec.allowedReferences, or by a subscription of the
	// account that requests the same callback.
	consents bool
	// sameOwner: it is in the namespace of the subscription.
	sameOwner bool
	// exposed: its messages go to the app's own address.
	exposed bool
}

// appAccounts are the other accounts that are known to use the app: by their own token, or because it is subscribed to them.
func (h *subscriptions) appAccounts(ctx context.Context, l *lookup) ([]appAccount, error) {
	var list v1alpha1.WABAList
	if err := h.Client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		return nil, err
	}
	wanting, err := h.sameCallback(ctx, l)
	if err != nil {
		return nil, err
	}
	var out []appAccount
	for i := range list.Items {
		w := &list.Items[i]
		if w.UID == l.WABA.UID || w.Spec.ID == l.WABA.Spec.ID || !usesApp(w, l.appID) {
			continue
		}
		_, explicit, err := h.Resolver.PermitsLevel(ctx, w, l.Object.Namespace, v1alpha1.WebhookLevelApp)
		if err != nil {
			return nil, err
		}
		out = append(out, appAccount{
			name: lifecycle.NameFor(w, l.Object.Namespace), sameOwner: w.Namespace == l.Object.Namespace,
			consents: explicit || wanting[client.ObjectKeyFromObject(w).String()],
			exposed:  h.leaksMessagesOf(w, l.appID, l.situation.app.operator),
		})
	}
	return out, nil
}

// usesApp reports that the token of an account was proven to belong to an app, or that the app gets the account's events.
func usesApp(w *v1alpha1.WABA, appID string) bool {
	return w.Status.Credentials != nil && w.Status.Credentials.AppID == appID || getsEvents(w, appID)
}

// getsEvents reports that an app gets the events of an account.
func getsEvents(w *v1alpha1.WABA, appID string) bool {
	return slices.ContainsFunc(w.Status.SubscribedApps, func(a v1alpha1.SubscribedApp) bool { return a.ID == appID })
}

// sameCallback are the accounts with a permitted subscription that requests the callback that this one requests.
func (h *subscriptions) sameCallback(ctx context.Context, l *lookup) (map[string]bool, error) {
	others, err := h.others(ctx, index.App, l.appID, l.Object)
	if err != nil {
		return nil, err
	}
	out := map[string]bool{}
	for _, other := range others {
		if app := other.Spec.App; app != nil && h.callbackOf(app, l.appID) == l.situation.app.want {
			out[h.Referrer(other).Account().String()] = true
		}
	}
	return out, nil
}

// callbackOf is the address that a section for the app requests.
func (h *subscriptions) callbackOf(app *v1alpha1.AppWebhook, appID string) string {
	if app.Delivery == v1alpha1.WebhookDeliveryOperator {
		return h.receiverURL(appID)
	}
	return app.CallbackURL
}

// accountNames are the names of the accounts for which something holds.
func accountNames(accounts []appAccount, holds func(appAccount) bool) []string {
	var out []string
	for _, a := range accounts {
		if holds(a) {
			out = append(out, a.name)
		}
	}
	return sorted(out)
}

// unconsented says that the owners of other accounts of the app have to agree.
func (a *appRoute) unconsented() *lifecycle.Result {
	return lifecycle.Waiting(v1alpha1.ReasonReferenceNotPermitted, fmt.Sprintf(
		"app: its callback and fields are also those of %s, without its owner's consent; to consent, add webhookLevels: [App] to spec.allowedReferences of that WABA, or a WebhookSubscription for it with the same callback",
		strings.Join(a.unconsenting, ", ")), lifecycle.ConflictRecheck).AssetUnaffected()
}

// affectsOthers reports that a write takes something from the app's other accounts. Their events go to another address, no longer
// come, or come to a service that isn't the operator. Events that were delivered nowhere so far may go to the operator.
func (a *appRoute) affectsOthers(target []string, moved bool) bool {
	dropped := slices.ContainsFunc(a.fields, func(f string) bool { return !slices.Contains(target, f) })
	return a.want != a.operator || moved && a.setByOthers() || dropped
}

// primeBlocked says what stands against the app's address being that of the account's own service for a moment.
func (a *appRoute) primeBlocked() *lifecycle.Result {
	switch {
	case len(a.uncovered) > 0:
		return diverted(a.uncovered, "the service in spec.messages for a moment")
	case len(a.unconsenting) > 0 && a.live != "":
		return a.unconsented()
	}
	return nil
}
