// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package relay

import (
	"slices"
	"strconv"
	"testing"
)

func queuedOf(rt *relayTest) int {
	rt.mu.Lock()
	defer rt.mu.Unlock()
	return rt.queued
}

// TestRelayRedeliveries: a delivery that Meta sends again reaches each target once, whether one target had no memory for it or an account
// was missing.
func TestRelayRedeliveries(t *testing.T) {
	rt := newRelayTest(t, Options{MaxBytes: 4 * 2 * (overhead + 10)},
		Target{URL: "https://a.example"}, Target{URL: "https://b.example", Fields: []string{"messages"}})
	offer := func(body, field string, willRetry bool) bool {
		return rt.Relay.Offer(Delivery{AppID: "501", Body: []byte(body), Fields: []string{field}, WillRetry: willRetry})
	}
	for i, step := range []struct {
		body, field string
		willRetry   bool
		kept        bool
		a, b        int // deliveries that wait for the targets
	}{
		{"1 message ", "messages", false, true, 1, 1},
		{"2 message ", "messages", false, true, 2, 2},
		{"3 message ", "messages", false, false, 2, 2},
		{"4 account ", "account_update", false, true, 2, 2}, // dropped
	} {
		if kept := offer(step.body, step.field, step.willRetry); kept != step.kept {
			t.Errorf("%d: kept %v", i, kept)
		}
		if a, b := len(rt.targets[0].waiting), len(rt.targets[1].waiting); a != step.a || b != step.b {
			t.Errorf("%d: %d and %d wait, want %d and %d", i, a, b, step.a, step.b)
		}
	}
	rt.targets[0].dropAll() // one target has no deliveries left
	for i := range 2 {
		if offer("3 message ", "messages", false) || len(rt.targets[0].waiting) != 1 {
			t.Errorf("offered again %d times: %d wait for the target with memory", i+1, len(rt.targets[0].waiting))
		}
	}
	rt.targets[1].dropAll()
	kept := []bool{offer("3 message ", "messages", false), offer("5 message ", "messages", true), offer("5 message ", "messages", true)}
	if a, b := len(rt.targets[0].waiting), len(rt.targets[1].waiting); slices.Contains(kept, false) || a != 2 || b != 2 {
		t.Errorf("with memory: kept %v, %d and %d wait", kept, a, b)
	}
}

// TestRelayRedeliveriesAreBounded: the oldest ones are removed.
func TestRelayRedeliveriesAreBounded(t *testing.T) {
	var r redeliveries
	id := func(i int) (out [32]byte) { copy(out[:], strconv.Itoa(i)); return out }
	for i := range maxRedeliveries + 2 {
		r.add(id(i))
	}
	if r.has(id(1)) || !r.has(id(2)) || len(r.known) != maxRedeliveries {
		t.Errorf("%d are known, the second of them %v", len(r.known), r.has(id(1)))
	}
}

// TestRelayOfOneApp: a target may be for some apps only.
func TestRelayOfOneApp(t *testing.T) {
	rt := newRelayTest(t, Options{}, Target{URL: "https://bot.example", Apps: []string{"501"}, Fields: []string{"messages"}})
	for _, c := range []struct {
		app, field string
		want       bool
	}{{"501", "messages", true}, {"501", "security", false}, {"502", "messages", false}} {
		before := queuedOf(rt)
		rt.Relay.Offer(Delivery{AppID: c.app, Body: []byte("{}"), Fields: []string{c.field}})
		if got := rt.Wants(c.app, []string{c.field}); got != c.want || (queuedOf(rt) > before) != c.want {
			t.Errorf("%+v: wants %v, %d queued", c, got, queuedOf(rt)-before)
		}
	}
}
