// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"
)

func (f *fixture) template(name string) Template {
	f.t.Helper()
	x, found := f.sim.TemplateByName(testWABA, name, "en_US")
	if !found {
		f.t.Fatalf("no template %s", name)
	}
	return x
}

func (f *fixture) edit(id string, body any) answer {
	f.t.Helper()
	return f.do(http.MethodPost, "/v25.0/"+id, body)
}

func (f *fixture) remove(query string) answer {
	f.t.Helper()
	return f.do(http.MethodDelete, "/v25.0/"+testWABA+"/message_templates?"+query, nil)
}

func TestReview(t *testing.T) {
	cases := []struct {
		name, category, text     string
		status, reason, becoming string
	}{
		{"plain", "UTILITY", "Your parcel has left our warehouse.", "APPROVED", "NONE", "UTILITY"},
		{"promotion", "UTILITY", "Get a discount on your next parcel.", "APPROVED", "NONE", "MARKETING"},
		{"percent", "UTILITY", "Your next parcel is 20% off today.", "APPROVED", "NONE", "MARKETING"},
		{"marketing", "MARKETING", "A sale you will like has begun.", "APPROVED", "NONE", "MARKETING"},
		{"secret", "UTILITY", "Please send us your password to go on.", "REJECTED", "TAG_CONTENT_MISMATCH", "UTILITY"},
		{"abuse", "MARKETING", "Only an idiot would miss our parcels.", "REJECTED", "ABUSIVE_CONTENT", "MARKETING"},
		{"copy", "UTILITY", "Your parcel has left our warehouse.", "REJECTED", "INVALID_FORMAT", "UTILITY"},
	}
	f := newFixture(t, WithReviewDelay(time.Minute))
	for _, c := range cases {
		request := withText(c.name, c.text)
		request["category"] = c.category
		if got := f.must(f.create(request)); got.text("status") != "PENDING" {
			t.Errorf("%s: %s at once", c.name, got.text("status"))
		}
	}
	f.clock.Step(59 * time.Second)
	if x := f.template("plain"); x.Status != "PENDING" {
		t.Errorf("%s before the review ended", x.Status)
	}
	before := f.template("plain").LastUpdatedTime
	f.clock.Step(time.Second)
	for _, c := range cases {
		x := f.template(c.name)
		if x.Status != c.status || x.RejectedReason != c.reason || x.Category != c.becoming || x.QualityScore != "UNKNOWN" {
			t.Errorf("%s: %s %s %s %s", c.name, x.Status, x.RejectedReason, x.Category, x.QualityScore)
		}
	}
	if x := f.template("plain"); !x.LastUpdatedTime.After(before) {
		t.Error("last_updated_time did not move with the status")
	}
}

func TestAdjacentVariablesAreRejectedInReview(t *testing.T) {
	f := newFixture(t, WithReviewDelay(0))
	request := withText("adjacent", "")
	request["components"] = []any{map[string]any{
		"type": "BODY", "text": "Dear {{1}} {{2}}, your parcel has left our big warehouse",
		"example": map[string]any{"body_text": [][]string{{"a", "b"}}},
	}}
	if got := f.must(f.create(request)); got.text("status") != "REJECTED" {
		t.Errorf("%s", got.raw)
	}
}

func TestRecategorisationIsSilentAndLosesTheTTL(t *testing.T) {
	atOnce, later := 0, 0
	f := newFixture(t)
	for _, name := range []string{"promo_a", "promo_b", "promo_c", "promo_d", "promo_e", "promo_f", "promo_g", "promo_h"} {
		request := withText(name, "A coupon for "+name+" is waiting for you.")
		request["message_send_ttl_seconds"] = 600
		if got := f.must(f.create(request)); got.text("category") == "MARKETING" {
			atOnce++
		} else {
			later++
		}
	}
	if atOnce == 0 || later == 0 {
		t.Errorf("%d in the answer, %d later: both must happen", atOnce, later)
	}
	f.clock.Step(time.Hour)
	for _, x := range f.sim.Templates(testWABA) {
		if x.Category != "MARKETING" || x.PreviousCategory != "UTILITY" || x.MessageSendTTLSeconds != nil || x.Status != "APPROVED" {
			t.Errorf("%+v", x)
		}
	}
}

func TestDecide(t *testing.T) {
	f := newFixture(t, WithReviewDelay(-1))
	id := f.must(f.create(utility("decided", "en_US"))).text("id")
	f.clock.Step(90 * 24 * time.Hour)
	if x := f.template("decided"); x.Status != "PENDING" {
		t.Fatalf("%s without a decision", x.Status)
	}
	for _, d := range []Decision{
		{Status: "REJECTED", RejectedReason: "SCAM"}, {Status: "APPROVED", QualityScore: "GREEN"}, {CorrectCategory: "MARKETING"}, {Category: "MARKETING"},
	} {
		if err := f.sim.Decide(id, d); err != nil {
			t.Fatal(err)
		}
	}
	x := f.template("decided")
	if x.Status != "APPROVED" || x.QualityScore != "GREEN" || x.Category != "MARKETING" || x.PreviousCategory != "UTILITY" || x.CorrectCategory != "" {
		t.Errorf("%+v", x)
	}
	if f.sim.Decide("1", Decision{Status: "APPROVED"}) == nil {
		t.Error("a decision on a missing template succeeded")
	}
}

func TestPausing(t *testing.T) {
	f := newFixture(t)
	id := f.sim.AddTemplate(testWABA, Template{Name: "paused"})
	for i, pause := range []time.Duration{3 * time.Hour, 6 * time.Hour} {
		if err := f.sim.Decide(id, Decision{Status: "PAUSED"}); err != nil {
			t.Fatal(err)
		}
		f.clock.Step(pause - time.Second)
		if x := f.template("paused"); x.Status != "PAUSED" {
			t.Errorf("pause %d: %s too early", i, x.Status)
		}
		f.clock.Step(time.Second)
		if x := f.template("paused"); x.Status != "APPROVED" {
			t.Errorf("pause %d: %s", i, x.Status)
		}
	}
	if err := f.sim.Decide(id, Decision{Status: "PAUSED"}); err != nil {
		t.Fatal(err)
	}
	if x := f.template("paused"); x.Status != "DISABLED" {
		t.Errorf("third pause: %s", x.Status)
	}
	f.refused(f.remove("name=paused"), 100, 0)
	f.refused(f.edit(id, map[string]any{"components": utility("x", "en")["components"]}), 100, 2388039)
}

func TestUnpause(t *testing.T) {
	f := newFixture(t)
	id := f.sim.AddTemplate(testWABA, Template{Name: "paused", Status: "PAUSED"})
	f.must(f.do(http.MethodPost, "/v25.0/"+id+"/unpause", nil))
	if x := f.template("paused"); x.Status != "APPROVED" {
		t.Errorf("%s", x.Status)
	}
	f.refused(f.do(http.MethodPost, "/v25.0/"+id+"/unpause", nil), 100, 0)
}

func TestEditRules(t *testing.T) {
	components := utility("other", "en_US")["components"]
	cases := []struct {
		name, status  string
		body          map[string]any
		code, subcode int
		after         string
	}{
		{"in review", "PENDING", map[string]any{"components": components}, 100, 2388039, "PENDING"},
		{"disabled", "DISABLED", map[string]any{"components": components}, 100, 2388039, "DISABLED"},
		{"archived", "ARCHIVED", map[string]any{"components": components}, 100, 2388039, "ARCHIVED"},
		{"category of approved", "APPROVED", map[string]any{"category": "MARKETING"}, 100, 0, "APPROVED"},
		{"same category of approved", "APPROVED", map[string]any{"category": "utility"}, 0, 0, "APPROVED"},
		{"category of rejected", "REJECTED", map[string]any{"category": "MARKETING"}, 0, 0, "PENDING"},
		{"approved", "APPROVED", map[string]any{"components": components}, 0, 0, "APPROVED"},
		{"paused", "PAUSED", map[string]any{"components": components}, 0, 0, "APPROVED"},
		{"invalid", "REJECTED", map[string]any{"components": []any{map[string]any{"type": "BODY", "text": "Bye {{1}}"}}}, 100, 2388299, "REJECTED"},
		{"nothing", "REJECTED", map[string]any{"name": "new_name"}, 100, 0, "REJECTED"},
		{"name is ignored", "REJECTED", map[string]any{"name": "new_name", "language": "de", "components": components}, 0, 0, "PENDING"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, WithEditReview(EditReviewKeep))
			id := f.sim.AddTemplate(testWABA, Template{Name: "edited", Status: c.status})
			got := f.edit(id, c.body)
			if got.code() != c.code || got.subcode() != c.subcode {
				t.Errorf("want %d/%d: %s", c.code, c.subcode, got.raw)
			}
			if x := f.template("edited"); x.Status != c.after {
				t.Errorf("%s, want %s", x.Status, c.after)
			}
		})
	}
}

func TestEditBudget(t *testing.T) {
	f := newFixture(t, WithEditReview(EditReviewKeep))
	id := f.sim.AddTemplate(testWABA, Template{Name: "edited"})
	edit := func() answer { return f.edit(id, map[string]any{"components": utility("x", "en")["components"]}) }
	f.must(edit())
	f.clock.Step(24*time.Hour - time.Second)
	f.refused(edit(), 100, 2388124)
	f.clock.Step(time.Second)
	for range 9 {
		f.must(edit())
		f.clock.Step(24 * time.Hour)
	}
	f.refused(edit(), 100, 2388124) // the eleventh in 30 days
	f.clock.Step(20 * 24 * time.Hour)
	f.must(edit())
	f.clock.Step(25 * time.Hour)
	f.sim.EditInManager(id, func(x *Template) { x.SubCategory = "CUSTOM" })
	f.refused(edit(), 100, 2388124) // a person's edit counts
	if n := f.sim.Stats(); n.CommittedEdits[id] != 11 || n.EditsByID[id] != 14 {
		t.Errorf("committed %d, tried %d", n.CommittedEdits[id], n.EditsByID[id])
	}
}

func TestEditReviewIsSeeded(t *testing.T) {
	seen := map[string]int{}
	f := newFixture(t)
	for _, name := range []string{"a", "b", "c", "d", "e", "f", "g", "h"} {
		id := f.sim.AddTemplate(testWABA, Template{Name: name})
		f.must(f.edit(id, map[string]any{"components": utility(name, "en")["components"]}))
		seen[f.template(name).Status]++
	}
	if seen["APPROVED"] == 0 || seen["PENDING"] == 0 {
		t.Errorf("%v: both must happen", seen)
	}
}

func TestNames(t *testing.T) {
	f := newFixture(t, WithReviewDelay(0))
	f.must(f.create(utility("parcel", "en_US")))
	f.refused(f.create(utility("parcel", "en_US")), 100, 2388024)
	f.must(f.create(utility("parcel", "de")))
	other := utility("parcel", "fr")
	other["category"] = "MARKETING"
	got := f.refused(f.create(other), 100, 0)
	if title := got.failure()["error_user_title"]; title != "Template Category Doesn't Match" {
		t.Errorf("title %v", title)
	}
	f.must(f.remove("name=parcel&hsm_id=" + f.template("parcel").ID))
	got = f.refused(f.create(utility("parcel", "en_US")), 100, 2388023)
	const want = "New English (US) content can't be added while the existing English (US) content is being deleted. Try again in 4 weeks or consider creating a new message template."
	if text := got.failure()["error_user_msg"]; text != want {
		t.Errorf("text %v", text)
	}
	f.clock.Step(30*24*time.Hour - time.Second)
	f.refused(f.create(utility("parcel", "en_US")), 100, 2388023)
	f.clock.Step(time.Second)
	f.must(f.create(utility("parcel", "en_US")))
}

func TestDelete(t *testing.T) {
	setup := func(t *testing.T) (*fixture, map[string]string) {
		t.Helper()
		f := newFixture(t)
		ids := map[string]string{}
		for _, x := range []Template{{Name: "a"}, {Name: "a", Language: "de"}, {Name: "b", Status: "REJECTED"}, {Name: "c", Status: "DISABLED"}} {
			x.Language = map[bool]string{true: "en_US", false: x.Language}[x.Language == ""]
			ids[x.Name+"/"+x.Language] = f.sim.AddTemplate(testWABA, x)
		}
		return f, ids
	}
	cases := []struct {
		name, query string // {x} is the id of x
		refused     bool
		left        []string
	}{
		{"all languages", "name=a", false, []string{"b/en_US", "c/en_US"}},
		{"one language", "name=a&hsm_id={a/de}", false, []string{"a/en_US", "b/en_US", "c/en_US"}},
		{"id alone", "hsm_id={a/de}", true, nil},
		{"id with another name", "name=b&hsm_id={a/de}", true, nil},
		{"missing", "name=nope", true, nil},
		{"prefix", "name=", true, nil},
		{"several", `hsm_ids=["{a/de}","{b/en_US}"]`, false, []string{"a/en_US", "c/en_US"}},
		{"several with one wrong", `hsm_ids=["{a/de}","17"]`, true, nil},
		{"several with a disabled one", `hsm_ids=["{a/de}","{c/en_US}"]`, true, nil},
		{"several with name", `name=a&hsm_ids=["{a/de}"]`, true, nil},
		{"disabled", "name=c", true, nil},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			f, ids := setup(t)
			query := c.query
			for key, id := range ids {
				query = replace(query, "{"+key+"}", id)
			}
			values, err := url.ParseQuery(query)
			if err != nil {
				t.Fatal(err)
			}
			got := f.remove(values.Encode())
			left := c.left
			if c.refused {
				f.refused(got, 100, 0)
				left = []string{"a/de", "a/en_US", "b/en_US", "c/en_US"}
			} else {
				f.must(got)
			}
			var have []string
			for _, x := range f.sim.Templates(testWABA) {
				have = append(have, x.Name+"/"+x.Language)
			}
			if !slices.Equal(have, left) {
				t.Errorf("left %v, want %v", have, left)
			}
		})
	}
}

func TestOnlyApprovedLocksTheName(t *testing.T) {
	f := newFixture(t)
	f.sim.AddTemplate(testWABA, Template{Name: "rejected", Status: "REJECTED"})
	f.must(f.remove("name=rejected"))
	f.must(f.create(utility("rejected", "en_US")))
}

func TestPendingDeletion(t *testing.T) {
	f := newFixture(t, WithPendingDeletion(time.Hour))
	id := f.sim.AddTemplate(testWABA, Template{Name: "going"})
	f.must(f.remove("name=going&hsm_id=" + id))
	if got := f.must(f.get("/v25.0/" + id + "?fields=status")); got.text("status") != "PENDING_DELETION" {
		t.Errorf("%s", got.raw)
	}
	f.refused(f.create(utility("going", "en_US")), 100, 2388023)
	f.clock.Step(time.Hour)
	f.refused(f.get("/v25.0/"+id), 100, 33)
}

func TestArchive(t *testing.T) {
	f := newFixture(t)
	id := f.sim.AddTemplate(testWABA, Template{Name: "old"})
	pending := f.sim.AddTemplate(testWABA, Template{Name: "fresh", Status: "PENDING"})
	path := "/v25.0/" + testWABA + "/message_templates/"
	got := f.must(f.do(http.MethodPost, path+"archive", map[string]any{"hsm_ids": []string{id, pending}}))
	if failed, _ := got.body["failed_templates"].(map[string]any); failed[pending] != "Only approved or rejected templates can be archived" || len(failed) != 1 {
		t.Errorf("%s", got.raw)
	}
	if x := f.template("old"); x.Status != "ARCHIVED" {
		t.Errorf("%s", x.Status)
	}
	f.must(f.do(http.MethodPost, path+"unarchive", map[string]any{"hsm_ids": []string{id}}))
	if x := f.template("old"); x.Status != "APPROVED" {
		t.Errorf("%s", x.Status)
	}
	f.must(f.do(http.MethodPost, path+"archive", map[string]any{"hsm_ids": []string{id}}))
	f.clock.Step(28 * 24 * time.Hour)
	if _, found := f.sim.TemplateByName(testWABA, "old", "en_US"); found {
		t.Error("an archived template must go after 28 days")
	}
}
