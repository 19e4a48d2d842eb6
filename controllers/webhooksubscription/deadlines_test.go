// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

// TestUnitWrongClockSubscriptions: what was noted while the clock was 90 days ahead holds nothing up once it is right again.
func TestUnitWrongClockSubscriptions(t *testing.T) {
	now := lifecycletest.Start
	wrong := now.Add(90 * 24 * time.Hour)
	clk := func() *clocktesting.FakePassiveClock { return clocktesting.NewFakePassiveClock(wrong) }
	for name, held := range map[string]func() bool{
		"an app without messages": func() bool {
			c := clk()
			m := newMemory(c)
			m.setLacking("a", true)
			c.SetTime(now)
			return m.lacks("a", false)
		},
	} {
		if held() {
			t.Errorf("%s, noted by a clock that was 90 days ahead, still holds", name)
		}
	}
}
