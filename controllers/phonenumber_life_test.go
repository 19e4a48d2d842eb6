// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// connected returns a world with a resource for the number that the account has registered already.
func connected(t *testing.T, change ...func(*v1alpha1.PhoneNumber)) (*harness.World, *harness.Operator, *v1alpha1.PhoneNumber) {
	t.Helper()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	keySecret(w, "pin", v1alpha1.SecretPurposePIN, goodPIN)
	w.Sim.SetPINInManager(harness.NumberID, goodPIN)
	number := phoneNumber(w, append([]func(*v1alpha1.PhoneNumber){adopted}, change...)...)
	op := w.Start()
	untilReady(w, op, number)
	return w, op, number
}

func withPIN(obj *v1alpha1.PhoneNumber) {
	obj.Spec.Registration = &v1alpha1.PhoneNumberRegistration{PINSecretRef: v1alpha1.SecretKeyReference{Name: "pin", Key: "pin"}}
}

// TestPINChanges: the operator assumes that a number registered by another client has the PIN in the Secret; it sets a new one.
func TestPINChanges(t *testing.T) {
	t.Parallel()
	w, op, number := connected(t, withPIN)
	op.Advance(time.Hour)
	if n := scarce(w, harness.NumberID, graphsim.OpSetPIN); n != 0 {
		t.Fatalf("set %d times without a change", n)
	}
	w.Delete(keySecretOf(w, "pin"))
	pin := keySecret(w, "pin", v1alpha1.SecretPurposePIN, "314159")
	op.Advance(12 * time.Minute)
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if live, _ := w.Sim.NumberByID(harness.NumberID); live.PIN != "314159" {
		t.Error("the new PIN isn't at Meta")
	}
	w.Edit(pin, func() { pin.Data["pin"] = []byte("31415") })
	op.Advance(12 * time.Minute)
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonActionRequired)
	if n := scarce(w, harness.NumberID, graphsim.OpSetPIN); n != 1 {
		t.Errorf("set %d times", n)
	}
	w.CheckInvariants()
}

// TestSecretsOfNumbers: a Secret is used for what its owner released it for, and its absence doesn't take a number down.
func TestSecretsOfNumbers(t *testing.T) {
	t.Parallel()
	w, op, number := connected(t, withPIN)
	w.Delete(keySecretOf(w, "pin"))
	op.Advance(12 * time.Minute)
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonSecretNotFound)
	keySecret(w, "pin", v1alpha1.SecretPurposeCode, "314159")
	op.Advance(2 * time.Minute)
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonSecretNotPermitted)
	if n := scarce(w, harness.NumberID, graphsim.OpSetPIN); n != 0 {
		t.Errorf("set %d times with the Secret of another purpose", n)
	}
	w.CheckInvariants()
}

// TestDisplayNameChange asks once, says what Meta decided, and registers the number again under the approved name.
func TestDisplayNameChange(t *testing.T) {
	t.Parallel()
	w, op, number := connected(t, withPIN)
	w.Edit(number, func() { number.Spec.DisplayName = "Acme Support Team" })
	op.Settle()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionDisplayNameApproved, metav1.ConditionFalse, v1alpha1.ReasonInReview)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	if err := w.Sim.DecideName(harness.NumberID, graphsim.NameDecision{Status: "DECLINED", Reason: "NAME_NOT_CONSISTENT"}); err != nil {
		t.Fatal(err)
	}
	op.Observe()
	op.AdvanceRoughly(48*time.Hour, 4*time.Hour)
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonRefusedByMeta)
	if n := scarce(w, harness.NumberID, graphsim.OpRenameNumber); n != 1 {
		t.Fatalf("asked %d times for a declined name", n)
	}
	w.Edit(number, func() { number.Spec.DisplayName = "Acme Helps" })
	op.Settle()
	op.Observe()
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	expect(t, number.Status.Conditions, v1alpha1.ConditionDisplayNameApproved, metav1.ConditionTrue, v1alpha1.ReasonApproved)
	if number.Status.VerifiedName != "Acme Helps" {
		t.Errorf("the name is %q", number.Status.VerifiedName)
	}
	if n := scarce(w, harness.NumberID, graphsim.OpRegister); n > 1 {
		t.Errorf("registered %d times for one name", n)
	}
	w.CheckInvariants()
}

// TestDeregister: deletionPolicy Deregister takes the number off the Cloud API, Retain leaves it.
func TestDeregister(t *testing.T) {
	t.Parallel()
	for policy, want := range map[v1alpha1.DeletionPolicy]int{v1alpha1.DeletionPolicyRetain: 0, v1alpha1.DeletionPolicyDeregister: 1} {
		t.Run(string(policy), func(t *testing.T) {
			t.Parallel()
			w, op, number := connected(t, func(o *v1alpha1.PhoneNumber) { o.Spec.DeletionPolicy = policy })
			w.Delete(number)
			op.Settle()
			if w.Reload(number) {
				t.Errorf("still there: %+v", number.Status.Conditions)
			}
			if n := scarce(w, harness.NumberID, graphsim.OpDeregister); n != want {
				t.Errorf("deregistered %d times, want %d", n, want)
			}
		})
	}
}

// TestCoexistence: a number that is also in the WhatsApp Business app is neither registered nor deregistered.
func TestCoexistence(t *testing.T) {
	t.Parallel()
	w, op, number := connected(t, withPIN, func(o *v1alpha1.PhoneNumber) { o.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDeregister })
	w.Sim.MoveToBizApp(harness.NumberID)
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionRegistered, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	w.Delete(number)
	op.Settle()
	if w.Reload(number) {
		t.Errorf("still there: %+v", number.Status.Conditions)
	}
	if n := scarce(w, harness.NumberID, graphsim.OpDeregister) + scarce(w, harness.NumberID, graphsim.OpRegister); n != 0 {
		t.Errorf("%d calls that such a number doesn't take", n)
	}
}

// TestNumberNotThere: what the account doesn't have is neither invented nor added without consent, and what a person removed
// isn't added again.
func TestNumberNotThere(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	op := w.Start()
	op.Settle()
	number := phoneNumber(w, func(o *v1alpha1.PhoneNumber) { o.Spec.CreationPolicy = "" })
	other := phoneNumber(w, adopted, func(o *v1alpha1.PhoneNumber) { o.Name, o.Spec.ID = "other", "1234567890" })
	op.Settle()
	op.Observe()
	for _, o := range []*v1alpha1.PhoneNumber{number, other} {
		w.Reload(o)
		expect(t, o.Status.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonNotFound)
	}
	mine := phoneNumber(w, adopted, func(o *v1alpha1.PhoneNumber) { o.Name = "mine" })
	op.Settle()
	w.Sim.DeleteNumberInManager(harness.NumberID)
	op.Observe()
	op.Observe()
	w.Reload(mine)
	expect(t, mine.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotFound)
	if n := w.Sim.Stats().ByNumber[newNumber][graphsim.OpAddNumber]; n != 0 {
		t.Errorf("added %d numbers", n)
	}
	w.CheckInvariants()
}

// TestNumberPolicies: Observed and --read-only write nothing, though everything is missing.
func TestNumberPolicies(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*operator.Options, *v1alpha1.PhoneNumber){
		"observed": func(_ *operator.Options, n *v1alpha1.PhoneNumber) {
			n.Spec.ManagementPolicy = v1alpha1.ManagementPolicyObserved
		},
		"read only": func(o *operator.Options, _ *v1alpha1.PhoneNumber) { o.ReadOnly = true },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA()
			w.Sim.AddNumber(harness.AccountID, graphsim.Number{
				ID: "106540352249999", DisplayPhoneNumber: "+49 170 1234567", CodeVerificationStatus: "NOT_VERIFIED",
				PlatformType: "NOT_APPLICABLE", Status: "PENDING", NameStatus: "APPROVED", VerifiedName: "Somename",
			})
			keySecret(w, "pin", v1alpha1.SecretPurposePIN, goodPIN)
			var options operator.Options
			probe := &v1alpha1.PhoneNumber{}
			change(&options, probe)
			number := phoneNumber(w, func(o *v1alpha1.PhoneNumber) { change(&options, o) })
			op := w.Start(func(o *operator.Options) { change(o, probe) })
			op.Settle()
			op.AdvanceRoughly(24*time.Hour, 6*time.Hour)
			w.Reload(number)
			expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonNotRegistered)
			expectNoWrites(t, w)
			w.CheckInvariants()
		})
	}
}

// TestPINAndCodeDontLeak searches everything that people and systems get to see.
func TestPINAndCodeDontLeak(t *testing.T) {
	t.Parallel()
	w, op, number := onboarding(t)
	personReadsCode(t, w, number.Status.ID)
	op.Advance(5 * time.Minute)
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	sent, _ := w.Sim.SentCode(number.Status.ID)
	for place, text := range map[string]string{
		"log": w.Logs(), "numbers": w.Dump(&v1alpha1.PhoneNumberList{}), "accounts": w.Dump(&v1alpha1.WABAList{}),
	} {
		for what, secret := range map[string]string{"PIN": goodPIN, "code": sent.Code} {
			if strings.Contains(text, secret) {
				t.Errorf("%s: the %s is in there", place, what)
			}
		}
	}
	if got := w.Sim.SecretsInURLs(); len(got) > 0 {
		t.Errorf("URLs: %v", got)
	}
}

// TestRegionChanges: data that shall rest in another country costs one deregistration and one registration.
func TestRegionChanges(t *testing.T) {
	t.Parallel()
	w, op, number := connected(t, withPIN)
	w.Edit(number, func() { number.Spec.Registration.DataLocalizationRegion = "DE" })
	op.Settle()
	op.Advance(5 * time.Minute)
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	if live, _ := w.Sim.NumberByID(harness.NumberID); live.Config.Storage.Region != "DE" || number.Status.Operator.Registration.DataLocalizationRegion != "DE" {
		t.Errorf("region at Meta %q, in status %q", live.Config.Storage.Region, number.Status.Operator.Registration.DataLocalizationRegion)
	}
	op.AdvanceRoughly(96*time.Hour, 8*time.Hour)
	for _, what := range []string{graphsim.OpDeregister, graphsim.OpRegister} {
		if n := scarce(w, harness.NumberID, what); n != 1 {
			t.Errorf("%s: %d calls, want 1", what, n)
		}
	}
	w.CheckInvariants()
}
