// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"math"
	"strings"
	"testing"
)

func TestNumber(t *testing.T) {
	for in, want := range map[float64]string{
		0: "0", 7: "7", 20485: "20485", 211.6: "212", 60.04: "60.0", 1.004: "1.00", 0.25: "0.25", 0.0123: "0.012", 0.00001: "1e-05", -0.5: "-0.50",
	} {
		if got := number(in); got != want {
			t.Errorf("%g is %q, want %q", in, got, want)
		}
	}
	if got := number(math.NaN()); got != "–" {
		t.Errorf("nothing is %q", got)
	}
}

func TestAlign(t *testing.T) {
	got := align([][]string{{"phase", "s", "is"}, {"restart", "5.1", "≥ 2"}, {"a", "–", "b"}})
	const want = "phase      s  is\nrestart  5.1  ≥ 2\na          –  b\n"
	if got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

func TestRender(t *testing.T) {
	r := &result{
		CPUs: 2, Accounts: 5, Templates: 50, Numbers: 2, Period: 30, Writes: writeFloor{WritesPerSecond: 167, quantiles: quantiles{P50: 0.013, P99: 0.018}},
		Bare: bareClient{ListSeconds: 0.2, memory: memory{Now: 56.5, Peak: 57}, HeapMB: 5.8},
	}
	one := &row{Phase: "steady", Seconds: 60, GraphCalls: map[string]int{"read_account": 10, "debug_token": 5}, MostCalls: 2, APIReads: 10,
		APIWrites: 11, CPUSeconds: 0.31, Memory: memory{Now: 67.4, Peak: 68}, Values: map[string]value{}}
	one.set("events", 0)
	one.setQuantiles("status-seconds", quantilesOf([]float64{1, 2, 3}))
	r.Phases = []*row{one}
	most := 0.0
	r.Compared = ranges{{Phase: "steady", Value: "status-seconds-p99", What: "seconds", Max: &most, Known: "it takes time"}}.compare(r)
	got := render(r)
	for _, want := range []string{
		"5 accounts with 50 templates and 2 numbers each, observed every 30 s, on 2 CPUs\n",
		"steady  60     15       2     10      11       0   0.31    67.4       68        0      0         0         0\n",
		"takes 167 status writes a second, one at 25 a second takes 13 ms (p50), 18 ms (p99)",
		"A bare client lists everything in 0.20 s; it has 56.5 MB in memory, 57 at its peak, of that 5.80 of heap after a collection.",
		"steady  events               0\n",
		"steady  status-seconds-p50   2\n",
		"known  steady  status-seconds-p99   3  ≤ 0\n",
		"known: status-seconds-p99 of steady: it takes time\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in\n%s", want, got)
		}
	}
}

func TestJSON(t *testing.T) {
	text, err := json.Marshal(&row{Phase: "steady", Values: map[string]value{"a": 1.5, "b": value(math.NaN()), "c": value(math.Inf(1))}})
	if err != nil {
		t.Fatal(err)
	}
	if want := `"values":{"a":1.5,"b":null,"c":null}`; !strings.Contains(string(text), want) {
		t.Errorf("%s, want %s", text, want)
	}
}

func TestOnePercent(t *testing.T) {
	for _, test := range []struct{ total, least, most, want int }{
		{5000, 20, 1000, 50}, {250, 20, 1000, 20}, {1_000_000, 20, 1000, 1000}, {0, 1, 5, 1},
	} {
		if got := onePercent(test.total, test.least, test.most); got != test.want {
			t.Errorf("of %d: %d, want %d", test.total, got, test.want)
		}
	}
}

func TestParse(t *testing.T) {
	for name, test := range map[string]struct {
		args    []string
		problem string
	}{
		"no flags":          {nil, ""},
		"some phases":       {[]string{"--phases=steady,edits", "--accounts=3"}, ""},
		"an unknown phase":  {[]string{"--phases=stedy"}, "--phases"},
		"a short period":    {[]string{"--period=10s"}, "--period"},
		"no accounts":       {[]string{"--accounts=0"}, "--accounts"},
		"an argument":       {[]string{"large"}, "large"},
		"an unknown flag":   {[]string{"--size=3"}, "size"},
		"too many template": {[]string{"--templates=6001"}, "--templates"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parse(test.args)
			if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Errorf("%v, want %q", err, test.problem)
			}
		})
	}
	cfg, err := parse([]string{"--phases=edits"})
	if err != nil {
		t.Fatal(err)
	}
	for phase, want := range map[string]bool{coldStart: true, edits: true, steady: false} {
		if got := cfg.plays(phase); got != want {
			t.Errorf("%s: %v, want %v", phase, got, want)
		}
	}
}
