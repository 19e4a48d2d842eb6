// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/template"
)

func (e *evidence) templateList() Templates {
	out := Templates{Items: []Template{}, Counts: []Count{}, Limit: e.fact(positive(e.templateLimit()), positive(e.templateLimit()))}
	resources := map[account.TemplateKey]*v1alpha1.MessageTemplate{}
	for i := range e.templates {
		t := &e.templates[i]
		key := account.NewTemplateKey(t.Spec.Name, t.Spec.Language)
		// Of two resources for one template the one that holds it counts.
		if have := resources[key]; have == nil || have.Status.ID == "" {
			resources[key] = t
		}
	}
	switch {
	case e.snapshot != nil:
		out.Source, out.Complete = SourceMeta, e.snapshot.TemplatesSection.Complete
		for key, packed := range e.snapshot.Templates {
			t := packed.Unpack()
			out.Items = append(out.Items, metaTemplate(&t, resources[key]))
		}
	case e.waba.Status.Templates == nil:
		out.Unknown = never
	default:
		counts := e.waba.Status.Templates
		for _, t := range resources {
			if t.Status.ID != "" {
				out.Items = append(out.Items, clusterTemplate(t))
			}
		}
		out.Source, out.Complete = SourceCluster, e.complete("Templates", v1alpha1.KindMessageTemplate, len(out.Items), int(counts.Total), int(counts.Unmanaged))
	}
	slices.SortFunc(out.Items, func(a, b Template) int {
		return cmp.Or(strings.Compare(a.Name, b.Name), strings.Compare(a.Language, b.Language))
	})
	out.Counts = countTemplates(out.Items)
	return out
}

func (e *evidence) templateLimit() int {
	if e.snapshot != nil {
		return e.snapshot.TemplateLimit
	}
	if c := e.waba.Status.Templates; c != nil {
		return int(c.Limit)
	}
	return 0
}

func positive(n int) string {
	if n <= 0 {
		return ""
	}
	return itoa(n)
}

func countTemplates(items []Template) []Count {
	byStatus := map[string]*Count{}
	for i := range items {
		status := cmp.Or(items[i].Status, notReported)
		c := byStatus[status]
		if c == nil {
			c = &Count{Status: status, Categories: map[string]int{}}
			byStatus[status] = c
		}
		c.Total++
		c.Categories[cmp.Or(items[i].Category, notReported)]++
	}
	out := []Count{}
	for _, c := range byStatus {
		out = append(out, *c)
	}
	slices.SortFunc(out, func(a, b Count) int { return strings.Compare(a.Status, b.Status) })
	return out
}

// metaTemplate is a template as Meta shows it, with what a resource knows of its past.
func metaTemplate(t *graph.Template, resource *v1alpha1.MessageTemplate) Template {
	out := Template{
		Name: t.Name, Language: t.Language, ID: t.ID, Source: SourceMeta, Status: t.Status, Category: t.Category,
		PreviousCategory: t.PreviousCategory, Quality: t.QualityScore,
	}
	if t.CorrectCategory != t.Category {
		out.CorrectCategory = t.CorrectCategory
	}
	if !t.LastUpdatedTime.IsZero() {
		updated := t.LastUpdatedTime.UTC()
		out.LastUpdated = &updated
	}
	for _, c := range t.Components {
		if c.Type == "FOOTER" {
			out.Footer = c.Text
		}
	}
	if t.Status == metavalues.TemplateRejected || t.RejectedReason != "" && t.RejectedReason != metavalues.NoRejection {
		out.Rejection = &Rejection{Reason: cmp.Or(t.RejectedReason, notReported), Recommendation: template.RejectionAdvice(t.RejectedReason)}
	}
	if resource != nil && (resource.Status.ID == t.ID || resource.Status.ID == "") {
		remember(&out, resource)
	}
	return out
}

// clusterTemplate is a template as the operator saw it last.
func clusterTemplate(t *v1alpha1.MessageTemplate) Template {
	s := &t.Status
	out := Template{
		Name: t.Spec.Name, Language: t.Spec.Language, ID: s.ID, Source: SourceCluster, Status: s.Status, Category: s.Category,
		PreviousCategory: s.PreviousCategory, CorrectCategory: s.CorrectCategory, Quality: s.QualityScore,
	}
	if s.Rejection != nil {
		out.Rejection = &Rejection{Reason: cmp.Or(s.Rejection.Reason, notReported)}
	}
	remember(&out, t)
	return out
}

// remember adds what only the resource knows. Meta's words belong to the status that they were about.
func remember(out *Template, resource *v1alpha1.MessageTemplate) {
	s := &resource.Status
	out.Resource = resource.Namespace + "/" + resource.Name
	if s.Status == out.Status {
		out.StatusChangedTime = utc(s.StatusChangedTime)
		if r := s.Rejection; r != nil && out.Rejection != nil && (r.Reason == out.Rejection.Reason || r.Reason == "") {
			out.Rejection.Explanation, out.Rejection.Recommendation = r.Explanation, cmp.Or(r.Recommendation, out.Rejection.Recommendation)
		}
		if s.Pause != nil {
			out.Pause = strings.TrimSpace(s.Pause.Title + " " + s.Pause.Description)
		}
	}
	for _, t := range s.Operator.PauseTimes {
		out.PauseTimes = append(out.PauseTimes, t.UTC())
	}
	if s.Webhook != nil {
		out.DisableTime = utc(s.Webhook.DisableTime)
	}
	for _, edit := range s.Operator.Edits {
		call := Call{Kind: "Edit", Time: edit.Time.UTC(), Result: valueOrUnknown("Refused, or not known", SourceCallLog)}
		if edit.Done {
			call.Result.Value = callDone
		}
		out.Edits = append(out.Edits, call)
	}
}

// since is the best known date of a template's status.
func (t *Template) since() *time.Time { return cmp.Or(t.StatusChangedTime, t.LastUpdated) }
