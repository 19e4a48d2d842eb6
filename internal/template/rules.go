// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// Tier says what it means that content breaks a rule.
type Tier string

const (
	// Creating are the rules for content that is created or edited. What breaks one may exist at Meta all the same, because it is older
	// than the rule or because Meta changed it. The API server refuses it unless spec.contentValidation is Lenient, and the operator never
	// sends it.
	Creating Tier = "Creating"
	// Review is what Meta's reviewers tend to reject, or what recipients won't see. It is sent, with a warning.
	Review Tier = "Review"
)

// Rule is a rule about the content of a template.
type Rule struct {
	// Name identifies the rule, such as variable-edges.
	Name string
	Tier Tier
	// Where names the places to which the rule applies.
	Where string
	// Message says what is wrong or what to write instead. Rules of the tier Creating have the message of the API server.
	Message string
	// Code is the subcode of Meta's error, "" where none is documented.
	Code string
	// CEL are the same conditions for the API server, true where the rule is kept; rules of the tier Review have none.
	CEL []CEL
	// broken lists the places that break the rule.
	broken func(*content) []place
}

// place is where content breaks a rule.
type place struct {
	path string
	// args fill in the rule's message.
	args []any
}

// Rules are all rules about content but those of its shape, which are in the schema of the API. The order is that of their
// findings.
//
// Sources are Meta's pages on components
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components), on the kinds of templates below
// it, and on error codes (https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes).
func Rules() []Rule { return slices.Clone(allRules) }

var allRules = slices.Concat(settingRules, textRules, buttonRules, specialRules, reviewRules)

// Breach is a place in a spec that breaks a rule.
type Breach struct {
	Problem
	Rule *Rule
}

// Creatable lists what Meta would refuse if the content were created or edited as it is.
func Creatable(spec *v1alpha1.MessageTemplateSpec) []Breach { return breaches(spec, Creating) }

// Warnings names what Meta tends to refuse without documenting it as a rule, or what recipients won't see. Nothing is
// withheld because of it.
func Warnings(spec *v1alpha1.MessageTemplateSpec) []Breach { return breaches(spec, Review) }

func breaches(spec *v1alpha1.MessageTemplateSpec, tier Tier) []Breach {
	var out []Breach
	c := contentOf(spec)
	for i := range allRules {
		rule := &allRules[i]
		if rule.Tier != tier {
			continue
		}
		for _, at := range rule.broken(c) {
			message := rule.Message
			if len(at.args) > 0 {
				message = fmt.Sprintf(message, at.args...)
			}
			out = append(out, Breach{Problem: Problem{Path: at.path, Message: message}, Rule: rule})
		}
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

// content is a spec, with all places in which a text or a button can stand, those of cards included.
type content struct {
	*v1alpha1.MessageTemplateSpec

	texts   []placedText
	buttons []placedButton
	cards   []v1alpha1.CarouselCard
}

// placedText is a text of a template and its place in the spec.
type placedText struct {
	kind       textKind
	path, text string
	examples   []v1alpha1.ParameterExample
}

// placedButton is a button of a template and its place in the spec. A button of a card has fewer fields than others.
type placedButton struct {
	path string
	v1alpha1.TemplateButton
}

func contentOf(spec *v1alpha1.MessageTemplateSpec) *content {
	c := &content{MessageTemplateSpec: spec}
	if h := spec.Header; h != nil {
		c.addText(headerText, "spec.header", h.Text, h.Examples)
	}
	if b := spec.Body; b != nil {
		c.addText(bodyText, "spec.body", b.Text, b.Examples)
	}
	if f := spec.Footer; f != nil {
		c.addText(footerText, "spec.footer", f.Text, nil)
	}
	for i := range spec.Buttons {
		c.addButton(fmt.Sprintf("spec.buttons[%d]", i), spec.Buttons[i])
	}
	if spec.Carousel == nil {
		return c
	}
	c.cards = spec.Carousel.Cards
	for i := range c.cards {
		path := "spec." + strings.TrimSuffix(cardPath(i), ".")
		if b := c.cards[i].Body; b != nil {
			c.addText(bodyText, path+".body", b.Text, b.Examples)
		}
		for j, b := range c.cards[i].Buttons {
			c.addButton(fmt.Sprintf("%s.buttons[%d]", path, j), v1alpha1.TemplateButton{
				Type: b.Type, Text: b.Text, URL: b.URL, Example: b.Example, PhoneNumber: b.PhoneNumber,
			})
		}
	}
	return c
}

func (c *content) addText(kind textKind, path, text string, examples []v1alpha1.ParameterExample) {
	if text != "" || len(examples) > 0 {
		c.texts = append(c.texts, placedText{kind, path + ".text", text, examples})
	}
}

func (c *content) addButton(path string, b v1alpha1.TemplateButton) {
	c.buttons = append(c.buttons, placedButton{path, b})
	c.addText(labelText, path, b.Text, nil)
}

// inTexts makes a rule about each text of some kinds by itself.
func inTexts(broken func(placedText) bool, kinds ...textKind) func(*content) []place {
	return func(c *content) (out []place) {
		for _, x := range c.texts {
			for _, kind := range kinds {
				if x.kind == kind && broken(x) {
					out = append(out, place{path: x.path})
				}
			}
		}
		return out
	}
}

// inButtons makes a rule about each button by itself; field is the one that breaks it.
func inButtons(field string, broken func(*content, *v1alpha1.TemplateButton) bool) func(*content) []place {
	return func(c *content) (out []place) {
		for i := range c.buttons {
			if broken(c, &c.buttons[i].TemplateButton) {
				out = append(out, place{path: c.buttons[i].path + "." + field})
			}
		}
		return out
	}
}

// inSpec makes a rule about the template as a whole; path is the part that breaks it.
func inSpec(path string, broken func(*content) bool) func(*content) []place {
	return func(c *content) []place {
		if broken(c) {
			return []place{{path: path}}
		}
		return nil
	}
}

// inCards makes a rule about each card; first is the first one.
func inCards(field string, broken func(card, first *v1alpha1.CarouselCard) bool) func(*content) []place {
	return func(c *content) (out []place) {
		for i := range c.cards {
			if broken(&c.cards[i], &c.cards[0]) {
				out = append(out, place{path: "spec." + cardPath(i) + field})
			}
		}
		return out
	}
}
