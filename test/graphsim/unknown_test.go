// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"fmt"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"
)

func TestUnknownMode(t *testing.T) {
	for seed := range int64(8) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			f := newFixture(t, WithUnknownMode(seed))
			texts, statuses, failures, extras := 0, map[string]bool{}, 0, 0
			for i := range 40 {
				const text = "It's here, as promised..."
				id := f.must(f.create(withText(fmt.Sprint("t", i), text))).text("id")
				got := f.get("/v25.0/" + id + "?fields=status,components")
				if got.status != http.StatusOK {
					if _, there := got.failure()["is_transient"]; there || got.subcode() == 0 {
						t.Errorf("%s", got.raw)
					}
					failures++
					continue
				}
				statuses[got.text("status")] = true
				if c := objects(got.body["components"]); c[0]["text"] != text {
					texts++
				}
				if _, there := got.body["ai_review_lane"]; there {
					extras++
				}
			}
			if texts == 0 || failures == 0 || failures > 10 || extras == 0 || len(statuses) != 2 {
				t.Errorf("texts %d, failures %d, extra fields %d, statuses %v", texts, failures, extras, statuses)
			}
		})
	}
}

func TestUnknownTextIsStable(t *testing.T) {
	for seed := range int64(8) {
		s := New(WithUnknownMode(seed))
		once := s.unknownText("It's here, as promised... ")
		if twice := s.unknownText(once); twice != once {
			t.Errorf("seed %d: %q then %q", seed, once, twice)
		}
	}
}

func TestSameSeedSameIDs(t *testing.T) {
	ids := func(seed int64) []string {
		s := New(WithSeed(seed))
		s.AddAccount(Account{ID: "1"})
		return []string{s.AddTemplate("1", Template{Name: "a"}), s.AddTemplate("1", Template{Name: "b"})}
	}
	if a, b := ids(7), ids(7); !slices.Equal(a, b) {
		t.Errorf("%v %v", a, b)
	}
	if a, b := ids(7), ids(8); slices.Equal(a, b) {
		t.Errorf("%v for both seeds", a)
	}
}

func TestConcurrentUse(t *testing.T) {
	f := newFixture(t, WithReviewDelay(time.Second), WithCreateLimit(0))
	var wait sync.WaitGroup
	for worker := range 8 {
		wait.Go(func() {
			for i := range 20 {
				name := fmt.Sprintf("w%d_%d", worker, i)
				got, err := f.try(http.MethodPost, "/v25.0/"+testWABA+"/message_templates", utility(name, "en_US"))
				if err != nil || got.status != http.StatusOK {
					t.Errorf("%s: %v %s", name, err, got.raw)
					return
				}
				f.clock.Step(time.Second)
				_ = f.sim.Decide(got.text("id"), Decision{QualityScore: "GREEN"})
				f.sim.Fail(Fault{Path: "/nothing", Hook: func(*http.Request) {}})()
				if _, err := f.try(http.MethodGet, "/_sim/state", nil); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wait.Wait()
	if n := f.sim.Stats(); n.Writes != 160 || len(f.sim.Templates(testWABA)) != 160 {
		t.Errorf("%d writes", n.Writes)
	}
}
