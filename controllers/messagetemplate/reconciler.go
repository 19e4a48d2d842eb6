// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package messagetemplate

import (
	"context"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	acv1alpha1 "github.com/waba-operator/waba-operator/internal/applyconfiguration/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
)

// Names of the writes to Meta, in the audit log, in events and in plans.
const (
	CallCreateTemplate    = "create template"
	CallEditTemplate      = "edit template"
	CallUnpauseTemplate   = "unpause template"
	CallUnarchiveTemplate = "unarchive template"
	CallDeleteTemplate    = "delete template"
)

// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=messagetemplates,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=messagetemplates/status,verbs=patch

// templates is what the lifecycle needs to know of message templates.
type templates struct {
	*lifecycle.Base
	// record writes the status in the middle of a run, before a call whose repetition would hurt.
	record func(ctx context.Context, p *templateRun, o *lifecycle.Result, precondition bool) error
}

type templateRun = lifecycle.Run[*v1alpha1.MessageTemplate]

// New returns the reconciler of message templates.
func New(b *lifecycle.Base) *lifecycle.Reconciler[*v1alpha1.MessageTemplate] {
	t := &templates{Base: b}
	l := lifecycle.NewReconciler[*v1alpha1.MessageTemplate](b, t)
	t.record = l.Record
	return l
}

func (t *templates) New() *v1alpha1.MessageTemplate { return &v1alpha1.MessageTemplate{} }

func (t *templates) Referrer(obj *v1alpha1.MessageTemplate) lifecycle.Referrer {
	return lifecycle.Referrer{
		Kind: v1alpha1.KindMessageTemplate, Namespace: obj.Namespace, Ref: obj.Spec.WABARef, TemplateName: obj.Spec.Name,
	}
}

func (t *templates) ApplyConfiguration() lifecycle.ApplyConfiguration {
	return &acv1alpha1.MessageTemplateApplyConfiguration{}
}

// Claims are the resources for the same account, name and language that the account's owner permits: others can't get in
// the way of those.
func (t *templates) Claims(ctx context.Context, obj *v1alpha1.MessageTemplate) ([]lifecycle.Claim, error) {
	var list v1alpha1.MessageTemplateList
	if err := t.Client.List(ctx, &list, client.MatchingFields{index.TemplateName: index.TemplateNameKey(index.AccountOf(obj), obj.Spec.Name)}); err != nil {
		return nil, err
	}
	claims := make([]lifecycle.Claim, 0, len(list.Items))
	for i := range list.Items {
		rival := &list.Items[i]
		if index.TemplateKeyOf(rival) != index.TemplateKeyOf(obj) {
			continue // another language
		}
		if rival.UID != obj.UID {
			permitted, err := t.Resolver.Permits(ctx, t.Referrer(rival))
			if err != nil {
				return nil, err
			}
			if !permitted || !rival.DeletionTimestamp.IsZero() {
				continue
			}
		}
		holds := rival.Status.Operator.Baseline != nil || rival.Status.Operator.PendingCreate != nil
		claims = append(claims, lifecycle.ClaimOf(rival, rival.Spec.ManagementPolicy, rival.Status.Conditions, holds))
	}
	return claims, nil
}

// locate has nothing to look up: account, name and language are what Meta knows a template by.
// lookups is the listing by name.
func (t *templates) Lookups(*v1alpha1.MessageTemplate) int { return 1 }

func (t *templates) LongestWait(reason string) time.Duration {
	if reason == v1alpha1.ReasonEditBudgetExhausted {
		return monthlyWindow
	}
	return 0
}

func (t *templates) Topic(obj *v1alpha1.MessageTemplate) lifecycle.Topic {
	return lifecycle.Topic{Template: templateKey(obj)}
}

// Notices is nothing: conditions show it all.
func (t *templates) Notices(any, *v1alpha1.MessageTemplate) []lifecycle.Notice { return nil }

func (t *templates) Locate(_ context.Context, p *templateRun) (*v1alpha1.MessageTemplate, *lifecycle.Result) {
	return p.Object, nil
}

func templateKey(obj *v1alpha1.MessageTemplate) account.TemplateKey {
	return account.NewTemplateKey(obj.Spec.Name, obj.Spec.Language)
}
