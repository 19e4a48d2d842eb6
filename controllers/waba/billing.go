// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// billing sets BillingReady: whether the account can pay for its messages, now and after the deadlines for its currency.
//
// Source: https://developers.facebook.com/documentation/business-messaging/whatsapp/pricing
func billing(s *v1alpha1.WABAStatus, c *lifecycle.Conditions, now time.Time) {
	currency, end, deadline := metavalues.CurrencyDeadline(s.Country, s.Currency)
	switch {
	case s.PaymentMethodPresent == nil:
		c.Set(v1alpha1.ConditionBillingReady, metav1.ConditionUnknown, v1alpha1.ReasonPending, "the account hasn't been observed yet")
	case !ptr.Deref(s.PaymentMethodPresent, false):
		c.Set(v1alpha1.ConditionBillingReady, metav1.ConditionFalse, v1alpha1.ReasonNoPaymentMethod,
			"the account has no payment method, and Meta delivers no paid messages without one; since 1 October 2026 that is almost every message: "+
				"add one in the billing settings of WhatsApp Manager, or have your solution partner share its credit line")
	case deadline:
		status, verb := metav1.ConditionTrue, "delivers"
		if !now.Before(end) {
			status, verb = metav1.ConditionFalse, "has delivered"
		}
		c.Set(v1alpha1.ConditionBillingReady, status, v1alpha1.ReasonCurrencyDeadline, fmt.Sprintf(
			"as far as the country of the account (%s) shows, Meta %s nothing of accounts in %s after %s: migrate the account to %s, which gives it another id",
			s.Country, verb, s.Currency, end.Add(-time.Second).Format("2 January 2006"), currency))
	default:
		c.Set(v1alpha1.ConditionBillingReady, metav1.ConditionTrue, v1alpha1.ReasonPaymentMethodPresent, "a payment method is attached")
	}
}
