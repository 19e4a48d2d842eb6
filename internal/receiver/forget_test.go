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

// TestForget: the keys of an account go with it, those that other accounts of the app had before go on to count, and the app
// goes with its last account.
func TestForget(t *testing.T) {
	r := newRig(t, nil, accounts([4]string{"shop", "acme", theAccount, theSecret}, [4]string{"shop", "other", "1002", theSecret})...)
	body := changesOf(t, "1002")
	if got := r.post(body, theSecret); got != http.StatusOK {
		t.Fatalf("got %d", got)
	}
	r.rotate("other")
	r.clock.Step(keysMaxAge)
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
	holdersNow := func() []holder {
		t.Helper()
		known, err := app.keys.Recent(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return known.holders
	}
	if holders := holdersNow(); len(holders) != 2 {
		t.Fatalf("holders: %v", holders)
	}
	forget("acme")
	holders := holdersNow()
	if len(holders) != 1 || holders[0].account.Name.Name != "other" || len(holders[0].keys) != 2 {
		t.Errorf("holders: %+v", holders)
	}
	if got := r.post(body, theSecret); got != http.StatusOK {
		t.Errorf("the replaced key of the other account: %d", got)
	}
	forget("other")
	if n := len(r.server.apps.all()); n != 0 || len(holdersNow()) != 0 {
		t.Errorf("%d apps are known, with %v", n, holdersNow())
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
