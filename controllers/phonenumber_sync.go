// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

const (
	// pinRecheck is how often the Secret with the PIN is looked at for a change.
	pinRecheck = 5 * time.Minute
	// connectRecheck is how often a number is read that was registered a moment ago, and connectPatience for how long:
	// somebody is waiting for it, and Meta needs seconds.
	connectRecheck  = 20 * time.Second
	connectPatience = 3 * time.Minute
)

// sync compares the number with its spec and acts at most once. The order is that of a number's life: it is added, named,
// verified and registered; only then has it settings.
func (n *numbers) sync(ctx context.Context, p *numberPass) *Result {
	view := p.number
	if view.Number == nil {
		return n.absent(ctx, p)
	}
	live := n.connecting(ctx, p, view)
	n.take(p, live)
	var complaint *Result
	if p.writable() {
		stop, later := n.step(ctx, p, live)
		if stop != nil {
			return stop
		}
		complaint = later
	}
	if !number.OnCloudAPI(live) {
		return done("observed; it isn't registered, so nothing else can be set")
	}
	out := n.settings(ctx, p, live)
	if complaint != nil && out.synced == metav1.ConditionTrue {
		out = complaint.sooner(out.after).join(out.failed...)
	}
	if p.writable() && p.obj.Spec.Registration != nil && !out.backoff && !out.shown {
		out = out.sooner(pinRecheck)
	}
	if n.connects(p, live) {
		return out.sooner(connectRecheck)
	}
	return out
}

// connects reports that the number was registered a moment ago and isn't connected yet.
func (n *numbers) connects(p *numberPass, live *graph.PhoneNumber) bool {
	a := last(attemptsOf(p.waba, live.ID), callRegister)
	return live.Status == metavalues.NumberPending && a != nil && a.Result == resultDone && deadline.Within(a.Time.Time, p.now, connectPatience)
}

// connecting reads such a number again; the next observation may be minutes away.
func (n *numbers) connecting(ctx context.Context, p *numberPass, view account.NumberView) *graph.PhoneNumber {
	if !n.connects(p, view.Number) || p.now.Sub(view.At) < connectRecheck {
		return view.Number
	}
	live, err := p.session.Client().ReadPhoneNumber(ctx, view.Number.ID)
	if err != nil {
		p.missed("read the number that is being connected", err)
		return view.Number
	}
	if !number.Is(&p.obj.Spec, *live) {
		return view.Number
	}
	p.session.SawNumber(*live, p.now)
	return live
}

// leave forgets the number in an account that a person gave up by accepting another one.
func (n *numbers) leave(p *numberPass) {
	if p.status.AccountID != "" && p.status.AccountID != p.waba.Spec.ID {
		p.obj.Status = v1alpha1.PhoneNumberStatus{
			CommonStatus: v1alpha1.CommonStatus{Conditions: p.status.Conditions, ObservedGeneration: p.status.ObservedGeneration},
			Webhook:      p.obj.Status.Webhook,
		}
	}
}

// look returns what is known of the number. Only a resource that has work to do asks Meta before the next observation.
func (n *numbers) look(ctx context.Context, p *numberPass) (account.NumberView, *Result) {
	matches := func(live graph.PhoneNumber) bool { return number.Is(&p.obj.Spec, live) }
	view := p.session.Number(matches)
	pending := p.obj.Status.PendingAdd
	switch {
	case !view.Known && p.settled() && pending == nil:
		return view, unchanged(p.untilNextAttempt()) // nothing new since before the restart; the next observation brings an event
	case view.Number != nil && (!p.requested() || !view.At.Before(p.now)):
		return view, nil
	case view.Known && !p.requested() && (pending == nil || view.At.After(pending.Time.Time)):
		return view, nil
	}
	logStep(ctx, "Looking the number up")
	if err := p.session.LookupNumbers(ctx); err != nil {
		return view, failure("list the account's numbers", err)
	}
	return p.session.Number(matches), nil
}

// reread reads the number after a write of ours, so that the next step doesn't wait for an observation. Where that fails the
// observation tells.
func (n *numbers) reread(ctx context.Context, p *numberPass, id, message string) *Result {
	begun := n.clock.Now()
	live, err := p.session.Client().ReadPhoneNumber(ctx, id)
	switch {
	case err != nil:
		p.missed("read the number back", err)
	case number.Is(&p.obj.Spec, *live):
		p.session.SawNumber(*live, begun)
		n.take(p, live)
	}
	return done(message).retryAfter(time.Second) // the next step
}

// take copies what Meta says into the status, and what webhooks told over it.
func (n *numbers) take(p *numberPass, live *graph.PhoneNumber) {
	s := &p.obj.Status
	s.ID, s.AccountID, s.PendingAdd = metavalues.Clip(live.ID), p.waba.Spec.ID, nil
	s.DisplayPhoneNumber, s.VerifiedName = metavalues.Clip(live.DisplayPhoneNumber), metavalues.Clip(live.VerifiedName)
	s.NameStatus, s.NewDisplayName, s.NewNameStatus = metavalues.Upper(live.NameStatus), metavalues.Clip(live.NewDisplayName), metavalues.Upper(live.NewNameStatus)
	s.CodeVerificationStatus, s.QualityRating = metavalues.Upper(live.CodeVerificationStatus), metavalues.Upper(live.QualityRating)
	s.Status, s.PlatformType, s.ThroughputLevel = metavalues.Upper(live.Status), metavalues.Upper(live.PlatformType), metavalues.Upper(live.ThroughputLevel)
	s.MessagingLimit, s.AccountMode = metavalues.Upper(live.MessagingLimit), metavalues.Upper(live.AccountMode)
	s.OfficialBusinessAccount, s.PINEnabled, s.OnBizApp = live.OfficialBusinessAccount, live.PinEnabled, live.OnBizApp
	s.LastOnboardedTime = deadline.Pointer(live.LastOnboardedTime)
	s.Health = healthStatus(live.Health)
	s.CallbackURLs = nil
	if w := live.Webhook; w != nil {
		s.CallbackURLs = &v1alpha1.CallbackURLs{
			PhoneNumber: metavalues.Truncate(w.PhoneNumber, metavalues.MessageLimit), Account: metavalues.Truncate(w.Account, metavalues.MessageLimit),
			Application: metavalues.Truncate(w.Application, metavalues.MessageLimit),
		}
	}
	n.heed(p)
	n.mirror(p)
}

// mirror shows the account's ledger of scarce calls in the number's own status.
func (n *numbers) mirror(p *numberPass) {
	s := &p.obj.Status
	attempts := attemptsOf(p.waba, s.ID)
	if a := last(attempts, callRequestCode); a != nil {
		if s.Verification == nil {
			s.Verification = &v1alpha1.PhoneNumberVerificationStatus{}
		}
		s.Verification.CodeRequestedTime = &a.Time
	}
	if len(attempts) == 0 && s.Registration == nil {
		return
	}
	if s.Registration == nil {
		s.Registration = &v1alpha1.PhoneNumberRegistrationStatus{}
	}
	s.Registration.Attempts, s.Registration.BlockedUntil = attempts, nil
	if a := last(attempts, callRegister); a != nil && retryLeft(a, p.now) > 0 {
		s.Registration.BlockedUntil = a.RetryTime
	}
}

// situation gathers what decides about the next step.
func (n *numbers) situation(p *numberPass, live *graph.PhoneNumber) *situation {
	asked := p.obj.Annotations[v1alpha1.AnnotationRequestCode]
	handled := ""
	if v := p.obj.Status.Verification; v != nil {
		handled = v.LastHandledRequest
	}
	return &situation{
		spec: &p.obj.Spec, status: &p.obj.Status, live: live, attempts: attemptsOf(p.waba, live.ID), now: p.now,
		// A new resource isn't a person's wish for another attempt: somebody may recreate it in a loop.
		pushed:    p.prior.ObservedGeneration > 0 && (p.requested() || p.changedByUser()),
		asked:     p.prior.ObservedGeneration > 0 && p.requested(),
		codeAsked: asked != "" && asked != handled,
		young:     p.now.Sub(p.waba.CreationTimestamp.Time) < registrationWindow,
	}
}

// step does the next thing of a number's life, or says what it waits for (stop). A complaint is about something that takes
// nothing from a number that works: its settings are kept in order all the same.
func (n *numbers) step(ctx context.Context, p *numberPass, live *graph.PhoneNumber) (stop, complaint *Result) {
	s := n.situation(p, live)
	ask, complaint := s.nameStep()
	if ask {
		return n.rename(ctx, p, s), nil
	}
	if complaint != nil && !number.OnCloudAPI(live) {
		return complaint, nil
	}
	if stop = n.verify(ctx, p, s); stop != nil {
		return stop, nil
	}
	stop = n.register(ctx, p, s)
	if stop != nil && stop.unaffected && number.OnCloudAPI(live) && !stop.backoff {
		return nil, stop
	}
	return stop, complaint
}

// scarceCalls name the scarce calls, and the parts of the spec that ask for them.
var scarceCalls = map[string]struct {
	name   string
	fields []string
}{
	callDisplayName: {CallDisplayName, []string{"displayName"}},
	callRequestCode: {CallRequestCode, []string{"verification"}},
	callVerifyCode:  {CallVerifyCode, []string{"verification.codeSecretRef"}},
	callRegister:    {CallRegister, []string{"registration"}},
	callDeregister:  {CallDeregister, nil},
}

// wouldAttempt says which scarce call would be made if the operator didn't only read.
func (n *numbers) wouldAttempt(p *numberPass, kind string) Intent {
	c := scarceCalls[kind]
	return n.would(p.obj, c.name, c.fields...)
}

// attempt makes one scarce call: a live look first, the attempt in the ledger, then the call and what came of it.
func (n *numbers) attempt(
	ctx context.Context, p *numberPass, a v1alpha1.RegistrationAttempt,
	permit func(live *graph.PhoneNumber, attempts []v1alpha1.RegistrationAttempt) *Result, call func() error,
) *Result {
	if n.readOnly {
		return differs(n.wouldAttempt(p, a.Kind))
	}
	begun := n.clock.Now()
	live, err := p.session.Client().ReadPhoneNumber(ctx, p.status.ID)
	if err != nil {
		return failure("read the number before a call", err)
	}
	if !number.Is(&p.obj.Spec, *live) {
		return waiting(v1alpha1.ReasonUnknownError, "Meta answers with another number under this id", minimumInterval)
	}
	p.session.SawNumber(*live, begun)
	n.take(p, live)
	a.Number, a.Time = live.ID, metav1.NewTime(p.now.Truncate(time.Second))
	if o := n.ledger.begin(ctx, p.waba, a, func(known []v1alpha1.RegistrationAttempt) *Result { return permit(live, known) }); o != nil {
		return o
	}
	logStep(ctx, "About to write to Meta", "call", scarceCalls[a.Kind].name)
	err = call()
	n.wrote(p.obj, scarceCalls[a.Kind].name, scarceCalls[a.Kind].fields, err)
	a.Result, a.RetryTime = resultOf(err), retryTimeOf(err, p.now)
	if lost := n.ledger.end(ctx, p.waba, a); lost != nil {
		n.audit.Info("The result of a scarce call isn't in the account's status", "number", a.Number, "call", a.Kind, "error", lost.Error())
		p.missed("record the result of a call in the account's status", lost)
	}
	n.mirror(p)
	if err == nil {
		return nil
	}
	return n.failed(a, err)
}

// failed is the result of a scarce call that failed. When it may be repeated is decided by the ledger, so nothing here
// retries by itself.
func (n *numbers) failed(a v1alpha1.RegistrationAttempt, err error) *Result {
	o := failure(scarceCalls[a.Kind].name, err)
	o = o.saying(fmt.Sprintf("%s: %s", a.Kind, o.message))
	switch {
	case o.reason == v1alpha1.ReasonCredentialsInvalid, o.reason == v1alpha1.ReasonRateLimited:
		return o.retryAfter(o.after)
	case a.RetryTime != nil:
		return o.retryAfter(a.RetryTime.Sub(n.clock.Now())).showing(true)
	case a.Kind != callDisplayName && (o.reason == v1alpha1.ReasonRefusedByMeta || o.reason == v1alpha1.ReasonInvalidSpec):
		o = o.because(v1alpha1.ReasonTransientError, o.message) // nobody must act: it is tried again
	}
	return o.retryAfter(minimumInterval).showing(false)
}
