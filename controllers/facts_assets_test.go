// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// hourly has the account observed rarely, so that each observation in between has a cause.
func hourly(a *v1alpha1.WABA) { a.Spec.ObservationIntervalSeconds = ptr.To[int32](3600) }

// observedNumber is an account with the number that it has from the beginning.
func observedNumber(t *testing.T, change ...func(*v1alpha1.PhoneNumber)) (*harness.World, *harness.Operator, *v1alpha1.WABA, *v1alpha1.PhoneNumber) {
	t.Helper()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA(hourly)
	number := phoneNumber(w, append([]func(*v1alpha1.PhoneNumber){adopted}, change...)...)
	op := w.Start()
	op.Settle()
	op.Advance(2 * time.Minute)
	w.Reload(waba)
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	w.Sim.ResetStats()
	return w, op, waba, number
}

func TestFactsOfANumber(t *testing.T) {
	t.Parallel()
	w, op, _, number := observedNumber(t)
	writeFacts(w, number, v1alpha1.PhoneNumberWebhookStatus{
		Events:       happened(w, "phone_number_name_update", "phone_number_quality_update", "security"),
		NameDecision: "REJECTED", RequestedName: number.Status.VerifiedName, NameRejectionReason: "NAME_NOT_CONSISTENT",
		QualityEvent: "THROUGHPUT_UPGRADE", MessagingLimit: "TIER_UNLIMITED", SecurityEvent: "PIN_CHANGED",
	})
	op.Settle()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionDisplayNameApproved, metav1.ConditionFalse, v1alpha1.ReasonRejected)
	if c := harness.Condition(number.Status.Conditions, v1alpha1.ConditionDisplayNameApproved); !strings.Contains(c.Message, "NAME_NOT_CONSISTENT") {
		t.Errorf("message: %s", c.Message)
	}
	if s := number.Status; s.NameStatus != "DECLINED" || s.MessagingLimit != "TIER_UNLIMITED" || s.ThroughputLevel != "HIGH" {
		t.Errorf("name %s, limit %s, throughput %s", s.NameStatus, s.MessagingLimit, s.ThroughputLevel)
	}
	expectNoCalls(t, w)
	op.Advance(80 * time.Second)
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionDisplayNameApproved, metav1.ConditionTrue, v1alpha1.ReasonApproved)
	if n := w.Sim.Stats().Writes; n != 0 {
		t.Errorf("%d writes to Meta", n)
	}
	w.CheckInvariants()
}

// TestFactsOfCallingSettings: a section that a webhook says was changed is read at once, and not for each of many events.
func TestFactsOfCallingSettings(t *testing.T) {
	t.Parallel()
	w, op, _, number := observedNumber(t, func(o *v1alpha1.PhoneNumber) {
		o.Spec.Calling = &v1alpha1.PhoneNumberCalling{CallIconVisibility: v1alpha1.CallIconVisibilityDisableAll}
		o.Spec.DriftPolicy = v1alpha1.DriftPolicyReport
	})
	for i := range 24 {
		writeFacts(w, number, v1alpha1.PhoneNumberWebhookStatus{
			Events: happened(w, "account_settings_update"), CallingStatus: []string{"DISABLED", "ENABLED"}[i%2],
		})
		op.Advance(5 * time.Second)
		if i == 1 && w.Sim.Stats().ByOp[graphsim.OpReadSettings] != 1 {
			t.Errorf("not read soon: %v", w.Sim.Stats().ByOp)
		}
	}
	if n := w.Sim.Stats().ByOp[graphsim.OpReadSettings]; n > 3 {
		t.Errorf("read %d times in two minutes", n)
	}
}

func TestFactsOfAnAccount(t *testing.T) {
	t.Parallel()
	w, op, waba, _ := observedNumber(t)
	soon := metav1.NewTime(w.Clock.Now().Add(10 * time.Minute))
	writeFacts(w, waba, v1alpha1.WABAWebhookStatus{
		Events:         happened(w, "account_update/ACCOUNT_RESTRICTION", "account_review_update", "business_capability_update"),
		Restrictions:   []v1alpha1.Restriction{{Type: "RESTRICTED_BIZ_INITIATED_MESSAGING", ExpirationTime: &soon}},
		ReviewDecision: "PENDING", MessagingLimit: "TIER_100K",
	})
	op.Settle()
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionApproved, metav1.ConditionFalse, v1alpha1.ReasonInReview)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionPolicyCompliant, metav1.ConditionFalse, v1alpha1.ReasonRestricted)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
	if waba.Status.MessagingLimit != "TIER_100K" {
		t.Errorf("limit %s", waba.Status.MessagingLimit)
	}
	expectNoCalls(t, w)
	op.Advance(80 * time.Second)
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionApproved, metav1.ConditionTrue, v1alpha1.ReasonApproved)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionPolicyCompliant, metav1.ConditionFalse, v1alpha1.ReasonRestricted)

	// The restriction ends by itself, between two observations.
	w.Sim.ResetStats()
	op.Advance(9 * time.Minute)
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionPolicyCompliant, metav1.ConditionTrue, v1alpha1.ReasonCompliant)
	expectNoCalls(t, w)
	w.CheckInvariants()
}

// TestFactsOfABan: resources of a disabled account make no call, until it is reinstated.
func TestFactsOfABan(t *testing.T) {
	t.Parallel()
	w, op, waba, tmpl := approvedTemplate(t)
	ban := func(state string) {
		writeFacts(w, waba, v1alpha1.WABAWebhookStatus{Events: happened(w, "account_update/DISABLED_UPDATE"), Ban: &v1alpha1.Ban{State: state}})
		op.Settle()
		w.Reload(waba)
	}
	ban("SCHEDULE_FOR_DISABLE")
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionPolicyCompliant, metav1.ConditionFalse, v1alpha1.ReasonPolicyViolation)
	ban("DISABLE")
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonAccountBlocked)
	w.Edit(tmpl, func() { tmpl.Spec.Footer = &v1alpha1.TemplateFooter{Text: "Acme Store"} })
	op.Advance(30 * time.Second)
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonAccountBlocked)
	expectNoCalls(t, w)
	ban("REINSTATE")
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
	op.Advance(30 * time.Second)
	if n := edits(w); n != 1 {
		t.Errorf("%d edits after the reinstatement", n)
	}
	w.CheckInvariants()
}

// TestFactsThatForbidToAddNumbers: no attempt is spent while Meta lets the account add no number.
func TestFactsThatForbidToAddNumbers(t *testing.T) {
	t.Parallel()
	w, op, waba, _ := observedNumber(t)
	soon := metav1.NewTime(w.Clock.Now().Add(10 * time.Minute))
	writeFacts(w, waba, v1alpha1.WABAWebhookStatus{
		Events:       happened(w, "account_update/ACCOUNT_RESTRICTION"),
		Restrictions: []v1alpha1.Restriction{{Type: "RESTRICTED_ADD_PHONE_NUMBER_ACTION", ExpirationTime: &soon}},
	})
	op.Settle()
	added := phoneNumber(w, func(o *v1alpha1.PhoneNumber) { o.Name, o.Spec.Registration = "sales", nil })
	op.Advance(5 * time.Minute)
	w.Reload(added)
	expect(t, added.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonAccountBlocked)
	if n := w.Sim.Stats().ByNumber[newNumber][graphsim.OpAddNumber]; n != 0 {
		t.Errorf("added %d times during the restriction", n)
	}
	op.Advance(6 * time.Minute)
	if n := w.Sim.Stats().ByNumber[newNumber][graphsim.OpAddNumber]; n != 1 {
		t.Errorf("added %d times after it", n)
	}
	w.CheckInvariants()
}
