// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package operator

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	toolscache "k8s.io/client-go/tools/cache"
	"sigs.k8s.io/controller-runtime/pkg/cache/informertest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
)

// forgotten notes what is to be freed.
type forgotten struct {
	server, writer []string
	revoked        []types.UID
	err            error
}

func (f *forgotten) Revoke(account types.UID) { f.revoked = append(f.revoked, account) }

func (f *forgotten) Forget(_ context.Context, obj client.Object) error {
	f.server = append(f.server, obj.GetName())
	return f.err
}

type forgottenAccounts struct{ *forgotten }

func (f forgottenAccounts) Forget(name types.NamespacedName) { f.writer = append(f.writer, name.Name) }

func TestReceiverForgetsWhatTheCacheNoLongerShows(t *testing.T) {
	ctx := t.Context()
	var logged []string
	log := funcr.New(func(_, args string) { logged = append(logged, args) }, funcr.Options{})
	f := &forgotten{}
	informers := &informertest.FakeInformers{Scheme: Scheme()}
	if err := (memoryCleaner{server: f, writer: forgottenAccounts{f}, log: log}).watch(ctx, informers); err != nil {
		t.Fatal(err)
	}
	waba := func(name string, uid types.UID, app string) *v1alpha1.WABA {
		w := &v1alpha1.WABA{ObjectMeta: metav1.ObjectMeta{Name: name, UID: uid}, Spec: v1alpha1.WABASpec{ID: "1"}}
		w.Status.AccountID, w.Status.Credentials = "1", &v1alpha1.CredentialsStatus{AppID: app}
		return w
	}
	accounts, err := informers.FakeInformerFor(ctx, &v1alpha1.WABA{})
	if err != nil {
		t.Fatal(err)
	}
	hooks, err := informers.FakeInformerFor(ctx, &v1alpha1.WebhookSubscription{})
	if err != nil {
		t.Fatal(err)
	}
	expect := func(what string, server, writer []string) {
		t.Helper()
		if !slices.Equal(f.server, server) || !slices.Equal(f.writer, writer) {
			t.Errorf("%s: %v and %v", what, f.server, f.writer)
		}
		f.server, f.writer = nil, nil
	}
	accounts.Add(waba("a", "1", "7"))
	accounts.Update(waba("a", "1", "7"), waba("a", "1", "7"))
	expect("nothing is gone", nil, nil)
	accounts.Delete(waba("a", "1", "7"))
	expect("deleted", []string{"a"}, []string{"a"})
	accounts.Update(waba("b", "1", "7"), waba("b", "1", "8"))
	expect("another app", []string{"b"}, []string{"b"})
	accounts.Update(waba("c", "1", "7"), waba("c", "2", "7"))
	expect("another resource", []string{"c"}, []string{"c"})
	hooks.Delete(&v1alpha1.WebhookSubscription{ObjectMeta: metav1.ObjectMeta{Name: "d"}})
	expect("a subscription", []string{"d"}, nil)

	revoking := waba("f", "6", "7")
	revoking.Annotations = map[string]string{v1alpha1.AnnotationRevokeAppSecret: "1"}
	accounts.Update(waba("f", "6", "7"), revoking)
	accounts.Update(revoking, revoking)
	expect("an app secret is revoked", nil, nil)
	if !slices.Equal(f.revoked, []types.UID{"6"}) {
		t.Errorf("revoked for %v", f.revoked)
	}

	f.err = errors.New("the cache is closed")
	(memoryCleaner{server: f, writer: forgottenAccounts{f}, log: log}).gone(ctx, toolscache.DeletedFinalStateUnknown{Obj: waba("e", "1", "7")})
	expect("deleted unseen", []string{"e"}, []string{"e"})
	if len(logged) != 1 || !strings.Contains(logged[0], "the cache is closed") {
		t.Errorf("logged: %v", logged)
	}
}
