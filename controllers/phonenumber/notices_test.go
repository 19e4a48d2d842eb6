// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/facts"
)

func TestUnitNoticesOfNumbers(t *testing.T) {
	when := metav1.NewTime(lifecycletest.At(0))
	number := &v1alpha1.PhoneNumberWebhookStatus{
		Events: lifecycletest.EventsAt(0, facts.MarkNumberSecurity, facts.MarkNumberQuality), SecurityEvent: "PIN_CHANGED", QualityEvent: "THROUGHPUT_UPGRADE",
		Username: "acme", UsernameStatus: "DELETED", PictureLostTime: &when,
	}
	obj := &v1alpha1.PhoneNumber{Status: v1alpha1.PhoneNumberStatus{Webhook: number}}
	expectNotices(t, (&numbers{}).Notices((*v1alpha1.PhoneNumberWebhookStatus)(nil), obj),
		lifecycle.Notice{Warning: true, Reason: "PINChanged", Message: pinMessages["PIN_CHANGED"]}, lifecycle.Notice{Warning: false, Reason: "LimitsChanged", Message: "THROUGHPUT_UPGRADE"},
		lifecycle.Notice{Warning: true, Reason: "UsernameChanged", Message: `the user name "acme" is deleted`}, lifecycle.Notice{Warning: true, Reason: "MetaAlert", Message: "Meta reports that the profile picture was lost"})
	expectNotices(t, (&numbers{}).Notices(number, obj))
	again := number.DeepCopy()
	again.Events = lifecycletest.EventsAt(60, facts.MarkNumberSecurity)
	obj.Status.Webhook = again
	expectNotices(t, (&numbers{}).Notices(number, obj), lifecycle.Notice{Warning: true, Reason: "PINChanged", Message: pinMessages["PIN_CHANGED"]})
}

func expectNotices(t *testing.T, got []lifecycle.Notice, want ...lifecycle.Notice) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
