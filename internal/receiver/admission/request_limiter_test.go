// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package admission

import (
	"slices"
	"testing"
)

func TestRequestLimiter(t *testing.T) {
	var evicted []string
	const kib = 1 << 10
	l := NewRequestLimiter(3, 1000*kib)
	admit := func(name string) *Admission { return l.Admit(func() { evicted = append(evicted, name) }) }
	expect := func(what string, want ...string) {
		t.Helper()
		if !slices.Equal(evicted, want) {
			t.Errorf("%s: evicted %v, want %v", what, evicted, want)
		}
	}
	a, b, c := admit("a"), admit("b"), admit("c")
	expect("as many as may be")
	d := admit("d")
	expect("too many", "a")
	if a.Reserve(1) || a.MarkVerified() {
		t.Error("an evicted request goes on")
	}
	if !b.Reserve(400*kib) || !c.Reserve(590*kib) || !b.MarkVerified() {
		t.Error("refused with memory left")
	}
	expect("enough memory for all", "a")
	if !d.Reserve(SmallBody) {
		t.Error("a small body was refused")
	}
	expect("the largest unverified", "a", "c")
	c.Release()
	if !d.Reserve(600 * kib) {
		t.Error("the memory that c released isn't free")
	}
	e := admit("e")
	if !e.Reserve(SmallBody) {
		t.Error("a small body was refused")
	}
	expect("the largest again", "a", "c", "d")
	if e.Reserve(SmallBody + 1) {
		t.Error("got memory that d hasn't released yet")
	}
	expect("no other one is left", "a", "c", "d", "e")
	if got := l.Unverified(); got != 0 {
		t.Errorf("%d are unverified, and all are verified or evicted", got)
	}
	for _, r := range []*Admission{a, b, b, c, d, e} {
		r.Release()
	}
	if l.Reserved() != 0 || l.evicted != 0 || l.unverified.Len() != 0 {
		t.Errorf("%d bytes (%d of evicted requests) and %d requests are left", l.reserved, l.evicted, l.unverified.Len())
	}
}
