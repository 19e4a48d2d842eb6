// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/facts"
)

func TestUnitNewsOfNumbers(t *testing.T) {
	when := metav1.NewTime(lifecycletest.At(0))
	number := &v1alpha1.PhoneNumberWebhookStatus{
		Events: lifecycletest.EventsAt(0, facts.MarkNumberSecurity, facts.MarkNumberQuality), SecurityEvent: "PIN_CHANGED", QualityEvent: "THROUGHPUT_UPGRADE",
		Username: "acme", UsernameStatus: "DELETED", PictureLostTime: &when,
	}
	obj := &v1alpha1.PhoneNumber{Status: v1alpha1.PhoneNumberStatus{Webhook: number}}
	expectNews(t, (&numbers{}).news((*v1alpha1.PhoneNumberWebhookStatus)(nil), obj),
		notice{true, "PINChanged", pinNews["PIN_CHANGED"]}, notice{false, "LimitsChanged", "THROUGHPUT_UPGRADE"},
		notice{true, "UsernameChanged", `the user name "acme" is deleted`}, notice{true, "Alert", "Meta reports that the profile picture was lost"})
	expectNews(t, (&numbers{}).news(number, obj))
	again := number.DeepCopy()
	again.Events = lifecycletest.EventsAt(60, facts.MarkNumberSecurity)
	obj.Status.Webhook = again
	expectNews(t, (&numbers{}).news(number, obj), notice{true, "PINChanged", pinNews["PIN_CHANGED"]})
}
