// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import "strings"

// buttonCase is a template with one button; at is below that button.
type buttonCase struct{ name, button, at, want string }

// created stands for the place of the rules for new content, which is that of the list.
const created = "list"

func withButton(cases []buttonCase) []validationCase {
	var out []validationCase
	for _, tc := range cases {
		at := "spec.buttons[0]" + tc.at
		if tc.at == created {
			at = "spec.buttons"
		}
		out = append(out, validationCase{name: tc.name, base: utility, patch: `buttons: [{` + tc.button + `}]`, at: at, want: tc.want})
	}
	return out
}

func templateButtonCases() []validationCase {
	return withButton([]buttonCase{
		{name: "quick reply", button: `type: QUICK_REPLY, text: ` + long(25)},
		{name: "label too long", button: `type: QUICK_REPLY, text: ` + long(26), at: ".text", want: "25"},
		{name: "otp among buttons", button: `type: OTP, text: Copy`, at: ".type", want: "Unsupported value"},
		{name: "no label", button: `type: QUICK_REPLY`, want: "every button needs a text"},
		{name: "label of a coupon", button: `type: COPY_CODE, text: Copy, example: A`, want: "every button needs a text, except"},
		{name: "label of a contact request", button: `type: REQUEST_CONTACT_INFO, text: Share`, want: "every button needs a text, except"},
		{name: "contact request", button: `type: REQUEST_CONTACT_INFO`},
		{name: "label with variable", button: `type: QUICK_REPLY, text: "Yes {{1}}"`, at: created, want: "takes no variables, braces or line breaks"},
		{name: "label of two lines", button: `type: QUICK_REPLY, text: "Yes\nno"`, at: created, want: "takes no variables, braces or line breaks"},
		{name: "url missing", button: `type: URL, text: Go`, want: "url belongs to type: URL"},
		{name: "url of a quick reply", button: `type: QUICK_REPLY, text: Go, url: "https://a.example"`, want: "url belongs to type: URL"},
		{name: "phone", button: `type: PHONE_NUMBER, text: Call, phoneNumber: "15550051310"`},
		{name: "phone missing", button: `type: PHONE_NUMBER, text: Call`, want: "phoneNumber belongs to type: PHONE_NUMBER"},
		{name: "phone of a quick reply", button: `type: QUICK_REPLY, text: Call, phoneNumber: "15550051310"`, want: "phoneNumber belongs to type: PHONE_NUMBER"},
		{name: "phone with letters", button: `type: PHONE_NUMBER, text: Call, phoneNumber: 1-800-ACME`, at: ".phoneNumber", want: "digits with the country code"},
		{name: "example of a quick reply", button: `type: QUICK_REPLY, text: Yes please, example: a`, want: "example belongs to a COPY_CODE button or to a url with a variable"},
		{name: "coupon", button: `type: COPY_CODE, example: ` + strings.Repeat("A", 20)},
		{name: "coupon without example", button: `type: COPY_CODE`, at: created, want: "a COPY_CODE button needs an example"},
		{name: "coupon too long", button: `type: COPY_CODE, example: ` + strings.Repeat("A", 21), at: created, want: "at most 20 characters"},
		{name: "flow by id", button: `type: FLOW, text: Book, flow: {id: "1310", action: NAVIGATE, navigateScreen: DAY}`},
		{name: "flow by name", button: `type: FLOW, text: Book, flow: {name: booking, action: DATA_EXCHANGE}`},
		{name: "flow missing", button: `type: FLOW, text: Book`, want: "flow belongs to type: FLOW"},
		{name: "flow of another type", button: `type: CATALOG, text: View catalog, flow: {id: "1"}`, want: "flow belongs to type: FLOW"},
		{name: "flow without id", button: `type: FLOW, text: Book, flow: {}`, at: ".flow", want: "exactly one of id, name and json"},
		{name: "flow by id and name", button: `type: FLOW, text: Book, flow: {id: "1", name: a}`, at: ".flow", want: "exactly one of id, name and json"},
		{name: "flow id with letters", button: `type: FLOW, text: Book, flow: {id: a}`, at: ".flow.id", want: "1 to 32 digits"},
		{name: "flow with an icon", button: `type: FLOW, text: Book, flow: {id: "1310", icon: PROMOTION}`},
		{name: "flow with an odd icon", button: `type: FLOW, text: Book, flow: {id: "1310", icon: star}`, at: ".flow.icon", want: "a name of Meta's in capitals"},
		{name: "screen with data exchange", button: `type: FLOW, text: Book, flow: {id: "1", action: DATA_EXCHANGE, navigateScreen: A}`, at: ".flow", want: "navigateScreen belongs to action: NAVIGATE"},
		{name: "call", button: `type: VOICE_CALL, text: Call now, ttlMinutes: 1440`},
		{name: "call too short", button: `type: VOICE_CALL, text: Call now, ttlMinutes: 1439`, at: ".ttlMinutes", want: "1440"},
		{name: "label of a call too long", button: `type: VOICE_CALL, text: ` + long(21), at: created, want: "at most 20 characters"},
		{name: "ttl of another type", button: `type: QUICK_REPLY, text: Yes please, ttlMinutes: 1440`, want: "ttlMinutes belongs to type: VOICE_CALL"},
		{name: "deep link", button: `type: URL, text: Go, url: "https://a.example", appDeepLink: {metaAppID: "63", androidDeepLink: "acme://a"}`},
		{name: "deep link of another type", button: `type: QUICK_REPLY, text: Go, appDeepLink: {metaAppID: "63", androidDeepLink: "acme://a"}`, want: "appDeepLink belongs to type: URL"},
		{name: "deep link without digits", button: `type: URL, text: Go, url: "https://a.example", appDeepLink: {metaAppID: acme, androidDeepLink: "acme://a"}`,
			at: ".appDeepLink.metaAppID", want: "1 to 32 digits"},
		{name: "deep link with wrong fallback", button: `type: URL, text: Go, url: "https://a.example", appDeepLink: {metaAppID: "63", androidDeepLink: "acme://a", androidFallbackPlayStoreURL: store}`,
			at: ".appDeepLink.androidFallbackPlayStoreURL", want: "must begin with https://"},
		{name: "catalogue", button: `type: CATALOG, text: View catalog`},
		{name: "catalogue with another label", button: `type: CATALOG, text: View catalogue`, at: created, want: "the text is fixed by Meta"},
		{name: "products with another label", button: `type: MPM, text: Items`, at: created, want: "the text is fixed by Meta"},
		{name: "product with another label", button: `type: SPM, text: Look`, at: created, want: "the text is fixed by Meta"},
	})
}

func templateURLCases() []validationCase {
	cases := withButton([]buttonCase{
		{name: "url", button: `type: URL, text: Go, url: "http://a.example/?a=b#c"`},
		{name: "url with variable", button: `type: URL, text: Go, url: "https://a.example/{{1}}", example: A-1042`},
		{name: "longest url", button: `type: URL, text: Go, url: "https://a.example/` + strings.Repeat("a", 1982) + `"`},
		{name: "url too long", button: `type: URL, text: Go, url: "https://a.example/` + strings.Repeat("a", 1983) + `"`, at: ".url", want: "2000"},
		{name: "url without scheme", button: `type: URL, text: Go, url: a.example`, at: created, want: "url must begin with https://"},
		{name: "variable inside", button: `type: URL, text: Go, url: "https://a.example/{{1}}/b", example: a`, at: created, want: "at its very end"},
		{name: "two variables in a url", button: `type: URL, text: Go, url: "https://a.example/{{1}}{{2}}", example: a`, at: created, want: "at its very end"},
		{name: "variable as host", button: `type: URL, text: Go, url: "https://{{1}}", example: a`, at: created, want: "at its very end"},
		{name: "second variable", button: `type: URL, text: Go, url: "https://a.example/{{2}}", example: a`, at: created, want: "at its very end"},
		{name: "url with blank", button: `type: URL, text: Go, url: "https://a.example/a b"`, at: created, want: "url must begin with https://"},
		{name: "variable without example", button: `type: URL, text: Go, url: "https://a.example/{{1}}"`, at: created, want: "needs an example such as A-1042"},
		{name: "example without variable", button: `type: URL, text: Go, url: "https://a.example/", example: a`, want: "remove it, or end url in {{1}}"},
		{name: "wa.me", button: `type: URL, text: Go, url: "https://wa.me/15550051310"`, at: created, want: "must not link to wa.me or whatsapp.com"},
		{name: "wa.me in upper case", button: `type: URL, text: Go, url: "https://WA.ME"`, at: created, want: "must not link to wa.me or whatsapp.com"},
		{name: "whatsapp.com", button: `type: URL, text: Go, url: "https://api.whatsapp.com/send?a=b"`, at: created, want: "must not link to wa.me or whatsapp.com"},
		{name: "a name that only looks like wa.me", button: `type: URL, text: Go, url: "https://wa.me.example/a"`},
		{name: "wa.me as part of a name", button: `type: URL, text: Go, url: "https://agwa.me/a"`},
	})
	const named = `buttons: [{type: URL, text: Go, url: "https://a.example/{{order}}", example: a}]`
	return append(cases,
		validationCase{name: "named variable in a url", base: utility, patch: "parameterFormat: NAMED\n" + named},
		validationCase{name: "positional variable in a url of a named template", base: utility, patch: "parameterFormat: NAMED\n" + strings.ReplaceAll(named, "{{order}}", "{{1}}")},
		validationCase{name: "named variable in a url of a positional template", base: utility, patch: named, at: "spec.buttons", want: "the variable of a button url must be {{1}}"},
	)
}

func templateButtonListCases() []validationCase {
	quick := func(n int) string { return strings.Repeat(`{type: QUICK_REPLY, text: Yes please}, `, n) }
	const url, phone = `{type: URL, text: Go, url: "https://a.example"}, `, `{type: PHONE_NUMBER, text: Call, phoneNumber: "15550051310"}, `
	list := func(buttons string) string { return `buttons: [` + buttons + `]` }
	return []validationCase{
		{name: "ten buttons", base: utility, patch: list(quick(6) + url + url + phone + `{type: COPY_CODE, example: A}`)},
		{name: "eleven buttons", base: utility, patch: list(quick(11)), at: "spec.buttons", want: "at most 10"},
		{name: "no buttons", base: utility, patch: list(""), at: "spec.buttons", want: "at least 1"},
		{name: "three urls", base: utility, patch: list(url + url + url), at: "spec.buttons", want: "at most two URL buttons"},
		{name: "two phones", base: utility, patch: list(phone + phone), at: "spec.buttons", want: "at most one button is possible of each type"},
		{name: "quick replies last", base: utility, patch: list(url + phone + quick(2))},
		{name: "quick replies around", base: utility, patch: list(quick(1) + url + quick(1)), at: "spec.buttons", want: "must stand together"},
		{name: "quick replies between", base: utility, patch: list(url + quick(1) + phone), at: "spec.buttons", want: "must stand together"},
		{name: "one product", base: marketing, patch: "header: {format: PRODUCT}\n" + list(`{type: SPM, text: View}`)},
		{name: "one product without header", base: marketing, patch: list(`{type: SPM, text: View}`), at: "spec.buttons", want: "need each other"},
		{name: "product header without button", base: marketing, patch: "header: {format: PRODUCT}", at: "spec.header", want: "need each other"},
		{name: "one product with long body", base: marketing, patch: "header: {format: PRODUCT}\nbody: {text: " + long(161) + "}\n" + list(`{type: SPM, text: View}`),
			at: "spec.header", want: "at most 160 characters"},
		{name: "products", base: marketing, patch: "header: {format: TEXT, text: Hi}\n" + list(`{type: MPM, text: View items}`)},
		{name: "products without header", base: marketing, patch: list(`{type: MPM, text: View items}`), at: "spec.buttons", want: "needs a header with format: TEXT"},
	}
}
