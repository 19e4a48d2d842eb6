// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"math"
	"slices"
	"strings"
	"testing"
)

func TestParseRanges(t *testing.T) {
	const good = "ranges:\n- {phase: steady, value: events, what: events, max: 0}\n"
	for name, test := range map[string]struct{ text, problem string }{
		"good":              {good, ""},
		"twice":             {good + "- {phase: steady, value: events, what: events, min: 0}\n", "twice"},
		"without a bound":   {"ranges:\n- {phase: steady, value: events, what: events}\n", "neither"},
		"without words":     {"ranges:\n- {phase: steady, value: events, max: 0}\n", "needs phase, value and what"},
		"an unknown field":  {"ranges:\n- {phase: steady, value: events, what: events, maximum: 0}\n", "maximum"},
		"something else":    {"- a\n", "ranges:"},
		"without a phase":   {"ranges:\n- {value: events, what: events, max: 0}\n", "needs phase"},
		"nothing to check":  {"ranges: []\n", ""},
		"known and bounded": {"ranges:\n- {phase: steady, value: events, what: events, max: 0, known: why}\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseRanges([]byte(test.text))
			if (err == nil) != (test.problem == "") || err != nil && !strings.Contains(err.Error(), test.problem) {
				t.Errorf("%v, want %q", err, test.problem)
			}
		})
	}
}

// TestCommittedRanges: each range of the file is for a row that the suite prints.
func TestCommittedRanges(t *testing.T) {
	all, err := readRanges("ranges.yaml")
	if err != nil {
		t.Fatal(err)
	}
	rows := phaseNames()
	for _, rate := range webhookRates {
		rows = append(rows, rateName(rate))
	}
	rows = append(rows, batchName)
	for _, b := range all {
		if !slices.Contains(rows, b.Phase) {
			t.Errorf("%s of %s: there is no such phase", b.Value, b.Phase)
		}
	}
	for _, row := range rows {
		if row != webhooks && !slices.ContainsFunc(all, func(b bound) bool { return b.Phase == row }) {
			t.Errorf("nothing is checked of %s", row)
		}
	}
}

func TestCompare(t *testing.T) {
	limits, err := parseRanges([]byte(`
ranges:
- {phase: steady, value: events, what: events, max: 0}
- {phase: steady, value: ratio, what: a ratio, min: 0.5, max: 2}
- {phase: steady, value: slow, what: something slow, max: 1, known: it is slow}
- {phase: steady, value: forgotten, what: what the phase doesn't measure, max: 1}
- {phase: steady, value: nothing, what: what had nothing to measure, max: 1}
- {phase: edits, value: lost, what: of a phase that wasn't played, max: 0}
`))
	if err != nil {
		t.Fatal(err)
	}
	r := &result{Phases: []*row{{Phase: "steady", Values: map[string]value{
		"events": 0, "ratio": 0.25, "slow": 3, "nothing": value(math.NaN()), "unbounded": 9,
	}}}}
	compared := limits.compare(r)
	var marks []string
	for _, v := range compared {
		marks = append(marks, v.Value+" "+v.mark())
	}
	want := []string{"events ok", "ratio FAIL", "slow known", "forgotten FAIL", "nothing FAIL"}
	if !slices.Equal(marks, want) {
		t.Errorf("%q, want %q", marks, want)
	}
	problem := failure(compared)
	if problem == nil {
		t.Fatal("the run doesn't fail")
	}
	const line = "steady: ratio is 0.25, allowed is ≥ 0.50, ≤ 2 (a ratio)"
	if got := strings.Split(problem.Error(), "\n"); len(got) != 3 || got[0] != line {
		t.Errorf("%q, want first %q", got, line)
	}
	if err := failure(compared[:1]); err != nil {
		t.Error(err)
	}
}
