// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
)

const (
	// pinRecheck is how often the Secret with the PIN is looked at for a change.
	pinRecheck = 5 * time.Minute
	// connectRecheck is how often a number is read that was registered a moment ago, and connectPatience for how long. A person
	// is waiting for it, and Meta needs seconds.
	connectRecheck  = 20 * time.Second
	connectPatience = 3 * time.Minute
)

// Sync compares the number with its spec and acts at most once. The order is that of a number's life: it is added, named,
// verified and registered; only then has it settings.
func (n *numbers) Sync(ctx context.Context, p *numberRun) *lifecycle.Result {
	view, _ := p.Found.(account.NumberView)
	if view.Number == nil {
		return n.absent(ctx, p)
	}
	live := n.connecting(ctx, p, view)
	n.observeInto(p, live)
	n.compareNumber(p, live)
	var complaint *lifecycle.Result
	if p.Writable() {
		stop, later := n.step(ctx, p, live)
		if stop != nil {
			return stop
		}
		complaint = later
	}
	if !number.OnCloudAPI(live) {
		return lifecycle.Done("observed; it isn't registered, so nothing else can be set")
	}
	result, refused := n.badge(ctx, p, live)
	if result != nil {
		return result
	}
	if complaint == nil {
		complaint = refused
	}
	out := n.settings(ctx, p, live)
	if complaint != nil && out.Synced() == metav1.ConditionTrue {
		out = complaint.Sooner(out.After()).Join(out.Steps()...)
	}
	if p.Writable() && p.Object.Spec.Registration != nil && !out.Backoff() && !out.Shown() {
		out = out.Sooner(pinRecheck)
	}
	if n.connects(p, live) {
		return out.Sooner(connectRecheck)
	}
	return out
}

// compareNumber reports the values of what isn't in a section. live is nil for a number that would be added.
func (n *numbers) compareNumber(p *numberRun, live *graph.PhoneNumber) {
	n.Compare(func() lifecycle.Comparison {
		spec, want, is := &p.Object.Spec, map[string]string{}, map[string]string{}
		if spec.DisplayName != "" {
			want["displayName"] = spec.DisplayName
		}
		if live == nil {
			want["number"] = spec.Number
			return lifecycle.Comparison{Object: p.Object, Want: want}
		}
		if r := spec.Registration; r != nil && r.DataLocalizationRegion != "" {
			want[regionField] = string(r.DataLocalizationRegion)
		}
		if is["displayName"] = live.VerifiedName; p.Object.Status.Operator.Registration != nil {
			is[regionField] = p.Object.Status.Operator.Registration.DataLocalizationRegion
		}
		return lifecycle.Comparison{Object: p.Object, Want: want, Live: is}
	})
}

// connects reports that the number was registered a moment ago and isn't connected yet.
func (n *numbers) connects(p *numberRun, live *graph.PhoneNumber) bool {
	a := last(attemptsOf(p.WABA, live.ID), callRegister)
	return live.Status == metavalues.NumberPending && a != nil && a.Result == resultDone && deadline.Within(a.Time.Time, p.Now, connectPatience)
}

// connecting reads such a number again; the next observation may be minutes away.
func (n *numbers) connecting(ctx context.Context, p *numberRun, view account.NumberView) *graph.PhoneNumber {
	if !n.connects(p, view.Number) || p.Now.Sub(view.At) < connectRecheck {
		return view.Number
	}
	live, err := p.Session.Client().ReadPhoneNumber(ctx, view.Number.ID)
	if err != nil {
		p.Missed("read the number that is being connected", err)
		return view.Number
	}
	if !number.Matches(&p.Object.Spec, *live) {
		return view.Number
	}
	p.Session.RecordNumber(*live, p.Now)
	return live
}

// resetForNewAccount forgets the number in an account that a person gave up by accepting another one.
func (n *numbers) resetForNewAccount(p *numberRun) {
	if p.Status.AccountID != "" && p.Status.AccountID != p.WABA.Spec.ID {
		p.Object.Status = v1alpha1.PhoneNumberStatus{
			CommonStatus: v1alpha1.CommonStatus{Conditions: p.Status.Conditions, ObservedGeneration: p.Status.ObservedGeneration},
			Webhook:      p.Object.Status.Webhook,
		}
	}
}

// lookup returns what is known of the number. Only a resource that has work to do asks Meta before the next observation.
func (n *numbers) lookup(ctx context.Context, p *numberRun) (account.NumberView, *lifecycle.Result) {
	matches := func(live graph.PhoneNumber) bool { return number.Matches(&p.Object.Spec, live) }
	view := p.Session.Number(matches)
	pending := p.Object.Status.Operator.PendingAdd
	switch {
	case !view.Known && p.Settled() && pending == nil:
		return view, lifecycle.Unchanged(p.UntilNextAttempt()) // nothing new since before the restart; the next observation brings an event
	case view.Number != nil && (!p.Requested() || !view.At.Before(p.Now)):
		return view, nil
	case view.Known && !p.Requested() && (pending == nil || view.At.After(pending.Time.Time)):
		return view, nil
	}
	lifecycle.LogStep(ctx, "Looking the number up")
	if err := p.Session.LookupNumbers(ctx); err != nil {
		return view, lifecycle.Failed("list the account's numbers", err)
	}
	return p.Session.Number(matches), nil
}

// reread reads the number after a write of the operator, so that the next step doesn't wait for an observation. Where that fails
// the next observation shows the result.
func (n *numbers) reread(ctx context.Context, p *numberRun, id, message string) *lifecycle.Result {
	begun := n.Clock.Now()
	live, err := p.Session.Client().ReadPhoneNumber(ctx, id)
	switch {
	case err != nil:
		p.Missed("read the number back", err)
	case number.Matches(&p.Object.Spec, *live):
		p.Session.RecordNumber(*live, begun)
		n.observeInto(p, live)
	}
	return lifecycle.Done(message).RetryAfter(time.Second) // the next step
}

// observeInto copies what Meta says into the status, and what webhooks reported over it.
func (n *numbers) observeInto(p *numberRun, live *graph.PhoneNumber) {
	s := &p.Object.Status
	s.ID, s.AccountID, s.Operator.PendingAdd = metavalues.Clip(live.ID), p.WABA.Spec.ID, nil
	s.DisplayPhoneNumber, s.VerifiedName = metavalues.Clip(live.DisplayPhoneNumber), metavalues.Clip(live.VerifiedName)
	s.NameStatus, s.NewDisplayName, s.NewNameStatus = metavalues.Upper(live.NameStatus), metavalues.Clip(live.NewDisplayName), metavalues.Upper(live.NewNameStatus)
	s.CodeVerificationStatus, s.QualityRating = metavalues.Upper(live.CodeVerificationStatus), metavalues.Upper(live.QualityRating)
	s.Status, s.PlatformType, s.ThroughputLevel = metavalues.Upper(live.Status), metavalues.Upper(live.PlatformType), metavalues.Upper(live.ThroughputLevel)
	s.MessagingLimit, s.AccountMode = metavalues.Upper(live.MessagingLimit), metavalues.Upper(live.AccountMode)
	s.OfficialBusinessAccount, s.PINEnabled, s.OnBizApp = live.OfficialBusinessAccount, live.PinEnabled, live.OnBizApp
	s.SearchVisibility, s.OfficialBusinessAccountStatus = metavalues.Upper(live.SearchVisibility), metavalues.Upper(live.OfficialBusinessAccountStatus)
	s.LastOnboardedTime = deadline.Pointer(live.LastOnboardedTime)
	s.Health, s.UnknownProperties = lifecycle.HealthStatus(live.Health), live.UnknownProperties
	s.CallbackURLs = nil
	if w := live.Webhook; w != nil {
		s.CallbackURLs = &v1alpha1.CallbackURLs{
			PhoneNumber: metavalues.Truncate(w.PhoneNumber, metavalues.MessageLimit), Account: metavalues.Truncate(w.Account, metavalues.MessageLimit),
			Application: metavalues.Truncate(w.Application, metavalues.MessageLimit),
		}
	}
	n.OverlayWebhook(p)
	n.mirror(p)
}

// mirror shows the account's log of scarce calls in the number's own status.
func (n *numbers) mirror(p *numberRun) {
	s := &p.Object.Status
	attempts := attemptsOf(p.WABA, s.ID)
	if a := last(attempts, callRequestCode); a != nil {
		if s.Operator.Verification == nil {
			s.Operator.Verification = &v1alpha1.PhoneNumberVerificationStatus{}
		}
		s.Operator.Verification.CodeRequestedTime = &a.Time
	}
	if len(attempts) == 0 && s.Operator.Registration == nil {
		return
	}
	if s.Operator.Registration == nil {
		s.Operator.Registration = &v1alpha1.PhoneNumberRegistrationStatus{}
	}
	s.Operator.Registration.Attempts, s.Operator.Registration.RetryTime = attempts, nil
	if a := last(attempts, callRegister); a != nil && retryLeft(a, p.Now) > 0 {
		s.Operator.Registration.RetryTime = a.RetryTime
	}
}

// situation gathers what decides about the next step.
func (n *numbers) situation(p *numberRun, live *graph.PhoneNumber) *situation {
	asked := p.Object.Annotations[v1alpha1.AnnotationRequestCode]
	handled := ""
	if v := p.Object.Status.Operator.Verification; v != nil {
		handled = v.LastHandledRequest
	}
	return &situation{
		spec: &p.Object.Spec, status: &p.Object.Status, live: live, attempts: attemptsOf(p.WABA, live.ID), now: p.Now,
		// A new resource isn't a person's request for another attempt: a client may recreate it in a loop.
		pushed:    p.Prior.ObservedGeneration > 0 && (p.Requested() || p.ChangedByUser()),
		asked:     p.Prior.ObservedGeneration > 0 && p.Requested(),
		codeAsked: asked != "" && asked != handled,
		badgeName: p.Object.Annotations[v1alpha1.AnnotationAcceptBadgeReview],
		young:     p.Now.Sub(p.WABA.CreationTimestamp.Time) < registrationWindow,
	}
}

// step does the next thing of a number's life, or says what it waits for (stop). A complaint is about something that takes
// nothing from a number that works: its settings are kept in order all the same.
func (n *numbers) step(ctx context.Context, p *numberRun, live *graph.PhoneNumber) (stop, complaint *lifecycle.Result) {
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
	if stop != nil && stop.Unaffected() && number.OnCloudAPI(live) && !stop.Backoff() {
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
	callOBA:         {CallRequestOBA, []string{"officialBusinessAccount"}},
}

// wouldAttempt says which scarce call would be made if the operator didn't only read.
func (n *numbers) wouldAttempt(p *numberRun, kind string) lifecycle.Intent {
	c := scarceCalls[kind]
	return n.DryRun(p.Object, c.name, c.fields...)
}

// attempt makes one scarce call: first a live read, then the entry in the call log, then the call and its result.
func (n *numbers) attempt(
	ctx context.Context, p *numberRun, a v1alpha1.RegistrationAttempt,
	permit func(live *graph.PhoneNumber, attempts []v1alpha1.RegistrationAttempt) *lifecycle.Result, call func() error,
) *lifecycle.Result {
	if n.ReadOnly {
		return lifecycle.DryRunDiffers(n.wouldAttempt(p, a.Kind))
	}
	begun := n.Clock.Now()
	live, err := p.Session.Client().ReadPhoneNumber(ctx, p.Status.ID)
	if err != nil {
		return lifecycle.Failed("read the number before a call", err)
	}
	if !number.Matches(&p.Object.Spec, *live) {
		return lifecycle.Waiting(v1alpha1.ReasonUnknownError, "Meta answers with another number under this id", lifecycle.MinimumInterval)
	}
	p.Session.RecordNumber(*live, begun)
	n.observeInto(p, live)
	a.Number, a.Time = live.ID, metav1.NewTime(p.Now.Truncate(time.Second))
	if o := n.calls.begin(ctx, p.WABA, a, func(known []v1alpha1.RegistrationAttempt) *lifecycle.Result { return permit(live, known) }); o != nil {
		return o
	}
	lifecycle.LogStep(ctx, "About to write to Meta", "call", scarceCalls[a.Kind].name)
	err = call()
	p.AuditWrite(n.Base, scarceCalls[a.Kind].name, scarceCalls[a.Kind].fields, err)
	a.Result, a.RetryTime = resultOf(err), retryTimeOf(err, p.Now)
	if lost := n.calls.end(ctx, p.WABA, a); lost != nil {
		n.Audit.Info("The result of a scarce call isn't in the account's status", "number", a.Number, "call", a.Kind, "error", lost.Error())
		p.Missed("record the result of a call in the account's status", lost)
	}
	n.mirror(p)
	if err == nil {
		return nil
	}
	return n.failed(a, err)
}

// failed is the result of a scarce call that failed. The call log decides when it may be repeated, so nothing here retries by
// itself.
func (n *numbers) failed(a v1alpha1.RegistrationAttempt, err error) *lifecycle.Result {
	o := lifecycle.Failed(scarceCalls[a.Kind].name, err)
	o = o.Saying(fmt.Sprintf("%s: %s", a.Kind, o.Message()))
	switch {
	case o.Reason() == v1alpha1.ReasonCredentialsInvalid, o.Reason() == v1alpha1.ReasonRateLimited:
		return o.RetryAfter(o.After())
	case a.RetryTime != nil:
		return o.RetryAfter(a.RetryTime.Sub(n.Clock.Now())).Showing(true)
	case a.Kind != callDisplayName && a.Kind != callOBA && (o.Reason() == v1alpha1.ReasonRefusedByMeta || o.Reason() == v1alpha1.ReasonInvalidSpec):
		o = o.Because(v1alpha1.ReasonTransientError, o.Message()) // no person must act: it is tried again
	}
	return o.RetryAfter(lifecycle.MinimumInterval).Showing(false)
}
