// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"slices"
	"strings"
)

const (
	utility = `
wabaRef: {name: acme, namespace: platform}
name: order_confirmation
language: en_US
category: UTILITY
body: {text: Your order was received and is on its way to you.}
`
	marketing = `
wabaRef: {name: acme}
name: spring_sale
language: en_US
category: MARKETING
body: {text: The spring collection is in our shops and waits for you.}
`
	authentication = `
wabaRef: {name: acme}
name: login_code
language: en_US
category: AUTHENTICATION
authentication: {otp: {type: COPY_CODE}}
`
	library = `
wabaRef: {name: acme}
name: my_delivery_update
language: en_US
category: UTILITY
library: {templateName: delivery_update_1}
`
	card     = `{header: {format: IMAGE, ` + media + `}, buttons: [{type: QUICK_REPLY, text: More}]}`
	media    = `media: {configMapKeyRef: {name: media, key: a.jpg}}`
	carousel = marketing + `carousel: {cards: [` + card + `, ` + card + `]}`
	// offer is a limited-time offer.
	offer = marketing + `
limitedTimeOffer: {text: Ends soon, hasExpiration: true}
buttons: [{type: URL, text: Shop, url: "https://acme.example/sale"}]
`
)

func messageTemplateCases() kindCases {
	return kindCases{
		kind: "MessageTemplate",
		creates: slices.Concat(templateCases(), templateTextCases(), templateHeaderCases(), templateButtonCases(), templateButtonListCases(),
			templateURLCases(), templateCarouselCases(), templateOfferCases(), templateAuthenticationCases(), templateLibraryCases()),
		changes: templateChanges(),
	}
}

func templateCases() []validationCase {
	return []validationCase{
		{name: "smallest", base: utility},
		{name: "policies", base: utility, patch: "managementPolicy: Managed\ndriftPolicy: Repair\nadoptionPolicy: Never\ncategoryPolicy: Require\ndeletionPolicy: Delete"},
		{name: "no name", base: utility, patch: `name: null`, at: "spec.name", want: "Required"},
		{name: "name with hyphen", base: utility, patch: `name: order-confirmation`, at: "spec.name", want: "lower-case letters, digits and underscores"},
		{name: "name in upper case", base: utility, patch: `name: Order`, at: "spec.name", want: "lower-case letters, digits and underscores"},
		{name: "longest name", base: utility, patch: `name: ` + strings.Repeat("a", 512)},
		{name: "name too long", base: utility, patch: `name: ` + strings.Repeat("a", 513), at: "spec.name", want: "512"},
		{name: "language of three letters", base: utility, patch: `language: fil`},
		{name: "language with hyphen", base: utility, patch: `language: en-US`, at: "spec.language", want: "with an underscore"},
		{name: "language in lower case", base: utility, patch: `language: en_us`, at: "spec.language", want: "with an underscore"},
		{name: "pt", base: utility, patch: `language: pt`, at: "spec.language", want: "write pt_BR or pt_PT"},
		{name: "zh", base: utility, patch: `language: zh`, at: "spec.language", want: "zh_CN"},
		{name: "ar_SA", base: utility, patch: `language: ar_SA`, at: "spec.language", want: "ar for ar_SA"},
		{name: "category in lower case", base: utility, patch: `category: utility`, at: "spec.category", want: "Unsupported value"},
		{name: "no category", base: utility, patch: `category: null`, at: "spec.category", want: "Required"},
		{name: "no content", base: utility, patch: `body: null`, at: "spec", want: "set one of body, authentication and library"},
		{name: "no content paused", base: utility, patch: "body: null\nmanagementPolicy: Paused", at: "spec", want: "set one of body, authentication and library"},
		{name: "no content observed", base: utility, patch: "body: null\nmanagementPolicy: Observed"},
		{name: "two contents", base: utility, patch: `library: {templateName: a}`, at: "spec", want: "and only one"},
		{name: "two contents observed", base: utility, patch: "library: {templateName: a}\nmanagementPolicy: Observed",
			at: "spec", want: "and only one"},
		{name: "ttl of utility", base: utility, patch: `messageSendTTLSeconds: 43200`},
		{name: "ttl of 30 days", base: utility, patch: `messageSendTTLSeconds: -1`},
		{name: "ttl of utility too long", base: utility, patch: `messageSendTTLSeconds: 43201`, at: "spec.messageSendTTLSeconds", want: "30 to 43200"},
		{name: "ttl too short", base: utility, patch: `messageSendTTLSeconds: 29`, at: "spec.messageSendTTLSeconds", want: "30 to 43200"},
		{name: "ttl of marketing", base: marketing, patch: `messageSendTTLSeconds: 2592000`},
		{name: "ttl of marketing too short", base: marketing, patch: `messageSendTTLSeconds: 43199`, at: "spec.messageSendTTLSeconds", want: "43200 to 2592000"},
		{name: "ttl of marketing -1", base: marketing, patch: `messageSendTTLSeconds: -1`, at: "spec.messageSendTTLSeconds", want: "43200 to 2592000"},
		{name: "ttl of authentication", base: authentication, patch: `messageSendTTLSeconds: 900`},
		{name: "ttl of authentication too long", base: authentication, patch: `messageSendTTLSeconds: 901`, at: "spec.messageSendTTLSeconds", want: "30 to 900"},
		{name: "max price", base: marketing, patch: `maxPrice: {amountPer1000: 87000}`},
		{name: "max price without an amount", base: marketing, patch: `maxPrice: {}`, at: "spec.maxPrice.amountPer1000", want: "Required"},
		{name: "max price of nothing", base: marketing, patch: `maxPrice: {amountPer1000: 0}`, at: "spec.maxPrice.amountPer1000", want: "greater than or equal to 1"},
		{name: "max price of a fraction", base: marketing, patch: `maxPrice: {amountPer1000: 0.5}`, at: "spec.maxPrice.amountPer1000", want: "must be of type int64"},
		{name: "max price beyond Meta's type", base: marketing, patch: `maxPrice: {amountPer1000: 2147483648}`, at: "spec.maxPrice.amountPer1000", want: "less than or equal to 2147483647"},
		{name: "max price of utility", base: utility, patch: `maxPrice: {amountPer1000: 87000}`, at: "spec.maxPrice", want: "maxPrice needs category: MARKETING"},
		{name: "max price of utility as it is at Meta", base: utility, patch: "maxPrice: {amountPer1000: 87000}\ncontentValidation: Lenient"},
		{name: "creative feature twice", base: marketing, patch: `creativeFeatures: [{feature: a, enrollStatus: OPT_IN}, {feature: a, enrollStatus: OPT_OUT}]`,
			at: "spec.creativeFeatures[1]", want: "Duplicate"},
		{name: "order status", base: utility, patch: "subCategory: ORDER_STATUS\nfooter: {text: Acme}"},
		{name: "subcategory of tomorrow", base: utility, patch: `subCategory: BRAND_NEW`},
		{name: "subcategory in lower case", base: utility, patch: `subCategory: order_status`, at: "spec.subCategory", want: "a name of Meta's in capitals"},
		{name: "order status with header", base: utility, patch: "subCategory: ORDER_STATUS\nheader: {format: LOCATION}",
			at: "spec.subCategory", want: "takes body and footer only"},
		{name: "order status in marketing", base: marketing, patch: `subCategory: ORDER_STATUS`, at: "spec.subCategory", want: "needs category: UTILITY"},
		{name: "lenient", base: utility, patch: `contentValidation: Lenient` + "\n" + `body: {text: "{{1}}{{3}}"}` + "\n" + `buttons: [{type: URL, text: "Go {{1}}", url: "https://wa.me/{{1}}"}]`},
		{name: "lenient passcode without flags", base: utility, patch: `contentValidation: Lenient` + "\ncategory: AUTHENTICATION"},
		{name: "lenient, but not shapeless", base: utility, patch: `contentValidation: Lenient` + "\n" + `buttons: [{type: URL, text: Go}]`, at: "spec.buttons[0]", want: "url belongs to type: URL"},
		{name: "another validation", base: utility, patch: `contentValidation: None`, at: "spec.contentValidation", want: "Unsupported value"},
		{name: "call permission", base: utility, patch: `callPermissionRequest: {}`},
		{name: "call permission with buttons", base: utility, patch: "callPermissionRequest: {}\nbuttons: [{type: QUICK_REPLY, text: Yes please}]",
			at: "spec.callPermissionRequest", want: "no buttons and no limitedTimeOffer"},
		{name: "call permission with offer", base: offer, patch: "callPermissionRequest: {}", at: "spec.callPermissionRequest", want: "no buttons and no limitedTimeOffer"},
	}
}

func templateChanges() []validationCase {
	const approved = "status: APPROVED\ncategory: MARKETING"
	return []validationCase{
		{name: "body", base: utility, patch: `body: {text: Another text.}`},
		{name: "body of an approved one", base: utility, status: approved, patch: `body: {text: Another text.}`},
		{name: "another account", base: utility, patch: `wabaRef: {name: other, namespace: platform}`, at: "spec.wabaRef.name", want: "wabaRef is immutable"},
		{name: "another namespace of the account", base: utility, patch: `wabaRef: {name: acme, namespace: other}`, at: "spec.wabaRef.namespace", want: "wabaRef is immutable"},
		{name: "namespace of the account left out", base: utility, patch: `wabaRef: {name: acme}`},
		{name: "another name", base: utility, patch: `name: other`, at: "spec.name", want: "name is immutable"},
		{name: "another language", base: utility, patch: `language: de`, at: "spec.language", want: "language is immutable"},
		{name: "category before approval", base: utility, status: "status: REJECTED\ncategory: UTILITY", patch: `category: MARKETING`},
		{name: "category without status", base: utility, patch: `category: MARKETING`},
		{name: "category after approval", base: marketing, status: approved, patch: `category: UTILITY`,
			at: "<nil>", want: "the category of an approved template can't be changed"},
		{name: "category as Meta gave it", base: utility, status: approved, patch: `category: MARKETING`},
		{name: "max price before the template exists", base: marketing, patch: `maxPrice: {amountPer1000: 5000}`},
		{name: "max price after a refused create", base: marketing, status: "nextAttemptTime: 2026-10-01T10:00:00Z", patch: `maxPrice: {amountPer1000: 5000}`},
		{name: "max price added", base: marketing, status: "id: '77'\n" + approved, patch: `maxPrice: {amountPer1000: 5000}`,
			at: "<nil>", want: "maxPrice can't be added: the template was created without one"},
		{name: "max price that Meta has", base: marketing, status: "id: '77'\nmaxPrice: {amountPer1000: 4000}\n" + approved, patch: `maxPrice: {amountPer1000: 5000}`},
		{name: "max price changed", base: marketing + "maxPrice: {amountPer1000: 4000}\n", status: "id: '77'\n" + approved, patch: `maxPrice: {amountPer1000: 5000}`},
		{name: "max price left to Meta", base: marketing + "maxPrice: {amountPer1000: 4000}\n", status: "id: '77'\nmaxPrice: {amountPer1000: 4000}\n" + approved, patch: `maxPrice: null`},
		{name: "library added", base: utility, patch: "body: null\nlibrary: {templateName: a}", at: "spec", want: "library only works when a template is created"},
		{name: "library changed", base: library, patch: `library: {templateName: other}`, at: "spec", want: "library only works when a template is created"},
		{name: "library gives way to body", base: library, patch: "library: null\nbody: {text: Your parcel is on its way.}"},
		{name: "library kept", base: library, patch: `messageSendTTLSeconds: 60`},
		{name: "observed without content becomes managed", base: strings.ReplaceAll(utility, "body:", "managementPolicy: Observed\nfooter:"),
			patch: "managementPolicy: null", at: "spec", want: "set one of body, authentication and library"},
		{name: "observed without content becomes managed with content", base: strings.ReplaceAll(utility, "body:", "managementPolicy: Observed\nfooter:"),
			patch: "managementPolicy: Managed\nbody: {text: A text.}"},
	}
}
