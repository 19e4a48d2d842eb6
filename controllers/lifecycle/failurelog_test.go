// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/credentials"
	"github.com/waba-operator/waba-operator/internal/graph"
)

var errConflict = apierrors.NewConflict(schema.GroupResource{Resource: "wabas"}, "acme", errors.New("the object has been modified"))

// TestUnitFailureLog: a failure is logged when it begins and when it changes, at the level of those who must act, and never
// while it only repeats.
func TestUnitFailureLog(t *testing.T) {
	read := func(err error) *Result { return Failed("read the account", err) }
	dns := func(server int) error {
		return fmt.Errorf("lookup graph.invalid: read udp 10.0.0.1:%d->10.96.0.10:53: no such host", server)
	}
	throttled := func(after time.Duration, trace string) error {
		return &graph.Error{Class: graph.ClassThrottled, Code: 80008, Message: "Too many calls, trace " + trace, TraceID: trace, RetryAfter: after}
	}
	conflict := Unchanged(time.Second).Join(FailedStep{"write the status", errConflict})
	secret := &credentials.Error{Missing: true, Message: "Secret acme-meta doesn't exist"}
	for name, c := range map[string]struct {
		runs []*Result
		// want has a part of the line that each run logs, "" for none.
		want     []string
		internal int
	}{
		"again and again": {
			[]*Result{read(dns(4711)), Unchanged(time.Minute), read(dns(4712)), read(dns(4713))},
			[]string{`"Step failed"`, "", "", ""}, 3,
		},
		"another error": {
			[]*Result{read(dns(1)), read(errors.New("connection refused")), read(dns(2))},
			[]string{"no such host", "connection refused", "no such host"}, 3,
		},
		"over, and again": {
			[]*Result{read(dns(1)), Done("observed"), read(dns(2))},
			[]string{`"Step failed"`, `"Step works again","operation":"read the account","failed":"1m0s"`, `"Step failed"`}, 2,
		},
		"a wait says nothing of other steps": {
			[]*Result{read(dns(1)), Unchanged(time.Minute).Join(FailedStep{"write the status", errors.New("away")}), read(dns(2))},
			[]string{"no such host", "away", `"Step works again","operation":"write the status"`}, 3,
		},
		"two steps": {
			[]*Result{read(dns(1)).Join(FailedStep{"inspect the token", errors.New("refused")}), read(dns(1))},
			[]string{"no such host", `"Step works again","operation":"inspect the token"`}, 3,
		},
		"a conflict now and then": {
			[]*Result{conflict, conflict, Done("observed"), conflict},
			[]string{`"The object changed meanwhile; reconciled again"`, "changed meanwhile", "", "changed meanwhile"}, 0,
		},
		"conflicts without end": {
			[]*Result{conflict, conflict, conflict, conflict},
			[]string{"changed meanwhile", "changed meanwhile", `"Step failed"`, ""}, 2,
		},
		"Meta's limit": {
			[]*Result{read(throttled(time.Minute, "Aone")), read(throttled(time.Hour, "Atwo"))},
			[]string{`"level":0,"msg":"Step must wait"`, ""}, 0,
		},
		"a Secret": {
			[]*Result{read(fmt.Errorf("connect: %w", secret)), read(fmt.Errorf("connect: %w", secret))},
			[]string{`"Step failed"`, ""}, 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			clock := clocktesting.NewFakePassiveClock(lifecycletest.Start)
			m := &lifecycletest.Metrics{}
			l, s := newFailureLog(clock, m), subject{"uid", "WABA"}
			ctx, log := lifecycletest.Logged(1)
			for i, o := range c.runs {
				l.note(ctx, s, o)
				got := log.Next()
				if c.want[i] == "" && len(got) > 0 || c.want[i] != "" && !strings.Contains(strings.Join(got, "\n"), c.want[i]) {
					t.Errorf("run %d: want %q, got %q", i, c.want[i], got)
				}
				clock.SetTime(clock.Now().Add(time.Minute))
			}
			if len(m.Recorded) != c.internal {
				t.Errorf("want %d internal errors, got %v", c.internal, m.Recorded)
			}
			l.Forget(Gone{UID: s.uid})
			if len(l.known) > 0 {
				t.Errorf("an object that is gone leaves %v", l.known)
			}
		})
	}
}

// TestUnitFailureLogLine: what a person gets to read of one failure.
func TestUnitFailureLogLine(t *testing.T) {
	l := newFailureLog(clocktesting.NewFakePassiveClock(lifecycletest.Start), &lifecycletest.Metrics{})
	ctx, log := lifecycletest.Logged(0)
	err := fmt.Errorf("while editing: %w", &graph.Error{
		Op: graph.OpEditTemplate, Class: graph.ClassUnknown, Code: 987654, Message: "The moon is in the wrong phase", TraceID: "Atrace",
	})
	l.note(ctx, subject{"uid", "MessageTemplate"}, Failed("edit the template", err))
	got := log.Next()
	if len(got) != 1 {
		t.Fatalf("got %q", got)
	}
	for _, part := range []string{
		`"msg":"Step failed"`, `"operation":"edit the template"`, `"reason":"UnknownError"`, `"fbtrace_id":"Atrace"`,
		`while editing: graph`, `987654`, `The moon is in the wrong phase`,
	} {
		if !strings.Contains(got[0], part) {
			t.Errorf("%s isn't in %s", part, got[0])
		}
	}
}

// TestUnitFailureLogForgets: a resource that is created again under the same name leaves nothing of the one before.
func TestUnitFailureLogForgets(t *testing.T) {
	l := newFailureLog(clocktesting.NewFakePassiveClock(lifecycletest.Start), &lifecycletest.Metrics{})
	ctx, log := lifecycletest.Logged(1)
	all, key := newObjects(l), objectKey{kind: v1alpha1.KindWABA}
	all.saw(Gone{objectKey: key, UID: "first"})
	l.note(ctx, subject{"first", v1alpha1.KindWABA}, Failed("read the account", errors.New("away")))
	all.saw(Gone{objectKey: key, UID: "second"})
	l.note(ctx, subject{"second", v1alpha1.KindWABA}, Done("observed"))
	if len(l.known) > 0 || len(log.Next()) != 1 {
		t.Errorf("known: %v", l.known)
	}
}

// TestUnitFailureLogStops: what fails because the process stops is no failure.
func TestUnitFailureLogStops(t *testing.T) {
	l := newFailureLog(clocktesting.NewFakePassiveClock(lifecycletest.Start), &lifecycletest.Metrics{})
	ctx, log := lifecycletest.Logged(1)
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	l.note(ctx, subject{"uid", "WABA"}, Failed("read the account", context.Canceled))
	if got := log.Next(); len(got) > 0 || len(l.known) > 0 {
		t.Errorf("got %q, %v", got, l.known)
	}
}

func TestUnitIdentityOfFailures(t *testing.T) {
	for name, pair := range map[string][2]string{
		"local port":       {"read tcp 10.0.0.7:41234->10.96.0.1:443: connection reset by peer", "read tcp 10.0.0.7:41235->10.96.0.1:443: connection reset by peer"},
		"time":             {"expired: current time 2026-11-22T11:32:21Z is after 2026-11-01T00:00:00Z", "expired: current time 2026-11-22T11:33:21.5+01:00 is after 2026-11-01T00:00:00Z"},
		"uid":              {"Precondition failed: UID in precondition: 0f0fa98b-c01d-4ba0-9dc3-14df6ba3bc71", "Precondition failed: UID in precondition: e29a83ab-3a07-40c9-a2db-d1e8ddc5ddb1"},
		"resource version": {"too old resource version: 1234 (5678)", "too old resource version: 1300 (5678)"},
		"request id":       {`denied, request id "ab12"`, `denied, request id "cd34"`},
	} {
		if a, b := identity(errors.New(pair[0])), identity(errors.New(pair[1])); a != b {
			t.Errorf("%s: %q and %q", name, a, b)
		}
	}
	if identity(errors.New("lookup a.invalid: no such host")) == identity(errors.New("lookup b.invalid: no such host")) {
		t.Error("two hosts are two failures")
	}
}

// TestUnitTransitionsInTheLog: each change of a condition, with what it was before; nothing where nothing changed.
func TestUnitTransitionsInTheLog(t *testing.T) {
	ready := metav1.Condition{Type: "Ready", Status: metav1.ConditionTrue, Reason: "Observed", Message: "fine"}
	stalled := metav1.Condition{Type: "Stalled", Status: metav1.ConditionTrue, Reason: "InvalidSpec", Message: "m"}
	other := ready
	other.Message = "fine, too"
	ctx, log := lifecycletest.Logged(1)
	logTransitions(ctx, []metav1.Condition{ready, stalled}, []metav1.Condition{other})
	got := log.Next()
	slices.Sort(got)
	if len(got) != 2 || !strings.Contains(got[0], `"msg":"Condition changed","type":"Ready","status":"True","reason":"Observed","message":"fine, too","before":"True/Observed"`) ||
		!strings.Contains(got[1], `"msg":"Condition removed","type":"Stalled","before":"True/InvalidSpec"`) {
		t.Errorf("got %q", got)
	}
	logTransitions(ctx, []metav1.Condition{ready}, []metav1.Condition{ready})
	quiet, silent := lifecycletest.Logged(0)
	logTransitions(quiet, nil, []metav1.Condition{ready})
	if got := append(log.Next(), silent.Next()...); len(got) > 0 {
		t.Errorf("got %q", got)
	}
}
