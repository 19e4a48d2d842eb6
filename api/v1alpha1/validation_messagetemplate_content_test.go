// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"strings"
)

// textRuleCases are refused alike in a body and in the body of a card, which is what spec makes of text and examples.
// own is the place of the rules of the text itself, created that of the rules for new content.
func textRuleCases(base, own, created, format string) []validationCase {
	var cases []validationCase
	for _, tc := range []struct{ name, text, examples, want string }{
		{name: "two variables", text: "Dear {{1}}, see {{2}} now.", examples: `{name: "1", value: Ana}, {name: "2", value: "12"}`},
		{name: "a variable twice", text: "Dear {{1}}, yes {{1}}, see.", examples: `{name: "1", value: Ana}`},
		{name: "examples in any order", text: "Dear {{1}}, see {{2}} now.", examples: `{name: "2", value: b}, {name: "1", value: a}`},
		{name: "single braces", text: "A set {a, b} of things."},
		{name: "two line breaks", text: `A\n\nB`},
		{name: "no example", text: "Dear {{1}}, see.", want: "needs an example of the same name"},
		{name: "one example missing", text: "Dear {{1}}, see {{2}} now.", examples: `{name: "1", value: Ana}`, want: "needs an example of the same name"},
		{name: "padded braces", text: "Dear {{ 1 }}, see.", examples: `{name: "1", value: Ana}`, want: "written without blanks"},
		{name: "half-open braces", text: "Dear {{1}, see.", examples: `{name: "1", value: Ana}`, want: "needs an example of the same name"},
		{name: "closing braces only", text: "Dear 1}}, see.", want: "the braces in text do not match"},
		{name: "triple brace", text: "Dear {{{1}}, see.", examples: `{name: "1", value: Ana}`, want: "needs an example of the same name"},
		{name: "superfluous example", text: "Dear customer.", examples: `{name: "1", value: Ana}`, want: "an example names a variable that text does not contain"},
		{name: "eaten by Helm", text: "Dear 1, see.", examples: `{name: "1", value: Ana}`, want: `in a Helm chart write {{ "{{1}}" }} for {{1}}`},
		{name: "gap", text: "Dear {{1}}, see {{3}} now.", examples: `{name: "1", value: a}, {name: "3", value: b}`, want: "without gaps"},
		{name: "order", text: "Dear {{2}}, see {{1}} now.", examples: `{name: "1", value: a}, {name: "2", value: b}`},
		{name: "begins with a variable", text: "{{1}} is here.", examples: `{name: "1", value: a}`, want: "must not begin or end with a variable"},
		{name: "ends with a variable", text: "See {{1}} ", examples: `{name: "1", value: a}`, want: "must not begin or end with a variable"},
		{name: "touching variables", text: "Dear {{1}}{{2}}, see.", examples: `{name: "1", value: a}, {name: "2", value: b}`, want: "two variables must not touch"},
		{name: "three line breaks", text: `A\n\n\nB`, want: "more than two line breaks"},
	} {
		content := fmt.Sprintf("{text: \"%s\", examples: [%s]}", tc.text, tc.examples)
		at := created
		if strings.Contains(tc.want, "an example names") || strings.Contains(tc.want, "in a Helm chart") {
			at = own
		}
		cases = append(cases, validationCase{
			name: own + "/" + tc.name, base: base, patch: strings.ReplaceAll(format, "CONTENT", content), at: at, want: tc.want,
		})
	}
	return cases
}

func templateTextCases() []validationCase {
	named := `parameterFormat: NAMED` + "\n"
	many, examples := "A", ""
	for i := 1; i <= 50; i++ {
		many += fmt.Sprintf(" {{%d}} a", i)
		examples += fmt.Sprintf("{name: \"%d\", value: a}, ", i)
	}
	return append(textRuleCases(utility, "spec.body", "spec.body", "body: CONTENT"), []validationCase{
		{name: "named", base: utility, patch: named + `body: {text: "Dear {{first_name}}, see.", examples: [{name: first_name, value: Ana}]}`},
		{name: "named with digit", base: utility, patch: named + `body: {text: "Dear {{name2}}, see.", examples: [{name: name2, value: Ana}]}`},
		{name: "named in a positional body", base: utility, patch: `body: {text: "Dear {{first_name}}, see.", examples: [{name: first_name, value: Ana}]}`,
			at: "spec.body", want: "variables must fit parameterFormat"},
		{name: "positional in a named body", base: utility, patch: named + `body: {text: "Dear {{1}}, see.", examples: [{name: "1", value: Ana}]}`,
			at: "spec.body", want: "variables must fit parameterFormat"},
		{name: "mixed", base: utility, patch: `body: {text: "Dear {{1}}, see {{b}} now.", examples: [{name: "1", value: Ana}, {name: b, value: c}]}`,
			at: "spec.body", want: "variables must fit parameterFormat"},
		{name: "variable in upper case", base: utility, patch: named + `body: {text: "Dear {{Name}}, see.", examples: [{name: Name, value: Ana}]}`,
			at: "spec.body.examples[0].name", want: "name must be the variable without braces"},
		{name: "name with braces", base: utility, patch: `body: {text: "Dear {{1}}, see.", examples: [{name: "{{1}}", value: Ana}]}`,
			at: "spec.body.examples[0].name", want: "name must be the variable without braces"},
		{name: "number without quotes", base: utility, patch: `body: {text: "Dear {{1}}, see.", examples: [{name: 1, value: Ana}]}`,
			at: "spec.body.examples[0].name", want: "must be of type string"},
		{name: "example twice", base: utility, patch: `body: {text: "Dear {{1}}, see.", examples: [{name: "1", value: a}, {name: "1", value: b}]}`,
			at: "spec.body.examples[1]", want: "Duplicate"},
		{name: "longest body", base: utility, patch: `body: {text: ` + long(1024) + `}`},
		{name: "body too long", base: utility, patch: `body: {text: ` + long(1025) + `}`, at: "spec.body.text", want: "1024"},
		{name: "fifty variables", base: utility, patch: `body: {text: "` + many + `", examples: [` + examples + `]}`},
		{name: "footer", base: utility, patch: `footer: {text: ` + long(60) + `}`},
		{name: "footer too long", base: utility, patch: `footer: {text: ` + long(61) + `}`, at: "spec.footer.text", want: "60"},
		{name: "footer with variable", base: utility, patch: `footer: {text: "Bye {{1}}."}`, at: "spec.footer", want: "a footer takes no variables"},
	}...)
}

func templateHeaderCases() []validationCase {
	return []validationCase{
		{name: "text header", base: utility, patch: `header: {format: TEXT, text: "Act fast, {{1}}", examples: [{name: "1", value: Ana}]}`},
		{name: "named header", base: utility, patch: "parameterFormat: NAMED\nheader: {format: TEXT, text: \"Hi {{a}}\", examples: [{name: a, value: Ana}]}"},
		{name: "header by url", base: utility, patch: `header: {format: VIDEO, media: {url: "https://a.example/v.mp4", sha256: ` + strings.Repeat("0a", 32) + `}}`},
		{name: "document", base: utility, patch: `header: {format: DOCUMENT, ` + media + `}`},
		{name: "location", base: utility, patch: `header: {format: LOCATION}`},
		{name: "no format", base: utility, patch: `header: {text: Hi}`, at: "spec.header.format", want: "Required"},
		{name: "text header without text", base: utility, patch: `header: {format: TEXT}`, at: "spec.header", want: "text belongs to format: TEXT"},
		{name: "text in an image header", base: utility, patch: `header: {format: IMAGE, text: Hi, ` + media + `}`, at: "spec.header", want: "text belongs to format: TEXT"},
		{name: "media in a text header", base: utility, patch: `header: {format: TEXT, text: Hi, ` + media + `}`, at: "spec.header", want: "media belongs to format"},
		{name: "media in a location", base: utility, patch: `header: {format: LOCATION, ` + media + `}`, at: "spec.header", want: "media belongs to format"},
		{name: "image without media", base: utility, patch: `header: {format: IMAGE}`, at: "spec.header", want: "needs media, the sample file"},
		{name: "image without media observed", base: utility, patch: "header: {format: IMAGE}\nmanagementPolicy: Observed"},
		{name: "media from nowhere", base: utility, patch: `header: {format: IMAGE, media: {}}`, at: "spec.header.media", want: "exactly one of configMapKeyRef and url"},
		{name: "media without hash", base: utility, patch: `header: {format: IMAGE, media: {url: "https://a.example/v.jpg"}}`, at: "spec.header.media", want: "url and sha256 go together"},
		{name: "media over http", base: utility, patch: `header: {format: IMAGE, media: {url: "http://a.example/v.jpg", sha256: a}}`,
			at: "spec.header.media.url", want: "https address on port 443"},
		{name: "media with wrong hash", base: utility, patch: `header: {format: IMAGE, media: {url: "https://a.example/v.jpg", sha256: a}}`,
			at: "spec.header.media.sha256", want: "64 lower-case hexadecimal digits"},
		{name: "examples without text", base: utility, patch: `header: {format: LOCATION, examples: [{name: "1", value: a}]}`, at: "spec.header", want: "examples belong to a header with text"},
		{name: "example name with braces", base: utility, patch: `header: {format: TEXT, text: Hi, examples: [{name: "{{1}}", value: a}]}`,
			at: "spec.header.examples[0].name", want: "name must be the variable without braces"},
		{name: "two variables in a header", base: utility, patch: `header: {format: TEXT, text: "{{1}} and {{2}}", examples: [{name: "1", value: a}]}`,
			at: "spec.header", want: "at most one variable"},
		{name: "header without example", base: utility, patch: `header: {format: TEXT, text: "Hi {{1}}"}`, at: "spec.header", want: "every variable in text needs an example"},
		{name: "header with superfluous example", base: utility, patch: `header: {format: TEXT, text: "Hi", examples: [{name: "1", value: a}]}`,
			at: "spec.header", want: "an example names a variable that text does not contain"},
		{name: "header with half a variable", base: utility, patch: `header: {format: TEXT, text: "Hi 1}}"}`, at: "spec.header", want: "the braces in text do not match"},
		{name: "second variable in a header", base: utility, patch: `header: {format: TEXT, text: "Hi {{2}}", examples: [{name: "2", value: a}]}`,
			at: "spec.header", want: "the positional variable of a header is {{1}}"},
		{name: "named variable in a positional header", base: utility, patch: `header: {format: TEXT, text: "Hi {{a}}", examples: [{name: a, value: a}]}`,
			at: "spec.header", want: "variables must fit parameterFormat"},
		{name: "header of two lines", base: utility, patch: `header: {format: TEXT, text: "Hi\nyou"}`, at: "spec.header", want: "must be one line"},
		{name: "longest header", base: utility, patch: `header: {format: TEXT, text: ` + long(60) + `}`},
		{name: "header too long", base: utility, patch: `header: {format: TEXT, text: ` + long(61) + `}`, at: "spec.header.text", want: "60"},
	}
}

func templateAuthenticationCases() []validationCase {
	const apps = `supportedApps: [{packageName: com.acme.shop, signatureHash: K8a/AINcGX7}]`
	cases := []validationCase{
		{name: "one tap", base: authentication, patch: `authentication: {addSecurityRecommendation: true, codeExpirationMinutes: 90, otp: {type: ONE_TAP, text: Copy, autofillText: Fill, ` + apps + `}}`},
		{name: "zero tap", base: authentication, patch: `authentication: {otp: {type: ZERO_TAP, zeroTapTermsAccepted: true, ` + apps + `}}`},
		{name: "body in authentication", base: authentication, patch: "authentication: null\nbody: {text: Your code is here.}", at: "spec.body", want: "use authentication instead of body"},
		{name: "authentication in utility", base: authentication, patch: `category: UTILITY`, at: "spec", want: "authentication needs category: AUTHENTICATION"},
		{name: "authentication with footer", base: authentication, patch: `footer: {text: Bye}`, at: "spec", want: "go with body only"},
		{name: "expiry too long", base: authentication, patch: `authentication: {codeExpirationMinutes: 91, otp: {type: COPY_CODE}}`,
			at: "spec.authentication.codeExpirationMinutes", want: "less than or equal to 90"},
		{name: "no otp", base: authentication, patch: `authentication: {}`, at: "spec.authentication.otp", want: "Required"},
	}
	for _, tc := range []struct{ name, otp, at, want string }{
		{"one tap without apps", `type: ONE_TAP`, "", "need supportedApps, 1 to 5"},
		{"one tap with empty apps", `type: ONE_TAP, supportedApps: []`, "", "need supportedApps, 1 to 5"},
		{"copy code with apps", `type: COPY_CODE, ` + apps, "", "supportedApps belong to"},
		{"copy code with autofill", `type: COPY_CODE, autofillText: Fill`, "", "autofillText belongs to"},
		{"zero tap without terms", `type: ZERO_TAP, ` + apps, "", "ZERO_TAP needs zeroTapTermsAccepted: true"},
		{"zero tap with refused terms", `type: ZERO_TAP, zeroTapTermsAccepted: false, ` + apps, "", "ZERO_TAP needs zeroTapTermsAccepted: true"},
		{"terms of another type", `type: COPY_CODE, zeroTapTermsAccepted: true`, "", "ZERO_TAP needs zeroTapTermsAccepted: true"},
		{"variable on the button", `type: COPY_CODE, text: "Copy {{1}}"`, "", "take no variables, braces or line breaks"},
		{"package of one part", `type: ONE_TAP, supportedApps: [{packageName: shop, signatureHash: K8a/AINcGX7}]`, ".supportedApps[0].packageName", "two or more parts"},
		{"package with digit first", `type: ONE_TAP, supportedApps: [{packageName: com.1a, signatureHash: K8a/AINcGX7}]`, ".supportedApps[0].packageName", "two or more parts"},
		{"hash too short", `type: ONE_TAP, supportedApps: [{packageName: com.acme, signatureHash: K8a/AINcGX}]`, ".supportedApps[0].signatureHash", "exactly 11"},
		{"hash as in an address", `type: ONE_TAP, supportedApps: [{packageName: com.acme, signatureHash: "K8a%2FAINcGX7"}]`, ".supportedApps[0].signatureHash", "exactly 11"},
	} {
		at := "spec.authentication.otp" + tc.at
		if strings.Contains(tc.want, "need supportedApps") {
			at = "spec.authentication"
		}
		cases = append(cases, validationCase{name: tc.name, base: authentication, patch: `authentication: {otp: {` + tc.otp + `}}`, at: at, want: tc.want})
	}
	return cases
}

func templateLibraryCases() []validationCase {
	cases := []validationCase{
		{name: "library", base: library, patch: `library: {templateName: a, bodyInputs: {addTrackPackageLink: true}, buttonInputs: [{type: URL, url: "https://a.example/{{1}}", example: "https://a.example/1"}]}`},
		{name: "library with buttons", base: library, patch: `buttons: [{type: QUICK_REPLY, text: Yes please}]`, at: "spec", want: "go with body only"},
	}
	for _, tc := range []struct{ name, button, at, want string }{
		{"library url missing", `type: URL`, "", "url belongs to type: URL"},
		{"library url of another type", `type: FLOW, url: "https://a.example"`, "", "url belongs to type: URL"},
		{"library phone missing", `type: PHONE_NUMBER`, "", "phoneNumber belongs to"},
		{"library phone with letters", `type: PHONE_NUMBER, phoneNumber: call-us`, ".phoneNumber", "digits with the country code"},
		{"library example without url", `type: FLOW, example: a`, "", "example belongs to type: URL"},
		{"library example missing", `type: URL, url: "https://a.example/{{1}}"`, "", "needs an example of the whole address"},
		{"library url without scheme", `type: URL, url: a.example`, ".url", "must begin with https://"},
		{"library passcode", `type: OTP, otpType: ZERO_TAP`, "", ""},
		{"library passcode with apps", `type: OTP, otpType: ZERO_TAP, zeroTapTermsAccepted: true, supportedApps: [{packageName: com.acme.shop, signatureHash: K8a/AINcGX7}]`, "", ""},
		{"library passcode without a type", `type: OTP`, "", "otpType belongs to type: OTP"},
		{"library passcode of another type", `type: FLOW, otpType: COPY_CODE`, "", "otpType belongs to type: OTP"},
		{"library passcode to copy with apps", `type: OTP, otpType: COPY_CODE, supportedApps: [{packageName: com.acme.shop, signatureHash: K8a/AINcGX7}]`, "", "supportedApps belong to otpType"},
		{"library passcode with refused terms", `type: OTP, otpType: ZERO_TAP, zeroTapTermsAccepted: false`, "", "zeroTapTermsAccepted belongs to"},
		{"library passcode with package of one part", `type: OTP, otpType: ONE_TAP, supportedApps: [{packageName: shop, signatureHash: K8a/AINcGX7}]`, ".supportedApps[0].packageName", "two or more parts"},
		{"library passcode with short hash", `type: OTP, otpType: ONE_TAP, supportedApps: [{packageName: com.acme, signatureHash: K8a}]`, ".supportedApps[0].signatureHash", "exactly 11"},
		{"library url to WhatsApp", `type: URL, url: "https://wa.me/1555"`, ".url", "must not link to wa.me"},
	} {
		cases = append(cases, validationCase{name: tc.name, base: library, patch: `library: {templateName: a, buttonInputs: [{` + tc.button + `}]}`, at: "spec.library.buttonInputs[0]" + tc.at, want: tc.want})
	}
	return cases
}
