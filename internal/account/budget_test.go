// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"errors"
	"math"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/internal/graph"
)

func newTestBudget() (*Budget, *clocktesting.FakePassiveClock) {
	clk := clocktesting.NewFakePassiveClock(testStart)
	return NewBudget(clk), clk
}

func throttled(code int, retryAfter time.Duration) error {
	return &graph.Error{Class: graph.ClassThrottled, Code: code, RetryAfter: retryAfter}
}

func TestBudgetBlocksForTheTimeMetaNames(t *testing.T) {
	for _, c := range []struct {
		name               string
		regain, retryAfter time.Duration
		want               time.Duration
	}{
		{"by the usage header", 7 * time.Minute, 0, 7 * time.Minute},
		{"by Retry-After", 0, 90 * time.Second, 90 * time.Second},
		{"by the longer of both", 2 * time.Minute, 90 * time.Second, 2 * time.Minute},
		{"longer than any guess", 5 * time.Hour, 0, 5 * time.Hour},
		{"by a guess", 0, 0, firstBlock},
	} {
		b, clk := newTestBudget()
		b.After(100, c.regain, throttled(80008, c.retryAfter))
		err := b.Before(graph.OpReadTemplate)
		e, ok := graph.AsError(err)
		if !ok || e.Class != graph.ClassThrottled || e.RetryAfter != c.want || e.Op != graph.OpReadTemplate {
			t.Errorf("%s: got %v, want to wait %s", c.name, err, c.want)
		}
		if until := b.BlockedUntil(); !until.Equal(testStart.Add(c.want)) {
			t.Errorf("%s: blocked until %s", c.name, until)
		}
		if allowed, wait := b.AllowsBackground(1); allowed || wait != c.want {
			t.Errorf("%s: background %t, %s", c.name, allowed, wait)
		}
		clk.SetTime(testStart.Add(c.want - time.Second))
		if b.Before(graph.OpEditTemplate) == nil {
			t.Errorf("%s: writes wait as well", c.name)
		}
		clk.SetTime(testStart.Add(c.want))
		if err := b.Before(graph.OpReadTemplate); err != nil || !b.BlockedUntil().IsZero() {
			t.Errorf("%s: the block must be over: %v, %s", c.name, err, b.BlockedUntil())
		}
	}
}

func TestBudgetGuessesLongerEachTime(t *testing.T) {
	b, clk := newTestBudget()
	for i, minutes := range []int{5, 10, 20, 40, 60, 60, 60, 60, 60, 60, 60} {
		want := time.Duration(minutes) * time.Minute
		b.After(0, 0, throttled(80008, 0))
		got := b.BlockedUntil().Sub(clk.Now())
		if got != want {
			t.Errorf("block %d lasts %s, want %s", i+1, got, want)
		}
		clk.SetTime(b.BlockedUntil().Add(got))
	}
	b.After(10, 0, nil)
	b.After(0, 0, throttled(80008, 0))
	if got := b.BlockedUntil().Sub(clk.Now()); got != firstBlock {
		t.Errorf("after a success the first guess counts again, got %s", got)
	}
}

func TestBudgetIsNotBlockedByOtherErrors(t *testing.T) {
	b, _ := newTestBudget()
	for _, err := range []error{
		nil, errors.New("boom"), &graph.Error{Class: graph.ClassTransient, RetryAfter: time.Hour}, &graph.Error{Class: graph.ClassQuota},
	} {
		b.After(80, time.Hour, err)
		if b.Before(graph.OpReadTemplate) != nil {
			t.Errorf("blocked by %v", err)
		}
	}
}

func TestBudgetNeverShortensABlock(t *testing.T) {
	b, _ := newTestBudget()
	b.After(0, time.Hour, throttled(80008, 0))
	b.After(0, time.Minute, throttled(80008, 0)) // the answer to a call that was under way
	b.Restore(testStart.Add(time.Minute))
	if want := testStart.Add(time.Hour); !b.BlockedUntil().Equal(want) {
		t.Errorf("blocked until %s, want %s", b.BlockedUntil(), want)
	}
	b.Restore(testStart.Add(2 * time.Hour))
	if want := testStart.Add(2 * time.Hour); !b.BlockedUntil().Equal(want) {
		t.Errorf("restored until %s, want %s", b.BlockedUntil(), want)
	}
}

func TestBudgetStretch(t *testing.T) {
	for percent, want := range map[int]float64{0: 1, 50: 1, 75: 1, 80: 2, 85: 3, 90: 4, 95: 5, 100: 5, 400: 5} {
		b, clk := newTestBudget()
		b.After(percent, 0, nil)
		if got := b.Stretch(); math.Abs(got-want) > 1e-9 {
			t.Errorf("at %d %%: %g, want %g", percent, got, want)
		}
		clk.SetTime(testStart.Add(usageLife + time.Second))
		if got := b.Stretch(); got != 1 || b.Percent() != 0 {
			t.Errorf("%d %% an hour ago say nothing any more: %g", percent, got)
		}
	}
}

func TestBudgetKeepsBackgroundCallsBackNearTheLimit(t *testing.T) {
	b, clk := newTestBudget()
	b.After(94, 0, nil)
	if allowed, _ := b.AllowsBackground(1); !allowed {
		t.Error("94 % must not stop background calls")
	}
	b.After(95, 0, nil)
	clk.SetTime(testStart.Add(time.Minute))
	if allowed, wait := b.AllowsBackground(1); allowed || wait != firstBlock-time.Minute {
		t.Errorf("95 %%: %t, %s", allowed, wait)
	}
	if b.Before(graph.OpEditTemplate) != nil {
		t.Error("a requested change is still sent")
	}
	// Only a call shows whether the usage has fallen; so the budget allows one now and then.
	clk.SetTime(testStart.Add(firstBlock))
	if allowed, _ := b.AllowsBackground(1); !allowed {
		t.Error("after a pause one call must be possible")
	}
}

func TestLimiterChargesTheRightBudget(t *testing.T) {
	for _, c := range []struct {
		code       int
		app, other bool
	}{{4, true, false}, {341, true, false}, {80008, false, true}, {80007, false, true}, {130429, false, true}} {
		account, clk := newTestBudget()
		app := NewBudget(clk)
		g := &budgetLimiter{account: account, app: func() *Budget { return app }, onThrottled: func(bool) {}}
		g.After(graph.OpReadTemplate, graph.Usage{BusinessPercent: 60, AppPercent: 70, RegainAfter: 7 * time.Minute}, throttled(c.code, 0))
		if got := !app.BlockedUntil().IsZero(); got != c.app {
			t.Errorf("code %d: app blocked %t", c.code, got)
		}
		if got := !account.BlockedUntil().IsZero(); got != c.other {
			t.Errorf("code %d: account blocked %t", c.code, got)
		}
		if account.Percent() != 60 || app.Percent() != 70 {
			t.Errorf("code %d: percent %d and %d", c.code, account.Percent(), app.Percent())
		}
		if err := g.Before(graph.OpReadTemplate); graph.ClassOf(err) != graph.ClassThrottled {
			t.Errorf("code %d: the limiter must refuse: %v", c.code, err)
		}
		clk.SetTime(testStart.Add(7 * time.Minute))
		if err := g.Before(graph.OpReadTemplate); err != nil {
			t.Errorf("code %d: the limiter must allow calls again: %v", c.code, err)
		}
	}
}

// An upload belongs to the app: it changes neither the account's usage nor the length of its blocks. A limit of the token's user
// blocks the account that uses the token.
func TestLimiterChargesUploadsToTheApp(t *testing.T) {
	for _, c := range []struct {
		name                 string
		err                  error
		appUntil, accountFor time.Duration
	}{
		{name: "uploaded"},
		{name: "limit of the app", err: throttled(4, 0), appUntil: firstBlock},
		{name: "limit of the user", err: throttled(17, 0), accountFor: 2 * firstBlock}, // its second block
		{name: "refused", err: &graph.Error{Class: graph.ClassPermission, Code: 200}},
	} {
		t.Run(c.name, func(t *testing.T) {
			account, clk := newTestBudget()
			app := NewBudget(clk)
			g := &budgetLimiter{account: account, app: func() *Budget { return app }, onThrottled: func(bool) {}}
			g.After(graph.OpReadTemplate, graph.Usage{BusinessPercent: 60}, throttled(80008, 0))
			start := testStart.Add(firstBlock)
			clk.SetTime(start)
			g.After(graph.OpSendUpload, graph.Usage{AppPercent: 70}, c.err)
			until := func(b *Budget) time.Duration { return max(b.BlockedUntil().Sub(start), 0) }
			if until(app) != c.appUntil || until(account) != c.accountFor || account.Percent() != 60 || app.Percent() != 70 {
				t.Errorf("app blocked for %s, account for %s, percent %d and %d",
					until(app), until(account), app.Percent(), account.Percent())
			}
			g.After(graph.OpReadTemplate, graph.Usage{}, throttled(80008, 0))
			if got := until(account); got < 2*firstBlock {
				t.Errorf("an upload made the account's next block shorter: %s", got)
			}
		})
	}
}

// TestBudgetWrongClock: a block that was set while the clock was 90 days ahead doesn't stop calls once the clock is right again,
// and doesn't hide a present block.
func TestBudgetWrongClock(t *testing.T) {
	b, clk := newTestBudget()
	clk.SetTime(testStart.Add(90 * 24 * time.Hour))
	b.After(96, 20*time.Minute, throttled(80008, 0))
	persisted := b.BlockedUntil()
	clk.SetTime(testStart)
	restored, _ := newTestBudget()
	restored.Restore(persisted)
	for name, b := range map[string]*Budget{"in memory": b, "restored": restored} {
		if err := b.Check(graph.OpReadAccount); err != nil || !b.BlockedUntil().IsZero() || b.Percent() != 0 || b.relevantFor() != 0 {
			t.Errorf("%s: %v, blocked until %s, %d%%, relevant for %s", name, err, b.BlockedUntil(), b.Percent(), b.relevantFor())
		}
		if allowed, wait := b.AllowsBackground(1); !allowed {
			t.Errorf("%s: waits %s", name, wait)
		}
		b.After(100, 20*time.Minute, throttled(80008, 0))
		if got := b.BlockedUntil(); !got.Equal(testStart.Add(20 * time.Minute)) {
			t.Errorf("%s: blocked until %s by what Meta says now", name, got)
		}
	}
}

// TestBudgetProbe: a user's request lets one call through for each block, and Meta's answer decides about the block.
func TestBudgetProbe(t *testing.T) {
	b, clk := newTestBudget()
	b.Probe() // nothing is blocked
	b.After(100, time.Hour, throttled(80008, 0))
	if b.Before(graph.OpReadAccount) == nil {
		t.Fatal("a probe before the block counts for it")
	}
	b.Probe()
	if err := b.Before(graph.OpReadAccount); err != nil {
		t.Errorf("the probe: %v", err)
	}
	if b.Before(graph.OpReadAccount) == nil {
		t.Error("a second call before the answer to the first")
	}
	b.After(100, 30*time.Minute, throttled(80008, 0))
	if b.Probe(); b.Before(graph.OpReadAccount) == nil {
		t.Error("a second probe in one block")
	}
	clk.SetTime(testStart.Add(time.Hour))
	b.After(100, time.Hour, throttled(80008, 0))
	b.Probe()
	if err := b.Before(graph.OpReadAccount); err != nil {
		t.Errorf("the probe of the next block: %v", err)
	}
	b.After(1, 0, nil)
	if err := b.Before(graph.OpReadAccount); err != nil {
		t.Errorf("the probe succeeded: %v", err)
	}
}
