// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strings"

	"sigs.k8s.io/yaml"
)

// ranges say what values may be.
type ranges []bound

// bound is what one value of a phase may be.
type bound struct {
	Phase string `json:"phase"`
	Value string `json:"value"`
	// What the value is, in words.
	What string   `json:"what"`
	Min  *float64 `json:"min,omitempty"`
	Max  *float64 `json:"max,omitempty"`
	// Known says why the value is outside at present. It is reported then, and doesn't fail the run.
	Known string `json:"known,omitempty"`
}

// readRanges reads the committed file.
func readRanges(path string) (ranges, error) {
	text, err := os.ReadFile(path) //nolint:gosec // the developer's own file
	if err != nil {
		return nil, err
	}
	return parseRanges(text)
}

func parseRanges(text []byte) (ranges, error) {
	var file struct {
		Ranges ranges `json:"ranges"`
	}
	if err := yaml.UnmarshalStrict(text, &file); err != nil {
		return nil, fmt.Errorf("ranges: %w", err)
	}
	seen := map[string]bool{}
	for _, b := range file.Ranges {
		key := b.Phase + " " + b.Value
		switch {
		case b.Phase == "" || b.Value == "" || b.What == "":
			return nil, fmt.Errorf("ranges: %q needs phase, value and what", key)
		case b.Min == nil && b.Max == nil:
			return nil, fmt.Errorf("ranges: %s has neither min nor max", key)
		case seen[key]:
			return nil, fmt.Errorf("ranges: %s is there twice", key)
		}
		seen[key] = true
	}
	return file.Ranges, nil
}

// comparison is a value beside its range.
type comparison struct {
	bound

	Is value `json:"is"`
	OK bool  `json:"ok"`
}

// fails reports that the run fails because of it.
func (v *comparison) fails() bool { return !v.OK && v.Known == "" }

// allowed is the range in words.
func (b *bound) allowed() string {
	var words []string
	if b.Min != nil {
		words = append(words, "≥ "+number(*b.Min))
	}
	if b.Max != nil {
		words = append(words, "≤ "+number(*b.Max))
	}
	return strings.Join(words, ", ")
}

// contains reports whether a value is in the range. What wasn't measured is in none.
func (b *bound) contains(v float64) bool {
	return !math.IsNaN(v) && (b.Min == nil || v >= *b.Min) && (b.Max == nil || v <= *b.Max)
}

// compare compares the values of the phases that were played.
func (r ranges) compare(measured *result) []comparison {
	var out []comparison
	for _, b := range r {
		row := measured.phase(b.Phase)
		if row == nil {
			continue
		}
		is, found := row.Values[b.Value]
		if !found {
			is = value(math.NaN())
		}
		out = append(out, comparison{bound: b, Is: is, OK: b.contains(float64(is))})
	}
	return out
}

// failure names all values that fail the run.
func failure(compared []comparison) error {
	var errs []error
	for _, v := range compared {
		if v.fails() {
			errs = append(errs, fmt.Errorf("%s: %s is %s, allowed is %s (%s)", v.Phase, v.Value, number(float64(v.Is)), v.allowed(), v.What))
		}
	}
	return errors.Join(errs...)
}
