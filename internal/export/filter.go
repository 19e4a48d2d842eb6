// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"cmp"
	"path"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// Filter selects templates; an empty list lets all pass.
type Filter struct {
	// Names are patterns as of shells: * is any text, ? one character, [ab] one of those.
	Names []string
	// Languages, Categories and Statuses are compared without regard to case.
	Languages, Categories, Statuses []string
	// Samples lets Meta's sample templates pass, Generated those that Meta made for messages sent without a template.
	Samples, Generated bool
}

// Statuses of templates with which something is special
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management).
const (
	statusArchived        = "ARCHIVED"
	statusDeleted         = "DELETED"
	statusPendingDeletion = "PENDING_DELETION"
)

// Check returns the first pattern that can't be understood, "" for none.
func (f *Filter) Check() string {
	for _, name := range f.Names {
		if _, err := path.Match(name, ""); err != nil {
			return name
		}
	}
	return ""
}

// Passes reports whether the caller requested a template, but for what is left out unless it is requested.
func (f *Filter) Passes(t *graph.Template) bool {
	return among(f.Languages, strings.ReplaceAll(t.Language, "-", "_")) && among(f.Categories, t.Category) &&
		among(f.Statuses, t.Status) && (len(f.Names) == 0 || slices.ContainsFunc(f.Names, func(pattern string) bool {
		ok, err := path.Match(pattern, t.Name)
		return err == nil && ok
	}))
}

// leftOut says why a template that passes is left out all the same, "" where it isn't.
func (f *Filter) leftOut(t *graph.Template) string {
	switch {
	case t.Status == statusDeleted, t.Status == statusPendingDeletion:
		return "templates that are being deleted"
	case t.Status == statusArchived && len(f.Statuses) == 0:
		return "archived templates (--status ARCHIVED includes them)"
	case t.Source == graph.SourceGenerated && !f.Generated:
		return "templates that Meta generated (--include-generated includes them)"
	case IsSample(t.Name) && !f.Samples:
		return "sample templates of Meta's (--include-samples includes them)"
	}
	return ""
}

func among(list []string, value string) bool {
	return len(list) == 0 || slices.ContainsFunc(list, func(s string) bool { return strings.EqualFold(s, value) })
}

// IsSample recognises the templates that Meta puts into new accounts. Their names are reserved: no client can create or edit them
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes, 2388155).
func IsSample(name string) bool { return name == "hello_world" || strings.HasPrefix(name, "sample_") }

// Select returns the templates that pass by name and language, and counts in leftOut the others that were requested, by the reason.
func (f *Filter) Select(all map[account.TemplateKey]account.PackedTemplate, leftOut map[string]int) []*graph.Template {
	var out []*graph.Template
	for _, packed := range all {
		t := packed.Unpack()
		if !f.Passes(&t) {
			continue
		}
		if reason := f.leftOut(&t); reason != "" {
			leftOut[reason]++
			continue
		}
		out = append(out, &t)
	}
	slices.SortFunc(out, func(a, b *graph.Template) int {
		return cmp.Or(cmp.Compare(a.Name, b.Name), cmp.Compare(a.Language, b.Language), cmp.Compare(a.ID, b.ID))
	})
	return out
}

// foreign reports that a number is run by others: by the WhatsApp Business app, or by the On-Premises API.
func foreign(n *graph.PhoneNumber) bool {
	own := n.PlatformType == "" || n.PlatformType == metavalues.PlatformCloudAPI || n.PlatformType == metavalues.PlatformNotApplicable
	return !own || n.OnBizApp != nil && *n.OnBizApp
}

// numbers returns the numbers to export by id, and how many are left out.
func (o *Options) numbers(all map[string]graph.PhoneNumber) (out []graph.PhoneNumber, left int) {
	for _, n := range all {
		if o.SkipForeign && foreign(&n) {
			left++
			continue
		}
		out = append(out, n)
	}
	slices.SortFunc(out, func(a, b graph.PhoneNumber) int { return cmp.Compare(a.ID, b.ID) })
	return out, left
}
