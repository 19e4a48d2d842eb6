// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"context"
	"errors"
	"testing"
	"time"
)

// TestLargeBodyWithoutSlot: a body that gets no slot for its parsing takes none from the others.
func TestLargeBodyWithoutSlot(t *testing.T) {
	l := NewDeliveryLimiter(DeliveryLimits{Recording: 1, RecordingPerApp: 1, LargeBytes: 2, Parsing: 1, ParseTimeout: time.Minute})
	app, other := l.NewAppLimiter(), l.NewAppLimiter()
	l.parseSlots <- struct{}{}
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	if err := app.Parse(canceled, 2, func() { t.Error("parsed without a slot") }); !errors.Is(err, ErrParseTimeout) || len(app.parseSlots) != 0 {
		t.Errorf("got %v, and %d slots of the app are taken", err, len(app.parseSlots))
	}
	small := false
	if err := app.Parse(canceled, 1, func() { small = true }); err != nil || !small {
		t.Errorf("a small body: %v", err)
	}
	<-l.parseSlots
	if err := other.Parse(t.Context(), 2, func() {
		if len(other.parseSlots) != 1 || len(l.parseSlots) != 1 {
			t.Error("parsed without slots")
		}
	}); err != nil || len(other.parseSlots)+len(l.parseSlots) != 0 {
		t.Errorf("got %v, and the slots are still taken", err)
	}
}

func TestLargeBodiesOfAnApp(t *testing.T) {
	app := NewDeliveryLimiter(DeliveryLimits{LargeBytes: 2}).NewAppLimiter()
	var releases []func()
	for i := range largePerApp {
		if app.LargeFull(2) {
			t.Errorf("full with %d large bodies", i)
		}
		release, ok := app.AcquireLarge(2)
		if !ok {
			t.Fatalf("no slot for large body %d", i)
		}
		releases = append(releases, release)
	}
	if _, ok := app.AcquireLarge(2); ok || !app.LargeFull(2) {
		t.Errorf("a slot for more than %d", largePerApp)
	}
	if release, ok := app.AcquireLarge(1); !ok || app.LargeFull(1) {
		t.Error("a small body needs a slot")
	} else {
		release()
	}
	releases[0]()
	releases[0]()
	if got := len(app.largeSlots); got != largePerApp-1 {
		t.Errorf("%d slots are taken after the release of one", got)
	}
}

// TestRecordSlots: an app has no more than its own slots, and a failure takes none.
func TestRecordSlots(t *testing.T) {
	l := NewDeliveryLimiter(DeliveryLimits{Recording: 2, RecordingPerApp: 1})
	one, two, three := l.NewAppLimiter(), l.NewAppLimiter(), l.NewAppLimiter()
	releaseOne, ok := one.AcquireRecord()
	if !ok {
		t.Fatal("no slot for the first app")
	}
	if _, ok := one.AcquireRecord(); ok {
		t.Error("two slots for one app")
	}
	releaseTwo, ok := two.AcquireRecord()
	if !ok {
		t.Fatal("no slot for the second app")
	}
	if _, ok := three.AcquireRecord(); ok || len(three.recordSlots) != 0 {
		t.Errorf("a slot beyond the total: %v; %d of its own are taken", ok, len(three.recordSlots))
	}
	releaseOne()
	releaseTwo()
	if len(l.recordSlots)+len(one.recordSlots)+len(two.recordSlots) != 0 {
		t.Error("slots are taken after their release")
	}
}
