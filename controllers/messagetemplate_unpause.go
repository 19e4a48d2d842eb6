// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"

	corev1 "k8s.io/api/core/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// unpause makes the call that a person asked for by annotation, once for each value, and answers with an event. Templates
// that Meta paused for low quality come back by themselves; those paused by pacing wait for this call
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-pausing).
func (t *templates) unpause(ctx context.Context, p *templatePass, view account.TemplateView) *Result {
	asked := p.obj.Annotations[v1alpha1.AnnotationUnpause]
	if asked == "" || asked == p.obj.Status.LastHandledUnpause {
		return nil
	}
	p.obj.Status.LastHandledUnpause = asked
	switch {
	case p.obj.Status.Status != metavalues.TemplatePaused:
		t.event(p.obj, corev1.EventTypeNormal, v1alpha1.ReasonUnpause, "Unpause", "nothing to do: Meta doesn't show the template as paused")
		return nil
	case t.readOnly:
		t.would(p.obj, CallUnpauseTemplate)
		return nil
	}
	// The request counts as handled before the call, so that a crash can't repeat it.
	if err := t.record(ctx, p, waiting(v1alpha1.ReasonProgressing, "asking Meta to unpause the template", 0).assetUnaffected(), true); err != nil {
		return notWritten("record the request to unpause the template", err)
	}
	logStep(ctx, "About to write to Meta", "call", CallUnpauseTemplate)
	err := p.session.Client().UnpauseTemplate(ctx, view.Template.ID)
	t.wrote(p.obj, CallUnpauseTemplate, nil, err)
	if err != nil {
		o := failure("unpause the template", err)
		t.event(p.obj, corev1.EventTypeWarning, v1alpha1.ReasonUnpause, "Unpause", "Meta didn't unpause the template: "+o.message)
		return o
	}
	t.event(p.obj, corev1.EventTypeNormal, v1alpha1.ReasonUnpause, "Unpause", "Meta was asked to unpause the template")
	if _, err := p.session.LookupTemplate(ctx, templateKey(p.obj)); err != nil {
		return failure("look the template up", err)
	}
	return unchanged(firstPause)
}
