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

// finder knows which resources an event is about.
type finder struct {
	cache client.Reader
	// absent is what was confirmed to have no resource.
	absent *absences
}

// found is what the cache shows of the resources that an event is about.
type found struct {
	subjects []subject
	// missing is what the cache doesn't show although the event is about it; nil when there is nothing.
	missing *wanted
}

// wanted describes resources of one account.
type wanted struct {
	kind    string
	account client.ObjectKey
	// key tells it from all else that is wanted of the kind and account.
	key string
	// name is the name of the template, "" for other kinds.
	name    string
	matches func(v1alpha1.Asset) bool
	// alone means that the resource counts only if it is the only one.
	alone bool
}

func (w *wanted) absence() absence { return absence{w.account, w.kind + "|" + w.key} }

// find returns the resources of an account that an event is about as far as the cache shows them.
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
		return f.number(ctx, calls(a, v.PhoneNumber))
	case webhook.NumberQuality:
		return f.number(ctx, calls(a, v.PhoneNumber))
	case webhook.NumberSecurity:
		return f.number(ctx, calls(a, v.PhoneNumber))
	case webhook.NumberUsername:
		return f.number(ctx, calls(a, v.PhoneNumber))
	case webhook.NumberSettings:
		return f.number(ctx, hasID(a, v.PhoneNumberID))
	case webhook.Alert:
		if v.Type != alertPictureLost {
			break
		}
		out, err := f.number(ctx, pictureless(a, v))
		out.subjects = append(out.subjects, account)
		return out, err
	}
	return found{subjects: []subject{account}}, nil
}

// pictureless is the number whose picture is lost. Meta names the number, or its profile by an id that can be read nowhere: then
// it is clear only where the account has one number.
func pictureless(a Account, v webhook.Alert) *wanted {
	if v.EntityType == "PHONE_NUMBER" {
		return hasID(a, v.EntityID)
	}
	only := number(a, "any", func(*v1alpha1.PhoneNumber) bool { return true })
	only.alone = true
	return only
}

func (f *finder) template(ctx context.Context, a Account, t webhook.Template) (found, error) {
	key := index.TemplateKey(a.Name, t.Name, t.Language)
	w := &wanted{kind: v1alpha1.KindMessageTemplate, account: a.Name, key: key, name: t.Name, matches: func(obj v1alpha1.Asset) bool {
		o, ok := obj.(*v1alpha1.MessageTemplate)
		return ok && index.TemplateKey(index.Referenced(o.Namespace, o.Spec.WABARef), o.Spec.Name, o.Spec.Language) == key
	}}
	var list v1alpha1.MessageTemplateList
	if err := f.cache.List(ctx, &list, client.MatchingFields{index.Template: key}, client.UnsafeDisableDeepCopy); err != nil {
		return found{}, err
	}
	return f.among(w, objectsOf(list.Items)), nil
}

// calls wants the number with these digits.
func calls(a Account, digitsOfIt string) *wanted {
	return number(a, "+"+digitsOfIt, func(o *v1alpha1.PhoneNumber) bool {
		return digitsOfIt != "" && (metavalues.Digits(o.Status.DisplayPhoneNumber) == digitsOfIt || metavalues.Digits(o.Spec.Number) == digitsOfIt)
	})
}

func hasID(a Account, id string) *wanted {
	return number(a, id, func(o *v1alpha1.PhoneNumber) bool { return id != "" && (o.Status.ID == id || o.Spec.ID == id) })
}

func number(a Account, key string, matches func(*v1alpha1.PhoneNumber) bool) *wanted {
	return &wanted{kind: v1alpha1.KindPhoneNumber, account: a.Name, key: key, matches: func(obj v1alpha1.Asset) bool {
		o, ok := obj.(*v1alpha1.PhoneNumber)
		return ok && index.Referenced(o.Namespace, o.Spec.WABARef) == a.Name && matches(o)
	}}
}

func (f *finder) number(ctx context.Context, w *wanted) (found, error) {
	var list v1alpha1.PhoneNumberList
	err := f.cache.List(ctx, &list, client.MatchingFields{index.Account: index.AccountKey(w.account)}, client.UnsafeDisableDeepCopy)
	if err != nil {
		return found{}, err
	}
	return f.among(w, objectsOf(list.Items)), nil
}

// among is what is wanted among the resources that the cache shows.
func (f *finder) among(w *wanted, objects []v1alpha1.Asset) found {
	var out found
	for _, o := range objects {
		if w.matches(o) {
			out.subjects = append(out.subjects, subject{kind: w.kind, key: client.ObjectKeyFromObject(o)})
		}
	}
	if len(out.subjects) == 0 && !f.absent.has(w.absence()) {
		out.missing = w
	}
	out.subjects = w.those(out.subjects)
	return out
}

// those are the subjects that count.
func (w *wanted) those(subjects []subject) []subject {
	if w.alone && len(subjects) != 1 {
		return nil
	}
	return subjects
}

// objectsOf takes pointers into a list.
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

// subscriptions finds the WebhookSubscriptions of an account. What only names the account, without its owner's consent, isn't
// among them: it must neither be told anything nor cost anything.
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

// accountHas reports whether an event is about the account of this very resource.
func accountHas(o *v1alpha1.WABA, e event) bool {
	return o.UID == e.account.UID && o.Spec.ID == e.account.ID
}

// numberHas reports whether a number was found in the account of an event.
func numberHas(o *v1alpha1.PhoneNumber, e event) bool { return o.Status.AccountID == e.account.ID }

// templateHas reports whether an event is about this template. Events of one that had the same name before aren't.
func templateHas(o *v1alpha1.MessageTemplate, e event) bool {
	switch {
	case o.Status.Operator.PendingCreate != nil:
		return true
	case o.Status.AccountID != e.account.ID:
		return false
	}
	id := templateID(e.Value)
	return id == "" || o.Status.ID == "" || id == o.Status.ID
}

// subscriptionHas reports whether an event came by a subscription of the account; handshakes come before there is one.
func subscriptionHas(o *v1alpha1.WebhookSubscription, e event) bool {
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
