// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"errors"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// What Meta says is obeyed to the minute; only where it says nothing there is a time of ours.
func TestUnitRetryTimeOfScarceCalls(t *testing.T) {
	for name, c := range map[string]struct {
		err  error
		want time.Duration
	}{
		"done":                      {nil, 0},
		"not Meta's":                {errors.New("etcd"), 0},
		"a PIN lock of ten minutes": {&graph.Error{Class: graph.ClassQuota, Cause: graph.CausePINLocked, RetryAfter: 10 * time.Minute}, 10 * time.Minute},
		"a PIN lock without a time": {&graph.Error{Class: graph.ClassQuota, Cause: graph.CausePINLocked}, 12 * time.Hour},
		"the limit":                 {&graph.Error{Class: graph.ClassQuota, Cause: graph.CauseRegistrationLimit, RetryAfter: 72 * time.Hour}, 72 * time.Hour},
		"too many codes":            {&graph.Error{Class: graph.ClassQuota, Cause: graph.CauseCodeLimit}, time.Hour},
		"a wrong PIN":               {&graph.Error{Class: graph.ClassInvalidSpec, Cause: graph.CausePINMismatch}, 0},
	} {
		got := retryTimeOf(c.err, unitStart)
		switch {
		case c.want == 0 && got != nil:
			t.Errorf("%s: %v", name, got)
		case c.want > 0 && (got == nil || got.Sub(unitStart) < c.want || got.Sub(unitStart) > c.want+2*time.Second):
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestUnitMayRegister(t *testing.T) {
	pin, other := &v1alpha1.SecretVersion{UID: "a", ResourceVersion: "1"}, &v1alpha1.SecretVersion{UID: "a", ResourceVersion: "2"}
	at := func(ago time.Duration, kind, result string, secret *v1alpha1.SecretVersion) v1alpha1.RegistrationAttempt {
		return v1alpha1.RegistrationAttempt{
			Number: "1", Kind: kind, Result: result, Secret: secret, DisplayName: "Acme", Time: metav1.NewTime(unitStart.Add(-ago)),
		}
	}
	many := func(n int, every time.Duration) (out []v1alpha1.RegistrationAttempt) {
		for i := n; i > 0; i-- {
			out = append(out, at(time.Duration(i)*every, callRegister, "Transient", pin))
		}
		return out
	}
	blocked := at(time.Hour, callRegister, string(graph.CauseRegistrationLimit), pin)
	blocked.RetryTime = &metav1.Time{Time: unitStart.Add(71 * time.Hour)}
	type attempts = []v1alpha1.RegistrationAttempt
	for name, c := range map[string]struct {
		known         attempts
		name          string
		pushed, young bool
		want          time.Duration // 0: now; -1: until a person acts
	}{
		"never tried":                             {attempts{}, "Acme", false, true, 0},
		"a minute after a first failure":          {attempts{at(time.Minute, callRegister, "Unknown", pin)}, "Acme", false, false, 14 * time.Minute},
		"the same, asked for by a person":         {attempts{at(time.Minute, callRegister, "Unknown", pin)}, "Acme", true, false, 0},
		"the same, with a young ledger":           {attempts{at(time.Minute, callRegister, "Unknown", pin)}, "Acme", false, true, 24*time.Hour - time.Minute},
		"an unknown result counts as a failure":   {attempts{at(time.Minute, callRegister, "", pin)}, "Acme", false, false, 14 * time.Minute},
		"a second failure":                        {many(2, time.Hour), "Acme", false, false, 7 * time.Hour},
		"nine in 72 hours, even if a person asks": {many(9, 7*time.Hour), "Acme", true, false, 9 * time.Hour},
		"blocked by Meta, even if a person asks":  {attempts{blocked}, "Acme", true, false, 71 * time.Hour},
		"a wrong PIN, even if a person asks":      {attempts{at(20*24*time.Hour, callRegister, string(graph.CausePINMismatch), pin)}, "Acme", true, false, -1},
		"a wrong PIN that was changed":            {attempts{at(time.Minute, callRegister, string(graph.CausePINMismatch), other)}, "Acme", false, true, 0},
		"taken off by somebody":                   {attempts{at(time.Hour, callRegister, resultDone, pin)}, "Acme", false, false, 23 * time.Hour},
		"taken off by us":                         {attempts{at(time.Hour, callRegister, resultDone, pin), at(time.Minute, callDeregister, resultDone, nil)}, "Acme", false, true, 0},
		"another name was approved":               {attempts{at(time.Hour, callRegister, resultDone, pin)}, "Acme Helps", false, true, 0},
	} {
		o := mayRegister(c.known, pin, c.name, unitStart, c.pushed, c.young)
		switch {
		case c.want == 0 && o != nil:
			t.Errorf("%s: %+v", name, o)
		case c.want < 0 && (o == nil || o.reason != v1alpha1.ReasonAwaitingHuman):
			t.Errorf("%s: %+v", name, o)
		case c.want > 0 && (o == nil || o.after != c.want || !o.wait):
			t.Errorf("%s: %+v, want %s", name, o, c.want)
		}
	}
}
