// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/relay"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// wantsRelay reports whether a target of the relay wants the delivery.
func (d *delivery) wantsRelay() bool {
	return d.options.Relay != nil && d.options.Relay.Wants(d.appID, fieldsOf(d.changes))
}

func fieldsOf(changes []webhook.Change) []string {
	return distinct(changes, func(c *webhook.Change) string { return c.Field })
}

// forward offers the relay the changes whose accounts trust the delivery's secret. Without this check, a tenant could sign messages to
// accounts of other tenants with its own secret, and targets would take them for verified. forward returns false where a message
// would be lost. willRetry means that Meta sends the delivery again in any case.
func (d *delivery) forward(r *http.Request, body []byte, willRetry bool) bool {
	ctx := r.Context()
	parts, err := d.trustedChanges(ctx)
	if err != nil {
		return false
	}
	keep := func(c *webhook.Change) bool { return parts.kept[c] }
	var part []byte
	if d.app.deliveries.Parse(ctx, len(body), func() { part = webhook.Part(body, d.changes, keep) }) != nil {
		return false
	}
	header := r.Header.Clone()
	if len(part) != len(body) { // Meta's signature doesn't match the part
		header.Set(signatureHeader, signatureText(part, d.secret))
	}
	fields := distinct(d.changes, func(c *webhook.Change) string {
		if !parts.kept[c] {
			return ""
		}
		return c.Field
	})
	return d.options.Relay.Offer(relay.Delivery{
		AppID: d.appID, Body: part, Header: header, Fields: fields, Withheld: len(part) != len(body), WillRetry: willRetry || parts.disputed,
	}) && !parts.disputed
}

// trustedPart is the part of a delivery that may be forwarded.
type trustedPart struct {
	kept map[*webhook.Change]bool
	// disputed means that an event names a number that PhoneNumbers show in another account. They may be out of date.
	disputed bool
}

// trustedChanges returns the changes that may be forwarded.
func (d *delivery) trustedChanges(ctx context.Context) (trustedPart, error) {
	out := trustedPart{kept: map[*webhook.Change]bool{}}
	accounts, numbers := map[string]bool{"": false}, map[numberInAccount]bool{}
	for i := range d.changes {
		c := &d.changes[i]
		var err error
		if _, known := accounts[c.AccountID]; !known {
			if accounts[c.AccountID], err = d.apps.trusted(ctx, c.AccountID, d.secretSet, d.secret, d.options.Clock.Now()); err != nil {
				return out, err
			}
		}
		if !accounts[c.AccountID] {
			continue
		}
		misplaced, err := d.misplaced(ctx, c)
		if err != nil {
			return out, err
		}
		disputed := false
		for _, id := range numbersOf(c) {
			number := numberInAccount{number: id, account: c.AccountID}
			if _, known := numbers[number]; !known {
				if numbers[number], err = d.apps.inAnotherAccount(ctx, number); err != nil {
					return out, err
				}
			}
			disputed = disputed || numbers[number]
		}
		out.kept[c] = !misplaced && !disputed
		out.disputed = out.disputed || disputed
	}
	return out, nil
}

// misplaced reports that an event has the id of an account in place of the id of a business portfolio.
func (d *delivery) misplaced(ctx context.Context, c *webhook.Change) (bool, error) {
	if c.BusinessID == "" {
		return false, nil
	}
	resources, err := d.apps.ofAccount(ctx, c.BusinessID)
	return len(resources) > 0, err
}

// numberInAccount is the id of a number, and the account that it belongs to according to an event.
type numberInAccount struct{ number, account string }

// numbersOf returns the ids of the numbers that an event names.
func numbersOf(c *webhook.Change) []string {
	ids := []string{c.PhoneNumberID}
	if v, ok := c.Value.(webhook.NumberSettings); ok {
		ids = append(ids, v.PhoneNumberID)
	}
	return slices.DeleteFunc(ids, func(id string) bool { return id == "" })
}

// inAnotherAccount reports that PhoneNumbers show a number in another account only. Targets route messages by the id of the number,
// and a tenant can sign messages with any id.
func (a *apps) inAnotherAccount(ctx context.Context, n numberInAccount) (bool, error) {
	var list v1alpha1.PhoneNumberList
	err := a.client.List(ctx, &list, client.MatchingFields{index.NumberID: n.number}, client.UnsafeDisableDeepCopy)
	if err != nil {
		a.failures.Report("list the resources of a number", err)
		return false, err
	}
	var other *v1alpha1.PhoneNumber
	for i := range list.Items {
		switch list.Items[i].Status.AccountID {
		case n.account:
			return false, nil
		case "":
		default:
			other = &list.Items[i]
		}
	}
	if other == nil {
		return false, nil
	}
	a.failures.Report("relay a message", errOtherAccount, "number", n.number, "account", n.account,
		v1alpha1.KindPhoneNumber, client.ObjectKeyFromObject(other).String(), "accountOfPhoneNumber", other.Status.AccountID)
	return true, nil
}

var errOtherAccount = errors.New("the number belongs to another account; if it moved, delete the PhoneNumber of the account that it left")

// trusted reports whether the relay may forward events about an account that are signed with the secret: the Secret of the account's
// resource must contain it. Where several resources have the account's id, those that can't manage it are ignored, because any
// tenant can create one.
func (a *apps) trusted(ctx context.Context, id string, s *secretSet, secret string, now time.Time) (bool, error) {
	resources, err := a.ofAccount(ctx, id)
	if err != nil {
		return false, err
	}
	for i := range resources {
		if len(resources) > 1 && cannotManage(&resources[i]) {
			continue
		}
		if found := s.find(resources[i].UID); found != nil && found.trusts(secret, now) {
			return true, nil
		}
	}
	return false, nil
}

// ofAccount lists the resources of an account that have read it at Meta, those of all apps. The items belong to the cache and must not
// be changed.
func (a *apps) ofAccount(ctx context.Context, id string) ([]v1alpha1.WABA, error) {
	var list v1alpha1.WABAList
	if err := a.client.List(ctx, &list, client.MatchingFields{index.AccountID: id}, client.UnsafeDisableDeepCopy); err != nil {
		a.failures.Report("list the resources of an account", err)
		return nil, err
	}
	var out []v1alpha1.WABA
	for i := range list.Items {
		if list.Items[i].Status.AccountID == id {
			out = append(out, list.Items[i])
		}
	}
	return out, nil
}

// cannotManage reports that another resource manages the account, or that this one can't.
func cannotManage(w *v1alpha1.WABA) bool {
	synced := meta.FindStatusCondition(w.Status.Conditions, v1alpha1.ConditionSynced)
	return meta.IsStatusConditionFalse(w.Status.Conditions, v1alpha1.ConditionCredentialsValid) ||
		synced != nil && (synced.Reason == v1alpha1.ReasonConflict || synced.Reason == v1alpha1.ReasonPermissionDenied)
}
