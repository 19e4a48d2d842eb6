// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"fmt"
	"regexp"
	"strings"
	"unicode"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// maxEmoji is how many emoji Meta takes in a body
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes, 2388072).
const maxEmoji = 10

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

var (
	trailing = regexp.MustCompile(`\}\}[\s\p{P}]+$`)
	adjacent = regexp.MustCompile(`\}\}[ \t]+\{\{`)
)

// Warnings names what Meta tends to refuse without documenting it as a rule, or what recipients won't see. Nothing is
// withheld because of it.
func Warnings(spec *v1alpha1.MessageTemplateSpec) []Problem {
	var out []Problem
	warn := func(path, format string, args ...any) {
		out = append(out, Problem{Path: path, Message: fmt.Sprintf(format, args...)})
	}
	if !languages[spec.Language] {
		warn("spec.language", "%s isn't among the languages that Meta documents", spec.Language)
	}
	if s := string(spec.SubCategory); s != "" && !subCategories[s] {
		warn("spec.subCategory", "%s isn't among the subcategories that Meta lets be requested", s)
	}
	for _, x := range textsOf(spec) {
		out = append(out, x.warnings()...)
	}
	if len(spec.Buttons) > 3 {
		warn("spec.buttons", "templates with more than three buttons can't be seen on desktop clients")
	}
	if a := spec.Authentication; a != nil && a.OTP.Text != "" {
		warn("spec.authentication.otp.text", "Meta refuses labels of one's own in some accounts; leave it out for Meta's translated one")
	}
	return out
}

// textKind is where a text of a template stands. The same rules hold for all texts of a kind.
type textKind int

const (
	headerText textKind = iota + 1
	bodyText
	footerText
	labelText
)

// placedText is a text of a template and its place in the spec.
type placedText struct {
	kind       textKind
	path, text string
}

// textsOf lists all texts of a template, those of cards included.
func textsOf(spec *v1alpha1.MessageTemplateSpec) []placedText {
	var out []placedText
	add := func(kind textKind, path, text string) {
		if text != "" {
			out = append(out, placedText{kind, path, text})
		}
	}
	if spec.Header != nil {
		add(headerText, "spec.header.text", spec.Header.Text)
	}
	if spec.Body != nil {
		add(bodyText, "spec.body.text", spec.Body.Text)
	}
	if spec.Footer != nil {
		add(footerText, "spec.footer.text", spec.Footer.Text)
	}
	for i := range spec.Buttons {
		add(labelText, fmt.Sprintf("spec.buttons[%d].text", i), spec.Buttons[i].Text)
	}
	if spec.Carousel != nil {
		for i := range spec.Carousel.Cards {
			card, path := &spec.Carousel.Cards[i], "spec."+cardPath(i)
			if card.Body != nil {
				add(bodyText, path+"body.text", card.Body.Text)
			}
			for j := range card.Buttons {
				add(labelText, fmt.Sprintf("%sbuttons[%d].text", path, j), card.Buttons[j].Text)
			}
		}
	}
	return out
}

// markup is what WhatsApp shows as bold, italic, struck through or monospaced.
var markup = regexp.MustCompile("[*~`]|(^|\\s)_[^_]+_(\\s|$)")

// warnings names what Meta refuses or tends to refuse in a text (2388047 headers, 2388072 bodies, 2388073 footers, 2388060 labels:
// https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes).
func (x placedText) warnings() []Problem {
	var out []Problem
	add := func(format string, args ...any) {
		out = append(out, Problem{Path: x.path, Message: fmt.Sprintf(format, args...)})
	}
	where := map[textKind]string{headerText: "headers", footerText: "footers", labelText: "labels of buttons"}[x.kind]
	if x.kind == bodyText {
		bodyWarnings(text(x.text), add)
		return out
	}
	if countEmoji(x.text) > 0 {
		if x.kind == footerText {
			add("Meta tends to refuse emoji in footers")
		} else {
			add("Meta takes no emoji in %s", where)
		}
	}
	if strings.ContainsAny(text(x.text), "\r\n") {
		add("Meta takes no line breaks in %s", where)
	}
	if x.kind != footerText && markup.MatchString(variable.ReplaceAllString(x.text, "x")) {
		add("Meta takes no formatting (* _ ~ `) in %s", where)
	}
	return out
}

func bodyWarnings(body string, add func(format string, args ...any)) {
	if trailing.MatchString(body) {
		add("a variable followed only by punctuation counts as the end for some reviewers; put words after it")
	}
	if adjacent.MatchString(body) {
		add("two variables with only a blank between them are often refused; put words between them")
	}
	if outOfOrder(body) {
		add("the positional variables don't stand in the order of their numbers; a sender fills them in by number: {{1}}, {{2}}, {{3}}")
	}
	if n := countEmoji(body); n > maxEmoji {
		add("Meta takes at most %d emoji, and there are %d", maxEmoji, n)
	}
	if variables, words := ratio(body); words < 2*variables+1 {
		add("%d variables for %d other words are probably too many; Meta's partners advise at least %d words", variables, words, 2*variables+1)
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
