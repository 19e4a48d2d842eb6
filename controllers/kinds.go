// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/messagetemplate"
	"github.com/waba-operator/waba-operator/controllers/phonenumber"
	"github.com/waba-operator/waba-operator/controllers/waba"
	"github.com/waba-operator/waba-operator/controllers/webhooksubscription"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/number"
)

// reconcilers makes the reconciler of each kind.
func reconcilers(b *lifecycle.Base, once bool) map[string]reconcile.Reconciler {
	return map[string]reconcile.Reconciler{
		v1alpha1.KindWABA:                waba.New(b),
		v1alpha1.KindPhoneNumber:         phonenumber.New(b, once),
		v1alpha1.KindMessageTemplate:     messagetemplate.New(b),
		v1alpha1.KindWebhookSubscription: webhooksubscription.New(b),
	}
}

// children are the kinds that belong to accounts.
var children = []child{
	{kind: v1alpha1.KindPhoneNumber, changed: changedNumbers, competitors: sameNumber},
	{kind: v1alpha1.KindMessageTemplate, changed: changedTemplates, competitors: sameTemplate},
	{kind: v1alpha1.KindWebhookSubscription, changed: changedSubscriptions, competitors: sharedSubscriptions, watch: watchNumbers},
}

// fewTemplates is how many changed templates are looked up one by one; more are picked out of the list of the account's.
const fewTemplates = 50

func changedTemplates(ctx context.Context, c client.Reader, n lifecycle.AccountChange) []types.NamespacedName {
	if n.Change.All {
		return namesBy(ctx, c, v1alpha1.KindMessageTemplate, index.Account, n.WABA.String(), nil)
	}
	if len(n.Change.Templates) > fewTemplates {
		changed := make(map[account.TemplateKey]bool, len(n.Change.Templates))
		for _, key := range n.Change.Templates {
			changed[key] = true
		}
		return namesBy(ctx, c, v1alpha1.KindMessageTemplate, index.Account, n.WABA.String(), func(o v1alpha1.Asset) bool {
			t, ok := o.(*v1alpha1.MessageTemplate)
			return ok && changed[account.NewTemplateKey(t.Spec.Name, t.Spec.Language)]
		})
	}
	var out []types.NamespacedName
	for _, key := range n.Change.Templates {
		out = append(out, ofTemplate(ctx, c, n.WABA, key.Name, key.Language)...)
	}
	return out
}

// sameTemplate names the resources that claim the template of one that is gone.
func sameTemplate(ctx context.Context, c client.Reader, gone v1alpha1.Asset) []types.NamespacedName {
	t, ok := gone.(*v1alpha1.MessageTemplate)
	if !ok {
		return nil
	}
	return ofTemplate(ctx, c, index.AccountOf(t), t.Spec.Name, t.Spec.Language)
}

// ofTemplate names the resources of one template.
func ofTemplate(ctx context.Context, c client.Reader, waba types.NamespacedName, name, language string) []types.NamespacedName {
	key := index.TemplateKey(waba, name, language)
	return namesBy(ctx, c, v1alpha1.KindMessageTemplate, index.TemplateName, index.TemplateNameKey(waba, name), func(o v1alpha1.Asset) bool {
		t, ok := o.(*v1alpha1.MessageTemplate)
		return ok && index.TemplateKeyOf(t) == key
	})
}

// changedNumbers names the numbers that an observation found changed, and those that aren't found yet.
func changedNumbers(ctx context.Context, c client.Reader, n lifecycle.AccountChange) []types.NamespacedName {
	if !n.Change.All && len(n.Change.Numbers) == 0 {
		return nil
	}
	changed := map[string]bool{"": true}
	for _, id := range n.Change.Numbers {
		changed[id] = true
	}
	return namesBy(ctx, c, v1alpha1.KindPhoneNumber, index.Account, n.WABA.String(), func(o v1alpha1.Asset) bool {
		return n.Change.All || changed[o.CommonStatus().ID]
	})
}

// sameNumber names the resources that claim the number of one that is gone.
func sameNumber(ctx context.Context, c client.Reader, gone v1alpha1.Asset) []types.NamespacedName {
	n, ok := gone.(*v1alpha1.PhoneNumber)
	if !ok {
		return nil
	}
	return namesBy(ctx, c, v1alpha1.KindPhoneNumber, index.Account, index.AccountKey(index.AccountOf(n)), func(o v1alpha1.Asset) bool {
		other, ok := o.(*v1alpha1.PhoneNumber)
		return ok && other.UID != n.UID && number.SameNumber(other, n)
	})
}

// changedSubscriptions names the subscriptions of an account whose apps or numbers an observation found changed.
func changedSubscriptions(ctx context.Context, c client.Reader, n lifecycle.AccountChange) []types.NamespacedName {
	if !n.Change.All && !n.Change.Apps && len(n.Change.Numbers) == 0 {
		return nil
	}
	return namesBy(ctx, c, v1alpha1.KindWebhookSubscription, index.Account, n.WABA.String(), nil)
}

// sharedSubscriptions names the subscriptions that share the account or the app with one that is gone.
func sharedSubscriptions(ctx context.Context, c client.Reader, gone v1alpha1.Asset) []types.NamespacedName {
	s, ok := gone.(*v1alpha1.WebhookSubscription)
	if !ok {
		return nil
	}
	out := namesBy(ctx, c, v1alpha1.KindWebhookSubscription, index.Account, index.AccountKey(index.AccountOf(s)), nil)
	if s.Status.AppID != "" {
		out = append(out, namesBy(ctx, c, v1alpha1.KindWebhookSubscription, index.App, s.Status.AppID, nil)...)
	}
	return out
}

// watchNumbers enqueues the subscriptions that name a number once it leads to another number at Meta.
func watchNumbers(bldr *builder.Builder, c client.Reader) *builder.Builder {
	found := predicate.Funcs{UpdateFunc: func(e event.UpdateEvent) bool {
		was, okWas := e.ObjectOld.(*v1alpha1.PhoneNumber)
		is, okIs := e.ObjectNew.(*v1alpha1.PhoneNumber)
		return okWas && okIs && (was.UID != is.UID || was.Status.ID != is.Status.ID)
	}}
	naming := handler.EnqueueRequestsFromMapFunc(func(ctx context.Context, obj client.Object) []reconcile.Request {
		return requestsFor(names(ctx, c, v1alpha1.KindWebhookSubscription, func(o v1alpha1.Asset) bool {
			s, ok := o.(*v1alpha1.WebhookSubscription)
			if !ok {
				return false
			}
			for i := range s.Spec.PhoneNumbers {
				if s.Spec.PhoneNumbers[i].PhoneNumberRef.Name == obj.GetName() {
					return true
				}
			}
			return false
		}, client.InNamespace(obj.GetNamespace())))
	})
	return bldr.Watches(&v1alpha1.PhoneNumber{}, naming, builder.WithPredicates(found))
}
