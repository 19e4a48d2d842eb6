// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"reflect"
	"slices"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	acv1alpha1 "github.com/waba-operator/waba-operator/internal/applyconfiguration/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
)

// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=webhooksubscriptions,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=webhooksubscriptions/status,verbs=patch

const kindWebhookSubscription = "WebhookSubscription"

// hooks is what the lifecycle needs to know of webhook subscriptions.
type hooks struct {
	*base
	// record writes the status in the middle of a pass, before a write to Meta that a crash must not make anybody else's.
	record func(ctx context.Context, p *hookPass, o outcome, precondition bool) error
	memory *hookMemory
}

type hookPass = pass[*v1alpha1.WebhookSubscription]

func newHooks(b *base) *lifecycle[*v1alpha1.WebhookSubscription] {
	h := &hooks{base: b, memory: b.stores.hooks}
	l := &lifecycle[*v1alpha1.WebhookSubscription]{base: b, kind: h}
	h.record = l.record
	return l
}

func (h *hooks) new() *v1alpha1.WebhookSubscription { return &v1alpha1.WebhookSubscription{} }

func (h *hooks) common(obj *v1alpha1.WebhookSubscription) (*v1alpha1.CommonSpec, *v1alpha1.CommonStatus) {
	return &obj.Spec.CommonSpec, &obj.Status.CommonStatus
}

func (h *hooks) referrer(obj *v1alpha1.WebhookSubscription) referrer {
	return referrer{kind: kindWebhookSubscription, namespace: obj.Namespace, ref: obj.Spec.WABARef}
}

func (h *hooks) deletes(obj *v1alpha1.WebhookSubscription) bool {
	return obj.Spec.DeletionPolicy == v1alpha1.DeletionPolicyDelete
}

func (h *hooks) status(obj *v1alpha1.WebhookSubscription) any {
	s := obj.Status.DeepCopy()
	s.Webhook = nil // facts have their own field owner
	if s.App != nil && reflect.DeepEqual(*s.App, v1alpha1.AppWebhookStatus{}) {
		s.App = nil // the API server takes no empty object in an apply
	}
	return s
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
	claims := []claim{h.claimOf(obj, obj.Status.AppID != "")}
	for _, rival := range list {
		if sameLevel(rival, obj) {
			claims = append(claims, h.claimOf(rival, rival.Status.AppID != ""))
		}
	}
	return claims, nil
}

func (h *hooks) claimOf(obj *v1alpha1.WebhookSubscription, holds bool) claim {
	return claim{object: obj, holds: holds, handicapped: obj.Spec.ManagementPolicy == v1alpha1.ManagementPolicyPaused}
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

// sameLevel reports that two resources of one account set the same thing.
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
// resources one decides: who set it already, else the oldest that has the app secret.
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
	first := winner(claims)
	switch {
	case first == nil || first.GetUID() == p.obj.UID:
		return "", nil
	case first.GetNamespace() == p.obj.Namespace:
		return "WebhookSubscription " + first.GetName(), nil
	}
	return "a WebhookSubscription in another namespace", nil
}

func (h *hooks) appClaim(ctx context.Context, obj *v1alpha1.WebhookSubscription) (claim, error) {
	c := h.claimOf(obj, obj.Status.App != nil && obj.Status.App.AppliedURL != "")
	waba, refused := h.resolver.find(ctx, h.referrer(obj))
	if refused != nil {
		c.handicapped = true
		return c, refused.err()
	}
	session := h.accounts.Get(string(waba.UID))
	c.handicapped = c.handicapped || EffectivePolicy(obj.Spec.ManagementPolicy, waba.Spec.ManagementPolicy) != v1alpha1.ManagementPolicyManaged ||
		session == nil || !session.Client().HasAppSecret()
	return c, nil
}
