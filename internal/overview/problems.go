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

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/output"
	"github.com/waba-operator/waba-operator/internal/terminal"
)

// kinds in the order in which trouble spreads.
var kindOrder = map[string]int{v1alpha1.KindWABA: 0, v1alpha1.KindPhoneNumber: 1, v1alpha1.KindWebhookSubscription: 2, v1alpha1.KindMessageTemplate: 3}

// Problems returns what needs a person: the worst first, then what others depend on, then the oldest.
func (o *Overview) Problems() *Problems {
	p := &Problems{TypeMeta: output.TypeOf(KindProblems), Time: o.Time, Summary: o.Summary, Unreadable: o.Unreadable, Problems: []Problem{}}
	for _, a := range o.Accounts {
		for _, e := range append([]*entry{accountEntry(a)}, a.entries(true)...) {
			for _, f := range e.Findings {
				if f.Severity.needsPerson() {
					p.Problems = append(p.Problems, Problem{
						Finding: f, Kind: e.Kind, Namespace: e.Namespace, Name: e.Name, ID: e.ID, Asset: e.asset, Account: a.Namespace + "/" + a.Name,
					})
				}
			}
		}
	}
	slices.SortStableFunc(p.Problems, func(x, y Problem) int {
		return cmp.Or(rank[x.Severity]-rank[y.Severity], kindOrder[x.Kind]-kindOrder[y.Kind], timeOf(x.Since).Compare(timeOf(y.Since)),
			strings.Compare(x.Namespace, y.Namespace), strings.Compare(x.Name, y.Name))
	})
	return p
}

// timeOf puts what has no beginning last.
func timeOf(t *metav1.Time) time.Time {
	if t == nil {
		return time.Unix(1<<40, 0)
	}
	return t.Time
}

// writeProblems writes two lines for each problem, and at the end where to read on.
func writeProblems(w io.Writer, p *Problems, opts Options) error {
	if len(p.Problems) == 0 {
		_, err := fmt.Fprintf(w, "No problems: %d ok, %d info\n", p.Summary.OK, p.Summary.Info)
		return err
	}
	t, now := &terminal.Table{}, p.Time.Time
	t.Heading("SEVERITY", "REASON", "RESOURCE", "ASSET", "ACCOUNT", "SINCE", "UNTIL")
	for i := range p.Problems {
		q := &p.Problems[i]
		resource, account := q.Kind+" "+opts.local(q.Namespace+"/"+q.Name), opts.local(q.Account)
		t.Row(string(q.Severity), q.Reason, resource, q.Asset, account, age(q.Since, now), until(q.Until, now)).Colour(0, colours[q.Severity])
	}
	lines := t.Lines(terminal.Style{Colour: opts.Colour, Width: opts.Width, NoHeadings: opts.NoHeadings, LastWidth: untilWidth, Optional: []int{4, 3}, Elastic: []int{2}})
	var b strings.Builder
	if !opts.NoHeadings {
		b.WriteString(lines[0] + "\n")
		lines = lines[1:]
	}
	var pages []string
	help := &terminal.Table{}
	for i, line := range lines {
		q := &p.Problems[i]
		b.WriteString(line + "\n")
		for _, message := range terminal.Wrap(terminal.Plain(q.Message), opts.Width-2) {
			b.WriteString("  " + message + "\n")
		}
		if page := q.Reason + " " + q.Help; !slices.Contains(pages, page) {
			pages = append(pages, page)
			help.Row(q.Reason, q.Help)
		}
	}
	b.WriteString("\nRead on:\n")
	for _, line := range help.Lines(terminal.Style{}) { // links stay whole
		b.WriteString("  " + line + "\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// untilWidth is the width of "in 59m30s".
const untilWidth = 9
