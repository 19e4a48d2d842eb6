// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// maxEmoji is how many emoji Meta takes in a body
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes, 2388072).
const maxEmoji = 10

// leastPlausiblePrice is a price of 1,000 deliveries: less, in any currency, was probably meant as the price of one.
const leastPlausiblePrice = 100

// languages are the codes Meta documents
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/supported-languages). A new one needs
// no release: an unlisted code is only warned about.
var languages = func() map[string]bool {
	known := map[string]bool{}
	for code := range strings.FieldsSeq(`af sq ar ar_EG ar_AE ar_LB ar_MA ar_QA az be_BY bn bn_IN bg ca zh_CN zh_HK zh_TW hr cs
		da prs_AF nl nl_BE en en_GB en_US en_AE en_AU en_CA en_GH en_IE en_IN en_JM en_MY en_NZ en_QA en_SG en_UG en_ZA et fil fi
		fr fr_BE fr_CA fr_CH fr_CI fr_MA ka de de_AT de_CH el gu ha he hi hu id ga it ja kn kk rw_RW ko ky_KG lo lv lt mk ms ml mr
		nb ps_AF fa pl pt_BR pt_PT pa ro ru sr si_LK sk sl es es_AR es_CL es_CO es_CR es_DO es_EC es_HN es_MX es_PA es_PE es_ES
		es_UY sw sv ta te th tr uk ur uz vi zu`) {
		known[code] = true
	}
	return known
}()

// Languages are the codes Meta documents, in their order.
func Languages() []string { return slices.Sorted(maps.Keys(languages)) }

var (
	trailing = regexp.MustCompile(`\}\}[\s\p{P}]+$`)
	adjacent = regexp.MustCompile(`\}\}[ \t]+\{\{`)
)

// reviewRules name what Meta tends to refuse without documenting it as a rule, and what recipients won't see. Numbers of words are
// advice of several partners of Meta's, not of its pages.
var reviewRules = []Rule{
	{
		Name: "language", Tier: Review, Where: "language",
		Message: "%s isn't among the languages that Meta documents",
		broken: func(c *content) []place {
			if languages[c.Language] {
				return nil
			}
			return []place{{"spec.language", []any{c.Language}}}
		},
	},
	{
		Name: "subcategory", Tier: Review, Where: "subCategory",
		Message: "%s isn't among the subcategories that Meta lets be requested",
		broken: func(c *content) []place {
			if c.SubCategory == "" || subCategories[string(c.SubCategory)] {
				return nil
			}
			return []place{{"spec.subCategory", []any{c.SubCategory}}}
		},
	},
	{
		Name: "max-price-amount", Tier: Review, Where: "maxPrice",
		Message: "amountPer1000 is the price of 1,000 deliveries: %d is less than a tenth of the currency's smallest unit for each",
		broken: func(c *content) []place {
			if c.MaxPrice == nil || c.MaxPrice.AmountPer1000 >= leastPlausiblePrice {
				return nil
			}
			return []place{{"spec.maxPrice.amountPer1000", []any{c.MaxPrice.AmountPer1000}}}
		},
	},
	{
		Name: "body-end", Tier: Review, Where: "body, body of a card", Code: codeEdges,
		Message: "a variable followed only by punctuation counts as the end for some reviewers; put words after it",
		broken:  inTexts(func(x placedText) bool { return trailing.MatchString(text(x.text)) }, bodyText),
	},
	{
		Name: "variables-adjacent", Tier: Review, Where: "body, body of a card",
		Message: "two variables with only a blank between them are often refused; put words between them",
		broken:  inTexts(func(x placedText) bool { return adjacent.MatchString(x.text) }, bodyText),
	},
	{
		Name: "variable-order", Tier: Review, Where: "body, body of a card",
		Message: "the positional variables don't stand in the order of their numbers; a sender fills them in by number: {{1}}, {{2}}, {{3}}",
		broken:  inTexts(func(x placedText) bool { return outOfOrder(x.text) }, bodyText),
	},
	{
		Name: "body-emoji", Tier: Review, Where: "body, body of a card", Code: codeBody,
		Message: "Meta takes at most %d emoji, and there are %d",
		broken: func(c *content) (out []place) {
			for _, x := range c.texts {
				if n := countEmoji(x.text); x.kind == bodyText && n > maxEmoji {
					out = append(out, place{x.path, []any{maxEmoji, n}})
				}
			}
			return out
		},
	},
	{
		Name: "word-ratio", Tier: Review, Where: "body, body of a card", Code: codeRatio,
		Message: "%d variables for %d other words are probably too many; Meta's partners advise at least %d words",
		broken: func(c *content) (out []place) {
			for _, x := range c.texts {
				if variables, words := ratio(x.text); x.kind == bodyText && words < 2*variables+1 {
					out = append(out, place{x.path, []any{variables, words, 2*variables + 1}})
				}
			}
			return out
		},
	},
	{
		Name: "footer-emoji", Tier: Review, Where: "footer", Code: codeFooter,
		Message: "Meta tends to refuse emoji in footers",
		broken:  inTexts(func(x placedText) bool { return countEmoji(x.text) > 0 }, footerText),
	},
	{
		Name: "emoji", Tier: Review, Where: "header, button, button of a card", Code: codeButton,
		Message: "Meta takes no emoji in %s",
		broken:  inPlain(func(x placedText) bool { return countEmoji(x.text) > 0 }, headerText, labelText),
	},
	{
		Name: "line-breaks", Tier: Review, Where: "header, footer, button, button of a card", Code: codeButton,
		Message: "Meta takes no line breaks in %s",
		broken:  inPlain(func(x placedText) bool { return strings.ContainsAny(text(x.text), "\r\n") }, headerText, footerText, labelText),
	},
	{
		Name: "formatting", Tier: Review, Where: "header, button, button of a card", Code: codeButton,
		Message: "Meta takes no formatting (* _ ~ `) in %s",
		broken: inPlain(func(x placedText) bool {
			return markup.MatchString(variable.ReplaceAllString(x.text, "x"))
		}, headerText, labelText),
	},
	{
		Name: "buttons-desktop", Tier: Review, Where: "buttons",
		Message: "templates with more than three buttons can't be seen on desktop clients",
		broken:  inSpec("spec.buttons", func(c *content) bool { return len(c.Buttons) > 3 }),
	},
	{
		Name: "passcode-label", Tier: Review, Where: "authentication",
		Message: "Meta refuses labels of one's own in some accounts; leave it out for Meta's translated one",
		broken: inSpec("spec.authentication.otp.text", func(c *content) bool {
			return c.Authentication != nil && c.Authentication.OTP.Text != ""
		}),
	},
}

// markup is what WhatsApp shows as bold, italic, struck through or monospaced.
var markup = regexp.MustCompile("[*~`]|(^|\\s)_[^_]+_(\\s|$)")

// inPlain is inTexts for rules whose message names the kind of text.
func inPlain(broken func(placedText) bool, kinds ...textKind) func(*content) []place {
	where := map[string]string{"spec.header.text": "headers", "spec.footer.text": "footers"}
	check := inTexts(broken, kinds...)
	return func(c *content) []place {
		found := check(c)
		for i := range found {
			found[i].args = []any{cmp.Or(where[found[i].path], "labels of buttons")}
		}
		return found
	}
}

// outOfOrder reports that a positional variable first appears before one with a lower number.
func outOfOrder(body string) bool {
	highest := 0
	for _, m := range variable.FindAllStringSubmatch(body, -1) {
		n := positionOf(m[1])
		if n == 0 {
			return false
		}
		if n > highest+1 {
			return true
		}
		highest = max(highest, n)
	}
	return false
}

// ratio counts different variables and the words around them. The limit isn't in Meta's documentation; several partners
// publish the same one.
func ratio(body string) (variables, words int) {
	names := map[string]bool{}
	for _, m := range variable.FindAllStringSubmatch(body, -1) {
		names[m[1]] = true
	}
	for word := range strings.FieldsSeq(variable.ReplaceAllString(body, " ")) {
		if strings.IndexFunc(word, func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) }) >= 0 {
			words++
		}
	}
	if len(names) == 0 {
		return 0, max(words, 1)
	}
	return len(names), words
}

// countEmoji counts pictographs; modifiers and joiners belong to the one before them.
func countEmoji(s string) int {
	n := 0
	joined := false
	for _, r := range s {
		switch {
		case r == '\u200d':
			joined = true
			continue
		case r >= 0x1F3FB && r <= 0x1F3FF: // skin tones
		case r >= 0x1F000 && r <= 0x1FAFF, r >= 0x2600 && r <= 0x27BF, r >= 0x2B00 && r <= 0x2BFF:
			if !joined {
				n++
			}
		}
		joined = false
	}
	return n
}
