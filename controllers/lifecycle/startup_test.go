// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"slices"
	"testing"
	"time"

	"github.com/go-logr/logr/funcr"
	clocktesting "k8s.io/utils/clock/testing"
)

// TestUnitStartup: the log shows the progress every ten seconds, and the end once, with the resources that came meanwhile.
func TestUnitStartup(t *testing.T) {
	var lines []string
	log := funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{})
	clock := clocktesting.NewFakePassiveClock(time.Unix(1e9, 0))
	resources, counted := 1000, 0
	s := newStartup(clock, log, func(string) int { counted++; return resources })
	for n := range 1000 {
		s.note("MessageTemplate", n+1)
		clock.SetTime(clock.Now().Add(25 * time.Millisecond))
		if n == 500 {
			resources++
		}
	}
	s.note("MessageTemplate", 1001)
	s.note("MessageTemplate", 1001)
	resources = 1002
	s.note("MessageTemplate", 1002)
	want := []string{
		`"level"=0 "msg"="Reconciling all resources after the start" "controllerKind"="MessageTemplate" "reconciled"=401 "resources"=1000`,
		`"level"=0 "msg"="Reconciling all resources after the start" "controllerKind"="MessageTemplate" "reconciled"=801 "resources"=1001`,
		`"level"=0 "msg"="All resources were reconciled after the start" "controllerKind"="MessageTemplate" "resources"=1001 "took"="25s"`,
	}
	if !slices.Equal(lines, want) {
		t.Errorf("got %q", lines)
	}
	if counted > 5 {
		t.Errorf("counted %d times: the cache has no cheap way to count", counted)
	}
}

// TestUnitReconciled: what was only used by others, or is gone, doesn't count.
func TestUnitReconciled(t *testing.T) {
	o := newObjects(&shelf{keeps: 1})
	a, b := unitObject("a"), unitObject("b")
	expect := func(want int) {
		t.Helper()
		if got := o.Reconciled(a.kind); got != want {
			t.Errorf("%d reconciled, want %d", got, want)
		}
	}
	o.used(a)
	expect(0)
	o.saw(a)
	o.saw(a)
	expect(1)
	o.saw(b) // created again under the same name, while the store keeps something of the first
	expect(1)
	o.gone(a.objectKey)
	expect(0)
}
