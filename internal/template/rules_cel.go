// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// CEL is a condition of a rule, as an expression over the spec of a MessageTemplate.
type CEL struct {
	// Part is the field of the spec to which the condition belongs, such as .body. Where it is absent, the condition isn't asked.
	Part string
	// Of and Within are what the condition is asked of, such as each card, and in it each button: %s stands for what is within.
	Of, Within string
	// Condition is true where the rule is kept; self is the spec.
	Condition string
}

func (c CEL) String() string { return inside(c.Of, inside(c.Within, c.Condition)) }

func inside(outer, condition string) string {
	return "(" + strings.Replace(outer, "%s", condition, 1) + ")"
}

// whole is what a condition is asked of that is asked once.
const (
	whole    = "%s"
	eachCard = "self.carousel.cards.all(c, %s)"
)

// cardText is the body of a card, which has the rules of a body.
const cardText textKind = -1

const observedCEL = "has(self.managementPolicy) && self.managementPolicy == 'Observed'"

// partCEL is a condition on a part of the spec.
func partCEL(part, condition string) []CEL { return []CEL{{part, whole, whole, condition}} }

// cardCEL is a condition on each card c.
func cardCEL(condition string) []CEL { return []CEL{{".carousel", eachCard, whole, condition}} }

// textCEL is a condition on texts and their examples; X stands for what has both.
func textCEL(condition string, kinds ...textKind) []CEL {
	var out []CEL
	for _, kind := range kinds {
		switch kind {
		case headerText:
			out = append(out, CEL{".header", whole, "!has(self.header.text) || %s", strings.ReplaceAll(condition, "X.", "self.header.")})
		case cardText:
			out = append(out, CEL{".carousel", eachCard, "!has(c.body) || %s", strings.ReplaceAll(condition, "X.", "c.body.")})
		default:
			out = append(out, CEL{".body", whole, whole, strings.ReplaceAll(condition, "X.", "self.body.")})
		}
	}
	return out
}

// buttonCEL is a condition on each button b, of cards too if they can have such a button.
func buttonCEL(condition string, cards bool) []CEL {
	out := []CEL{{".buttons", whole, "self.buttons.all(b, %s)", condition}}
	if cards {
		out = append(out, CEL{".carousel", eachCard, "c.buttons.all(b, %s)", condition})
	}
	return out
}

// Validation is a rule of the CRD: all conditions on one part of the spec. Each rule of a CRD costs time in every write of the status, even
// where its part is absent, and so does each loop. So there is one rule for each part, and one loop for all conditions on buttons or texts.
type Validation struct {
	FieldPath, Rule, MessageExpression string
}

// Validations are the rules about new content as rules of the CRD, in the order of the rules. A message is that of all rules that are broken,
// one after the other.
func Validations() []Validation {
	var all []CEL
	messages := map[string][]string{}
	for i := range allRules {
		for _, c := range allRules[i].CEL {
			all = append(all, c)
			messages[c.Part] = append(messages[c.Part], fmt.Sprintf("(%s ? '' : %s)", c, strconv.Quote(allRules[i].Message+". ")))
		}
	}
	var out []Validation
	for _, part := range grouped(all, func(c CEL) string { return c.Part }) {
		kept := and(part, func(c CEL) string { return c.Of }, func(of []CEL) string {
			return and(of, func(c CEL) string { return c.Within }, func(within []CEL) string {
				texts := make([]string, 0, len(within))
				for _, c := range within {
					texts = append(texts, "("+c.Condition+")")
				}
				return strings.Join(texts, " && ")
			})
		})
		out = append(out, Validation{
			FieldPath: part[0].Part,
			// Most parts are absent, so that is asked first.
			Rule:              "!has(self" + part[0].Part + ") || has(self.contentValidation) && self.contentValidation == 'Lenient' || " + kept,
			MessageExpression: strings.Join(messages[part[0].Part], " + "),
		})
	}
	return out
}

// and demands that the conditions of each group are kept: what has the same key is asked in one place.
func and(all []CEL, key func(CEL) string, group func([]CEL) string) string {
	var kept []string
	for _, same := range grouped(all, key) {
		kept = append(kept, inside(key(same[0]), "("+group(same)+")"))
	}
	return strings.Join(kept, " && ")
}

// grouped puts what has the same key together, in the order in which the keys appear.
func grouped(all []CEL, key func(CEL) string) [][]CEL {
	var out [][]CEL
	at := map[string]int{}
	for _, c := range all {
		i, known := at[key(c)]
		if !known {
			i = len(out)
			at[key(c)], out = i, append(out, nil)
		}
		out[i] = append(out[i], c)
	}
	return out
}

// IsRefusal reports whether an API server's message is that of rules about new content.
func IsRefusal(message string) bool {
	return slices.ContainsFunc(allRules, func(r Rule) bool { return r.Tier == Creating && strings.Contains(message, r.Message+".") })
}
