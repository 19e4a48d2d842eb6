// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package v1alpha1_test

import (
	"fmt"
	"strings"
)

// flowsKeyLines looks like a key; whether it is one is not for CEL to say.
const flowsKeyLines = "-----BEGIN PUBLIC KEY-----\\nMIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEA\\n-----END PUBLIC KEY-----\\n"

// weekly is a calling section whose weekly hours are the YAML given.
func weekly(hours string) string {
	return fmt.Sprintf("calling: {callHours: {status: ENABLED, timezoneID: Europe/Berlin, weekly: [%s]}}", hours)
}

func holiday(fields string) string {
	return fmt.Sprintf(`calling: {callHours: {status: ENABLED, timezoneID: Europe/Berlin, weekly: [%s], holidays: [%s]}}`, monday("0900", "1700"), fields)
}

func monday(from, to string) string {
	return fmt.Sprintf(`{dayOfWeek: MONDAY, openTime: "%s", closeTime: "%s"}`, from, to)
}

func phoneNumberSettingsCases() []validationCase {
	cases := []validationCase{
		{name: "every setting", base: numberByID, patch: `
calling:
  status: ENABLED
  callIconVisibility: DISABLE_ALL
  restrictToUserCountries: [DE, US]
  callHours:
    status: ENABLED
    timezoneID: America/Argentina/Buenos_Aires
    weekly:
    - {dayOfWeek: MONDAY, openTime: "0000", closeTime: "1200"}
    - {dayOfWeek: MONDAY, openTime: "1300", closeTime: "2359"}
    holidays: [{date: "2027-01-01", startTime: "0000", endTime: "0000"}]
  callbackPermission: DISABLED
  video: ENABLED
  sip: {status: ENABLED, servers: [{hostname: SIP.acme.example, port: 5062, requestURIUserParams: {tgrp: east, trunk-context: acme.example}}]}
flowsEncryption: {publicKey: "` + flowsKeyLines + `"}
complianceInfo:
  entityName: Acme
  entityType: OTHER
  entityTypeCustom: Trust
  registered: true
  grievanceOfficer: {name: Ana, email: ana@acme.example, landlineNumber: "+913857614343", mobileNumber: "+913854559033"}
  customerCare: {email: care@acme.example, landlineNumber: "+913857614343", mobileNumber: "+913854559033"}
username: acme.support_1
identityKeyCheck: ENABLED`},
		{name: "settings cleared", base: numberByID, patch: `{calling: {restrictToUserCountries: []}, username: ""}`},
		{name: "holidays cleared", base: numberByID, patch: holiday("")},
		{name: "a partnership", base: numberByID, patch: `complianceInfo: {entityName: Acme, entityType: PARTNERSHIP, registered: false}`},

		{name: "a SIP server removed", base: numberByID, patch: `{calling: {sip: {status: DISABLED, servers: []}}}`},
		{name: "SIP on, with the server at Meta", base: numberByID, patch: `{calling: {sip: {status: ENABLED}}}`},

		{name: "empty SIP", base: numberByID, patch: `calling: {sip: {}}`, at: "spec.calling.sip", want: "at least 1 properties"},
		{name: "SIP on without a server", base: numberByID, patch: `calling: {sip: {status: ENABLED, servers: []}}`,
			at: "spec.calling.sip", want: "needs a server"},
		{name: "two SIP servers", base: numberByID, patch: `calling: {sip: {servers: [{hostname: a.example}, {hostname: b.example}]}}`,
			at: "spec.calling.sip.servers", want: "at most 1 item"},
		{name: "a SIP address", base: numberByID, patch: `calling: {sip: {servers: [{hostname: "sip:a.example"}]}}`,
			at: "spec.calling.sip.servers[0].hostname", want: "name of a host"},
		{name: "port 0", base: numberByID, patch: `calling: {sip: {servers: [{hostname: a.example, port: 0}]}}`,
			at: "spec.calling.sip.servers[0].port", want: "greater than or equal to 1"},
		{name: "a SIP parameter with blanks", base: numberByID,
			patch: `calling: {sip: {servers: [{hostname: a.example, requestURIUserParams: {trunk group: east}}]}}`,
			at:    "spec.calling.sip.servers[0].requestURIUserParams", want: "each name must have"},
		{name: "a SIP parameter that ends the user part", base: numberByID,
			patch: `calling: {sip: {servers: [{hostname: a.example, requestURIUserParams: {tgrp: "east@b.example"}}]}}`,
			at:    "spec.calling.sip.servers[0].requestURIUserParams", want: "none of ; = @"},
		{name: "empty calling", base: numberByID, patch: `calling: {}`, at: "spec.calling", want: "at least 1 properties"},
		{name: "country in words", base: numberByID, patch: `calling: {restrictToUserCountries: [de]}`,
			at: "spec.calling.restrictToUserCountries", want: "two capital letters"},
		{name: "hours without days", base: numberByID, patch: weekly(""), at: "spec.calling.callHours.weekly", want: "at least 1 items"},
		{name: "a time zone with blanks", base: numberByID,
			patch: `calling: {callHours: {status: DISABLED, timezoneID: Central European Time, weekly: [` + monday("0900", "1700") + `]}}`,
			at:    "spec.calling.callHours.timezoneID", want: "name of the time zone database"},
		{name: "three stretches a day", base: numberByID,
			patch: weekly(monday("0800", "0900") + ", " + monday("1000", "1100") + ", " + monday("1200", "1300")),
			at:    "spec.calling.callHours.weekly", want: "at most two stretches"},
		{name: "over midnight", base: numberByID, patch: weekly(monday("2200", "0200")),
			at: "spec.calling.callHours.weekly[0]", want: "openTime must be before closeTime"},
		{name: "opening with a colon", base: numberByID, patch: weekly(monday("9:00", "1700")),
			at: "spec.calling.callHours.weekly[0].openTime", want: "openTime must be four digits"},
		{name: "closing at midnight", base: numberByID, patch: weekly(monday("0900", "2400")),
			at: "spec.calling.callHours.weekly[0].closeTime", want: "closeTime must be four digits"},
		{name: "a holiday as people write it", base: numberByID, patch: holiday(`{date: "1.1.2027", startTime: "0900", endTime: "1000"}`),
			at: "spec.calling.callHours.holidays[0].date", want: "date must look like"},
		{name: "a holiday that starts late", base: numberByID, patch: holiday(`{date: "2027-01-01", startTime: "25", endTime: "1000"}`),
			at: "spec.calling.callHours.holidays[0].startTime", want: "startTime must be four digits"},
		{name: "a holiday that ends late", base: numberByID, patch: holiday(`{date: "2027-01-01", startTime: "0900", endTime: "1060"}`),
			at: "spec.calling.callHours.holidays[0].endTime", want: "endTime must be four digits"},
		{name: "a holiday twice", base: numberByID, patch: holiday(
			`{date: "2027-01-01", startTime: "0900", endTime: "1000"}, {date: "2027-01-01", startTime: "1100", endTime: "1200"}`),
			at: "spec.calling.callHours.holidays[1]", want: "Duplicate"},

		{name: "a private key", base: numberByID, patch: `flowsEncryption: {publicKey: "` +
			strings.ReplaceAll(flowsKeyLines, "PUBLIC", "PRIVATE") + `"}`, at: "spec.flowsEncryption.publicKey", want: "one public key as PEM"},
		{name: "two keys", base: numberByID, patch: `flowsEncryption: {publicKey: "` + flowsKeyLines + flowsKeyLines + `"}`,
			at: "spec.flowsEncryption.publicKey", want: "one public key as PEM"},

		{name: "another form without its name", base: numberByID, patch: `complianceInfo: {entityName: Acme, entityType: OTHER}`,
			at: "spec.complianceInfo", want: "entityTypeCustom goes with entityType: OTHER"},
		{name: "a name for a known form", base: numberByID,
			patch: `complianceInfo: {entityName: Acme, entityType: PARTNERSHIP, entityTypeCustom: Trust}`,
			at:    "spec.complianceInfo", want: "entityTypeCustom goes with entityType: OTHER"},
		{name: "a registered company", base: numberByID, patch: `complianceInfo: {entityName: Acme, entityType: PUBLIC_COMPANY, registered: true}`,
			at: "spec.complianceInfo", want: "registered goes only with"},
		{name: "a short name", base: numberByID, patch: `complianceInfo: {entityName: A, entityType: PUBLIC_COMPANY}`,
			at: "spec.complianceInfo.entityName", want: "at least 2"},
		{name: "an unknown form", base: numberByID, patch: `complianceInfo: {entityName: Acme, entityType: Partnership}`,
			at: "spec.complianceInfo.entityType", want: "Unsupported value"},
		{name: "an empty contact", base: numberByID, patch: compliance(`customerCare: {}`),
			at: "spec.complianceInfo.customerCare", want: "at least 1 properties"},

		{name: "an official business account", base: numberByID, patch: oba(`, parentBusinessOrBrand: Acme Holding, supportingLinks: ["https://news.example/acme"], additionalSupportingInformation: Since 1911`)},
		{name: "an official business account without a country", base: numberByID,
			patch: `officialBusinessAccount: {businessWebsiteURL: "https://acme.example", primaryLanguage: German}`,
			at:    "spec.officialBusinessAccount.primaryCountryOfOperation", want: "Required"},
		{name: "a website without scheme", base: numberByID,
			patch: `officialBusinessAccount: {businessWebsiteURL: acme.example, primaryCountryOfOperation: Germany, primaryLanguage: German}`,
			at:    "spec.officialBusinessAccount.businessWebsiteURL", want: "must begin with https://"},
		{name: "a supporting link without scheme", base: numberByID, patch: oba(`, supportingLinks: [news.example/acme]`),
			at: "spec.officialBusinessAccount.supportingLinks", want: "each link must begin with https://"},
		{name: "six supporting links", base: numberByID,
			patch: oba(`, supportingLinks: ["http://a.b/1", "http://a.b/2", "http://a.b/3", "http://a.b/4", "http://a.b/5", "http://a.b/6"]`),
			at:    "spec.officialBusinessAccount.supportingLinks", want: "at most 5 items"},
		{name: "an identity check in lower case", base: numberByID, patch: `identityKeyCheck: enabled`,
			at: "spec.identityKeyCheck", want: "Unsupported value"},

		{name: "a username in capitals", base: numberByID, patch: `username: Acme`, at: "spec.username", want: "3 to 35"},
		{name: "a short username", base: numberByID, patch: `username: ab`, at: "spec.username", want: "3 to 35"},
		{name: "a username of digits", base: numberByID, patch: `username: "123.456"`, at: "spec.username", want: "at least one letter"},
		{name: "a username with a dot at its end", base: numberByID, patch: `username: acme.`, at: "spec.username", want: "begin or end with a dot"},
		{name: "a username with a dot at its beginning", base: numberByID, patch: `username: .acme`, at: "spec.username", want: "begin or end with a dot"},
		{name: "a username with two dots", base: numberByID, patch: `username: acme..shop`, at: "spec.username", want: "two dots in a row"},
		{name: "a username that begins with www", base: numberByID, patch: `username: www_acme`, at: "spec.username", want: "like an internet address"},
		{name: "a username that ends like a domain", base: numberByID, patch: `username: acme.com`, at: "spec.username", want: "like an internet address"},
		{name: "a username with a word like a domain", base: numberByID, patch: `username: acme.company`},
	}
	for _, contact := range []string{"grievanceOfficer", "customerCare"} {
		for field, want := range map[string]string{
			"email": "email must look like", "landlineNumber": "landlineNumber must be in international form",
			"mobileNumber": "mobileNumber must be in international form",
		} {
			cases = append(cases, validationCase{
				name: contact + " with bad " + field, base: numberByID, patch: compliance(contact + `: {` + field + `: "0385"}`),
				at: "spec.complianceInfo." + contact + "." + field, want: want,
			})
		}
	}
	return cases
}

func compliance(more string) string {
	return "complianceInfo: {entityName: Acme, entityType: PUBLIC_COMPANY, " + more + "}"
}

// oba is what is sent for an official business account, and more.
func oba(more string) string {
	return `officialBusinessAccount: {businessWebsiteURL: "https://acme.example", primaryCountryOfOperation: Germany, primaryLanguage: German` + more + "}"
}
