// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// TestDeclinedFirstName: a number whose only name was declined can't be registered, so the operator doesn't try.
func TestDeclinedFirstName(t *testing.T) {
	t.Parallel()
	const id = "106540352249999"
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	w.Sim.AddNumber(harness.AccountID, graphsim.Number{
		ID: id, DisplayPhoneNumber: "+49 170 1234567", CodeVerificationStatus: "VERIFIED", PlatformType: "NOT_APPLICABLE",
		Status: "DISCONNECTED", NameStatus: "DECLINED", VerifiedName: "Acme Support",
	})
	keySecret(w, "pin", v1alpha1.SecretPurposePIN, goodPIN)
	op := w.Start()
	number := phoneNumber(w)
	op.Settle()
	op.AdvanceRoughly(96*time.Hour, 8*time.Hour)
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonRefusedByMeta)
	if n := scarce(w, id, graphsim.OpRegister); n != 0 {
		t.Errorf("%d registrations that couldn't succeed", n)
	}
	w.CheckInvariants()
}

// TestRenamedSoonAfterRegistration: an approved name costs one more registration, at once, and never the number's readiness.
func TestRenamedSoonAfterRegistration(t *testing.T) {
	t.Parallel()
	w, op, number := onboarding(t, graphsim.WithNameSwitch(graphsim.NameSwitchRegister))
	personReadsCode(t, w, number.Status.ID)
	op.Advance(2 * time.Minute)
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	w.Edit(number, func() { number.Spec.DisplayName = "Acme Helps" })
	op.Settle()
	op.Observe()
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if n := scarce(w, number.Status.ID, graphsim.OpRegister); n != 2 || number.Status.VerifiedName != "Acme Helps" {
		t.Errorf("%d registrations, name %q", n, number.Status.VerifiedName)
	}
	w.CheckInvariants()
}

// TestComplaintsAboutAConnectedNumber: a mistake in the spec doesn't change the readiness of a number that works.
func TestComplaintsAboutAConnectedNumber(t *testing.T) {
	t.Parallel()
	w, op, number := connected(t, withPIN)
	pin := keySecretOf(w, "pin")
	w.Reload(pin)
	w.Edit(pin, func() { pin.Data["pin"] = []byte("12345") })
	op.Advance(12 * time.Minute)
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonActionRequired)

	w.Edit(number, func() { number.Spec.Registration, number.Spec.DisplayName = nil, "Acme Helps" })
	op.Settle()
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.NewDisplayName, n.NewNameStatus = "Acme Helps", "APPROVED" })
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonActionRequired)
	w.CheckInvariants()
}

// TestRegionBeforeTheAccount: a region isn't forgotten because the account came later.
func TestRegionBeforeTheAccount(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	op := w.Start()
	w.Sim.SetPINInManager(harness.NumberID, "999999") // no Secret has it
	number := phoneNumber(w, adopted, withPIN, func(o *v1alpha1.PhoneNumber) { o.Spec.Registration.DataLocalizationRegion = "DE" })
	op.Settle()
	keySecret(w, "pin", v1alpha1.SecretPurposePIN, goodPIN)
	w.Secret()
	w.WABA()
	op.Settle()
	op.Advance(10 * time.Minute)
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	if live, _ := w.Sim.NumberByID(harness.NumberID); live.Config.Storage.Region != "DE" || live.PIN != goodPIN {
		t.Errorf("region %q", live.Config.Storage.Region)
	}
	if n := scarce(w, harness.NumberID, graphsim.OpRegister); n != 1 {
		t.Errorf("%d registrations", n)
	}
	w.CheckInvariants()
}
