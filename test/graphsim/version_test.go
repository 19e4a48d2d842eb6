// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"testing"
	"time"
)

// TestAnsweringVersion: a version that has ended is answered by the oldest that lives, and only the header tells.
func TestAnsweringVersion(t *testing.T) {
	f := newFixture(t)
	for version, want := range map[string]string{"v18.0": "v21.0", "v20.0": "v21.0", "v21.0": "v21.0", "v25.0": "v25.0", "v26.0": "v26.0"} {
		got := f.get("/" + version + "/" + testWABA + "?fields=name")
		if got.header.Get(versionHeader) != want {
			t.Errorf("%s is answered by %s, want %s", version, got.header.Get(versionHeader), want)
		}
	}
	f.clock.SetTime(time.Date(2027, time.June, 1, 0, 0, 0, 0, time.UTC))
	if got := f.get("/v21.0/" + testWABA + "?fields=name"); got.header.Get(versionHeader) != "v23.0" {
		t.Errorf("after its end: %v", got.header)
	}
}
