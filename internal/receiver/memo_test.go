// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"
)

func TestMemo(t *testing.T) {
	clk := clocktesting.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	ctx := t.Context()
	secrets := 1
	m := &memo[int]{clock: clk, maxAge: time.Minute, read: func(_ context.Context, before int) (int, int) { return before + 1, secrets }}
	expect := func(what string, want int) {
		t.Helper()
		if got, err := m.recent(ctx); got != want || err != nil {
			t.Errorf("%s: got %d, %v, want %d", what, got, err, want)
		}
	}
	// impatient asks for something newer than now, and doesn't wait for a permitted reading.
	impatient := func() error {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Millisecond)
		defer cancel()
		_, err := m.since(ctx, m.mark())
		return err
	}
	mark := m.mark()
	expect("the first", 1)
	if got, err := m.since(ctx, mark); got != 1 || err != nil {
		t.Errorf("what was read after the mark is new enough: got %d, %v", got, err)
	}
	if err := impatient(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("within a second: got %v", err)
	}
	clk.Step(time.Second)
	secrets = 1000
	if got, err := m.since(ctx, m.mark()); got != 2 || err != nil {
		t.Errorf("after a second: got %d, %v", got, err)
	}
	clk.Step(19 * time.Second)
	if err := impatient(); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a thousand Secrets need a longer rest: got %v", err)
	}
	clk.Step(time.Second)
	if got, err := m.since(ctx, m.mark()); got != 3 || err != nil {
		t.Errorf("after the rest: got %d, %v", got, err)
	}
	clk.Step(59 * time.Second)
	expect("not yet old", 3)
	clk.Step(time.Second)
	expect("old", 4)
}

// TestMemoBehindItsRest: a value isn't too old for those who don't doubt it while no reading is permitted.
func TestMemoBehindItsRest(t *testing.T) {
	clk := clocktesting.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	m := &memo[int]{clock: clk, maxAge: time.Second, read: func(_ context.Context, before int) (int, int) { return before + 1, 500 }}
	for _, want := range []int{1, 1, 2} {
		if got, err := m.recent(t.Context()); got != want || err != nil {
			t.Errorf("got %d, %v, want %d", got, err, want)
		}
		clk.Step(6 * time.Second)
	}
}

func TestSometimes(t *testing.T) {
	clk := clocktesting.NewFakePassiveClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	s := sometimes{clock: clk}
	for i, want := range []struct {
		ok      bool
		dropped int
	}{{true, 0}, {false, 0}, {false, 0}, {true, 2}, {false, 0}} {
		if i == 3 {
			clk.SetTime(clk.Now().Add(time.Second))
		}
		if ok, dropped := s.next(); ok != want.ok || dropped != want.dropped {
			t.Errorf("%d: got %v, %d", i, ok, dropped)
		}
	}
}

// TestMemoChangesWhatIsBeingRead: a reading that began before a change doesn't bring back what was changed.
func TestMemoChangesWhatIsBeingRead(t *testing.T) {
	begun, proceed := make(chan struct{}), make(chan struct{})
	m := &memo[string]{clock: clocktesting.NewFakeClock(time.Now()), maxAge: time.Minute, read: func(context.Context, string) (string, int) {
		begun <- struct{}{}
		<-proceed
		return "read", 1
	}}
	got := later(func() string { value, _ := m.recent(t.Context()); return value })
	<-begun
	m.change(func(s string) string { return s + " and changed" })
	close(proceed)
	if got := got(); got != "read and changed" {
		t.Errorf("got %q", got)
	}
}

// TestMemoAfterAWrongClock: a reading that was noted while the clock was months ahead is old when the clock is right again, and keeps
// no other from beginning.
func TestMemoAfterAWrongClock(t *testing.T) {
	right := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	clk := clocktesting.NewFakeClock(right.Add(90 * 24 * time.Hour))
	m := &memo[int]{clock: clk, maxAge: time.Minute, read: func(_ context.Context, before int) (int, int) { return before + 1, 1000 }}
	if got, err := m.recent(t.Context()); got != 1 || err != nil {
		t.Fatalf("got %d, %v", got, err)
	}
	clk.SetTime(right)
	if got, err := m.recent(t.Context()); got != 2 || err != nil {
		t.Errorf("after the clock was put right: got %d, %v", got, err)
	}
}
