// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"reflect"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
)

// testSnapshot is a complete snapshot of two templates, two numbers and an app.
func testSnapshot(change ...func(*Snapshot)) *Snapshot {
	whole := Section{Begun: testStart, Complete: true}
	s := &Snapshot{
		AccountID: testWABA, Account: graph.Account{ID: testWABA, Name: "Acme"},
		Numbers:        map[string]graph.PhoneNumber{"1": {ID: "1", Status: "CONNECTED"}, "2": {ID: "2"}},
		Apps:           []graph.SubscribedApp{{ID: testApp}},
		Templates:      map[TemplateKey]PackedTemplate{key("a"): Pack(templateNamed("a", "Hi")), key("b"): Pack(templateNamed("b", "Hi"))},
		AccountSection: whole, NumbersSection: whole, AppsSection: whole, TemplatesSection: whole,
	}
	for _, f := range change {
		f(s)
	}
	return s
}

func TestDiff(t *testing.T) {
	change := func(s *Snapshot, name string, f func(*graph.Template)) {
		template := s.Templates[key(name)].Unpack()
		f(&template)
		s.Templates[key(name)] = Pack(&template)
	}
	for _, c := range []struct {
		name string
		cur  *Snapshot
		want Change
	}{
		{"nothing", testSnapshot(), Change{}},
		{"the name of the account", testSnapshot(func(s *Snapshot) { s.Account.Name = "Other" }), Change{Account: true}},
		{"its health", testSnapshot(func(s *Snapshot) { s.Account.Health = &graph.Health{CanSendMessage: "BLOCKED"} }), Change{Account: true}},
		{"edges are no part of the account", testSnapshot(func(s *Snapshot) {
			s.Account.Templates, s.Account.PhoneNumbers = &graph.TemplatePage{}, &graph.PhoneNumberPage{}
			s.Account.SubscribedApps, s.Account.SubscribedAppsRead = []graph.SubscribedApp{{ID: "9"}}, true
			s.Account.OmittedEdges = []string{"phone_numbers"}
		}), Change{}},
		{"calls, times and totals are no change", testSnapshot(func(s *Snapshot) {
			s.Calls, s.Begun, s.TemplateCount = 9, testStart.Add(time.Hour), 3
		}), Change{}},
		{"an app", testSnapshot(func(s *Snapshot) { s.Apps = append(s.Apps, graph.SubscribedApp{ID: "9"}) }), Change{Apps: true}},
		{"apps that couldn't be read", testSnapshot(func(s *Snapshot) { s.Apps, s.AppsSection.Complete = nil, false }), Change{}},
		{"a status", testSnapshot(func(s *Snapshot) { change(s, "a", func(t *graph.Template) { t.Status = "PAUSED" }) }),
			Change{Templates: []TemplateKey{key("a")}}},
		{"a text deep inside", testSnapshot(func(s *Snapshot) {
			change(s, "b", func(t *graph.Template) { t.Components = []graph.Component{{Type: "BODY", Text: "Hello"}} })
		}), Change{Templates: []TemplateKey{key("b")}}},
		{"one more", testSnapshot(func(s *Snapshot) { s.Templates[key("c")] = Pack(templateNamed("c", "Hi")) }), Change{Templates: []TemplateKey{key("c")}}},
		{"one less", testSnapshot(func(s *Snapshot) { delete(s.Templates, key("a")) }), Change{Templates: []TemplateKey{key("a")}}},
		{"one less in half a listing proves nothing", testSnapshot(func(s *Snapshot) {
			delete(s.Templates, key("a"))
			s.TemplatesSection.Complete = false
		}), Change{}},
		{"half a listing still shows what it saw", testSnapshot(func(s *Snapshot) {
			s.TemplatesSection.Complete = false
			change(s, "a", func(t *graph.Template) { t.Status = "PAUSED" })
		}), Change{Templates: []TemplateKey{key("a")}}},
		{"sorted", testSnapshot(func(s *Snapshot) {
			s.Templates = map[TemplateKey]PackedTemplate{NewTemplateKey("a", "de"): Pack(&graph.Template{})}
			s.Numbers = map[string]graph.PhoneNumber{"3": {}}
		}), Change{Templates: []TemplateKey{NewTemplateKey("a", "de"), key("a"), key("b")}, Numbers: []string{"1", "2", "3"}}},
		{"a number", testSnapshot(func(s *Snapshot) { s.Numbers["1"] = graph.PhoneNumber{ID: "1", Status: "FLAGGED"} }), Change{Numbers: []string{"1"}}},
	} {
		got := diff(testSnapshot(), c.cur)
		if len(got.Templates) == 0 {
			got.Templates = nil
		}
		if len(got.Numbers) == 0 {
			got.Numbers = nil
		}
		if !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
		if got.Empty() != reflect.DeepEqual(c.want, Change{}) {
			t.Errorf("%s: Empty is %t", c.name, got.Empty())
		}
	}
	if got := diff(nil, testSnapshot()); !got.All || got.Empty() {
		t.Errorf("the first snapshot concerns everything, got %+v", got)
	}
}

func TestCarryOver(t *testing.T) {
	broken := Section{Begun: testStart.Add(time.Minute)}
	cur := testSnapshot(func(s *Snapshot) {
		s.Templates = map[TemplateKey]PackedTemplate{key("a"): Pack(templateNamed("a", "new"))}
		s.Numbers = map[string]graph.PhoneNumber{"1": {ID: "1", Status: "FLAGGED"}}
		s.Apps, s.TemplatesSection, s.NumbersSection, s.AppsSection = nil, broken, broken, broken
	})
	carryOver(testSnapshot(), cur)
	if len(cur.Templates) != 2 || cur.Templates[key("a")].Unpack().Components[0].Text != "new" {
		t.Errorf("templates: what was seen now wins, the rest stays: %+v", cur.Templates)
	}
	if len(cur.Numbers) != 2 || cur.Numbers["1"].Status != "FLAGGED" || len(cur.Apps) != 1 {
		t.Errorf("numbers %+v, apps %+v", cur.Numbers, cur.Apps)
	}
	if cur.TemplatesSection != broken || cur.NumbersSection != broken || cur.AppsSection != broken {
		t.Error("the sections must stay marked as incomplete")
	}

	whole := testSnapshot(func(s *Snapshot) { s.Templates, s.Numbers, s.Apps = nil, nil, nil })
	carryOver(testSnapshot(), whole)
	if len(whole.Templates)+len(whole.Numbers)+len(whole.Apps) != 0 {
		t.Errorf("complete sections inherit nothing: %+v", whole)
	}
}

func TestTemplateKeyTakesBothSpellingsOfALanguage(t *testing.T) {
	if NewTemplateKey("a", "en-US") != NewTemplateKey("a", "en_US") {
		t.Error("webhooks write en-US, REST answers en_US")
	}
}

func TestHasRegisteredNumber(t *testing.T) {
	for platform, want := range map[string]bool{"CLOUD_API": true, "NOT_APPLICABLE": false, "ON_PREMISE": false, "": false} {
		s := &Snapshot{Numbers: map[string]graph.PhoneNumber{"1": {PlatformType: platform}}}
		if s.HasRegisteredNumber() != want {
			t.Errorf("%q: %t", platform, !want)
		}
	}
}
