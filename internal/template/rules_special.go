// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package template

import (
	"slices"
	"unicode/utf8"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// specialRules hold for kinds of templates: carousels
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/marketing-templates/media-card-carousel-templates),
// limited-time offers
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/marketing-templates/limited-time-offer-templates),
// products and calls.
var specialRules = []Rule{
	{
		Name: "carousel-category", Tier: Creating, Where: "carousel",
		Message: "carousel needs category: MARKETING",
		CEL:     partCEL(".carousel", "self.category == 'MARKETING'"),
		broken: inSpec("spec.carousel", func(c *content) bool {
			return c.Carousel != nil && c.Category != v1alpha1.TemplateCategoryMarketing
		}),
	},
	{
		Name: "carousel-alone", Tier: Creating, Where: "carousel",
		Message: "next to carousel only body is possible: move header and buttons into the cards and remove footer, limitedTimeOffer and callPermissionRequest",
		CEL:     partCEL(".carousel", "![has(self.header), has(self.footer), has(self.buttons), has(self.limitedTimeOffer), has(self.callPermissionRequest)].exists(x, x)"),
		broken: inSpec("spec.carousel", func(c *content) bool {
			return c.Carousel != nil &&
				(c.Header != nil || c.Footer != nil || len(c.Buttons) > 0 || c.LimitedTimeOffer != nil || c.CallPermissionRequest != nil)
		}),
	},
	{
		Name: "cards-header", Tier: Creating, Where: "carousel",
		Message: "all cards need the same header format",
		CEL:     cardCEL("c.header.format == self.carousel.cards[0].header.format"),
		broken: inCards("header.format", func(card, first *v1alpha1.CarouselCard) bool {
			return card.Header.Format != first.Header.Format
		}),
	},
	{
		Name: "cards-body", Tier: Creating, Where: "carousel",
		Message: "either all cards have a body or none",
		CEL:     cardCEL("has(c.body) == has(self.carousel.cards[0].body)"),
		broken:  inCards("body", func(card, first *v1alpha1.CarouselCard) bool { return (card.Body == nil) != (first.Body == nil) }),
	},
	{
		Name: "cards-buttons", Tier: Creating, Where: "carousel",
		Message: "all cards need the same types of buttons in the same order",
		CEL:     cardCEL("c.buttons.map(b, b.type) == self.carousel.cards[0].buttons.map(b, b.type)"),
		broken: inCards("buttons", func(card, first *v1alpha1.CarouselCard) bool {
			return !slices.EqualFunc(card.Buttons, first.Buttons, func(a, b v1alpha1.CardButton) bool { return a.Type == b.Type })
		}),
	},
	{
		Name: "product-card-body", Tier: Creating, Where: "card",
		Message: "a product card has no body: remove it",
		CEL:     cardCEL("c.header.format != 'PRODUCT' || !has(c.body)"),
		broken: inCards("body", func(card, _ *v1alpha1.CarouselCard) bool {
			return card.Header.Format == v1alpha1.HeaderFormatProduct && card.Body != nil
		}),
	},
	{
		Name: "product-card-buttons", Tier: Creating, Where: "card",
		Message: "a product card has one button, SPM or URL; a card with IMAGE or VIDEO has one or two of QUICK_REPLY, URL, PHONE_NUMBER and ORDER_DETAILS",
		CEL:     cardCEL("c.header.format == 'PRODUCT' ? c.buttons.map(b, b.type) in [['SPM'], ['URL']] : c.buttons.all(b, b.type != 'SPM')"),
		broken: inCards("buttons", func(card, _ *v1alpha1.CarouselCard) bool {
			if card.Header.Format == v1alpha1.HeaderFormatProduct {
				return len(card.Buttons) != 1 || card.Buttons[0].Type != v1alpha1.ButtonTypeSPM && card.Buttons[0].Type != v1alpha1.ButtonTypeURL
			}
			return slices.ContainsFunc(card.Buttons, func(b v1alpha1.CardButton) bool { return b.Type == v1alpha1.ButtonTypeSPM })
		}),
	},
	{
		Name: "offer-category", Tier: Creating, Where: "limitedTimeOffer",
		Message: "limitedTimeOffer needs category: MARKETING",
		CEL:     partCEL(".limitedTimeOffer", "self.category == 'MARKETING'"),
		broken: inSpec("spec.limitedTimeOffer", func(c *content) bool {
			return c.LimitedTimeOffer != nil && c.Category != v1alpha1.TemplateCategoryMarketing
		}),
	},
	{
		Name: "offer-header", Tier: Creating, Where: "limitedTimeOffer",
		Message: "next to limitedTimeOffer the header must be IMAGE or VIDEO, or absent",
		CEL:     partCEL(".limitedTimeOffer", "!has(self.header) || self.header.format in ['IMAGE', 'VIDEO']"),
		broken: inSpec("spec.header", func(c *content) bool {
			return c.LimitedTimeOffer != nil && c.Header != nil &&
				c.Header.Format != v1alpha1.HeaderFormatImage && c.Header.Format != v1alpha1.HeaderFormatVideo
		}),
	},
	{
		Name: "offer-footer", Tier: Creating, Where: "limitedTimeOffer",
		Message: "next to limitedTimeOffer no footer is possible: remove it",
		CEL:     partCEL(".limitedTimeOffer", "!has(self.footer)"),
		broken:  inSpec("spec.footer", func(c *content) bool { return c.LimitedTimeOffer != nil && c.Footer != nil }),
	},
	{
		Name: "offer-body", Tier: Creating, Where: "limitedTimeOffer", Code: codeLength,
		Message: "next to limitedTimeOffer the body takes at most 600 characters",
		CEL:     partCEL(".limitedTimeOffer", "!has(self.body) || self.body.text.size() <= 600"),
		broken:  inSpec("spec.body", func(c *content) bool { return c.LimitedTimeOffer != nil && c.bodyLength() > 600 }),
	},
	{
		Name: "offer-buttons", Tier: Creating, Where: "limitedTimeOffer",
		Message: "limitedTimeOffer needs a URL button, and may have a COPY_CODE button before it, no others",
		CEL:     partCEL(".limitedTimeOffer", "has(self.buttons) && self.buttons.map(b, b.type) in [['URL'], ['COPY_CODE', 'URL']]"),
		broken: inSpec("spec.limitedTimeOffer", func(c *content) bool {
			if c.LimitedTimeOffer == nil {
				return false
			}
			types := make([]v1alpha1.ButtonType, 0, len(c.Buttons))
			for i := range c.Buttons {
				types = append(types, c.Buttons[i].Type)
			}
			return !slices.Equal(types, []v1alpha1.ButtonType{v1alpha1.ButtonTypeURL}) &&
				!slices.Equal(types, []v1alpha1.ButtonType{v1alpha1.ButtonTypeCopyCode, v1alpha1.ButtonTypeURL})
		}),
	},
	{
		Name: "offer-code", Tier: Creating, Where: "limitedTimeOffer", Code: codeLength,
		Message: "next to limitedTimeOffer the example of the COPY_CODE button takes at most 15 characters",
		CEL:     partCEL(".limitedTimeOffer", "!has(self.buttons) || self.buttons.all(b, b.type != 'COPY_CODE' || !has(b.example) || b.example.size() <= 15)"),
		broken: inButtons("example", func(c *content, b *v1alpha1.TemplateButton) bool {
			return c.LimitedTimeOffer != nil && b.Type == v1alpha1.ButtonTypeCopyCode && utf8.RuneCountInString(b.Example) > 15
		}),
	},
	{
		Name: "product-header", Tier: Creating, Where: "header, buttons",
		Message: "an SPM button and a header with format: PRODUCT need each other",
		CEL:     slices.Concat(partCEL(".header", "self.header.format != 'PRODUCT' || has(self.buttons) && self.buttons.exists(b, b.type == 'SPM')"), partCEL(".buttons", "!self.buttons.exists(b, b.type == 'SPM') || has(self.header) && self.header.format == 'PRODUCT'")),
		broken: inSpec("spec.header", func(c *content) bool {
			return (c.count(v1alpha1.ButtonTypeSPM) > 0) != (c.Header != nil && c.Header.Format == v1alpha1.HeaderFormatProduct)
		}),
	},
	{
		Name: "product-body", Tier: Creating, Where: "body", Code: codeLength,
		Message: "with an SPM button the body takes at most 160 characters",
		CEL:     partCEL(".header", "self.header.format != 'PRODUCT' || !has(self.body) || self.body.text.size() <= 160"),
		broken: inSpec("spec.body", func(c *content) bool {
			return c.Header != nil && c.Header.Format == v1alpha1.HeaderFormatProduct && c.bodyLength() > 160
		}),
	},
	{
		Name: "products-header", Tier: Creating, Where: "header, buttons",
		Message: "an MPM button needs a header with format: TEXT",
		CEL:     partCEL(".buttons", "!self.buttons.exists(b, b.type == 'MPM') || has(self.header) && self.header.format == 'TEXT'"),
		broken: inSpec("spec.buttons", func(c *content) bool {
			return c.count(v1alpha1.ButtonTypeMPM) > 0 && (c.Header == nil || c.Header.Format != v1alpha1.HeaderFormatText)
		}),
	},
	{
		Name: "call-permission-alone", Tier: Creating, Where: "callPermissionRequest",
		Message: "next to callPermissionRequest no buttons and no limitedTimeOffer are possible: remove them",
		CEL:     partCEL(".callPermissionRequest", "!has(self.buttons) && !has(self.limitedTimeOffer)"),
		broken: inSpec("spec.callPermissionRequest", func(c *content) bool {
			return c.CallPermissionRequest != nil && (len(c.Buttons) > 0 || c.LimitedTimeOffer != nil)
		}),
	},
}

func (c *content) bodyLength() int {
	if c.Body == nil {
		return 0
	}
	return utf8.RuneCountInString(c.Body.Text)
}
