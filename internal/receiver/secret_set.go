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
	// replacedSecretTTL is how long an app secret stays valid after its replacement: accounts of one app may have Secrets of their
	// own, which change at different times.
	replacedSecretTTL = time.Hour
	// secretsPerAccount bounds the memory for a Secret that changes often.
	secretsPerAccount = 4
)

// secretSet has the app secrets of one app. Its accounts only route deliveries: a delivery is recorded for an account if the account's
// own Secret contains the app secret that signed it. A resource with another tenant's account id and an invented secret is therefore
// harmless: a delivery with that secret is recorded for this resource alone.
type secretSet struct{ accounts []accountSecrets }

// accountSecrets are an account and the app secrets that it trusts, the current one first.
type accountSecrets struct {
	account facts.Account
	secrets []appSecret
	// unread means that the last read of the Secret failed: the secrets are those of the read before.
	unread bool
}

// appSecret is a current or replaced app secret.
type appSecret struct {
	value string
	// until is when a replaced secret becomes invalid; zero for the current one.
	until time.Time
}

func (s appSecret) validAt(now time.Time) bool { return s.until.IsZero() || now.Before(s.until) }

// secretRead is the result of a read of a Secret: its app secret, or "" if it has none that may be used or if the read failed.
type secretRead struct {
	secret string
	unread bool
}

// readSecretSet reads the Secrets of all accounts of an app, and returns their number too. Paused accounts are included, because the
// record of a webhook makes no call to Meta.
func (a *apps) readSecretSet(ctx context.Context, appID string, previous *secretSet) (*secretSet, int) {
	if previous == nil {
		previous = &secretSet{}
	}
	accounts, err := a.accounts(ctx, appID)
	if err != nil {
		return previous.markUnread(), 0
	}
	names := map[types.NamespacedName]struct{}{}
	for i := range accounts {
		names[secretName(&accounts[i])] = struct{}{}
	}
	read := readEach(ctx, a.reads, appID, names, func(ctx context.Context, name types.NamespacedName) secretRead {
		return a.readAppSecret(ctx, name)
	})
	now, out := a.clock.Now(), &secretSet{accounts: make([]accountSecrets, 0, len(accounts))}
	for i := range accounts {
		w := &accounts[i]
		next := accountSecrets{account: facts.Account{Name: client.ObjectKeyFromObject(w), UID: w.UID, ID: w.Spec.ID}}
		var old []appSecret
		if found := previous.find(w.UID); found != nil {
			old = found.secrets
		}
		got := read[secretName(w)]
		if next.unread, next.secrets = got.unread, old; !got.unread {
			next.secrets = rotated(old, got.secret, now)
		}
		out.accounts = append(out.accounts, next)
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

// reportUnread logs the failed read of a Secret. It ignores mistakes in the Secret itself, such as a missing label: the status of
// the account has those.
func (a *apps) reportUnread(operation string, name types.NamespacedName, err error) {
	var unusable *credentials.Error
	if err != nil && (!errors.As(err, &unusable) || unusable.Forbidden) {
		a.failures.Report(operation, err, "Secret", name.String())
	}
}

// rotated returns the valid app secrets after a read of the Secret, which contains the current one or "".
func rotated(previous []appSecret, current string, now time.Time) []appSecret {
	var out []appSecret
	if current != "" {
		out = append(out, appSecret{value: current})
	}
	for _, s := range previous {
		if s.until.IsZero() {
			s.until = now.Add(replacedSecretTTL)
		}
		if s.value != current && s.validAt(now) && len(out) < secretsPerAccount {
			out = append(out, s)
		}
	}
	return out
}

// markUnread returns the same set, with all accounts marked as unread.
func (s *secretSet) markUnread() *secretSet {
	out := &secretSet{accounts: slices.Clone(s.accounts)}
	for i := range out.accounts {
		out.accounts[i].unread = true
	}
	return out
}

// without returns the same set without an account that is gone.
func (s *secretSet) without(uid types.UID) *secretSet {
	return &secretSet{accounts: slices.DeleteFunc(slices.Clone(s.accounts), func(a accountSecrets) bool { return a.account.UID == uid })}
}

// revoked returns the same set without the secrets of an account, which is marked as unread.
func (s *secretSet) revoked(uid types.UID) *secretSet {
	out := &secretSet{accounts: slices.Clone(s.accounts)}
	if found := out.find(uid); found != nil {
		found.secrets, found.unread = nil, true
	}
	return out
}

// find returns nil for an account that isn't in the set.
func (s *secretSet) find(uid types.UID) *accountSecrets {
	for i := range s.accounts {
		if s.accounts[i].account.UID == uid {
			return &s.accounts[i]
		}
	}
	return nil
}

// unread reports that a secret may be missing.
func (s *secretSet) unread() bool {
	return slices.ContainsFunc(s.accounts, func(a accountSecrets) bool { return a.unread })
}

// signer returns the secret of the body's signature.
func (s *secretSet) signer(body []byte, signed signature, now time.Time) (string, bool) {
	tried := map[string]bool{} // accounts of one app usually have the same secret
	for i := range s.accounts {
		for _, secret := range s.accounts[i].secrets {
			if tried[secret.value] || !secret.validAt(now) {
				continue
			}
			tried[secret.value] = true
			if signed.of(body, secret.value) {
				return secret.value, true
			}
		}
	}
	return "", false
}

// trustedAccounts returns the accounts whose Secret contains the secret, or contained it until less than replacedSecretTTL ago.
func (s *secretSet) trustedAccounts(secret string, now time.Time) []facts.Account {
	var out []facts.Account
	for i := range s.accounts {
		if s.accounts[i].trusts(secret, now) {
			out = append(out, s.accounts[i].account)
		}
	}
	return out
}

func (a *accountSecrets) trusts(secret string, now time.Time) bool {
	return slices.ContainsFunc(a.secrets, func(s appSecret) bool { return s.value == secret && s.validAt(now) })
}

// awaitingRotation reports that the Secret may contain another app secret soon: it has one now, or it couldn't be read. A Secret without an
// app secret isn't for webhooks.
func (a *accountSecrets) awaitingRotation() bool {
	return a.unread || len(a.secrets) > 0 && a.secrets[0].until.IsZero()
}

// awaitingRotation reports that the delivery names an account of the app that doesn't trust its secret yet: other Secrets of the app
// already contain a new app secret. One trusting resource per account suffices. Otherwise a tenant could have all deliveries about an
// account refused, with a resource that has the account's id.
func (a *apps) awaitingRotation(ctx context.Context, appID string, named []string, s *secretSet, secret string) bool {
	now := a.clock.Now()
	for _, id := range named {
		resources, err := a.accounts(ctx, appID+"/"+id)
		if err != nil {
			return true
		}
		trusted, awaiting := false, false
		for i := range resources {
			found := s.find(resources[i].UID)
			trusted = trusted || found != nil && found.trusts(secret, now)
			awaiting = awaiting || found == nil || found.awaitingRotation()
		}
		if awaiting && !trusted {
			return true
		}
	}
	return false
}
