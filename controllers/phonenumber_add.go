// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/standing"
)

// absent handles a number that the account doesn't have.
func (n *numbers) absent(ctx context.Context, p *numberPass) *Result {
	s, spec := &p.obj.Status, &p.obj.Spec
	switch {
	case s.ID != "":
		return notSynced(v1alpha1.ReasonNotFound,
			"the number is no longer in the account; a number can only be removed by a person, so it isn't added again by itself: "+
				"delete this resource, or create it anew with creationPolicy: Add")
	case !p.writable():
		return notSynced(v1alpha1.ReasonNotFound, "the account has no such number")
	case spec.ID != "":
		return notSynced(v1alpha1.ReasonNotFound, "the account has no number with this id; correct spec.id or spec.wabaRef")
	case spec.CreationPolicy != v1alpha1.CreationPolicyAdd:
		return notSynced(v1alpha1.ReasonNotFound, "the account has no such number; set creationPolicy: Add to add it, or correct spec.number")
	}
	if r := standing.Restriction(&p.waba.Status, standing.RestrictedAddNumber, p.now); r != nil {
		o := waiting(v1alpha1.ReasonAccountBlocked, "Meta doesn't let the account add numbers for now; the number is added when that is over", quotaRecheck)
		if r.Expires != nil {
			o = o.retryAfter(r.Expires.Sub(p.now))
		}
		return o.showing(true)
	}
	if hold := p.refusedFor(); hold > 0 {
		return unchanged(hold)
	}
	if n.readOnly {
		return withheld(v1alpha1.ReasonNotFound, n.would(p.obj, CallAddNumber))
	}
	return n.add(ctx, p)
}

// add adds the number to the account. It can never be taken away again by API.
func (n *numbers) add(ctx context.Context, p *numberPass) *Result {
	s := &p.obj.Status
	if s.PendingAdd == nil {
		s.PendingAdd = &v1alpha1.PendingAdd{Time: metav1.NewTime(p.now.Truncate(time.Second))}
		p.status.AccountID = p.waba.Spec.ID
		if err := n.record(ctx, p, waiting(v1alpha1.ReasonProgressing, "adding the number", 0), true); err != nil {
			return notWritten("record the pending addition", err)
		}
	}
	logStep(ctx, "About to write to Meta", "call", CallAddNumber)
	id, err := p.session.Client().AddPhoneNumber(ctx, p.waba.Spec.ID, newPhoneNumber(&p.obj.Spec))
	n.wrote(p.obj, CallAddNumber, nil, err)
	if err != nil {
		if e, ok := graph.AsError(err); ok && e.Class != graph.ClassTransient && e.Class != graph.ClassUnknown && e.Cause != graph.CauseDuplicate {
			s.PendingAdd = nil // refused: nothing was added
		}
		return failure("add the number", err).pausing(slowPause)
	}
	s.PendingAdd = nil
	s.ID, p.status.AccountID = id, p.waba.Spec.ID
	return n.reread(ctx, p, id, "added")
}

func newPhoneNumber(spec *v1alpha1.PhoneNumberSpec) graph.NewPhoneNumber {
	digits := metavalues.Digits(spec.Number)
	code := countryCode(digits)
	return graph.NewPhoneNumber{CountryCode: code, Number: digits[len(code):], VerifiedName: spec.DisplayName}
}

// shortCodes are the country codes of one and two digits; all others have three, and none begins another
// (ITU-T E.164, list of assigned country codes).
var shortCodes = []string{
	"1", "7", "20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45", "46", "47", "48", "49",
	"51", "52", "53", "54", "55", "56", "57", "58", "60", "61", "62", "63", "64", "65", "66", "81", "82", "84", "86",
	"90", "91", "92", "93", "94", "95", "98",
}

// countryCode is the beginning of an international number that Meta wants apart from the rest.
func countryCode(digits string) string {
	for n := 1; n <= 2; n++ {
		if code := digits[:n]; slices.Contains(shortCodes, code) {
			return code
		}
	}
	return digits[:3]
}
