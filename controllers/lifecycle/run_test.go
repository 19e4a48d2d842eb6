// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

// unitRun is a run over a template whose generation was processed an hour ago with this Synced condition.
func unitRun(status metav1.ConditionStatus, reason string, change ...func(*v1alpha1.MessageTemplate)) *Run[*v1alpha1.MessageTemplate] {
	obj := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "order", UID: "u", Generation: 2}}
	obj.Status.ObservedGeneration = 2
	obj.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionSynced, Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(lifecycletest.Start.Add(-time.Hour)),
	}}
	for _, f := range change {
		f(obj)
	}
	return &Run[*v1alpha1.MessageTemplate]{
		Object: obj, Before: obj.DeepCopy(), Status: &obj.Status.CommonStatus, Now: lifecycletest.Start, longestWait: noWait,
		WABA: &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{UID: "w", Generation: 1}, Spec: v1alpha1.WABASpec{ID: lifecycletest.AccountID}},
	}
}

func nextAt(d time.Duration) func(*v1alpha1.MessageTemplate) {
	return func(o *v1alpha1.MessageTemplate) {
		o.Status.NextAttemptTime = &metav1.Time{Time: lifecycletest.Start.Add(d)}
	}
}

func newGeneration(o *v1alpha1.MessageTemplate) { o.Generation++ }

func requestNow(o *v1alpha1.MessageTemplate) {
	o.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: "now"}
}

func TestUnitSettled(t *testing.T) {
	for name, c := range map[string]struct {
		p    *Run[*v1alpha1.MessageTemplate]
		want bool
	}{
		"equal":                 {unitRun("True", "Synced"), true},
		"drifted":               {unitRun("False", "DriftDetected"), true},
		"refused":               {unitRun("False", "RefusedByMeta"), true},
		"waits for a time":      {unitRun("False", "EditBudgetExhausted", nextAt(time.Hour)), true},
		"the time has come":     {unitRun("False", "EditBudgetExhausted", nextAt(0)), false},
		"failed for a moment":   {unitRun("False", "TransientError"), false},
		"died while creating":   {unitRun("False", "Progressing"), false},
		"was paused":            {unitRun("False", "Paused"), false},
		"lost a conflict":       {unitRun("False", "Conflict"), false},
		"never processed":       {unitRun("True", "Synced", func(o *v1alpha1.MessageTemplate) { o.Status.Conditions = nil }), false},
		"changed by the user":   {unitRun("True", "Synced", newGeneration), false},
		"requested by the user": {unitRun("True", "Synced", requestNow), false},
		"the request is handled": {unitRun("True", "Synced", requestNow, func(o *v1alpha1.MessageTemplate) {
			o.Status.Operator.LastHandledRequest = "now"
		}), true},
	} {
		if got := c.p.Settled(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestUnitRefusedFor(t *testing.T) {
	for name, c := range map[string]struct {
		p    *Run[*v1alpha1.MessageTemplate]
		want time.Duration
	}{
		"not refused":           {unitRun("True", "Synced"), 0},
		"refused by Meta":       {unitRun("False", "RefusedByMeta", nextAt(23*time.Hour)), 23 * time.Hour},
		"wrong by our own rule": {unitRun("False", "InvalidSpec"), 0},
		"until a time":          {unitRun("False", "NameLocked", nextAt(29*day)), 29 * day},
		"the time has come":     {unitRun("False", "QuotaExceeded", nextAt(-time.Second)), 0},
		"for a moment":          {unitRun("False", "TransientError"), 0},
		"the spec changed":      {unitRun("False", "RefusedByMeta", newGeneration), 0},
		"requested by the user": {unitRun("False", "NameLocked", nextAt(day), requestNow), 0},
		"a day later":           {unitRun("False", "RefusedByMeta", nextAt(-time.Hour)), 0},
	} {
		if got := c.p.RefusedFor(); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}

func TestUnitAccountAccepted(t *testing.T) {
	known := func(id string) func(*v1alpha1.MessageTemplate) {
		return func(o *v1alpha1.MessageTemplate) { o.Status.AccountID = id }
	}
	accept := func(id string) func(*v1alpha1.MessageTemplate) {
		return func(o *v1alpha1.MessageTemplate) {
			o.Annotations = map[string]string{v1alpha1.AnnotationAcceptAccount: id}
		}
	}
	for name, c := range map[string]struct {
		p    *Run[*v1alpha1.MessageTemplate]
		want bool
	}{
		"never found anywhere":     {unitRun("True", "Synced"), true},
		"the same account":         {unitRun("True", "Synced", known(lifecycletest.AccountID)), true},
		"another one":              {unitRun("True", "Synced", known("1")), false},
		"another one, accepted":    {unitRun("True", "Synced", known("1"), accept(lifecycletest.AccountID)), true},
		"a third one was accepted": {unitRun("True", "Synced", known("1"), accept("2")), false},
	} {
		if got := c.p.accountAccepted(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A failed attempt is worth repeating at once only after something changed that can make a difference.
func TestUnitFingerprint(t *testing.T) {
	base := unitRun("True", "Synced").Fingerprint()
	for name, change := range map[string]func(*Run[*v1alpha1.MessageTemplate]){
		"a condition":          func(p *Run[*v1alpha1.MessageTemplate]) { p.Status.Conditions = nil },
		"a label":              func(p *Run[*v1alpha1.MessageTemplate]) { p.Object.Labels = map[string]string{"a": "b"} },
		"another annotation":   func(p *Run[*v1alpha1.MessageTemplate]) { p.Object.Annotations = map[string]string{"a": "b"} },
		"the resourceVersion":  func(p *Run[*v1alpha1.MessageTemplate]) { p.Object.ResourceVersion = "9" },
		"the account's status": func(p *Run[*v1alpha1.MessageTemplate]) { p.WABA.Status.AccountID = "1" },
	} {
		p := unitRun("True", "Synced")
		if change(p); p.Fingerprint() != base {
			t.Errorf("%s must not start a new attempt", name)
		}
	}
	for name, change := range map[string]func(*Run[*v1alpha1.MessageTemplate]){
		"the spec":  func(p *Run[*v1alpha1.MessageTemplate]) { p.Object.Generation++ },
		"a request": func(p *Run[*v1alpha1.MessageTemplate]) { requestNow(p.Object) },
		"an accepted account": func(p *Run[*v1alpha1.MessageTemplate]) {
			p.Object.Annotations = map[string]string{v1alpha1.AnnotationAcceptAccount: "1"}
		},
		"created again":        func(p *Run[*v1alpha1.MessageTemplate]) { p.Object.UID = "v" },
		"the account's spec":   func(p *Run[*v1alpha1.MessageTemplate]) { p.WABA.Generation++ },
		"another account":      func(p *Run[*v1alpha1.MessageTemplate]) { p.WABA.UID = "x" },
		"no account known yet": func(p *Run[*v1alpha1.MessageTemplate]) { p.WABA = nil },
	} {
		p := unitRun("True", "Synced")
		if change(p); p.Fingerprint() == base {
			t.Errorf("%s must start a new attempt", name)
		}
	}
}

// noWait is the longestWait of a kind of which nothing is particular.
func noWait(string) time.Duration { return 0 }

const day = 24 * time.Hour
