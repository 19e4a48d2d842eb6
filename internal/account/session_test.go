// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

func text(v TemplateView) string {
	if v.Template == nil || len(v.Template.Components) == 0 {
		return ""
	}
	return v.Template.Components[0].Text
}

func lookup(t *testing.T, s *Session, k TemplateKey) TemplateView {
	t.Helper()
	v, err := s.LookupTemplate(context.Background(), k)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func TestCredentialsAreNeverPrinted(t *testing.T) {
	c := Credentials{AccessToken: "EAAsecret", AppSecret: "appsecret", AppID: "1"}
	for _, format := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		for _, v := range []any{c, &c, struct{ C Credentials }{c}, []Credentials{c}} {
			if got := fmt.Sprintf(format, v); strings.Contains(got, "secret") {
				t.Errorf("%s prints %s", format, got)
			}
		}
	}
}

func TestTemplateView(t *testing.T) {
	w := newWorld(t, 100)
	w.templates(1)
	s := w.session(t)
	there, missing := key("order_0000"), key("other")

	if v := s.Template(there); v.Known || v.Template != nil {
		t.Errorf("before anything was read: %+v", v)
	}
	observe(t, s)
	if v := s.Template(there); !v.Known || !v.ReadBack || v.Template == nil || !v.At.Equal(testStart) {
		t.Errorf("in the listing: %+v", v)
	}
	if v := s.Template(missing); !v.Known || v.Template != nil {
		t.Errorf("not in a complete listing: %+v", v)
	}

	// A write is known at once, but not read back yet.
	w.step(time.Minute)
	s.RecordWrite(missing, templateNamed("other", "ours"))
	if v := s.Template(missing); !v.Known || v.ReadBack || text(v) != "ours" || !v.At.Equal(w.clock.Now()) {
		t.Errorf("after our write: %+v", v)
	}
	s.RecordWrite(missing, nil)
	if v := s.Template(missing); !v.Known || !v.ReadBack || v.Template != nil {
		t.Errorf("after our deletion: %+v", v)
	}
}

func TestTemplateViewOfAnIncompleteListing(t *testing.T) {
	w := newWorld(t, 10)
	w.templates(20)
	s := w.session(t)
	w.sim.Fail(graphsim.Fault{Path: "/*/message_templates", Code: 2, Times: -1})
	observe(t, s)
	all := w.sim.Templates(testWABA)
	first, last := key(all[len(all)-1].Name), key(all[0].Name)
	if v := s.Template(first); !v.Known || v.Template == nil {
		t.Errorf("seen before the listing broke off: %+v", v)
	}
	if v := s.Template(last); v.Known {
		t.Errorf("half a listing proves no absence: %+v", v)
	}
}

func TestLookupTemplate(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	if v := lookup(t, s, key("order")); !v.Known || v.Template != nil || !v.ReadBack {
		t.Errorf("a lookup without result says that it is absent: %+v", v)
	}
	for _, language := range []string{"en_US", "de"} {
		w.sim.AddTemplate(testWABA, graphsim.Template{Name: "order", Language: language})
	}
	w.sim.AddTemplate(testWABA, graphsim.Template{Name: "order_again"})
	w.step(time.Minute)
	if v := lookup(t, s, key("order")); v.Template == nil || v.Template.Language != "en_US" {
		t.Errorf("got %+v", v)
	}
	if v := s.Template(NewTemplateKey("order", "de")); v.Template == nil {
		t.Error("the other languages came with the answer")
	}
	if v := s.Template(key("order_again")); v.Known {
		t.Errorf("names that only contain it must be unknown: %+v", v)
	}
	w.sim.Fail(graphsim.Fault{Code: 2, Times: 1})
	if _, err := s.LookupTemplate(context.Background(), key("order")); graph.ClassOf(err) != graph.ClassTransient {
		t.Errorf("got %v", err)
	}
	if v := s.Template(key("order")); v.Template == nil {
		t.Error("a failed lookup must not change the view")
	}
}

// A lookup of another language may be under way while this one is written.
func TestLookupTemplateDoesNotUndoALaterWrite(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	german := NewTemplateKey("order", "de")
	for _, language := range []string{"en_US", "de"} {
		w.sim.AddTemplate(testWABA, graphsim.Template{Name: "order", Language: language})
	}
	for name, wrote := range map[string]*graph.Template{"edited": templateNamed("order", "edited"), "deleted": nil} {
		w.sim.Fail(graphsim.Fault{Path: "/*/message_templates", Times: 1, AfterHook: func(*http.Request) {
			w.step(time.Second)
			s.RecordWrite(german, wrote)
		}})
		lookup(t, s, key("order"))
		v := s.Template(german)
		if text(v) != text(TemplateView{Template: wrote}) || (v.Template == nil) != (wrote == nil) {
			t.Errorf("%s: the answer from before our write wins: %+v", name, v.Template)
		}
		w.step(time.Second)
		lookup(t, s, key("order"))
		if v := s.Template(german); v.Template == nil || text(v) == "edited" || !v.ReadBack {
			t.Errorf("%s: a lookup begun later must win: %+v", name, v)
		}
		w.step(time.Second)
	}
}

func TestObservationDoesNotUndoALaterWrite(t *testing.T) {
	w := newWorld(t, 100)
	w.templates(1)
	s := w.session(t)
	observe(t, s)
	k := key("order_0000")

	// A write during a listing: the listing may contain the older state.
	w.step(time.Minute)
	w.sim.Fail(graphsim.Fault{Path: "/" + testWABA, Times: 1, AfterHook: func(*http.Request) {
		w.step(time.Second)
		s.RecordWrite(k, templateNamed(k.Name, "ours"))
	}})
	if _, change := observe(t, s); slices.Contains(change.Templates, k) {
		t.Errorf("the listing says nothing new of it: %+v", change)
	}
	if v := s.Template(k); text(v) != "ours" || v.ReadBack {
		t.Errorf("got %+v", v)
	}

	// The next listing is newer: it wins, and the change is reported.
	w.step(time.Minute)
	if _, change := observe(t, s); !slices.Contains(change.Templates, k) {
		t.Errorf("the read-back must be reported: %+v", change)
	}
	if v := s.Template(k); text(v) == "ours" || !v.ReadBack || !v.At.Equal(w.clock.Now()) {
		t.Errorf("got %+v", v)
	}
}

func TestTemplateLanguages(t *testing.T) {
	w := newWorld(t, 100)
	for _, language := range []string{"en_US", "de", "fr"} {
		w.sim.AddTemplate(testWABA, graphsim.Template{Name: "order", Language: language})
	}
	w.templates(2)
	s := w.session(t)
	languages := func() (out []string) {
		for _, template := range s.TemplateLanguages("order") {
			out = append(out, template.Language)
		}
		slices.Sort(out)
		return out
	}
	if got := languages(); len(got) != 0 {
		t.Errorf("known before anything was read: %q", got)
	}
	observe(t, s)
	if got := languages(); !slices.Equal(got, []string{"de", "en_US", "fr"}) {
		t.Errorf("got %q", got)
	}
	s.RecordWrite(NewTemplateKey("order", "fr"), nil)
	s.RecordWrite(NewTemplateKey("order", "it"), &graph.Template{Name: "order", Language: "it"})
	if got := languages(); !slices.Equal(got, []string{"de", "en_US", "it"}) {
		t.Errorf("with our own writes: %q", got)
	}
}

func TestProvenMissingNeedsTwoListingsAfterOurWrite(t *testing.T) {
	w := newWorld(t, 100)
	w.templates(1)
	s := w.session(t)
	k := key("gone")
	s.RecordWrite(k, templateNamed(k.Name, "ours"))
	want := func(what string, missing bool) {
		t.Helper()
		if s.ProvenMissing(k) != missing {
			t.Errorf("%s: %t", what, !missing)
		}
	}
	want("no listing", false)
	observe(t, s)
	w.step(time.Minute)
	observe(t, s)
	want("one listing begun at the moment of our write, one after it", false)
	w.step(time.Minute)
	observe(t, s)
	want("two listings after our write", true)
	s.RecordWrite(k, templateNamed(k.Name, "again"))
	want("written again", false)
	w.step(time.Minute)
	observe(t, s)
	w.sim.Fail(graphsim.Fault{Path: "/*/message_templates", Code: 2, Times: -1})
	w.front.answerWith(func(rw http.ResponseWriter, r *http.Request) bool { // leaves the templates to a listing, which fails
		if !isComposite(r) {
			return false
		}
		respond(rw, `{"id":"`+testWABA+`"}`)
		return true
	})
	w.step(time.Minute)
	observe(t, s)
	want("the second listing failed", false)
	w.sim.ClearFaults()
	w.step(time.Minute)
	observe(t, s)
	want("two complete listings", true)

	w.sim.AddTemplate(testWABA, graphsim.Template{Name: k.Name})
	w.step(time.Minute)
	observe(t, s)
	want("it is back", false)
	w.sim.DeleteInManager(w.sim.Templates(testWABA)[0].ID)
	w.step(time.Minute)
	observe(t, s)
	want("once missing again", false)
}

func TestBreaker(t *testing.T) {
	for _, c := range []struct{ managed, allowed int }{{0, 5}, {1, 5}, {50, 5}, {59, 5}, {60, 6}, {1000, 100}} {
		w := newWorld(t, 100)
		s := w.session(t)
		burst := func() int {
			n := 0
			for s.BreakerAllows(c.managed) {
				n++
			}
			return n
		}
		if got := burst(); got != c.allowed || !s.BreakerOpen() {
			t.Errorf("of %d managed: %d writes allowed, want %d; breaker open %t", c.managed, got, c.allowed, s.BreakerOpen())
		}
		observe(t, s)
		if got := burst(); got != 0 || !s.BreakerOpen() {
			t.Errorf("an observation must not close the breaker: %d", got)
		}
		s.ResetBreaker()
		if got := burst(); got != c.allowed {
			t.Errorf("after a release: %d writes, want %d", got, c.allowed)
		}
	}
}

func TestBreakerCountsPerObservation(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	for range 3 {
		for i := range 5 {
			if !s.BreakerAllows(10) {
				t.Fatalf("write %d since the last observation refused", i+1)
			}
		}
		observe(t, s)
	}
	s.TripBreaker()
	if s.BreakerAllows(1000) || !s.BreakerOpen() {
		t.Error("restored from the status, the breaker must be open")
	}
}

func TestEffectiveInterval(t *testing.T) {
	for _, c := range []struct {
		name       string
		calls      int
		registered bool
		percent    int
		want       time.Duration
	}{
		{"as asked", 1, true, 0, 5 * time.Minute},
		{"many calls, large quota", 300, true, 0, 432 * time.Second},
		{"few calls, small quota", 13, false, 0, 468 * time.Second},
		{"a little of the small quota", 5, false, 0, 5 * time.Minute},
		{"nearly used up", 1, true, 85, 15 * time.Minute},
		{"both", 13, false, 95, 2340 * time.Second},
	} {
		w := newWorld(t, 100)
		s := w.session(t)
		if got := s.EffectiveInterval(5 * time.Minute); got != 5*time.Minute {
			t.Errorf("%s: before the first observation: %s", c.name, got)
		}
		snap := testSnapshot(func(s *Snapshot) {
			s.Calls = c.calls
			if c.registered {
				s.Numbers["1"] = graph.PhoneNumber{PlatformType: "CLOUD_API"}
			}
		})
		s.publish(snap)
		s.Budget().After(c.percent, 0, nil)
		if got := s.EffectiveInterval(5 * time.Minute); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
