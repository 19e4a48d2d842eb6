// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/index"
)

// TestUnitListsOfThoseWhoWake: a failed list wakes no resource, and the log says so once until it is over.
func TestUnitListsOfThoseWhoWake(t *testing.T) {
	var got []string
	away := lifecycletest.ErrAway
	lists := lifecycle.NewBase(lifecycle.Parts{Client: lifecycletest.Away(t, &away)}, lifecycle.Options{
		Accounts: account.NewManager(account.Options{}), Clock: clocktesting.NewFakePassiveClock(lifecycletest.Start), Metrics: &lifecycletest.Metrics{},
		Log: funcr.New(func(_, args string) { got = append(got, args) }, funcr.Options{}),
	}).Lists()
	for range 2 {
		if names := namesBy(t.Context(), lists, v1alpha1.KindMessageTemplate, "account", "platform/acme", nil); len(names) > 0 {
			t.Errorf("woken: %v", names)
		}
		namesBy(t.Context(), lists, v1alpha1.KindWebhookSubscription, "account", "platform/acme", nil)
	}
	away = nil
	if names := namesBy(t.Context(), lists, v1alpha1.KindMessageTemplate, "account", "platform/acme", nil); len(names) != 2 {
		t.Errorf("woken: %v", names)
	}
	away = lifecycletest.ErrAway
	namesBy(t.Context(), lists, v1alpha1.KindMessageTemplate, "account", "platform/acme", nil)
	text := strings.Join(got, "\n")
	if len(got) != 3 || strings.Count(text, "MessageTemplate") != 2 || strings.Count(text, "WebhookSubscription") != 1 ||
		strings.Count(text, lifecycletest.ErrAway.Error()) != 3 {
		t.Errorf("got %s", text)
	}
}

// TestUnitStatusThatCannotBeWritten: the operator logs it and tries again by its own backoff. A caller that runs a reconciler
// once has neither, and gets the error.
func TestUnitStatusThatCannotBeWritten(t *testing.T) {
	for _, once := range []bool{false, true} {
		clock := clocktesting.NewFakePassiveClock(lifecycletest.Start)
		obj := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: lifecycletest.Owner, Name: "own", UID: "own"}}
		obj.Spec.WABARef.Name = "gone"
		c := fake.NewClientBuilder().WithScheme(lifecycletest.Scheme(t)).WithObjects(obj, lifecycletest.WABA()).WithStatusSubresource(obj).
			WithIndex(&v1alpha1.WABA{}, index.AccountID, func(client.Object) []string { return nil }).
			WithInterceptorFuncs(interceptor.Funcs{
				SubResourceApply: func(context.Context, client.Client, string, runtime.ApplyConfiguration, ...client.SubResourceApplyOption) error {
					return lifecycletest.ErrAway
				},
			}).Build()
		m := &lifecycletest.Metrics{}
		r := NewReconcilers(lifecycle.Parts{Client: c, Live: c, Recorder: events.NewFakeRecorder(10)}, lifecycle.Options{
			Accounts: account.NewManager(account.Options{Clock: clock}), Clock: clock, Metrics: m, Once: once,
		})
		for kind, of := range map[string]struct {
			reconcile.Reconciler
			name string
		}{"MessageTemplate": {r.ByKind["MessageTemplate"], "own"}, "WABA": {r.ByKind["WABA"], "acme"}} {
			ctx, log := lifecycletest.Logged(0)
			result, err := of.Reconcile(ctx, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: lifecycletest.Owner, Name: of.name}})
			lines := strings.Join(log.Next(), "\n")
			switch {
			case once && !errors.Is(err, lifecycletest.ErrAway):
				t.Errorf("%s, once: got %v", kind, err)
			case !once && (err != nil || result.RequeueAfter != lifecycle.FirstPause || !strings.Contains(lines, `"operation":"write the status"`)):
				t.Errorf("%s: got %+v, %v, %s", kind, result, err, lines)
			}
		}
		if counted := len(m.Recorded) == 2; counted == once {
			t.Errorf("once %t: counted %v", once, m.Recorded)
		}
	}
}
