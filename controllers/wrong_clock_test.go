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

// TestClockWasWrong: Meta throttles an account and refuses a template while the node's clock is 90 days ahead. Once the clock is
// right again, and the operator was restarted, all goes on.
func TestClockWasWrong(t *testing.T) {
	t.Parallel()
	w := harness.New(t, env)
	w.Secret()
	waba := w.WABA()
	op := w.Start()
	op.Settle()
	op.Stop()

	right := w.Clock.Now()
	w.Clock.SetTime(right.Add(90 * 24 * time.Hour))
	op = w.Start()
	w.Sim.Fail(graphsim.Fault{Method: "POST", Path: "/*/message_templates", Code: 100, Subcode: 2388023})
	locked := w.CreateTemplate("parcel_left")
	op.Settle()
	w.Reload(locked)
	expect(t, locked.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, v1alpha1.ReasonNameLocked)
	w.Sim.Fail(graphsim.Fault{Code: 80008, Times: 1000})
	op.Observe()
	op.Stop()
	w.Sim.ClearFaults()
	w.Reload(waba)
	if limit := waba.Status.RateLimit; limit == nil || limit.RegainAccessTime == nil {
		t.Fatalf("not throttled: %+v", limit)
	}

	w.Clock.SetTime(right.Add(10 * time.Minute))
	op = w.Start()
	fresh := w.CreateTemplate("parcel_sent")
	op.Observe()
	w.Reload(fresh)
	expect(t, fresh.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	w.Reload(waba)
	expect(t, waba.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	if limit := waba.Status.RateLimit; limit != nil && limit.RegainAccessTime != nil {
		t.Errorf("still throttled until %s", limit.RegainAccessTime)
	}
	w.Reload(locked)
	expect(t, locked.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	w.CheckInvariants()
}
