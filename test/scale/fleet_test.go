// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package main

import (
	"reflect"
	"testing"
	"time"
)

func TestFleet(t *testing.T) {
	s := size{accounts: 3, templates: 5, numbers: 2, seed: 7}
	f, err := newFleet(s, namespace)
	if err != nil {
		t.Fatal(err)
	}
	again, err := newFleet(s, namespace)
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(f.manifests, again.manifests) {
		t.Error("the same seed makes other manifests")
	}
	const secrets = 3
	if got, want := len(f.manifests), s.resources()+secrets; got != want {
		t.Errorf("%d manifests, want %d", got, want)
	}
	for a := range s.accounts {
		atMeta := f.sim.Templates(f.account(a))
		if len(atMeta) != s.templates {
			t.Errorf("account %d has %d templates at Meta", a, len(atMeta))
		}
		for i, id := range f.ids[a] {
			if atMeta[i].ID != id || atMeta[i].Name != f.objects[a][i].Spec.Name {
				t.Errorf("template %d of account %d is another one", i, a)
			}
		}
	}
	if got := (size{templates: 101}).pages(); got != 2 {
		t.Errorf("101 templates are %d pages", got)
	}
}

func TestExpectations(t *testing.T) {
	begin := time.Now()
	e := newExpectations()
	e.expect("a", begin, func(v *view) bool { return v.quality == "RED" })
	e.expect("b", begin, func(v *view) bool { return v.status == "PAUSED" })
	see := func(name, quality string, after time.Duration) {
		v := &view{kind: "MessageTemplate", quality: quality}
		v.Name = name
		e.see(v, begin.Add(after))
	}
	see("a", "GREEN", time.Second)
	see("c", "RED", time.Second)
	if got := e.progress(); got != (progress{done: 0, total: 2}) {
		t.Errorf("%s", got)
	}
	see("a", "RED", 2*time.Second)
	see("a", "RED", 3*time.Second)
	if got := e.progress(); got != (progress{done: 1, total: 2}) {
		t.Errorf("%s", got)
	}
	if q, last := e.seen(); q.P99 != 2 || !last.Equal(begin.Add(2*time.Second)) {
		t.Errorf("%v, %s", q, last.Sub(begin))
	}
}

// TestWatcher: a resource is settled while its status is about its present spec.
func TestWatcher(t *testing.T) {
	w := &watcher{views: map[string]*view{}, updates: map[string]int{}}
	see := func(version string, generation, observed int64, ready bool) progress {
		v := &view{kind: "MessageTemplate", observedGeneration: observed, ready: ready}
		v.Name, v.ResourceVersion, v.Generation = "a", version, generation
		w.see(v, time.Now(), version != "1")
		p, _ := w.settledOf(1)
		return p
	}
	for i, test := range []struct {
		version              string
		generation, observed int64
		ready                bool
		settled, written     int
	}{
		{"1", 1, -1, false, 0, 0}, {"2", 1, 1, true, 1, 1}, {"3", 2, 1, true, 0, 2}, {"3", 2, 1, true, 0, 2}, {"4", 2, 2, true, 1, 3}, {"5", 2, 2, false, 0, 4},
	} {
		if got := see(test.version, test.generation, test.observed, test.ready); got.done != test.settled || w.most() != test.written {
			t.Errorf("%d: %s settled, %d writes; want %d, %d", i, got, w.most(), test.settled, test.written)
		}
	}
}
