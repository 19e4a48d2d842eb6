// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

func TestUnitNoticesOfAccounts(t *testing.T) {
	when := metav1.NewTime(lifecycletest.At(0))
	alert := v1alpha1.Alert{Type: "OBA_REJECTED", Severity: "WARNING", Status: "ACTIVE", EntityType: "BUSINESS", EntityID: "1", Description: "No.", Time: when}
	quiet := v1alpha1.Alert{Type: "OBA_APPROVED", Severity: "INFORMATIONAL", Status: "ACTIVE", Time: when}
	was := &v1alpha1.WABAWebhookStatus{Alerts: []v1alpha1.Alert{quiet}, MessagingLimit: "TIER_2K"}
	is := &v1alpha1.WABAWebhookStatus{
		Alerts: []v1alpha1.Alert{quiet, alert, {Type: "OVER", Status: "NONE", Time: when}}, MessagingLimit: "TIER_10K",
		AccountEvents: []v1alpha1.AccountEvent{{Event: "PARTNER_REMOVED", Time: when, Detail: "BUSINESS_DOWNGRADE"}, {Event: "COMPROMISED_NOTIFICATION", Time: when}},
	}
	expectNotices(t, (&accounts{}).Notices(was, &v1alpha1.WABA{Status: v1alpha1.WABAStatus{Webhook: is}}),
		lifecycle.Notice{Warning: true, Reason: "MetaAlert", Message: "OBA_REJECTED: BUSINESS 1: No."}, lifecycle.Notice{Warning: true, Reason: "AccountEvent", Message: "PARTNER_REMOVED: BUSINESS_DOWNGRADE"},
		lifecycle.Notice{Warning: true, Reason: "AccountEvent", Message: "COMPROMISED_NOTIFICATION"},
		lifecycle.Notice{Warning: false, Reason: "LimitsChanged", Message: "the messaging limit is TIER_10K"})
	expectNotices(t, (&accounts{}).Notices(is, &v1alpha1.WABA{Status: v1alpha1.WABAStatus{Webhook: is}}))
}

func expectNotices(t *testing.T, got []lifecycle.Notice, want ...lifecycle.Notice) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
