// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"context"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/deadline"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
)

// createRecheck is how soon a template that may still appear is looked for again.
const createRecheck = 20 * time.Second

// Delete deletes the template, by id and name together: by name alone every language would go.
func (t *templates) Delete(ctx context.Context, p *templateRun) (bool, *lifecycle.Result) {
	s := &p.Object.Status
	if s.Operator.Baseline == nil && s.Operator.PendingCreate == nil {
		return true, nil // never created or adopted by this resource
	}
	key := templateKey(p.Object)
	var live *graph.Template
	d := &lifecycle.DestructiveWrite{
		Call: CallDeleteTemplate, ID: p.Status.ID,
		Claims: func(ctx context.Context) ([]v1alpha1.Asset, error) {
			claims, err := t.Claims(ctx, p.Object)
			return lifecycle.OtherClaimants(p.Object, claims), err
		},
		Confirm: func(ctx context.Context) (ours bool, o *lifecycle.Result) {
			live, o = t.removable(ctx, p, key)
			return live != nil, o
		},
		Write: func(ctx context.Context) *lifecycle.Result {
			return t.CallMeta(ctx, p.Object, CallDeleteTemplate, func(ctx context.Context) error {
				return p.Session.Client().DeleteTemplate(ctx, p.WABA.Spec.ID, key.Name, live.ID)
			})
		},
	}
	switch end, o := t.Destroy(ctx, p.Object, d); {
	case o != nil:
		return false, o
	case end == lifecycle.EndGone && live != nil:
		p.Session.RecordWrite(key, nil)
	}
	return true, nil
}

// removable returns the template that is to be deleted as Meta shows it now, nil where there is none of ours.
func (t *templates) removable(ctx context.Context, p *templateRun, key account.TemplateKey) (*graph.Template, *lifecycle.Result) {
	view, err := p.Session.LookupTemplate(ctx, key)
	if err != nil {
		return nil, lifecycle.Failed("look the template up", err)
	}
	live, pending := view.Template, p.Object.Status.Operator.PendingCreate
	switch {
	case live == nil && pending != nil && deadline.Within(pending.Time.Time, p.Now, lifecycle.InFlight):
		return nil, lifecycle.Waiting(v1alpha1.ReasonProgressing, "a create may still be under way; looking for the template again", createRecheck).AssetUnaffected()
	case live == nil, live.Status == metavalues.TemplatePendingDeletion, live.Status == metavalues.TemplateDeleted:
		return nil, nil
	case !t.owns(p, view):
		return nil, nil // another resource's, or a person's, by now
	case live.Status == metavalues.TemplateDisabled:
		return nil, lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta, "Meta doesn't let disabled templates be deleted")
	}
	if hold := p.RefusedFor(); hold > 0 {
		return nil, lifecycle.Unchanged(hold)
	}
	return live, nil
}
