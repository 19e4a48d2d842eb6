// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/account"
)

// TestUnitCreateQuotaOfTheHolder: another tenant's resource with the account's id neither seeds the hour nor shows the owner's.
func TestUnitCreateQuotaOfTheHolder(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
	sessions := account.NewManager(account.Options{Clock: clk, BaseURL: "http://localhost"})
	r := &accounts{Base: &lifecycle.Base{Creates: lifecycle.NewCreateQuota(clk, 3), Clock: clk}}
	session := func(uid string) *account.Session {
		s, err := sessions.Ensure(account.Ref{UID: uid, AccountID: "1"}, account.Credentials{AccessToken: "EAAG" + uid}, "v25.0")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	owner := &accountRun{Object: &v1alpha1.WABA{Spec: v1alpha1.WABASpec{ID: "1"}}, Session: session("a")}
	owner.Object.Status.AccountID = "1"
	owner.Object.Status.Operator.TemplateCreates = []v1alpha1.CreateWindow{window(lifecycletest.Start.Add(-10*time.Minute), 3)}
	owner.Before = owner.Object.DeepCopy()
	stranger := &accountRun{Object: &v1alpha1.WABA{Spec: v1alpha1.WABASpec{ID: "1"}}, Before: &v1alpha1.WABA{}}
	r.limits(stranger) // in conflict: without a session
	stranger.Session = session("b")
	r.limits(stranger) // before any resource has observed the account
	if wait := r.Creates.Reserve("1", owner.Object.Status.Operator.TemplateCreates); wait == 0 {
		t.Error("after a restart the stranger was first, and the owner's hour is lost")
	}
	r.limits(stranger)
	if got := stranger.Object.Status.Operator.TemplateCreates; len(got) > 0 {
		t.Errorf("the stranger is shown %+v", got)
	}
	r.limits(owner)
	if got := owner.Object.Status.Operator.TemplateCreates; len(got) != 1 || got[0].Count != 3 {
		t.Errorf("the owner is shown %+v", got)
	}
}

func window(start time.Time, count int32) v1alpha1.CreateWindow {
	return v1alpha1.CreateWindow{StartTime: metav1.NewTime(start), Count: count}
}
