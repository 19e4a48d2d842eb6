// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/terminal"
)

// entry is one line about a resource, or about several that are alike.
type entry struct {
	*Resource
	// label replaces kind and name.
	label string
	// asset is how people know it.
	asset                            string
	status, quality, category, limit string
	since                            *metav1.Time
	// note is what there is to say if nothing is wrong.
	note string
}

// why is the worst finding in one line.
func (e *entry) why() string {
	if len(e.Findings) == 0 {
		return e.note
	}
	reason := e.Findings[0].Reason
	if more := len(e.Findings) - 1; more > 0 {
		reason += fmt.Sprintf(" (+%d more)", more)
	}
	return reason + ": " + e.Findings[0].Message
}

// span is since when it is so and until when it is expected to be.
func (e *entry) span() (since, end *metav1.Time) {
	if len(e.Findings) > 0 {
		return e.Findings[0].Since, e.Findings[0].Until
	}
	return e.since, nil
}

func accountEntry(a *Account) *entry {
	var counts []string
	if n := a.NumbersAtMeta; n != nil {
		counts = append(counts, withoutResource(plural(int(n.Total), "number"), n.Unmanaged))
	}
	if t := a.TemplatesAtMeta; t != nil {
		counts = append(counts, withoutResource(plural(int(t.Total), "template"), t.Unmanaged))
	}
	note := a.Title
	if len(counts) > 0 {
		note = strings.TrimPrefix(note+": "+strings.Join(counts, ", ")+" at Meta", ": ")
	}
	return &entry{Resource: &a.Resource, asset: a.Title, status: a.Health, limit: a.MessagingLimit, note: note}
}

func withoutResource(count string, unmanaged int32) string {
	if unmanaged == 0 {
		return count
	}
	return fmt.Sprintf("%s (%d without a resource)", count, unmanaged)
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func numberEntry(n *Number) *entry {
	return &entry{
		Resource: &n.Resource, asset: n.Number, status: n.Status, quality: known(n.Quality), limit: n.MessagingLimit,
		note: strings.Join(nonEmpty(phrase("number", n.Number), n.DisplayName), ", "),
	}
}

// phrase is a value with what it is, "" where there is none.
func phrase(what, value string) string {
	if value == "" {
		return ""
	}
	return what + " " + value
}

// known is a rating, "" where Meta hasn't given one yet.
func known(quality string) string {
	if quality == "UNKNOWN" || quality == "NA" {
		return ""
	}
	return quality
}

func templateEntry(t *Template) *entry {
	category := t.Category
	switch {
	case category != "" && category != t.RequestedCategory:
		category = fmt.Sprintf("%s (requested %s)", t.Category, t.RequestedCategory)
	case t.PlannedCategory != "":
		category = fmt.Sprintf("%s (%s planned)", t.Category, t.PlannedCategory)
	}
	asset := t.Template + " " + t.Language
	return &entry{Resource: &t.Resource, asset: asset, status: t.Status, quality: known(t.Quality), category: category, since: t.StatusChangedTime, note: asset}
}

func subscriptionEntry(w *Subscription) *entry {
	return &entry{Resource: &w.Resource, asset: w.AppID, status: w.Status, note: cmp.Or(phrase("messages to", w.MessagesURL), phrase("events to", w.CallbackURL))}
}

// entries are the lines below an account. Templates that need no action are counted instead, unless all are wanted.
func (a *Account) entries(allTemplates bool) []*entry {
	var out []*entry
	for _, n := range a.PhoneNumbers {
		out = append(out, numberEntry(n))
	}
	alike, order := map[string]*entry{}, []string{}
	count := map[string]int{}
	for _, t := range a.MessageTemplates {
		e := templateEntry(t)
		if allTemplates || t.Severity.needsPerson() {
			out = append(out, e)
			continue
		}
		reason := ""
		if len(t.Findings) > 0 {
			reason = t.Findings[0].Reason
		}
		key := fmt.Sprintf("%d %s %s", rank[t.Severity], t.Status, reason)
		if count[key]++; count[key] == 1 {
			order = append(order, key)
			alike[key] = &entry{Resource: &Resource{Severity: t.Severity}, status: t.Status, note: reason}
		}
	}
	slices.Sort(order)
	for _, key := range order {
		e := alike[key]
		e.label = plural(count[key], v1alpha1.KindMessageTemplate)
		out = append(out, e)
	}
	for _, w := range a.WebhookSubscriptions {
		out = append(out, subscriptionEntry(w))
	}
	return out
}

var (
	treeColumns = []string{"NAMESPACE", "NAME", "SEVERITY", "STATUS", "QUALITY", "CATEGORY", "LIMIT", "SINCE", "UNTIL"}
	wideColumns = []string{"ASSET", "ID", "POLICY", "AGE", "NEXT", "OBSERVED", "INTERVAL", "RATE", "TOKEN"}
)

const (
	// severityColumn is the one that is coloured.
	severityColumn = 2
	// whyWidth is the least width of the last column.
	whyWidth = 20
)

// dispensable are the columns that a narrow terminal doesn't show, the first to go first.
var dispensable = []int{5, 6, 4, 8, 7, 3}

func writeTree(w io.Writer, o *Overview, opts Options) error {
	if len(o.Accounts) == 0 {
		return nil
	}
	t := &terminal.Table{}
	t.Heading(header(opts.Wide)...)
	now := o.Time.Time
	for _, a := range o.Accounts {
		t.Row(columns(accountEntry(a), "", now, opts, a)...).Colour(severityColumn, colours[a.Severity])
		below := a.entries(opts.AllTemplates)
		for i, e := range below {
			glyph := "├─ "
			if i == len(below)-1 {
				glyph = "└─ "
			}
			t.Row(columns(e, glyph, now, opts, nil)...).Colour(severityColumn, colours[e.Severity])
		}
	}
	style := terminal.Style{Colour: opts.Colour, Width: opts.Width, LastWidth: whyWidth, NoHeadings: opts.NoHeadings}
	if !opts.Wide {
		style.Optional, style.Elastic = dispensable, []int{1}
	}
	lines := t.Lines(style)
	if !opts.NoHeadings {
		lines = append(lines, "", o.Summary.String())
	}
	return writeLines(w, lines)
}

func header(wide bool) []string {
	out := slices.Clone(treeColumns)
	if wide {
		out = append(out, wideColumns...)
	}
	return append(out, "WHY")
}

// columns are the texts of one line; account is set on the line of an account.
func columns(e *entry, glyph string, now time.Time, opts Options, account *Account) []string {
	name, namespace := e.label, e.Namespace
	if name == "" {
		name = e.Kind + "/" + e.Name
	}
	if opts.Namespace != "" {
		if namespace != "" && namespace != opts.Namespace {
			name += " in " + namespace
		}
		namespace = ""
	}
	since, end := e.span()
	out := []string{namespace, glyph + name, string(e.Severity), e.status, e.quality, e.category, e.limit, age(since, now), until(end, now)}
	if opts.Wide {
		out = append(out, wide(e, account, now)...)
	}
	return append(out, e.why())
}

func wide(e *entry, account *Account, now time.Time) []string {
	out := []string{e.asset, e.ID, e.ManagementPolicy, age(e.CreationTime, now), until(e.NextAttemptTime, now), "", "", "", ""}
	if account == nil || account.Missing != "" {
		return out
	}
	out[5] = age(account.LastObservedTime, now)
	if s := account.IntervalSeconds; s > 0 {
		out[6] = duration.HumanDuration(time.Duration(s) * time.Second)
	}
	if r := account.RateUsagePercent; r != nil {
		out[7] = fmt.Sprintf("%d%%", *r)
	}
	out[8] = until(account.TokenExpiryTime, now)
	return out
}

// String is the summary as a sentence.
func (s *Summary) String() string {
	text := fmt.Sprintf("%d critical, %d warning, %d info, %d ok", s.Critical, s.Warning, s.Info, s.OK)
	if s.Critical+s.Warning > 0 {
		text += "; --unhealthy shows what to do"
	}
	return text
}
