// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"errors"
	"fmt"
	"net"
	"regexp"
	"strings"
	"time"
)

// Class is the kind of reaction that an error needs. Every error has exactly one.
type Class string

// The classes.
const (
	// ClassTransient ends without intervention: network trouble, time-outs, Meta being down. A write that failed this way may
	// still have happened.
	ClassTransient Class = "Transient"
	// ClassThrottled means that a rate limit is reached; calling on lengthens the block.
	ClassThrottled Class = "Throttled"
	// ClassCredentials means that the token or the app secret is not accepted.
	ClassCredentials Class = "Credentials"
	// ClassPermission means that the token is valid but lacks the permission.
	ClassPermission Class = "Permission"
	// ClassInvalidSpec means that the sent content is wrong and must be changed by its author.
	ClassInvalidSpec Class = "InvalidSpec"
	// ClassRefused means that the call is well formed but not possible in the present state, or against a policy.
	ClassRefused Class = "Refused"
	// ClassQuota means that a quantity other than the call rate is used up (templates, edits, registrations).
	ClassQuota Class = "Quota"
	// ClassBlocked means that Meta has blocked the account; a user must act.
	ClassBlocked Class = "Blocked"
	// ClassGone means that Meta says that the object was deleted.
	ClassGone Class = "Gone"
	// ClassAmbiguous means that either the object or the access to it is missing: Meta gives one answer for both, so it proves
	// neither.
	ClassAmbiguous Class = "Ambiguous"
	// ClassUnknown means that the code is unknown. Retry slowly.
	ClassUnknown Class = "Unknown"
)

// Cause is finer than Class; "" when it is unknown.
type Cause string

// The causes.
const (
	CauseNameLocked       Cause = "NameLocked"       // 2388023: name and language are locked after a deletion, for about 30 days
	CauseDuplicate        Cause = "Duplicate"        // 2388024, 2388026: name and language exist already; 2388012: the account has the number already
	CauseEditBudget       Cause = "EditBudget"       // 2388124, 80012: this template was edited too often
	CauseStatusLocked     Cause = "StatusLocked"     // 2388039: not editable in its present status
	CauseCategoryMismatch Cause = "CategoryMismatch" // the other languages of the name have another category
	CauseTemplateLimit    Cause = "TemplateLimit"    // 2388019: the account holds as many templates as it may
	CauseMissingObject    Cause = "MissingObject"    // 100/33, 803: no such object, or no access to it
	CauseTokenExpired     Cause = "TokenExpired"     // 190/463
	CauseTokenInvalid     Cause = "TokenInvalid"     // any other 190, 102 or 0
	CauseAppSecretProof   Cause = "AppSecretProof"   // the proof is missing or does not fit the token
	CauseBadCursor        Cause = "BadCursor"        // 131059: start the listing again
	CauseReduceData       Cause = "ReduceData"       // ask for less at once
	CauseUnknownField     Cause = "UnknownField"     // the field in BlameFields does not exist on this node in this version
	CauseTimeout          Cause = "Timeout"          // no answer in time
	CauseNetwork          Cause = "Network"          // no connection, or it was cut
	CauseBadBody          Cause = "BadBody"          // the answer is not what the API documents, for instance a proxy's HTML page
	CauseDisabled         Cause = "Disabled"         // the template is DISABLED and can be neither edited nor deleted
	CauseAgreement        Cause = "Agreement"        // 100: a legal agreement, such as that on max prices, isn't signed

	CausePINMismatch          Cause = "PINMismatch"          // 133005: another PIN is set; each further attempt is a guess and leads to PINLocked
	CausePINLocked            Cause = "PINLocked"            // 133008, 133009: too many or too fast guesses; RetryAfter where Meta says it
	CauseNotVerified          Cause = "NotVerified"          // 133006: the number's ownership must be proven by a code first
	CauseNotRegistered        Cause = "NotRegistered"        // 133010, 131045: not registered on the Cloud API
	CauseRegistrationLimit    Cause = "RegistrationLimit"    // 133016: more than ten registrations or deregistrations in 72 hours; blocked for another 72
	CauseDeregisterIncomplete Cause = "DeregisterIncomplete" // 133000: deregister again, then register
	CauseRecentlyDeleted      Cause = "RecentlyDeleted"      // 133015: the number was deleted a moment ago; wait 5 minutes
	CauseNameNotProcessed     Cause = "NameNotProcessed"     // 2388001 on a registration: the display name is not processed, or ownership not proven
	CauseNumberInUse          Cause = "NumberInUse"          // 2388001 on a registration: the number is in use in the WhatsApp app
	CauseAlreadyVerified      Cause = "AlreadyVerified"      // 136024: there is nothing to verify; as good as success
	CauseCodeLimit            Cause = "CodeLimit"            // 136024, 136025: too many codes asked for or tried; RetryAfter where Meta says it
	CauseCodeNotSent          Cause = "CodeNotSent"          // 136024 without an explanation: perhaps verified already, see code_verification_status
	CauseCodeRefused          Cause = "CodeRefused"          // 136025: the code is wrong or has expired
	CauseUsernameRefused      Cause = "UsernameRefused"      // 147001: taken; 147005: about the transfer of a name
	CauseUsernameLimit        Cause = "UsernameLimit"        // 147002: the portfolio's messaging limit is too low for a name
	CauseUsernameLink         Cause = "UsernameLink"         // 147003, 147004: the name is that of a Facebook Page or an Instagram account

	CauseCallbackNotVerified Cause = "CallbackNotVerified" // 2200: the callback did not answer Meta's handshake as it must
	CauseNotSubscribed       Cause = "NotSubscribed"       // 100 on an override: the app must first be subscribed to the account, and to messages
	CauseDashboardOnly       Cause = "DashboardOnly"       // 3, 10, 200: this app's subscription can only be set in the App Dashboard
	CauseAppToken            Cause = "AppToken"            // 101, 190 on an app: the app secret does not fit the app
)

// Error is what every failed call returns. All texts are free of tokens, proofs, PINs and URLs.
//
// Source: https://developers.facebook.com/docs/graph-api/guides/error-handling and
// https://developers.facebook.com/documentation/business-messaging/whatsapp/support/error-codes
type Error struct {
	// Op is the call that failed.
	Op Operation
	// Class and Cause classify it.
	Class Class
	Cause Cause
	// HTTPStatus is 0 when there was no answer. It is for logs: Meta answers 400 to nearly everything.
	HTTPStatus int
	// Code and Subcode are Meta's; 0 when there was no error object.
	Code, Subcode int
	// Type, Message, UserTitle, UserMessage and Details are Meta's texts; UserTitle and UserMessage may be localised.
	Type, Message, UserTitle, UserMessage, Details string
	// TraceID is for Meta's support. It differs on every call.
	TraceID string
	// BlameFields are the properties Meta points at, nested ones joined by dots.
	BlameFields []string
	// Transient is Meta's is_transient.
	Transient bool
	// RetryAfter is how long to wait; 0 = unknown.
	RetryAfter time.Duration
	// Err is the network cause, without URL and query.
	Err error
}

// Error is for logs.
func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "graph %s: %s", e.Op, e.Class)
	if e.Cause != "" {
		fmt.Fprintf(&b, " (%s)", e.Cause)
	}
	if e.Code != 0 || e.Subcode != 0 {
		fmt.Fprintf(&b, ": code %d/%d", e.Code, e.Subcode)
	}
	if e.HTTPStatus != 0 {
		fmt.Fprintf(&b, ", HTTP %d", e.HTTPStatus)
	}
	for _, text := range distinct(e.UserTitle, e.UserMessage, e.Details, e.Message) {
		b.WriteString(": " + text)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	if len(e.BlameFields) > 0 {
		b.WriteString(", fields " + strings.Join(e.BlameFields, " "))
	}
	if e.TraceID != "" {
		b.WriteString(", trace " + e.TraceID)
	}
	return b.String()
}

// Unwrap gives the network cause, so that errors.Is finds context.Canceled and context.DeadlineExceeded.
func (e *Error) Unwrap() error { return e.Err }

// Explain returns a text for conditions: Meta's user title and text, else its details, else its message. The text of one problem
// is always the same: it contains no trace id, URL, address or time.
func (e *Error) Explain() string {
	switch texts := distinct(e.UserTitle, e.UserMessage); {
	case e.Cause == CauseTimeout:
		return "Meta did not answer in time."
	case e.Cause == CauseNetwork:
		return "Meta could not be reached, or the connection was cut."
	case e.Cause == CauseBadBody:
		return "What answered is not the Graph API, or its answer has an unknown form."
	case len(texts) > 0:
		return e.stableText(strings.Join(texts, ": "))
	case e.Details != "":
		return e.stableText(e.Details)
	case e.Message != "":
		return e.stableText(e.Message)
	case e.Class == ClassThrottled:
		return "The rate limit is reached."
	default:
		return fmt.Sprintf("Meta answered with code %d, subcode %d and no text.", e.Code, e.Subcode)
	}
}

// ExplainCall is Explain for the person who made the call: it names the cause in the network, and the source of an access token that
// Meta refuses.
func (e *Error) ExplainCall(tokenSource string) string {
	text := strings.TrimRight(e.Explain(), ". ")
	switch {
	case e.Class == ClassCredentials && tokenSource != "":
		return "Meta refuses the access token of " + tokenSource + ": " + text + "; give a valid one"
	case e.Class == ClassCredentials:
		return "Meta refuses the access token: " + text + "; give a valid one"
	case e.Err != nil:
		return text + ": " + e.Err.Error()
	}
	return text
}

// currentTime is the end of Meta's text about an expired token.
var currentTime = regexp.MustCompile(`(?i)\s*The current time is [^.]*\.?`)

// stableText removes from a text what differs between two answers about the same problem: the trace id, Meta's clock, and the
// remaining wait (which RetryAfter has).
func (e *Error) stableText(text string) string {
	text = currentTime.ReplaceAllString(text, "")
	if e.Cause == CausePINLocked || e.Cause == CauseCodeLimit {
		text = waitPattern.ReplaceAllString(text, "some time")
	}
	if e.TraceID != "" {
		text = strings.ReplaceAll(text, e.TraceID, "…")
	}
	return text
}

// distinct returns the non-empty texts without repetitions.
func distinct(texts ...string) []string {
	var out []string
	for _, text := range texts {
		seen := text == ""
		for _, have := range out {
			seen = seen || have == text
		}
		if !seen {
			out = append(out, text)
		}
	}
	return out
}

// AsError finds an *Error in a chain.
func AsError(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// ClassOf returns the class of any error: "" for nil, ClassTransient for context and network errors from other packages,
// ClassUnknown for all other errors.
func ClassOf(err error) Class {
	if err == nil {
		return ""
	}
	if e, ok := AsError(err); ok {
		return e.Class
	}
	var network net.Error
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) || errors.As(err, &network) {
		return ClassTransient
	}
	return ClassUnknown
}
