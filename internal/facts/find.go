// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"context"

	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// finder finds the resources that an event is about.
type finder struct {
	cache client.Reader
	// absent holds the lookups that were confirmed to match no resource.
	absent *negativeCache
}

// found is the result of a search in the cache.
type found struct {
	subjects []subject
	// missing is a lookup that matches nothing in the cache; nil if everything was found.
	missing *lookup
}

// lookup describes resources of one account.
type lookup struct {
	kind    string
	account client.ObjectKey
	// key distinguishes the lookup from others of the same kind and account.
	key string
	// name is the name of the template, "" for other kinds.
	name    string
	matches func(v1alpha1.Asset) bool
	// mustBeUnique means that the resource counts only if it is the only one.
	mustBeUnique bool
}

func (w *lookup) negativeKey() negativeKey { return negativeKey{w.account, w.kind + "|" + w.key} }

// find returns the resources of an account that an event is about, as far as the cache shows them.
func (f *finder) find(ctx context.Context, a Account, c webhook.Change) (found, error) {
	account := subject{kind: v1alpha1.KindWABA, key: a.Name}
	switch v := c.Value.(type) {
	case webhook.TemplateStatus:
		return f.template(ctx, a, v.Template)
	case webhook.TemplateQuality:
		return f.template(ctx, a, v.Template)
	case webhook.TemplateCategory:
		return f.template(ctx, a, v.Template)
	case webhook.TemplateComponents:
		return f.template(ctx, a, v.Template)
	case webhook.NumberName:
		return f.number(ctx, lookupByDigits(a, v.PhoneNumber))
	case webhook.NumberQuality:
		return f.number(ctx, lookupByDigits(a, v.PhoneNumber))
	case webhook.NumberSecurity:
		return f.number(ctx, lookupByDigits(a, v.PhoneNumber))
	case webhook.NumberUsername:
		return f.number(ctx, lookupByDigits(a, v.PhoneNumber))
	case webhook.NumberSettings:
		return f.number(ctx, lookupByID(a, v.PhoneNumberID))
	case webhook.Alert:
		if v.Type != alertPictureLost {
			break
		}
		result, err := f.number(ctx, lookupWithoutPicture(a, v))
		result.subjects = append(result.subjects, account)
		return result, err
	}
	return found{subjects: []subject{account}}, nil
}

// lookupWithoutPicture finds the number whose picture is lost. Meta names the number, or its profile by an id that no API shows.
// An alert about a profile is clear only where the account has one number.
func lookupWithoutPicture(a Account, v webhook.Alert) *lookup {
	if v.EntityType == "PHONE_NUMBER" {
		return lookupByID(a, v.EntityID)
	}
	only := newNumberLookup(a, "any", func(*v1alpha1.PhoneNumber) bool { return true })
	only.mustBeUnique = true
	return only
}

// template finds the resource of a template by name and language, and by its id where the event has no language.
func (f *finder) template(ctx context.Context, a Account, t webhook.Template) (found, error) {
	if t.Language == "" {
		return f.templateByID(ctx, a, t)
	}
	key := index.TemplateKey(a.Name, t.Name, t.Language)
	w := &lookup{kind: v1alpha1.KindMessageTemplate, account: a.Name, key: key, name: t.Name, matches: func(obj v1alpha1.Asset) bool {
		o, ok := obj.(*v1alpha1.MessageTemplate)
		return ok && index.TemplateKeyOf(o) == key
	}}
	return f.templates(ctx, w, client.MatchingFields{index.TemplateName: index.TemplateNameKey(a.Name, t.Name)})
}

func (f *finder) templateByID(ctx context.Context, a Account, t webhook.Template) (found, error) {
	if t.ID == "" {
		return found{}, nil // a name alone may stand for a template in any language
	}
	w := &lookup{kind: v1alpha1.KindMessageTemplate, account: a.Name, key: "id " + t.ID, name: t.Name, matches: func(obj v1alpha1.Asset) bool {
		o, ok := obj.(*v1alpha1.MessageTemplate)
		return ok && index.Referenced(o.Namespace, o.Spec.WABARef) == a.Name && o.Status.ID == t.ID
	}}
	return f.templates(ctx, w, client.MatchingFields{index.Account: index.AccountKey(a.Name)})
}

func (f *finder) templates(ctx context.Context, w *lookup, fields client.MatchingFields) (found, error) {
	var list v1alpha1.MessageTemplateList
	if err := f.cache.List(ctx, &list, fields, client.UnsafeDisableDeepCopy); err != nil {
		return found{}, err
	}
	return f.matchesIn(w, objectsOf(list.Items)), nil
}

// lookupByDigits finds the number with these digits.
func lookupByDigits(a Account, digits string) *lookup {
	return newNumberLookup(a, "+"+digits, func(o *v1alpha1.PhoneNumber) bool {
		return digits != "" && (metavalues.Digits(o.Status.DisplayPhoneNumber) == digits || metavalues.Digits(o.Spec.Number) == digits)
	})
}

func lookupByID(a Account, id string) *lookup {
	return newNumberLookup(a, id, func(o *v1alpha1.PhoneNumber) bool { return id != "" && (o.Status.ID == id || o.Spec.ID == id) })
}

func newNumberLookup(a Account, key string, matches func(*v1alpha1.PhoneNumber) bool) *lookup {
	return &lookup{kind: v1alpha1.KindPhoneNumber, account: a.Name, key: key, matches: func(obj v1alpha1.Asset) bool {
		o, ok := obj.(*v1alpha1.PhoneNumber)
		return ok && index.Referenced(o.Namespace, o.Spec.WABARef) == a.Name && matches(o)
	}}
}

func (f *finder) number(ctx context.Context, w *lookup) (found, error) {
	var list v1alpha1.PhoneNumberList
	err := f.cache.List(ctx, &list, client.MatchingFields{index.Account: index.AccountKey(w.account)}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return found{}, err
	}
	return f.matchesIn(w, objectsOf(list.Items)), nil
}

// matchesIn returns the resources from the cache that match a lookup.
func (f *finder) matchesIn(w *lookup, objects []v1alpha1.Asset) found {
	var result found
	for _, o := range objects {
		if w.matches(o) {
			result.subjects = append(result.subjects, subject{kind: w.kind, key: client.ObjectKeyFromObject(o)})
		}
	}
	if len(result.subjects) == 0 && !f.absent.has(w.negativeKey()) {
		result.missing = w
	}
	result.subjects = w.countable(result.subjects)
	return result
}

// countable returns the subjects, or none where only a unique one counts.
func (w *lookup) countable(subjects []subject) []subject {
	if w.mustBeUnique && len(subjects) != 1 {
		return nil
	}
	return subjects
}

// objectsOf returns pointers into a list.
func objectsOf[T any, P interface {
	*T
	v1alpha1.Asset
}](items []T) []v1alpha1.Asset {
	out := make([]v1alpha1.Asset, len(items))
	for i := range items {
		out[i] = P(&items[i])
	}
	return out
}

// subscriptions finds the WebhookSubscriptions of an account. A subscription that only names the account, without its owner's
// consent, is left out: its status must not reveal events, and it must not cause writes.
func (f *finder) subscriptions(ctx context.Context, a Account) ([]subject, error) {
	var list v1alpha1.WebhookSubscriptionList
	err := f.cache.List(ctx, &list, client.MatchingFields{index.Account: index.AccountKey(a.Name)}, client.UnsafeDisableDeepCopy)
	var found []subject
	for i := range list.Items {
		if o := &list.Items[i]; o.Status.AccountID == a.ID {
			found = append(found, subject{kind: v1alpha1.KindWebhookSubscription, key: client.ObjectKeyFromObject(o)})
		}
	}
	return found, err
}

// belongsToAccount reports whether an event is about the account of this very resource.
func belongsToAccount(o *v1alpha1.WABA, e event) bool {
	return o.UID == e.account.UID && o.Spec.ID == e.account.ID
}

// belongsToNumber reports whether a number was found in the account of an event.
func belongsToNumber(o *v1alpha1.PhoneNumber, e event) bool {
	return o.Status.AccountID == e.account.ID
}

// belongsToTemplate reports whether an event is about this template. Events of an earlier template with the same name aren't.
func belongsToTemplate(o *v1alpha1.MessageTemplate, e event) bool {
	switch {
	case o.Status.Operator.PendingCreate != nil:
		return true
	case o.Status.AccountID != e.account.ID:
		return false
	}
	id := templateID(e.Value)
	return id == "" || o.Status.ID == "" || id == o.Status.ID
}

// belongsToSubscription reports whether an event arrived through a subscription of the account; handshakes arrive before there is
// one.
func belongsToSubscription(o *v1alpha1.WebhookSubscription, e event) bool {
	return e.handshake || o.Status.AccountID == e.account.ID
}

func templateID(v webhook.Value) string {
	switch v := v.(type) {
	case webhook.TemplateStatus:
		return v.ID
	case webhook.TemplateQuality:
		return v.ID
	case webhook.TemplateCategory:
		return v.ID
	case webhook.TemplateComponents:
		return v.ID
	}
	return ""
}
