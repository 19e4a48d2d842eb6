// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"testing"
	"time"

	"k8s.io/utils/ptr"
)

func priceOf(amount any) map[string]any {
	return map[string]any{"bid_amount": amount, "bid_strategy": "LOWEST_COST_WITH_BID_CAP"}
}

func priced(name string, amount any) map[string]any {
	b := utility(name, "en_US")
	b["category"], b["optimization_spec"] = "MARKETING", priceOf(amount)
	return b
}

func TestMaxPrice(t *testing.T) {
	f := newFixture(t, WithReviewDelay(0), WithEditReview(EditReviewKeep))
	id := f.must(f.create(priced("priced", 5000))).text("id")
	shown := func(want any) {
		t.Helper()
		spec, _ := f.must(f.get("/v25.0/" + id + "?fields=optimization_spec")).body["optimization_spec"].(map[string]any)
		if spec["bid_amount"] != want {
			t.Errorf("shown: %v, want %v", spec, want)
		}
	}
	shown(5000.0)
	if _, shown := f.must(f.get("/v25.0/" + id)).body["optimization_spec"]; shown {
		t.Error("the price is shown though it wasn't requested")
	}
	f.refused(f.get("/v25.0/"+id+"?fields=bid_spec"), 100, 0)
	f.must(f.edit(id, map[string]any{"optimization_spec": priceOf(4000)}))
	shown(4000.0)
	f.must(f.edit(id, map[string]any{"optimization_spec": priceOf(3000), "components": utility("new", "en")["components"]}))
	shown(3000.0)
	f.clock.Step(25 * time.Hour)
	f.must(f.edit(id, map[string]any{"message_send_ttl_seconds": 43200}))
	shown(3000.0)
	f.clock.Step(25 * time.Hour)
	f.must(f.edit(id, map[string]any{"components": utility("newer", "en")["components"]}))
	shown(nil) // content without the price
	f.refused(f.edit(id, map[string]any{"optimization_spec": priceOf(4000)}), 100, 0)
}

func TestMaxPriceRefused(t *testing.T) {
	f := newFixture(t)
	for name, spec := range map[string]any{
		"no amount": map[string]any{"bid_strategy": "LOWEST_COST_WITH_BID_CAP"}, "no strategy": map[string]any{"bid_amount": 5000},
		"another strategy": map[string]any{"bid_amount": 5000, "bid_strategy": "COST_CAP"},
		"nothing":          priceOf(0), "a fraction": priceOf(0.5), "beyond 32 bits": priceOf(1 << 31), "no object": 5000,
	} {
		body := priced("refused", 5000)
		body["optimization_spec"] = spec
		if got := f.create(body); got.code() != 100 {
			t.Errorf("%s: %s", name, got.raw)
		}
	}
	body := priced("refused", 5000)
	body["category"] = "UTILITY"
	f.refused(f.create(body), 100, 0)
	plain := f.sim.AddTemplate(testWABA, Template{Name: "plain", Category: "MARKETING"})
	f.refused(f.edit(plain, map[string]any{"optimization_spec": priceOf(5000)}), 100, 0)
}

// TestPriceBudget: edits of the max price and of the content have budgets of their own.
func TestPriceBudget(t *testing.T) {
	f := newFixture(t, WithEditReview(EditReviewKeep))
	id := f.sim.AddTemplate(testWABA, Template{Name: "priced", Category: "MARKETING", MaxPrice: ptr.To[int64](1)})
	amount := 1
	price := func() answer { amount++; return f.edit(id, map[string]any{"optimization_spec": priceOf(amount)}) }
	content := map[string]any{"components": utility("x", "en")["components"], "optimization_spec": priceOf(9)}
	f.must(f.edit(id, content))
	for range 100 {
		f.must(price())
	}
	f.refused(price(), 100, 2388124)
	f.refused(f.edit(id, content), 100, 2388124)
	f.clock.Step(time.Hour - time.Second)
	f.refused(price(), 100, 2388124)
	f.clock.Step(time.Second)
	f.must(price())
	f.clock.Step(24 * time.Hour)
	f.must(f.edit(id, content)) // the edits of the price don't count
	if got := f.template("priced").Status; got != "APPROVED" {
		t.Errorf("%s", got)
	}
}

func TestPriceBudgetOfTheDay(t *testing.T) {
	f := newFixture(t, WithPriceEdits(2, 3))
	id := f.sim.AddTemplate(testWABA, Template{Name: "priced", Category: "MARKETING", MaxPrice: ptr.To[int64](1)})
	edit := func() answer { return f.edit(id, map[string]any{"optimization_spec": priceOf(5)}) }
	f.must(edit())
	f.sim.EditInManager(id, func(x *Template) { x.MaxPrice = ptr.To[int64](7) }) // by a person
	f.refused(edit(), 100, 2388124)
	f.clock.Step(time.Hour)
	f.must(edit())
	f.refused(edit(), 100, 2388124)
	f.clock.Step(23 * time.Hour)
	f.must(edit())
}

// TestPriceAndTime: whether an edit of the price moves the time of the last change isn't documented; both happen.
func TestPriceAndTime(t *testing.T) {
	f, moved := newFixture(t), map[bool]int{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		id := f.sim.AddTemplate(testWABA, Template{Name: name, Category: "MARKETING", MaxPrice: ptr.To[int64](1)})
		before := f.template(name).LastUpdatedTime
		f.clock.Step(time.Minute)
		f.must(f.edit(id, map[string]any{"optimization_spec": priceOf(2)}))
		moved[f.template(name).LastUpdatedTime.After(before)]++
	}
	if moved[true] == 0 || moved[false] == 0 {
		t.Errorf("%v", moved)
	}
}

// TestEditOfPaused: Meta's page on editing says that a paused template is approved again automatically, that on pausing that it is reviewed.
func TestEditOfPaused(t *testing.T) {
	for again, want := range map[EditReview][]string{EditReviewKeep: {"APPROVED", "APPROVED"}, EditReviewAgain: {"PENDING", "APPROVED"}} {
		f := newFixture(t, WithEditReview(again))
		id := f.sim.AddTemplate(testWABA, Template{Name: "edited"})
		for range 2 { // as often as one likes
			if err := f.sim.Decide(id, Decision{Status: "PAUSED"}); err != nil {
				t.Fatal(err)
			}
			f.must(f.edit(id, map[string]any{"components": utility("x", "en")["components"]}))
			if got := f.template("edited").Status; got != want[0] {
				t.Errorf("%s after the edit, want %s", got, want[0])
			}
			f.clock.Step(time.Minute)
			if got := f.template("edited").Status; got != want[1] {
				t.Errorf("%s after a minute, want %s", got, want[1])
			}
		}
		f.clock.Step(7 * time.Hour)
		if got := f.template("edited").Status; got != "APPROVED" {
			t.Errorf("%s when the pause would have been over", got)
		}
	}
}

// TestEditOfPausedIsSeeded: without a choice, both happen.
func TestEditOfPausedIsSeeded(t *testing.T) {
	seen := map[string]int{}
	f := newFixture(t)
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		id := f.sim.AddTemplate(testWABA, Template{Name: name, Status: "PAUSED"})
		f.must(f.edit(id, map[string]any{"components": utility(name, "en")["components"]}))
		seen[f.template(name).Status]++
	}
	if seen["APPROVED"] == 0 || seen["PENDING"] == 0 {
		t.Errorf("%v: both must happen", seen)
	}
}
