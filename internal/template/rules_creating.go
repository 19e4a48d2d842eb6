// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// Subcodes of Meta's errors
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes).
const (
	codeLength    = "2388040"
	codeComponent = "2388043"
	codeHeader    = "2388047"
	codeButton    = "2388060"
	codeBody      = "2388072"
	codeFooter    = "2388073"
	codeLink      = "2388081"
	codeSample    = "2388273"
	codeRatio     = "2388293"
	codeEdges     = "2388299"
)

var (
	braces        = regexp.MustCompile(`\{\{[^{}]*\}?\}?`)
	leadingBrace  = regexp.MustCompile(`^\s*\{\{`)
	trailingBrace = regexp.MustCompile(`\}\}\s*$`)
	digits        = regexp.MustCompile(`^[0-9]+$`)
	shortNumber   = regexp.MustCompile(`^[0-9]{1,4}$`)
	unlabelled    = regexp.MustCompile(`[{}\n]`)
	buttonURL     = regexp.MustCompile(`^https?://[^\s{}]+(\{\{(1|[a-z_][a-z0-9_]*)\}\})?$`)
	whatsAppURL   = regexp.MustCompile(`^(?i:https?://([a-z0-9-]+\.)*(wa\.me|whatsapp\.com)([/:?#{]|$))`)
)

// textRules hold for a text and its examples, wherever it stands.
var textRules = []Rule{
	{
		Name: "variable-example", Tier: Creating, Where: "header, body, body of a card", Code: codeComponent,
		Message: `every variable in text needs an example of the same name, and variables are written without blanks: {{1}} needs {name: "1", value: ...}, {{first_name}} needs {name: first_name, value: ...}`,
		CEL:     textCEL(`[has(X.examples) ? X.examples.map(e, '{{' + e.name + '}}') : []].all(known, X.text.findAll(r'\{\{[^{}]*\}?\}?').all(v, v in known))`, headerText, bodyText, cardText),
		broken: inTexts(func(x placedText) bool {
			return slices.ContainsFunc(braces.FindAllString(x.text, -1), func(v string) bool {
				return !slices.ContainsFunc(x.examples, func(e v1alpha1.ParameterExample) bool { return v == "{{"+e.Name+"}}" })
			})
		}, headerText, bodyText),
	},
	{
		Name: "braces", Tier: Creating, Where: "header, body, body of a card",
		Message: "the braces in text do not match: write a variable as {{1}} or {{first_name}}",
		CEL:     textCEL(`X.text.findAll(r'\{\{').size() == X.text.findAll(r'\}\}').size()`, headerText, bodyText, cardText),
		broken: inTexts(func(x placedText) bool {
			return strings.Count(x.text, "{{") != strings.Count(x.text, "}}")
		}, headerText, bodyText),
	},
	{
		Name: "variable-numbers", Tier: Creating, Where: "body, body of a card",
		Message: "positional variables must be numbered {{1}}, {{2}}, {{3}} without gaps",
		CEL:     textCEL("!has(X.examples) || X.examples.all(e, !e.name.matches('^[0-9]{1,4}$') || int(e.name) <= X.examples.size())", bodyText, cardText),
		broken: inTexts(func(x placedText) bool {
			return slices.ContainsFunc(x.examples, func(e v1alpha1.ParameterExample) bool {
				return shortNumber.MatchString(e.Name) && positionOf(e.Name) > len(x.examples)
			})
		}, bodyText),
	},
	{
		Name: "variable-edges", Tier: Creating, Where: "body, body of a card", Code: codeEdges,
		Message: "text must not begin or end with a variable: put words before the first and after the last one",
		CEL:     textCEL(`!X.text.matches(r'^\s*\{\{') && !X.text.matches(r'\}\}\s*$')`, bodyText, cardText),
		broken: inTexts(func(x placedText) bool {
			return leadingBrace.MatchString(x.text) || trailingBrace.MatchString(x.text)
		}, bodyText),
	},
	{
		Name: "variables-touch", Tier: Creating, Where: "body, body of a card",
		Message: "two variables must not touch: put words between them",
		CEL:     textCEL("!X.text.contains('}}{{')", bodyText, cardText),
		broken:  inTexts(func(x placedText) bool { return strings.Contains(x.text, "}}{{") }, bodyText),
	},
	{
		Name: "body-line-breaks", Tier: Creating, Where: "body, body of a card", Code: codeBody,
		Message: "text must not have more than two line breaks in a row",
		CEL:     textCEL(`!X.text.contains('\n\n\n')`, bodyText, cardText),
		broken:  inTexts(func(x placedText) bool { return strings.Contains(x.text, "\n\n\n") }, bodyText),
	},
	{
		Name: "header-variables", Tier: Creating, Where: "header", Code: codeHeader,
		Message: "a header takes at most one variable",
		CEL:     textCEL(`X.text.findAll(r'\{\{').size() <= 1`, headerText),
		broken:  inTexts(func(x placedText) bool { return strings.Count(x.text, "{{") > 1 }, headerText),
	},
	{
		Name: "header-number", Tier: Creating, Where: "header", Code: codeHeader,
		Message: "the positional variable of a header is {{1}}, whatever the numbers in the body",
		CEL:     textCEL("!has(X.examples) || X.examples.all(e, !e.name.matches('^[0-9]+$') || e.name == '1')", headerText),
		broken: inTexts(func(x placedText) bool {
			return slices.ContainsFunc(x.examples, func(e v1alpha1.ParameterExample) bool { return digits.MatchString(e.Name) && e.Name != "1" })
		}, headerText),
	},
	{
		Name: "header-line", Tier: Creating, Where: "header", Code: codeHeader,
		Message: "the text of a header must be one line",
		CEL:     textCEL(`!X.text.contains('\n')`, headerText),
		broken:  inTexts(func(x placedText) bool { return strings.Contains(x.text, "\n") }, headerText),
	},
	{
		Name: "footer-variable", Tier: Creating, Where: "footer", Code: codeFooter,
		Message: "a footer takes no variables: write plain text",
		CEL:     partCEL(".footer", "!self.footer.text.contains('{{')"),
		broken:  inTexts(func(x placedText) bool { return strings.Contains(x.text, "{{") }, footerText),
	},
	{
		Name: "parameter-format", Tier: Creating, Where: "header, body, body of a card",
		Message: "variables must fit parameterFormat: {{1}}, {{2}} with POSITIONAL (or absent), {{first_name}} with NAMED",
		CEL:     textCEL("!has(X.examples) || X.examples.all(e, (has(self.parameterFormat) && self.parameterFormat == 'NAMED') != e.name.matches('^[0-9]+$'))", headerText, bodyText, cardText),
		broken: func(c *content) (out []place) {
			for _, x := range c.texts {
				if slices.ContainsFunc(x.examples, func(e v1alpha1.ParameterExample) bool { return c.named() == digits.MatchString(e.Name) }) {
					out = append(out, place{path: x.path})
				}
			}
			return out
		},
	},
}

// buttonRules hold for a button, wherever it stands, and for the list of buttons.
var buttonRules = []Rule{
	{
		Name: "label", Tier: Creating, Where: "button, button of a card", Code: codeButton,
		Message: "the text of a button takes no variables, braces or line breaks",
		CEL:     buttonCEL(`!has(b.text) || !b.text.matches(r'[{}\n]')`, true),
		broken:  inTexts(func(x placedText) bool { return unlabelled.MatchString(x.text) }, labelText),
	},
	{
		Name: "label-fixed", Tier: Creating, Where: "button, button of a card", Code: codeButton,
		Message: "the text is fixed by Meta: View catalog for CATALOG, View items for MPM, View for SPM",
		CEL:     buttonCEL("!(b.type in ['CATALOG', 'MPM', 'SPM']) || !has(b.text) || b.text == {'CATALOG': 'View catalog', 'MPM': 'View items', 'SPM': 'View'}[b.type]", true),
		broken: inButtons("text", func(_ *content, b *v1alpha1.TemplateButton) bool {
			label, fixed := map[v1alpha1.ButtonType]string{
				v1alpha1.ButtonTypeCatalog: "View catalog", v1alpha1.ButtonTypeMPM: "View items", v1alpha1.ButtonTypeSPM: "View",
			}[b.Type]
			return fixed && b.Text != "" && b.Text != label
		}),
	},
	{
		Name: "label-call", Tier: Creating, Where: "button", Code: codeLength,
		Message: "the text of a VOICE_CALL button takes at most 20 characters",
		CEL:     buttonCEL("b.type != 'VOICE_CALL' || !has(b.text) || b.text.size() <= 20", false),
		broken: inButtons("text", func(_ *content, b *v1alpha1.TemplateButton) bool {
			return b.Type == v1alpha1.ButtonTypeVoiceCall && utf8.RuneCountInString(b.Text) > 20
		}),
	},
	{
		Name: "url", Tier: Creating, Where: "button, button of a card",
		Message: "url must begin with https:// or http:// and may have one variable, at its very end: https://shop.example/track/{{1}}",
		CEL:     buttonCEL(`!has(b.url) || b.url.matches(r'^https?://[^\s{}]+(\{\{(1|[a-z_][a-z0-9_]*)\}\})?$')`, true),
		broken: inButtons("url", func(_ *content, b *v1alpha1.TemplateButton) bool {
			return b.URL != "" && !buttonURL.MatchString(b.URL)
		}),
	},
	{
		Name: "url-whatsapp", Tier: Creating, Where: "button, button of a card", Code: codeLink,
		Message: "a button must not link to wa.me or whatsapp.com: use a QUICK_REPLY or PHONE_NUMBER button",
		CEL:     buttonCEL(`!has(b.url) || !b.url.matches(r'^(?i:https?://([a-z0-9-]+\.)*(wa\.me|whatsapp\.com)([/:?#{]|$))')`, true),
		broken:  inButtons("url", func(_ *content, b *v1alpha1.TemplateButton) bool { return whatsAppURL.MatchString(b.URL) }),
	},
	{
		Name: "url-example", Tier: Creating, Where: "button, button of a card", Code: codeComponent,
		Message: "a url that ends in a variable needs an example such as A-1042",
		CEL:     buttonCEL("!has(b.url) || !b.url.endsWith('}}') || has(b.example)", true),
		broken: inButtons("example", func(_ *content, b *v1alpha1.TemplateButton) bool {
			return strings.HasSuffix(b.URL, "}}") && b.Example == ""
		}),
	},
	{
		Name: "url-variable", Tier: Creating, Where: "button, button of a card",
		Message: "the variable of a button url must be {{1}}; a name is possible only with parameterFormat: NAMED",
		CEL:     buttonCEL("!has(b.url) || !b.url.endsWith('}}') || b.url.endsWith('{{1}}') || has(self.parameterFormat) && self.parameterFormat == 'NAMED'", true),
		broken: inButtons("url", func(c *content, b *v1alpha1.TemplateButton) bool {
			return !c.named() && strings.HasSuffix(b.URL, "}}") && !strings.HasSuffix(b.URL, "{{1}}")
		}),
	},
	{
		Name: "coupon-example", Tier: Creating, Where: "button", Code: codeComponent,
		Message: "a COPY_CODE button needs an example of at most 20 characters, such as LOYAL15",
		CEL:     buttonCEL("b.type != 'COPY_CODE' || has(b.example) && b.example.size() <= 20", false),
		broken: inButtons("example", func(_ *content, b *v1alpha1.TemplateButton) bool {
			return b.Type == v1alpha1.ButtonTypeCopyCode && (b.Example == "" || utf8.RuneCountInString(b.Example) > 20)
		}),
	},
	{
		Name: "buttons-url", Tier: Creating, Where: "buttons",
		Message: "at most two URL buttons are possible",
		CEL:     partCEL(".buttons", "self.buttons.filter(b, b.type == 'URL').size() <= 2"),
		broken:  inSpec("spec.buttons", func(c *content) bool { return c.count(v1alpha1.ButtonTypeURL) > 2 }),
	},
	{
		Name: "buttons-once", Tier: Creating, Where: "buttons",
		Message: "at most one button is possible of each type other than QUICK_REPLY and URL",
		CEL:     partCEL(".buttons", "['PHONE_NUMBER', 'COPY_CODE', 'FLOW', 'CATALOG', 'MPM', 'SPM', 'VOICE_CALL', 'ORDER_DETAILS', 'REQUEST_CONTACT_INFO'].all(t, self.buttons.filter(b, b.type == t).size() <= 1)"),
		broken: inSpec("spec.buttons", func(c *content) bool {
			return slices.ContainsFunc(c.Buttons, func(b v1alpha1.TemplateButton) bool {
				return b.Type != v1alpha1.ButtonTypeQuickReply && b.Type != v1alpha1.ButtonTypeURL && c.count(b.Type) > 1
			})
		}),
	},
	{
		Name: "buttons-order", Tier: Creating, Where: "buttons",
		Message: "QUICK_REPLY buttons must stand together, all before or all after the others",
		CEL:     partCEL(".buttons", "self.buttons.map(b, b.type == 'QUICK_REPLY' ? 0 : 1).isSorted() || self.buttons.map(b, b.type == 'QUICK_REPLY' ? 1 : 0).isSorted()"),
		broken: inSpec("spec.buttons", func(c *content) bool {
			changes := 0
			for i := 1; i < len(c.Buttons); i++ {
				if (c.Buttons[i].Type == v1alpha1.ButtonTypeQuickReply) != (c.Buttons[i-1].Type == v1alpha1.ButtonTypeQuickReply) {
					changes++
				}
			}
			return changes > 1
		}),
	},
}

// settingRules hold for what isn't a text or a button.
var settingRules = []Rule{
	{
		Name: "time-to-live", Tier: Creating, Where: "messageSendTTLSeconds",
		Message: "messageSendTTLSeconds must be 30 to 900 or -1 (30 days) for AUTHENTICATION, 30 to 43200 or -1 for UTILITY, 43200 to 2592000 for MARKETING",
		CEL:     partCEL(".messageSendTTLSeconds", "self.category == 'MARKETING' ? self.messageSendTTLSeconds >= 43200 && self.messageSendTTLSeconds <= 2592000 : self.messageSendTTLSeconds == -1 || self.messageSendTTLSeconds >= 30 && self.messageSendTTLSeconds <= (self.category == 'AUTHENTICATION' ? 900 : 43200)"),
		broken: inSpec("spec.messageSendTTLSeconds", func(c *content) bool {
			if c.MessageSendTTLSeconds == nil {
				return false
			}
			switch ttl := *c.MessageSendTTLSeconds; c.Category {
			case v1alpha1.TemplateCategoryMarketing:
				return ttl < 43200 || ttl > 2592000
			case v1alpha1.TemplateCategoryAuthentication:
				return ttl != -1 && (ttl < 30 || ttl > 900)
			default:
				return ttl != -1 && (ttl < 30 || ttl > 43200)
			}
		}),
	},
	{
		Name: "max-price-category", Tier: Creating, Where: "maxPrice",
		Message: "maxPrice needs category: MARKETING: Meta has max prices for marketing messages only",
		CEL:     partCEL(".maxPrice", "self.category == 'MARKETING'"),
		broken: inSpec("spec.maxPrice", func(c *content) bool {
			return c.MaxPrice != nil && c.Category != v1alpha1.TemplateCategoryMarketing
		}),
	},
	{
		Name: "order-status", Tier: Creating, Where: "subCategory",
		Message: "subCategory: ORDER_STATUS needs category: UTILITY and takes body and footer only",
		CEL:     partCEL(".subCategory", "self.subCategory != 'ORDER_STATUS' || self.category == 'UTILITY' && ![has(self.header), has(self.buttons), has(self.carousel), has(self.limitedTimeOffer), has(self.callPermissionRequest)].exists(x, x)"),
		broken: inSpec("spec.subCategory", func(c *content) bool {
			return c.SubCategory == v1alpha1.TemplateSubCategoryOrderStatus && (c.Category != v1alpha1.TemplateCategoryUtility ||
				c.Header != nil || len(c.Buttons) > 0 || c.Carousel != nil || c.LimitedTimeOffer != nil || c.CallPermissionRequest != nil)
		}),
	},
	{
		Name: "authentication-text", Tier: Creating, Where: "body",
		Message: "a template of category AUTHENTICATION has a text written by Meta: use authentication instead of body",
		CEL:     partCEL(".body", "self.category != 'AUTHENTICATION'"),
		broken: inSpec("spec.body", func(c *content) bool {
			return c.Category == v1alpha1.TemplateCategoryAuthentication && c.Body != nil
		}),
	},
	{
		Name: "passcode-apps", Tier: Creating, Where: "authentication",
		Message: "type: ONE_TAP and ZERO_TAP need supportedApps, 1 to 5",
		CEL:     partCEL(".authentication", "self.authentication.otp.type == 'COPY_CODE' || has(self.authentication.otp.supportedApps) && self.authentication.otp.supportedApps.size() > 0"),
		broken: inSpec("spec.authentication.otp", func(c *content) bool {
			a := c.Authentication
			return a != nil && a.OTP.Type != v1alpha1.OTPTypeCopyCode && len(a.OTP.SupportedApps) == 0
		}),
	},
	{
		Name: "sample-file", Tier: Creating, Where: "header, header of a card; not with managementPolicy: Observed", Code: codeSample,
		Message: "a header with format IMAGE, VIDEO, DOCUMENT or GIF needs media, the sample file for review",
		CEL: slices.Concat(
			partCEL(".header", observedCEL+" || !(self.header.format in ['IMAGE', 'VIDEO', 'DOCUMENT', 'GIF']) || has(self.header.media)"),
			cardCEL(observedCEL+" || c.header.format == 'PRODUCT' || has(c.header.media)"),
		),
		broken: func(c *content) (out []place) {
			if c.ManagementPolicy == v1alpha1.ManagementPolicyObserved {
				return nil
			}
			for _, field := range Unsampled(c.MessageTemplateSpec) {
				out = append(out, place{path: "spec." + field})
			}
			return out
		},
	},
}

func (c *content) named() bool { return c.ParameterFormat == v1alpha1.ParameterFormatNamed }

// count counts the buttons of a type, those of cards apart.
func (c *content) count(kind v1alpha1.ButtonType) (n int) {
	for i := range c.Buttons {
		if c.Buttons[i].Type == kind {
			n++
		}
	}
	return n
}
