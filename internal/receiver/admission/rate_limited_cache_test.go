// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

func TestRateLimitedCache(t *testing.T) {
	clk := clocktesting.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	ctx := t.Context()
	secrets := 1
	c := NewRateLimitedCache(clk, time.Minute, func(_ context.Context, previous int) (int, int) { return previous + 1, secrets })
	expect := func(what string, want int) {
		t.Helper()
		if got, err := c.Recent(ctx); got != want || err != nil {
			t.Errorf("%s: got %d, %v, want %d", what, got, err, want)
		}
	}
	// sinceNow asks for a newer value than the present one, and doesn't wait for the rate limit.
	sinceNow := func() error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		_, err := c.Since(ctx, c.Mark())
		return err
	}
	mark := c.Mark()
	expect("the first", 1)
	if got, err := c.Since(ctx, mark); got != 1 || err != nil {
		t.Errorf("a read after the mark is new enough: got %d, %v", got, err)
	}
	if err := sinceNow(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("within a second: got %v", err)
	}
	clk.Step(time.Second)
	secrets = 1000
	if got, err := c.Since(ctx, c.Mark()); got != 2 || err != nil {
		t.Errorf("after a second: got %d, %v", got, err)
	}
	clk.Step(19 * time.Second)
	if err := sinceNow(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a thousand Secrets need a longer interval: got %v", err)
	}
	clk.Step(time.Second)
	if got, err := c.Since(ctx, c.Mark()); got != 3 || err != nil {
		t.Errorf("after the interval: got %d, %v", got, err)
	}
	clk.Step(59 * time.Second)
	expect("not yet old", 3)
	clk.Step(time.Second)
	expect("old", 4)
}

// TestRateLimitOutlastsMaxAge: Recent returns a value beyond its maximum age while the rate limit permits no read.
func TestRateLimitOutlastsMaxAge(t *testing.T) {
	clk := clocktesting.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	c := NewRateLimitedCache(clk, time.Second, func(_ context.Context, previous int) (int, int) { return previous + 1, 500 })
	for _, want := range []int{1, 1, 2} {
		if got, err := c.Recent(t.Context()); got != want || err != nil {
			t.Errorf("got %d, %v, want %d", got, err, want)
		}
		clk.Step(6 * time.Second)
	}
}

// TestChangeDuringARead: a read that started before a change doesn't undo it.
func TestChangeDuringARead(t *testing.T) {
	started, proceed := make(chan struct{}), make(chan struct{})
	c := NewRateLimitedCache(clocktesting.NewFakeClock(time.Now()), time.Minute, func(context.Context, string) (string, int) {
		started <- struct{}{}
		<-proceed
		return "read", 1
	})
	got := make(chan string, 1)
	go func() { value, _ := c.Recent(t.Context()); got <- value }()
	<-started
	c.Change(func(s string) string { return s + " and changed" })
	close(proceed)
	if got := <-got; got != "read and changed" {
		t.Errorf("got %q", got)
	}
}

// TestChangeOfAnEmptyCache has no effect.
func TestChangeOfAnEmptyCache(t *testing.T) {
	c := NewRateLimitedCache(clocktesting.NewFakeClock(time.Now()), time.Minute, func(_ context.Context, previous string) (string, int) {
		return previous + "read", 1
	})
	c.Change(func(string) string { return "changed and " })
	if got, err := c.Recent(t.Context()); got != "read" || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestReadDuringAWrongClock: a read while the clock was months ahead is old once the clock is right again, and delays no other read.
func TestReadDuringAWrongClock(t *testing.T) {
	right := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clk := clocktesting.NewFakeClock(right.Add(90 * 24 * time.Hour))
	c := NewRateLimitedCache(clk, time.Minute, func(_ context.Context, previous int) (int, int) { return previous + 1, 1000 })
	if got, err := c.Recent(t.Context()); got != 1 || err != nil {
		t.Fatalf("got %d, %v", got, err)
	}
	clk.SetTime(right)
	if got, err := c.Recent(t.Context()); got != 2 || err != nil {
		t.Errorf("with the right clock: got %d, %v", got, err)
	}
}
