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
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/index"
)

var errEtcd = errors.New("etcd is away")

// cut is an API server that answers lists with two resources of the kind, or not at all, and no Get.
func cut(t *testing.T, lists error) client.Client {
	t.Helper()
	meta := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Namespace: unitOwner, Name: name, UID: types.UID(name)}
	}
	return fake.NewClientBuilder().WithScheme(unitScheme(t)).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return errEtcd
		},
		List: func(_ context.Context, _ client.WithWatch, list client.ObjectList, _ ...client.ListOption) error {
			switch l := list.(type) {
			case *v1alpha1.MessageTemplateList:
				l.Items = []v1alpha1.MessageTemplate{{ObjectMeta: meta("own")}, {ObjectMeta: meta("rival")}}
			case *v1alpha1.PhoneNumberList:
				own, rival := v1alpha1.PhoneNumber{ObjectMeta: meta("own")}, v1alpha1.PhoneNumber{ObjectMeta: meta("rival")}
				own.Spec.ID, rival.Spec.ID = "1", "1"
				l.Items = []v1alpha1.PhoneNumber{own, rival}
			case *v1alpha1.WebhookSubscriptionList:
				l.Items = []v1alpha1.WebhookSubscription{{ObjectMeta: meta("own")}, {ObjectMeta: meta("rival")}}
			}
			return lists
		},
	}).Build()
}

// TestUnitErrorsAreNotNo: where a read fails, nothing is concluded from it: neither that a rival may not act, nor that the
// breaker tripped, nor that no resource manages an asset.
func TestUnitErrorsAreNotNo(t *testing.T) {
	base := func(lists error) *base {
		c := cut(t, lists)
		return &base{client: c, resolver: &resolver{client: c}, clock: clocktesting.NewFakePassiveClock(unitStart)}
	}
	own := metav1.ObjectMeta{Namespace: unitOwner, Name: "own", UID: "own"}
	number := &v1alpha1.PhoneNumber{ObjectMeta: own, Spec: v1alpha1.PhoneNumberSpec{ID: "1"}}
	tmpl, sub := &v1alpha1.MessageTemplate{ObjectMeta: own}, &v1alpha1.WebhookSubscription{ObjectMeta: own}
	for name, rivals := range map[string]func() error{
		"templates": func() error { _, err := (&templates{base: base(nil)}).rivals(t.Context(), tmpl); return err },
		"numbers":   func() error { _, err := (&numbers{base: base(nil)}).rivals(t.Context(), number); return err },
		"hooks":     func() error { _, err := (&hooks{base: base(nil)}).rivals(t.Context(), sub); return err },
		"holder": func() error {
			_, err := (&hooks{base: base(nil)}).appHolder(t.Context(), &hookPass{obj: sub})
			return err
		},
		"languages": func() error {
			older := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: unitOwner, Name: "a", UID: "a"}}
			_, err := (&templates{base: base(nil)}).ahead(t.Context(), older, tmpl)
			return err
		},
	} {
		if err := rivals(); !errors.Is(err, errEtcd) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	waba := observedWABA()
	o := (&templates{base: base(errEtcd)}).unrequestedWrite(t.Context(), &templatePass{obj: tmpl, waba: waba})
	if o == nil || o.reason != v1alpha1.ReasonTransientError || !errors.Is(o.err(), errEtcd) {
		t.Errorf("the breaker: %+v", o)
	}
	p := &wabaPass{obj: waba.DeepCopy(), before: waba, snapshot: &account.Snapshot{
		TemplatesSection: account.Section{Complete: true}, NumbersSection: account.Section{Complete: true},
	}}
	p.obj.Status.Templates, p.before.Status.Templates = &v1alpha1.TemplateCounts{Total: 7}, &v1alpha1.TemplateCounts{Total: 7}
	p.obj.Status.PhoneNumbers = &v1alpha1.PhoneNumberCounts{Total: 3}
	(&wabas{base: base(errEtcd)}).count(t.Context(), p)
	if p.obj.Status.Templates.Total != 7 || p.obj.Status.PhoneNumbers.Total != 3 || len(p.alsoFailed) != 2 {
		t.Errorf("counts: %+v, %+v, failed %+v", p.obj.Status.Templates, p.obj.Status.PhoneNumbers, p.alsoFailed)
	}
}

// TestUnitListsOfThoseWhoWake: that nobody was woken because a list failed is in the log, once until it is over.
func TestUnitListsOfThoseWhoWake(t *testing.T) {
	var got []string
	clock := clocktesting.NewFakePassiveClock(unitStart)
	failures := newFailureLog(clock, &measured{})
	log := funcr.New(func(_, args string) { got = append(got, args) }, funcr.Options{})
	away := loggedLists{cut(t, errEtcd), log, failures}
	for range 2 {
		if names := templatesOf(t.Context(), away, "account", "platform/acme", nil); len(names) > 0 {
			t.Errorf("woken: %v", names)
		}
		hooksBy(t.Context(), away, "account", "platform/acme")
	}
	back := loggedLists{cut(t, nil), log, failures}
	if names := templatesOf(t.Context(), back, "account", "platform/acme", nil); len(names) != 2 {
		t.Errorf("woken: %v", names)
	}
	templatesOf(t.Context(), away, "account", "platform/acme", nil)
	text := strings.Join(got, "\n")
	if len(got) != 3 || strings.Count(text, "MessageTemplate") != 2 || strings.Count(text, "WebhookSubscription") != 1 ||
		strings.Count(text, errEtcd.Error()) != 3 {
		t.Errorf("got %s", text)
	}
}

// TestUnitStatusThatCannotBeWritten: the operator logs it and tries again by its own backoff; whoever runs a reconciler once has
// neither, and gets the error.
func TestUnitStatusThatCannotBeWritten(t *testing.T) {
	for _, once := range []bool{false, true} {
		clock := clocktesting.NewFakePassiveClock(unitStart)
		obj := &v1alpha1.MessageTemplate{ObjectMeta: metav1.ObjectMeta{Namespace: unitOwner, Name: "own", UID: "own"}}
		obj.Spec.WABARef.Name = "gone"
		c := fake.NewClientBuilder().WithScheme(unitScheme(t)).WithObjects(obj, observedWABA()).WithStatusSubresource(obj).
			WithIndex(&v1alpha1.WABA{}, index.AccountID, func(client.Object) []string { return nil }).
			WithInterceptorFuncs(interceptor.Funcs{
				SubResourceApply: func(context.Context, client.Client, string, runtime.ApplyConfiguration, ...client.SubResourceApplyOption) error {
					return errEtcd
				},
			}).Build()
		m := &measured{}
		r := NewReconcilers(Parts{Client: c, Live: c, Recorder: events.NewFakeRecorder(10)}, Options{
			Accounts: account.NewManager(account.Options{Clock: clock}), Clock: clock, Metrics: m, Once: once,
		})
		for kind, of := range map[string]struct {
			reconcile.Reconciler
			name string
		}{"MessageTemplate": {r.MessageTemplates, "own"}, "WABA": {r.WABAs, "acme"}} {
			ctx, log := logged(0)
			result, err := of.Reconcile(ctx, reconcile.Request{NamespacedName: types.NamespacedName{Namespace: unitOwner, Name: of.name}})
			lines := strings.Join(log.next(), "\n")
			switch {
			case once && !errors.Is(err, errEtcd):
				t.Errorf("%s, once: got %v", kind, err)
			case !once && (err != nil || result.RequeueAfter != firstPause || !strings.Contains(lines, `"operation":"write the status"`)):
				t.Errorf("%s: got %+v, %v, %s", kind, result, err, lines)
			}
		}
		if counted := len(m.told) == 2; counted == once {
			t.Errorf("once %t: counted %v", once, m.told)
		}
	}
}
