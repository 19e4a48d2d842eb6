// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const (
	newNumber = "+491701234567"
	goodPIN   = "271828"
)

// phoneNumber creates a resource that adds a number and brings it to the Cloud API.
func phoneNumber(w *harness.World, change ...func(*v1alpha1.PhoneNumber)) *v1alpha1.PhoneNumber {
	obj := &v1alpha1.PhoneNumber{
		ObjectMeta: metav1.ObjectMeta{Name: "support"},
		Spec: v1alpha1.PhoneNumberSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}},
			Number:     newNumber, CreationPolicy: v1alpha1.CreationPolicyAdd, DisplayName: "Acme Support",
			Verification: &v1alpha1.PhoneNumberVerification{CodeSecretRef: v1alpha1.SecretKeyReference{Name: "code", Key: "code"}},
			Registration: &v1alpha1.PhoneNumberRegistration{PINSecretRef: v1alpha1.SecretKeyReference{Name: "pin", Key: "pin"}},
		},
	}
	for _, c := range change {
		c(obj)
	}
	w.Create(obj)
	return obj
}

// adopted makes a resource describe the registered number that the account has from the beginning.
func adopted(obj *v1alpha1.PhoneNumber) {
	obj.Spec.ID, obj.Spec.Number, obj.Spec.CreationPolicy, obj.Spec.DisplayName = harness.NumberID, "", "", ""
	obj.Spec.Verification, obj.Spec.Registration = nil, nil
}

// keySecret creates a Secret with one key of its own name.
func keySecret(w *harness.World, name, purpose, value string) *corev1.Secret {
	s := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: name, Labels: map[string]string{v1alpha1.LabelSecretPurpose: purpose}},
		Data:       map[string][]byte{name: []byte(value)},
	}
	w.Create(s)
	writtenBefore(w, s)
	return s
}

// person puts the code that Meta sent into the Secret.
func personReadsCode(t *testing.T, w *harness.World, id string) {
	t.Helper()
	sent, ok := w.Sim.SentCode(id)
	if !ok {
		t.Fatal("Meta sent no code")
	}
	keySecret(w, "code", v1alpha1.SecretPurposeCode, sent.Code)
}

func scarce(w *harness.World, id, op string) int { return w.Sim.Stats().ByNumber[id][op] }

// onboarding returns a world in which a number waits for a person's code.
func onboarding(t *testing.T, opts ...graphsim.Option) (*harness.World, *harness.Operator, *v1alpha1.PhoneNumber) {
	t.Helper()
	w := harness.New(t, env, opts...)
	w.Secret()
	w.WABA()
	keySecret(w, "pin", v1alpha1.SecretPurposePIN, goodPIN)
	op := w.Start()
	op.Settle()
	number := phoneNumber(w)
	op.Settle()
	op.Advance(10 * time.Second)
	w.Reload(number)
	return w, op, number
}

// TestNumberFromManifestToConnected is the whole way, with a person's code in the middle.
func TestNumberFromManifestToConnected(t *testing.T) {
	t.Parallel()
	w, op, number := onboarding(t)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonActionRequired)
	c := harness.Condition(number.Status.Conditions, v1alpha1.ConditionSynced)
	if !strings.Contains(c.Message, "put the 6-digit code sent by SMS") || !strings.Contains(c.Message, "Secret code, key code") {
		t.Errorf("message: %s", c.Message)
	}
	id := number.Status.ID
	op.Advance(20 * time.Minute)
	if n := scarce(w, id, graphsim.OpRequestCode); n != 1 {
		t.Fatalf("requested %d codes without an answer", n)
	}
	w.Annotate(number, v1alpha1.AnnotationRequestCode, "again") // the first one has expired
	op.Advance(time.Minute)
	personReadsCode(t, w, id)
	op.Advance(5 * time.Minute)
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	expect(t, number.Status.Conditions, v1alpha1.ConditionVerified, metav1.ConditionTrue, v1alpha1.ReasonVerified)
	expect(t, number.Status.Conditions, v1alpha1.ConditionRegistered, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	for what, want := range map[string]int{graphsim.OpRequestCode: 2, graphsim.OpVerifyCode: 1, graphsim.OpRegister: 1} {
		if got := scarce(w, id, what); got != want {
			t.Errorf("%s: %d calls, want %d", what, got, want)
		}
	}
	if live, _ := w.Sim.NumberByID(id); live.PIN != goodPIN || live.Status != "CONNECTED" {
		t.Errorf("at Meta: status %s", live.Status)
	}
	if got := w.Sim.Stats().ByNumber[newNumber][graphsim.OpAddNumber]; got != 1 {
		t.Errorf("added %d times", got)
	}
	op.AdvanceRoughly(24*time.Hour, time.Hour)
	if n := scarce(w, id, graphsim.OpRegister); n != 1 {
		t.Errorf("registered again: %d", n)
	}
	w.CheckInvariants()
}

// TestWrongPIN: a guess costs exactly one registration until a person changes the Secret, even if the resource is deleted and
// created again.
func TestWrongPIN(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	const verified = "106540352249999"
	w.Sim.AddNumber(harness.AccountID, graphsim.Number{
		ID:                 verified,
		DisplayPhoneNumber: "+49 170 1234567", CodeVerificationStatus: "VERIFIED", PlatformType: "NOT_APPLICABLE", Status: "DISCONNECTED",
		NameStatus: "APPROVED", VerifiedName: "Acme Support", NumberSecrets: graphsim.NumberSecrets{PIN: goodPIN},
	})
	pin := keySecret(w, "pin", v1alpha1.SecretPurposePIN, "000000")
	op := w.Start()
	number := phoneNumber(w)
	op.Settle()
	op.AdvanceRoughly(12*time.Hour, 30*time.Minute)
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonActionRequired)
	w.Delete(number)
	op.Settle()
	number = phoneNumber(w)
	op.Settle()
	op.Stop()
	op = w.Start()
	op.AdvanceRoughly(60*time.Hour, time.Hour)
	if n := scarce(w, verified, graphsim.OpRegister); n != 1 {
		t.Fatalf("%d registrations with a wrong PIN, want 1", n)
	}
	w.Edit(pin, func() { pin.Data["pin"] = []byte(goodPIN) })
	op.Advance(10 * time.Minute)
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	if n := scarce(w, verified, graphsim.OpRegister); n != 2 {
		t.Errorf("%d registrations, want 2", n)
	}
	w.CheckInvariants()
}

// TestAdoptedNumber shows a number that another client registered, and leaves it alone.
func TestAdoptedNumber(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	number := phoneNumber(w, adopted)
	op := w.Start()
	untilReady(w, op, number)
	if number.Status.ID != harness.NumberID || number.Status.DisplayPhoneNumber == "" {
		t.Errorf("status: %+v", number.Status)
	}
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) { n.QualityRating = "RED" })
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionQualityHealthy, metav1.ConditionFalse, v1alpha1.ReasonLowQuality)
	if notes := eventNotes(t, w, v1alpha1.ReasonLowQuality); len(notes) != 1 {
		t.Errorf("events: %q", notes)
	}
	for what, n := range w.Sim.Stats().ByNumber[harness.NumberID] {
		t.Errorf("%s was called %d times", what, n)
	}
	w.CheckInvariants()
}

// untilReady waits for a number that needs nothing but the account's first observation.
func untilReady(w *harness.World, op *harness.Operator, number *v1alpha1.PhoneNumber) {
	w.T.Helper()
	op.Settle()
	w.Wait("the number", func() bool {
		w.Reload(number)
		return harness.Condition(number.Status.Conditions, v1alpha1.ConditionReady).Status == metav1.ConditionTrue
	})
	op.Settle()
}

// keySecretOf names a Secret made by keySecret.
func keySecretOf(w *harness.World, name string) *corev1.Secret {
	return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Name: name, Namespace: w.Namespace}}
}
