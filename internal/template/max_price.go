// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"maps"
	"math"
	"slices"
	"strconv"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/canonical"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// price sets the amount; with a strategy that a spec has no word for it is another value.
func (f Fields) price(p *graph.MaxPrice) {
	if p == nil {
		return
	}
	f[FieldMaxPrice] = strconv.FormatInt(p.AmountPer1000, 10)
	if p.Strategy != graph.StrategyBidCap {
		f[FieldMaxPrice] += " " + p.Strategy
	}
}

// OnlyMaxPrice reports that the named fields are the max price and no other.
func OnlyMaxPrice(names []string) bool {
	return len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return name != FieldMaxPrice })
}

// WithoutMaxPrice returns the named fields but the max price.
func WithoutMaxPrice(names []string) []string {
	return slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == FieldMaxPrice })
}

// PriceRecorded reports that the recorded max price, which was read or written last, is the wanted one.
func PriceRecorded(recorded map[string]string, want Fields) bool {
	return recorded[FieldMaxPrice] == canonical.HashValue(want[FieldMaxPrice])
}

// PriceWritten returns a record with the wanted max price as Meta's.
func PriceWritten(recorded map[string]string, want Fields) map[string]string {
	out := map[string]string{}
	maps.Copy(out, recorded)
	out[FieldMaxPrice] = canonical.HashValue(want[FieldMaxPrice])
	return out
}

// SamePrice reports that both have the same max price.
func SamePrice(want, live Fields) bool { return want[FieldMaxPrice] == live[FieldMaxPrice] }

func maxPrice(p *v1alpha1.TemplateMaxPrice) *graph.MaxPrice {
	if p == nil {
		return nil
	}
	return &graph.MaxPrice{AmountPer1000: p.AmountPer1000, Strategy: graph.StrategyBidCap}
}

func (d *describer) maxPrice(p *graph.MaxPrice) *v1alpha1.TemplateMaxPrice {
	switch {
	case p == nil:
		return nil
	case p.Strategy != graph.StrategyBidCap || p.AmountPer1000 > math.MaxInt32:
		d.problem("optimization_spec", "a max price of %d with the strategy %q can't be described", p.AmountPer1000, p.Strategy)
		return nil
	}
	return &v1alpha1.TemplateMaxPrice{AmountPer1000: p.AmountPer1000}
}
