// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package account

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/test/graphsim"
)

const (
	readWABA      = "GET /" + testWABA
	listTemplates = "GET /" + testWABA + "/message_templates"
	listNumbers   = "GET /" + testWABA + "/phone_numbers"
	listApps      = "GET /" + testWABA + "/subscribed_apps"
	debugToken    = "POST /"
)

func isComposite(r *http.Request) bool {
	return strings.Contains(r.URL.Query().Get("fields"), "message_templates")
}

func TestObserveReadsASmallAccountInOneCall(t *testing.T) {
	w := newWorld(t, 100)
	w.templates(3)
	s := w.session(t)

	snap, change := observe(t, s)
	assertComplete(t, snap)
	wantCalls(t, w.front.calls(), readWABA, debugToken, readWABA) // the last two are the hourly ones
	if !change.All {
		t.Errorf("the first observation must concern everything, got %+v", change)
	}
	if snap.Account.Name != "Acme Garden" || len(snap.Numbers) != 1 || len(snap.Templates) != 3 || len(snap.Apps) != 1 {
		t.Errorf("got account %q, %d numbers, %d templates, %d apps", snap.Account.Name, len(snap.Numbers), len(snap.Templates), len(snap.Apps))
	}
	if snap.TemplateCount != 3 || snap.TemplateLimit != 250 {
		t.Errorf("totals: %d of %d, want 3 of 250", snap.TemplateCount, snap.TemplateLimit)
	}
	if snap.Token == nil || snap.Token.AppID != testApp || snap.Optional == nil {
		t.Errorf("token %+v, optional %+v", snap.Token, snap.Optional)
	}
	if snap.Calls != 3 || s.Snapshot() != snap {
		t.Errorf("%d calls counted, published: %t", snap.Calls, s.Snapshot() == snap)
	}

	w.step(time.Minute)
	again, change := observe(t, s)
	wantCalls(t, w.front.calls(), readWABA)
	if !change.Empty() {
		t.Errorf("nothing changed, but %+v was reported", change)
	}
	if again.Token != snap.Token || again.Optional != snap.Optional {
		t.Error("token and optional fields must be carried over")
	}
}

func TestObserveReportsExactlyWhatChanged(t *testing.T) {
	w := newWorld(t, 100)
	w.templates(3)
	s := w.session(t)
	first, _ := observe(t, s)

	w.step(time.Minute)
	id := first.Templates[key("order_0001")].Unpack().ID
	if err := w.sim.Decide(id, graphsim.Decision{Status: "PAUSED"}); err != nil {
		t.Fatal(err)
	}
	_, change := observe(t, s)
	if len(change.Templates) != 1 || change.Templates[0] != key("order_0001") || change.Account || change.Apps || change.All || len(change.Numbers) > 0 {
		t.Errorf("one template changed, got %+v", change)
	}

	w.step(time.Minute)
	w.sim.UpdateAccount(testWABA, func(a *graphsim.Account) { a.Name = "Acme Garden Ltd" })
	if _, change = observe(t, s); !change.Account || len(change.Templates) > 0 {
		t.Errorf("the account changed, got %+v", change)
	}
}

func TestObserveInspectsTheTokenOnceAnHour(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	count := func() int { n := w.sim.Stats().ByOp[graphsim.OpDebugToken]; w.sim.ResetStats(); return n }

	for _, step := range []struct {
		after time.Duration
		want  int
	}{{0, 1}, {time.Minute, 0}, {58 * time.Minute, 0}, {time.Minute, 1}, {time.Minute, 0}} {
		w.step(step.after)
		observe(t, s)
		if got := count(); got != step.want {
			t.Errorf("after %s: %d inspections, want %d", w.clock.Since(testStart), got, step.want)
		}
	}
}

func TestObserveAThousandTemplatesAndTwentyNumbers(t *testing.T) {
	w := newWorld(t, 100)
	w.templates(1000)
	for range 19 {
		w.sim.AddNumber(testWABA, graphsim.Number{})
	}
	s := w.session(t)

	snap, _ := observe(t, s)
	assertComplete(t, snap)
	if len(snap.Templates) != 1000 || len(snap.Numbers) != 20 {
		t.Errorf("got %d templates and %d numbers", len(snap.Templates), len(snap.Numbers))
	}
	if n := len(w.front.calls()); n > 13 || n != snap.Calls {
		t.Errorf("%d calls (%d counted), want at most 13", n, snap.Calls)
	}
	w.step(time.Minute)
	snap, change := observe(t, s)
	if n := len(w.front.calls()); n != 10 || n != snap.Calls {
		t.Errorf("a resync took %d calls (%d counted), want ⌈1000/100⌉", n, snap.Calls)
	}
	if !change.Empty() {
		t.Errorf("nothing changed, but %d templates were reported", len(change.Templates))
	}
}

func TestObservePagesNumbers(t *testing.T) {
	w := newWorld(t, 10, graphsim.WithEmptyPages())
	w.templates(25)
	for range 24 {
		w.sim.AddNumber(testWABA, graphsim.Number{})
	}
	snap, _ := observe(t, w.session(t))
	assertComplete(t, snap)
	if len(snap.Numbers) != 25 || len(snap.Templates) != 25 {
		t.Errorf("got %d numbers and %d templates, want 25 of each", len(snap.Numbers), len(snap.Templates))
	}
}

func TestObserveSplitsAfterARefusedSection(t *testing.T) {
	w := newWorld(t, 100)
	w.templates(2)
	s := w.session(t)
	observe(t, s)
	w.front.calls()

	// The token has lost the permission for numbers, so Meta refuses the composite request as a whole.
	const denied = `{"error":{"message":"(#200) Permissions error","type":"OAuthException","code":200}}`
	w.front.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if strings.HasSuffix(r.URL.Path, "/phone_numbers") || strings.Contains(r.URL.Query().Get("fields"), "phone_numbers") {
			respondError(rw, denied)
			return true
		}
		return false
	})
	w.step(time.Minute)
	snap, change := observe(t, s)
	wantCalls(t, w.front.calls(), readWABA, readWABA, listNumbers, listTemplates, listApps)
	if snap.NumbersSection.Complete || graph.ClassOf(snap.NumbersSection.Err) != graph.ClassPermission {
		t.Errorf("numbers: %+v", snap.NumbersSection)
	}
	if !snap.TemplatesSection.Complete || !snap.AppsSection.Complete || len(snap.Templates) != 2 {
		t.Errorf("the other sections must be complete: %+v %+v", snap.TemplatesSection, snap.AppsSection)
	}
	if len(snap.Numbers) != 1 || !change.Empty() {
		t.Errorf("the earlier numbers must stay: %d, change %+v", len(snap.Numbers), change)
	}

	w.front.answerWith(nil)
	sections := []string{readWABA, listNumbers, listTemplates, listApps}
	w.step(23 * time.Hour)
	snap, _ = observe(t, s)
	wantCalls(t, w.front.calls(), append(sections, debugToken, readWABA)...)
	assertComplete(t, snap)

	w.step(time.Hour)
	observe(t, s)
	wantCalls(t, w.front.calls(), readWABA, debugToken, readWABA)
}

func TestObserveDoesNotSplitWhatASplitCannotHelp(t *testing.T) {
	for _, f := range []graphsim.Fault{
		{Code: 2, Message: "Service temporarily unavailable"},
		{Code: 190, Message: "Error validating access token"},
		{Code: 80008, Message: "There have been too many calls", RegainMinutes: 3},
		{Code: 100, Subcode: 33, Message: "Unsupported get request. Object with ID '1' does not exist"},
		{Code: 131031, Message: "Business Account locked"},
		{Cut: graphsim.BeforeCommit},
	} {
		t.Run(fmt.Sprint(f.Code), func(t *testing.T) {
			w := newWorld(t, 100)
			s := w.session(t)
			f.Times = -1
			w.sim.Fail(f)
			if _, _, err := s.Observe(context.Background()); err == nil {
				t.Fatal("the account can't be read, so the observation must fail")
			}
			wantCalls(t, w.front.calls(), readWABA)
			if s.Snapshot() != nil {
				t.Error("a failed observation must publish nothing")
			}
		})
	}
}

func TestObserveHalvesThePageAndRemembersIt(t *testing.T) {
	w := newWorld(t, 100)
	w.templates(60)
	s := w.session(t)
	w.sim.Fail(graphsim.Fault{
		Path: "/" + testWABA, Times: 2, Code: 1,
		Message: "Please reduce the amount of data you're asking for, then retry your request",
	})
	snap, _ := observe(t, s)
	assertComplete(t, snap)
	if len(snap.Templates) != 60 {
		t.Errorf("got %d templates", len(snap.Templates))
	}
	asked := w.front.fields()
	for i, want := range []string{"limit(100)", "limit(50)", "limit(25)"} {
		if !strings.Contains(asked[i], "message_templates."+want) {
			t.Errorf("call %d asks for %s, want %s", i, asked[i], want)
		}
	}
	w.step(time.Minute)
	observe(t, s)
	if asked = w.front.fields(); !strings.Contains(asked[0], "message_templates.limit(25)") || len(asked) != 3 {
		t.Errorf("the halved page must be remembered: %d calls, %s", len(asked), asked[0])
	}
}

func TestObserveEndsHalvingAtTheSmallestPage(t *testing.T) {
	w := newWorld(t, 100)
	s := w.session(t)
	w.sim.Fail(graphsim.Fault{Path: "/" + testWABA, Times: -1, Code: 1, Message: "Please reduce the amount of data you're asking for"})
	if _, _, err := s.Observe(context.Background()); err == nil {
		t.Fatal("want an error")
	}
	if asked := w.front.fields(); len(asked) > 8 {
		t.Errorf("%d calls; halving must end at %d", len(asked), smallestPage)
	}
}

func TestObserveSplitsWhatIsTooMuchEvenInSmallPages(t *testing.T) {
	w := newWorld(t, 20)
	w.templates(2)
	s := w.session(t)
	w.front.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if !isComposite(r) {
			return false
		}
		respondError(rw, `{"error":{"message":"Please reduce the amount of data you're asking for, then retry your request","code":1}}`)
		return true
	})
	snap, _ := observe(t, s)
	assertComplete(t, snap)
	wantCalls(t, w.front.calls(), readWABA, readWABA, readWABA, listNumbers, listTemplates, listApps, debugToken, readWABA)
}

func TestObserveStartsAgainAfterABadCursor(t *testing.T) {
	w := newWorld(t, 10)
	w.templates(30)
	s := w.session(t)
	newest := w.sim.Templates(testWABA)[29]
	remove := w.sim.Fail(graphsim.Fault{
		Path: "/*/message_templates", Code: 131059, Message: "(#131059) Invalid cursor",
		Hook: func(*http.Request) { w.sim.DeleteInManager(newest.ID) },
	})
	defer remove()
	snap, _ := observe(t, s)
	assertComplete(t, snap)
	wantCalls(t, w.front.calls()[:5], readWABA, listTemplates, listTemplates, listTemplates, listTemplates)
	if _, there := snap.Templates[key(newest.Name)]; there || len(snap.Templates) != 29 {
		t.Errorf("what the dropped pages said must not survive: %d templates, deleted one there: %t", len(snap.Templates), there)
	}
	if !snap.TemplatesSection.Begun.Equal(w.clock.Now()) {
		t.Errorf("the section begins with the second listing, got %s", snap.TemplatesSection.Begun)
	}
}

func TestObserveGivesUpOnASecondBadCursor(t *testing.T) {
	w := newWorld(t, 10)
	w.templates(30)
	s := w.session(t)
	observe(t, s)
	w.sim.Fail(graphsim.Fault{Path: "/*/message_templates", Code: 131059, Message: "(#131059) Invalid cursor", Times: -1})
	w.step(time.Minute)
	snap, change := observe(t, s)
	if snap.TemplatesSection.Complete || len(snap.Templates) != 30 || len(change.Templates) > 0 {
		t.Errorf("complete %t, %d templates, change %+v", snap.TemplatesSection.Complete, len(snap.Templates), change)
	}
}

// loopCursors answers each page of a listing with a next page, whose cursors repeat after the given length.
func loopCursors(length int) func(http.ResponseWriter, *http.Request) bool {
	pages := 0
	return func(rw http.ResponseWriter, r *http.Request) bool {
		if !strings.HasSuffix(r.URL.Path, "/message_templates") {
			return false
		}
		pages++
		respond(rw, fmt.Sprintf(`{"data":[],"paging":{"cursors":{"after":"c%d"},"next":"https://graph.facebook.com/x?after=c%d"}}`,
			pages%length, pages%length))
		return true
	}
}

func TestObserveEndsAListingThatGoesInCircles(t *testing.T) {
	for _, length := range []int{1, 2, 5} {
		w := newWorld(t, 10)
		w.templates(11)
		s := w.session(t)
		w.front.answerWith(loopCursors(length))
		snap, _ := observe(t, s)
		if snap.TemplatesSection.Complete {
			t.Errorf("circle of %d: the listing can't be complete", length)
		}
		if n := len(w.front.calls()); n > length+5 {
			t.Errorf("circle of %d: %d calls", length, n)
		}
	}
}

func TestObserveListsOmittedEdges(t *testing.T) {
	w := newWorld(t, 100)
	w.templates(2)
	s := w.session(t)
	w.front.answerWith(func(rw http.ResponseWriter, r *http.Request) bool {
		if !isComposite(r) {
			return false
		}
		respond(rw, `{"id":"`+testWABA+`","name":"Acme Garden"}`)
		return true
	})
	snap, _ := observe(t, s)
	assertComplete(t, snap)
	wantCalls(t, w.front.calls(), readWABA, listApps, listNumbers, listTemplates, debugToken, readWABA)
	if len(snap.Templates) != 2 || len(snap.Numbers) != 1 || len(snap.Apps) != 1 {
		t.Errorf("got %d templates, %d numbers, %d apps", len(snap.Templates), len(snap.Numbers), len(snap.Apps))
	}
}
