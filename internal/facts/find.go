// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package facts

import (
	"context"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

// finder knows which resources an event is about.
type finder struct {
	cache client.Reader
	// live confirms that nobody manages what the cache doesn't show: a resource may be newer than the cache.
	live client.Reader
	// scopes restrict what live lists, as the cache is restricted.
	scopes []client.ListOptions
	absent *absences
}

// find returns the resources of an account that an event is about, none when nobody manages it.
func (f *finder) find(ctx context.Context, a Account, c webhook.Change) ([]subject, error) {
	account := subject{kind: kindAccount, key: a.Name}
	switch v := c.Value.(type) {
	case webhook.TemplateStatus:
		return f.templates(ctx, a, v.Template)
	case webhook.TemplateQuality:
		return f.templates(ctx, a, v.Template)
	case webhook.TemplateCategory:
		return f.templates(ctx, a, v.Template)
	case webhook.TemplateComponents:
		return f.templates(ctx, a, v.Template)
	case webhook.NumberName:
		return f.numbers(ctx, a, calls(v.PhoneNumber))
	case webhook.NumberQuality:
		return f.numbers(ctx, a, calls(v.PhoneNumber))
	case webhook.NumberSecurity:
		return f.numbers(ctx, a, calls(v.PhoneNumber))
	case webhook.NumberUsername:
		return f.numbers(ctx, a, calls(v.PhoneNumber))
	case webhook.NumberSettings:
		return f.numbers(ctx, a, hasID(v.PhoneNumberID))
	case webhook.Alert:
		found := []subject{account}
		if v.Type != alertPictureLost {
			return found, nil
		}
		numbers, err := f.pictureless(ctx, a, v)
		return append(found, numbers...), err
	}
	return []subject{account}, nil
}

// pictureless finds the number whose picture is lost. Meta names the number, or its profile by an id that can be read
// nowhere: then it is clear only where the account has one number.
func (f *finder) pictureless(ctx context.Context, a Account, v webhook.Alert) ([]subject, error) {
	if v.EntityType == "PHONE_NUMBER" {
		return f.numbers(ctx, a, hasID(v.EntityID))
	}
	all, err := f.numbers(ctx, a, matcher{key: "any", match: func(*v1alpha1.PhoneNumber) bool { return true }})
	if len(all) != 1 {
		return nil, err
	}
	return all, err
}

func (f *finder) templates(ctx context.Context, a Account, t webhook.Template) ([]subject, error) {
	key := index.TemplateKey(a.Name, t.Name, t.Language)
	found, err := f.templatesIn(ctx, f.cache, key, client.MatchingFields{index.Template: key})
	if len(found) > 0 || err != nil || f.absent.has(absence{a.Name, "template|" + key}) {
		return found, err
	}
	for i := range f.scopes {
		scope := f.scopes[i]
		confirmed, err := f.templatesIn(ctx, f.live, key, &scope, client.MatchingFields{"spec.name": t.Name})
		if err != nil {
			return nil, err
		}
		found = append(found, confirmed...)
	}
	if len(found) == 0 {
		f.absent.add(absence{a.Name, "template|" + key})
	}
	return found, nil
}

func (f *finder) templatesIn(ctx context.Context, r client.Reader, key string, opts ...client.ListOption) ([]subject, error) {
	var list v1alpha1.MessageTemplateList
	if err := r.List(ctx, &list, append(opts, client.UnsafeDisableDeepCopy)...); err != nil {
		return nil, err
	}
	var found []subject
	for i := range list.Items {
		o := &list.Items[i]
		if index.TemplateKey(index.Referenced(o.Namespace, o.Spec.WABARef), o.Spec.Name, o.Spec.Language) == key {
			found = append(found, subject{kind: kindTemplate, key: client.ObjectKeyFromObject(o)})
		}
	}
	return found, nil
}

// matcher recognises one number among those of an account; key tells it from other matchers.
type matcher struct {
	key   string
	match func(*v1alpha1.PhoneNumber) bool
}

func calls(number string) matcher {
	return matcher{key: "+" + number, match: func(o *v1alpha1.PhoneNumber) bool {
		return number != "" && (digits(o.Status.DisplayPhoneNumber) == number || digits(o.Spec.Number) == number)
	}}
}

func hasID(id string) matcher {
	return matcher{key: id, match: func(o *v1alpha1.PhoneNumber) bool { return id != "" && (o.Status.ID == id || o.Spec.ID == id) }}
}

func digits(s string) string {
	return strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, s)
}

func (f *finder) numbers(ctx context.Context, a Account, m matcher) ([]subject, error) {
	found, err := numbersIn(ctx, f.cache, a, m, client.MatchingFields{index.Account: index.AccountKey(a.Name)})
	absent := absence{a.Name, "number|" + m.key}
	if len(found) > 0 || err != nil || f.absent.has(absent) {
		return found, err
	}
	for i := range f.scopes {
		confirmed, err := numbersIn(ctx, f.live, a, m, &f.scopes[i])
		if err != nil {
			return nil, err
		}
		found = append(found, confirmed...)
	}
	if len(found) == 0 {
		f.absent.add(absent)
	}
	return found, nil
}

func numbersIn(ctx context.Context, r client.Reader, a Account, m matcher, opts ...client.ListOption) ([]subject, error) {
	var list v1alpha1.PhoneNumberList
	if err := r.List(ctx, &list, append(opts, client.UnsafeDisableDeepCopy)...); err != nil {
		return nil, err
	}
	var found []subject
	for i := range list.Items {
		o := &list.Items[i]
		if index.Referenced(o.Namespace, o.Spec.WABARef) == a.Name && m.match(o) {
			found = append(found, subject{kind: kindNumber, key: client.ObjectKeyFromObject(o)})
		}
	}
	return found, nil
}

// subscriptions finds the WebhookSubscriptions of an account. What only names the account, without its owner's consent, isn't
// among them: it must neither be told anything nor cost anything.
func (f *finder) subscriptions(ctx context.Context, a Account) ([]subject, error) {
	var list v1alpha1.WebhookSubscriptionList
	err := f.cache.List(ctx, &list, client.MatchingFields{index.Account: index.AccountKey(a.Name)}, client.UnsafeDisableDeepCopy)
	var found []subject
	for i := range list.Items {
		if o := &list.Items[i]; o.Status.AccountID == a.ID {
			found = append(found, subject{kind: kindSubscription, key: client.ObjectKeyFromObject(o)})
		}
	}
	return found, err
}

// belongs reports whether an event may change the facts of a resource. That a resource refers to the account isn't enough:
// the account's owner must have agreed, which shows in the account's id in the status, or a create in progress. Events of
// a template that had the same name before are none of the new one's.
func belongs(obj client.Object, e event) bool {
	switch o := obj.(type) {
	case *v1alpha1.WABA:
		return o.UID == e.account.UID && o.Spec.ID == e.account.ID
	case *v1alpha1.MessageTemplate:
		switch {
		case o.Status.PendingCreate != nil:
			return true
		case o.Status.AccountID != e.account.ID:
			return false
		}
		id := templateID(e.Value)
		return id == "" || o.Status.ID == "" || id == o.Status.ID
	case *v1alpha1.PhoneNumber:
		return o.Status.AccountID == e.account.ID
	case *v1alpha1.WebhookSubscription:
		return e.handshake || o.Status.AccountID == e.account.ID
	}
	return false
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

// absentFor is how long it is remembered that nobody manages something. The cache goes on being asked, so this only saves
// live lists for what nobody manages at all.
const absentFor = 5 * time.Minute

// maxAbsences bounds the memory.
const maxAbsences = 10_000

// absence is something of an account that has no resource.
type absence struct {
	account types.NamespacedName
	what    string
}

// absences remembers what was confirmed to have no resource.
type absences struct {
	clock clock.PassiveClock

	mu    sync.Mutex
	since map[absence]time.Time
	// swept is when what is too old was dropped last.
	swept time.Time
}

// sweep drops what is too old, once in a while: the next delivery frees what the ones before it left.
func (a *absences) sweep() {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.clock.Now()
	if now.Sub(a.swept) < absentFor {
		return
	}
	a.swept = now
	maps.DeleteFunc(a.since, func(_ absence, at time.Time) bool { return now.Sub(at) >= absentFor })
}

// forget drops what is about an account whose resource is gone.
func (a *absences) forget(account types.NamespacedName) {
	a.mu.Lock()
	defer a.mu.Unlock()
	maps.DeleteFunc(a.since, func(what absence, _ time.Time) bool { return what.account == account })
}

func (a *absences) has(key absence) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	at, ok := a.since[key]
	return ok && a.clock.Since(at) < absentFor
}

func (a *absences) add(key absence) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(a.since) >= maxAbsences {
		clear(a.since)
	}
	a.since[key] = a.clock.Now()
}

// scopesOf says what a live list may see: the namespaces and labels that the cache is restricted to.
func scopesOf(namespaces []string, selector client.MatchingLabelsSelector) []client.ListOptions {
	if len(namespaces) == 0 {
		namespaces = []string{""}
	}
	scopes := make([]client.ListOptions, 0, len(namespaces))
	for _, ns := range slices.Sorted(slices.Values(namespaces)) {
		scope := client.ListOptions{Namespace: ns}
		selector.ApplyToList(&scope)
		scopes = append(scopes, scope)
	}
	return scopes
}
