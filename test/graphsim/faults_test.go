// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"maps"
	"net/http"
	"testing"
	"time"
)

func TestFaults(t *testing.T) {
	path := "/v25.0/" + testWABA + "/message_templates"
	cases := []struct {
		name    string
		fault   Fault
		status  int
		code    int
		created bool
	}{
		{"envelope", Fault{Method: "POST", Path: "/*/message_templates", Code: 100, Subcode: 2388999, UserTitle: "T", UserMessage: "M"}, 400, 100, false},
		{"service down", Fault{Code: 2, Transient: true}, 503, 2, false},
		{"own status", Fault{Code: 80008, Status: 429, RegainMinutes: 9}, 429, 80008, false},
		{"no JSON", Fault{Status: 502, Body: "<html>bad gateway</html>"}, 502, 0, false},
		{"done, answered with an error", Fault{Code: 1, Commit: true}, 500, 1, true},
		{"other method", Fault{Method: "GET", Code: 2}, 200, 0, true},
		{"other path", Fault{Path: "/*", Code: 2}, 200, 0, true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t)
			f.sim.Fail(c.fault)
			got := f.do(http.MethodPost, path, utility("a", "en_US"))
			if got.status != c.status || got.code() != c.code || got.subcode() != c.fault.Subcode {
				t.Errorf("HTTP %d: %s", got.status, got.raw)
			}
			if c.fault.RegainMinutes != 0 && f.usage(got).RegainMinutes != c.fault.RegainMinutes {
				t.Errorf("%v", got.header)
			}
			if _, found := f.sim.TemplateByName(testWABA, "a", "en_US"); found != c.created {
				t.Errorf("created: %v", found)
			}
		})
	}
}

// TestFaultsOfAPercentage: two faults for the same calls hit different ones, about as many as they say, and the same ones with the same seed.
func TestFaultsOfAPercentage(t *testing.T) {
	answers := func() map[int]int {
		f := newFixture(t)
		f.sim.Fail(Fault{Code: 2, Times: -1, Percent: 30})
		f.sim.Fail(Fault{Code: 1, Times: -1, Percent: 50})
		out := map[int]int{}
		for range 400 {
			out[f.get("/v25.0/"+testWABA).code()]++
		}
		return out
	}
	first := answers()
	for code, want := range map[int]int{2: 120, 1: 140, 0: 140} {
		if got := first[code]; got < want-40 || got > want+40 {
			t.Errorf("%d answers with code %d, want about %d", got, code, want)
		}
	}
	if second := answers(); !maps.Equal(first, second) {
		t.Errorf("the same seed gives %v and %v", first, second)
	}
}

// TestFaultsOfAPercentageEnd: calls that are let through don't count.
func TestFaultsOfAPercentageEnd(t *testing.T) {
	f := newFixture(t)
	f.sim.Fail(Fault{Code: 2, Times: 3, Percent: 50})
	failed := 0
	for range 40 {
		if f.get("/v25.0/"+testWABA).code() == 2 {
			failed++
		}
	}
	if failed != 3 {
		t.Errorf("%d calls failed, want 3", failed)
	}
}

func TestFaultsEnd(t *testing.T) {
	f := newFixture(t)
	path := "/v25.0/" + testWABA
	f.sim.Fail(Fault{Code: 2})
	f.refused(f.get(path), 2, 0)
	f.must(f.get(path))
	f.sim.Fail(Fault{Code: 1, Times: 2})
	f.refused(f.get(path), 1, 0)
	f.refused(f.get(path), 1, 0)
	f.must(f.get(path))
	end := f.sim.Fail(Fault{Code: 2, Times: -1})
	for range 5 {
		f.refused(f.get(path), 2, 0)
	}
	end()
	f.must(f.get(path))
}

func TestCutConnections(t *testing.T) {
	for cut, created := range map[CutPoint]bool{BeforeCommit: false, AfterCommit: true} {
		t.Run(string(cut), func(t *testing.T) {
			f := newFixture(t)
			f.must(f.get("/v25.0/" + testWABA)) // so that a connection is reused, and Go's client could retry
			f.sim.Fail(Fault{Path: "/*/message_templates", Cut: cut})
			if got, err := f.try(http.MethodPost, "/v25.0/"+testWABA+"/message_templates", utility("a", "en_US")); err == nil {
				t.Errorf("answered %d: %s", got.status, got.raw)
			}
			if _, found := f.sim.TemplateByName(testWABA, "a", "en_US"); found != created {
				t.Errorf("created: %v", found)
			}
			f.sim.Fail(Fault{Path: "/*", Cut: cut})
			if _, err := f.try(http.MethodGet, "/v25.0/"+testWABA, nil); err == nil {
				t.Error("Go's client must not be able to retry a cut read by itself")
			}
			n := f.sim.Stats()
			if n.Calls != 3 || n.CreatesByKey[testWABA+"/a/en_US"] != 1 || (n.CommittedCreates[testWABA+"/a/en_US"] == 1) != created {
				t.Errorf("%+v", n)
			}
			if r := f.sim.Requests()[1]; r.Status != 0 || r.TokenID != "acme" || r.Account != testWABA {
				t.Errorf("%+v", r)
			}
		})
	}
}

func TestHooks(t *testing.T) {
	f := newFixture(t)
	var before, after bool
	f.sim.Fail(Fault{
		Method: "POST", Path: "/*/message_templates",
		Hook: func(*http.Request) {
			_, found := f.sim.TemplateByName(testWABA, "a", "en_US")
			before = !found
		},
		AfterHook: func(*http.Request) { _, after = f.sim.TemplateByName(testWABA, "a", "en_US") },
	})
	f.must(f.create(utility("a", "en_US")))
	if !before || !after {
		t.Errorf("before %v, after %v", before, after)
	}
}

func TestDelayEndsWithTheClient(t *testing.T) {
	f := newFixture(t)
	f.http.Timeout = 50 * time.Millisecond
	f.sim.Fail(Fault{Delay: time.Hour})
	if _, err := f.try(http.MethodGet, "/v25.0/"+testWABA, nil); err == nil {
		t.Error("answered before the delay")
	}
}

func TestFaultsHitItemsOfABatch(t *testing.T) {
	f := newFixture(t)
	f.sim.Fail(Fault{Path: "/debug_token", Code: 2})
	codes, _ := f.batch(batchItem{RelativeURL: testWABA}, batchItem{RelativeURL: "debug_token?input_token=" + testToken})
	if codes[0] != 200 || codes[1] != 503 {
		t.Errorf("%v", codes)
	}
	f.sim.Fail(Fault{Path: "/", Code: 1})
	f.refused(f.do(http.MethodPost, "/v25.0/", map[string]any{"batch": []any{}}), 1, 0)
}
