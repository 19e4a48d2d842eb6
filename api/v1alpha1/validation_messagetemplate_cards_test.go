// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"strings"
)

func cards(cards ...string) string { return "carousel: {cards: [" + strings.Join(cards, ", ") + "]}" }

func templateCarouselCases() []validationCase {
	const (
		product = `{header: {format: PRODUCT}, buttons: [{type: SPM, text: View}]}`
		text    = `{header: {format: IMAGE, ` + media + `}, body: {text: A lamp for your desk.}, buttons: [{type: QUICK_REPLY, text: More}]}`
		video   = `{header: {format: VIDEO, ` + media + `}, buttons: [{type: QUICK_REPLY, text: More}]}`
		bare    = `{header: {format: IMAGE}, buttons: [{type: QUICK_REPLY, text: More}]}`
		named   = `{header: {format: IMAGE, ` + media + `}, body: {text: "From {{price}} on.", examples: [{name: price, value: "49"}]}, buttons: [{type: QUICK_REPLY, text: More}]}`
	)
	order := `{header: {format: IMAGE, ` + media + `}, buttons: [{type: ORDER_DETAILS, text: Buy now}, {type: QUICK_REPLY, text: More}]}`
	// The largest carousel must not use up what the API server lets the rules of one object cost.
	url := `{type: URL, text: Buy, url: "https://a.example/` + strings.Repeat("a", 1977) + `{{1}}", example: p1}`
	words, examples := "A", ""
	for i := 1; i <= 10; i++ {
		words += fmt.Sprintf(" {{%d}} and", i)
		examples += fmt.Sprintf("{name: \"%d\", value: a}, ", i)
	}
	largest := `{header: {format: IMAGE, ` + media + `}, body: {text: "` + words + `", examples: [` + examples + `]}, buttons: [` + url + `, ` + url + `]}`
	cases := []validationCase{
		{name: "carousel", base: carousel},
		{name: "ten cards", base: carousel, patch: cards(strings.Split(strings.Repeat(card+"|", 9)+card, "|")...)},
		{name: "ten cards with all they can hold", base: carousel, patch: cards(largest, largest, largest, largest, largest, largest, largest, largest, largest, largest)},
		{name: "cards with orders", base: carousel, patch: cards(order, order)},
		{name: "product cards", base: carousel, patch: cards(product, product)},
		{name: "named cards", base: carousel, patch: "parameterFormat: NAMED\n" + cards(named, named)},
		{name: "named cards in a positional template", base: carousel, patch: cards(named, named), at: "spec.carousel", want: "variables must fit parameterFormat"},
		{name: "one card", base: carousel, patch: cards(card), at: "spec.carousel.cards", want: "at least 2"},
		{name: "eleven cards", base: carousel, patch: cards(strings.Split(strings.Repeat(card+"|", 10)+card, "|")...), at: "spec.carousel.cards", want: "at most 10"},
		{name: "carousel in utility", base: carousel, patch: `category: UTILITY`, at: "spec.carousel", want: "carousel needs category: MARKETING"},
		{name: "carousel with header", base: carousel, patch: `header: {format: TEXT, text: Hi}`, at: "spec.carousel", want: "next to carousel only body is possible"},
		{name: "carousel with buttons", base: carousel, patch: `buttons: [{type: QUICK_REPLY, text: Yes please}]`, at: "spec.carousel", want: "next to carousel only body is possible"},
		{name: "different headers", base: carousel, patch: cards(card, video), at: "spec.carousel", want: "the same header format"},
		{name: "one body", base: carousel, patch: cards(card, text), at: "spec.carousel", want: "either all cards have a body or none"},
		{name: "different buttons", base: carousel, patch: cards(card, strings.ReplaceAll(card, "}]", "}, {type: QUICK_REPLY, text: Less}]")),
			at: "spec.carousel", want: "the same types of buttons"},
		{name: "card without media", base: carousel, patch: cards(bare, bare), at: "spec.carousel", want: "needs media, the sample file"},
		{name: "card without media observed", base: carousel, patch: cards(bare, bare) + "\nmanagementPolicy: Observed"},
		{name: "product card with body", base: carousel, patch: cards(product, strings.ReplaceAll(product, "},", "}, body: {text: Hi},")), at: "spec.carousel", want: "a product card has no body"},
		{name: "product button on an image card", base: carousel, patch: cards(card, strings.ReplaceAll(card, "QUICK_REPLY, text: More", "SPM, text: View")),
			at: "spec.carousel", want: "a product card has one button"},
		{name: "quick reply on a product card", base: carousel, patch: cards(product, strings.ReplaceAll(product, "SPM, text: View", "QUICK_REPLY, text: More")),
			at: "spec.carousel", want: "a product card has one button"},
		{name: "media on a product card", base: carousel, patch: cards(product, strings.ReplaceAll(product, "PRODUCT", "PRODUCT, "+media)),
			at: "spec.carousel.cards[1].header", want: "media belongs to format: IMAGE or VIDEO"},
		{name: "text too long on a card", base: carousel, patch: cards(text, strings.ReplaceAll(text, "A lamp for your desk.", long(161))), at: "spec.carousel.cards[1].body.text", want: "160"},
		{name: "three buttons on a card", base: carousel, patch: cards(card, strings.ReplaceAll(card, "}]", "}, {type: QUICK_REPLY, text: a}, {type: QUICK_REPLY, text: b}]")),
			at: "spec.carousel.cards[1].buttons", want: "at most 2"},
		{name: "example on a card with braces", base: carousel, patch: cards(text, strings.ReplaceAll(text, "desk.", `desk., examples: [{name: "{{1}}", value: a}]`)),
			at: "spec.carousel.cards[1].body.examples[0].name", want: "name must be the variable without braces"},
	}
	cases = append(cases, textRuleCases(carousel, "spec.carousel.cards[1].body", "spec.carousel", cards(text, strings.ReplaceAll(text, "{text: A lamp for your desk.}", "CONTENT")))...)
	return append(cases, cardMediaAndButtonCases()...)
}

func cardMediaAndButtonCases() []validationCase {
	var cases []validationCase
	for _, tc := range []buttonCase{
		{"url on a card", `type: URL, text: Buy, url: "https://a.example/{{1}}", example: p1`, "", ""},
		{"phone on a card", `type: PHONE_NUMBER, text: Call, phoneNumber: "+15550051310"`, "", ""},
		{"flow on a card", `type: FLOW, text: Book`, ".type", "Unsupported value"},
		{"no url on a card", `type: URL, text: Buy`, "", "url belongs to type: URL"},
		{"no phone on a card", `type: PHONE_NUMBER, text: Call`, "", "phoneNumber belongs to type: PHONE_NUMBER"},
		{"wrong phone on a card", `type: PHONE_NUMBER, text: Call, phoneNumber: call`, ".phoneNumber", "digits with the country code"},
		{"no example on a card", `type: URL, text: Buy, url: "https://a.example/{{1}}"`, created, "needs an example such as A-1042"},
		{"example without variable on a card", `type: URL, text: Buy, url: "https://a.example/", example: p1`, "", "remove it, or end url in {{1}}"},
		{"example of a quick reply on a card", `type: QUICK_REPLY, text: Buy, example: a`, "", "example belongs to a url with a variable"},
		{"product with another label on a card", `type: SPM, text: Look`, created, "the text is fixed by Meta"},
		{"label with variable on a card", `type: QUICK_REPLY, text: "{{1}}"`, created, "takes no variables, braces or line breaks"},
		{"url without scheme on a card", `type: URL, text: Buy, url: a.example`, created, "url must begin with https://"},
		{"wa.me on a card", `type: URL, text: Buy, url: "https://wa.me/1"`, created, "must not link to wa.me"},
	} {
		one := strings.ReplaceAll(card, "type: QUICK_REPLY, text: More", tc.button)
		at := "spec.carousel.cards[0].buttons[0]" + tc.at
		if tc.at == created {
			at = "spec.carousel"
		}
		cases = append(cases, validationCase{name: tc.name, base: carousel, patch: cards(one, one), at: at, want: tc.want})
	}
	for _, tc := range []buttonCase{
		{"media from nowhere on a card", `media: {}`, "", "exactly one of configMapKeyRef and url"},
		{"media without hash on a card", `media: {url: "https://a.example/a.jpg"}`, "", "url and sha256 go together"},
		{"media over http on a card", `media: {url: "http://a.example/a.jpg", sha256: a}`, ".url", "https address on port 443"},
		{"media with wrong hash on a card", `media: {url: "https://a.example/a.jpg", sha256: a}`, ".sha256", "64 lower-case hexadecimal digits"},
	} {
		one := strings.ReplaceAll(card, media, tc.button)
		cases = append(cases, validationCase{name: tc.name, base: carousel, patch: cards(one, one), at: "spec.carousel.cards[0].header.media" + tc.at, want: tc.want})
	}
	named := strings.ReplaceAll(card, "type: QUICK_REPLY, text: More", `type: URL, text: Buy, url: "https://a.example/{{order}}", example: p1`)
	return append(cases,
		validationCase{name: "named variable in a url on a card", base: carousel, patch: "parameterFormat: NAMED\n" + cards(named, named)},
		validationCase{name: "named variable in a url on a card of a positional template", base: carousel, patch: cards(named, named), at: "spec.carousel", want: "the variable of a button url must be {{1}}"},
	)
}

func templateOfferCases() []validationCase {
	const url, code = `{type: URL, text: Shop, url: "https://a.example"}`, `{type: COPY_CODE, example: CAMP25}`
	return []validationCase{
		{name: "offer", base: offer},
		{name: "offer with code and image", base: offer, patch: "header: {format: IMAGE, " + media + "}\nbuttons: [" + code + ", " + url + "]"},
		{name: "offer text too long", base: offer, patch: `limitedTimeOffer: {text: ` + long(17) + `}`, at: "spec.limitedTimeOffer.text", want: "16"},
		{name: "offer in utility", base: offer, patch: `category: UTILITY`, at: "spec.limitedTimeOffer", want: "limitedTimeOffer needs category: MARKETING"},
		{name: "offer with text header", base: offer, patch: `header: {format: TEXT, text: Hi}`, at: "spec.limitedTimeOffer", want: "the header must be IMAGE or VIDEO"},
		{name: "offer with footer", base: offer, patch: `footer: {text: Bye}`, at: "spec.limitedTimeOffer", want: "no footer is possible"},
		{name: "offer with longest body", base: offer, patch: `body: {text: ` + long(600) + `}`},
		{name: "offer with long body", base: offer, patch: `body: {text: ` + long(601) + `}`, at: "spec.limitedTimeOffer", want: "at most 600 characters"},
		{name: "offer without buttons", base: offer, patch: `buttons: null`, at: "spec.limitedTimeOffer", want: "limitedTimeOffer needs a URL button"},
		{name: "offer with code last", base: offer, patch: "buttons: [" + url + ", " + code + "]", at: "spec.limitedTimeOffer", want: "limitedTimeOffer needs a URL button"},
		{name: "offer with long code", base: offer, patch: "buttons: [{type: COPY_CODE, example: ABCDEFGHIJKLMNOP}, " + url + "]", at: "spec.limitedTimeOffer", want: "at most 15 characters"},
	}
}
