// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"context"
	"slices"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
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

// subscriptions is what the lifecycle needs to know of webhook subscriptions.
type subscriptions struct {
	*lifecycle.Base
	// record writes the status in the middle of a run, before a write to Meta: after a crash, the result must count as the
	// operator's own.
	record func(ctx context.Context, p *subscriptionRun, o *lifecycle.Result, precondition bool) error
	memory *memory
}

type subscriptionRun = lifecycle.Run[*v1alpha1.WebhookSubscription]

// New returns the reconciler of webhook subscriptions.
func New(b *lifecycle.Base) *lifecycle.Reconciler[*v1alpha1.WebhookSubscription] {
	h := &subscriptions{Base: b, memory: newMemory(b.Clock)}
	b.Objects.Keep(h.memory)
	l := lifecycle.NewReconciler[*v1alpha1.WebhookSubscription](b, h)
	h.record = l.Record
	return l
}

func (h *subscriptions) New() *v1alpha1.WebhookSubscription { return &v1alpha1.WebhookSubscription{} }

func (h *subscriptions) Referrer(obj *v1alpha1.WebhookSubscription) lifecycle.Referrer {
	return lifecycle.Referrer{Kind: v1alpha1.KindWebhookSubscription, Namespace: obj.Namespace, Ref: obj.Spec.WABARef}
}

// OverlayWebhook has nothing to do: what arrives is shown where it was written, and says nothing of the levels.
func (h *subscriptions) OverlayWebhook(*subscriptionRun) {}

func (h *subscriptions) ApplyConfiguration() lifecycle.ApplyConfiguration {
	return &acv1alpha1.WebhookSubscriptionApplyConfiguration{}
}

// Claims are the permitted resources of the account that want to decide about one of the same levels.
func (h *subscriptions) Claims(ctx context.Context, obj *v1alpha1.WebhookSubscription) ([]lifecycle.Claim, error) {
	list, err := h.others(ctx, index.Account, h.Referrer(obj).Account().String(), obj)
	if err != nil {
		return nil, err
	}
	own, err := h.numberIDs(ctx, obj)
	if err != nil {
		return nil, err
	}
	claims := []lifecycle.Claim{claimOf(obj)}
	for _, rival := range list {
		ids, err := h.numberIDs(ctx, rival)
		if err != nil {
			return nil, err
		}
		if sameLevel(rival, obj) || intersect(ids, own) {
			claims = append(claims, claimOf(rival))
		}
	}
	return claims, nil
}

func claimOf(obj *v1alpha1.WebhookSubscription) lifecycle.Claim {
	return lifecycle.ClaimOf(obj, obj.Spec.ManagementPolicy, obj.Status.Conditions, obj.Status.AppID != "")
}

// lookups of a subscription: the apps of the account, the app's callback and its fields.
const lookups = 3

func (h *subscriptions) Lookups(*v1alpha1.WebhookSubscription) int { return lookups }

func (h *subscriptions) LongestWait(string) time.Duration { return 0 }

func (h *subscriptions) Topic(*v1alpha1.WebhookSubscription) lifecycle.Topic {
	return lifecycle.Topic{}
}

// Notices is nothing: an event that came by the subscription is about another resource.
func (h *subscriptions) Notices(any, *v1alpha1.WebhookSubscription) []lifecycle.Notice { return nil }

// Locate has nothing to look up at Meta: the ids of the numbers are in the statuses of their resources (numberIDs), and nothing is
// written for a number whose id isn't there.
func (h *subscriptions) Locate(_ context.Context, p *subscriptionRun) (*v1alpha1.WebhookSubscription, *lifecycle.Result) {
	return p.Object, nil
}

func intersect(a, b []string) bool {
	return slices.ContainsFunc(a, func(x string) bool { return slices.Contains(b, x) })
}

// others are the resources found by an index, without the given one, those that are being deleted and those whose account
// doesn't permit them.
func (h *subscriptions) others(
	ctx context.Context, name, key string, obj *v1alpha1.WebhookSubscription,
) ([]*v1alpha1.WebhookSubscription, error) {
	var list v1alpha1.WebhookSubscriptionList
	if err := h.Client.List(ctx, &list, client.MatchingFields{name: key}); err != nil {
		return nil, err
	}
	var out []*v1alpha1.WebhookSubscription
	for i := range list.Items {
		other := &list.Items[i]
		if other.UID == obj.UID || !other.DeletionTimestamp.IsZero() {
			continue
		}
		permitted, err := h.Resolver.Permits(ctx, h.Referrer(other))
		if err != nil {
			return nil, err
		}
		if permitted {
			out = append(out, other)
		}
	}
	return out, nil
}

// sameLevel reports that two resources of one account set the same thing, according to their specs.
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

// appHolder names the resource that manages the app, "" for this one. An app has one callback for all its accounts, so of several
// resources one decides. It is the one that set it already, else the oldest that could read the app with its secret.
func (h *subscriptions) appHolder(ctx context.Context, p *subscriptionRun) (string, error) {
	own, err := h.appClaim(ctx, p.Object)
	if err != nil {
		return "", err
	}
	claims := []lifecycle.Claim{own}
	list, err := h.others(ctx, index.App, p.Object.Status.AppID, p.Object)
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
	first := lifecycle.Winner(claims, p.Now)
	if first == nil || first.GetUID() == p.Object.UID {
		return "", nil
	}
	return lifecycle.NameFor(first, p.Object.Namespace), nil
}

// appClaim is the claim of a resource to the app. Only who has read the app with its secret can act: that a Secret has some value
// under appSecret says nothing.
func (h *subscriptions) appClaim(ctx context.Context, obj *v1alpha1.WebhookSubscription) (lifecycle.Claim, error) {
	c := claimOf(obj)
	c.Holds = c.Holds && obj.Status.Operator.Applied(v1alpha1.CallbackLevelApp).URL != ""
	waba, refused := h.Resolver.Find(ctx, h.Referrer(obj))
	if refused != nil {
		c.Unable = true
		return c, refused.Err()
	}
	if account := lifecycle.AccountClaim(waba); account.Unable {
		c.Unable, c.Since = true, account.Since
	}
	permitted, _, err := h.Resolver.PermitsLevel(ctx, waba, obj.Namespace, v1alpha1.WebhookLevelApp)
	if err != nil {
		return c, err
	}
	if c.Holds = c.Holds && permitted; !permitted {
		c.Unable = true
	}
	if lifecycle.EffectivePolicy(obj.Spec.ManagementPolicy, waba.Spec.ManagementPolicy) != v1alpha1.ManagementPolicyManaged ||
		lifecycle.AccountUnusable(waba, obj.Namespace) != nil || !h.readsApp(waba, obj) {
		c.Unable = true
	}
	return c, nil
}

// readsApp reports that a resource has read its app with the secret of its account: in this process, or before it by its status.
func (h *subscriptions) readsApp(waba *v1alpha1.WABA, obj *v1alpha1.WebhookSubscription) bool {
	session := h.Accounts.Get(string(waba.UID))
	if session == nil || !session.Client().HasAppSecret() {
		return false
	}
	_, read := h.memory.app(obj.UID, obj.Status.AppID)
	return read || obj.Status.App != nil && obj.Status.App.Active != nil
}

func callClearNumber(id string) string { return "clear the override of number " + id }
