// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"fmt"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// Values of a number at Meta
// (https://developers.facebook.com/docs/graph-api/reference/whats-app-business-account-to-number-current-status).
const (
	codeLife           = 10 * time.Minute
	codeSoon           = 15 * time.Minute
	codeRecheckSoon    = 10 * time.Second
	codeRecheckLater   = time.Minute
	codeRetry          = 10 * time.Minute
	codesPerWindow     = 4
	registerRetry      = 15 * time.Minute
	registerSpacing    = 8 * time.Hour
	registerUnknownGap = 24 * time.Hour
)

// coexists reports that a number is also used in the WhatsApp Business app: it is neither registered nor deregistered by API.
func coexists(live *graph.PhoneNumber) bool {
	return live.OnBizApp != nil && *live.OnBizApp && number.OnCloudAPI(live)
}

// situation is all that decides about the next step of a number. The steps are pure functions of it. So records and Meta's
// answers alone decide what happens after a crash or a restart.
type situation struct {
	spec     *v1alpha1.PhoneNumberSpec
	status   *v1alpha1.PhoneNumberStatus
	live     *graph.PhoneNumber
	attempts []v1alpha1.RegistrationAttempt
	now      time.Time
	// pushed: a person changed the spec or requested another attempt, so that the operator's own pauses don't hold; Meta's do.
	pushed bool
	// asked: it was by annotation that a person asked, perhaps for the same as before.
	asked bool
	// codeAsked: a person requested another code.
	codeAsked bool
	// badgeName is the display name for which a person accepts that Meta reviews the badge again.
	badgeName string
	// young: the account's call log may not go back far enough to know everything.
	young bool
}

// nameStep says whether to ask for another display name, or why not
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/display-names).
func (s *situation) nameStep() (ask bool, o *lifecycle.Result) {
	want := s.spec.DisplayName
	if want == "" || want == s.live.VerifiedName {
		return false, nil
	}
	if want == s.live.NewDisplayName {
		switch s.live.NewNameStatus {
		case metavalues.NameDeclined, metavalues.NameRejected, metavalues.NameExpired:
			return false, s.nameRefused()
		}
		return false, nil // in review, or approved
	}
	if a := last(s.attempts, callDisplayName); a != nil && !s.pushed && a.DisplayName == want {
		switch {
		case deadline.Within(a.Time.Time, s.now, registerRetry) && (a.Result == "" || a.Result == resultDone):
			return false, nil // Meta needs a moment to show it
		case a.Result == resultDone, countOf(s.attempts, callDisplayName) >= callsPerWindow:
			return false, s.nameRefused()
		case a.Result == "":
			return true, nil // Meta never got it
		}
		return false, lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta, "Meta refused the display name of the spec; choose another one in spec.displayName").AssetUnaffected()
	}
	if wait := windowWait(s.attempts, callDisplayName, s.now); wait > 0 {
		return false, lifecycle.Waiting(v1alpha1.ReasonQuotaExceeded, "Meta takes ten changes of the display name in 30 days", wait).AssetUnaffected().Showing(true)
	}
	return s.badgePermits(want)
}

// badgePermits says whether a display name may be requested that can cost the number its badge
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/official-business-accounts).
func (s *situation) badgePermits(want string) (ask bool, o *lifecycle.Result) {
	if official(s.live) && s.badgeName != want {
		return false, awaiting(fmt.Sprintf("the number has the badge of an official business account, and another display name has Meta review the badge again, "+
			"without an appeal; annotate %s=%q to request the name all the same, or write the present name %q into spec.displayName",
			v1alpha1.AnnotationAcceptBadgeReview, want, metavalues.Clip(s.live.VerifiedName)), 0).AssetUnaffected()
	}
	return true, nil
}

func official(live *graph.PhoneNumber) bool {
	return live.OfficialBusinessAccount != nil && *live.OfficialBusinessAccount
}

func (s *situation) nameRefused() *lifecycle.Result {
	return lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta, fmt.Sprintf(
		"Meta didn't approve the display name %q; choose another one in spec.displayName, or see WhatsApp Manager", s.spec.DisplayName)).AssetUnaffected()
}

// verifyAction is what the verification needs next.
type verifyAction int

const (
	verifyNothing verifyAction = iota
	verifyRequestCode
	verifyTryCode
	verifyWait
)

// verifyStep says how the ownership of the number gets proven: Meta sends a code, a person puts it into a Secret, and it is
// given back to Meta. code is what the Secret holds, nil where there is none.
func (s *situation) verifyStep(code *lifecycle.Content) (verifyAction, *lifecycle.Result) {
	if s.live.CodeVerificationStatus == metavalues.CodeVerified || number.OnCloudAPI(s.live) {
		return verifyNothing, nil
	}
	v := s.spec.Verification
	if v == nil {
		if s.spec.Registration == nil {
			return verifyNothing, nil // only watched
		}
		return verifyWait, awaiting("the ownership of the number isn't proven; add spec.verification, or verify the number in WhatsApp Manager", 0)
	}
	asked := last(s.attempts, callRequestCode)
	switch action, o := s.codeRequest(asked); {
	case action != verifyNothing:
		return action, o
	case asked == nil: // requested before the first entry of the call log
		asked = &v1alpha1.RegistrationAttempt{}
		if s.status.Operator.Verification != nil && s.status.Operator.Verification.CodeRequestedTime != nil {
			asked.Time = *s.status.Operator.Verification.CodeRequestedTime
		}
	}
	tried := s.tried(code, asked)
	switch {
	case code == nil || code.Same(asked.Secret):
		message := fmt.Sprintf("put the 6-digit code sent by %s to %s into %s", methodOf(v), s.live.DisplayPhoneNumber, secretKey(v.CodeSecretRef))
		if asked.Result == "" {
			message += "; whether Meta sent one isn't known: if none came, annotate " + v1alpha1.AnnotationRequestCode
		}
		return verifyWait, s.awaitCode(asked, message)
	case tried == nil:
		return verifyTryCode, nil
	}
	return verifyWait, s.afterCode(asked, tried)
}

// afterCode says what a person has to do after a code that didn't help.
func (s *situation) afterCode(asked, tried *v1alpha1.RegistrationAttempt) *lifecycle.Result {
	where := secretKey(s.spec.Verification.CodeSecretRef)
	switch {
	case retryLeft(tried, s.now) > 0:
		return lifecycle.Waiting(v1alpha1.ReasonQuotaExceeded, "Meta takes no more codes for a while; then put a new one into "+where, retryLeft(tried, s.now)).Showing(true)
	case tried.Result == "":
		return s.awaitCode(asked, "whether Meta took the code isn't known; annotate "+v1alpha1.AnnotationRequestCode+
			" for a new one and put it into "+where)
	}
	return s.awaitCode(asked, fmt.Sprintf("Meta refused the code; put the right one into %s, or annotate %s for a new one (a code lives about 10 minutes)",
		where, v1alpha1.AnnotationRequestCode))
}

// codeRequest says whether to ask Meta for a code: once, and again when a person wants it. A request that Meta failed to
// carry out is repeated a few times.
func (s *situation) codeRequest(asked *v1alpha1.RegistrationAttempt) (verifyAction, *lifecycle.Result) {
	before := asked != nil || s.status.Operator.Verification != nil && s.status.Operator.Verification.CodeRequestedTime != nil
	if asked != nil && retryLeft(asked, s.now) > 0 {
		return verifyWait, lifecycle.Waiting(v1alpha1.ReasonQuotaExceeded, "Meta sends no more codes to this number for a while", retryLeft(asked, s.now)).Showing(true)
	}
	if s.codeAsked || !before {
		return verifyRequestCode, nil
	}
	if asked == nil || asked.Result == resultDone || asked.Result == "" {
		return verifyNothing, nil // an unknown result may well have sent the code
	}
	return s.codeAgain(asked)
}

// codeAgain says what follows a request that Meta refused.
func (s *situation) codeAgain(asked *v1alpha1.RegistrationAttempt) (verifyAction, *lifecycle.Result) {
	switch {
	case asked.Result == string(graph.CauseAlreadyVerified):
		return verifyWait, lifecycle.Waiting(v1alpha1.ReasonInReview, "Meta says that the number is verified; waiting until it shows that", 0)
	case countOf(s.attempts, callRequestCode) >= codesPerWindow, asked.Result == string(graph.CauseCodeNotSent):
		return verifyWait, awaiting("Meta sent no code; check the number, then annotate "+v1alpha1.AnnotationRequestCode+" to try again", 0)
	case deadline.Within(asked.Time.Time, s.now, codeRetry):
		return verifyWait, lifecycle.Waiting(v1alpha1.ReasonTransientError, "Meta sent no code; tried again in a few minutes", asked.Time.Add(codeRetry).Sub(s.now))
	}
	return verifyRequestCode, nil
}

// tried returns the attempt with this code. If it can't be known whether the code is another one, it counts as the code that was
// tried since the last was requested.
func (s *situation) tried(code *lifecycle.Content, asked *v1alpha1.RegistrationAttempt) *v1alpha1.RegistrationAttempt {
	a := last(s.attempts, callVerifyCode)
	if a == nil {
		return nil
	}
	switch code.Since(a.Secret) {
	case lifecycle.ContentSame:
		return a
	case lifecycle.ContentUnknown:
		if !a.Time.Before(&asked.Time) {
			return a
		}
	}
	return nil
}

// awaitCode waits for a person. Secrets can't be watched: they are looked at often while the code is fresh.
func (s *situation) awaitCode(asked *v1alpha1.RegistrationAttempt, message string) *lifecycle.Result {
	recheck := codeRecheckLater
	if deadline.Within(asked.Time.Time, s.now, codeSoon) {
		recheck = codeRecheckSoon
	}
	return awaiting(message, recheck)
}

func awaiting(message string, after time.Duration) *lifecycle.Result {
	return lifecycle.Waiting(v1alpha1.ReasonActionRequired, message, after)
}

func secretKey(ref v1alpha1.SecretKeyReference) string {
	return fmt.Sprintf("Secret %s, key %s", ref.Name, ref.Key)
}

func methodOf(v *v1alpha1.PhoneNumberVerification) string {
	if v.Method == v1alpha1.VerificationMethodVoice {
		return string(v1alpha1.VerificationMethodVoice)
	}
	return string(v1alpha1.VerificationMethodSMS)
}

// renamed reports that Meta approved another display name, which takes effect with a registration
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/display-names).
func (s *situation) renamed() bool {
	return s.live.NewNameStatus == metavalues.NameApproved && s.live.NewDisplayName != "" && s.live.NewDisplayName != s.live.VerifiedName
}

// registerStep says whether the number may be registered now; pin is what the PIN's Secret holds.
func (s *situation) registerStep(pin *lifecycle.Content) (register bool, o *lifecycle.Result) {
	if s.spec.Registration == nil || coexists(s.live) || number.OnCloudAPI(s.live) && !s.renamed() {
		return false, nil
	}
	switch s.live.Status {
	case metavalues.NumberBanned, metavalues.NumberDeleted, metavalues.NumberMigrated:
		return false, lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta, "a number with status "+metavalues.Clip(s.live.Status)+" can't be registered; see WhatsApp Manager")
	}
	if !number.OnCloudAPI(s.live) {
		switch s.live.NameStatus {
		case metavalues.NamePendingReview, metavalues.NameNone:
			return false, lifecycle.NotSynced(v1alpha1.ReasonInReview, "registered as soon as Meta has processed the display name")
		case metavalues.NameDeclined, metavalues.NameRejected:
			return false, lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta,
				"Meta declined the display name, and doesn't register a number without one; choose another one in spec.displayName")
		}
	}
	if out := s.mayRegister(pin); out != nil {
		return false, out.AssetUnaffectedIf(number.OnCloudAPI(s.live)) // it works under its old name
	}
	return true, nil
}

// nameToBe is the display name that the number has once it is registered.
func (s *situation) nameToBe() string {
	if s.renamed() {
		return s.live.NewDisplayName
	}
	return s.live.VerifiedName
}

// mayRegister is the policy for the scarcest call. It is asked twice: with what is cached, and with what the API server has
// when the attempt is written.
func (s *situation) mayRegister(pin *lifecycle.Content) *lifecycle.Result {
	attempts, now := s.attempts, s.now
	if wait := windowWait(attempts, callRegister, now); wait > 0 {
		return lifecycle.Waiting(v1alpha1.ReasonQuotaExceeded, "Meta takes ten registrations of a number in 72 hours", wait).Showing(true)
	}
	a := last(attempts, callRegister)
	switch {
	case a == nil:
		return nil
	case retryLeft(a, now) > 0:
		return lifecycle.Waiting(v1alpha1.ReasonQuotaExceeded, "Meta takes no registration of this number for a while", retryLeft(a, now)).Showing(true)
	}
	change := pin.Since(a.Secret)
	if a.Result == string(graph.CausePINMismatch) && !s.asked {
		if o := s.guess(change); o != nil {
			return o
		}
	}
	if s.pushed || change == lifecycle.ContentChanged || change == lifecycle.ContentRewritten || a.Result == resultDone && a.DisplayName != s.nameToBe() {
		return nil // this is a new state: no client undid a registration
	}
	gap := registerGap(a, attempts, s.young)
	if wait := deadline.Left(a.Time.Add(gap), now, gap); wait > 0 {
		return lifecycle.Waiting(v1alpha1.ReasonTransientError, "the previous registration failed or was undone; Meta limits registrations, so the next attempt is delayed; to retry now, annotate "+
			v1alpha1.AnnotationRequestedAt, wait).Showing(true)
	}
	return nil
}

// guess says why a PIN isn't given to Meta after Meta refused one: the Secret has no other PIN yet. A Secret that was written
// while the operator wasn't running may hold the same as before; after a second refusal, such a PIN is tried once a day.
func (s *situation) guess(change lifecycle.ContentChange) *lifecycle.Result {
	switch change {
	case lifecycle.ContentChanged:
		return nil
	case lifecycle.ContentRewritten:
		refused := 0
		for i := range s.attempts {
			a := &s.attempts[i]
			if a.Kind == callRegister && a.Result == string(graph.CausePINMismatch) && s.now.Sub(a.Time.Time) < registerUnknownGap {
				refused++
			}
		}
		if refused < 2 {
			return nil
		}
	}
	return awaiting("Meta refused the PIN, and each further guess would bring a lock closer; put the number's two-step verification PIN into "+
		secretKey(s.spec.Registration.PINSecretRef)+", or annotate "+v1alpha1.AnnotationRequestedAt+" to try the same one again", lifecycle.SecretRecheck)
}

// registerGap is the time between two registrations that no person requested.
func registerGap(a *v1alpha1.RegistrationAttempt, attempts []v1alpha1.RegistrationAttempt, young bool) time.Duration {
	if d := last(attempts, callDeregister); d != nil && d.Result == resultDone && d.Time.After(a.Time.Time) {
		return 0 // taken off by us, to be registered anew
	}
	switch a.Result {
	case string(graph.CauseDeregisterIncomplete), string(graph.CauseRecentlyDeleted):
		return registerRetry // Meta says what to do or how long to wait
	case resultDone:
		return registerUnknownGap // another client took the number off the Cloud API since
	}
	switch {
	case young:
		return registerUnknownGap
	case countOf(attempts, callRegister) == 1:
		return registerRetry
	}
	return registerSpacing
}

func countOf(attempts []v1alpha1.RegistrationAttempt, kind string) int {
	n := 0
	for _, a := range attempts {
		if a.Kind == kind {
			n++
		}
	}
	return n
}
