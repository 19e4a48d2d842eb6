// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graphsim

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"
)

var (
	variablePattern   = regexp.MustCompile(`\{\{([^{}]*)\}\}`)
	positionalPattern = regexp.MustCompile(`^[1-9][0-9]*$`)
	namedPattern      = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
	markupPattern     = regexp.MustCompile("[*~`]|(^|\\s)_[^_]+_(\\s|$)")
)

// Error texts as users quote them.
func errMissing(kind, what string) *apiError {
	return invalid(2388043, `Message template "components" param is missing expected field(s)`,
		fmt.Sprintf("component of type %s is missing expected field(s) (%s)", kind, what))
}

func errSuperfluous(kind string) *apiError {
	return invalid(2388043, `Message template "components" param has unexpected field(s)`,
		fmt.Sprintf("component of type %s has unexpected field(s) (example)", kind))
}

func errTooLong(kind string, limit int) *apiError {
	return invalid(2388040, "Character limit exceeded", fmt.Sprintf("The %s is too long. It can have at most %d characters.", kind, limit))
}

func errHeader() *apiError {
	return invalid(2388047, "Message header format is incorrect", "The message header can't have more than one variable, newlines, emojis, asterisks or formatting characters.")
}

// errSample has the text that users quote; the title is a guess.
func errSample(format string) *apiError {
	return invalid(2388273, "Message template header is missing a sample", fmt.Sprintf("Templates with %s header type need an example/sample, but it was not provided", format))
}

func errBody() *apiError {
	return invalid(2388072, "Message body format is incorrect", "The message body can't have more than two consecutive newline characters, only have parameters, or have more than 10 emojis.")
}

func errFooter() *apiError {
	return invalid(2388073, "Message footer format is incorrect", "The message footer can't have any variables, newlines or formatting characters.")
}

// errStructure is for rules without a known subcode; the text is a guess.
func errStructure(format string, args ...any) *apiError {
	return invalid(0, "Message template components are incorrect", fmt.Sprintf(format, args...))
}

func isEmoji(r rune) bool {
	return r >= 0x1F000 && r <= 0x1FAFF || r >= 0x2600 && r <= 0x27BF || r >= 0x2B00 && r <= 0x2BFF
}

func emojis(text string) int {
	n := 0
	for _, r := range text {
		if isEmoji(r) {
			n++
		}
	}
	return n
}

// variables returns the names used in a text, in order, with repetitions.
func variables(text string) []string {
	var out []string
	for _, m := range variablePattern.FindAllStringSubmatch(text, -1) {
		out = append(out, strings.TrimSpace(m[1]))
	}
	return out
}

func plainMarkup(text string) bool {
	rest := variablePattern.ReplaceAllString(text, "x")
	return !strings.ContainsAny(rest, "\n\r") && emojis(rest) == 0 && !markupPattern.MatchString(rest)
}

// checkContent applies the rules of the components pages to upper-cased components.
// See https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/components.
func checkContent(t *template, components []component) *apiError {
	if problem := checkShape(t, components); problem != nil {
		return problem
	}
	if t.Category == "AUTHENTICATION" {
		return checkAuthentication(components)
	}
	for i := range components {
		c := &components[i]
		var problem *apiError
		switch c.Type {
		case "HEADER":
			problem = checkHeader(t, c)
		case "BODY":
			problem = checkBody(t, c, bodyLimit(components))
		case "FOOTER":
			problem = checkFooter(c)
		case "BUTTONS":
			problem = checkButtons(t, i, c.Buttons, find(components, "LIMITED_TIME_OFFER") != nil)
		case "CAROUSEL":
			problem = checkCarousel(t, i, c)
		}
		if problem != nil {
			return problem
		}
	}
	return checkCombination(t, components)
}

func checkShape(t *template, components []component) *apiError {
	seen := map[string]int{}
	for i, c := range components {
		if !slices.Contains(componentOrder, c.Type) {
			return badParam("Param components[%d]['type'] must be one of {%s} - got %q.", i, strings.Join(componentOrder, ", "), c.Type)
		}
		seen[c.Type]++
		if seen[c.Type] > 1 {
			return errStructure("There can be only one component of type %s.", c.Type)
		}
	}
	if seen["BODY"] != 1 {
		return errMissing("BODY", "text")
	}
	if t.Category != "MARKETING" && seen["CAROUSEL"]+seen["LIMITED_TIME_OFFER"] > 0 {
		return errStructure("This component is only available for the category MARKETING.")
	}
	return nil
}

func bodyLimit(components []component) int {
	header := find(components, "HEADER")
	switch {
	case find(components, "LIMITED_TIME_OFFER") != nil:
		return 600
	case header != nil && header.Format == "PRODUCT":
		return 160
	}
	return 1024
}

func checkHeader(t *template, c *component) *apiError {
	switch c.Format {
	case "TEXT":
		return checkTextHeader(t, c)
	case "IMAGE", "VIDEO", "DOCUMENT", "GIF":
		if c.Example == nil || len(c.Example.HeaderHandle) == 0 || strings.Contains(strings.Join(c.Example.HeaderHandle, ""), "://") {
			return errSample(c.Format)
		}
		if len(c.Example.HeaderHandle) != 1 {
			return errStructure("A media header needs exactly one sample.")
		}
		return nil
	case "LOCATION", "PRODUCT":
		if c.Example != nil {
			return errSuperfluous("HEADER")
		}
		return nil
	}
	return badParam("Param components['format'] must be one of {TEXT, IMAGE, VIDEO, DOCUMENT, LOCATION, GIF, PRODUCT} - got %q.", c.Format)
}

func checkTextHeader(t *template, c *component) *apiError {
	used := variables(c.Text)
	switch {
	case c.Text == "":
		return errMissing("HEADER", "text")
	case utf8.RuneCountInString(c.Text) > 60:
		return errTooLong("message header", 60)
	case len(used) > 1, !plainMarkup(c.Text):
		return errHeader()
	}
	var positional []string
	var named []namedExample
	if c.Example != nil {
		positional, named = c.Example.HeaderText, c.Example.HeaderTextNamed
	}
	return checkExamples(t, "HEADER", used, positional, named, c.Example != nil)
}

// checkExamples wants one example per variable, in the form of the parameter format, and none without variables.
func checkExamples(t *template, kind string, used, positional []string, named []namedExample, present bool) *apiError {
	pattern := positionalPattern
	if t.ParameterFormat == "NAMED" {
		pattern = namedPattern
	}
	distinct := map[string]bool{}
	for _, name := range used {
		if !pattern.MatchString(name) {
			return invalid(0, "Parameter format mismatch", fmt.Sprintf("The variable {{%s}} doesn't fit the parameter format %s.", name, t.ParameterFormat))
		}
		distinct[name] = true
	}
	if len(used) == 0 {
		if present {
			return errSuperfluous(kind)
		}
		return nil
	}
	if t.ParameterFormat == "NAMED" {
		return checkNamedExamples(kind, distinct, positional, named)
	}
	for i := range len(distinct) {
		if !distinct[itoa(i+1)] {
			return invalid(2388072, "Message body format is incorrect", "Variables must be numbered from 1 without gaps.")
		}
	}
	if len(positional) != len(distinct) || len(named) > 0 || slices.Contains(positional, "") {
		return errMissing(kind, "example")
	}
	return nil
}

func checkNamedExamples(kind string, distinct map[string]bool, positional []string, named []namedExample) *apiError {
	for _, e := range named {
		if !distinct[e.ParamName] || e.Example == "" {
			return errMissing(kind, "example")
		}
		delete(distinct, e.ParamName)
	}
	if len(distinct) > 0 || len(positional) > 0 {
		return errMissing(kind, "example")
	}
	return nil
}

func checkBody(t *template, c *component, limit int) *apiError {
	used := variables(c.Text)
	text := strings.TrimSpace(c.Text)
	switch {
	case text == "":
		return errMissing("BODY", "text")
	case utf8.RuneCountInString(c.Text) > limit:
		return errTooLong("message body", limit)
	case strings.TrimSpace(variablePattern.ReplaceAllString(text, "")) == "", strings.Contains(c.Text, "\n\n\n"), emojis(c.Text) > 10:
		return errBody()
	}
	spans := variablePattern.FindAllStringIndex(text, -1)
	if len(spans) > 0 && (spans[0][0] == 0 || spans[len(spans)-1][1] == len(text)) {
		return invalid(2388299, "Leading or trailing parameters not allowed", "Variables can't be at the start or end of the template.")
	}
	if !enoughWords(c.Text, len(used)) {
		return invalid(2388293, "Parameters words ratio exceeds limit", "This template has too many variables for its length. Reduce the number of variables or increase the message length.")
	}
	var positional []string
	var named []namedExample
	if c.Example != nil {
		named = c.Example.BodyTextNamed
		if len(c.Example.BodyText) > 0 {
			positional = c.Example.BodyText[0]
		}
	}
	return checkExamples(t, "BODY", used, positional, named, c.Example != nil)
}

// enoughWords wants 2x+1 words that hold no variable for x variables, the rule that three partners of Meta publish.
func enoughWords(text string, count int) bool {
	words := 0
	for _, w := range strings.Fields(variablePattern.ReplaceAllString(text, "{{}}")) {
		if !strings.Contains(w, "{{}}") {
			words++
		}
	}
	return count == 0 || words >= 2*count+1
}

func checkFooter(c *component) *apiError {
	switch {
	case c.Text == "":
		return errMissing("FOOTER", "text")
	case utf8.RuneCountInString(c.Text) > 60:
		return errTooLong("message footer", 60)
	case len(variables(c.Text)) > 0, strings.ContainsAny(c.Text, "\n\r"):
		return errFooter()
	}
	return nil
}

// checkCombination checks what components demand of each other.
func checkCombination(t *template, components []component) *apiError {
	header, buttons := find(components, "HEADER"), find(components, "BUTTONS")
	if problem := checkOffer(components, header, buttons); problem != nil {
		return problem
	}
	if (header != nil && header.Format == "PRODUCT") != buttons.has("SPM") {
		return errStructure("A product header and a single-product button need each other.")
	}
	if buttons.has("MPM") && (header == nil || header.Format != "TEXT") {
		return errStructure("A multi-product template needs a text header.")
	}
	if find(components, "CALL_PERMISSION_REQUEST") != nil && (buttons != nil || find(components, "CAROUSEL") != nil) {
		return errStructure("A call permission request can't have other interactive components.")
	}
	if t.SubCategory == "ORDER_STATUS" && (t.Category != "UTILITY" || header != nil || buttons != nil) {
		return errStructure("An order status template is a UTILITY template of body and footer only.")
	}
	return nil
}

func checkOffer(components []component, header, buttons *component) *apiError {
	offer := find(components, "LIMITED_TIME_OFFER")
	if offer == nil {
		return nil
	}
	switch {
	case offer.LimitedTimeOffer == nil || offer.LimitedTimeOffer.Text == "":
		return errMissing("LIMITED_TIME_OFFER", "limited_time_offer")
	case utf8.RuneCountInString(offer.LimitedTimeOffer.Text) > 16:
		return errTooLong("offer", 16)
	case find(components, "FOOTER") != nil:
		return errStructure("A limited-time offer can't have a footer.")
	case header == nil || header.Format != "IMAGE" && header.Format != "VIDEO":
		return errStructure("A limited-time offer needs an image or video header.")
	case !buttons.has("URL"):
		return errStructure("A limited-time offer needs a URL button.")
	case slices.IndexFunc(buttons.Buttons, ofType("COPY_CODE")) > 0:
		return errStructure("The copy code button must come first.")
	}
	return nil
}

// has says whether a BUTTONS component, which may be nil, holds a button of a type.
func (c *component) has(kind string) bool {
	return c != nil && slices.ContainsFunc(c.Buttons, ofType(kind))
}

func ofType(kind string) func(button) bool { return func(b button) bool { return b.Type == kind } }
