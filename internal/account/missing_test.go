// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

func TestMissingIDsAreThoseTheAccountShowed(t *testing.T) {
	w := newWorld(t, 100)
	listed := w.sim.AddTemplate(testWABA, graphsim.Template{Name: "listed"})
	s := w.session(t)
	observe(t, s)
	if s.IsMissingID(key("listed"), listed) {
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
		"an id that is only in a status":     {key("listed"), "999", false},
		"the id under another name":          {key("other"), listed, false},
		"no id":                              {key("other"), "", false},
		"the same template, other language":  {NewTemplateKey("listed", "de"), listed, false},
		"webhooks' spelling of the language": {NewTemplateKey("listed", "en-US"), listed, true},
	} {
		if got := s.IsMissingID(c.key, c.id); got != c.want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

func TestMissingIDsIncludeOwnWrites(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	observe(t, s)
	k := key("ours")
	s.RecordWrite(k, &graph.Template{ID: "77", Name: k.Name, Language: k.Language})
	w.step(time.Minute)
	if observe(t, s); !s.IsMissingID(k, "77") {
		t.Error("a created template that no listing shows must be missing")
	}
	s.RecordWrite(key("deleted"), nil)
	w.step(time.Minute)
	if observe(t, s); s.IsMissingID(key("deleted"), "") {
		t.Error("a deleted template has no id to look up")
	}
}

func TestTokenRefusedUntilTheNextObservation(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	if s.TokenRefused() {
		t.Error("Meta has not refused the token yet")
	}
	s.MarkTokenRefused()
	if !s.TokenRefused() {
		t.Error("another resource was refused")
	}
	if observe(t, s); s.TokenRefused() {
		t.Error("the account can be read, so the token works")
	}
}

// Two tenants may name the same account; only the one with the token must be affected by the calls made with it.
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
		t.Error("the account is blocked by another tenant's resource")
	}
}

// A listing of numbers that doesn't end proves nothing about the numbers that it doesn't show.
func TestEndlessListingOfNumbers(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	w.front.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/phone_numbers") {
			return false
		}
		respond(rw, `{"data":[{"id":"1"}],"paging":{"cursors":{"after":"x"},"next":"https://graph.facebook.com/x"}}`)
		return true
	})
	if err := s.LookupNumbers(t.Context()); err == nil {
		t.Error("no error")
	}
	if view := s.Number(func(n graph.PhoneNumber) bool { return n.ID == "2" }); view.Known {
		t.Errorf("number 2 counts as missing: %+v", view)
	}
}
