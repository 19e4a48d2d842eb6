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

// unpause makes the call that a person asked for by annotation, once for each value, and answers with an event. Templates
// that Meta paused for low quality come back by themselves; those paused by pacing wait for this call
// (https://developers.facebook.com/documentation/business-messaging/whatsapp/templates/template-pausing).
func (t *templates) unpause(ctx context.Context, p *templateRun, view account.TemplateView) *lifecycle.Result {
	asked := p.Object.Annotations[v1alpha1.AnnotationUnpause]
	if asked == "" || asked == p.Object.Status.LastHandledUnpause {
		return nil
	}
	p.Object.Status.LastHandledUnpause = asked
	switch {
	case p.Object.Status.Status != metavalues.TemplatePaused:
		t.Event(p.Object, corev1.EventTypeNormal, v1alpha1.ReasonUnpauseHandled, "Unpause", "nothing to do: Meta doesn't show the template as paused")
		return nil
	case t.ReadOnly:
		t.DryRun(p.Object, CallUnpauseTemplate)
		return nil
	}
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
