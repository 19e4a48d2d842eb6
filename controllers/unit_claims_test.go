// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

func claimOf(name string, age time.Duration, holds, handicapped bool) claim {
	return claim{holds: holds, handicapped: handicapped, object: &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{
		Namespace: "ns", Name: name, CreationTimestamp: metav1.NewTime(unitStart.Add(-age)),
	}}}
}

func TestUnitWinner(t *testing.T) {
	for name, claims := range map[string][]claim{
		"alone":                              {claimOf("best", 0, false, true)},
		"who holds it":                       {claimOf("older", time.Hour, false, false), claimOf("best", 0, true, true)},
		"who can act":                        {claimOf("older", time.Hour, false, true), claimOf("best", 0, false, false)},
		"the oldest":                         {claimOf("younger", time.Minute, false, false), claimOf("best", time.Hour, false, false)},
		"of two holders, who can act":        {claimOf("older", time.Hour, true, true), claimOf("best", 0, true, false)},
		"of two holders, the oldest":         {claimOf("younger", 0, true, false), claimOf("best", time.Hour, true, false)},
		"of the same age, the first by name": {claimOf("later", 0, false, false), claimOf("best", 0, false, false)},
	} {
		if got := winner(claims); got.GetName() != "best" {
			t.Errorf("%s: %s", name, got.GetName())
		}
	}
	if got := winner(nil); got != nil {
		t.Errorf("nobody claims it: %v", got)
	}
}

// Every replica, and the same one after a restart, must decide alike, whatever the order of the list.
func TestUnitClaimsHaveATotalOrder(t *testing.T) {
	var all []claim
	for _, holds := range []bool{true, false} {
		for _, handicapped := range []bool{true, false} {
			for _, age := range []time.Duration{0, time.Hour} {
				for _, name := range []string{"a", "b"} {
					all = append(all, claimOf(fmt.Sprintf("%s-%t-%t-%s", name, holds, handicapped, age), age, holds, handicapped))
				}
			}
		}
	}
	for i := range all {
		for j := range all {
			ij, ji := before(&all[i], &all[j]), before(&all[j], &all[i])
			if i == j && ij || i != j && ij == ji {
				t.Fatalf("%v and %v: %t, %t", all[i], all[j], ij, ji)
			}
			for k := range all {
				if ij && before(&all[j], &all[k]) && !before(&all[i], &all[k]) {
					t.Fatalf("not transitive: %v, %v, %v", all[i], all[j], all[k])
				}
			}
		}
	}
	want := winner(all).GetName()
	random := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
		if got := winner(all).GetName(); got != want {
			t.Fatalf("another order, another winner: %s instead of %s", got, want)
		}
	}
}
