// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"testing"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

func TestUnitSettingWrites(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
	w := newSettingWrites(clk)
	key := settingKey{"a", "insights"}
	if w.held(key, 1) != nil {
		t.Error("nothing was written")
	}
	w.done(key, 1)
	w.hold(key, 1, lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta, "no"))
	if o := w.held(key, 1); o == nil || o.Reason() != v1alpha1.ReasonRefusedByMeta {
		t.Errorf("held: %+v", o)
	}
	if w.held(settingKey{"a", "marketingMessages"}, 1) != nil || w.held(settingKey{"b", "insights"}, 1) != nil {
		t.Error("another setting, or another account")
	}
	if w.held(key, 2) != nil || len(w.known) != 0 {
		t.Errorf("a new generation starts over: %v", w.known)
	}
	for range lifecycle.ContestedAfter {
		w.done(key, 2)
	}
	if o := w.held(key, 2); o == nil || o.Reason() != v1alpha1.ReasonContested {
		t.Errorf("held: %+v", o)
	}
	clk.SetTime(lifecycletest.Start.Add(lifecycle.ContestedWindow))
	if w.held(key, 2) != nil || len(w.known) != 0 {
		t.Errorf("a day later: %v", w.known)
	}
	w.done(key, 2)
	w.done(settingKey{"b", "insights"}, 1)
	w.Forget(lifecycle.Gone{UID: "a"})
	if len(w.known) != 1 {
		t.Errorf("known: %v", w.known)
	}
}
