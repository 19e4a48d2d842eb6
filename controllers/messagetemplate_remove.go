// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// createRecheck is how soon a template that may still appear is looked for again.
const createRecheck = 20 * time.Second

// remove deletes the template, by id and name together: by name alone every language would go.
func (t *templates) remove(ctx context.Context, p *templatePass) (bool, *Result) {
	s := &p.obj.Status
	if s.Baseline == nil && s.PendingCreate == nil {
		return true, nil // never created or adopted by this resource
	}
	key := templateKey(p.obj)
	var live *graph.Template
	d := &destructive{
		call: CallDeleteTemplate, id: p.status.ID,
		claims: func(ctx context.Context) ([]v1alpha1.Asset, error) {
			claims, err := t.rivals(ctx, p.obj)
			return otherClaimants(p.obj, claims), err
		},
		confirm: func(ctx context.Context) (ours bool, o *Result) {
			live, o = t.removable(ctx, p, key)
			return live != nil, o
		},
		write: func(ctx context.Context) *Result {
			return t.callMeta(ctx, p.obj, CallDeleteTemplate, func(ctx context.Context) error {
				return p.session.Client().DeleteTemplate(ctx, p.waba.Spec.ID, key.Name, live.ID)
			})
		},
	}
	switch end, o := t.destroy(ctx, p.obj, d); {
	case o != nil:
		return false, o
	case end == endGone && live != nil:
		p.session.Wrote(key, nil)
	}
	return true, nil
}

// removable returns the template that is to be deleted as Meta shows it now, nil where there is none of ours.
func (t *templates) removable(ctx context.Context, p *templatePass, key account.TemplateKey) (*graph.Template, *Result) {
	view, err := p.session.LookupTemplate(ctx, key)
	if err != nil {
		return nil, failure("look the template up", err)
	}
	live, pending := view.Template, p.obj.Status.PendingCreate
	switch {
	case live == nil && pending != nil && deadline.Within(pending.Time.Time, p.now, inFlight):
		return nil, waiting(v1alpha1.ReasonProgressing, "a create may still be under way; looking for the template again", createRecheck).assetUnaffected()
	case live == nil, live.Status == metavalues.TemplatePendingDeletion, live.Status == metavalues.TemplateDeleted:
		return nil, nil
	case !t.mine(p, view):
		return nil, nil // another resource's, or a person's, by now
	case live.Status == metavalues.TemplateDisabled:
		return nil, notSynced(v1alpha1.ReasonRefusedByMeta, "Meta doesn't let disabled templates be deleted")
	}
	if hold := p.refusedFor(); hold > 0 {
		return nil, unchanged(hold)
	}
	return live, nil
}
