// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"reflect"
	"strings"
	"testing"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/controllers/messagetemplate"
	"github.com/waba-operator/waba-operator/controllers/phonenumber"
	"github.com/waba-operator/waba-operator/controllers/waba"
	"github.com/waba-operator/waba-operator/controllers/webhooksubscription"
	"github.com/waba-operator/waba-operator/internal/account"
)

// TestUnitEveryStoreForgets: a store that the objects don't know keeps what is gone. It goes through all that the reconcilers hold.
func TestUnitEveryStoreForgets(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
	b := lifecycle.NewBase(lifecycle.Parts{}, lifecycle.Options{Clock: clk, Accounts: account.NewManager(account.Options{Clock: clk})})
	found, freed := 0, map[uintptr]bool{}
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
		if v.Type().Implements(reflect.TypeFor[lifecycle.Store]()) {
			found++
			if !freed[v.Pointer()] {
				t.Errorf("%s isn't freed", path)
			}
			return
		}
		if !strings.Contains(v.Elem().Type().PkgPath(), "/controllers/") {
			return
		}
		for i := range v.Elem().NumField() {
			visit(path+"."+v.Elem().Type().Field(i).Name, v.Elem().Field(i))
		}
	}
	kinds := map[string]any{
		"WABA": waba.New(b), "MessageTemplate": messagetemplate.New(b), "PhoneNumber": phonenumber.New(b, false), "WebhookSubscription": webhooksubscription.New(b),
	}
	stores := reflect.ValueOf(b.Objects).Elem().FieldByName("stores")
	for i := range stores.Len() {
		if s := stores.Index(i).Elem(); s.Kind() == reflect.Pointer {
			freed[s.Pointer()] = true
		}
	}
	for name, kind := range kinds {
		visit(name, reflect.ValueOf(kind))
	}
	if found != len(freed) {
		t.Errorf("found %d of %d stores", found, len(freed))
	}
}
