// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"cmp"
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	acv1alpha1 "github.com/waba-operator/waba-operator/internal/applyconfiguration/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/number"
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
}

type numberPass = pass[*v1alpha1.PhoneNumber]

func newNumbers(b *base, once bool) *lifecycle[*v1alpha1.PhoneNumber] {
	n := &numbers{base: b, reads: b.stores.sections}
	n.reads.once = once
	l := &lifecycle[*v1alpha1.PhoneNumber]{base: b, kind: n}
	n.record = l.record
	return l
}

func (n *numbers) new() *v1alpha1.PhoneNumber { return &v1alpha1.PhoneNumber{} }

func (n *numbers) referrer(obj *v1alpha1.PhoneNumber) referrer { return numberReferrer(obj) }

func numberReferrer(obj *v1alpha1.PhoneNumber) referrer {
	return referrer{kind: v1alpha1.KindPhoneNumber, namespace: obj.Namespace, ref: obj.Spec.WABARef}
}

func (n *numbers) applyConfiguration() applied { return &acv1alpha1.PhoneNumberApplyConfiguration{} }

// rivals are the permitted resources for the same number, whether they name it by id or by its digits.
func (n *numbers) rivals(ctx context.Context, obj *v1alpha1.PhoneNumber) ([]claim, error) {
	return n.numberClaims(ctx, obj)
}

// numberClaims are the claims of permitted resources to the number of one of them, which is among them.
func (b *base) numberClaims(ctx context.Context, obj *v1alpha1.PhoneNumber) ([]claim, error) {
	var list v1alpha1.PhoneNumberList
	key := numberReferrer(obj).account().String()
	if err := b.client.List(ctx, &list, client.MatchingFields{index.Account: key}); err != nil {
		return nil, err
	}
	var claims []claim
	for i := range list.Items {
		rival := &list.Items[i]
		if rival.UID != obj.UID {
			if !number.Same(rival, obj) || !rival.DeletionTimestamp.IsZero() {
				continue
			}
			permitted, err := b.resolver.permits(ctx, numberReferrer(rival))
			if err != nil {
				return nil, err
			}
			if !permitted {
				continue
			}
		}
		claims = append(claims, claimOf(rival, rival.Spec.ManagementPolicy, rival.Status.Conditions, rival.Status.ID != ""))
	}
	return claims, nil
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
