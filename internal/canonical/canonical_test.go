// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package canonical

import (
	"strings"
	"testing"
)

func all(string) bool { return true }

func TestHash(t *testing.T) {
	base := Hash(map[string]string{"body.text": "Hi", "footer.text": "Acme"}, all)
	if len(base) != 32 {
		t.Errorf("%q", base)
	}
	for name, c := range map[string]struct {
		fields map[string]string
		counts func(string) bool
		same   bool
	}{
		"the same":                  {map[string]string{"footer.text": "Acme", "body.text": "Hi"}, all, true},
		"another value":             {map[string]string{"footer.text": "Acme", "body.text": "Ho"}, all, false},
		"one more":                  {map[string]string{"footer.text": "Acme", "body.text": "Hi", "category": ""}, all, false},
		"one more that counts not":  {map[string]string{"footer.text": "Acme", "body.text": "Hi", "category": "X"}, func(n string) bool { return n != "category" }, true},
		"values that run together":  {map[string]string{"body.text": "Hi\n\"footer.text\":\"Acme\""}, all, false},
		"a name instead of a value": {map[string]string{"body.text": "Acme", "footer.text": "Hi"}, all, false},
	} {
		if got := Hash(c.fields, c.counts) == base; got != c.same {
			t.Errorf("%s: same is %t", name, got)
		}
	}
}

// The hashes are in the statuses of resources: another form of them would look like a change by another client.
func TestHashesAreStable(t *testing.T) {
	if got := HashValue("UTILITY"); got != "a53167d37cd0" {
		t.Errorf("the hash of a value is %s", got)
	}
	if got := Hashes(map[string]string{"category": "UTILITY"})["category"]; got != "a53167d37cd0" {
		t.Errorf("the hash of a field is %s", got)
	}
	if got := Hash(nil, all); got != "e3b0c44298fc1c149afbf4c8996fb924" {
		t.Errorf("the hash of nothing is %s", got)
	}
}

// TestDifference: a change of the spec, a change by another client and a form of Meta's own are distinguished.
func TestDifference(t *testing.T) {
	never := func(string) bool { return false }
	for name, c := range map[string]struct {
		want, live, recorded map[string]string
		requested, unread    bool
		changed, drift, norm string
	}{
		"equal":                            {want: map[string]string{"a": "x"}, live: map[string]string{"a": "x"}},
		"the user changed it":              {want: map[string]string{"a": "y"}, live: map[string]string{"a": "x"}, requested: true, changed: "a"},
		"another client changed it":        {want: map[string]string{"a": "x"}, live: map[string]string{"a": "y"}, recorded: map[string]string{"a": "x"}, drift: "a"},
		"another client removed it":        {want: map[string]string{"a": "x"}, recorded: map[string]string{"a": "x"}, drift: "a"},
		"another client added it":          {live: map[string]string{"a": "x"}, drift: "a"},
		"Meta has its own form":            {want: map[string]string{"a": "x"}, live: map[string]string{"a": "X"}, recorded: map[string]string{"a": "X"}, norm: "a"},
		"Meta never shows it":              {want: map[string]string{"a": "x"}, norm: "a"},
		"another client, and a form":       {want: map[string]string{"a": "x"}, live: map[string]string{"a": "y"}, recorded: map[string]string{"a": "X"}, drift: "a"},
		"not read since it was written":    {want: map[string]string{"a": "x"}, live: map[string]string{"a": "X"}, unread: true, norm: "a"},
		"not read, and the user changed":   {want: map[string]string{"a": "y"}, live: map[string]string{"a": "X"}, unread: true, requested: true, changed: "a"},
		"an empty value counts as a value": {want: map[string]string{"a": "x"}, live: map[string]string{"a": ""}, recorded: map[string]string{"a": ""}, norm: "a"},
	} {
		always := func(yes bool) func(string) bool { return func(string) bool { return yes } }
		comparison := Comparison{
			Want: c.want, Live: c.live, Recorded: Hashes(c.recorded), Requested: always(c.requested), Unread: always(c.unread),
			Differs: func(name string) bool { return c.want[name] != c.live[name] },
		}
		d := comparison.Difference()
		if got, want := [3]string{strings.Join(d.Changed, " "), strings.Join(d.Drift, " "), strings.Join(d.Normalised, " ")}, [3]string{c.changed, c.drift, c.norm}; got != want {
			t.Errorf("%s: changed, drift, normalised are %q, want %q", name, got, want)
		}
		if comparison.Differs = never; len(comparison.Difference().Drift) > 0 {
			t.Errorf("%s: a difference that doesn't count", name)
		}
	}
	several := Comparison{
		Live: map[string]string{"c": "1", "a": "1", "b": "1"}, Differs: func(string) bool { return true }, Requested: never, Unread: never,
	}
	if d := several.Difference(); strings.Join(d.Drift, " ") != "a b c" {
		t.Errorf("not sorted: %v", d.Drift)
	}
}
