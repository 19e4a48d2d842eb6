// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package promote

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/export"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/template"
)

// maxName is how long the name of a template may be, in characters
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management).
const maxName = 512

// resource describes a template for the other account. It is nil, with a line in the report, where no resource can do so.
func (c *Copier) resource(ctx context.Context, o *original) *export.Resource {
	spec, who := o.spec.DeepCopy(), fmt.Sprintf("template %q in %q", o.spec.Name, o.spec.Language)
	if spec.Name = c.NamePrefix + spec.Name; len(o.faults) == 0 {
		o.faults = uncopied(spec)
	}
	if len(o.faults) > 0 {
		c.miss("%s isn't copied: %s", who, strings.Join(o.faults, "; "))
		return nil
	}
	r := &export.Resource{
		Kind: v1alpha1.KindMessageTemplate, Name: export.TemplateName(spec.Name, spec.Language), Namespace: c.Namespace,
		Labels: o.labels, Annotations: o.annotations, Spec: spec,
	}
	notes := c.target(spec)
	needs := c.needs(spec, o.live)
	if len(needs) > 0 {
		r.Comments = draft(spec)
		for _, need := range needs {
			r.Comments = append(r.Comments, "- "+need)
		}
	}
	if faults := r.Faults(ctx, c.validator); len(faults) > 0 {
		c.miss("%s isn't copied: %s", who, strings.Join(faults, "; "))
		return nil
	}
	c.report.Complete++
	if len(needs) > 0 {
		c.report.Complete, c.report.Drafts = c.report.Complete-1, c.report.Drafts+1
		c.miss("%s is only a draft, which creates nothing: %s", who, strings.Join(needs, "; "))
	}
	conditions := slices.Concat(environment(spec), o.history(spec), o.hidden(spec), reviewed(spec))
	for _, condition := range conditions {
		c.warn("%s: %s", who, condition)
	}
	r.Comments = slices.Concat(r.Comments, conditions, notes)
	return r
}

// uncopied says why a template can't be copied under a name, whatever it contains.
func uncopied(spec *v1alpha1.MessageTemplateSpec) []string {
	switch {
	case len(spec.Name) > maxName:
		return []string{fmt.Sprintf("with --name-prefix its name has %d characters, and Meta takes %d", len(spec.Name), maxName)}
	case export.IsSample(spec.Name):
		return []string{"only Meta can create templates of this name; with --name-prefix it gets another one"}
	case !described(spec):
		return []string{"its manifest doesn't say what it contains; name its account, too"}
	}
	return nil
}

// target points a spec to the other account and has it managed there. Policies that were chosen for templates of the other account, and
// that overwrite or delete something, aren't copied; notes name them.
func (c *Copier) target(spec *v1alpha1.MessageTemplateSpec) (notes []string) {
	spec.WABARef = v1alpha1.WABAReference{Name: c.WABAName, Namespace: c.WABANamespace}
	spec.ManagementPolicy, spec.ContentValidation = "", ""
	if spec.AdoptionPolicy == v1alpha1.AdoptionPolicyAlways {
		notes = append(notes, "adoptionPolicy: Always isn't copied, so that no other template is overwritten.")
		spec.AdoptionPolicy = ""
	}
	if spec.DeletionPolicy == v1alpha1.DeletionPolicyDelete {
		notes = append(notes, "deletionPolicy: Delete isn't copied, so that nothing is deleted at Meta.")
		spec.DeletionPolicy = ""
	}
	for i := range spec.Buttons {
		if f := spec.Buttons[i].Flow; f != nil {
			f.ID = cmp.Or(c.Flows[f.ID], f.ID)
		}
	}
	return notes
}

// needs says what must be corrected before the template can be created in the other account.
func (c *Copier) needs(spec *v1alpha1.MessageTemplateSpec, live *graph.Template) (out []string) {
	for _, b := range template.Creatable(spec) {
		need := fmt.Sprintf("%s (%s): %s", b.Path, b.Rule.Name, b.Message)
		if live != nil && slices.Contains(template.Unsampled(spec), strings.TrimPrefix(b.Path, "spec.")) {
			need += "; Meta doesn't give it back"
		}
		out = append(out, need)
	}
	_, problems := template.Content(spec)
	for _, p := range problems {
		out = append(out, p.String())
	}
	for i := range spec.Buttons {
		if f := spec.Buttons[i].Flow; f != nil && f.ID != "" && !c.mapped(f.ID) {
			out = append(out, fmt.Sprintf(
				"spec.buttons[%d].flow.id: Flow %s is one of the account that is copied; write the id or the name of a Flow of the other account, or give --flow %s=ID", i, f.ID, f.ID))
		}
	}
	if live != nil && len(live.UnknownProperties) > 0 {
		out = append(out, fmt.Sprintf("this version doesn't know %s, which the copy lacks; upgrade kubectl waba, or accept that it is missing", strings.Join(live.UnknownProperties, ", ")))
	}
	return out
}

// mapped reports that a Flow is one of the other account.
func (c *Copier) mapped(id string) bool {
	return slices.Contains(slices.Collect(maps.Values(c.Flows)), id)
}

// draft makes a spec one that the API server takes and that creates nothing, and returns the comment that says so.
func draft(spec *v1alpha1.MessageTemplateSpec) []string {
	spec.ManagementPolicy = v1alpha1.ManagementPolicyObserved
	remove := "managementPolicy"
	if len(template.Creatable(spec)) > 0 {
		spec.ContentValidation = v1alpha1.ContentValidationLenient
		remove += " and contentValidation"
	}
	return []string{"A draft: it is only observed, so that nothing is created. Before you remove " + remove + ", correct"}
}

// environment says what a template needs in the other account or its namespace.
func environment(spec *v1alpha1.MessageTemplateSpec) (out []string) {
	for _, m := range template.MediaOf(spec) {
		if ref := m.Source.ConfigMapKeyRef; ref != nil {
			out = append(out, fmt.Sprintf("spec.%s needs the ConfigMap %s with the key %s in the namespace of this resource.", m.Path, ref.Name, ref.Key))
		}
	}
	for i := range spec.Buttons {
		b := &spec.Buttons[i]
		if b.Flow != nil && b.Flow.Name != "" {
			out = append(out, fmt.Sprintf("spec.buttons[%d] needs a Flow %q in the other account.", i, b.Flow.Name))
		}
		if b.AppDeepLink != nil {
			out = append(out, fmt.Sprintf("spec.buttons[%d] opens the app %s: the other account's business must be allowed to use it.", i, b.AppDeepLink.MetaAppID))
		}
	}
	if spec.MaxPrice != nil {
		out = append(out, "spec.maxPrice is in the currency of the account that is copied: write the amount in the other account's, and have its business sign Meta's agreement.")
	}
	if sells(spec) {
		out = append(out, "It shows products: the other account needs a catalogue.")
	}
	return out
}

// reviewed names what Meta tends to reject: the other account's template is reviewed anew.
func reviewed(spec *v1alpha1.MessageTemplateSpec) (out []string) {
	for _, b := range template.Warnings(spec) {
		out = append(out, fmt.Sprintf("Meta may reject it: %s (%s): %s.", b.Path, b.Rule.Name, b.Message))
	}
	return out
}

// sells reports that a template shows products of a catalogue
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/catalogs/sell-products-and-services).
func sells(spec *v1alpha1.MessageTemplateSpec) bool {
	if spec.Header != nil && spec.Header.Format == v1alpha1.HeaderFormatProduct ||
		spec.Carousel != nil && spec.Carousel.Cards[0].Header.Format == v1alpha1.HeaderFormatProduct {
		return true
	}
	return slices.ContainsFunc(spec.Buttons, func(b v1alpha1.TemplateButton) bool {
		return b.Type == v1alpha1.ButtonTypeCatalog || b.Type == v1alpha1.ButtonTypeMPM || b.Type == v1alpha1.ButtonTypeSPM
	})
}

// history says what became of the template in the account that is copied, as far as that matters to the other one.
func (o *original) history(spec *v1alpha1.MessageTemplateSpec) (out []string) {
	live := o.live
	if live == nil {
		return nil
	}
	switch before, now, next := live.PreviousCategory, live.Category, live.CorrectCategory; {
	case now != string(spec.Category):
		out = append(out, fmt.Sprintf("It requests %s, but Meta classified the original as %s.", spec.Category, metavalues.Clip(now)))
	case before != "" && before != now:
		out = append(out, fmt.Sprintf("Meta changed the category of the original from %s to %s, which is requested here.", metavalues.Clip(before), now))
	case next != "" && next != now:
		out = append(out, fmt.Sprintf("Meta plans to change the category of the original from %s to %s.", now, metavalues.Clip(next)))
	}
	switch live.Status {
	case metavalues.TemplateRejected:
		why := ""
		if reason := live.RejectedReason; reason != "" && reason != "NONE" {
			why = ": " + metavalues.Clip(reason)
			if advice := template.RejectionAdvice(reason); advice != "" {
				why += " (" + advice + ")"
			}
		}
		out = append(out, "Meta rejected the original"+why+".")
	case metavalues.TemplatePaused, metavalues.TemplateDisabled:
		out = append(out, fmt.Sprintf("The original has the status %s.", live.Status))
	}
	return out
}

// hidden names what Meta doesn't show of a template of which there is no manifest.
func (o *original) hidden(spec *v1alpha1.MessageTemplateSpec) (out []string) {
	if o.place != "" {
		return nil
	}
	if hidden := export.Hidden(o.live, spec); len(hidden) > 0 {
		out = append(out, fmt.Sprintf("Meta doesn't show %s: set it as the text of the template has it.", strings.Join(hidden, ", ")))
	}
	if spec.Library != nil && spec.Library.BodyInputs == nil {
		out = append(out, "Meta doesn't show spec.library.bodyInputs: set it as the text of the template has it.")
	}
	return out
}
