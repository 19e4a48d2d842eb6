// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/account"
)

// TestUnitEveryStoreForgets: a store that the objects don't know keeps what is gone. It goes through all that the reconcilers hold.
func TestUnitEveryStoreForgets(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
	b := newBase(Parts{}, Options{Clock: clk, Accounts: account.NewManager(account.Options{Clock: clk})})
	found := 0
	seen := map[uintptr]bool{}
	var visit func(path string, v reflect.Value)
	visit = func(path string, v reflect.Value) {
		if v.Kind() == reflect.Interface {
			v = v.Elem()
		}
		if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct || seen[v.Pointer()] {
			return
		}
		seen[v.Pointer()] = true
		if v.Type().Implements(reflect.TypeFor[store]()) {
			found++
			if !slices.ContainsFunc(b.objects.stores, func(s store) bool {
				known := reflect.ValueOf(s)
				return known.Kind() == reflect.Pointer && known.Pointer() == v.Pointer()
			}) {
				t.Errorf("%s isn't freed", path)
			}
			return
		}
		if !strings.HasSuffix(v.Elem().Type().PkgPath(), "/controllers") {
			return
		}
		for i := range v.Elem().NumField() {
			visit(path+"."+v.Elem().Type().Field(i).Name, v.Elem().Field(i))
		}
	}
	for name, kind := range map[string]any{
		"WABA": newWABAs(b), "MessageTemplate": newTemplates(b), "PhoneNumber": newNumbers(b, false), "WebhookSubscription": newHooks(b),
	} {
		visit(name, reflect.ValueOf(kind))
	}
	if found < len(b.objects.stores)-2 { // sessions and downloads stand for stores of other packages
		t.Errorf("found %d of %d stores", found, len(b.objects.stores))
	}
}
