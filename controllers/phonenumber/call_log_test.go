// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
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
		got := retryTimeOf(c.err, lifecycletest.Start)
		switch {
		case c.want == 0 && got != nil:
			t.Errorf("%s: %v", name, got)
		case c.want > 0 && (got == nil || got.Sub(lifecycletest.Start) < c.want || got.Sub(lifecycletest.Start) > c.want+2*time.Second):
			t.Errorf("%s: %v, want %s", name, got, c.want)
		}
	}
}

func TestUnitMayRegister(t *testing.T) {
	pin := &v1alpha1.SecretVersion{UID: "a", ResourceVersion: "9", WrittenTime: &metav1.Time{Time: lifecycletest.Start}, ResourceUID: "n"}
	other := &v1alpha1.SecretVersion{UID: "a", ResourceVersion: "2", WrittenTime: &metav1.Time{Time: lifecycletest.Start.Add(-time.Hour)}, ResourceUID: "n"}
	annotated := &v1alpha1.SecretVersion{UID: "a", ResourceVersion: "8", WrittenTime: pin.WrittenTime, ResourceUID: "n"}
	unknown := &v1alpha1.SecretVersion{UID: "a", ResourceVersion: "2", ResourceUID: "n"}
	restored := &v1alpha1.SecretVersion{UID: "b", ResourceVersion: "2", WrittenTime: other.WrittenTime, ResourceUID: "m"}
	at := func(ago time.Duration, kind, result string, secret *v1alpha1.SecretVersion) v1alpha1.RegistrationAttempt {
		return v1alpha1.RegistrationAttempt{
			Number: "1", Kind: kind, Result: result, Secret: secret, DisplayName: "Acme", Time: metav1.NewTime(lifecycletest.Start.Add(-ago)),
		}
	}
	many := func(n int, every time.Duration) (out []v1alpha1.RegistrationAttempt) {
		for i := n; i > 0; i-- {
			out = append(out, at(time.Duration(i)*every, callRegister, "Transient", pin))
		}
		return out
	}
	blocked := at(time.Hour, callRegister, string(graph.CauseRegistrationLimit), pin)
	blocked.RetryTime = &metav1.Time{Time: lifecycletest.Start.Add(71 * time.Hour)}
	type attempts = []v1alpha1.RegistrationAttempt
	for name, c := range map[string]struct {
		known         attempts
		name          string
		pushed, young bool
		asked         bool
		want          time.Duration // 0: now; -1: until a person acts
	}{
		"never tried":                             {attempts{}, "Acme", false, true, false, 0},
		"a minute after a first failure":          {attempts{at(time.Minute, callRegister, "Unknown", pin)}, "Acme", false, false, false, 14 * time.Minute},
		"the same, asked for by a person":         {attempts{at(time.Minute, callRegister, "Unknown", pin)}, "Acme", true, false, false, 0},
		"the same, with a young call log":         {attempts{at(time.Minute, callRegister, "Unknown", pin)}, "Acme", false, true, false, 24*time.Hour - time.Minute},
		"an unknown result counts as a failure":   {attempts{at(time.Minute, callRegister, "", pin)}, "Acme", false, false, false, 14 * time.Minute},
		"a second failure":                        {many(2, time.Hour), "Acme", false, false, false, 7 * time.Hour},
		"nine in 72 hours, even if a person asks": {many(9, 7*time.Hour), "Acme", true, false, false, 9 * time.Hour},
		"blocked by Meta, even if a person asks":  {attempts{blocked}, "Acme", true, false, false, 71 * time.Hour},
		"a wrong PIN, whatever else is changed":   {attempts{at(20*24*time.Hour, callRegister, string(graph.CausePINMismatch), pin)}, "Acme", true, false, false, -1},
		"a wrong PIN that was changed":            {attempts{at(time.Minute, callRegister, string(graph.CausePINMismatch), other)}, "Acme", false, true, false, 0},
		"taken off by another client":             {attempts{at(time.Hour, callRegister, resultDone, pin)}, "Acme", false, false, false, 23 * time.Hour},
		"taken off by us":                         {attempts{at(time.Hour, callRegister, resultDone, pin), at(time.Minute, callDeregister, resultDone, nil)}, "Acme", false, true, false, 0},
		"another name was approved":               {attempts{at(time.Hour, callRegister, resultDone, pin)}, "Acme Helps", false, true, false, 0},
		"a wrong PIN, if a person asks":           {attempts{at(time.Hour, callRegister, string(graph.CausePINMismatch), pin)}, "Acme", true, false, true, 0},
		"a wrong PIN with another annotation":     {attempts{at(time.Hour, callRegister, string(graph.CausePINMismatch), annotated)}, "Acme", false, false, false, -1},
		"a wrong PIN and no managed fields":       {attempts{at(time.Hour, callRegister, string(graph.CausePINMismatch), unknown)}, "Acme", false, false, false, -1},
		"a wrong PIN of a backup":                 {attempts{at(time.Hour, callRegister, string(graph.CausePINMismatch), restored)}, "Acme", false, false, false, -1},
		"a failure, and no managed fields":        {attempts{at(time.Minute, callRegister, "Unknown", unknown)}, "Acme", false, false, false, 14 * time.Minute},
		"the Secret was written again and again":  {attempts{at(2*time.Hour, callRegister, string(graph.CausePINMismatch), other), at(time.Hour, callRegister, string(graph.CausePINMismatch), other)}, "Acme", false, false, false, -1},
		"the same, a day later":                   {attempts{at(48*time.Hour, callRegister, string(graph.CausePINMismatch), other), at(24*time.Hour, callRegister, string(graph.CausePINMismatch), other)}, "Acme", false, false, false, 0},
	} {
		s := &situation{
			live: &graph.PhoneNumber{VerifiedName: c.name}, spec: &v1alpha1.PhoneNumberSpec{Registration: &v1alpha1.PhoneNumberRegistration{}},
			attempts: c.known, now: lifecycletest.Start, pushed: c.pushed, asked: c.asked, young: c.young,
		}
		o := s.mayRegister(&lifecycle.Content{Version: *pin})
		switch {
		case c.want == 0 && o != nil:
			t.Errorf("%s: %+v", name, o)
		case c.want < 0 && (o == nil || o.Reason() != v1alpha1.ReasonActionRequired):
			t.Errorf("%s: %+v", name, o)
		case c.want > 0 && (o == nil || o.After() != c.want || !o.Shown()):
			t.Errorf("%s: %+v, want %s", name, o, c.want)
		}
	}
}

// What may still be asked for is kept, in its order.
func TestUnitCallLogKeepsWhatCounts(t *testing.T) {
	at := func(number, kind string, age time.Duration) v1alpha1.RegistrationAttempt {
		return v1alpha1.RegistrationAttempt{Number: number, Kind: kind, Time: metav1.NewTime(lifecycletest.Start.Add(-age))}
	}
	const day = 24 * time.Hour
	var all, want []v1alpha1.RegistrationAttempt
	for i := range 12 {
		a := at("1", callRegister, time.Duration(50-i)*day)
		if all = append(all, a); i >= 3 {
			want = append(want, a)
		}
	}
	for i := range 11 {
		a := at("2", callRegister, time.Duration(20-i)*day)
		all, want = append(all, a), append(want, a)
	}
	only := at("1", callDisplayName, 400*day)
	all, want = append(all, only), append(want, only)
	if diff := cmp.Diff(want, attemptsToKeep(all, lifecycletest.Start)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestUnitScarceCallFailed: a refusal that is followed by another attempt needs no person; what only a person can change keeps its reason.
func TestUnitScarceCallFailed(t *testing.T) {
	later := metav1.NewTime(lifecycletest.Start.Add(time.Hour))
	for name, c := range map[string]struct {
		a      v1alpha1.RegistrationAttempt
		err    error
		reason string
		after  time.Duration
		shown  bool
	}{
		"refused":               {v1alpha1.RegistrationAttempt{Kind: callRegister}, &graph.Error{Class: graph.ClassRefused}, v1alpha1.ReasonTransientError, lifecycle.MinimumInterval, false},
		"malformed":             {v1alpha1.RegistrationAttempt{Kind: callRequestCode}, &graph.Error{Class: graph.ClassInvalidSpec}, v1alpha1.ReasonTransientError, lifecycle.MinimumInterval, false},
		"a name":                {v1alpha1.RegistrationAttempt{Kind: callDisplayName}, &graph.Error{Class: graph.ClassRefused}, v1alpha1.ReasonRefusedByMeta, lifecycle.MinimumInterval, false},
		"not permitted":         {v1alpha1.RegistrationAttempt{Kind: callRegister}, &graph.Error{Class: graph.ClassPermission}, v1alpha1.ReasonPermissionDenied, lifecycle.MinimumInterval, false},
		"the account is locked": {v1alpha1.RegistrationAttempt{Kind: callRegister}, &graph.Error{Class: graph.ClassBlocked}, v1alpha1.ReasonAccountBlocked, lifecycle.MinimumInterval, false},
		"Meta says when":        {v1alpha1.RegistrationAttempt{Kind: callRegister, RetryTime: &later}, &graph.Error{Class: graph.ClassQuota}, v1alpha1.ReasonQuotaExceeded, time.Hour, true},
		"throttled":             {v1alpha1.RegistrationAttempt{Kind: callRegister}, &graph.Error{Class: graph.ClassThrottled, RetryAfter: time.Minute}, v1alpha1.ReasonRateLimited, time.Minute, true},
		"a bad token":           {v1alpha1.RegistrationAttempt{Kind: callRegister}, &graph.Error{Class: graph.ClassCredentials}, v1alpha1.ReasonCredentialsInvalid, 0, false},
	} {
		n, _ := unitNumbers()
		if o := n.failed(c.a, c.err); o.Reason() != c.reason || o.After() != c.after || o.Shown() != c.shown || o.Backoff() {
			t.Errorf("%s: %+v", name, o)
		}
	}
}

// The log of an account has bounds in entries and in bytes, and the oldest calls go first.
func TestUnitCallLogIsBounded(t *testing.T) {
	calls := func(n int, name string) []v1alpha1.RegistrationAttempt {
		var out []v1alpha1.RegistrationAttempt
		for i := range n {
			out = append(out, v1alpha1.RegistrationAttempt{Number: strconv.Itoa(i), Kind: callDisplayName, DisplayName: name})
		}
		return out
	}
	if got := bounded(calls(callLogSize+5, "Acme")); len(got) != callLogSize || got[0].Number != "5" {
		t.Errorf("%d calls from %s", len(got), got[0].Number)
	}
	long := bounded(calls(callLogSize, strings.Repeat("x", 1000)))
	raw, err := json.Marshal(long)
	if err != nil {
		t.Fatal(err)
	}
	if len(raw) > callLogBytes+1 || len(raw) < callLogBytes-1200 || long[len(long)-1].Number != strconv.Itoa(callLogSize-1) {
		t.Errorf("%d calls in %d bytes, the last for %s", len(long), len(raw), long[len(long)-1].Number)
	}
	if got := bounded(nil); len(got) != 0 {
		t.Errorf("of nothing: %v", got)
	}
}
