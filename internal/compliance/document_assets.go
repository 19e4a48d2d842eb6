// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/internal/metavalues"
)

func (d *document) numbers(r *Record) {
	d.heading("Phone numbers")
	var rows [][]string
	for i := range r.Numbers.Items {
		n := &r.Numbers.Items[i]
		rows = append(rows, []string{
			nameOf(n), say(n.VerifiedName) + ", " + say(n.NameStatus), say(n.Status), say(n.Platform) + ": " + n.PlatformMeaning,
			say(n.Quality), say(n.PIN), labelOf(n.Platform.Source),
		})
	}
	empty := "The account has no numbers"
	if !r.Numbers.Complete {
		empty = "No number could be read; there may be some"
		if len(rows) > 0 {
			d.paragraph("Not all numbers could be read. These could:")
		}
	}
	d.rows(nothing(empty, r.Numbers.Listing),
		[]string{"Number", "Display name", "Status", "Platform", "Quality", "Two-step PIN", "Source"}, rows)
	rows = nil
	for i := range r.Numbers.Items {
		n := &r.Numbers.Items[i]
		rows = append(rows, []string{
			nameOf(n), cmp.Or(n.Resource, "none"), say(n.Ownership), say(n.OfficialAccount), say(n.BusinessApp), say(n.Mode), say(n.Onboarded),
			regionText(n.DataRegion),
		})
	}
	if len(rows) > 0 {
		d.rows("", []string{"Number", "Resource", "Ownership", "Official business account", "In the Business app", "Mode", "Last onboarded", "Data localisation, source"}, rows)
	}
	d.calls(r)
}

func regionText(f Fact) string {
	if f.Value == "" {
		return say(f)
	}
	return f.Value + "; " + labelOf(f.Source)
}

// calls are the operator's own, which Meta doesn't report.
func (d *document) calls(r *Record) {
	var rows [][]string
	for i := range r.Numbers.Items {
		n := &r.Numbers.Items[i]
		for _, c := range n.Calls {
			rows = append(rows, []string{nameOf(n), when(&c.Time, ""), c.Kind, say(c.Result), labelOf(SourceCallLog)})
		}
	}
	empty := "The operator's ledger holds no registration or verification of these numbers; it keeps the recent ones only."
	if !r.has(SourceCallLog) {
		empty = "Registrations and verifications by the operator: (no cluster was read, which keeps them)."
	}
	d.rows(empty, []string{"Number", "Time", "Call by the operator", "Result", "Source"}, rows)
}

// has reports whether a source could be read.
func (r *Record) has(name SourceName) bool {
	return slices.ContainsFunc(r.Sources, func(s Source) bool { return s.Name == name })
}

func (d *document) standing(r *Record) {
	s := &r.Standing
	d.heading("Restrictions, violations, bans and alerts")
	if s.Unknown != "" {
		d.paragraph("Not known: " + s.Unknown + ".")
		return
	}
	d.paragraph("Only webhooks report these; the newest of each kind are kept. Newest event about the account: " + when(s.LastEvent, "none") + ". Source: webhooks.")
	states := map[string]string{
		StateInForce: "in force", StateOver: "over", StateRecent: "within the last 30 days", StatePast: "older than 30 days",
	}
	for _, group := range []struct {
		title  string
		events []Event
	}{{"Restriction", s.Restrictions}, {"Violation", s.Violations}, {"Alert", s.Alerts}, {"Other event", s.Events}} {
		var rows [][]string
		for _, e := range group.events {
			rows = append(rows, []string{
				e.Type, cmp.Or(states[e.State], e.State, "("+notReported+")"), when(e.Time, "("+notReported+")"), when(e.Expires, "("+notReported+")"),
				cmp.Or(e.Subject, "the account"), cmp.Or(e.Detail, "("+notReported+")"),
			})
		}
		d.rows(group.title+"s: none is recorded. Source: webhooks.", []string{group.title, "State", "Reported", "Ends", "About", "Meta's words"}, rows)
	}
	if s.Ban == nil {
		d.paragraph("Ban: none is recorded. Source: webhooks.")
		return
	}
	d.paragraph("Ban: " + s.Ban.Type + ", " + states[s.Ban.State] + ", date: " + when(s.Ban.Expires, "("+notReported+")") + ". Source: webhooks.")
}

func (d *document) templates(r *Record, o Options) {
	t := &r.Templates
	d.heading("Message templates")
	if t.Unknown != "" {
		d.paragraph("Not known: " + t.Unknown + ".")
		return
	}
	complete := "All templates of the account are here"
	if !t.Complete {
		complete = "Not all templates could be read, and all numbers here are of those that could"
	}
	d.paragraph(fmt.Sprintf("%s: %d, each language for itself; Meta allows %s. Source: %s.", complete, len(t.Items), say(t.Limit), labelOf(t.Source)))
	var rows [][]string
	for _, c := range t.Counts {
		var categories []string
		for _, name := range slices.Sorted(maps.Keys(c.Categories)) {
			categories = append(categories, fmt.Sprintf("%s %d", name, c.Categories[name]))
		}
		rows = append(rows, []string{c.Status, fmt.Sprint(c.Total), strings.Join(categories, ", ")})
	}
	if len(rows) == 0 && !t.Complete {
		return
	}
	d.rows("There are none.", []string{"Status", "Templates", "By category"}, rows)
	d.footers(t)
	for _, group := range templateGroups {
		d.group(t.Items, &group, o)
	}
}

// footers counts the marketing templates with a footer, where an opt-out usually stands. Whether a footer is an opt-out is for
// people to read.
func (d *document) footers(t *Templates) {
	if t.Source != SourceMeta {
		return
	}
	approved, with := 0, 0
	for i := range t.Items {
		if x := &t.Items[i]; x.Status == metavalues.TemplateApproved && x.Category == "MARKETING" {
			approved++
			if x.Footer != "" {
				with++
			}
		}
	}
	if approved > 0 {
		d.paragraph(fmt.Sprintf("%d of %d approved MARKETING templates have a footer; the JSON form has its text. Source: %s.", with, approved, labelOf(t.Source)))
	}
}

// templateGroup is one table of templates.
type templateGroup struct {
	title   string
	belongs func(*Template) bool
	column  string
	cell    func(*Template) string
}

func withStatus(status string) func(*Template) bool {
	return func(t *Template) bool { return t.Status == status }
}

var templateGroups = []templateGroup{
	{"Rejected templates", func(t *Template) bool { return t.Rejection != nil }, "Meta's reason, and what to do", func(t *Template) string {
		return strings.Join(slices.DeleteFunc([]string{
			t.Rejection.Reason, t.Rejection.Explanation, cmp.Or(t.Rejection.Recommendation, "(no recommendation is known for this reason)"),
		}, func(s string) bool { return s == "" }), ": ")
	}},
	{"Disabled templates", withStatus(metavalues.TemplateDisabled), "Disabled, and pauses before", func(t *Template) string {
		return when(t.DisableTime, "(no date was reported by webhook)") + pauses(t.PauseTimes)
	}},
	{"Paused templates", withStatus(metavalues.TemplatePaused), "Why, and when", func(t *Template) string {
		return cmp.Or(t.Pause, "("+notReported+")") + pauses(t.PauseTimes)
	}},
	{"Templates that Meta gave another category, or is going to", func(t *Template) bool {
		return t.CorrectCategory != "" && t.CorrectCategory != t.Category || t.PreviousCategory != "" && t.PreviousCategory != t.Category
	}, "Categories", func(t *Template) string {
		text := "before: " + cmp.Or(t.PreviousCategory, "("+notReported+")")
		if t.CorrectCategory != "" && t.CorrectCategory != t.Category {
			text += "; announced: " + t.CorrectCategory
		}
		return text
	}},
	{"Approved templates", withStatus(metavalues.TemplateApproved), "Quality", func(t *Template) string { return cmp.Or(t.Quality, "("+notReported+")") }},
}

func pauses(times []time.Time) string {
	var out []string
	for _, t := range times {
		out = append(out, when(&t, ""))
	}
	if len(out) == 0 {
		return "; pauses: none seen"
	}
	return "; pauses: " + strings.Join(out, ", ")
}

func (d *document) group(items []Template, g *templateGroup, o Options) {
	var rows [][]string
	total := 0
	for i := range items {
		t := &items[i]
		if !g.belongs(t) {
			continue
		}
		if total++; total > templatesShown && !o.AllTemplates {
			continue
		}
		rows = append(rows, []string{
			t.Name, t.Language, cmp.Or(t.Category, "("+notReported+")"), cmp.Or(t.Status, "("+notReported+")"), when(t.since(), "("+notReported+")"),
			g.cell(t), cmp.Or(t.Resource, "none"), labelOf(t.Source),
		})
	}
	d.paragraph(fmt.Sprintf("%s: %d.", g.title, total))
	if total == 0 {
		return
	}
	d.rows("", []string{"Name", "Language", "Category", "Status", "Since, or last changed", g.column, "Resource", "Source"}, rows)
	if left := total - len(rows); left > 0 {
		d.paragraph(fmt.Sprintf("%d more are left out here; --all-templates shows them, and the JSON form always does.", left))
	}
}

func (d *document) gaps(r *Record) {
	d.heading("What this report could not see")
	items := []string{
		"Who used the account in WhatsApp Manager, and what messages were sent to whom: neither is read, and no message is ever stored.",
	}
	for _, g := range r.Gaps {
		items = append(items, g.What+": "+g.Why+".")
	}
	d.list(items)
}
