// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package phonenumber

import (
	"context"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/standing"
)

// absent handles a number that the account doesn't have.
func (n *numbers) absent(ctx context.Context, p *numberRun) *lifecycle.Result {
	s, spec := &p.Object.Status, &p.Object.Spec
	switch {
	case s.ID != "":
		return lifecycle.NotSynced(v1alpha1.ReasonNotFound,
			"the number is no longer in the account; a number can only be removed by a person, so it isn't added again by itself: "+
				"delete this resource, or create it anew with creationPolicy: Add")
	case !p.Writable():
		return lifecycle.NotSynced(v1alpha1.ReasonNotFound, "the account has no such number")
	case spec.ID != "":
		return lifecycle.NotSynced(v1alpha1.ReasonNotFound, "the account has no number with this id; correct spec.id or spec.wabaRef")
	case spec.CreationPolicy != v1alpha1.CreationPolicyAdd:
		return lifecycle.NotSynced(v1alpha1.ReasonNotFound, "the account has no such number; set creationPolicy: Add to add it, or correct spec.number")
	}
	if r := standing.Restriction(&p.WABA.Status, standing.RestrictedAddNumber, p.Now); r != nil {
		o := lifecycle.Waiting(v1alpha1.ReasonAccountBlocked, "Meta doesn't let the account add numbers for now; the number is added when that is over", lifecycle.QuotaRecheck)
		if r.ExpirationTime != nil {
			o = o.RetryAfter(r.ExpirationTime.Sub(p.Now))
		}
		return o.Showing(true)
	}
	if hold := p.RefusedFor(); hold > 0 {
		return lifecycle.Unchanged(hold)
	}
	if n.ReadOnly {
		n.compareNumber(p, nil)
		return lifecycle.DryRunOnly(v1alpha1.ReasonNotFound, n.DryRun(p.Object, CallAddNumber))
	}
	return n.add(ctx, p)
}

// add adds the number to the account. It can never be taken away again by API.
func (n *numbers) add(ctx context.Context, p *numberRun) *lifecycle.Result {
	s := &p.Object.Status
	if s.Operator.PendingAdd == nil {
		s.Operator.PendingAdd = &v1alpha1.PendingAdd{Time: metav1.NewTime(p.Now.Truncate(time.Second))}
		p.Status.AccountID = p.WABA.Spec.ID
		if err := n.record(ctx, p, lifecycle.Waiting(v1alpha1.ReasonProgressing, "adding the number", 0), true); err != nil {
			return lifecycle.WriteFailed("record the pending addition", err)
		}
	}
	lifecycle.LogStep(ctx, "About to write to Meta", "call", CallAddNumber)
	id, err := p.Session.Client().AddPhoneNumber(ctx, p.WABA.Spec.ID, newPhoneNumber(&p.Object.Spec))
	p.AuditWrite(n.Base, CallAddNumber, nil, err)
	if err != nil {
		if e, ok := graph.AsError(err); ok && e.Class != graph.ClassTransient && e.Class != graph.ClassUnknown && e.Cause != graph.CauseDuplicate {
			s.Operator.PendingAdd = nil // refused: nothing was added
		}
		return lifecycle.Failed("add the number", err).Pausing(lifecycle.SlowPause)
	}
	s.Operator.PendingAdd = nil
	s.ID, p.Status.AccountID = id, p.WABA.Spec.ID
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
