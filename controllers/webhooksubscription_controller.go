// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	acv1alpha1 "github.com/waba-operator/waba-operator/internal/applyconfiguration/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
)

// Names of the writes to Meta, in the audit log, in events and in plans.
const (
	CallSubscribe      = "subscribe the app to the account"
	CallUnsubscribe    = "unsubscribe the app from the account"
	CallRemoveCallback = "remove the app's callback"
	CallClearAccount   = "clear the account's override"
)

// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=webhooksubscriptions,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=webhooksubscriptions/status,verbs=patch

// hooks is what the lifecycle needs to know of webhook subscriptions.
type hooks struct {
	*base
	// record writes the status in the middle of a pass, before a write to Meta that a crash must not make anybody else's.
	record func(ctx context.Context, p *hookPass, o *Result, precondition bool) error
	memory *hookMemory
}

type hookPass = pass[*v1alpha1.WebhookSubscription]

func newHooks(b *base) *lifecycle[*v1alpha1.WebhookSubscription] {
	h := &hooks{base: b, memory: newHookMemory(b.clock)}
	b.objects.keep(h.memory)
	l := &lifecycle[*v1alpha1.WebhookSubscription]{base: b, kind: h}
	h.record = l.record
	return l
}

func (h *hooks) new() *v1alpha1.WebhookSubscription { return &v1alpha1.WebhookSubscription{} }

func (h *hooks) referrer(obj *v1alpha1.WebhookSubscription) referrer {
	return referrer{kind: v1alpha1.KindWebhookSubscription, namespace: obj.Namespace, ref: obj.Spec.WABARef}
}

// heed has nothing to do: what arrives is shown where it was written, and says nothing of the levels.
func (h *hooks) heed(*hookPass) {}

func (h *hooks) applyConfiguration() applied {
	return &acv1alpha1.WebhookSubscriptionApplyConfiguration{}
}

// rivals are the permitted resources of the account that want to decide about one of the same levels.
func (h *hooks) rivals(ctx context.Context, obj *v1alpha1.WebhookSubscription) ([]claim, error) {
	list, err := h.others(ctx, index.Account, h.referrer(obj).account().String(), obj)
	if err != nil {
		return nil, err
	}
	own, err := h.numberIDs(ctx, obj)
	if err != nil {
		return nil, err
	}
	claims := []claim{hookClaim(obj)}
	for _, rival := range list {
		ids, err := h.numberIDs(ctx, rival)
		if err != nil {
			return nil, err
		}
		if sameLevel(rival, obj) || intersect(ids, own) {
			claims = append(claims, hookClaim(rival))
		}
	}
	return claims, nil
}

func hookClaim(obj *v1alpha1.WebhookSubscription) claim {
	return claimOf(obj, obj.Spec.ManagementPolicy, obj.Status.Conditions, obj.Status.AppID != "")
}

// locate has nothing to look up at Meta: the ids of the numbers are in the statuses of their resources (numberIDs), and nothing is
// written for a number whose id isn't there.
// lookups of a subscription: the apps of the account, the app's callback and its fields.
const lookups = 3

func (h *hooks) lookups(*v1alpha1.WebhookSubscription) int { return lookups }

func (h *hooks) longestWait(string) time.Duration { return 0 }

func (h *hooks) topic(*v1alpha1.WebhookSubscription) topic { return topic{} }

// news is nothing: an event that came by the subscription is about another resource.
func (h *hooks) news(any, *v1alpha1.WebhookSubscription) []notice { return nil }

func (h *hooks) locate(_ context.Context, p *hookPass) (*v1alpha1.WebhookSubscription, *Result) {
	return p.obj, nil
}

func intersect(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// others are the resources found by an index, without the given one, those that are being deleted and those whose account
// doesn't permit them.
func (h *hooks) others(
	ctx context.Context, name, key string, obj *v1alpha1.WebhookSubscription,
) ([]*v1alpha1.WebhookSubscription, error) {
	var list v1alpha1.WebhookSubscriptionList
	if err := h.client.List(ctx, &list, client.MatchingFields{name: key}); err != nil {
		return nil, err
	}
	var out []*v1alpha1.WebhookSubscription
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID == obj.UID || !other.DeletionTimestamp.IsZero() {
			continue
		}
		permitted, err := h.resolver.permits(ctx, h.referrer(other))
		if err != nil {
			return nil, err
		}
		if permitted {
			out = append(out, other)
		}
	}
	return out, nil
}

// sameLevel reports that two resources of one account set the same thing, as far as their specs tell.
func sameLevel(a, b *v1alpha1.WebhookSubscription) bool {
	if a.Spec.App != nil && b.Spec.App != nil || a.Spec.Messages != nil && b.Spec.Messages != nil {
		return true
	}
	return a.Namespace == b.Namespace && slices.ContainsFunc(a.Spec.PhoneNumbers, func(x v1alpha1.PhoneNumberWebhookOverride) bool {
		return slices.ContainsFunc(b.Spec.PhoneNumbers, func(y v1alpha1.PhoneNumberWebhookOverride) bool {
			return x.PhoneNumberRef == y.PhoneNumberRef
		})
	})
}

// appHolder names who manages the app, "" for this resource. An app has one callback for all its accounts, so of several
// resources one decides: who set it already, else the oldest that could read the app with its secret.
func (h *hooks) appHolder(ctx context.Context, p *hookPass) (string, error) {
	own, err := h.appClaim(ctx, p.obj)
	if err != nil {
		return "", err
	}
	claims := []claim{own}
	list, err := h.others(ctx, index.App, p.obj.Status.AppID, p.obj)
	if err != nil {
		return "", err
	}
	for _, rival := range list {
		if rival.Spec.App != nil {
			c, err := h.appClaim(ctx, rival)
			if err != nil {
				return "", err
			}
			claims = append(claims, c)
		}
	}
	first := winner(claims, p.now)
	if first == nil || first.GetUID() == p.obj.UID {
		return "", nil
	}
	return nameFor(first, p.obj.Namespace), nil
}

// appClaim is the claim of a resource to the app. Only who has read the app with its secret can act: that a Secret has some value
// under appSecret says nothing.
func (h *hooks) appClaim(ctx context.Context, obj *v1alpha1.WebhookSubscription) (claim, error) {
	c := hookClaim(obj)
	c.holds = c.holds && obj.Status.App != nil && obj.Status.App.AppliedURL != ""
	waba, refused := h.resolver.find(ctx, h.referrer(obj))
	if refused != nil {
		c.unable = true
		return c, refused.err()
	}
	if account := accountClaim(waba); account.unable {
		c.unable, c.since = true, account.since
	}
	permitted, _, err := h.resolver.permitsLevel(ctx, waba, obj.Namespace, v1alpha1.WebhookLevelApp)
	if err != nil {
		return c, err
	}
	if c.holds = c.holds && permitted; !permitted {
		c.unable = true
	}
	if EffectivePolicy(obj.Spec.ManagementPolicy, waba.Spec.ManagementPolicy) != v1alpha1.ManagementPolicyManaged ||
		usable(waba, obj.Namespace) != nil || !h.readsApp(waba, obj) {
		c.unable = true
	}
	return c, nil
}

// readsApp reports that a resource has read its app with the secret of its account: in this process, or before it by its status.
func (h *hooks) readsApp(waba *v1alpha1.WABA, obj *v1alpha1.WebhookSubscription) bool {
	session := h.accounts.Get(string(waba.UID))
	if session == nil || !session.Client().HasAppSecret() {
		return false
	}
	_, read := h.memory.app(obj.UID, obj.Status.AppID)
	return read || obj.Status.App != nil && obj.Status.App.Active != nil
}

func callClearNumber(id string) string { return "clear the override of number " + id }
