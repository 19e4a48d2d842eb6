// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// unpauseRequest is the request by annotation to unpause the template, empty where there is none that isn't handled.
func unpauseRequest(p *templateRun) string {
	if asked := p.Object.Annotations[v1alpha1.AnnotationUnpause]; asked != p.Object.Status.Operator.LastHandledUnpause {
		return asked
	}
	return ""
}

// answerUnpause answers a request that needs no call, with an event. One that needs a call stays for unpause.
func (t *templates) answerUnpause(p *templateRun) {
	asked := unpauseRequest(p)
	paused := p.Object.Status.Status == metavalues.TemplatePaused
	switch {
	case asked == "", paused && !t.ReadOnly:
		return
	case paused:
		t.DryRun(p.Object, CallUnpauseTemplate)
	default:
		t.Event(p.Object, corev1.EventTypeNormal, v1alpha1.ReasonUnpauseHandled, "Unpause", "nothing to do: Meta doesn't show the template as paused")
	}
	p.Object.Status.Operator.LastHandledUnpause = asked
}

// unpause makes the call that a person requested by annotation, once for each value, and answers with an event. Templates that
// Meta paused for low quality come back by themselves; those paused by pacing wait for this call
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-pausing).
func (t *templates) unpause(ctx context.Context, p *templateRun, view account.TemplateView) *lifecycle.Result {
	p.Object.Status.Operator.LastHandledUnpause = unpauseRequest(p)
	// The request counts as handled before the call, so that a crash can't repeat it.
	if err := t.record(ctx, p, lifecycle.Waiting(v1alpha1.ReasonProgressing, "asking Meta to unpause the template", 0).AssetUnaffected(), true); err != nil {
		return lifecycle.WriteFailed("record the request to unpause the template", err)
	}
	lifecycle.LogStep(ctx, "About to write to Meta", "call", CallUnpauseTemplate)
	err := p.Session.Client().UnpauseTemplate(ctx, view.Template.ID)
	t.AuditWrite(p.Object, CallUnpauseTemplate, nil, err)
	if err != nil {
		o := lifecycle.Failed("unpause the template", err)
		t.Event(p.Object, corev1.EventTypeWarning, v1alpha1.ReasonUnpauseHandled, "Unpause", "Meta didn't unpause the template: "+o.Message())
		return o
	}
	t.Event(p.Object, corev1.EventTypeNormal, v1alpha1.ReasonUnpauseHandled, "Unpause", "Meta was asked to unpause the template")
	if _, err := p.Session.LookupTemplate(ctx, templateKey(p.Object)); err != nil {
		return lifecycle.Failed("look the template up", err)
	}
	return lifecycle.Unchanged(lifecycle.FirstPause)
}
