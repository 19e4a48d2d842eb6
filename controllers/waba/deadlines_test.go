// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"testing"
	"time"

	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
)

// TestUnitWrongClockAccounts: what was noted while the clock was 90 days ahead holds nothing up once it is right again.
func TestUnitWrongClockAccounts(t *testing.T) {
	now := lifecycletest.Start
	wrong := now.Add(90 * 24 * time.Hour)
	clk := func() *clocktesting.FakePassiveClock { return clocktesting.NewFakePassiveClock(wrong) }
	for name, held := range map[string]func() bool{
		"a refused setting": func() bool {
			c := clk()
			w := newRefusals(c)
			w.keep(settingKey{}, 0, lifecycle.NotSynced("RefusedByMeta", "no"))
			c.SetTime(now)
			return w.of(settingKey{}, 0) != nil
		},
	} {
		if held() {
			t.Errorf("%s, noted by a clock that was 90 days ahead, still holds", name)
		}
	}
}
