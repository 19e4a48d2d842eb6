// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// unregistered is the id of a number whose ownership is proven and that isn't on the Cloud API; its PIN is goodPIN.
const unregistered = "106540352249999"

// wrongPIN returns a world with a number that Meta didn't register, because the PIN in the Secret is wrong.
func wrongPIN(t *testing.T) (*harness.World, *harness.Operator, *v1alpha1.PhoneNumber) {
	t.Helper()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	w.Sim.AddNumber(harness.AccountID, graphsim.Number{
		ID:                 unregistered,
		DisplayPhoneNumber: "+49 170 1234567", CodeVerificationStatus: "VERIFIED", PlatformType: "NOT_APPLICABLE", Status: "DISCONNECTED",
		NameStatus: "APPROVED", VerifiedName: "Acme Support", NumberSecrets: graphsim.NumberSecrets{PIN: goodPIN},
	})
	keySecret(w, "pin", v1alpha1.SecretPurposePIN, "000000")
	op := w.Start()
	number := phoneNumber(w)
	op.Settle()
	op.Advance(20 * time.Minute)
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonActionRequired)
	expectCalls(t, w, unregistered, graphsim.OpRegister, 1)
	return w, op, number
}

func expectCalls(t *testing.T, w *harness.World, number, op string, want int) {
	t.Helper()
	if n := scarce(w, number, op); n != want {
		t.Fatalf("%s: %d calls, want %d", op, n, want)
	}
}

// writtenBefore makes a Secret one that was written an hour ago: managed fields have whole seconds, and tests are faster.
func writtenBefore(w *harness.World, s *corev1.Secret) {
	w.T.Helper()
	w.Edit(s, func() {
		for i := range s.ManagedFields {
			s.ManagedFields[i].Time = &metav1.Time{Time: s.ManagedFields[i].Time.Add(-time.Hour)}
		}
	})
}

// touch changes an annotation of a Secret, as tools do that know nothing of its content.
func touch(w *harness.World, name string, n int) {
	w.T.Helper()
	patch := fmt.Appendf(nil, `{"metadata":{"annotations":{"tools.example/synced":"%d"}}}`, n)
	err := w.Client.Patch(context.Background(), keySecretOf(w, name), client.RawPatch(types.MergePatchType, patch), client.FieldOwner("tool"))
	if err != nil {
		w.T.Fatal(err)
	}
}

// unmanaged takes the managed fields off a Secret, as some tools do: when its content was written isn't known then.
func unmanaged(w *harness.World, name string) {
	w.T.Helper()
	err := w.Client.Patch(context.Background(), keySecretOf(w, name),
		client.RawPatch(types.JSONPatchType, []byte(`[{"op":"replace","path":"/metadata/managedFields","value":[{}]}]`)))
	if err != nil {
		w.T.Fatal(err)
	}
}

// touched changes an annotation of a Secret ten times, and lets the operator read it each time, perhaps in another process.
func touched(w *harness.World, op *harness.Operator, name string, restart bool, start func() *harness.Operator) *harness.Operator {
	w.T.Helper()
	for i := range 10 {
		if restart {
			op.Stop()
		}
		touch(w, name, i)
		if restart {
			op = start()
		}
		op.Advance(12 * time.Minute)
	}
	return op
}

// eachProcess runs a test within one process of the operator, and with a restart at each step.
func eachProcess(t *testing.T, test func(t *testing.T, restart bool)) {
	t.Helper()
	t.Parallel()
	for name, restart := range map[string]bool{"one process": false, "restarts": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, restart)
		})
	}
}

// change writes another content into a Secret, perhaps while the operator isn't there.
func change(w *harness.World, op *harness.Operator, name, value string, restart bool, start func() *harness.Operator) *harness.Operator {
	w.T.Helper()
	if restart {
		op.Stop()
	}
	s := keySecretOf(w, name)
	w.Reload(s)
	w.Wait("another second: the managed fields don't distinguish writes within one", func() bool {
		return !slices.ContainsFunc(s.ManagedFields, func(f metav1.ManagedFieldsEntry) bool { return f.Time != nil && f.Time.Unix() >= time.Now().Unix() })
	})
	w.Edit(s, func() { s.Data[name] = []byte(value) })
	if restart {
		op = start()
	}
	op.Advance(12 * time.Minute)
	return op
}

// TestAnnotatedPIN: whichever client touches a Secret with a wrong PIN, the PIN isn't given to Meta again; another PIN is.
func TestAnnotatedPIN(t *testing.T) {
	eachProcess(t, func(t *testing.T, restart bool) {
		t.Helper()
		w, op, number := wrongPIN(t)
		start := func() *harness.Operator { return w.Start() }
		op = touched(w, op, "pin", restart, start)
		expectCalls(t, w, unregistered, graphsim.OpRegister, 1)
		op = change(w, op, "pin", goodPIN, restart, start)
		op.Observe()
		w.Reload(number)
		expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
		expectCalls(t, w, unregistered, graphsim.OpRegister, 2)
		w.CheckInvariants()
	})
}

// TestRefusedPINAgain: the same wrong PIN is given again only to who asks, once each time.
func TestRefusedPINAgain(t *testing.T) {
	t.Parallel()
	w, op, number := wrongPIN(t)
	for i, want := range []int{2, 3} {
		w.Annotate(number, v1alpha1.AnnotationRequestedAt, fmt.Sprint(i))
		op.Advance(time.Hour)
		op.Stop()
		op = w.Start()
		op.Advance(time.Hour)
		expectCalls(t, w, unregistered, graphsim.OpRegister, want)
	}
	w.Edit(number, func() { number.Spec.Registration.DataLocalizationRegion = "DE" }) // that is no other PIN
	op.Advance(time.Hour)
	expectCalls(t, w, unregistered, graphsim.OpRegister, 3)
	w.CheckInvariants()
}

// TestPINOfUnknownAge: the operator can't know whether the content of the Secret changed while it wasn't running. A refused PIN
// isn't given again then; once the content does change, it is.
func TestPINOfUnknownAge(t *testing.T) {
	t.Parallel()
	w, op, number := wrongPIN(t)
	op.Stop()
	unmanaged(w, "pin")
	op = w.Start()
	op.Advance(time.Hour)
	expectCalls(t, w, unregistered, graphsim.OpRegister, 1)
	s := keySecretOf(w, "pin")
	w.Edit(s, func() { s.Data["pin"] = []byte(goodPIN) })
	unmanaged(w, "pin")
	op.Advance(12 * time.Minute)
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
	expectCalls(t, w, unregistered, graphsim.OpRegister, 2)
	w.CheckInvariants()
}

// TestPINOfAnotherObject: a Secret that is deleted and made anew, and one that two numbers share, bring no PIN twice.
func TestPINOfAnotherObject(t *testing.T) {
	t.Parallel()
	w, op, _ := wrongPIN(t)
	for range 3 {
		w.Delete(keySecretOf(w, "pin"))
		keySecret(w, "pin", v1alpha1.SecretPurposePIN, "000000")
		op.Advance(time.Hour)
	}
	expectCalls(t, w, unregistered, graphsim.OpRegister, 1)

	w.Sim.SetPINInManager(harness.NumberID, goodPIN)
	op.Observe()
	second := phoneNumber(w, adopted, withPIN, func(o *v1alpha1.PhoneNumber) { o.Name = "second" })
	op.Advance(time.Hour)
	touch(w, "pin", 1)
	op.Advance(time.Hour)
	w.Reload(second)
	expectCalls(t, w, harness.NumberID, graphsim.OpSetPIN, 0)
	expectCalls(t, w, unregistered, graphsim.OpRegister, 1)
	s := keySecretOf(w, "pin")
	w.Edit(s, func() { s.Data["pin"] = []byte(goodPIN) })
	op.Advance(time.Hour)
	expectCalls(t, w, harness.NumberID, graphsim.OpSetPIN, 1)
	expectCalls(t, w, unregistered, graphsim.OpRegister, 2)
	w.CheckInvariants()
}

// TestRewrittenPIN: a tool that writes content and annotations under one name leaves no trace of which of both it changed. Over
// restarts the same wrong PIN is then tried once more, and once a day at most.
func TestRewrittenPIN(t *testing.T) {
	t.Parallel()
	w, op, _ := wrongPIN(t)
	s := keySecretOf(w, "pin")
	for i := range 10 {
		op.Stop()
		w.Edit(s, func() { metav1.SetMetaDataAnnotation(&s.ObjectMeta, "tools.example/synced", fmt.Sprint(i)) })
		w.Edit(s, func() { // in reality these are hours apart
			for j := range s.ManagedFields {
				s.ManagedFields[j].Time = &metav1.Time{Time: s.ManagedFields[j].Time.Add(time.Duration(i) * time.Minute)}
			}
		})
		op = w.Start()
		op.Advance(12 * time.Minute)
	}
	expectCalls(t, w, unregistered, graphsim.OpRegister, 2)
	w.CheckInvariants()
}

// TestAnnotatedPINOfRegistered: a PIN that is set isn't set again; another one is.
func TestAnnotatedPINOfRegistered(t *testing.T) {
	eachProcess(t, func(t *testing.T, restart bool) {
		t.Helper()
		w, op, number := connected(t, withPIN)
		start := func() *harness.Operator { return w.Start() }
		op = touched(w, op, "pin", restart, start)
		expectCalls(t, w, harness.NumberID, graphsim.OpSetPIN, 0)
		op = change(w, op, "pin", "314159", restart, start)
		expectCalls(t, w, harness.NumberID, graphsim.OpSetPIN, 1)
		touched(w, op, "pin", restart, start)
		expectCalls(t, w, harness.NumberID, graphsim.OpSetPIN, 1)
		w.Reload(number)
		expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
		w.CheckInvariants()
	})
}

// TestRefusedSetPIN: a PIN that Meta doesn't take for a registered number isn't given again until it changes, or a person asks.
func TestRefusedSetPIN(t *testing.T) {
	eachProcess(t, func(t *testing.T, restart bool) {
		t.Helper()
		w, op, number := connected(t, withPIN)
		start := func() *harness.Operator { return w.Start() }
		w.Sim.Fail(graphsim.Fault{Method: http.MethodPost, Path: "/" + harness.NumberID, Times: -1, Code: 100})
		op = change(w, op, "pin", "111111", restart, start)
		expectCalls(t, w, harness.NumberID, graphsim.OpSetPIN, 1)
		op = touched(w, op, "pin", restart, start)
		op.AdvanceRoughly(72*time.Hour, 4*time.Hour)
		expectCalls(t, w, harness.NumberID, graphsim.OpSetPIN, 1)
		w.Annotate(number, v1alpha1.AnnotationRequestedAt, "now")
		op.Advance(12 * time.Minute)
		expectCalls(t, w, harness.NumberID, graphsim.OpSetPIN, 2)
		w.Sim.ClearFaults()
		change(w, op, "pin", "314159", restart, start)
		expectCalls(t, w, harness.NumberID, graphsim.OpSetPIN, 3)
		w.Reload(number)
		expect(t, number.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
		w.CheckInvariants()
	})
}

// TestAnnotatedCode: a code is given to Meta once, and the right one afterwards.
func TestAnnotatedCode(t *testing.T) {
	eachProcess(t, func(t *testing.T, restart bool) {
		t.Helper()
		w, op, number := onboarding(t)
		id := number.Status.ID
		start := func() *harness.Operator { return w.Start() }
		keySecret(w, "code", v1alpha1.SecretPurposeCode, "000000")
		op.Advance(time.Minute)
		op = touched(w, op, "code", restart, start)
		expectCalls(t, w, id, graphsim.OpVerifyCode, 1)
		w.Annotate(number, v1alpha1.AnnotationRequestCode, "again")
		op = touched(w, op, "code", restart, start)
		expectCalls(t, w, id, graphsim.OpVerifyCode, 1)
		w.Annotate(number, v1alpha1.AnnotationRequestCode, "once more") // the last one has expired
		op.Settle()
		sent, _ := w.Sim.SentCode(id)
		op = change(w, op, "code", sent.Code, restart, start)
		op.Observe()
		w.Reload(number)
		expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonRegistered)
		expectCalls(t, w, id, graphsim.OpVerifyCode, 2)
		w.CheckInvariants()
	})
}

// TestAnnotatedVerifyToken: no address is set again for an annotation; with another token it is.
func TestAnnotatedVerifyToken(t *testing.T) {
	eachProcess(t, func(t *testing.T, restart bool) {
		t.Helper()
		w := newWebhookWorld(t)
		op := w.start()
		obj := w.subscription()
		op.Settle()
		op.Observe()
		w.expectReady(t, obj)
		before := fmt.Sprint(w.writesAbout())
		start := func() *harness.Operator { return w.start() }
		for _, name := range []string{"operator", "bot"} {
			op = touched(w.World, op, name, restart, start)
		}
		if now := fmt.Sprint(w.writesAbout()); now != before {
			t.Fatalf("writes: %s, before the annotations %s", now, before)
		}
		calls := w.writesAbout()[graphsim.OpSetSubscription]
		w.services.expect(operatorHost, "another-token")
		change(w.World, op, "operator", "another-token", restart, start)
		if n := w.writesAbout()[graphsim.OpSetSubscription]; n != calls+1 {
			t.Errorf("the address was set %d times for another token, want once", n-calls)
		}
		w.expectReady(t, obj)
	})
}

// TestAnnotatedCredentials: an annotation of the account's Secret costs no call; another token is used at once.
func TestAnnotatedCredentials(t *testing.T) {
	eachProcess(t, func(t *testing.T, restart bool) {
		t.Helper()
		w := harness.New(t, env)
		secret := w.Secret()
		writtenBefore(w, secret)
		// Seldom enough that only the Secret could bring a call.
		w.WABA(func(a *v1alpha1.WABA) { a.Spec.ObservationIntervalSeconds = new(int32(24 * 3600)) })
		w.CreateTemplate("order_confirmation")
		op := w.Start()
		op.Settle()
		op.Advance(12 * time.Minute)
		start := func() *harness.Operator { return w.Start() }
		before := len(w.Sim.Requests())
		op = touched(w, op, secret.Name, restart, start)
		if n := len(w.Sim.Requests()) - before; n > 0 {
			t.Fatalf("%d calls after ten annotations", n)
		}
		w.Sim.AddToken(graphsim.Token{
			Name: "next", Value: "EAAGnextToken", AppID: harness.AppID,
			Scopes: []string{"whatsapp_business_management", "whatsapp_business_messaging"}, Accounts: []string{harness.AccountID},
		})
		if restart {
			op.Stop()
		}
		w.Edit(secret, func() { secret.Data[v1alpha1.SecretKeyAccessToken] = []byte("EAAGnextToken") })
		if restart {
			op = start()
			op.Advance(12 * time.Minute)
		}
		op.AdvanceRoughly(27*time.Hour, time.Hour)
		if len(w.Sim.Requests()) == before {
			t.Error("the new token wasn't used")
		}
		w.CheckInvariants()
	})
}
