// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package loglimit

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	clocktesting "k8s.io/utils/clock/testing"
)

func TestFailures(t *testing.T) {
	clock := clocktesting.NewFakePassiveClock(time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC))
	var lines []string
	f := New(funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{}), clock)
	away := errors.New("away")
	for range 3 {
		f.Report("read a Secret", away, "app", "1")
		f.Report("write a fact", away)
	}
	clock.SetTime(clock.Now().Add(Period))
	f.Report("read a Secret", away, "app", "2")
	want := []string{
		`"msg"="Step failed" "error"="away" "operation"="read a Secret" "unreported"=0 "app"="1"`,
		`"msg"="Step failed" "error"="away" "operation"="write a fact" "unreported"=0`,
		`"msg"="Step failed" "error"="away" "operation"="read a Secret" "unreported"=2 "app"="2"`,
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q", lines)
	}
}
