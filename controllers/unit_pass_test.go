// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

// unitPass is a pass over a template whose generation was processed an hour ago with this Synced condition.
func unitPass(status metav1.ConditionStatus, reason string, change ...func(*v1alpha1.MessageTemplate)) *pass[*v1alpha1.MessageTemplate] {
	obj := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "order", UID: "u", Generation: 2}}
	obj.Status.ObservedGeneration = 2
	obj.Status.Conditions = []metav1.Condition{{
		Type: v1alpha1.ConditionSynced, Status: status, Reason: reason, LastTransitionTime: metav1.NewTime(lifecycletest.Start.Add(-time.Hour)),
	}}
	for _, f := range change {
		f(obj)
	}
	return &pass[*v1alpha1.MessageTemplate]{
		obj: obj, before: obj.DeepCopy(), status: &obj.Status.CommonStatus, now: lifecycletest.Start, longestWait: noWait,
		waba: &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{UID: "w", Generation: 1}, Spec: v1alpha1.WABASpec{ID: lifecycletest.AccountID}},
	}
}

func nextAt(d time.Duration) func(*v1alpha1.MessageTemplate) {
	return func(o *v1alpha1.MessageTemplate) {
		o.Status.NextAttemptTime = &metav1.Time{Time: lifecycletest.Start.Add(d)}
	}
}

func newGeneration(o *v1alpha1.MessageTemplate) { o.Generation++ }

func askedFor(o *v1alpha1.MessageTemplate) {
	o.Annotations = map[string]string{v1alpha1.AnnotationRequestedAt: "now"}
}

func TestUnitSettled(t *testing.T) {
	for name, c := range map[string]struct {
		p    *pass[*v1alpha1.MessageTemplate]
		want bool
	}{
		"equal":                 {unitPass("True", "Synced"), true},
		"drifted":               {unitPass("False", "DriftDetected"), true},
		"refused":               {unitPass("False", "RefusedByMeta"), true},
		"waits for a time":      {unitPass("False", "EditBudgetExhausted", nextAt(time.Hour)), true},
		"the time has come":     {unitPass("False", "EditBudgetExhausted", nextAt(0)), false},
		"failed for a moment":   {unitPass("False", "TransientError"), false},
		"died while creating":   {unitPass("False", "Progressing"), false},
		"was paused":            {unitPass("False", "Paused"), false},
		"lost a conflict":       {unitPass("False", "Conflict"), false},
		"never processed":       {unitPass("True", "Synced", func(o *v1alpha1.MessageTemplate) { o.Status.Conditions = nil }), false},
		"changed by the user":   {unitPass("True", "Synced", newGeneration), false},
		"asked for by the user": {unitPass("True", "Synced", askedFor), false},
		"what was asked for is done": {unitPass("True", "Synced", askedFor, func(o *v1alpha1.MessageTemplate) {
			o.Status.LastHandledRequest = "now"
		}), true},
	} {
		if got := c.p.settled(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestUnitRefusedFor(t *testing.T) {
	for name, c := range map[string]struct {
		p    *pass[*v1alpha1.MessageTemplate]
		want time.Duration
	}{
		"not refused":           {unitPass("True", "Synced"), 0},
		"refused by Meta":       {unitPass("False", "RefusedByMeta", nextAt(23*time.Hour)), 23 * time.Hour},
		"wrong by our own rule": {unitPass("False", "InvalidSpec"), 0},
		"until a time":          {unitPass("False", "NameLocked", nextAt(29*day)), 29 * day},
		"the time has come":     {unitPass("False", "QuotaExceeded", nextAt(-time.Second)), 0},
		"for a moment":          {unitPass("False", "TransientError"), 0},
		"the spec changed":      {unitPass("False", "RefusedByMeta", newGeneration), 0},
		"asked for by the user": {unitPass("False", "NameLocked", nextAt(day), askedFor), 0},
		"a day later":           {unitPass("False", "RefusedByMeta", nextAt(-time.Hour)), 0},
	} {
		if got := c.p.refusedFor(); got != c.want {
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
		p    *pass[*v1alpha1.MessageTemplate]
		want bool
	}{
		"never found anywhere":     {unitPass("True", "Synced"), true},
		"the same account":         {unitPass("True", "Synced", known(lifecycletest.AccountID)), true},
		"another one":              {unitPass("True", "Synced", known("1")), false},
		"another one, accepted":    {unitPass("True", "Synced", known("1"), accept(lifecycletest.AccountID)), true},
		"a third one was accepted": {unitPass("True", "Synced", known("1"), accept("2")), false},
	} {
		if got := c.p.accountAccepted(); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A failed attempt is worth repeating at once only after something changed that can make a difference.
func TestUnitFingerprint(t *testing.T) {
	base := unitPass("True", "Synced").fingerprint()
	for name, change := range map[string]func(*pass[*v1alpha1.MessageTemplate]){
		"a condition":          func(p *pass[*v1alpha1.MessageTemplate]) { p.status.Conditions = nil },
		"a label":              func(p *pass[*v1alpha1.MessageTemplate]) { p.obj.Labels = map[string]string{"a": "b"} },
		"another annotation":   func(p *pass[*v1alpha1.MessageTemplate]) { p.obj.Annotations = map[string]string{"a": "b"} },
		"the resourceVersion":  func(p *pass[*v1alpha1.MessageTemplate]) { p.obj.ResourceVersion = "9" },
		"the account's status": func(p *pass[*v1alpha1.MessageTemplate]) { p.waba.Status.AccountID = "1" },
	} {
		p := unitPass("True", "Synced")
		if change(p); p.fingerprint() != base {
			t.Errorf("%s must not start a new attempt", name)
		}
	}
	for name, change := range map[string]func(*pass[*v1alpha1.MessageTemplate]){
		"the spec":  func(p *pass[*v1alpha1.MessageTemplate]) { p.obj.Generation++ },
		"a request": func(p *pass[*v1alpha1.MessageTemplate]) { askedFor(p.obj) },
		"an accepted account": func(p *pass[*v1alpha1.MessageTemplate]) {
			p.obj.Annotations = map[string]string{v1alpha1.AnnotationAcceptAccount: "1"}
		},
		"created again":        func(p *pass[*v1alpha1.MessageTemplate]) { p.obj.UID = "v" },
		"the account's spec":   func(p *pass[*v1alpha1.MessageTemplate]) { p.waba.Generation++ },
		"another account":      func(p *pass[*v1alpha1.MessageTemplate]) { p.waba.UID = "x" },
		"no account known yet": func(p *pass[*v1alpha1.MessageTemplate]) { p.waba = nil },
	} {
		p := unitPass("True", "Synced")
		if change(p); p.fingerprint() == base {
			t.Errorf("%s must start a new attempt", name)
		}
	}
}

// noWait is the longestWait of a kind of which nothing is particular.
func noWait(string) time.Duration { return 0 }
