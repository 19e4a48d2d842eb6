// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// subject is a resource that an event is about.
type subject struct {
	kind string
	key  client.ObjectKey
}

// newObject returns an empty resource of a kind.
func newObject(kind string) v1alpha1.Asset {
	k, ok := v1alpha1.AssetKindOf(kind)
	if !ok {
		panic("no kind of this project: " + kind) // subjects are made in this package
	}
	return k.New()
}

// adapter holds what differs between the facts of the kinds.
type adapter struct {
	// merge merges an event into the facts of a resource. It reports whether they changed.
	merge func(v1alpha1.Asset, event) bool
	// belongs reports whether an event is about what the resource manages.
	belongs func(v1alpha1.Asset, event) bool
}

var adapters = map[string]adapter{
	v1alpha1.KindWABA: adapt(
		func(o *v1alpha1.WABA) **v1alpha1.WABAWebhookStatus { return &o.Status.Webhook }, mergeAccount, belongsToAccount),
	v1alpha1.KindPhoneNumber: adapt(
		func(o *v1alpha1.PhoneNumber) **v1alpha1.PhoneNumberWebhookStatus { return &o.Status.Webhook }, mergeNumber, belongsToNumber),
	v1alpha1.KindMessageTemplate: adapt(
		func(o *v1alpha1.MessageTemplate) **v1alpha1.MessageTemplateWebhookStatus { return &o.Status.Webhook }, mergeTemplate, belongsToTemplate),
	v1alpha1.KindWebhookSubscription: adapt(
		func(o *v1alpha1.WebhookSubscription) **v1alpha1.WebhookSubscriptionWebhookStatus {
			return &o.Status.Webhook
		},
		mergeSubscription, belongsToSubscription),
}

// adapt makes the adapter of a kind: where its facts are, how an event is merged into them, and which events belong to it.
func adapt[T v1alpha1.Asset, W any](facts func(T) **W, merge func(*W, event) bool, belongs func(T, event) bool) adapter {
	return adapter{
		merge: func(obj v1alpha1.Asset, e event) bool {
			o, ok := obj.(T)
			if !ok {
				return false
			}
			status := facts(o)
			if *status == nil {
				*status = new(W)
			}
			return merge(*status, e)
		},
		belongs: func(obj v1alpha1.Asset, e event) bool {
			o, ok := obj.(T)
			return ok && belongs(o, e)
		},
	}
}

// belongs reports whether an event may change the facts of a resource. A reference to the account isn't enough: the account's
// owner must have agreed. The account's id in the status shows that, or a create in progress.
func belongs(obj v1alpha1.Asset, e event) bool { return adapters[obj.KindName()].belongs(obj, e) }
