// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

// Package promote describes templates of one account as manifests with which another account creates them. It makes no call.
package promote

import (
	"cmp"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"

	"k8s.io/apimachinery/pkg/runtime"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/export"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/manifest"
	"github.com/waba-operator/waba-operator/internal/schema"
)

// Options say what is copied, and for whom.
type Options struct {
	// WABAName names the WABA resource of the other account, WABANamespace its namespace; empty: that of the templates.
	WABAName, WABANamespace string
	// Namespace is written into every resource; empty: none is.
	Namespace string
	// NamePrefix is put before the name that each template has at Meta.
	NamePrefix string
	// Templates selects templates.
	Templates export.Filter
	// Flows are the ids of Flows of the other account, by those of the source's.
	Flows map[string]string
}

// Copier describes templates for another account. It isn't safe for concurrent use.
type Copier struct {
	Options
	validator *schema.Validator
	originals map[key]*original
	report    Report
}

type key struct{ name, language string }

// original is a template of the source.
type original struct {
	spec                *v1alpha1.MessageTemplateSpec
	labels, annotations map[string]string
	// live is the template at Meta, nil where only the manifest is known; place is that of the manifest, empty where there is none.
	live  *graph.Template
	place string
	// faults say why it can't be copied.
	faults []string
}

// Report is what became of the templates besides resources.
type Report struct {
	// Complete counts the resources that create their template, Drafts those that must be corrected before they do.
	Complete, Drafts int
	// LeftOut counts the templates that were left out, by the reason.
	LeftOut map[string]int
	// Missing says in a line each which template isn't copied, or only as a draft, and why.
	Missing []string
	// Warnings say in a line each what a resource needs that its manifest doesn't contain.
	Warnings []string
}

// New returns a Copier without templates.
func New(o Options) (*Copier, error) {
	v, err := schema.New()
	if err != nil {
		return nil, err
	}
	return &Copier{Options: o, validator: v, originals: map[key]*original{}, report: Report{LeftOut: map[string]int{}}}, nil
}

// Report says what became of the templates; it is complete once all resources were taken.
func (c *Copier) Report() *Report { return &c.report }

// AddAccount adds the templates of an account at Meta.
func (c *Copier) AddAccount(all map[account.TemplateKey]account.PackedTemplate) {
	for _, live := range c.Templates.Select(all, c.report.LeftOut) {
		spec, faults := export.Describe(live)
		c.add(&original{spec: spec, live: live, faults: faults}, "Meta")
	}
}

// AddManifests adds the templates of manifests, after those of the account: a manifest counts more than what Meta has, because only it has
// the sample files and the category that was requested.
func (c *Copier) AddManifests(documents []manifest.Document) {
	for i := range documents {
		d := &documents[i]
		if d.Object.GroupVersionKind() != v1alpha1.GroupVersion.WithKind(v1alpha1.KindMessageTemplate) {
			continue
		}
		obj, place := &v1alpha1.MessageTemplate{}, d.At("")
		fields := maps.Clone(d.Object.Object)
		delete(fields, "status") // a newer operator may write more than this version knows
		if err := runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(fields, obj, true); err != nil {
			c.miss("%s isn't copied: %s", place, err)
			continue
		}
		found := c.originals[key{obj.Spec.Name, obj.Spec.Language}]
		like := graph.Template{Name: obj.Spec.Name, Language: obj.Spec.Language, Category: string(obj.Spec.Category)}
		if found != nil && found.live != nil {
			like.Status = found.live.Status
		}
		if !c.Templates.Passes(&like) || found != nil && found.live != nil && !described(&obj.Spec) {
			continue // Meta shows more of it than a manifest that only names the template
		}
		c.add(&original{spec: &obj.Spec, labels: portable(obj.Labels), annotations: portable(obj.Annotations), place: place}, place)
	}
}

// add takes an original. A manifest takes the place of what Meta has.
func (c *Copier) add(o *original, place string) {
	k := key{o.spec.Name, o.spec.Language}
	before := c.originals[k]
	switch {
	case before == nil:
	case before.place == "" && o.place != "":
		o.live = before.live
	default:
		before.faults = append(before.faults, fmt.Sprintf("it is there twice, in %s and in %s; name the templates of one account", cmp.Or(before.place, "Meta"), place))
		return
	}
	c.originals[k] = o
}

// described reports that a spec says what the template is, besides which.
func described(spec *v1alpha1.MessageTemplateSpec) bool {
	return spec.Body != nil || spec.Authentication != nil || spec.Library != nil
}

func portable(all map[string]string) map[string]string {
	out := maps.Clone(all)
	maps.DeleteFunc(out, func(name, _ string) bool { return !manifest.Portable(name) })
	return out
}

// Resources describes the templates for the other account by name and language. Each is one that the API server takes.
func (c *Copier) Resources(ctx context.Context) iter.Seq[*export.Resource] {
	return func(yield func(*export.Resource) bool) {
		for _, k := range slices.SortedFunc(maps.Keys(c.originals), func(a, b key) int {
			return cmp.Or(cmp.Compare(a.name, b.name), cmp.Compare(a.language, b.language))
		}) {
			if r := c.resource(ctx, c.originals[k]); r != nil && !yield(r) {
				return
			}
		}
	}
}

func (c *Copier) miss(format string, args ...any) {
	c.report.Missing = append(c.report.Missing, export.OneLine(fmt.Sprintf(format, args...)))
}

func (c *Copier) warn(format string, args ...any) {
	if line := export.OneLine(fmt.Sprintf(format, args...)); !slices.Contains(c.report.Warnings, line) {
		c.report.Warnings = append(c.report.Warnings, line)
	}
}
