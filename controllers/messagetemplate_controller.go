// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	acv1alpha1 "github.com/waba-operator/waba-operator/internal/applyconfiguration/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
)

// Names of the writes to Meta, in the audit log, in events and in plans.
const (
	CallCreateTemplate  = "create template"
	CallEditTemplate    = "edit template"
	CallUnpauseTemplate = "unpause template"
	CallDeleteTemplate  = "delete template"
)

// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=messagetemplates,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=messagetemplates/status,verbs=patch

// templates is what the lifecycle needs to know of message templates.
type templates struct {
	*base
	// record writes the status in the middle of a pass, before a call whose repetition would hurt.
	record func(ctx context.Context, p *templatePass, o *Result, precondition bool) error
}

type templatePass = pass[*v1alpha1.MessageTemplate]

func newTemplates(b *base) *lifecycle[*v1alpha1.MessageTemplate] {
	t := &templates{base: b}
	l := &lifecycle[*v1alpha1.MessageTemplate]{base: b, kind: t}
	t.record = l.record
	return l
}

func (t *templates) new() *v1alpha1.MessageTemplate { return &v1alpha1.MessageTemplate{} }

func (t *templates) referrer(obj *v1alpha1.MessageTemplate) referrer {
	return referrer{
		kind: v1alpha1.KindMessageTemplate, namespace: obj.Namespace, ref: obj.Spec.WABARef, templateName: obj.Spec.Name,
	}
}

func (t *templates) applyConfiguration() applied {
	return &acv1alpha1.MessageTemplateApplyConfiguration{}
}

// rivals are the resources for the same account, name and language that the account's owner permits: others can't get in
// the way of those.
func (t *templates) rivals(ctx context.Context, obj *v1alpha1.MessageTemplate) ([]claim, error) {
	var list v1alpha1.MessageTemplateList
	if err := t.client.List(ctx, &list, client.MatchingFields{index.Template: index.TemplateKey(index.Referenced(obj.Namespace, obj.Spec.WABARef), obj.Spec.Name, obj.Spec.Language)}); err != nil {
		return nil, err
	}
	claims := make([]claim, 0, len(list.Items))
	for i := range list.Items {
		rival := &list.Items[i]
		if rival.UID != obj.UID {
			permitted, err := t.resolver.permits(ctx, t.referrer(rival))
			if err != nil {
				return nil, err
			}
			if !permitted || !rival.DeletionTimestamp.IsZero() {
				continue
			}
		}
		holds := rival.Status.Baseline != nil || rival.Status.PendingCreate != nil
		claims = append(claims, claimOf(rival, rival.Spec.ManagementPolicy, rival.Status.Conditions, holds))
	}
	return claims, nil
}

// locate has nothing to look up: account, name and language are what Meta knows a template by.
// lookups is the listing by name.
func (t *templates) lookups(*v1alpha1.MessageTemplate) int { return 1 }

func (t *templates) longestWait(reason string) time.Duration {
	if reason == v1alpha1.ReasonEditBudgetExhausted {
		return monthlyWindow
	}
	return 0
}

func (t *templates) topic(obj *v1alpha1.MessageTemplate) topic {
	return topic{template: templateKey(obj)}
}

// news is nothing: conditions show it all.
func (t *templates) news(any, *v1alpha1.MessageTemplate) []notice { return nil }

func (t *templates) locate(_ context.Context, p *templatePass) (*v1alpha1.MessageTemplate, *Result) {
	return p.obj, nil
}

func templateKey(obj *v1alpha1.MessageTemplate) account.TemplateKey {
	return account.NewTemplateKey(obj.Spec.Name, obj.Spec.Language)
}
