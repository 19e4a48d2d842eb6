// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"errors"
	"slices"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/internal/credentials"
	"github.com/waba-operator/waba-operator/internal/facts"
)

const (
	// replacedKeysLast is how long an app secret still counts after another took its place: accounts of one app may have
	// Secrets of their own, which nobody changes at the same moment.
	replacedKeysLast = time.Hour
	// keysPerAccount limits what a Secret that changes all the time can make us remember.
	keysPerAccount = 4
)

// ring holds the keys of one app. Which accounts are in it is routing only: a delivery may touch those alone whose own Secret
// holds the very key that signed it. So whoever makes a resource with somebody else's account id and an invented secret can
// forge events for that resource, and for no other.
type ring struct{ holders []holder }

// holder is an account and the keys that vouch for it, the present one first.
type holder struct {
	account facts.Account
	keys    []key
	// unread means that the Secret couldn't be read just now: the keys are those known before.
	unread bool
}

// key is an app secret.
type key struct {
	secret string
	// until is when a replaced key stops to count; zero for the present one.
	until time.Time
}

func (k key) counts(now time.Time) bool { return k.until.IsZero() || now.Before(k.until) }

// secretRead is what reading a Secret gave: the app secret, "" when it holds none that may be used, or that nobody can tell.
type secretRead struct {
	secret string
	unread bool
}

// readRing reads the Secrets of all accounts of an app. Paused accounts are among them: to write down what Meta tells is no
// call to Meta.
func (a *apps) readRing(ctx context.Context, appID string, before *ring) (*ring, int) {
	if before == nil {
		before = &ring{}
	}
	accounts, err := a.accounts(ctx, appID)
	if err != nil {
		return before.stale(), 0
	}
	names := map[types.NamespacedName]struct{}{}
	for i := range accounts {
		names[secretKey(&accounts[i])] = struct{}{}
	}
	read := readEach(ctx, a.reads, appID, names, func(ctx context.Context, name types.NamespacedName) secretRead {
		return a.readAppSecret(ctx, name)
	})
	now, out := a.clock.Now(), &ring{holders: make([]holder, 0, len(accounts))}
	for i := range accounts {
		w := &accounts[i]
		h := holder{account: facts.Account{Name: client.ObjectKeyFromObject(w), UID: w.UID, ID: w.Spec.ID}}
		var old []key
		if b := before.holder(w.UID); b != nil {
			old = b.keys
		}
		got := read[secretKey(w)]
		if h.unread, h.keys = got.unread, old; !got.unread {
			h.keys = succeed(old, got.secret, now)
		}
		out.holders = append(out.holders, h)
	}
	return out, len(names)
}

func (a *apps) readAppSecret(ctx context.Context, name types.NamespacedName) secretRead {
	creds, err := credentials.ReadAccount(ctx, a.secrets, name)
	a.reportUnread("read the app secret of an account", name, err)
	var unusable *credentials.Error
	switch {
	case errors.As(err, &unusable):
		return secretRead{}
	case err != nil:
		return secretRead{unread: true}
	}
	return secretRead{secret: creds.AppSecret}
}

// reportUnread logs that a Secret couldn't be read. What its owner did, such as forgetting the label, the account's status says.
func (a *apps) reportUnread(operation string, name types.NamespacedName, err error) {
	var unusable *credentials.Error
	if err != nil && (!errors.As(err, &unusable) || unusable.Forbidden) {
		a.failures.Report(operation, err, "Secret", name.String())
	}
}

// succeed returns the keys after the Secret was found to hold the present one, or none.
func succeed(before []key, present string, now time.Time) []key {
	var out []key
	if present != "" {
		out = append(out, key{secret: present})
	}
	for _, k := range before {
		if k.until.IsZero() {
			k.until = now.Add(replacedKeysLast)
		}
		if k.secret != present && k.counts(now) && len(out) < keysPerAccount {
			out = append(out, k)
		}
	}
	return out
}

// stale is the same ring, known to be no longer certain.
func (r *ring) stale() *ring {
	out := &ring{holders: append([]holder(nil), r.holders...)}
	for i := range out.holders {
		out.holders[i].unread = true
	}
	return out
}

// without is the same ring without an account that is gone.
func (r *ring) without(uid types.UID) *ring {
	return &ring{holders: slices.DeleteFunc(slices.Clone(r.holders), func(h holder) bool { return h.account.UID == uid })}
}

// revoked is the same ring without the keys of an account, which are to be read.
func (r *ring) revoked(uid types.UID) *ring {
	out := &ring{holders: slices.Clone(r.holders)}
	if h := out.holder(uid); h != nil {
		h.keys, h.unread = nil, true
	}
	return out
}

func (r *ring) holder(uid types.UID) *holder {
	for i := range r.holders {
		if r.holders[i].account.UID == uid {
			return &r.holders[i]
		}
	}
	return nil
}

// unread says whether a key may be missing.
func (r *ring) unread() bool {
	for i := range r.holders {
		if r.holders[i].unread {
			return true
		}
	}
	return false
}

// signer returns the secret that signed the body.
func (r *ring) signer(body []byte, s signature, now time.Time) (string, bool) {
	tried := map[string]bool{} // accounts of one app usually hold the same secret
	for i := range r.holders {
		for _, k := range r.holders[i].keys {
			if tried[k.secret] || !k.counts(now) {
				continue
			}
			tried[k.secret] = true
			if s.of(body, k.secret) {
				return k.secret, true
			}
		}
	}
	return "", false
}

// vouched returns the accounts whose Secret holds the secret, or held it until lately.
func (r *ring) vouched(secret string, now time.Time) []facts.Account {
	var out []facts.Account
	for i := range r.holders {
		if r.holders[i].vouched(secret, now) {
			out = append(out, r.holders[i].account)
		}
	}
	return out
}

func (h *holder) vouched(secret string, now time.Time) bool {
	for _, k := range h.keys {
		if k.secret == secret && k.counts(now) {
			return true
		}
	}
	return false
}

// awaits says whether the Secret may yet come to hold the secret: it holds another one, or couldn't be read. One without any
// app secret was never meant for webhooks.
func (h *holder) awaits() bool {
	return h.unread || len(h.keys) > 0 && h.keys[0].until.IsZero()
}

// unsettled says whether the delivery names an account of the app that it should touch but may not yet: the app's secret was
// replaced in other Secrets already. Where one of several resources of an account is touched nothing is lost; otherwise whoever
// makes a resource with somebody else's account id could have all deliveries about it refused.
func (a *apps) unsettled(ctx context.Context, appID string, named []string, r *ring, secret string) bool {
	now := a.clock.Now()
	for _, id := range named {
		resources, err := a.accounts(ctx, appID+"/"+id)
		if err != nil {
			return true
		}
		touched, awaited := false, false
		for i := range resources {
			h := r.holder(resources[i].UID)
			touched = touched || h != nil && h.vouched(secret, now)
			awaited = awaited || h == nil || h.awaits()
		}
		if awaited && !touched {
			return true
		}
	}
	return false
}
