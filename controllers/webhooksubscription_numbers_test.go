// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// TestWebhookNumbers: an entry sends the messages of one number elsewhere, until it is removed.
func TestWebhookNumbers(t *testing.T) {
	t.Parallel()
	w := newWebhookWorld(t)
	phoneNumber(w.World, adopted)
	obj := w.subscription(func(o *v1alpha1.WebhookSubscription) {
		o.Spec.PhoneNumbers = []v1alpha1.PhoneNumberWebhookOverride{overrideOf("support", elseURL), overrideOf("missing", elseURL)}
	})
	op := w.start()
	finish(op)
	op.Observe()
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonPhoneNumberNotReady, "PhoneNumber missing doesn't exist")
	w.expectRoute(t, elseHost, operatorHost)
	w.Edit(obj, func() { obj.Spec.PhoneNumbers = obj.Spec.PhoneNumbers[:1] })
	finish(op)
	w.expectReady(t, obj)
	w.Edit(obj, func() { obj.Spec.PhoneNumbers = nil })
	finish(op)
	w.expectReady(t, obj)
	w.expectRoute(t, botHost, operatorHost)
	if s := obj.Status; len(s.PhoneNumbers) != 0 || len(s.Operator.AppliedCallbacks) != 2 {
		t.Errorf("still remembered: %+v, %+v", s.PhoneNumbers, s.Operator.AppliedCallbacks)
	}
	w.CheckInvariants()
}

// overrideOf is an entry that sends the messages of one number to another service.
func overrideOf(name, url string) v1alpha1.PhoneNumberWebhookOverride {
	return v1alpha1.PhoneNumberWebhookOverride{
		PhoneNumberRef:  v1alpha1.PhoneNumberReference{Name: name},
		WebhookOverride: v1alpha1.WebhookOverride{CallbackURL: url, VerifyTokenSecretRef: tokenOf("else")},
	}
}

// TestWebhookNumberWithoutResource: an override stays while the spec names a PhoneNumber that was deleted, and goes with the entry.
func TestWebhookNumberWithoutResource(t *testing.T) {
	t.Parallel()
	w := newWebhookWorld(t)
	support := phoneNumber(w.World, adopted)
	obj := w.subscription(func(o *v1alpha1.WebhookSubscription) {
		o.Spec.PhoneNumbers = []v1alpha1.PhoneNumberWebhookOverride{overrideOf("support", elseURL)}
	})
	op := w.start()
	finish(op)
	op.Observe()
	finish(op)
	w.expectReady(t, obj)
	w.expectRoute(t, elseHost, operatorHost)

	w.Delete(support)
	finish(op)
	op.Observe()
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonPhoneNumberNotReady, "PhoneNumber support doesn't exist")
	w.expectRoute(t, elseHost, operatorHost)

	w.Edit(obj, func() { obj.Spec.PhoneNumbers = nil })
	finish(op)
	w.expectReady(t, obj)
	w.expectRoute(t, botHost, operatorHost)
	w.CheckInvariants()
}
