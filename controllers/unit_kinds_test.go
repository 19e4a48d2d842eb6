// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"slices"
	"testing"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/account"
)

// TestUnitEveryKindIsWired: a kind without a reconciler, or without what wakes it, would wait for ever.
func TestUnitEveryKindIsWired(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
	r := NewReconcilers(Parts{}, Options{Clock: clk, Accounts: account.NewManager(account.Options{Clock: clk})})
	for _, kind := range v1alpha1.AssetKinds {
		if r.ByKind[kind.Name] == nil {
			t.Errorf("%s has no reconciler", kind.Name)
		}
		belongs := kind.New().AccountReference() != nil
		woken := slices.ContainsFunc(children, func(c child) bool { return c.kind == kind.Name && c.changed != nil && c.competitors != nil })
		if belongs != woken {
			t.Errorf("%s belongs to an account: %t, and is woken by one: %t", kind.Name, belongs, woken)
		}
	}
}
