// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/rand"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const (
	otherAccount = "222222222222222"
	foreignApp   = "777777777777777"
	foreignToken = "EAAGforeignTokenOfAnotherTenant99"
)

// intrude puts a WABA resource with the victim's account id, and a template of the victim's name, into another namespace.
// prefix decides whose resource counts as older when both were created in the same second.
func intrude(w *harness.World, prefix string, secret *corev1.Secret, change func(*v1alpha1.WABA)) (*v1alpha1.WABA, *v1alpha1.MessageTemplate) {
	w.T.Helper()
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: prefix + rand.String(10)}}
	if err := w.Client.Create(context.Background(), ns); err != nil {
		w.T.Fatal(err)
	}
	if secret != nil {
		secret.Name, secret.Namespace = "acme-meta", ns.Name
		secret.Labels = map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount}
		w.Create(secret)
	}
	waba := w.WABA(func(a *v1alpha1.WABA) { a.Namespace = ns.Name }, change)
	tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) {
		m.Namespace, m.Spec.DeletionPolicy = ns.Name, v1alpha1.DeletionPolicyDelete
		m.Spec.AdoptionPolicy, m.Spec.Body.Text = v1alpha1.AdoptionPolicyAlways, changedBody
	})
	return waba, tmpl
}

func token(value string) *corev1.Secret {
	return &corev1.Secret{StringData: map[string]string{v1alpha1.SecretKeyAccessToken: value}}
}

// TestSecondResourceForAnAccount: another tenant's resource with the same account id can neither use the victim's token nor keep
// the victim from working, whichever was first.
func TestSecondResourceForAnAccount(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		secret func() *corev1.Secret
		change func(*v1alpha1.WABA)
	}{
		{"foreign token", func() *corev1.Secret { return token(foreignToken) }, nil},
		{"invented token", func() *corev1.Secret { return token("EAAGnobodyKnowsThisToken000000000") }, nil},
		{"invented Secret", func() *corev1.Secret { return nil }, nil},
		{"impossible token", func() *corev1.Secret { return token("two words") }, nil},
		{"paused", func() *corev1.Secret { return token(foreignToken) }, func(a *v1alpha1.WABA) {
			a.Spec.ManagementPolicy = v1alpha1.ManagementPolicyPaused
		}},
	} {
		for _, first := range []bool{true, false} {
			t.Run(tc.name+map[bool]string{true: ", first", false: ", later"}[first], func(t *testing.T) {
				t.Parallel()
				w := withForeigner(t)
				op := w.Start()
				var intruder *v1alpha1.WABA
				var its *v1alpha1.MessageTemplate
				change := tc.change
				if change == nil {
					change = func(*v1alpha1.WABA) {}
				}
				if first {
					intruder, its = intrude(w, "a-", tc.secret(), change)
					op.Observe()
				}
				w.Secret()
				victim, tmpl := w.WABA(), w.CreateTemplate("parcel_left")
				op.Observe()
				if !first {
					intruder, its = intrude(w, "z-", tc.secret(), change)
					op.Observe()
				}
				op.Observe()
				expectVictim(t, w, op, victim, tmpl)
				expectIntruder(t, w, op, intruder, its)
				w.CheckInvariants()
			})
		}
	}
}

// withForeigner returns a world in which another tenant has an app, a token and an account of its own.
func withForeigner(t *testing.T) *harness.World {
	t.Helper()
	w := harness.New(t, env)
	w.Sim.AddApp(graphsim.App{ID: foreignApp, Name: "Foreign", Secret: "simulated-secret-of-the-other-app"})
	w.Sim.AddAccount(graphsim.Account{ID: otherAccount, Name: "Other"})
	w.Sim.AddToken(graphsim.Token{
		Name: "foreign", Value: foreignToken, AppID: foreignApp,
		Scopes: []string{"whatsapp_business_management"}, Accounts: []string{otherAccount},
	})
	return w
}

func expectVictim(t *testing.T, w *harness.World, op *harness.Operator, waba *v1alpha1.WABA, tmpl *v1alpha1.MessageTemplate) {
	t.Helper()
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
	w.Reload(tmpl)
	expectReady(t, tmpl)
	next := w.CreateTemplate("parcel_waits")
	op.Settle()
	w.Reload(next)
	expect(t, next.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
}

func expectIntruder(t *testing.T, w *harness.World, op *harness.Operator, waba *v1alpha1.WABA, tmpl *v1alpha1.MessageTemplate) {
	t.Helper()
	w.Reload(waba)
	if c := harness.Condition(waba.Status.Conditions, v1alpha1.ConditionReady); c.Status != metav1.ConditionFalse {
		t.Errorf("intruder: Ready is %s/%s", c.Status, c.Reason)
	}
	if waba.Spec.ManagementPolicy != v1alpha1.ManagementPolicyPaused {
		expectRefused(t, waba.Status.Conditions, v1alpha1.ReasonConflict, "already manages this; delete one of the two")
	}
	for _, c := range waba.Status.Conditions {
		if strings.Contains(c.Message, w.Namespace) {
			t.Errorf("the intruder learns where the victim is: %s", c.Message)
		}
	}
	if waba.Status.Name != "" || waba.Status.ID != "" {
		t.Errorf("the intruder sees the victim's account: %+v", waba.Status)
	}
	w.Reload(tmpl)
	if c := harness.Condition(tmpl.Status.Conditions, v1alpha1.ConditionSynced); c.Status == metav1.ConditionTrue || tmpl.Status.ID != "" {
		t.Errorf("the intruder's template: %+v", tmpl.Status)
	}
	w.Delete(tmpl)
	op.Settle()
	if live, there := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "en_US"); !there || strings.Contains(string(live.Components), "corner") {
		t.Errorf("the victim's template at Meta: %v %s", there, live.Components)
	}
	for _, r := range w.Sim.Requests() {
		switch {
		case r.TokenID == "good" && strings.Contains(string(r.Body), "corner"):
			t.Errorf("the victim's token was used for the intruder: %s %s", r.Method, r.Path)
		case r.TokenID != "good" && r.Code == 0 && r.Account == harness.AccountID:
			t.Errorf("a foreign token reached the account: %s %s as %s", r.Method, r.Path, r.TokenID)
		case r.TokenID != "good" && r.Method != http.MethodGet && r.Op != graphsim.OpBatch:
			t.Errorf("a write with a foreign token: %s %s", r.Method, r.Path)
		}
	}
}

// TestForeignThrottlingDoesNotSpread: limits that Meta sets on another tenant's token don't limit the account.
func TestForeignThrottlingDoesNotSpread(t *testing.T) {
	t.Parallel()
	w := withForeigner(t)
	remove := w.Sim.Fail(graphsim.Fault{Path: "/" + harness.AccountID, Times: -1, Code: 17, RegainMinutes: 60})
	op := w.Start()
	intruder, its := intrude(w, "a-", token(foreignToken), func(*v1alpha1.WABA) {})
	op.Settle()
	w.Reload(intruder)
	expectRefused(t, intruder.Status.Conditions, v1alpha1.ReasonRateLimited)
	remove()
	w.Secret()
	victim, tmpl := w.WABA(), w.CreateTemplate("parcel_left")
	op.Observe()
	expectVictim(t, w, op, victim, tmpl)
	expectIntruder(t, w, op, intruder, its)
}

// forge writes a status as a client with more rights than any tenant should have.
func forge(w *harness.World, obj client.Object, status map[string]any) {
	w.T.Helper()
	raw, err := json.Marshal(map[string]any{"status": status})
	if err == nil {
		err = w.Client.Status().Patch(context.Background(), obj, client.RawPatch(types.MergePatchType, raw))
	}
	if err != nil {
		w.T.Fatal(err)
	}
}

// withSecondAccount returns a world whose token reaches a second account, with a template of the same name there.
func withSecondAccount(t *testing.T) (w *harness.World, foreignID string) {
	t.Helper()
	w = harness.New(t, env)
	w.Sim.AddAccount(graphsim.Account{ID: otherAccount, Name: "Other"})
	w.Sim.UpdateToken(harness.AccessToken, func(k *graphsim.Token) { k.Accounts = append(k.Accounts, otherAccount) })
	foreignID = w.Sim.AddTemplate(otherAccount, graphsim.Template{Name: "parcel_left", Components: json.RawMessage(
		`[{"type":"BODY","text":"This one belongs to another tenant and must stay as it is today."}]`)})
	w.Secret()
	return w, foreignID
}

// expectUntouched fails if anything of the second account was called.
func expectUntouched(t *testing.T, w *harness.World, foreignID string) {
	t.Helper()
	for _, r := range w.Sim.Requests() {
		if r.Account == otherAccount || strings.Contains(r.Path+r.RawQuery+string(r.Body), foreignID) {
			t.Errorf("the other account was called: %s %s?%s", r.Method, r.Path, r.RawQuery)
		}
	}
	if live, there := w.Sim.TemplateByName(otherAccount, "parcel_left", "en_US"); !there || !strings.Contains(string(live.Components), "another tenant") {
		t.Errorf("the other account's template: %v %s", there, live.Components)
	}
}

// TestForgedTemplateID: an id in the status is never a way to another tenant's template.
func TestForgedTemplateID(t *testing.T) {
	t.Parallel()
	for _, exists := range []bool{true, false} {
		t.Run(map[bool]string{true: "own template exists", false: "own template doesn't exist"}[exists], func(t *testing.T) {
			t.Parallel()
			w, foreignID := withSecondAccount(t)
			own := ""
			if exists {
				own = seed(w, "parcel_left", "en_US", harness.Template("parcel_left").Spec.Body.Text)
			}
			w.WABA()
			tmpl := w.CreateTemplate("parcel_left", func(m *v1alpha1.MessageTemplate) {
				m.Spec.DeletionPolicy, m.Spec.DriftPolicy = v1alpha1.DeletionPolicyDelete, v1alpha1.DriftPolicyRepair
			})
			forge(w, tmpl, map[string]any{
				"id": foreignID, "accountID": harness.AccountID, "observedGeneration": 1,
				"baseline": map[string]any{"version": 1, "specHash": "forged", "fields": map[string]string{"body.text": "forged"}},
			})
			op := w.Start()
			for range 5 {
				op.Observe()
			}
			w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
			op.Observe()
			w.Reload(tmpl)
			if tmpl.Status.ID == foreignID || tmpl.Status.ID == "" || exists && tmpl.Status.ID != own {
				t.Errorf("id %s, foreign %s, own %s", tmpl.Status.ID, foreignID, own)
			}
			forge(w, tmpl, map[string]any{"id": foreignID})
			w.Delete(tmpl)
			op.Observe()
			if w.Reload(tmpl) {
				t.Errorf("not let go: %+v", tmpl.Status.Conditions)
			}
			expectUntouched(t, w, foreignID)
			w.CheckInvariants()
		})
	}
}

// TestForgedAccountID: a status that belongs to another account stops everything until a person confirms.
func TestForgedAccountID(t *testing.T) {
	t.Parallel()
	w, foreignID := withSecondAccount(t)
	w.WABA()
	tmpl := w.CreateTemplate("parcel_left")
	forge(w, tmpl, map[string]any{"accountID": otherAccount, "id": foreignID})
	op := w.Start()
	op.Observe()
	if calls := beyondObservation(w, 0); len(calls) > 0 {
		t.Errorf("calls: %v", calls)
	}
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonAccountChanged,
		"belongs to account "+otherAccount, "leads to account "+harness.AccountID, v1alpha1.AnnotationAcceptAccount+"="+harness.AccountID)
	w.Annotate(tmpl, v1alpha1.AnnotationAcceptAccount, otherAccount) // the wrong one accepts nothing
	op.Settle()
	if calls := beyondObservation(w, 0); len(calls) > 0 {
		t.Errorf("calls: %v", calls)
	}
	w.Annotate(tmpl, v1alpha1.AnnotationAcceptAccount, harness.AccountID)
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	expectUntouched(t, w, foreignID)
	w.CheckInvariants()
}

// TestOwnNamespaceIsNoOtherReference: writing the own namespace out, or leaving it out again, changes nothing. A namespace that leads to
// another account is refused as any other change of the account.
func TestOwnNamespaceIsNoOtherReference(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	other := env.Namespace(t)
	calls := len(w.Sim.Requests())
	w.Edit(tmpl, func() { tmpl.Spec.WABARef.Namespace = w.Namespace })
	op.Settle()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	w.Edit(tmpl, func() { tmpl.Spec.WABARef.Namespace = "" })
	op.Settle()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	for _, call := range w.Sim.Requests()[calls:] {
		if call.Method != http.MethodGet {
			t.Errorf("%s %s", call.Method, call.Path)
		}
	}
	w.Edit(tmpl, func() { tmpl.Spec.WABARef.Namespace = other })
	op.Settle()
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonAccountNotReady, "doesn't exist")
	w.CheckInvariants()
}

// TestForgedAccountIDOfAccount: likewise for the account's own resource.
func TestForgedAccountIDOfAccount(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	op.Stop()
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "acme"}}
	w.Reload(waba)
	forge(w, waba, map[string]any{"accountID": otherAccount})
	silent(t, w, "forged", func() {
		op = w.Start()
		w.Edit(tmpl, func() { tmpl.Spec.Footer.Text = "Acme Ltd" })
		op.Observe()
		w.Reload(waba)
		expectRefused(t, waba.Status.Conditions, v1alpha1.ReasonAccountChanged, otherAccount, v1alpha1.AnnotationAcceptAccount+"="+harness.AccountID)
		w.Reload(tmpl)
		expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonAccountNotReady, "WABA acme can't be used (AccountChanged)")
	})
	w.Annotate(waba, v1alpha1.AnnotationAcceptAccount, harness.AccountID)
	op.Observe()
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
	w.Reload(tmpl)
	expectReady(t, tmpl)
	w.CheckInvariants()
}

// TestAccountRecreatedWithAnotherID: a name that suddenly leads to another account isn't followed without consent, and
// then starts afresh there.
func TestAccountRecreatedWithAnotherID(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	w.Sim.AddAccount(graphsim.Account{ID: otherAccount, Name: "Other"})
	w.Sim.UpdateToken(harness.AccessToken, func(k *graphsim.Token) { k.Accounts = append(k.Accounts, otherAccount) })
	old := tmpl.Status.ID
	waba := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "acme"}}
	w.Delete(waba)
	op.Settle()
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonAccountNotReady, "WABA acme doesn't exist")

	n := len(w.Sim.Requests())
	w.WABA(func(a *v1alpha1.WABA) { a.Spec.ID = otherAccount })
	op.Observe()
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonAccountChanged,
		"belongs to account "+harness.AccountID, "leads to account "+otherAccount, v1alpha1.AnnotationAcceptAccount+"="+otherAccount)
	if calls := beyondObservation(w, n); len(calls) > 0 || tmpl.Status.ID != old {
		t.Errorf("id %s, calls %v", tmpl.Status.ID, calls)
	}
	w.Annotate(tmpl, v1alpha1.AnnotationAcceptAccount, otherAccount)
	op.Observe()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	if tmpl.Status.ID == old || tmpl.Status.AccountID != otherAccount {
		t.Errorf("id %s in %s", tmpl.Status.ID, tmpl.Status.AccountID)
	}
	for _, r := range w.Sim.Requests()[n:] {
		if strings.Contains(r.Path, old) || r.Account == harness.AccountID {
			t.Errorf("the old account is still called: %s %s", r.Method, r.Path)
		}
	}
	w.CheckInvariants()
}
