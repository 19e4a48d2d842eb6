// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"context"
	"regexp"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
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
func (n *numbers) rename(ctx context.Context, p *numberRun, s *situation) *lifecycle.Result {
	want := p.Object.Spec.DisplayName
	o := n.attempt(ctx, p, v1alpha1.RegistrationAttempt{Kind: callDisplayName, DisplayName: want},
		func(live *graph.PhoneNumber, known []v1alpha1.RegistrationAttempt) *lifecycle.Result {
			now := *s
			now.live, now.attempts = live, known
			ask, o := now.nameStep()
			return unless(ask, o)
		},
		func() error { return p.Session.Client().RequestDisplayName(ctx, p.Status.ID, want) })
	if o != nil {
		return o
	}
	return n.reread(ctx, p, p.Status.ID, "requested the display name; Meta reviews it")
}

// unless is the result of a second read that no longer agrees: the next run finds the reason.
func unless(still bool, o *lifecycle.Result) *lifecycle.Result {
	if still {
		return nil
	}
	if o == nil {
		return lifecycle.Unchanged(lifecycle.FirstPause)
	}
	return o
}

// verify proves the ownership of the number with the help of a person.
func (n *numbers) verify(ctx context.Context, p *numberRun, s *situation) *lifecycle.Result {
	code, problem := n.secret(ctx, p, p.Object.Spec.Verification != nil && s.live.CodeVerificationStatus != metavalues.CodeVerified && !number.OnCloudAPI(s.live), func() v1alpha1.SecretKeyReference {
		return p.Object.Spec.Verification.CodeSecretRef
	}, v1alpha1.SecretPurposeCode)
	if problem != nil && !problem.Missing {
		return problem.Result
	}
	switch action, o := s.verifyStep(code.Content); action {
	case verifyWait:
		return o
	case verifyRequestCode:
		return n.requestCode(ctx, p, s, code.Content)
	case verifyTryCode:
		if !codeWritten.MatchString(code.Text) {
			return awaiting("the code in "+secretKey(p.Object.Spec.Verification.CodeSecretRef)+" must be 6 digits, with or without a hyphen", codeRecheckSoon)
		}
		return n.tryCode(ctx, p, s, code.Content, code.Text)
	}
	return nil
}

func (n *numbers) requestCode(ctx context.Context, p *numberRun, s *situation, known *lifecycle.Content) *lifecycle.Result {
	if n.ReadOnly { // a person's request stays unhandled
		return lifecycle.DryRunDiffers(n.wouldAttempt(p, callRequestCode))
	}
	v := p.Object.Spec.Verification
	language := v.Language
	if language == "" {
		language = defaultCodeLanguage
	}
	if p.Object.Status.Operator.Verification == nil {
		p.Object.Status.Operator.Verification = &v1alpha1.PhoneNumberVerificationStatus{}
	}
	// The person's request counts as handled before the call, so that a crash can't repeat it.
	p.Object.Status.Operator.Verification.LastHandledRequest = p.Object.Annotations[v1alpha1.AnnotationRequestCode]
	if s.codeAsked {
		if err := n.record(ctx, p, lifecycle.Waiting(v1alpha1.ReasonProgressing, "asking Meta for a code", 0), true); err != nil {
			return lifecycle.WriteFailed("record the request for a code", err)
		}
	}
	o := n.attempt(ctx, p, v1alpha1.RegistrationAttempt{Kind: callRequestCode, Secret: known.Record()},
		func(live *graph.PhoneNumber, attempts []v1alpha1.RegistrationAttempt) *lifecycle.Result {
			now := *s
			now.live, now.attempts = live, attempts
			action, o := now.verifyStep(known)
			return unless(action == verifyRequestCode, o)
		},
		func() error { return p.Session.Client().RequestCode(ctx, p.Status.ID, methodOf(v), language) })
	if o != nil {
		return o
	}
	fresh := *s
	fresh.attempts, fresh.codeAsked = attemptsOf(p.WABA, p.Status.ID), false
	_, o = fresh.verifyStep(known)
	return o
}

func (n *numbers) tryCode(ctx context.Context, p *numberRun, s *situation, now *lifecycle.Content, code string) *lifecycle.Result {
	if n.ReadOnly { // no code was tried
		return lifecycle.DryRunDiffers(n.wouldAttempt(p, callVerifyCode))
	}
	o := n.attempt(ctx, p, v1alpha1.RegistrationAttempt{Kind: callVerifyCode, Secret: now.Record()},
		func(live *graph.PhoneNumber, attempts []v1alpha1.RegistrationAttempt) *lifecycle.Result {
			again := *s
			again.live, again.attempts = live, attempts
			action, o := again.verifyStep(now)
			return unless(action == verifyTryCode, o)
		},
		func() error { return p.Session.Client().VerifyCode(ctx, p.Status.ID, code) })
	status := p.Object.Status.Operator.Verification
	if status == nil {
		status = &v1alpha1.PhoneNumberVerificationStatus{}
		p.Object.Status.Operator.Verification = status
	}
	status.CodeSecret, status.Failure = now.Record(), ""
	if o != nil {
		status.Failure = metavalues.Truncate(o.Message(), metavalues.MessageLimit)
		again := *s
		again.attempts = attemptsOf(p.WABA, p.Status.ID)
		if _, wait := again.verifyStep(now); wait != nil {
			return wait.Join(o.Steps()...) // says what a person has to do
		}
		return o
	}
	return n.reread(ctx, p, p.Status.ID, "Meta has accepted the code")
}

// register registers the number on the Cloud API, and keeps PIN and region as the spec says.
func (n *numbers) register(ctx context.Context, p *numberRun, s *situation) *lifecycle.Result {
	if coexists(s.live) {
		return nil
	}
	if p.Object.Spec.Registration == nil {
		if s.renamed() && number.OnCloudAPI(s.live) {
			return awaiting("Meta approved the new display name, which takes effect when the number is registered again; add spec.registration", 0).
				AssetUnaffected()
		}
		return nil
	}
	pin, problem := n.secret(ctx, p, true, func() v1alpha1.SecretKeyReference { return p.Object.Spec.Registration.PINSecretRef }, v1alpha1.SecretPurposePIN)
	if problem != nil {
		if number.OnCloudAPI(s.live) {
			return problem.AssetUnaffected() // it works; only a change of the PIN can't be seen
		}
		return problem.Result
	}
	if !sixDigits.MatchString(pin.Text) {
		return awaiting("the PIN in "+secretKey(p.Object.Spec.Registration.PINSecretRef)+" must be 6 digits", lifecycle.SecretRecheck).
			AssetUnaffectedIf(number.OnCloudAPI(s.live))
	}
	switch yes, o := s.registerStep(pin.Content); {
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

func (n *numbers) registerNow(ctx context.Context, p *numberRun, s *situation, pin lifecycle.SecretValue) *lifecycle.Result {
	if o := n.deregisterFirst(ctx, p, s); o != nil {
		return o
	}
	region := string(p.Object.Spec.Registration.DataLocalizationRegion)
	if n.ReadOnly {
		return n.wouldRegister(p, region != "" && !number.OnCloudAPI(s.live))
	}
	if region != "" && !number.OnCloudAPI(s.live) {
		// Only while it isn't registered can the region be chosen
		// (https://developers.facebook.com/documentation/business-messaging/whatsapp/local-storage).
		lifecycle.LogStep(ctx, "About to write to Meta", "call", CallSetRegion)
		err := p.Session.Client().EnableLocalStorage(ctx, p.Status.ID, region)
		p.AuditWrite(n.Base, CallSetRegion, []string{regionField}, err)
		if err != nil {
			return lifecycle.Failed("choose the region of the number's data", err).Pausing(lifecycle.SlowPause)
		}
	}
	renaming := number.OnCloudAPI(s.live)
	if s.asked {
		// The person's request counts as handled before the call, so that a crash can't repeat it.
		if err := n.record(ctx, p, lifecycle.Waiting(v1alpha1.ReasonProgressing, "registering the number again, as asked", 0), true); err != nil {
			return lifecycle.WriteFailed("record the request to register the number again", err)
		}
	}
	o := n.attempt(ctx, p, v1alpha1.RegistrationAttempt{Kind: callRegister, Secret: pin.Version, DisplayName: s.nameToBe()},
		func(live *graph.PhoneNumber, attempts []v1alpha1.RegistrationAttempt) *lifecycle.Result {
			now := *s
			now.live, now.attempts = live, attempts
			yes, o := now.registerStep(pin.Content)
			return unless(yes, o)
		},
		func() error {
			return p.Session.Client().RegisterPhoneNumber(ctx, p.Status.ID, graph.Registration{PIN: pin.Text})
		})
	if o != nil {
		again := *s
		again.attempts, again.pushed, again.asked = attemptsOf(p.WABA, p.Status.ID), false, false
		if _, wait := again.registerStep(pin.Content); wait != nil && wait.Reason() == v1alpha1.ReasonActionRequired {
			return wait.Join(o.Steps()...) // says what a person has to do
		}
		return o.AssetUnaffectedIf(renaming)
	}
	r := n.registration(p)
	if !renaming { // a registered number keeps the PIN that it has
		r.PINSecret, r.DataLocalizationRegion = pin.Version, region
	}
	next := n.reread(ctx, p, p.Status.ID, "registered")
	r.RegisteredName = p.Object.Status.VerifiedName
	return next
}

// regionField is what the region comes from.
const regionField = "registration.dataLocalizationRegion"

// wouldRegister says that the number would be registered, if the operator didn't only read.
func (n *numbers) wouldRegister(p *numberRun, region bool) *lifecycle.Result {
	if region {
		return lifecycle.DryRunDiffers(n.DryRun(p.Object, CallSetRegion, regionField), n.wouldAttempt(p, callRegister))
	}
	return lifecycle.DryRunDiffers(n.wouldAttempt(p, callRegister))
}

func (n *numbers) registration(p *numberRun) *v1alpha1.PhoneNumberRegistrationStatus {
	if p.Object.Status.Operator.Registration == nil {
		p.Object.Status.Operator.Registration = &v1alpha1.PhoneNumberRegistrationStatus{}
	}
	return p.Object.Status.Operator.Registration
}

// secret reads a PIN or a code.
func (n *numbers) secret(
	ctx context.Context, p *numberRun, needed bool, ref func() v1alpha1.SecretKeyReference, purpose string,
) (lifecycle.SecretValue, *lifecycle.SecretProblem) {
	if !needed {
		return lifecycle.SecretValue{}, nil
	}
	return n.ReadSecretKey(ctx, p.Object, ref(), purpose)
}
