// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// document is a record as people read it, before it takes a form. Its texts are plain: each form escapes them.
type document struct {
	title  string
	blocks []block
}

// block is a heading, a paragraph, a list or a table; one of the fields is set.
type block struct {
	heading   string
	paragraph string
	list      []string
	table     *table
}

type table struct {
	head []string
	rows [][]string
}

func (d *document) heading(text string)   { d.blocks = append(d.blocks, block{heading: text}) }
func (d *document) paragraph(text string) { d.blocks = append(d.blocks, block{paragraph: text}) }

func (d *document) list(items []string) {
	if len(items) > 0 {
		d.blocks = append(d.blocks, block{list: items})
	}
}

// rows adds a table, or says what it means that there is nothing in it.
func (d *document) rows(empty string, head []string, rows [][]string) {
	if len(rows) == 0 {
		d.paragraph(empty)
		return
	}
	d.blocks = append(d.blocks, block{table: &table{head: head, rows: rows}})
}

// sourceLabels are how sources are named in a sentence.
var sourceLabels = map[SourceName]string{
	SourceMeta: "Meta, read now", SourceCluster: "cluster", SourceWebhook: "webhooks", SourceCallLog: "operator's ledger",
	SourceProgram: "this program",
}

func labelOf(s SourceName) string { return cmp.Or(sourceLabels[s], "none") }

func when(t *time.Time, otherwise string) string {
	if t == nil {
		return otherwise
	}
	return t.UTC().Format("2006-01-02 15:04 UTC")
}

// say is the value of a fact, or in brackets why there is none.
func say(f Fact) string {
	if f.Value == "" {
		return "(" + f.Unknown + ")"
	}
	if t, err := time.Parse(time.RFC3339, f.Value); err == nil {
		return when(&t, "")
	}
	return f.Value
}

// Options change how a record is shown to people. The JSON form always has everything.
type Options struct {
	// AllTemplates shows all templates, not only the first of each table.
	AllTemplates bool
}

// templatesShown is how many templates a table shows without AllTemplates.
const templatesShown = 50

func documentOf(r *Record, o Options) *document {
	d := &document{title: "Compliance record of WhatsApp Business Account " + strings.TrimSpace(r.Account.Name.Value+" "+r.Account.ID)}
	d.head(r)
	d.findings(r)
	d.account(r)
	d.officialAPI(r)
	d.apps(r)
	d.users(r)
	d.token(r)
	d.numbers(r)
	d.standing(r)
	d.templates(r, o)
	d.gaps(r)
	return d
}

func (d *document) head(r *Record) {
	rows := [][]string{
		{"Account", say(r.Account.Name) + ", id " + r.Account.ID},
		{"Owned by", say(r.Account.Owner) + ", portfolio " + say(r.Account.OwnerID)},
		{"Made at", when(&r.GeneratedAt, "")},
		{"Made by", r.Generator.Program + " " + r.Generator.Version + ", Graph API " + r.Generator.GraphAPIVersion},
	}
	if r.Account.Resource != "" {
		rows = append(rows, []string{"WABA resource", r.Account.Resource})
	}
	d.rows("", []string{"Record", ""}, rows)
	rows = nil
	for _, s := range r.Sources {
		rows = append(rows, []string{labelOf(s.Name), s.Description, when(&s.At, ""), when(s.Observed, "(see the dates of each statement)")})
	}
	d.rows("Nothing could be read.", []string{"Source", "What it is", "Read at", "Observed at"}, rows)
}

func (d *document) findings(r *Record) {
	d.heading("Findings")
	if len(r.Findings) == 0 {
		d.paragraph("There are no findings. These checks were made:")
	}
	for i, f := range r.Findings {
		d.paragraph(fmt.Sprintf("%d. %s. Source: %s.", i+1, capital(f.Statement), labelOf(f.Source)))
		d.list(f.Evidence)
	}
	results := map[string]string{ResultPassed: "nothing found", ResultFound: "found"}
	var rows [][]string
	var reasons []string
	open := map[string][]string{}
	for _, c := range r.Checks {
		if c.Result == ResultNotChecked {
			if open[c.Reason] == nil {
				reasons = append(reasons, c.Reason)
			}
			open[c.Reason] = append(open[c.Reason], c.Question)
			continue
		}
		result := results[c.Result]
		if why := strings.Trim(c.Reason+"; "+c.Note, "; "); why != "" {
			result += ": " + why
		}
		rows = append(rows, []string{c.Question, result})
	}
	d.rows("No check was possible.", []string{"Check", "Result"}, rows)
	if len(reasons) == 0 {
		return
	}
	d.paragraph("These checks weren't possible:")
	items := make([]string, 0, len(reasons))
	for _, reason := range reasons {
		items = append(items, capital(reason)+": "+strings.Join(open[reason], " "))
	}
	d.list(items)
}

func capital(text string) string {
	if text == "" {
		return text
	}
	return strings.ToUpper(text[:1]) + text[1:] // every statement begins with a letter of ours
}

// labelled is a fact with what it is about.
type labelled struct {
	label string
	fact  Fact
}

func (d *document) facts(facts []labelled) {
	rows := make([][]string, 0, len(facts))
	for _, f := range facts {
		rows = append(rows, []string{f.label, say(f.fact), labelOf(f.fact.Source)})
	}
	d.rows("", []string{"Fact", "Value", "Source"}, rows)
}

func (d *document) account(r *Record) {
	a := &r.Account
	d.heading("Account")
	d.facts([]labelled{
		{"Status", a.Status}, {"Account review", a.Review}, {"Business verification", a.Verification}, {"Ownership", a.Ownership},
		{"Country", a.Country}, {"Currency", a.Currency}, {"Messaging limit", a.MessagingLimit},
		{"Payment method attached", a.PaymentMethod}, {"Created", a.Created}, {"Shared with partners", a.SharedWithPartners},
		{"Can send messages", a.CanSend},
	})
	var rows [][]string
	for _, o := range a.Obstacles {
		rows = append(rows, []string{strings.TrimSpace(o.Entity + " " + o.ID), o.CanSend, cmp.Or(strings.Join(o.Reasons, "; "), "("+notReported+")")})
	}
	if len(rows) > 0 {
		d.rows("", []string{"Part", "Can send", "Meta's reasons and remedies"}, rows)
	}
}

func (d *document) officialAPI(r *Record) {
	d.heading("Official API only")
	d.paragraph(map[string]string{
		OfficialProven:       "Every number of the account is registered on Meta's official Cloud API. Nothing contradicts it.",
		OfficialContradicted: "Some numbers of the account are not on Meta's official Cloud API.",
		OfficialUnproven:     "Not every number of the account is known to be on Meta's official Cloud API.",
	}[r.OfficialAPI.Conclusion])
	for _, group := range []struct {
		title      string
		statements []Statement
	}{{"What proves it", r.OfficialAPI.Proofs}, {"What contradicts it", r.OfficialAPI.Contradictions}, {"What is unknown", r.OfficialAPI.Open}} {
		var items []string
		for _, s := range group.statements {
			items = append(items, s.Text+". Source: "+labelOf(s.Source)+".")
		}
		if len(items) == 0 {
			d.paragraph(group.title + ": nothing is known.")
			continue
		}
		d.paragraph(group.title + ":")
		d.list(items)
	}
}

func (d *document) apps(r *Record) {
	d.heading("Apps and callbacks")
	approvals := map[string]string{
		ApprovalOwn: "the app of the account's own token", ApprovalListed: "yes", ApprovalMissing: "NO",
		ApprovalOpen: "(no approved apps are listed)",
	}
	var rows [][]string
	for _, a := range r.Apps.Items {
		rows = append(rows, []string{a.ID, say(a.Name), approvals[a.Approval], cmp.Or(string(a.Override), "none"), labelOf(r.Apps.Source)})
	}
	d.rows(nothing("No app is subscribed to the account", r.Apps.Listing), []string{"App", "Name", "Approved", "Messages instead go to", "Source"}, rows)
	own := &r.Apps.Own
	switch {
	case own.Unknown != "":
		d.paragraph("The app's own subscription: (" + own.Unknown + ").")
	case own.Callback == "":
		d.paragraph("App " + own.AppID + " itself has no callback. Source: " + labelOf(own.Source) + ".")
	default:
		d.paragraph(fmt.Sprintf("App %s itself is subscribed with callback %s, active: %s. Source: %s. Fields: %s. Of these carry what people write or do: %s.",
			own.AppID, own.Callback, say(own.Active), labelOf(own.Source), cmp.Or(strings.Join(own.Fields, ", "), "none"), cmp.Or(strings.Join(own.MessageFields, ", "), "none")))
	}
	rows = nil
	expected := map[string]string{"yes": "yes", "no": "NO", "unknown": "(no expected hosts are named)"}
	for _, c := range r.Callbacks {
		rows = append(rows, []string{c.Level + " " + c.Subject, string(c.Address), expected[c.Expected], labelOf(c.Source)})
	}
	d.paragraph("Message events go to the callback of the number, else of the account, else of the app; query strings are never shown.")
	d.rows("No callback is known.", []string{"Callback of", "Address", "Expected host", "Source"}, rows)
}

// nothing says what an empty list means.
func nothing(what string, from Listing) string {
	if from.Unknown != "" {
		return "Not known: " + from.Unknown + "."
	}
	return what + ". Source: " + labelOf(from.Source) + "."
}

func (d *document) users(r *Record) {
	d.heading("Users")
	var rows [][]string
	for _, u := range r.Users.Items {
		id := u.ID
		if u.Token {
			id += " (the access token's user)"
		}
		var tasks []string
		for _, t := range u.Tasks {
			tasks = append(tasks, t.Name+": "+cmp.Or(t.Permits, "(a task that this version doesn't know)"))
		}
		text := strings.Join(tasks, "; ")
		if text == "" {
			text = cmp.Or(u.TasksUnknown, "none")
		}
		rows = append(rows, []string{id, say(u.Name), text, labelOf(r.Users.Source)})
	}
	d.rows(nothing("No user is assigned to the account", r.Users.Listing), []string{"User", "Name", "Tasks", "Source"}, rows)
}

func (d *document) token(r *Record) {
	t := &r.Token
	d.heading("Access token")
	d.facts([]labelled{
		{"App", t.AppID}, {"Name of the app", t.Application}, {"Type", t.Type}, {"User", t.UserID}, {"Issued", t.Issued},
		{"Expires", t.Expires}, {"Access to data expires", t.DataAccessExpires},
	})
	needs := map[string]string{
		NeedYes: "needed", NeedRegistration: "needed only to register numbers; it also permits sending messages", NeedImplied: "every token has it",
		NeedNo: "not needed",
	}
	var rows [][]string
	for _, s := range t.Scopes {
		rows = append(rows, []string{s.Name, needs[s.Need], cmp.Or(strings.Join(s.Targets, ", "), "(none listed: all that is assigned to its user)"), labelOf(t.Source)})
	}
	d.rows("Scopes: ("+cmp.Or(t.Unknown, notReported)+").", []string{"Scope", "Needed by the operator", "Assets", "Source"}, rows)
}
