// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

func unitClaim(name string, age time.Duration, holds, unable bool) Claim {
	return Claim{Holds: holds, Unable: unable, Object: &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: name, CreationTimestamp: metav1.NewTime(lifecycletest.Start.Add(-age)),
	}}}
}

func TestUnitWinner(t *testing.T) {
	for name, claims := range map[string][]Claim{
		"alone":                              {unitClaim("best", 0, false, true)},
		"who holds it":                       {unitClaim("older", time.Hour, false, false), unitClaim("best", 0, true, true)},
		"who can act":                        {unitClaim("older", time.Hour, false, true), unitClaim("best", 0, false, false)},
		"the oldest":                         {unitClaim("younger", time.Minute, false, false), unitClaim("best", time.Hour, false, false)},
		"of two holders, who can act":        {unitClaim("older", time.Hour, true, true), unitClaim("best", 0, true, false)},
		"of two holders, the oldest":         {unitClaim("younger", 0, true, false), unitClaim("best", time.Hour, true, false)},
		"of the same age, the first by name": {unitClaim("later", 0, false, false), unitClaim("best", 0, false, false)},
	} {
		if got := Winner(claims, lifecycletest.Start); got.GetName() != "best" {
			t.Errorf("%s: %s", name, got.GetName())
		}
	}
	if got := Winner(nil, lifecycletest.Start); got != nil {
		t.Errorf("no resource claims it: %v", got)
	}
}

// TestUnitHolderThatCannotAct: a holder keeps others out for an hour after it lost its access, or was paused, and no longer. One
// that lost a conflict keeps no other resource out.
func TestUnitHolderThatCannotAct(t *testing.T) {
	condition := func(kind string, status metav1.ConditionStatus, reason string, age time.Duration) metav1.Condition {
		return metav1.Condition{Type: kind, Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(lifecycletest.Start.Add(-age))}
	}
	paused := v1alpha1.ManagementPolicyPaused
	for name, c := range map[string]struct {
		policy     v1alpha1.ManagementPolicy
		conditions []metav1.Condition
		keeps      bool
	}{
		"without a status":       {"", nil, true},
		"paused a moment ago":    {paused, nil, true},
		"paused 59 minutes ago":  {paused, []metav1.Condition{condition("Synced", "False", "Paused", 59*time.Minute)}, true},
		"paused an hour ago":     {paused, []metav1.Condition{condition("Synced", "False", "Paused", time.Hour)}, false},
		"paused in the future":   {paused, []metav1.Condition{condition("Synced", "False", "Paused", -90*24*time.Hour)}, false},
		"paused until now":       {"", []metav1.Condition{condition("Synced", "False", "Paused", time.Hour)}, false},
		"failing for long":       {"", []metav1.Condition{condition("Synced", "False", "TransientError", 9*time.Hour)}, true},
		"the loser of a contest": {"", []metav1.Condition{condition("Synced", "False", "Conflict", 0), condition("Ready", "False", "Conflict", 0)}, false},
		"the loser of the app":   {"", []metav1.Condition{condition("Synced", "False", "Conflict", 0), condition("Ready", "True", "Subscribed", 0)}, true},
	} {
		claim := ClaimOf(&v1alpha1.PhoneNumber{}, c.policy, c.conditions, true)
		if got := claim.Keeps(lifecycletest.Start); got != c.keeps {
			t.Errorf("%s: keeps others out: %t", name, got)
		}
	}
	for name, c := range map[string]struct {
		conditions []metav1.Condition
		keeps      bool
	}{
		"refused credentials":          {[]metav1.Condition{condition("CredentialsValid", "False", "CredentialsInvalid", 59*time.Minute)}, true},
		"refused for an hour":          {[]metav1.Condition{condition("CredentialsValid", "False", "CredentialsInvalid", time.Hour)}, false},
		"no permission":                {[]metav1.Condition{condition("Synced", "False", "PermissionDenied", 9*time.Hour), condition("Stalled", "True", "PermissionDenied", time.Minute)}, true},
		"no permission for an hour":    {[]metav1.Condition{condition("Synced", "False", "PermissionDenied", 9*time.Hour), condition("Stalled", "True", "PermissionDenied", time.Hour)}, false},
		"Meta was out of reach so far": {[]metav1.Condition{condition("Synced", "False", "TransientError", 9*time.Hour)}, true},
	} {
		w := &v1alpha1.WABA{Spec: v1alpha1.WABASpec{ID: "1"}}
		w.Status.AccountID, w.Status.Conditions = "1", c.conditions
		claim := AccountClaim(w)
		if got := claim.Keeps(lifecycletest.Start); got != c.keeps {
			t.Errorf("account, %s: keeps others out: %t", name, got)
		}
	}
}

// Every replica, and the same one after a restart, must decide alike, whatever the order of the list.
func TestUnitClaimsHaveATotalOrder(t *testing.T) {
	var all []Claim
	for _, holds := range []bool{true, false} {
		for _, unable := range []bool{true, false} {
			for _, age := range []time.Duration{0, time.Hour} {
				for _, name := range []string{"a", "b"} {
					all = append(all, unitClaim(fmt.Sprintf("%s-%t-%t-%s", name, holds, unable, age), age, holds, unable))
				}
			}
		}
	}
	for i := range all {
		for j := range all {
			ij, ji := before(&all[i], &all[j], lifecycletest.Start), before(&all[j], &all[i], lifecycletest.Start)
			if i == j && ij || i != j && ij == ji {
				t.Fatalf("%v and %v: %t, %t", all[i], all[j], ij, ji)
			}
			for k := range all {
				if ij && before(&all[j], &all[k], lifecycletest.Start) && !before(&all[i], &all[k], lifecycletest.Start) {
					t.Fatalf("not transitive: %v, %v, %v", all[i], all[j], all[k])
				}
			}
		}
	}
	want := Winner(all, lifecycletest.Start).GetName()
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if got := Winner(all, lifecycletest.Start).GetName(); got != want {
			t.Fatalf("another order, another winner: %s instead of %s", got, want)
		}
	}
}
