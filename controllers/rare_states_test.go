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

// TestRareTemplateStates: what Meta rarely says of a template is shown, too.
func TestRareTemplateStates(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	for _, c := range []struct {
		decision     graphsim.Decision
		kind, reason string
		blocking     string // the condition that says whether a person has to act
	}{
		{graphsim.Decision{CorrectCategory: "MARKETING"}, v1alpha1.ConditionCategoryAsRequested, v1alpha1.ReasonReclassificationPlanned, ""},
		{graphsim.Decision{Status: "IN_APPEAL"}, v1alpha1.ConditionReady, v1alpha1.ReasonInAppeal, v1alpha1.ConditionReconciling},
		{graphsim.Decision{Status: "ARCHIVED"}, v1alpha1.ConditionReady, v1alpha1.ReasonArchived, v1alpha1.ConditionStalled},
		{graphsim.Decision{Status: "LIMIT_EXCEEDED"}, v1alpha1.ConditionReady, v1alpha1.ReasonLimitExceeded, v1alpha1.ConditionStalled},
	} {
		if err := w.Sim.Decide(tmpl.Status.ID, c.decision); err != nil {
			t.Fatal(err)
		}
		op.Observe()
		w.Reload(tmpl)
		expect(t, tmpl.Status.Conditions, c.kind, metav1.ConditionFalse, c.reason)
		if c.blocking != "" {
			expect(t, tmpl.Status.Conditions, c.blocking, metav1.ConditionTrue, c.reason)
		}
	}
	w.CheckInvariants()
}

// TestFlaggedTemplate: only a webhook reports of it.
func TestFlaggedTemplate(t *testing.T) {
	t.Parallel()
	w, op, tmpl := ready(t)
	w.Clock.Step(time.Minute)
	writeFacts(w, tmpl, statusFact(w, "FLAGGED"))
	op.SettleRetries()
	w.Reload(tmpl)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionQualityHealthy, metav1.ConditionFalse, v1alpha1.ReasonFlagged)
	expect(t, tmpl.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonApproved)
	w.CheckInvariants()
}

// TestRareAccountStates: a token about to expire and an unapproved app don't stop the account; a missing payment method does.
func TestRareAccountStates(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Sim.UpdateToken(harness.AccessToken, func(k *graphsim.Token) { k.ExpiresAt = w.Clock.Now().Add(5 * 24 * time.Hour) })
	w.Sim.SubscribeApp(harness.AccountID, "555000111222333", "")
	w.Sim.UpdateAccount(harness.AccountID, func(a *graphsim.Account) { a.VerificationStatus = "not_verified" })
	w.Secret()
	waba := w.WABA(func(o *v1alpha1.WABA) {
		o.Spec.ApprovedApps = []v1alpha1.ApprovedApp{{ID: harness.AppID, Name: "Acme Ops"}}
	})
	op := w.Start()
	op.Settle()
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionCredentialsValid, metav1.ConditionTrue, v1alpha1.ReasonExpiringSoon)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionPolicyCompliant, metav1.ConditionFalse, v1alpha1.ReasonUnapprovedApp)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionCanSendMessages, metav1.ConditionTrue, v1alpha1.ReasonLimited)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonObserved)

	w.Sim.UpdateAccount(harness.AccountID, func(a *graphsim.Account) { a.PrimaryFundingID = "" })
	op.Advance(2 * time.Hour)
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonBlocked)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonBlocked)
	w.CheckInvariants()
}

// TestRareNumberStates: Meta limits or bans a number.
func TestRareNumberStates(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	w.WABA()
	number := &v1alpha1.PhoneNumber{
		ObjectMeta: metav1.ObjectMeta{Name: "support"},
		Spec:       v1alpha1.PhoneNumberSpec{CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}}, ID: harness.NumberID},
	}
	w.Create(number)
	op := w.Start()
	op.Settle()
	w.Sim.UpdateNumber(harness.NumberID, func(n *graphsim.Number) {
		n.Status, n.Health = "RESTRICTED", []byte(`{"can_send_message":"AVAILABLE","entities":[]}`)
	})
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonLimited)

	w.Sim.BanNumber(harness.NumberID)
	op.Observe()
	w.Reload(number)
	expect(t, number.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonBlocked)
	expect(t, number.Status.Conditions, v1alpha1.ConditionStalled, metav1.ConditionTrue, v1alpha1.ReasonBlocked)
	w.CheckInvariants()
}
