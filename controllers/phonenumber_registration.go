// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"regexp"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

// defaultCodeLanguage is that of the message with the code where the spec names none.
const defaultCodeLanguage = "en_US"

var (
	sixDigits   = regexp.MustCompile(`^[0-9]{6}$`)
	codeWritten = regexp.MustCompile(`^[0-9]{3}[- ]?[0-9]{3}$`)
)

// rename asks Meta for another display name.
func (n *numbers) rename(ctx context.Context, p *numberPass, s *situation) *Result {
	want := p.obj.Spec.DisplayName
	o := n.attempt(ctx, p, v1alpha1.RegistrationAttempt{Kind: callDisplayName, DisplayName: want},
		func(live *graph.PhoneNumber, known []v1alpha1.RegistrationAttempt) *Result {
			now := *s
			now.live, now.attempts = live, known
			ask, o := now.nameStep()
			return unless(ask, o)
		},
		func() error { return p.session.Client().RequestDisplayName(ctx, p.status.ID, want) })
	if o != nil {
		return o
	}
	return n.reread(ctx, p, p.status.ID, "asked for the display name; Meta reviews it")
}

// unless is the result of a second look that no longer agrees: the next pass sees why.
func unless(still bool, o *Result) *Result {
	if still {
		return nil
	}
	if o == nil {
		return unchanged(firstPause)
	}
	return o
}

// verify proves the ownership of the number with the help of a person.
func (n *numbers) verify(ctx context.Context, p *numberPass, s *situation) *Result {
	code, problem := n.secret(ctx, p, p.obj.Spec.Verification != nil && s.live.CodeVerificationStatus != metavalues.CodeVerified && !number.OnCloudAPI(s.live), func() v1alpha1.SecretKeyReference {
		return p.obj.Spec.Verification.CodeSecretRef
	}, v1alpha1.SecretPurposeCode)
	if problem != nil && !problem.missing {
		return problem.Result
	}
	switch action, o := s.verifyStep(code.content); action {
	case verifyWait:
		return o
	case verifyRequestCode:
		return n.requestCode(ctx, p, s, code.content)
	case verifyTryCode:
		if !codeWritten.MatchString(code.text) {
			return awaiting("the code in "+secretKey(p.obj.Spec.Verification.CodeSecretRef)+" must be 6 digits, with or without a hyphen", codeRecheckSoon)
		}
		return n.tryCode(ctx, p, s, code.content, code.text)
	}
	return nil
}

func (n *numbers) requestCode(ctx context.Context, p *numberPass, s *situation, known *content) *Result {
	if n.readOnly { // a person's request stays unhandled
		return differs(n.wouldAttempt(p, callRequestCode))
	}
	v := p.obj.Spec.Verification
	language := v.Language
	if language == "" {
		language = defaultCodeLanguage
	}
	if p.obj.Status.Verification == nil {
		p.obj.Status.Verification = &v1alpha1.PhoneNumberVerificationStatus{}
	}
	// The person's request counts as handled before the call, so that a crash can't repeat it.
	p.obj.Status.Verification.LastHandledRequest = p.obj.Annotations[v1alpha1.AnnotationRequestCode]
	if s.codeAsked {
		if err := n.record(ctx, p, waiting(v1alpha1.ReasonProgressing, "asking Meta for a code", 0), true); err != nil {
			return notWritten("record the request for a code", err)
		}
	}
	o := n.attempt(ctx, p, v1alpha1.RegistrationAttempt{Kind: callRequestCode, Secret: known.record()},
		func(live *graph.PhoneNumber, attempts []v1alpha1.RegistrationAttempt) *Result {
			now := *s
			now.live, now.attempts = live, attempts
			action, o := now.verifyStep(known)
			return unless(action == verifyRequestCode, o)
		},
		func() error { return p.session.Client().RequestCode(ctx, p.status.ID, methodOf(v), language) })
	if o != nil {
		return o
	}
	fresh := *s
	fresh.attempts, fresh.codeAsked = attemptsOf(p.waba, p.status.ID), false
	_, o = fresh.verifyStep(known)
	return o
}

func (n *numbers) tryCode(ctx context.Context, p *numberPass, s *situation, now *content, code string) *Result {
	if n.readOnly { // no code was tried
		return differs(n.wouldAttempt(p, callVerifyCode))
	}
	o := n.attempt(ctx, p, v1alpha1.RegistrationAttempt{Kind: callVerifyCode, Secret: now.record()},
		func(live *graph.PhoneNumber, attempts []v1alpha1.RegistrationAttempt) *Result {
			again := *s
			again.live, again.attempts = live, attempts
			action, o := again.verifyStep(now)
			return unless(action == verifyTryCode, o)
		},
		func() error { return p.session.Client().VerifyCode(ctx, p.status.ID, code) })
	status := p.obj.Status.Verification
	if status == nil {
		status = &v1alpha1.PhoneNumberVerificationStatus{}
		p.obj.Status.Verification = status
	}
	status.CodeSecret, status.Failure = now.record(), ""
	if o != nil {
		status.Failure = metavalues.Truncate(o.message, metavalues.MessageLimit)
		again := *s
		again.attempts = attemptsOf(p.waba, p.status.ID)
		if _, wait := again.verifyStep(now); wait != nil {
			return wait.join(o.failed...) // says what a person has to do
		}
		return o
	}
	return n.reread(ctx, p, p.status.ID, "Meta has accepted the code")
}

// register registers the number on the Cloud API, and keeps PIN and region as the spec says.
func (n *numbers) register(ctx context.Context, p *numberPass, s *situation) *Result {
	if coexists(s.live) {
		return nil
	}
	if p.obj.Spec.Registration == nil {
		if s.renamed() && number.OnCloudAPI(s.live) {
			return awaiting("Meta approved the new display name, which takes effect when the number is registered again; add spec.registration", 0).
				assetUnaffected()
		}
		return nil
	}
	pin, problem := n.secret(ctx, p, true, func() v1alpha1.SecretKeyReference { return p.obj.Spec.Registration.PINSecretRef }, v1alpha1.SecretPurposePIN)
	if problem != nil {
		if number.OnCloudAPI(s.live) {
			return problem.assetUnaffected() // it works; only a change of the PIN can't be seen
		}
		return problem.Result
	}
	if !sixDigits.MatchString(pin.text) {
		return awaiting("the PIN in "+secretKey(p.obj.Spec.Registration.PINSecretRef)+" must be 6 digits", secretRecheck).
			assetUnaffectedIf(number.OnCloudAPI(s.live))
	}
	switch yes, o := s.registerStep(pin.content); {
	case yes:
		return n.registerNow(ctx, p, s, pin)
	case o != nil:
		return o
	}
	if o := n.moveRegion(ctx, p, s, pin); o != nil {
		return o
	}
	return n.keepPIN(ctx, p, s, pin)
}

func (n *numbers) registerNow(ctx context.Context, p *numberPass, s *situation, pin secretValue) *Result {
	if o := n.deregisterFirst(ctx, p, s); o != nil {
		return o
	}
	region := string(p.obj.Spec.Registration.DataLocalizationRegion)
	if n.readOnly {
		return n.wouldRegister(p, region != "" && !number.OnCloudAPI(s.live))
	}
	if region != "" && !number.OnCloudAPI(s.live) {
		// Only while it isn't registered can the region be chosen
		// (https://developers.facebook.com/documentation/business-messaging/whatsapp/local-storage).
		logStep(ctx, "About to write to Meta", "call", CallSetRegion)
		err := p.session.Client().EnableLocalStorage(ctx, p.status.ID, region)
		n.wrote(p.obj, CallSetRegion, []string{regionField}, err)
		if err != nil {
			return failure("choose the region of the number's data", err).pausing(slowPause)
		}
	}
	renaming := number.OnCloudAPI(s.live)
	if s.asked {
		// The person's request counts as handled before the call, so that a crash can't repeat it.
		if err := n.record(ctx, p, waiting(v1alpha1.ReasonProgressing, "registering the number again, as asked", 0), true); err != nil {
			return notWritten("record the request to register the number again", err)
		}
	}
	o := n.attempt(ctx, p, v1alpha1.RegistrationAttempt{Kind: callRegister, Secret: pin.version, DisplayName: s.nameToBe()},
		func(live *graph.PhoneNumber, attempts []v1alpha1.RegistrationAttempt) *Result {
			now := *s
			now.live, now.attempts = live, attempts
			yes, o := now.registerStep(pin.content)
			return unless(yes, o)
		},
		func() error {
			return p.session.Client().RegisterPhoneNumber(ctx, p.status.ID, graph.Registration{PIN: pin.text})
		})
	if o != nil {
		again := *s
		again.attempts, again.pushed, again.asked = attemptsOf(p.waba, p.status.ID), false, false
		if _, wait := again.registerStep(pin.content); wait != nil && wait.reason == v1alpha1.ReasonAwaitingHuman {
			return wait.join(o.failed...) // says what a person has to do
		}
		return o.assetUnaffectedIf(renaming)
	}
	r := n.registration(p)
	if !renaming { // a registered number keeps the PIN that it has
		r.PINSecret, r.DataLocalizationRegion = pin.version, region
	}
	next := n.reread(ctx, p, p.status.ID, "registered")
	r.RegisteredName = p.obj.Status.VerifiedName
	return next
}

// regionField is what the region comes from.
const regionField = "registration.dataLocalizationRegion"

// wouldRegister says that the number would be registered, if the operator didn't only read.
func (n *numbers) wouldRegister(p *numberPass, region bool) *Result {
	if region {
		return differs(n.would(p.obj, CallSetRegion, regionField), n.wouldAttempt(p, callRegister))
	}
	return differs(n.wouldAttempt(p, callRegister))
}

func (n *numbers) registration(p *numberPass) *v1alpha1.PhoneNumberRegistrationStatus {
	if p.obj.Status.Registration == nil {
		p.obj.Status.Registration = &v1alpha1.PhoneNumberRegistrationStatus{}
	}
	return p.obj.Status.Registration
}

// secret reads a PIN or a code.
func (n *numbers) secret(
	ctx context.Context, p *numberPass, needed bool, ref func() v1alpha1.SecretKeyReference, purpose string,
) (secretValue, *secretProblem) {
	if !needed {
		return secretValue{}, nil
	}
	return n.keySecret(ctx, p.obj, ref(), purpose)
}
