// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"context"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	acv1alpha1 "github.com/waba-operator/waba-operator/internal/applyconfiguration/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/number"
)

// Names of the writes to Meta, in the audit log, in events and in plans.
const (
	CallAddNumber   = "add number"
	CallDisplayName = "ask for the display name"
	CallRequestCode = "request a code"
	CallVerifyCode  = "verify the code"
	CallRegister    = "register the number"
	CallDeregister  = "deregister the number"
	CallSetRegion   = "set data localization region"
	CallSetPIN      = "set PIN"
	CallRequestOBA  = "request the official business account"
)

// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=phonenumbers,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=phonenumbers/status,verbs=patch

// numbers is what the lifecycle needs to know of phone numbers.
type numbers struct {
	*lifecycle.Base
	// record writes the status in the middle of a run, before a call whose repetition would hurt.
	record func(ctx context.Context, p *numberRun, o *lifecycle.Result, precondition bool) error
	// schedule remembers when the sections of a number were last read.
	schedule *sectionSchedule
	// calls keeps the scarce calls.
	calls *callLog
}

type numberRun = lifecycle.Run[*v1alpha1.PhoneNumber]

// New returns the reconciler of phone numbers. once is for who runs it once: nothing is put off.
func New(b *lifecycle.Base, once bool) *lifecycle.Reconciler[*v1alpha1.PhoneNumber] {
	n := &numbers{Base: b, schedule: newSectionSchedule(b.Clock), calls: &callLog{status: b.Status}}
	n.schedule.once = once
	b.Objects.Keep(n.schedule)
	l := lifecycle.NewReconciler[*v1alpha1.PhoneNumber](b, n)
	n.record = l.Record
	return l
}

func (n *numbers) New() *v1alpha1.PhoneNumber { return &v1alpha1.PhoneNumber{} }

func (n *numbers) Referrer(obj *v1alpha1.PhoneNumber) lifecycle.Referrer {
	return lifecycle.NumberReferrer(obj)
}

func (n *numbers) ApplyConfiguration() lifecycle.ApplyConfiguration {
	return &acv1alpha1.PhoneNumberApplyConfiguration{}
}

// Claims are the permitted resources for the same number, whether they name it by id or by its digits.
func (n *numbers) Claims(ctx context.Context, obj *v1alpha1.PhoneNumber) ([]lifecycle.Claim, error) {
	return n.NumberClaims(ctx, obj)
}

// Lookups are those of the number and of its sections.
func (n *numbers) Lookups(obj *v1alpha1.PhoneNumber) int { return 1 + len(number.Sections(&obj.Spec)) }

func (n *numbers) LongestWait(reason string) time.Duration {
	switch reason {
	case v1alpha1.ReasonQuotaExceeded, v1alpha1.ReasonAccountBlocked:
		return nameWindow
	}
	return 0
}

func (n *numbers) Topic(obj *v1alpha1.PhoneNumber) lifecycle.Topic {
	return lifecycle.Topic{Number: obj.Status.ID}
}

func (n *numbers) Notices(before any, obj *v1alpha1.PhoneNumber) []lifecycle.Notice {
	is := obj.Status.Webhook
	if is == nil {
		return nil
	}
	was, _ := before.(*v1alpha1.PhoneNumberWebhookStatus)
	if was == nil {
		was = &v1alpha1.PhoneNumberWebhookStatus{}
	}
	return numberNotices(was, is)
}

// Locate looks the number up. Meta's answer shows which resources are about the same one.
func (n *numbers) Locate(ctx context.Context, p *numberRun) (*v1alpha1.PhoneNumber, *lifecycle.Result) {
	n.resetForNewAccount(p)
	view, o := n.lookup(ctx, p)
	if o != nil {
		return nil, o
	}
	p.Found = view
	if view.Number == nil {
		return p.Object, nil
	}
	found := p.Object.DeepCopy()
	found.Status.ID, found.Status.DisplayPhoneNumber = view.Number.ID, view.Number.DisplayPhoneNumber
	return found, nil
}
