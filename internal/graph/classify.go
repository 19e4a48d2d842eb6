// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"regexp"
	"slices"
	"strings"
	"time"
)

// anySubcode matches every subcode, no subcode included.
const anySubcode = -1

// classification is the result of the table for an error.
type classification struct {
	class Class
	cause Cause
	wait  time.Duration // 0 = not known
}

// rule is one row of the classification table. A row applies to the operations in ops (nil = all), and to code and
// subcode, or to Meta's texts in lower case, or to both.
type rule struct {
	ops      []Operation
	code, to int // to = last code of a range; 0 = code alone
	subcode  int
	// begins is the beginning of one of Meta's texts. Only beginnings decide about more than the template itself: further on,
	// Meta may repeat a user's text. With such a text a user could otherwise have the account's credentials declared invalid.
	begins string
	// contains is part of one of Meta's texts.
	contains string
	class    Class
	cause    Cause
	// wait is the duration that Meta documents; waitInText means that Meta's texts contain it.
	wait       time.Duration
	waitInText bool
}

var (
	reads = []Operation{
		OpDebugToken, OpReadAccount, OpReadAccountOptional, OpListTemplates, OpFindTemplates, OpReadTemplate,
		OpListPhoneNumbers, OpListSubscribedApps, OpListAssignedUsers, OpListCatalogs, OpReadUpload,
		OpReadPhoneNumber, OpReadProfile, OpReadCommerce, OpReadAutomation, OpReadSettings, OpReadEncryption,
		OpReadCompliance, OpReadUsername, OpReadAppSubscription,
	}
	contents = []Operation{OpCreateTemplate, OpEditTemplate}
	changes  = []Operation{OpEditTemplate, OpDeleteTemplate, OpUnpauseTemplate, OpUnarchiveTemplate}
	uploads  = []Operation{OpOpenUpload, OpSendUpload, OpReadUpload}
	// appCalls use the app's own token, overrides contain an address at which another service answers.
	appCalls  = []Operation{OpReadAppSubscription, OpSetAppSubscription, OpDeleteAppSubscription}
	overrides = []Operation{OpOverrideAccountCallback, OpSetNumberCallback}
	// withoutUserContent are the writes without user content, which therefore can't be invalid, and those on accounts, most of
	// which are not in Meta's reference.
	withoutUserContent = []Operation{OpDeleteTemplate, OpUnpauseTemplate, OpUnarchiveTemplate, OpUpdateAccount, OpLinkCatalog, OpDeregisterPhoneNumber, OpDeleteUsername,
		OpDeleteAppSubscription, OpSubscribeApp, OpUnsubscribeApp}
	codes = []Operation{OpRequestCode, OpVerifyCode}
	pins  = []Operation{OpRegisterPhoneNumber, OpSetPIN}
	// onboarding are the steps from a new number to a registered one; a refusal is mostly about the number's state.
	onboarding = []Operation{OpAddPhoneNumber, OpRequestCode, OpVerifyCode, OpRegisterPhoneNumber, OpRequestDisplayName}

	requestCode, verifyCode = codes[:1], codes[1:]
	register                = pins[:1]
)

// worsenedByRetry are the causes that another attempt makes worse, whatever is_transient says: it is one more guess, or lengthens
// a block of hours or days.
var worsenedByRetry = []Cause{CausePINMismatch, CausePINLocked, CauseRegistrationLimit, CauseCodeLimit}

// rules is the one table from (operation, code, subcode) to class and cause. Rows are grouped by precision and the first
// match wins: code with subcode, then text (templates' errors do not always carry a subcode), then the code alone.
//
// Sources: https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes,
// https://developers.facebook.com/docs/graph-api/guides/error-handling and what users of the API report.
var rules = []rule{
	// With subcode.
	{code: 100, subcode: 33, class: ClassAmbiguous, cause: CauseMissingObject},
	{code: 102, subcode: 463, class: ClassCredentials, cause: CauseTokenExpired},
	{code: 190, subcode: 463, class: ClassCredentials, cause: CauseTokenExpired},
	{code: 10, subcode: 2388185, class: ClassRefused}, // authentication templates need a verified business
	{ops: register, code: 100, subcode: 2388001, contains: "existing whatsapp account", class: ClassRefused, cause: CauseNumberInUse},
	{ops: register, code: 100, subcode: 2388001, class: ClassRefused, cause: CauseNameNotProcessed},
	{code: 100, subcode: 2388001, class: ClassRefused},
	{code: 100, subcode: 2388012, class: ClassRefused, cause: CauseDuplicate},
	{code: 100, subcode: 2388019, class: ClassQuota, cause: CauseTemplateLimit},
	{code: 100, subcode: 2388023, class: ClassRefused, cause: CauseNameLocked},
	{code: 100, subcode: 2388024, class: ClassRefused, cause: CauseDuplicate},
	{code: 100, subcode: 2388026, class: ClassRefused, cause: CauseDuplicate},
	{code: 100, subcode: 2388039, class: ClassRefused, cause: CauseStatusLocked},
	{code: 100, subcode: 2388091, class: ClassRefused}, // the number isn't being moved
	{code: 100, subcode: 2388093, class: ClassRefused},
	{code: 100, subcode: 2388103, class: ClassRefused}, // many meanings that differ only in the text
	{code: 100, subcode: 2388124, class: ClassQuota, cause: CauseEditBudget},
	{code: 136024, subcode: 2388091, class: ClassQuota, cause: CauseCodeLimit, waitInText: true}, // "try again in some time"
	{code: 136024, subcode: 2388367, class: ClassQuota, cause: CauseCodeLimit, waitInText: true},
	{code: 200002, subcode: 2388109, class: ClassRefused}, // policy, or the account may not submit templates

	// By text.
	{begins: "invalid appsecret_proof", class: ClassCredentials, cause: CauseAppSecretProof},
	{begins: "api calls from the server require an appsecret_proof", class: ClassCredentials, cause: CauseAppSecretProof},
	{begins: "please reduce the amount of data", class: ClassTransient, cause: CauseReduceData},
	{begins: "tried accessing nonexisting field", class: ClassUnknown, cause: CauseUnknownField},
	{begins: "unsupported get request. object with id", class: ClassAmbiguous, cause: CauseMissingObject},
	{begins: "unsupported post request. object with id", class: ClassAmbiguous, cause: CauseMissingObject},
	{begins: "unsupported delete request. object with id", class: ClassAmbiguous, cause: CauseMissingObject},
	{begins: "template category doesn't match", class: ClassRefused, cause: CauseCategoryMismatch},
	{begins: "message template limit exceeded", class: ClassQuota, cause: CauseTemplateLimit},
	{begins: "content in this language already exists", class: ClassRefused, cause: CauseDuplicate},
	{begins: "message template status can't be changed", class: ClassRefused, cause: CauseStatusLocked},
	{ops: contents, contains: "content is being deleted", class: ClassRefused, cause: CauseNameLocked},
	{ops: changes, contains: "template is disabled", class: ClassRefused, cause: CauseDisabled}, // Meta's wording is not known
	{ops: changes, contains: "disabled template", class: ClassRefused, cause: CauseDisabled},
	{ops: changes, contains: "disabled message template", class: ClassRefused, cause: CauseDisabled},

	{ops: contents, code: 100, subcode: anySubcode, begins: "you need to sign", class: ClassRefused, cause: CauseAgreement},

	// Errors about codes and PINs differ mostly in the text, some of which Meta translates: the rows by code below are for the
	// other texts.
	{ops: codes, code: 136000, to: 136999, subcode: anySubcode, contains: "already verified", class: ClassRefused, cause: CauseAlreadyVerified},
	{ops: codes, code: 136000, to: 136999, subcode: anySubcode, contains: "already been verified", class: ClassRefused, cause: CauseAlreadyVerified},
	{ops: codes, code: 136000, to: 136999, subcode: anySubcode, contains: "too many", class: ClassQuota, cause: CauseCodeLimit, waitInText: true},
	{ops: requestCode, code: 136000, to: 136999, subcode: anySubcode, contains: "try again", class: ClassQuota, cause: CauseCodeLimit, waitInText: true},
	{ops: codes, code: 100, subcode: anySubcode, contains: "already verified", class: ClassRefused, cause: CauseAlreadyVerified},
	{ops: codes, code: 100, subcode: anySubcode, contains: "too many", class: ClassQuota, cause: CauseCodeLimit, waitInText: true},
	{ops: pins, code: 131031, subcode: anySubcode, contains: " pin", class: ClassInvalidSpec, cause: CausePINMismatch},

	{ops: overrides, code: 100, subcode: anySubcode, contains: "must be subscribed", class: ClassRefused, cause: CauseNotSubscribed},
	{ops: overrides, code: 100, subcode: anySubcode, contains: "must first be subscribed", class: ClassRefused, cause: CauseNotSubscribed},
	{ops: overrides, code: 100, subcode: anySubcode, contains: "not subscribed", class: ClassRefused, cause: CauseNotSubscribed},
	{ops: appCalls, code: 100, subcode: anySubcode, contains: "dashboard", class: ClassPermission, cause: CauseDashboardOnly},
	{ops: appCalls, code: 1, subcode: anySubcode, contains: "client secret", class: ClassPermission, cause: CauseAppToken},

	// By code alone: the app itself. Its token is not the account's, whose credentials stay valid.
	{ops: appCalls, code: 3, subcode: anySubcode, class: ClassPermission, cause: CauseDashboardOnly},
	{ops: appCalls, code: 10, subcode: anySubcode, class: ClassPermission, cause: CauseDashboardOnly},
	{ops: appCalls, code: 101, to: 102, subcode: anySubcode, class: ClassPermission, cause: CauseAppToken},
	{ops: appCalls, code: 190, subcode: anySubcode, class: ClassPermission, cause: CauseAppToken},
	{ops: appCalls, code: 200, to: 299, subcode: anySubcode, class: ClassPermission, cause: CauseDashboardOnly},

	// By code alone: the platform.
	{code: 0, subcode: anySubcode, class: ClassCredentials, cause: CauseTokenInvalid},
	{code: 1, subcode: anySubcode, class: ClassTransient},
	{code: 2, subcode: anySubcode, class: ClassTransient},
	{code: 3, subcode: anySubcode, class: ClassPermission},
	{code: 4, subcode: anySubcode, class: ClassThrottled},
	{code: 10, subcode: anySubcode, class: ClassPermission},
	{code: 17, subcode: anySubcode, class: ClassThrottled},
	{code: 32, subcode: anySubcode, class: ClassThrottled},
	{code: 33, subcode: anySubcode, class: ClassGone},
	{ops: reads, code: 100, subcode: anySubcode, class: ClassUnknown}, // the operator's query is wrong, not the user's spec
	{ops: withoutUserContent, code: 100, subcode: anySubcode, class: ClassRefused},
	{ops: verifyCode, code: 100, subcode: anySubcode, class: ClassInvalidSpec, cause: CauseCodeRefused}, // the code is all that is sent
	{code: 100, subcode: anySubcode, class: ClassInvalidSpec},
	{code: 102, subcode: anySubcode, class: ClassCredentials, cause: CauseTokenInvalid},
	{ops: uploads, code: 104, subcode: anySubcode, class: ClassCredentials}, // "Incorrect signature": of the session as well as the proof
	{code: 104, subcode: anySubcode, class: ClassCredentials, cause: CauseAppSecretProof},
	{code: 190, subcode: anySubcode, class: ClassCredentials, cause: CauseTokenInvalid},
	{code: 192, subcode: anySubcode, class: ClassInvalidSpec},
	{code: 200, to: 299, subcode: anySubcode, class: ClassPermission},
	{code: 341, subcode: anySubcode, class: ClassThrottled},
	{code: 368, subcode: anySubcode, class: ClassBlocked},
	{code: 506, subcode: anySubcode, class: ClassRefused},
	{code: 613, subcode: anySubcode, class: ClassThrottled},
	{code: 803, subcode: anySubcode, class: ClassAmbiguous, cause: CauseMissingObject},
	{code: 2200, subcode: anySubcode, class: ClassRefused, cause: CauseCallbackNotVerified},
	{code: 80007, to: 80008, subcode: anySubcode, class: ClassThrottled},
	{code: 80012, subcode: anySubcode, class: ClassQuota, cause: CauseEditBudget}, // counts per template, so no reason to stop the account

	// By code alone: WhatsApp.
	{code: 130429, subcode: anySubcode, class: ClassThrottled},
	{code: 130497, subcode: anySubcode, class: ClassPermission},
	{code: 131000, subcode: anySubcode, class: ClassTransient},
	{code: 131005, subcode: anySubcode, class: ClassPermission},
	{code: 131008, to: 131009, subcode: anySubcode, class: ClassInvalidSpec},
	{code: 131016, subcode: anySubcode, class: ClassTransient},
	{code: 131031, subcode: anySubcode, class: ClassBlocked},
	{code: 131037, subcode: anySubcode, class: ClassRefused},
	{code: 131042, subcode: anySubcode, class: ClassBlocked},
	{code: 131045, subcode: anySubcode, class: ClassRefused, cause: CauseNotRegistered},
	{code: 131048, subcode: anySubcode, class: ClassThrottled},
	{code: 131056, subcode: anySubcode, class: ClassThrottled},
	{code: 131057, subcode: anySubcode, class: ClassTransient},
	{code: 131059, subcode: anySubcode, class: ClassTransient, cause: CauseBadCursor},
	{code: 131064, subcode: anySubcode, class: ClassThrottled},
	{code: 133000, subcode: anySubcode, class: ClassRefused, cause: CauseDeregisterIncomplete},
	{code: 133004, subcode: anySubcode, class: ClassTransient},
	{code: 133005, subcode: anySubcode, class: ClassInvalidSpec, cause: CausePINMismatch},
	{code: 133006, subcode: anySubcode, class: ClassRefused, cause: CauseNotVerified},
	{code: 133008, to: 133009, subcode: anySubcode, class: ClassQuota, cause: CausePINLocked, waitInText: true},
	{code: 133010, subcode: anySubcode, class: ClassRefused, cause: CauseNotRegistered},
	{code: 133015, subcode: anySubcode, class: ClassTransient, cause: CauseRecentlyDeleted, wait: 5 * time.Minute},
	{code: 133016, subcode: anySubcode, class: ClassQuota, cause: CauseRegistrationLimit, wait: 72 * time.Hour},
	{code: 135000, subcode: anySubcode, class: ClassRefused},
	{ops: verifyCode, code: 136000, to: 136999, subcode: anySubcode, class: ClassInvalidSpec, cause: CauseCodeRefused},
	{ops: requestCode, code: 136000, to: 136999, subcode: anySubcode, class: ClassRefused, cause: CauseCodeNotSent},
	{code: 136000, to: 136999, subcode: anySubcode, class: ClassRefused},
	{code: 147002, subcode: anySubcode, class: ClassQuota, cause: CauseUsernameLimit},
	{code: 147003, to: 147004, subcode: anySubcode, class: ClassRefused, cause: CauseUsernameLink},
	{code: 147001, to: 147005, subcode: anySubcode, class: ClassRefused, cause: CauseUsernameRefused},
	{code: 200005, to: 200007, subcode: anySubcode, class: ClassRefused},
	{ops: register, code: 2388001, subcode: anySubcode, class: ClassRefused, cause: CauseNameNotProcessed},
	{code: 2388012, subcode: anySubcode, class: ClassRefused, cause: CauseDuplicate},
	{code: 2388019, subcode: anySubcode, class: ClassQuota, cause: CauseTemplateLimit}, // the error page prints these subcodes as codes
	{code: 2388023, subcode: anySubcode, class: ClassRefused, cause: CauseNameLocked},
	{code: 2388024, subcode: anySubcode, class: ClassRefused, cause: CauseDuplicate},
	{code: 2388026, subcode: anySubcode, class: ClassRefused, cause: CauseDuplicate},
	{code: 2388039, subcode: anySubcode, class: ClassRefused, cause: CauseStatusLocked},
	{code: 2388124, subcode: anySubcode, class: ClassQuota, cause: CauseEditBudget},
	{ops: contents, code: 2388000, to: 2388999, subcode: anySubcode, class: ClassInvalidSpec},
	{ops: onboarding, code: 2388000, to: 2388999, subcode: anySubcode, class: ClassRefused},
	{code: 2494100, subcode: anySubcode, class: ClassTransient},
	{code: 2593079, subcode: anySubcode, class: ClassRefused},
	{code: 2593085, subcode: anySubcode, class: ClassRefused},
	{code: 2593107, to: 2593108, subcode: anySubcode, class: ClassRefused},
}

// classify sets Class, Cause and RetryAfter of an error that Meta reported. Meta's is_transient takes precedence over the table,
// except for a reached limit: a retry would lengthen it.
func classify(e *Error) {
	found := findRule(e)
	e.Class, e.Cause, e.RetryAfter = found.class, found.cause, found.wait
	if e.Transient && e.Class != ClassThrottled && !slices.Contains(worsenedByRetry, e.Cause) {
		e.Class = ClassTransient
	}
}

func findRule(e *Error) classification {
	texts := searchable(e.UserTitle, e.UserMessage, e.Details, e.Message)
	for i := range rules {
		if rule := &rules[i]; rule.matches(e, texts) {
			wait := rule.wait
			if rule.waitInText {
				wait = waitIn(texts)
			}
			return classification{rule.class, rule.cause, wait}
		}
	}
	return classification{class: ClassUnknown}
}

func (r *rule) matches(e *Error, texts []string) bool {
	if r.ops != nil && !slices.Contains(r.ops, e.Op) {
		return false
	}
	byText := r.begins != "" || r.contains != ""
	if byText && !slices.ContainsFunc(texts, func(text string) bool {
		return strings.HasPrefix(text, r.begins) && strings.Contains(text, r.contains)
	}) {
		return false
	}
	if byText && r.code == 0 {
		return true
	}
	last := max(r.code, r.to)
	return e.Code >= r.code && e.Code <= last && (r.subcode == anySubcode || r.subcode == e.Subcode)
}

// codePrefix is the prefix of many of Meta's messages: "(#100) ".
var codePrefix = regexp.MustCompile(`^\(#[0-9]+\) *`)

// searchable makes Meta's texts comparable: lower case, without the code, with plain apostrophes.
func searchable(texts ...string) []string {
	for i, text := range texts {
		text = strings.ReplaceAll(strings.ToLower(text), "’", "'")
		texts[i] = codePrefix.ReplaceAllString(text, "")
	}
	return texts
}
