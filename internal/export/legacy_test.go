// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package export

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"k8s.io/utils/ptr"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
)

// TestLegacyTemplates: what exists at Meta and couldn't be created any more is described with all of its content, as a managed template
// that is lenient, and a comment names the rules that it breaks.
func TestLegacyTemplates(t *testing.T) {
	const body = `{"type":"BODY","text":"Your order was received and is on its way to you."}`
	buttons := func(s string) string { return `[` + body + `,{"type":"BUTTONS","buttons":[` + s + `]}]` }
	for _, c := range []struct {
		name, category, format, components string
		rules                              string
		change                             func(*graph.Template)
	}{
		{name: "a variable at the beginning", format: "NAMED", rules: "variable-edges", components: `[{"type":"BODY","text":"{{user_name}}, we are packing. \n\nIt takes about {{minutes}} minutes until it is with you.",
			"example":{"body_text_named_params":[{"param_name":"user_name","example":"Ana"},{"param_name":"minutes","example":"30"}]}},
			{"type":"BUTTONS","buttons":[{"type":"URL","text":"Track order","url":"https://www.example.com/{{1}}","example":["https://www.example.com/a/b"]}]}]`},
		{name: "free text in AUTHENTICATION", category: "AUTHENTICATION", rules: "authentication-text", components: `[{"type":"HEADER","format":"TEXT","text":"Seu código"},
			{"type":"BODY","text":"O código para confirmar é *{{1}}.*","example":{"body_text":[["1458425"]]}},{"type":"FOOTER","text":"Não o mostre a ninguém."}]`},
		{name: "no examples", format: "NAMED", rules: "variable-example url-example", components: `[{"type":"HEADER","format":"TEXT","text":"About {{topic}}"},
			{"type":"BODY","text":"We write about {{topic}} and {{other}}, as you asked us to."},
			{"type":"BUTTONS","buttons":[{"type":"QUICK_REPLY","text":"Stop"},{"type":"URL","text":"More","url":"https://example.com/?q={{1}}"}]}]`},
		{name: "a gap in the numbers", rules: "variable-example", components: `[{"type":"BODY","text":"Dear {{1}}, your run {{3}} is done, please look at it.","example":{"body_text":[["Ana","r-1"]]}}]`},
		{name: "blanks in a variable", rules: "variable-example", components: `[{"type":"BODY","text":"Dear {{ 1 }}, your order is done.","example":{"body_text":[["Ana"]]}}]`},
		{name: "capitals in a variable", format: "NAMED", rules: "variable-example", components: `[{"type":"BODY","text":"Dear {{Name}}, your order is done.","example":{"body_text_named_params":[{"param_name":"Name","example":"Ana"}]}}]`},
		{name: "names in a positional template", rules: "parameter-format", components: `[{"type":"BODY","text":"Dear {{name}}, your order is done.","example":{"body_text":[["Ana"]]}}]`},
		{name: "variables that touch, and many lines", rules: "variables-touch body-line-breaks", components: `[{"type":"BODY","text":"Dear {{1}}{{2}},\n\n\nyour order is done.","example":{"body_text":[["Ana","B"]]}}]`},
		{name: "two variables in a header", rules: "variable-example header-variables", components: `[{"type":"HEADER","format":"TEXT","text":"{{1}} of {{2}}","example":{"header_text":["a","b"]}},` + body + `]`},
		{name: "a header of two lines", rules: "header-line", components: `[{"type":"HEADER","format":"TEXT","text":"Two\nlines"},` + body + `]`},
		{name: "a link to WhatsApp", rules: "url-whatsapp", components: buttons(`{"type":"URL","text":"Chat","url":"https://wa.me/15550051310"}`)},
		{name: "a variable within an address", rules: "url", components: buttons(`{"type":"URL","text":"Go","url":"https://a.example/{{1}}/b","example":["x"]}`)},
		{name: "a translated label", category: "MARKETING", rules: "label-fixed", components: buttons(`{"type":"CATALOG","text":"Ver catálogo"}`)},
		{name: "three addresses", rules: "buttons-url", components: buttons(strings.Repeat(`{"type":"URL","text":"Go","url":"https://a.example"},`, 2) + `{"type":"URL","text":"Go","url":"https://a.example"}`)},
		{name: "replies around", rules: "buttons-order", components: buttons(`{"type":"QUICK_REPLY","text":"a"},{"type":"URL","text":"Go","url":"https://a.example"},{"type":"QUICK_REPLY","text":"b"}`)},
		{name: "a coupon without an example", category: "MARKETING", rules: "coupon-example", components: buttons(`{"type":"COPY_CODE","text":"Copy offer code"}`)},
		{
			name: "reclassified, with the time to live of before", category: "MARKETING", rules: "time-to-live", components: `[` + body + `]`,
			change: func(live *graph.Template) { live.MessageSendTTLSeconds = ptr.To[int64](3600) },
		},
		{
			name: "reclassified, with the subcategory of before", category: "MARKETING", rules: "order-status", components: `[` + body + `]`,
			change: func(live *graph.Template) { live.SubCategory = "ORDER_STATUS" },
		},
		{
			name: "reclassified, with the max price of before", rules: "max-price-category", components: `[` + body + `]`,
			change: func(live *graph.Template) {
				live.MaxPrice = &graph.MaxPrice{AmountPer1000: 5000, Strategy: graph.StrategyBidCap}
			},
		},
		{name: "an offer with a footer", rules: "offer-category offer-footer", components: `[` + body + `,{"type":"FOOTER","text":"Bye"},{"type":"LIMITED_TIME_OFFER","limited_time_offer":{"text":"Ends soon","has_expiration":true}},
			{"type":"BUTTONS","buttons":[{"type":"URL","text":"Shop","url":"https://a.example"}]}]`},
		{name: "a passcode without its apps", category: "AUTHENTICATION", rules: "passcode-apps", components: `[{"type":"BODY","text":"*{{1}}* is your verification code."},
			{"type":"BUTTONS","buttons":[{"type":"URL","text":"Autofill","url":"https://www.whatsapp.com/otp/code/?otp_type=ONE_TAP&code=otp{{1}}"}]}]`},
	} {
		t.Run(c.name, func(t *testing.T) {
			live := &graph.Template{ID: "1", Name: "old_one", Language: "en_US", Status: "APPROVED", Category: "UTILITY", ParameterFormat: "POSITIONAL"}
			if c.category != "" {
				live.Category = c.category
			}
			if c.format != "" {
				live.ParameterFormat = c.format
			}
			if err := json.Unmarshal([]byte(c.components), &live.Components); err != nil {
				t.Fatal(err)
			}
			if c.change != nil {
				c.change(live)
			}
			r := describedAsMetaHasIt(t, newExporter(t), live)
			spec, ok := r.Spec.(*v1alpha1.MessageTemplateSpec)
			if !ok || spec.ManagementPolicy != "" || spec.ContentValidation != v1alpha1.ContentValidationLenient || spec.Body == nil && spec.Authentication == nil {
				t.Fatalf("%+v\n%s", r.Spec, strings.Join(r.Comments, "\n"))
			}
			if got := strings.Join(slices.Compact(rulesIn(r.Comments)), " "); got != c.rules {
				t.Errorf("the comments name %q, want %q:\n%s", got, c.rules, strings.Join(r.Comments, "\n"))
			}
		})
	}
}

// TestPartlyDescribedLegacyTemplate: a template of which the settings can't be described is lenient only for the rules that what is left breaks,
// and the comment names them here, too.
func TestPartlyDescribedLegacyTemplate(t *testing.T) {
	live := &graph.Template{
		ID: "1", Name: "old_one", Language: "en_US", Status: "APPROVED", Category: "UTILITY", ParameterFormat: "POSITIONAL",
		DisplayFormat: "SOMETHING_NEW", MessageSendTTLSeconds: ptr.To[int64](10), Components: []graph.Component{{Type: "BODY", Text: "{{1}}, hello."}},
	}
	r := describedAsMetaHasIt(t, newExporter(t), live)
	spec, ok := r.Spec.(*v1alpha1.MessageTemplateSpec)
	if !ok || spec.ManagementPolicy != v1alpha1.ManagementPolicyObserved || spec.Body == nil || spec.ContentValidation != v1alpha1.ContentValidationLenient {
		t.Fatalf("%+v\n%s", r.Spec, strings.Join(r.Comments, "\n"))
	}
	if got := strings.Join(rulesIn(r.Comments), " "); got != "variable-example variable-edges" {
		t.Errorf("the comments name %q:\n%s", got, strings.Join(r.Comments, "\n"))
	}
}

// rulesIn returns the names of the rules in comments.
func rulesIn(comments []string) []string {
	var out []string
	for _, line := range comments {
		if _, rest, ok := strings.Cut(line, " ("); ok && strings.HasPrefix(line, "- spec.") {
			name, _, _ := strings.Cut(rest, "):")
			out = append(out, name)
		}
	}
	return out
}

// TestUnknownPropertiesAreTold: a template with a property that this version doesn't know is only observed, with all of its content, and a
// comment and a warning name the property.
func TestUnknownPropertiesAreTold(t *testing.T) {
	e := newExporter(t)
	live := &graph.Template{
		ID: "1", Name: "colored", Language: "en_US", Status: "APPROVED", Category: "UTILITY", ParameterFormat: "POSITIONAL",
		Components:        []graph.Component{{Type: "BODY", Text: "Your order is packed."}},
		UnknownProperties: []string{"components[0].label_color"},
	}
	r := describedAsMetaHasIt(t, e, live)
	spec, ok := r.Spec.(*v1alpha1.MessageTemplateSpec)
	if !ok || spec.ManagementPolicy != v1alpha1.ManagementPolicyObserved || spec.Body == nil {
		t.Errorf("%+v", r.Spec)
	}
	for _, text := range []string{strings.Join(r.Comments, " "), strings.Join(e.report.Warnings, " ")} {
		if !strings.Contains(text, "this version doesn't know components[0].label_color") {
			t.Errorf("%q", text)
		}
	}
}

// TestGeneratedTemplates: templates that Meta makes by itself aren't exported unless they are asked for.
func TestGeneratedTemplates(t *testing.T) {
	live := &graph.Template{Name: "delivery_text", Language: "en", Status: "APPROVED", Source: graph.SourceGenerated}
	if got := (&Filter{}).leftOut(live); !strings.Contains(got, "--include-generated") {
		t.Errorf("left out: %q", got)
	}
	if got := (&Filter{Generated: true}).leftOut(live); got != "" {
		t.Errorf("asked for: %q", got)
	}
}
