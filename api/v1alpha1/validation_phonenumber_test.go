// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import "strings"

const (
	numberByID = `
wabaRef: {name: acme}
id: "106540352242922"
`
	numberByNumber = `
wabaRef: {name: acme}
number: "+15550783881"
`
)

func phoneNumberCases() kindCases {
	return kindCases{kind: "PhoneNumber", creates: append(phoneNumberSettingsCases(), []validationCase{
		{name: "by id", base: numberByID},
		{name: "by number", base: numberByNumber},
		{name: "every field", base: numberByNumber, patch: `
wabaRef: {name: acme, namespace: platform}
creationPolicy: Add
displayName: Acme Support
verification: {method: VOICE, language: en_US, codeSecretRef: {name: code, key: code}}
registration: {pinSecretRef: {name: pin, key: pin}, dataLocalizationRegion: DE}
profile:
  about: Open daily
  address: ""
  description: Orders
  email: hi@acme.example
  vertical: ""
  websites: [https://acme.example, "http://acme.example/a?b#c"]
  picture: {configMapKeyRef: {name: media, key: logo.png}}
commerce: {cartEnabled: true, catalogVisible: false}
conversationalAutomation:
  prompts: ["Where is my order?"]
  commands: [{name: help, description: Show help}]
deletionPolicy: Deregister
managementPolicy: Paused
driftPolicy: Repair`},
		{name: "email cleared", base: numberByID, patch: `profile: {email: ""}`},
		{name: "picture by url", base: numberByID, patch: `profile: {picture: {url: "https://cdn.acme.example:443/l.png", sha256: ` + strings.Repeat("0a", 32) + `}}`},
		{name: "neither id nor number", base: numberByID, patch: `id: null`, at: "spec", want: "exactly one of id and number"},
		{name: "id and number", base: numberByID, patch: `number: "+15550783881"`, at: "spec", want: "exactly one of id and number"},
		{name: "no account", base: numberByID, patch: `wabaRef: null`, at: "spec.wabaRef", want: "Required"},
		{name: "id with letters", base: numberByID, patch: `id: a1`, at: "spec.id", want: "1 to 32 digits"},
		{name: "number without plus", base: numberByNumber, patch: `number: "15550783881"`, at: "spec.number", want: "international form"},
		{name: "number with blanks", base: numberByNumber, patch: `number: "+1 555 078381"`, at: "spec.number", want: "international form"},
		{name: "number with leading zero", base: numberByNumber, patch: `number: "+0555078381"`, at: "spec.number", want: "international form"},
		{name: "add without name", base: numberByNumber, patch: `creationPolicy: Add`, at: "spec", want: "Add needs number and displayName"},
		{name: "add by id", base: numberByID, patch: "creationPolicy: Add\ndisplayName: Acme", at: "spec", want: "Add needs number and displayName"},
		{name: "language of the code with hyphen", base: numberByID, patch: `verification: {language: en-US, codeSecretRef: {name: a, key: b}}`,
			at: "spec.verification.language", want: "language must look like en or en_US"},
		{name: "no code secret", base: numberByID, patch: `verification: {}`, at: "spec.verification.codeSecretRef", want: "Required"},
		{name: "unknown region", base: numberByID, patch: `registration: {pinSecretRef: {name: a, key: b}, dataLocalizationRegion: FR}`,
			at: "spec.registration.dataLocalizationRegion", want: "Unsupported value"},
		{name: "about empty", base: numberByID, patch: `profile: {about: ""}`, at: "spec.profile.about", want: "at least 1"},
		{name: "about longest", base: numberByID, patch: "profile: {about: " + long(139) + "}"},
		{name: "about too long", base: numberByID, patch: "profile: {about: " + long(140) + "}", at: "spec.profile.about", want: "139"},
		{name: "description too long", base: numberByID, patch: "profile: {description: " + long(513) + "}", at: "spec.profile.description", want: "512"},
		{name: "address too long", base: numberByID, patch: "profile: {address: " + long(257) + "}", at: "spec.profile.address", want: "256"},
		{name: "empty profile", base: numberByID, patch: `profile: {}`, at: "spec.profile", want: "at least 1 properties"},
		{name: "email without domain", base: numberByID, patch: `profile: {email: hi@acme}`, at: "spec.profile.email", want: "name@example.com"},
		{name: "unknown vertical", base: numberByID, patch: `profile: {vertical: SHOP}`, at: "spec.profile.vertical", want: "Unsupported value"},
		{name: "website without scheme", base: numberByID, patch: `profile: {websites: [acme.example]}`, at: "spec.profile.websites", want: "must begin with https://"},
		{name: "three websites", base: numberByID, patch: `profile: {websites: ["https://a.example", "https://b.example", "https://c.example"]}`,
			at: "spec.profile.websites", want: "at most 2"},
		{name: "picture from nowhere", base: numberByID, patch: `profile: {picture: {}}`, at: "spec.profile.picture", want: "exactly one of configMapKeyRef and url"},
		{name: "picture without hash", base: numberByID, patch: `profile: {picture: {url: "https://a.example/l.png"}}`,
			at: "spec.profile.picture", want: "url and sha256 go together"},
		{name: "picture over http", base: numberByID, patch: `profile: {picture: {url: "http://a.example/l.png", sha256: ` + strings.Repeat("0a", 32) + `}}`,
			at: "spec.profile.picture.url", want: "https address on port 443"},
		{name: "picture from another port", base: numberByID, patch: `profile: {picture: {url: "https://a.example:8443/l.png", sha256: ` + strings.Repeat("0a", 32) + `}}`,
			at: "spec.profile.picture.url", want: "https address on port 443"},
		{name: "picture with user", base: numberByID, patch: `profile: {picture: {url: "https://u:p@a.example/l.png", sha256: ` + strings.Repeat("0a", 32) + `}}`,
			at: "spec.profile.picture.url", want: "https address on port 443"},
		{name: "hash in upper case", base: numberByID, patch: `profile: {picture: {url: "https://a.example/l.png", sha256: ` + strings.Repeat("0A", 32) + `}}`,
			at: "spec.profile.picture.sha256", want: "64 lower-case hexadecimal digits"},
		{name: "empty commerce", base: numberByID, patch: `commerce: {}`, at: "spec.commerce", want: "at least 1 properties"},
		{name: "five prompts", base: numberByID, patch: `conversationalAutomation: {prompts: [a, b, c, d, e]}`, at: "spec.conversationalAutomation.prompts", want: "at most 4"},
		{name: "long prompt", base: numberByID, patch: "conversationalAutomation: {prompts: [" + long(81) + "]}", at: "spec.conversationalAutomation.prompts[0]", want: "80"},
		{name: "command with slash", base: numberByID, patch: `conversationalAutomation: {commands: [{name: /help, description: a}]}`,
			at: "spec.conversationalAutomation.commands[0].name", want: "blanks or a slash"},
		{name: "command twice", base: numberByID, patch: `conversationalAutomation: {commands: [{name: a, description: b}, {name: a, description: c}]}`,
			at: "spec.conversationalAutomation.commands[1]", want: "Duplicate"},
		{name: "deleting a number", base: numberByID, patch: `deletionPolicy: Delete`, at: "spec.deletionPolicy", want: "Unsupported value"},
	}...), changes: []validationCase{
		{name: "display name", base: numberByID, patch: `displayName: Other`},
		{name: "another namespace of the account", base: strings.Replace(numberByID, "{name: acme}", "{name: acme, namespace: platform}", 1), patch: `wabaRef: {name: acme, namespace: other}`, at: "spec.wabaRef.namespace", want: "wabaRef is immutable"},
		{name: "another account", base: numberByID, patch: `wabaRef: {name: other}`, at: "spec.wabaRef.name", want: "wabaRef is immutable"},
		{name: "another id", base: numberByID, patch: `id: "1"`, at: "spec", want: "id is immutable"},
		{name: "another number", base: numberByNumber, patch: `number: "+15550783882"`, at: "spec", want: "number is immutable"},
		{name: "number becomes id", base: numberByNumber, patch: "number: null\nid: \"1\"", at: "spec", want: "number is immutable"},
		{name: "id becomes number", base: numberByID, patch: "id: null\nnumber: \"+15550783881\"", at: "spec", want: "id is immutable"},
	}}
}
