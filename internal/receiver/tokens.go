// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"slices"

	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/credentials"
)

// tokens are the verify tokens of one app. A handshake doesn't name the subscription that it belongs to.
type tokens struct {
	known []token
	// unread means that a read of a Secret failed, so that a token may be missing.
	unread bool
}

type token struct {
	subscription types.NamespacedName
	// sum is the hash of the token. A comparison of hashes takes the same time for tokens of any length.
	sum [sha256.Size]byte
}

// match returns the subscriptions with a token.
func (t *tokens) match(given string) []types.NamespacedName {
	sum := sha256.Sum256([]byte(given))
	var out []types.NamespacedName
	for i := range t.known {
		if subtle.ConstantTimeCompare(sum[:], t.known[i].sum[:]) == 1 {
			out = append(out, t.known[i].subscription)
		}
	}
	slices.SortFunc(out, func(a, b types.NamespacedName) int { return cmp.Compare(a.String(), b.String()) })
	return out
}

// without returns the tokens of all subscriptions but one that is gone.
func (t *tokens) without(subscription types.NamespacedName) *tokens {
	return &tokens{unread: t.unread, known: slices.DeleteFunc(slices.Clone(t.known), func(k token) bool { return k.subscription == subscription })}
}

// tokenRef is one key of a Secret.
type tokenRef struct {
	secret types.NamespacedName
	key    string
}

// tokenRead is the result of a read of a token.
type tokenRead struct {
	sum           [sha256.Size]byte
	found, unread bool
}

// readTokens reads the verify tokens of all subscriptions that send the app's events to this receiver.
func (a *apps) readTokens(ctx context.Context, appID string) (*tokens, int) {
	subscriptions, err := a.subscriptions(ctx, appID)
	if err != nil {
		return &tokens{unread: true}, 0
	}
	refs := map[tokenRef]struct{}{}
	for _, ref := range subscriptions {
		refs[ref] = struct{}{}
	}
	read := readEach(ctx, a.reads, appID, refs, func(ctx context.Context, ref tokenRef) tokenRead { return a.readToken(ctx, ref) })
	out := &tokens{}
	for name, ref := range subscriptions {
		got := read[ref]
		out.unread = out.unread || got.unread
		if got.found {
			out.known = append(out.known, token{subscription: name, sum: got.sum})
		}
	}
	return out, len(refs)
}

func (a *apps) readToken(ctx context.Context, ref tokenRef) tokenRead {
	value, err := credentials.ReadValue(ctx, a.secrets, ref.secret, ref.key, v1alpha1.SecretPurposeVerifyToken)
	a.reportUnread("read a verify token", ref.secret, err)
	var unusable *credentials.Error
	switch {
	case errors.As(err, &unusable):
		return tokenRead{}
	case err != nil:
		return tokenRead{unread: true}
	}
	return tokenRead{found: true, sum: sha256.Sum256([]byte(value.Text))}
}

// subscriptions returns the references to the verify tokens of the app's subscriptions.
func (a *apps) subscriptions(ctx context.Context, appID string) (map[types.NamespacedName]tokenRef, error) {
	accounts, err := a.accounts(ctx, appID)
	if err != nil {
		return nil, err
	}
	byName := make(map[types.NamespacedName]*v1alpha1.WABA, len(accounts))
	for i := range accounts {
		byName[client.ObjectKeyFromObject(&accounts[i])] = &accounts[i]
	}
	var list v1alpha1.WebhookSubscriptionList
	if err := a.client.List(ctx, &list, client.UnsafeDisableDeepCopy); err != nil {
		a.failures.Report("list the subscriptions", err)
		return nil, err
	}
	out := map[types.NamespacedName]tokenRef{}
	for i := range list.Items {
		s := &list.Items[i]
		account := types.NamespacedName{Namespace: s.Spec.WABARef.Namespace, Name: s.Spec.WABARef.Name}
		if account.Namespace == "" {
			account.Namespace = s.Namespace
		}
		w, callback := byName[account], s.Spec.App
		if w == nil || !mayRefer(w, s) || callback == nil ||
			callback.Delivery != v1alpha1.WebhookDeliveryOperator || callback.VerifyTokenSecretRef == nil {
			continue
		}
		ref := callback.VerifyTokenSecretRef
		out[client.ObjectKeyFromObject(s)] = tokenRef{types.NamespacedName{Namespace: s.Namespace, Name: ref.Name}, ref.Key}
	}
	return out, nil
}

// mayRefer reports whether the account permits a reference from the subscription. Subscriptions of other tenants would cause reads of
// Secrets, and a thousand of them would delay Meta's handshakes. The receiver can't evaluate a namespace selector, but the
// controller does. It writes the account into the status of a permitted subscription before it sends Meta the address.
func mayRefer(w *v1alpha1.WABA, s *v1alpha1.WebhookSubscription) bool {
	if w.Namespace == s.Namespace {
		return true
	}
	synced := meta.FindStatusCondition(s.Status.Conditions, v1alpha1.ConditionSynced)
	refused := synced != nil && synced.Reason == v1alpha1.ReasonReferenceNotPermitted
	return s.Status.AccountID == w.Spec.ID && !refused && slices.ContainsFunc(w.Spec.AllowedReferences, func(a v1alpha1.AllowedReference) bool {
		return a.Namespaces.From != v1alpha1.NamespacesFromSame && slices.Contains(a.Kinds, v1alpha1.KindWebhookSubscription)
	})
}
