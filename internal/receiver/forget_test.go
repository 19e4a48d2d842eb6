// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"context"
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/receiver/admission"
)

// TestForget: the secrets of a deleted account are removed. Replaced secrets of other accounts of the app stay valid. The app is
// removed with its last account.
func TestForget(t *testing.T) {
	r := newRig(t, nil, accounts([4]string{"shop", "acme", theAccount, theSecret}, [4]string{"shop", "other", "1002", theSecret})...)
	body := changesOf(t, "1002")
	if got := r.post(body, theSecret); got != http.StatusOK {
		t.Fatalf("got %d", got)
	}
	r.rotate("other")
	r.clock.Step(secretsMaxAge)
	if got := r.post(body, "new"); got != http.StatusOK {
		t.Fatalf("got %d", got)
	}
	forget := func(name string) {
		t.Helper()
		w, _ := account("shop", name, "", "")
		if err := r.client.Delete(t.Context(), w); err != nil {
			t.Fatal(err)
		}
		if err := r.server.Forget(t.Context(), w); err != nil {
			t.Fatal(err)
		}
	}
	app := r.server.apps.all()[theApp]
	cachedAccounts := func() []accountSecrets {
		t.Helper()
		known, err := app.secrets.Recent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return known.accounts
	}
	if cached := cachedAccounts(); len(cached) != 2 {
		t.Fatalf("accounts: %v", cached)
	}
	forget("acme")
	left := cachedAccounts()
	if len(left) != 1 || left[0].account.Name.Name != "other" || len(left[0].secrets) != 2 {
		t.Errorf("accounts: %+v", left)
	}
	if got := r.post(body, theSecret); got != http.StatusOK {
		t.Errorf("the replaced secret of the other account: %d", got)
	}
	forget("other")
	if n := len(r.server.apps.all()); n != 0 || len(cachedAccounts()) != 0 {
		t.Errorf("%d apps are known, with %v", n, cachedAccounts())
	}
}

func TestForgetVerifyTokens(t *testing.T) {
	known := &tokens{known: []token{{subscription: types.NamespacedName{Namespace: "shop", Name: "gone"}}, {subscription: types.NamespacedName{Namespace: "shop", Name: "stays"}}}}
	clk := clocktesting.NewFakeClock(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))
	cached := admission.NewRateLimitedCache(clk, time.Minute, func(context.Context, *tokens) (*tokens, int) { return known, 1 })
	if _, err := cached.Recent(t.Context()); err != nil {
		t.Fatal(err)
	}
	a := &apps{known: map[string]*app{theApp: {tokens: cached}}}
	hook := &v1alpha1.WebhookSubscription{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "gone"}}
	if err := a.forget(t.Context(), hook); err != nil {
		t.Fatal(err)
	}
	left, err := cached.Recent(t.Context())
	if err != nil || len(left.known) != 1 || left.known[0].subscription.Name != "stays" || len(known.known) != 2 {
		t.Errorf("known: %v, %v", left, err)
	}
}
