// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// existingNumber is the number of harness.NumberID by its digits.
const existingNumber = "+15550783881"

// byDigits makes a resource describe the account's registered number by its digits.
func byDigits(obj *v1alpha1.PhoneNumber) {
	adopted(obj)
	obj.Spec.ID, obj.Spec.Number = "", existingNumber
}

func about(text string) func(*v1alpha1.PhoneNumber) {
	return func(obj *v1alpha1.PhoneNumber) { obj.Spec.Profile = &v1alpha1.PhoneNumberProfile{About: ptr.To(text)} }
}

func everywhere(kinds ...string) func(*v1alpha1.WABA) {
	return func(a *v1alpha1.WABA) {
		a.Spec.AllowedReferences = []v1alpha1.AllowedReference{
			{Namespaces: v1alpha1.ReferenceNamespaces{From: v1alpha1.NamespacesFromSame}},
			{Kinds: kinds, Namespaces: v1alpha1.ReferenceNamespaces{From: v1alpha1.NamespacesFromAll}},
		}
	}
}

// guest puts a resource for the world's account into another namespace.
func guest(w *harness.World, namespace string) func(*v1alpha1.PhoneNumber) {
	return func(obj *v1alpha1.PhoneNumber) {
		obj.Name, obj.Namespace, obj.Spec.WABARef.Namespace = "guest", namespace, w.Namespace
	}
}

func deregister(obj *v1alpha1.PhoneNumber) {
	obj.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDeregister
}

// expectHarmless fails if a resource wrote anything to the number, or may when it is deleted.
func expectHarmless(t *testing.T, w *harness.World, op *harness.Operator, obj *v1alpha1.PhoneNumber, want string) {
	t.Helper()
	w.Reload(obj)
	expectRefused(t, obj.Status.Conditions, v1alpha1.ReasonConflict, "already manages this")
	if len(obj.Finalizers) > 0 || obj.Status.ID != "" {
		t.Errorf("the resource that lost has the finalizers %v and the id %q", obj.Finalizers, obj.Status.ID)
	}
	w.Delete(obj)
	op.SettleRetries()
	live, _ := w.Sim.NumberByID(harness.NumberID)
	if n := scarce(w, harness.NumberID, graphsim.OpDeregister); n != 0 || live.Status != "CONNECTED" {
		t.Errorf("%d deregistrations; the number is %s", n, live.Status)
	}
	if live.Config.Profile.About != want {
		t.Errorf("the number says %q about itself, want %q", live.Config.Profile.About, want)
	}
	w.CheckInvariants()
}

// TestNumberByIDAndByDigits: a number is one asset, whichever way a spec names it. The later resource reports the conflict, and
// neither writes to the number nor takes it off the Cloud API.
func TestNumberByIDAndByDigits(t *testing.T) {
	t.Parallel()
	for name, names := range map[string][2]func(*v1alpha1.PhoneNumber){
		"the holder by id":     {adopted, byDigits},
		"the holder by digits": {byDigits, adopted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := harness.New(t, env)
			w.Secret()
			w.WABA(everywhere("PhoneNumber"))
			op := w.Start()
			holder := phoneNumber(w, names[0], about("Open at nine"))
			op.Observe()
			w.Reload(holder)
			expect(t, holder.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)

			rival := phoneNumber(w, names[1], guest(w, env.Namespace(t)), about("Hijacked by another tenant"), deregister)
			op.Observe()
			op.SettleRetries()
			w.Reload(holder)
			expect(t, holder.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
			w.Reload(rival)
			if c := harness.Condition(rival.Status.Conditions, v1alpha1.ConditionSynced); strings.Contains(c.Message, w.Namespace) {
				t.Errorf("a stranger learns where the holder is: %s", c.Message)
			}
			expectHarmless(t, w, op, rival, "Open at nine")
		})
	}
}

// TestNumberTwiceAtOnce: no run has read the number of two resources yet. The older wins, or else the first by name, and it is
// the only one that writes.
func TestNumberTwiceAtOnce(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	first := phoneNumber(w, adopted, about("Open at nine"), func(o *v1alpha1.PhoneNumber) { o.Name = "a" })
	second := phoneNumber(w, byDigits, about("Open at ten"), deregister, func(o *v1alpha1.PhoneNumber) { o.Name = "b" })
	op := w.Start()
	op.Observe()
	op.SettleRetries()
	w.Reload(first)
	expect(t, first.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	expectHarmless(t, w, op, second, "Open at nine")
}

// TestNumberOfAnotherIsNoWayToItsMessages: a subscription that names a PhoneNumber in conflict can't set that number's override.
func TestNumberOfAnotherIsNoWayToItsMessages(t *testing.T) {
	t.Parallel()
	w := newWebhookWorld(t)
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: "acme", Namespace: w.Namespace}}
	w.Reload(waba)
	w.Edit(waba, func() { everywhere("PhoneNumber", "WebhookSubscription")(waba) })
	phoneNumber(w.World, adopted)
	entry := func(name, url, secret string) []v1alpha1.PhoneNumberWebhookOverride {
		return []v1alpha1.PhoneNumberWebhookOverride{{
			PhoneNumberRef:  v1alpha1.PhoneNumberReference{Name: name},
			WebhookOverride: v1alpha1.WebhookOverride{CallbackURL: url, VerifyTokenSecretRef: tokenOf(secret)},
		}}
	}
	holder := w.subscription(func(o *v1alpha1.WebhookSubscription) {
		o.Spec.App, o.Spec.Messages, o.Spec.PhoneNumbers = nil, nil, entry("support", botURL, "bot")
	})
	w.Sim.SetAppCallback(harness.AppID, receiverURL, "messages")
	op := w.start()
	finish(op)
	w.expectReady(t, holder)

	namespace := env.Namespace(t)
	phoneNumber(w.World, byDigits, guest(w.World, namespace))
	w.Create(&corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Name: "else", Namespace: namespace, Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeVerifyToken}},
		Data:       map[string][]byte{"else": []byte(w.services.tokens[elseHost])},
	})
	intruder := w.subscription(func(o *v1alpha1.WebhookSubscription) {
		o.Name, o.Namespace, o.Spec.WABARef.Namespace = "intruder", namespace, w.Namespace
		o.Spec.App, o.Spec.Messages, o.Spec.PhoneNumbers = nil, nil, entry("guest", elseURL, "else")
		o.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete
	})
	w.Sim.ResetStats()
	for range 4 {
		op.Observe()
		finish(op)
		if live, _ := w.Sim.NumberByID(harness.NumberID); live.CallbackURL != botURL {
			t.Fatalf("messages go to %s", live.CallbackURL)
		}
	}
	w.Reload(intruder)
	if c := harness.Condition(intruder.Status.Conditions, v1alpha1.ConditionSynced); c.Status == metav1.ConditionTrue {
		t.Errorf("the intruder's subscription is Synced: %s", c.Message)
	}
	w.Delete(intruder)
	finish(op)
	if n := w.Sim.Stats().ByNumber[harness.NumberID][graphsim.OpUpdateNumber]; n != 0 {
		t.Errorf("%d writes to the number", n)
	}
	w.expectReady(t, holder)
}

// TestFormerHolderGivesWay: who once managed an account and has not been able to for an hour keeps its owner out no longer.
func TestFormerHolderGivesWay(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*harness.World, *corev1.Secret, *v1alpha1.WABA){
		"without access": func(w *harness.World, _ *corev1.Secret, _ *v1alpha1.WABA) {
			w.Sim.AddToken(graphsim.Token{Name: "agency", Value: foreignToken, AppID: foreignApp, Scopes: []string{"whatsapp_business_management"}})
		},
		"without a valid token": func(w *harness.World, s *corev1.Secret, _ *v1alpha1.WABA) {
			w.Edit(s, func() {
				s.Data = map[string][]byte{v1alpha1.SecretKeyAccessToken: []byte("EAAGrevokedLongAgo0000000000000")}
			})
		},
		"paused": func(w *harness.World, _ *corev1.Secret, a *v1alpha1.WABA) {
			w.Edit(a, func() { a.Spec.ManagementPolicy = v1alpha1.ManagementPolicyPaused })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := withForeigner(t)
			w.Sim.AddToken(graphsim.Token{
				Name: "agency", Value: foreignToken, AppID: foreignApp,
				Scopes: []string{"whatsapp_business_management"}, Accounts: []string{harness.AccountID},
			})
			secret := token(foreignToken)
			op := w.Start()
			agency, _ := intrude(w, "agency-", secret, func(*v1alpha1.WABA) {})
			op.Observe()
			w.Reload(agency)
			expect(t, agency.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
			change(w, secret, agency)
			op.Observe()
			op.Advance(10 * time.Minute)

			w.Secret()
			owner, tmpl := w.WABA(), w.CreateTemplate("parcel_of_the_owner")
			op.Advance(20 * time.Minute)
			w.Reload(owner)
			expectRefused(t, owner.Status.Conditions, v1alpha1.ReasonConflict)
			op.Advance(90 * time.Minute)
			w.Reload(owner)
			expect(t, owner.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
			w.Reload(tmpl)
			expectReady(t, tmpl)

			// Who comes back is too late: there is one holder, not two in turns.
			w.Reload(agency)
			w.Edit(agency, func() { agency.Spec.ManagementPolicy = "" })
			w.Sim.AddToken(graphsim.Token{
				Name: "agency", Value: foreignToken, AppID: foreignApp,
				Scopes: []string{"whatsapp_business_management"}, Accounts: []string{harness.AccountID},
			})
			w.Reload(secret)
			w.Edit(secret, func() { secret.Data = map[string][]byte{v1alpha1.SecretKeyAccessToken: []byte(foreignToken)} })
			for range 6 {
				op.Advance(30 * time.Minute)
				w.Reload(agency)
				expectRefused(t, agency.Status.Conditions, v1alpha1.ReasonConflict, "already manages this; delete one of the two")
				w.Reload(owner)
				expect(t, owner.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
			}
			w.CheckInvariants()
		})
	}
}
