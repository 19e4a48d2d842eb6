// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package cli

import (
	"bytes"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/internal/overview"
)

// TestWatchedOutputRepeatsNothing: in a file or a pipe, an overview of which only the time has moved on isn't written again.
func TestWatchedOutputRepeatsNothing(t *testing.T) {
	var out, errs bytes.Buffer
	view := &statusView{statusFlags: &statusFlags{format: "json", formatted: overview.Formats["json"], watch: true}, Streams: Streams{Out: &out, Err: &errs}, namespace: "shop"}
	at := time.Date(2026, time.November, 2, 12, 0, 0, 0, time.UTC)
	show := func(o *overview.Overview) string {
		t.Helper()
		out.Reset()
		if err := view.show(o); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	if first := show(&overview.Overview{Time: metav1.NewTime(at)}); first == "" {
		t.Fatal("the first overview isn't written")
	}
	if again := show(&overview.Overview{Time: metav1.NewTime(at.Add(time.Minute))}); again != "" {
		t.Errorf("nothing but the time has changed, and this is written: %s", again)
	}
	changed := &overview.Overview{Time: metav1.NewTime(at.Add(2 * time.Minute)), Unreadable: []string{"PhoneNumbers"}}
	if text := show(changed); text == "" {
		t.Error("a change isn't written")
	}
}
