// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// subject names a resource that a delivery is about.
type subject struct {
	kind kind
	key  client.ObjectKey
}

// kind is one of the kinds with facts in its status.
type kind string

const (
	kindAccount      kind = "WABA"
	kindTemplate     kind = "MessageTemplate"
	kindNumber       kind = "PhoneNumber"
	kindSubscription kind = "WebhookSubscription"
)

func (k kind) new() client.Object {
	switch k {
	case kindAccount:
		return &v1alpha1.WABA{}
	case kindTemplate:
		return &v1alpha1.MessageTemplate{}
	case kindNumber:
		return &v1alpha1.PhoneNumber{}
	default:
		return &v1alpha1.WebhookSubscription{}
	}
}

// kindOf is the kind of a resource with facts.
func kindOf(obj client.Object) kind {
	switch obj.(type) {
	case *v1alpha1.WABA:
		return kindAccount
	case *v1alpha1.MessageTemplate:
		return kindTemplate
	case *v1alpha1.PhoneNumber:
		return kindNumber
	default:
		return kindSubscription
	}
}

// merger returns the function that takes an event into the facts of a resource, which it changes in place, and reports
// whether it was news.
func merger(obj client.Object) func(event) bool {
	switch o := obj.(type) {
	case *v1alpha1.WABA:
		o.Status.Webhook = orNew(o.Status.Webhook)
		return func(e event) bool { return mergeAccount(o.Status.Webhook, e) }
	case *v1alpha1.MessageTemplate:
		o.Status.Webhook = orNew(o.Status.Webhook)
		return func(e event) bool { return mergeTemplate(o.Status.Webhook, e) }
	case *v1alpha1.PhoneNumber:
		o.Status.Webhook = orNew(o.Status.Webhook)
		return func(e event) bool { return mergeNumber(o.Status.Webhook, e) }
	case *v1alpha1.WebhookSubscription:
		o.Status.Webhook = orNew(o.Status.Webhook)
		return func(e event) bool { return mergeSubscription(o.Status.Webhook, e) }
	}
	return func(event) bool { return false }
}

func orNew[T any](p *T) *T {
	if p == nil {
		return new(T)
	}
	return p
}

// Of returns what this package owns of a resource's status: a nil pointer where nothing was told yet.
func Of(obj client.Object) any {
	switch o := obj.(type) {
	case *v1alpha1.WABA:
		return o.Status.Webhook
	case *v1alpha1.MessageTemplate:
		return o.Status.Webhook
	case *v1alpha1.PhoneNumber:
		return o.Status.Webhook
	case *v1alpha1.WebhookSubscription:
		return o.Status.Webhook
	}
	return nil
}
