// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// badgeNotStarted is the status of a number for which Meta has no request
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/official-business-accounts).
const badgeNotStarted = "NOT_STARTED"

// badge requests the badge of an official business account where a person wants it by annotation, once for each value. The result is
// that of a request that was sent; a complaint is Meta's refusal, which stays until the annotation has another value or is gone.
func (n *numbers) badge(ctx context.Context, p *numberRun, live *graph.PhoneNumber) (sent, complaint *lifecycle.Result) {
	asked := p.Object.Annotations[v1alpha1.AnnotationRequestOBA]
	memory := p.Object.Status.Operator.OfficialBusinessAccount
	switch {
	case asked == "":
		p.Object.Status.Operator.OfficialBusinessAccount = nil // the call log remembers what was sent
		return nil, nil
	case memory != nil && memory.LastHandledRequest == asked:
		return nil, badgeRefused(memory)
	}
	memory = &v1alpha1.OfficialBusinessAccountMemory{LastHandledRequest: asked}
	answer := func(kind, message string) {
		p.Object.Status.Operator.OfficialBusinessAccount = memory
		n.Event(p.Object, kind, v1alpha1.ReasonOBARequestHandled, "RequestOBA", message)
	}
	switch why := badgeNotSent(p, live, attemptsOf(p.WABA, live.ID)); {
	case why != "":
		answer(corev1.EventTypeWarning, "not requested: "+why)
		return nil, nil
	case n.ReadOnly:
		n.DryRun(p.Object, CallRequestOBA, "officialBusinessAccount")
		p.Object.Status.Operator.OfficialBusinessAccount = memory
		return nil, nil
	}
	// The request counts as handled before the call, so that a crash can't repeat it.
	p.Object.Status.Operator.OfficialBusinessAccount = memory
	if err := n.record(ctx, p, lifecycle.Waiting(v1alpha1.ReasonProgressing, "about to "+CallRequestOBA, 0).AssetUnaffected(), true); err != nil {
		return lifecycle.WriteFailed("record the request for the official business account", err), nil
	}
	return n.requestBadge(ctx, p, memory, answer), nil
}

// requestBadge makes the call. Nothing repeats it: a person requests it again.
func (n *numbers) requestBadge(
	ctx context.Context, p *numberRun, memory *v1alpha1.OfficialBusinessAccountMemory, answer func(kind, message string),
) *lifecycle.Result {
	called, answered := false, false
	o := n.attempt(ctx, p, v1alpha1.RegistrationAttempt{Kind: callOBA, Request: metavalues.Clip(memory.LastHandledRequest)},
		func(live *graph.PhoneNumber, known []v1alpha1.RegistrationAttempt) *lifecycle.Result {
			if why := badgeNotSent(p, live, known); why != "" {
				answered = true
				answer(corev1.EventTypeWarning, "not requested: "+why)
				return lifecycle.Unchanged(lifecycle.FirstPause)
			}
			called = true
			return nil
		},
		func() error { return p.Session.Client().RequestBadge(ctx, p.Status.ID, badgeRequest(&p.Object.Spec)) })
	a := last(attemptsOf(p.WABA, p.Status.ID), callOBA)
	switch {
	case o == nil:
		answer(corev1.EventTypeNormal, "requested; Meta reviews it, and status.officialBusinessAccountStatus shows the result")
		return n.reread(ctx, p, p.Status.ID, "requested the official business account; Meta reviews it")
	case answered:
		return o
	case !called:
		memory.Failure = metavalues.Truncate("the request wasn't sent: "+o.Message(), metavalues.MessageLimit)
	case a == nil || a.Result == "":
		memory.Failure = "whether Meta received the request isn't known; see status.officialBusinessAccountStatus"
	default:
		memory.Failure = metavalues.Truncate(o.Message(), metavalues.MessageLimit)
	}
	answer(corev1.EventTypeWarning, memory.Failure)
	return badgeRefused(memory)
}

// badgeRefused repeats why the request isn't one that Meta reviews, nil where it is. A person must act: nothing repeats it.
func badgeRefused(memory *v1alpha1.OfficialBusinessAccountMemory) *lifecycle.Result {
	if memory.Failure == "" {
		return nil
	}
	return lifecycle.NotSynced(v1alpha1.ReasonActionRequired, "the official business account wasn't requested: "+memory.Failure+
		"; change spec.officialBusinessAccount and give the annotation "+v1alpha1.AnnotationRequestOBA+" a new value, or remove the annotation").AssetUnaffected()
}

// badgeNotSent says why no request is sent, "" where one may be. Meta takes one in 30 days; the account's call log has those of a number
// whose resource was deleted, and with them the annotation's value, so that a manifest that still has it requests nothing twice.
func badgeNotSent(p *numberRun, live *graph.PhoneNumber, known []v1alpha1.RegistrationAttempt) string {
	switch {
	case !p.Writable():
		return "the operator only observes this number"
	case p.Object.Spec.OfficialBusinessAccount == nil:
		return "add spec.officialBusinessAccount, and give the annotation a new value"
	case official(live):
		return "the number has the badge"
	}
	for i := range known {
		a := &known[i]
		lost := a.Result == "" && live.OfficialBusinessAccountStatus == badgeNotStarted // Meta has no request, so it never got that one
		if a.Kind != callOBA || a.Result != resultDone && a.Result != "" || lost {
			continue
		}
		if deadline.Within(a.Time.Time, p.Now, nameWindow) {
			return "a request was sent less than 30 days ago, and Meta takes no other one before; see status.officialBusinessAccountStatus"
		}
		if a.Request == metavalues.Clip(p.Object.Annotations[v1alpha1.AnnotationRequestOBA]) {
			return "this value of the annotation was acted on before; give it a new one"
		}
	}
	return ""
}

func badgeRequest(spec *v1alpha1.PhoneNumberSpec) graph.BadgeRequest {
	r := spec.OfficialBusinessAccount
	return graph.BadgeRequest{
		WebsiteURL: r.BusinessWebsiteURL, Country: r.PrimaryCountryOfOperation, Language: r.PrimaryLanguage, Parent: r.ParentBusinessOrBrand,
		SupportingLinks: r.SupportingLinks, AdditionalInfo: r.AdditionalSupportingInformation,
	}
}
