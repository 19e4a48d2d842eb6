// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

func TestLostKnowsOnlyIdsThatTheAccountShowed(t *testing.T) {
	w := newWorld(t, 100)
	listed := w.sim.AddTemplate(testWABA, graphsim.Template{Name: "listed"})
	s := w.session(t)
	observe(t, s)
	if s.Lost(key("listed"), listed) {
		t.Error("it is there")
	}

	w.sim.DeleteInManager(listed)
	w.step(time.Minute)
	observe(t, s)
	for name, c := range map[string]struct {
		key  TemplateKey
		id   string
		want bool
	}{
		"listed once, missing now":           {key("listed"), listed, true},
		"an id that only a status tells":     {key("listed"), "999", false},
		"the id under another name":          {key("other"), listed, false},
		"no id":                              {key("other"), "", false},
		"the same template, other language":  {NewTemplateKey("listed", "de"), listed, false},
		"webhooks' spelling of the language": {NewTemplateKey("listed", "en-US"), listed, true},
	} {
		if got := s.Lost(c.key, c.id); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestLostKnowsWhatWeWroteOurselves(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	observe(t, s)
	k := key("ours")
	s.Wrote(k, &graph.Template{ID: "77", Name: k.Name, Language: k.Language})
	w.step(time.Minute)
	if observe(t, s); !s.Lost(k, "77") {
		t.Error("a template that we created and that no listing shows is lost")
	}
	s.Wrote(key("deleted"), nil)
	w.step(time.Minute)
	if observe(t, s); s.Lost(key("deleted"), "") {
		t.Error("what we deleted has no id to ask for")
	}
}

func TestDistrustLastsUntilTheTokenIsReadAgain(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	if s.Distrusted() {
		t.Error("nothing is known against the token")
	}
	s.Distrust()
	if !s.Distrusted() {
		t.Error("another resource was refused")
	}
	if observe(t, s); s.Distrusted() {
		t.Error("the account can be read, so the token works")
	}
}

// Two tenants may name the same account; only the one whose token it is must feel what its own calls bring about.
func TestAnotherTenantsResourceHasABudgetOfItsOwn(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	ref := testRef
	ref.Namespace, ref.UID = "intruder", "uid-7"
	other, err := w.manager.Ensure(ref, testCreds, testVersion)
	if err != nil {
		t.Fatal(err)
	}
	other.Budget().Restore(testStart.Add(time.Hour))
	if !s.Budget().BlockedUntil().IsZero() {
		t.Error("the account is blocked by somebody else's resource")
	}
}
