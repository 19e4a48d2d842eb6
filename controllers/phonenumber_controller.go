// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"
	"time"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	acv1alpha1 "github.com/waba-operator/waba-operator/internal/applyconfiguration/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
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
)

// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=phonenumbers,verbs=get;list;watch;patch
// +kubebuilder:rbac:groups=whatsapp.waba-operator.io,resources=phonenumbers/status,verbs=patch

// numbers is what the lifecycle needs to know of phone numbers.
type numbers struct {
	*base
	// record writes the status in the middle of a pass, before a call whose repetition would hurt.
	record func(ctx context.Context, p *numberPass, o *Result, precondition bool) error
	// reads remembers when the sections of a number were last read.
	reads *sectionReads
	// ledger keeps the scarce calls.
	ledger *ledger
}

type numberPass = pass[*v1alpha1.PhoneNumber]

func newNumbers(b *base, once bool) *lifecycle[*v1alpha1.PhoneNumber] {
	n := &numbers{base: b, reads: newSectionReads(b.clock), ledger: &ledger{status: b.status}}
	n.reads.once = once
	b.objects.keep(n.reads)
	l := &lifecycle[*v1alpha1.PhoneNumber]{base: b, kind: n}
	n.record = l.record
	return l
}

func (n *numbers) new() *v1alpha1.PhoneNumber { return &v1alpha1.PhoneNumber{} }

func (n *numbers) referrer(obj *v1alpha1.PhoneNumber) referrer { return numberReferrer(obj) }

func (n *numbers) applyConfiguration() applied { return &acv1alpha1.PhoneNumberApplyConfiguration{} }

// rivals are the permitted resources for the same number, whether they name it by id or by its digits.
func (n *numbers) rivals(ctx context.Context, obj *v1alpha1.PhoneNumber) ([]claim, error) {
	return n.numberClaims(ctx, obj)
}

// sameNumber reports whether two resources of one account are about the same number at Meta: by its id, as written or as found,
// or by its digits, as written or as Meta shows them. Of a resource that wasn't looked up yet only one of the two is known, so the
// question is asked again after the lookup (locate).
func sameNumber(a, b *v1alpha1.PhoneNumber) bool {
	ids := func(o *v1alpha1.PhoneNumber) [2]string {
		return [2]string{o.Spec.ID, o.Status.ID}
	}
	for _, x := range ids(a) {
		for _, y := range ids(b) {
			if x != "" && x == y {
				return true
			}
		}
	}
	digits := func(o *v1alpha1.PhoneNumber) string {
		return metavalues.Digits(cmp.Or(o.Spec.Number, o.Status.DisplayPhoneNumber))
	}
	return digits(a) != "" && digits(a) == digits(b)
}

// lookups are those of the number and of its sections.
func (n *numbers) lookups(obj *v1alpha1.PhoneNumber) int { return 1 + len(number.Sections(&obj.Spec)) }

func (n *numbers) longestWait(reason string) time.Duration {
	switch reason {
	case v1alpha1.ReasonQuotaExceeded, v1alpha1.ReasonAccountBlocked:
		return nameWindow
	}
	return 0
}

func (n *numbers) topic(obj *v1alpha1.PhoneNumber) topic { return topic{number: obj.Status.ID} }

func (n *numbers) news(before any, obj *v1alpha1.PhoneNumber) []notice {
	is := obj.Status.Webhook
	if is == nil {
		return nil
	}
	was, _ := before.(*v1alpha1.PhoneNumberWebhookStatus)
	if was == nil {
		was = &v1alpha1.PhoneNumberWebhookStatus{}
	}
	return numberNews(was, is)
}

// locate looks the number up. What Meta shows tells which resources are about the same one.
func (n *numbers) locate(ctx context.Context, p *numberPass) (*v1alpha1.PhoneNumber, *Result) {
	n.leave(p)
	view, o := n.look(ctx, p)
	if o != nil {
		return nil, o
	}
	p.number = view
	if view.Number == nil {
		return p.obj, nil
	}
	found := p.obj.DeepCopy()
	found.Status.ID, found.Status.DisplayPhoneNumber = view.Number.ID, view.Number.DisplayPhoneNumber
	return found, nil
}

// isNumber reports whether a number at Meta is the one that a spec names.
func isNumber(spec *v1alpha1.PhoneNumberSpec, live graph.PhoneNumber) bool {
	if spec.ID != "" {
		return live.ID == spec.ID
	}
	return metavalues.Digits(live.DisplayPhoneNumber) == metavalues.Digits(spec.Number)
}
