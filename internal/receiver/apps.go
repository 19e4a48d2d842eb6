// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"maps"
	"sync"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/util/workqueue"
	"k8s.io/utils/clock"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/index"
	"github.com/waba-operator/waba-operator/internal/loglimit"
	"github.com/waba-operator/waba-operator/internal/receiver/admission"
)

// app is a Meta app for whose accounts there are resources.
type app struct {
	secrets    *admission.RateLimitedCache[*secretSet]
	tokens     *admission.RateLimitedCache[*tokens]
	deliveries *admission.AppLimiter
}

// apps finds apps by their id.
type apps struct {
	client  client.Reader // the cache
	secrets client.Reader // live
	clock   clock.Clock
	// failures logs errors of the API server. The response to Meta has no reason, only a status that asks for a retry.
	failures *loglimit.Failures
	// deliveries limits the deliveries of all apps.
	deliveries *admission.DeliveryLimiter
	// reads limits the reads of Secrets for all apps.
	reads *admission.ReadLimiter

	mu    sync.Mutex
	known map[string]*app
}

// find returns nil where no resource belongs to the app. It reads no Secret.
func (a *apps) find(ctx context.Context, id string) (*app, error) {
	accounts, err := a.accounts(ctx, id, client.Limit(1))
	if err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if len(accounts) == 0 {
		delete(a.known, id)
		return nil, nil //nolint:nilnil // no such app is no error
	}
	found := a.known[id]
	if found == nil {
		found = &app{
			secrets: admission.NewRateLimitedCache(a.clock, secretsMaxAge, func(ctx context.Context, previous *secretSet) (*secretSet, int) {
				return a.readSecretSet(ctx, id, previous)
			}),
			tokens: admission.NewRateLimitedCache(a.clock, tokensMaxAge, func(ctx context.Context, _ *tokens) (*tokens, int) {
				return a.readTokens(ctx, id)
			}),
			deliveries: a.deliveries.NewAppLimiter(),
		}
		a.known[id] = found
	}
	return found, nil
}

// forget frees the memory for a resource that is gone or belongs to another app now, and for apps that have no other resource.
// Other apps keep their cached secrets, so that replaced secrets stay valid.
func (a *apps) forget(ctx context.Context, obj client.Object) error {
	for id, known := range a.all() {
		switch o := obj.(type) {
		case *v1alpha1.WABA:
			accounts, err := a.accounts(ctx, id, client.Limit(1))
			if err != nil {
				return err
			}
			if len(accounts) == 0 {
				a.drop(id)
			}
			known.secrets.Change(func(s *secretSet) *secretSet { return s.without(o.UID) })
		case *v1alpha1.WebhookSubscription:
			known.tokens.Change(func(t *tokens) *tokens { return t.without(client.ObjectKeyFromObject(o)) })
		}
	}
	return nil
}

// revoke removes the cached app secrets of an account.
func (a *apps) revoke(account types.UID) {
	for _, known := range a.all() {
		known.secrets.Change(func(s *secretSet) *secretSet { return s.revoked(account) })
	}
}

func (a *apps) all() map[string]*app {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.known)
}

func (a *apps) drop(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.known, id)
}

// accounts lists the resources under a key of index.App. The items belong to the cache and must not be changed.
func (a *apps) accounts(ctx context.Context, key string, opts ...client.ListOption) ([]v1alpha1.WABA, error) {
	var list v1alpha1.WABAList
	opts = append(opts, client.MatchingFields{index.App: key}, client.UnsafeDisableDeepCopy)
	if err := a.client.List(ctx, &list, opts...); err != nil {
		a.failures.Report("list the accounts of an app", err)
		return nil, err
	}
	return list.Items, nil
}

// readEach reads Secrets for an app, several at a time.
func readEach[K comparable, V any](ctx context.Context, r *admission.ReadLimiter, appID string, keys map[K]struct{}, read func(context.Context, K) V) map[K]V {
	var mu sync.Mutex
	ordered, out := make([]K, 0, len(keys)), make(map[K]V, len(keys))
	for key := range keys {
		ordered = append(ordered, key)
	}
	workqueue.ParallelizeUntil(context.WithoutCancel(ctx), 8, len(ordered), func(i int) {
		r.Acquire(appID)
		// The timeout starts here: the reads of an app with a thousand accounts wait for seconds.
		one, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		value := read(one, ordered[i])
		cancel()
		r.Release()
		mu.Lock()
		defer mu.Unlock()
		out[ordered[i]] = value
	})
	return out
}

// secretName returns the name of the Secret of an account.
func secretName(w *v1alpha1.WABA) types.NamespacedName {
	return types.NamespacedName{Namespace: w.Namespace, Name: w.Spec.CredentialsSecretRef.Name}
}

const (
	secretsMaxAge = time.Minute
	// tokensMaxAge is short: a handshake is rare, and follows a change of the token.
	tokensMaxAge = time.Second
	// readTimeout is the timeout for one Secret.
	readTimeout = 5 * time.Second
	// concurrentReads and readsPerSecond limit the reads of Secrets for all apps. Forged requests can cause reads for every app.
	concurrentReads = 16
	readsPerSecond  = 200
)
