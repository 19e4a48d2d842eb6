// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/template"
)

// template describes a template as fully as a resource can that leads to no write: managed, else observed with all of its
// content, else without its settings, else with nothing but its identity. It is nil, with a line in the report, where not even
// that is possible.
func (e *Exporter) template(ctx context.Context, live *graph.Template, names map[string]bool) *Resource {
	r := e.resource(v1alpha1.KindMessageTemplate, TemplateName(live.Name, live.Language), nil)
	if names[r.Name] { // Meta shows one language under two spellings
		r.Name += "-" + live.ID
	}
	names[r.Name] = true
	why := onlyObserved(live)
	full, problems := template.Spec(live)
	faults := lines(problems)
	missing := template.Unsampled(full)
	if len(faults) == 0 {
		faults = e.tryTemplate(ctx, r, live, full, len(missing) > 0 || why != "")
	}
	switch {
	case len(faults) > 0:
		return e.partial(ctx, r, live, full, faults, len(problems) == 0)
	case why != "":
		r.Comments = append(r.Comments, "Only observed: "+why)
		if len(live.UnknownProperties) > 0 {
			e.report.warn("MessageTemplate %s is only observed: %s", r.Name, why)
		}
	case len(missing) > 0:
		if e.report.Samples++; !e.Observed {
			r.Comments = append(r.Comments, "Only observed: Meta doesn't give sample files back. To manage this template, add",
				"spec."+strings.Join(missing, ", spec.")+" and remove managementPolicy.")
		}
	}
	r.Comments = append(r.Comments, lenient(full)...)
	if hidden := Hidden(live, full); len(hidden) > 0 {
		r.Comments = append(r.Comments, "Meta doesn't show "+strings.Join(hidden, ", ")+":",
			"set it as the text of the template has it, because the next edit sends it.")
	}
	return r
}

// Hidden names the fields of an authentication template whose value Meta's answer doesn't tell.
func Hidden(live *graph.Template, spec *v1alpha1.MessageTemplateSpec) []string {
	if spec.Authentication == nil {
		return nil
	}
	var out []string
	for _, name := range template.Unknown(live) {
		out = append(out, "spec."+name)
	}
	return out
}

// Describe is template.Spec with all that keeps the spec from being what Meta has, but for the rules of the API server.
func Describe(live *graph.Template) (spec *v1alpha1.MessageTemplateSpec, faults []string) {
	spec, problems := template.Spec(live)
	if len(problems) > 0 {
		return spec, lines(problems)
	}
	return spec, unlike(live, spec)
}

// unlike says where a spec isn't what Meta has.
func unlike(live *graph.Template, spec *v1alpha1.MessageTemplateSpec) []string {
	content, problems := template.Content(spec)
	faults := lines(problems)
	if len(content.Components) == 0 && content.Library == nil {
		return faults // nothing that could differ
	}
	for _, name := range template.Diff(template.WantedFields(content), template.LiveFields(live)) {
		faults = append(faults, "spec."+name+": can't express what Meta has")
	}
	return faults
}

func lines(problems []template.Problem) (out []string) {
	for _, p := range problems {
		out = append(out, p.String())
	}
	return out
}

// lenient is a comment that names the rules for new content that a lenient template breaks.
func lenient(spec *v1alpha1.MessageTemplateSpec) []string {
	breaches := template.Creatable(spec)
	if len(breaches) == 0 {
		return nil
	}
	comments := []string{"Lenient: Meta wouldn't take this as new content, and it isn't sent. Before the next change, correct"}
	for _, b := range breaches {
		comments = append(comments, fmt.Sprintf("- %s (%s): %s", b.Path, b.Rule.Name, b.Message))
	}
	return comments
}

// onlyObserved says why a template must not be managed, "" where it may be.
func onlyObserved(live *graph.Template) string {
	switch {
	case IsSample(live.Name):
		return "this is a sample of Meta's, which only Meta can create or edit."
	case len(live.UnknownProperties) > 0:
		return "this version doesn't know " + strings.Join(live.UnknownProperties, ", ") + ", and an edit would remove it."
	case live.Status == statusArchived:
		return "the template is archived, and Meta deletes it after 28 days."
	}
	return ""
}

// tryTemplate puts a spec into the resource and says why that won't do: the API server would refuse it, or it isn't what Meta
// has.
func (e *Exporter) tryTemplate(
	ctx context.Context, r *Resource, live *graph.Template, spec *v1alpha1.MessageTemplateSpec, observed bool,
) []string {
	spec.CommonSpec, spec.ContentValidation = e.common(observed), ""
	if len(template.Creatable(spec)) > 0 {
		spec.ContentValidation = v1alpha1.ContentValidationLenient
	}
	r.Spec = spec
	if faults := e.faults(ctx, r); len(faults) > 0 {
		return faults
	}
	return unlike(live, spec)
}

// partial describes what can be described of a template.
func (e *Exporter) partial(
	ctx context.Context, r *Resource, live *graph.Template, full *v1alpha1.MessageTemplateSpec, faults []string, whole bool,
) *Resource {
	bare := template.Identity(live)
	attempts := []*v1alpha1.MessageTemplateSpec{}
	if whole {
		content := full.DeepCopy()
		template.ClearSettings(content)
		attempts = append(attempts, content)
	}
	attempts = append(attempts, bare)
	if !slices.Contains(categories, bare.Category) {
		other := bare.DeepCopy()
		other.Category = v1alpha1.TemplateCategoryUtility
		attempts = append(attempts, other)
	}
	for _, spec := range attempts {
		if len(e.tryTemplate(ctx, r, live, spec, true)) > 0 {
			continue
		}
		what := "its content isn't described"
		if spec != bare && spec.Category == bare.Category {
			what = "some of its settings aren't described"
		}
		r.Comments = append(r.Comments, "Only observed, and "+what+", because a resource can't express all that Meta has:")
		for _, fault := range faults {
			r.Comments = append(r.Comments, "- "+fault)
		}
		r.Comments = append(r.Comments, lenient(spec)...)
		e.report.warn("MessageTemplate %s is only observed, and %s: %s", r.Name, what, strings.Join(faults, "; "))
		return r
	}
	e.report.miss("template %q in %q can't be described by any resource: %s", live.Name, live.Language, strings.Join(faults, "; "))
	return nil
}

var categories = []v1alpha1.TemplateCategory{
	v1alpha1.TemplateCategoryAuthentication, v1alpha1.TemplateCategoryMarketing, v1alpha1.TemplateCategoryUtility,
}

func plural(n int, one string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %ss", n, one)
}
