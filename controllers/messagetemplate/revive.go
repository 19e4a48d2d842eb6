// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// revival is a call that makes a template sendable again, on request by annotation, once for each value.
type revival struct {
	step step
	// status is the one that the call ends; without says what is said of a template with another one.
	status, without string
	annotation      string
	// handled is where the value last acted on is remembered.
	handled func(*v1alpha1.MessageTemplateOperatorStatus) *string
	// call is the name of the write, reason that of the events, which begin with one of the words.
	call, reason, action string
	make                 func(ctx context.Context, p *templateRun, id string) error
	// wanted reports that the spec requests it, without an annotation.
	wanted func(*v1alpha1.MessageTemplateSpec) bool
}

// revivals are all of them. Templates that Meta paused for low quality come back by themselves; those paused by pacing wait for the call
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-pausing). Those that weren't used for a year
// are archived and, 28 days later, deleted
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-management).
var revivals = []revival{
	{
		step: stepUnpause, status: metavalues.TemplatePaused, annotation: v1alpha1.AnnotationUnpause, without: "nothing to do: Meta doesn't show the template as paused",
		handled: func(s *v1alpha1.MessageTemplateOperatorStatus) *string { return &s.LastHandledUnpause },
		call:    CallUnpauseTemplate, reason: v1alpha1.ReasonUnpauseHandled, action: "Unpause",
		make: func(ctx context.Context, p *templateRun, id string) error {
			return p.Session.Client().UnpauseTemplate(ctx, id)
		},
		wanted: func(*v1alpha1.MessageTemplateSpec) bool { return false },
	},
	{
		step: stepUnarchive, status: metavalues.TemplateArchived, annotation: v1alpha1.AnnotationUnarchive, without: "nothing to do: Meta doesn't show the template as archived",
		handled: func(s *v1alpha1.MessageTemplateOperatorStatus) *string { return &s.LastHandledUnarchive },
		call:    CallUnarchiveTemplate, reason: v1alpha1.ReasonUnarchiveHandled, action: "Unarchive",
		make: func(ctx context.Context, p *templateRun, id string) error {
			return p.Session.Client().UnarchiveTemplate(ctx, p.WABA.Spec.ID, id)
		},
		wanted: func(s *v1alpha1.MessageTemplateSpec) bool {
			return s.ArchivedPolicy == v1alpha1.ArchivedPolicyUnarchive
		},
	},
}

// asked is the request by annotation, empty where there is none that isn't handled.
func (r *revival) asked(p *templateRun) string {
	if asked := p.Object.Annotations[r.annotation]; asked != *r.handled(&p.Object.Status.Operator) {
		return asked
	}
	return ""
}

// revivalFor is the step that brings the template back, stepNone where nothing requests it or the operator only reads. byPerson reports that
// an annotation does.
func (t *templates) revivalFor(p *templateRun) (requested step, byPerson bool) {
	for i := range revivals {
		r := &revivals[i]
		if byPerson = r.asked(p) != ""; p.Object.Status.Status == r.status && !t.ReadOnly && (byPerson || r.wanted(&p.Object.Spec)) {
			return r.step, byPerson
		}
	}
	return stepNone, false
}

// answerRevivals answers requests that need no call, with an event. One that needs a call stays for revive.
func (t *templates) answerRevivals(p *templateRun) {
	for i := range revivals {
		r := &revivals[i]
		asked, applies := r.asked(p), p.Object.Status.Status == r.status
		if t.ReadOnly && applies && (asked != "" || r.wanted(&p.Object.Spec)) {
			t.DryRun(p.Object, r.call)
		}
		switch {
		case asked == "", applies && !t.ReadOnly:
			continue
		case !applies:
			t.Event(p.Object, corev1.EventTypeNormal, r.reason, r.action, r.without)
		}
		*r.handled(&p.Object.Status.Operator) = asked
	}
}

// revive makes the call that a person or the spec requests, and answers with an event.
func (t *templates) revive(ctx context.Context, p *templateRun, view account.TemplateView, requested step) *lifecycle.Result {
	r := &revivals[0]
	for i := range revivals {
		if revivals[i].step == requested {
			r = &revivals[i]
		}
	}
	if asked := r.asked(p); asked != "" {
		*r.handled(&p.Object.Status.Operator) = asked
	} else {
		repairs := lifecycle.RepairsOf(p.Object, p.Now)
		if o := t.RepairHeld(p.Session, repairs.Contested(r.call),
			"Meta shows the template as before each time after the call "+r.call+"; look at it in WhatsApp Manager, or remove the policy that requests the call"); o != nil {
			return o
		}
		repairs.Note(r.call)
	}
	// The request counts as handled before the call, so that a crash can't repeat it.
	if err := t.record(ctx, p, lifecycle.Waiting(v1alpha1.ReasonProgressing, "about to "+r.call+" at Meta", 0).AssetUnaffected(), true); err != nil {
		return lifecycle.WriteFailed("record the request to "+r.call, err)
	}
	lifecycle.LogStep(ctx, "About to write to Meta", "call", r.call)
	err := r.make(ctx, p, view.Template.ID)
	p.AuditWrite(t.Base, r.call, nil, err)
	if err != nil {
		o := lifecycle.Failed(r.call, err)
		if graph.ClassOf(err) != graph.ClassTransient {
			t.Event(p.Object, corev1.EventTypeWarning, r.reason, r.action, "Meta refused to "+r.call+": "+o.Message())
		}
		return o
	}
	t.Event(p.Object, corev1.EventTypeNormal, r.reason, r.action, "Meta was asked to "+r.call)
	if _, err := p.Session.LookupTemplate(ctx, templateKey(p.Object)); err != nil {
		return lifecycle.Failed("look the template up", err)
	}
	return lifecycle.Unchanged(lifecycle.FirstPause)
}
