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

// TestTroubleLater: when all was well before, trouble with the account changes nothing about a template that can be sent.
func TestTroubleLater(t *testing.T) {
	t.Parallel()
	secretOf := func(w *harness.World) *corev1.Secret {
		return &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: w.Namespace, Name: "acme-meta"}}
	}
	rotate := func(w *harness.World) {
		w.Sim.AddToken(graphsim.Token{
			Name: "new", Value: newToken, AppID: harness.AppID,
			Scopes: []string{"whatsapp_business_management"}, Accounts: []string{harness.AccountID},
		})
		s := secretOf(w)
		w.Edit(s, func() { s.Data[v1alpha1.SecretKeyAccessToken] = []byte(newToken) })
	}
	well := func(w *harness.World) { w.Sim.ClearFaults() }
	for _, tc := range []struct {
		name           string
		begin, recover func(*harness.World)
		account        string
		// template is empty where the trouble isn't shown on the template: nothing is asked of Meta for it.
		template string
		within   time.Duration
	}{
		{"token revoked", func(w *harness.World) { w.Sim.RevokeToken(harness.AccessToken, 467) }, rotate,
			v1alpha1.ReasonCredentialsInvalid, v1alpha1.ReasonCredentialsInvalid, time.Minute},
		{"Secret deleted", func(w *harness.World) { w.Delete(secretOf(w)) }, func(w *harness.World) { w.Secret() },
			v1alpha1.ReasonCredentialsInvalid, v1alpha1.ReasonCredentialsInvalid, time.Minute},
		{"account taken away", func(w *harness.World) {
			w.Sim.UpdateToken(harness.AccessToken, func(k *graphsim.Token) { k.Accounts = nil })
		}, rotate,
			v1alpha1.ReasonPermissionDenied, v1alpha1.ReasonPermissionDenied, time.Minute},
		{"account locked", always(graphsim.Fault{Path: "/" + harness.AccountID, Code: 131031}), well,
			v1alpha1.ReasonAccountBlocked, v1alpha1.ReasonAccountBlocked, oneObservation},
		{"Meta answers 500", always(graphsim.Fault{Status: 500, Code: 2}), well, v1alpha1.ReasonTransientError, "", oneObservation},
		{"Meta can't be reached", always(graphsim.Fault{Cut: graphsim.BeforeCommit}), well, v1alpha1.ReasonTransientError, "", oneObservation},
		{"throttled", always(graphsim.Fault{Code: 80008, RegainMinutes: 12}), well, v1alpha1.ReasonRateLimited, "", 2 * oneObservation},
		{"an unknown error", always(graphsim.Fault{Code: 987654}), well, v1alpha1.ReasonUnknownError, "", oneObservation},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w, op, tmpl := ready(t)
			w.Sim.ResetStats()
			w.ResetAPIWrites()
			tc.begin(w)
			op.Advance(10 * time.Minute)
			waba := account(w)
			expectRefused(t, waba.Status.Conditions, tc.account)
			w.Reload(tmpl)
			if tc.template == "" {
				expect(t, tmpl.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
			} else {
				expectRefused(t, tmpl.Status.Conditions, tc.template, "WABA acme can't be used", "the last known state")
			}
			expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
			if calls := beyondObservation(w, 0); len(calls) > 0 {
				t.Errorf("calls for the template: %v", calls)
			}
			if n := len(w.Sim.Requests()); n > 10 {
				t.Errorf("%d calls for the account in ten minutes", n)
			}
			for _, kind := range []string{"wabas/status", "messagetemplates/status"} {
				if n := w.APIWrites("PATCH " + kind); n > 3 {
					t.Errorf("%d writes of %s in ten minutes", n, kind)
				}
			}
			w.CheckInvariants()
			tc.recover(w)
			op.Advance(tc.within)
			w.Reload(tmpl)
			expectReady(t, tmpl)
			waba = account(w)
			expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)
			expect(t, waba.Status.Conditions, v1alpha1.ConditionCredentialsValid, metav1.ConditionTrue, v1alpha1.ReasonValid)
			w.CheckInvariants()
		})
	}
}

// TestTokenRefusedWhileWriting: a token that is revoked between two observations shows at once on what needed it, and
// the account doesn't wait for its next observation to say so.
func TestTokenRefusedWhileWriting(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	w.Sim.RevokeToken(harness.AccessToken, 467)
	w.Edit(tmpl, func() { tmpl.Spec.Body.Text = changedBody })
	op.Settle()
	op.Advance(time.Minute)
	expectRefused(t, account(w).Status.Conditions, v1alpha1.ReasonCredentialsInvalid, "put a valid one into the account's Secret")
	w.Reload(tmpl)
	expectRefused(t, tmpl.Status.Conditions, v1alpha1.ReasonCredentialsInvalid)
	w.Sim.RestoreToken(harness.AccessToken)
	op.Observe()
	op.Observe()
	w.Reload(tmpl)
	expectReady(t, tmpl)
	live, _ := w.Sim.TemplateByName(harness.AccountID, "parcel_left", "en_US")
	if n := w.Sim.Stats().CommittedEdits[tmpl.Status.ID]; n != 1 || !strings.Contains(string(live.Components), "corner") {
		t.Errorf("%d edits, at Meta: %s", n, live.Components)
	}
	w.CheckInvariants()
}
