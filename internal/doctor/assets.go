// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package doctor

import (
	"context"
	"strings"

	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
	"github.com/waba-operator/waba-operator/internal/properties"
	"github.com/waba-operator/waba-operator/internal/template"
)

// templates reads templates of different kinds one by one, and by their names.
func (x *examination) templates(ctx context.Context) {
	all := map[account.TemplateKey]graph.Template{}
	for key, t := range x.snapshot.Templates {
		all[key] = t.Unpack()
	}
	some := sample(all, someTemplates, func(t graph.Template) string { return t.ID }, kindOf)
	if len(some) == 0 {
		x.report.notChecked("templates one by one", "the account has no templates that can be read")
		return
	}
	x.check(ctx, "templates one by one", func() error {
		for i := range some {
			var alone *graph.Template
			if err := try(ctx, func() (err error) {
				alone, err = x.client.ReadTemplate(ctx, some[i].ID)
				return err
			}); err != nil {
				return err
			}
			x.compareReads(&some[i], alone)
		}
		return nil
	})
	var found []graph.Template
	if x.check(ctx, "templates by name", func() (err error) {
		found, err = x.client.FindTemplates(ctx, x.AccountID, some[0].Name)
		return err
	}) && !contains(found, some[0].ID) {
		x.report.differ(ReadsDiffer, objectTemplate, "a template isn't found by its name")
	}
}

func contains(templates []graph.Template, id string) bool {
	for i := range templates {
		if templates[i].ID == id {
			return true
		}
	}
	return false
}

// kindOf is what a template is made of.
func kindOf(t graph.Template) string {
	words := []string{t.Status, t.Category, t.SubCategory, t.ParameterFormat, t.Source}
	for _, c := range t.Components {
		words = append(words, c.Type, c.Format)
		for _, b := range c.Buttons {
			words = append(words, b.Type, b.OTPType)
		}
	}
	return strings.Join(words, " ")
}

// compareReads compares what the operator compares.
func (x *examination) compareReads(listed, alone *graph.Template) {
	for _, field := range template.Diff(template.LiveFields(listed), template.LiveFields(alone)) {
		x.report.differ(ReadsDiffer, objectTemplate, properties.Class(field))
	}
	for _, pair := range []struct{ field, listed, alone string }{
		{"status", listed.Status, alone.Status}, {"category", listed.Category, alone.Category}, {"quality_score", listed.QualityScore, alone.QualityScore},
	} {
		if pair.listed != pair.alone {
			x.report.differ(ReadsDiffer, objectTemplate, pair.field)
		}
	}
}

// numbers reads phone numbers one by one, with their settings.
func (x *examination) numbers(ctx context.Context) {
	some := sample(x.snapshot.Numbers, someNumbers, func(n graph.PhoneNumber) string { return n.ID },
		func(n graph.PhoneNumber) string { return n.PlatformType + n.Status + n.AccountMode })
	if len(some) == 0 {
		x.report.notChecked("phone numbers one by one", "the account has no phone numbers that can be read")
		return
	}
	x.check(ctx, "phone numbers one by one", func() error {
		for i := range some {
			if err := try(ctx, func() error {
				_, err := x.client.ReadPhoneNumber(ctx, some[i].ID)
				return err
			}); err != nil {
				return err
			}
		}
		return nil
	})
	for i := range some {
		if some[i].PlatformType != metavalues.PlatformCloudAPI {
			continue
		}
		for _, section := range number.All {
			if number.ReadWith(section) != section {
				continue // another section's call reads it
			}
			x.check(ctx, string(section)+" of a phone number", func() error {
				_, err := number.Read(ctx, x.client, some[i].ID, section)
				return err
			})
		}
		return
	}
	x.report.notChecked("settings of a phone number", "no phone number is registered on the Cloud API")
}
