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

func TestUnitRefusals(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(lifecycletest.Start)
	w := newRefusals(clk)
	key := settingKey{"a", "insights"}
	if w.of(key, 1) != nil {
		t.Error("nothing was refused")
	}
	w.keep(key, 1, lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta, "no"))
	if o := w.of(key, 1); o == nil || o.Reason() != v1alpha1.ReasonRefusedByMeta {
		t.Errorf("refused: %+v", o)
	}
	if w.of(settingKey{"a", "marketingMessages"}, 1) != nil || w.of(settingKey{"b", "insights"}, 1) != nil {
		t.Error("another setting, or another account")
	}
	if w.of(key, 2) != nil || len(w.known) != 0 {
		t.Errorf("a new generation starts over: %v", w.known)
	}
	w.keep(key, 2, lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta, "no"))
	clk.SetTime(lifecycletest.Start.Add(refusalMemory))
	if w.of(key, 2) != nil || len(w.known) != 0 {
		t.Errorf("a day later: %v", w.known)
	}
	w.keep(key, 2, nil)
	w.keep(settingKey{"b", "insights"}, 1, nil)
	w.Forget(lifecycle.Gone{UID: "a"})
	if len(w.known) != 1 {
		t.Errorf("known: %v", w.known)
	}
}
