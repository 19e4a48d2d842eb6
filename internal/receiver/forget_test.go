// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package receiver

import (
	"net/http"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
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
	if len(app.keys.value.holders) != 2 {
		t.Fatalf("holders: %v", app.keys.value.holders)
	}
	forget("acme")
	holders := app.keys.value.holders
	if len(holders) != 1 || holders[0].account.Name.Name != "other" || len(holders[0].keys) != 2 {
		t.Errorf("holders: %+v", holders)
	}
	if got := r.post(body, theSecret); got != http.StatusOK {
		t.Errorf("the replaced key of the other account: %d", got)
	}
	forget("other")
	if n := len(r.server.apps.all()); n != 0 || len(app.keys.value.holders) != 0 {
		t.Errorf("%d apps are known, with %v", n, app.keys.value.holders)
	}
}

func TestForgetVerifyTokens(t *testing.T) {
	known := &tokens{known: []token{{subscription: types.NamespacedName{Namespace: "shop", Name: "gone"}}, {subscription: types.NamespacedName{Namespace: "shop", Name: "stays"}}}}
	m := &memo[*tokens]{value: known, done: 1, begun: 1}
	a := &apps{known: map[string]*app{theApp: {keys: &memo[*ring]{}, tokens: m}}}
	hook := &v1alpha1.WebhookSubscription{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "gone"}}
	if err := a.forget(t.Context(), hook); err != nil {
		t.Fatal(err)
	}
	if len(m.value.known) != 1 || m.value.known[0].subscription.Name != "stays" || len(known.known) != 2 {
		t.Errorf("known: %v", m.value.known)
	}
}

// TestMemoChange: a value that was never read isn't changed.
func TestMemoChange(t *testing.T) {
	m := &memo[*ring]{maxAge: time.Minute}
	m.change(func(r *ring) *ring { return r.without("uid") })
	if m.value != nil {
		t.Errorf("got %v", m.value)
	}
}
