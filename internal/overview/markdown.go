// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package overview

import (
	"fmt"
	"io"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// escapes keeps what Meta and users write from being taken for Markdown, links or HTML.
var escapes = strings.NewReplacer(
	`\`, `\\`, "`", "\\`", "|", `\|`, "*", `\*`, "_", `\_`, "<", "&lt;", ">", "&gt;", "[", `\[`, "]", `\]`, "#", `\#`, "@", "&#64;", "&", "&amp;", "~", `\~`,
)

func md(s string) string { return escapes.Replace(s) }

func writeMarkdown(w io.Writer, o *Overview, opts Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# WhatsApp status\n\n%s: %d critical, %d warning, %d info, %d ok\n", stamp(o.Time), o.Summary.Critical, o.Summary.Warning, o.Summary.Info, o.Summary.OK)
	incomplete(&b, o.Unreadable)
	for _, a := range o.Accounts {
		about := strings.Join(nonEmpty(md(a.Title), a.ID), ", ")
		if about != "" {
			about = " (" + about + ")"
		}
		fmt.Fprintf(&b, "\n## %s/%s%s: %s\n\n", a.Namespace, a.Name, about, a.Severity)
		facts := nonEmpty(
			labelled("sending", a.Health), labelled("limit", a.MessagingLimit), labelled("observed", stampOf(a.LastObservedTime)),
			labelled("token ends", stampOf(a.TokenExpiryTime)), labelled("", accountEntry(a).note),
		)
		if len(facts) > 0 {
			fmt.Fprintf(&b, "%s\n\n", strings.Join(facts, "; "))
		}
		b.WriteString("| Resource | Severity | Status | Quality | Category | Since | Until | Why |\n|---|---|---|---|---|---|---|---|\n")
		own := accountEntry(a)
		own.note = ""
		for _, e := range append([]*entry{own}, a.entries(opts.AllTemplates)...) {
			b.WriteString(markdownRow(e, o.Time.Time))
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func markdownRow(e *entry, now time.Time) string {
	name := e.label
	if name == "" {
		name = e.Kind + " " + e.Namespace + "/" + e.Name
	}
	since, end := e.span()
	why := make([]string, 0, len(e.Findings))
	for _, f := range e.Findings {
		why = append(why, fmt.Sprintf("[%s](%s): %s", f.Reason, f.Help, md(f.Message)))
	}
	if len(why) == 0 {
		why = append(why, md(e.note))
	}
	return "| " + strings.Join([]string{
		name, string(e.Severity), md(e.status), md(e.quality), md(e.category), age(since, now), until(end, now), strings.Join(why, "<br>"),
	}, " | ") + " |\n"
}

func writeProblemsMarkdown(w io.Writer, p *Problems, _ Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# WhatsApp problems\n\n%s: %d critical, %d warning\n", stamp(p.Time), p.Summary.Critical, p.Summary.Warning)
	incomplete(&b, p.Unreadable)
	if len(p.Problems) > 0 {
		b.WriteString("\n| Severity | Reason | Resource | Asset | Account | Since | Until | What and what to do |\n|---|---|---|---|---|---|---|---|\n")
	}
	now := p.Time.Time
	for i := range p.Problems {
		q := &p.Problems[i]
		fmt.Fprintf(&b, "| %s | [%s](%s) | %s %s/%s | %s | %s | %s | %s | %s |\n",
			q.Severity, q.Reason, q.Help, q.Kind, q.Namespace, q.Name, md(q.Asset), q.Account, age(q.Since, now), until(q.Until, now), md(q.Message))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func incomplete(b *strings.Builder, unreadable []string) {
	if len(unreadable) > 0 {
		fmt.Fprintf(b, "\nIncomplete, for want of permission to read: %s\n", strings.Join(unreadable, ", "))
	}
}

func stamp(t metav1.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func stampOf(t *metav1.Time) string {
	if t == nil {
		return ""
	}
	return stamp(*t)
}

func labelled(label, text string) string {
	if text == "" || label == "" {
		return md(text)
	}
	return label + " " + md(text)
}

func nonEmpty(texts ...string) []string {
	out := texts[:0]
	for _, s := range texts {
		if s != "" {
			out = append(out, s)
		}
	}
	return out
}
