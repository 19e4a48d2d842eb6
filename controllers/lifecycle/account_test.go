// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/credentials"
)

func namespace(name string, labels map[string]string) *corev1.Namespace {
	return &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
}

func from(kind v1alpha1.NamespacesFrom, selector map[string]string) v1alpha1.ReferenceNamespaces {
	n := v1alpha1.ReferenceNamespaces{From: kind}
	if selector != nil {
		n.Selector = &metav1.LabelSelector{MatchLabels: selector}
	}
	return n
}

func TestUnitPermitted(t *testing.T) {
	c := fake.NewClientBuilder().WithScheme(lifecycletest.Scheme(t)).WithObjects(
		namespace(lifecycletest.Owner, nil), namespace("shop", map[string]string{"team": "shop"}), namespace("other", map[string]string{"team": "other"}),
	).Build()
	r := &Resolver{client: c, namespaces: c}
	type entry = v1alpha1.AllowedReference
	kind := func(kinds ...string) (out entry) {
		out.Kinds = append(out.Kinds, kinds...)
		return out
	}
	in := func(e entry, n v1alpha1.ReferenceNamespaces) entry { e.Namespaces = n; return e }
	prefixed := func(e entry, prefixes ...string) entry { e.TemplateNamePrefixes = prefixes; return e }
	all, shop := from("All", nil), from("Selector", map[string]string{"team": "shop"})
	template := kind("MessageTemplate")

	for name, c := range map[string]struct {
		allowed []entry
		want    string // namespaces from which a template shop_order may refer, among platform, shop and other
		number  string // the same for a phone number
	}{
		"absent: the own namespace":              {nil, "platform", "platform"},
		"an empty entry: the own namespace":      {[]entry{{}}, "platform", "platform"},
		"kinds of the own namespace":             {[]entry{template}, "platform", ""},
		"Same":                                   {[]entry{in(template, from("Same", nil))}, "platform", ""},
		"All needs the kind by name for others":  {[]entry{in(entry{}, all)}, "platform", "platform"},
		"All for one kind":                       {[]entry{in(template, all)}, "platform shop other", ""},
		"All for two kinds":                      {[]entry{in(kind("MessageTemplate", "PhoneNumber"), all)}, "platform shop other", "platform shop other"},
		"Selector":                               {[]entry{in(template, shop)}, "shop", ""},
		"Selector without kinds":                 {[]entry{in(entry{}, shop)}, "", ""},
		"Selector without selector":              {[]entry{in(template, from("Selector", nil))}, "", ""},
		"an empty selector selects all":          {[]entry{in(template, from("Selector", map[string]string{}))}, "platform shop other", ""},
		"prefix that fits":                       {[]entry{prefixed(in(template, all), "x_", "shop_")}, "platform shop other", ""},
		"prefix that doesn't":                    {[]entry{prefixed(in(template, all), "promo_")}, "", ""},
		"prefixes say nothing about other kinds": {[]entry{prefixed(in(kind("PhoneNumber"), all), "promo_")}, "", "platform shop other"},
		"one of several entries":                 {[]entry{prefixed(in(template, all), "promo_"), in(template, shop), kind("PhoneNumber")}, "shop", "platform"},
		"the list is complete":                   {[]entry{in(template, shop)}, "shop", ""},
	} {
		t.Run(name, func(t *testing.T) {
			waba := lifecycletest.WABA(func(w *v1alpha1.WABA) { w.Spec.AllowedReferences = c.allowed })
			for _, who := range []struct{ kind, template, want string }{{"MessageTemplate", "shop_order", c.want}, {"PhoneNumber", "", c.number}} {
				var got []string
				for _, ns := range []string{lifecycletest.Owner, "shop", "other"} {
					ok, why, err := r.permitted(context.Background(), waba, Referrer{Kind: who.kind, Namespace: ns, TemplateName: who.template})
					if ok != (why == "") || err != nil {
						t.Errorf("%s from %s: %t, %q, %v", who.kind, ns, ok, why, err)
					}
					if ok {
						got = append(got, ns)
					}
				}
				if strings.Join(got, " ") != who.want {
					t.Errorf("%s may refer from %q, want %q", who.kind, got, who.want)
				}
			}
		})
	}
}

func TestUnitPermittedWithoutRightToReadNamespaces(t *testing.T) {
	refusing := fake.NewClientBuilder().WithScheme(lifecycletest.Scheme(t)).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return errors.New("forbidden")
		},
	}).Build()
	waba := lifecycletest.WABA(func(w *v1alpha1.WABA) {
		w.Spec.AllowedReferences = []v1alpha1.AllowedReference{{Kinds: []string{"MessageTemplate"}, Namespaces: from("Selector", map[string]string{})}}
	})
	for name, c := range map[string]struct {
		namespaces client.Reader
		fails      bool
	}{"no reader": {nil, false}, "no right": {refusing, true}} {
		r := &Resolver{namespaces: c.namespaces}
		ok, _, err := r.permitted(context.Background(), waba, Referrer{Kind: "MessageTemplate", Namespace: "shop", TemplateName: "x"})
		if ok || (err != nil) != c.fails {
			t.Errorf("%s: what can't be checked must not be permitted, and an error must not get lost: %t, %v", name, ok, err)
		}
	}
	waba.Spec.AllowedReferences[0].Namespaces.Selector = &metav1.LabelSelector{
		MatchExpressions: []metav1.LabelSelectorRequirement{{Key: "team", Operator: "Nonsense"}},
	}
	c := fake.NewClientBuilder().WithScheme(lifecycletest.Scheme(t)).WithObjects(namespace("shop", nil)).Build()
	if ok, _, _ := (&Resolver{namespaces: c}).permitted(context.Background(), waba, Referrer{Kind: "MessageTemplate", Namespace: "shop", TemplateName: "x"}); ok {
		t.Error("a selector that means nothing selects nothing")
	}
}

func TestUnitRefusalsSayWhatToDo(t *testing.T) {
	r := &Resolver{}
	who := Referrer{Kind: "MessageTemplate", Namespace: "shop", TemplateName: "order"}
	for want, allowed := range map[string][]v1alpha1.AllowedReference{
		"spec.allowedReferences is empty":             nil,
		"no entry of spec.allowedReferences matches":  {{Kinds: []string{"PhoneNumber"}, Namespaces: from("All", nil)}},
		"template names must begin with one of its t": {{Kinds: []string{"MessageTemplate"}, Namespaces: from("All", nil), TemplateNamePrefixes: []string{"x_"}}},
	} {
		waba := lifecycletest.WABA(func(w *v1alpha1.WABA) { w.Spec.AllowedReferences = allowed })
		_, why, _ := r.permitted(context.Background(), waba, who)
		if !strings.Contains(why, want) || !strings.HasPrefix(why, "WABA platform/acme doesn't allow a MessageTemplate from namespace shop") {
			t.Errorf("got %q", why)
		}
	}
}

func TestUnitFind(t *testing.T) {
	c := fake.NewClientBuilder().WithScheme(lifecycletest.Scheme(t)).WithObjects(lifecycletest.WABA()).Build()
	r := &Resolver{client: c, namespaces: c}
	find := func(ns, refNamespace, name string) (*v1alpha1.WABA, *Result) {
		return r.Find(context.Background(), Referrer{
			Kind: "MessageTemplate", Namespace: ns, TemplateName: "x", Ref: v1alpha1.WABAReference{Name: name, Namespace: refNamespace},
		})
	}
	for _, ns := range []string{"", lifecycletest.Owner} {
		if waba, o := find(lifecycletest.Owner, ns, "acme"); o != nil || waba.Spec.ID != lifecycletest.AccountID {
			t.Errorf("namespace %q: %+v", ns, o)
		}
	}
	for _, x := range []struct{ ns, refNamespace, name, reason, text string }{
		{lifecycletest.Owner, "", "gone", "AccountNotReady", "WABA gone doesn't exist"},
		{"shop", "", "acme", "AccountNotReady", "WABA acme doesn't exist"},
		{"shop", lifecycletest.Owner, "gone", "AccountNotReady", "WABA platform/gone doesn't exist"},
		{"shop", lifecycletest.Owner, "acme", "ReferenceNotPermitted", "WABA platform/acme doesn't allow"},
	} {
		waba, o := find(x.ns, x.refNamespace, x.name)
		if waba != nil || o == nil || o.reason != x.reason || !o.unaffected || !strings.HasPrefix(o.message, x.text) {
			t.Errorf("%+v: %+v", x, o)
		}
	}
	r.client = fake.NewClientBuilder().WithScheme(lifecycletest.Scheme(t)).WithInterceptorFuncs(interceptor.Funcs{
		Get: func(context.Context, client.WithWatch, client.ObjectKey, client.Object, ...client.GetOption) error {
			return errors.New("etcd is away")
		},
	}).Build()
	if _, o := find(lifecycletest.Owner, "", "acme"); o == nil || o.reason != "TransientError" || !o.backoff {
		t.Errorf("an API server that is away says nothing about the account: %+v", o)
	}
}

func TestUnitUsable(t *testing.T) {
	synced := func(status metav1.ConditionStatus, reason string) func(*v1alpha1.WABA) {
		return func(w *v1alpha1.WABA) { w.Status.Conditions[0].Status, w.Status.Conditions[0].Reason = status, reason }
	}
	never := func(w *v1alpha1.WABA) { w.Status.LastObservedTime = nil }
	for name, c := range map[string]struct {
		waba *v1alpha1.WABA
		want string // reason, "" when usable
	}{
		"observed":               {lifecycletest.WABA(), ""},
		"just created":           {lifecycletest.WABA(func(w *v1alpha1.WABA) { w.Status = v1alpha1.WABAStatus{} }), "AccountNotReady"},
		"never observed":         {lifecycletest.WABA(never), "AccountNotReady"},
		"never, for its token":   {lifecycletest.WABA(never, synced("False", "CredentialsInvalid")), "CredentialsInvalid"},
		"another account's":      {lifecycletest.WABA(func(w *v1alpha1.WABA) { w.Status.AccountID = "1" }), "AccountNotReady"},
		"token refused":          {lifecycletest.WABA(synced("False", "CredentialsInvalid")), "CredentialsInvalid"},
		"no permission":          {lifecycletest.WABA(synced("False", "PermissionDenied")), "PermissionDenied"},
		"blocked":                {lifecycletest.WABA(synced("False", "AccountBlocked")), "AccountBlocked"},
		"loser of a conflict":    {lifecycletest.WABA(synced("False", "Conflict")), "AccountNotReady"},
		"changed":                {lifecycletest.WABA(synced("False", "AccountChanged")), "AccountNotReady"},
		"rate limited":           {lifecycletest.WABA(synced("False", "RateLimited")), ""},
		"Meta is away":           {lifecycletest.WABA(synced("False", "TransientError")), ""},
		"paused: it is observed": {lifecycletest.WABA(synced("False", "Paused")), ""},
	} {
		o := AccountUnusable(c.waba, "shop")
		got := ""
		if o != nil {
			got = o.reason
		}
		if got != c.want || o != nil && (!o.unaffected || !strings.Contains(o.message, "WABA platform/acme")) {
			t.Errorf("%s: %+v, want %q", name, o, c.want)
		}
	}
}

func unitResolver(t *testing.T, objects ...client.Object) *Resolver {
	t.Helper()
	return &Resolver{
		contents: newContents(),
		secrets:  fake.NewClientBuilder().WithScheme(lifecycletest.Scheme(t)).WithObjects(objects...).Build(), version: "v25.0",
		accounts: account.NewManager(account.Options{
			BaseURL: "http://127.0.0.1:9", Clock: clocktesting.NewFakePassiveClock(lifecycletest.Start), Log: logr.Discard(),
		}),
	}
}

func accountSecret(version string) *corev1.Secret {
	return &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: lifecycletest.Owner, Name: "acme-meta", UID: "s", ResourceVersion: version,
			Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount},
		},
		Data: map[string][]byte{v1alpha1.SecretKeyAccessToken: []byte("EAAmadeup")},
	}
}

func TestUnitConnectRestoresWhatTheStatusKnows(t *testing.T) {
	r := unitResolver(t, accountSecret("1"))
	waba := lifecycletest.WABA(func(w *v1alpha1.WABA) {
		w.Status.RateLimit = &v1alpha1.RateLimitStatus{RegainAccessTime: &metav1.Time{Time: lifecycletest.Start.Add(time.Hour)}}
		w.Status.Operator.HeldTime = &metav1.Time{Time: lifecycletest.Start}
	})
	s, err := r.sessionOf(context.Background(), waba)
	if err != nil {
		t.Fatal(err)
	}
	if !s.BreakerOpen() || !s.Budget().BlockedUntil().Equal(lifecycletest.Start.Add(time.Hour)) {
		t.Errorf("held %t, blocked until %s", s.BreakerOpen(), s.Budget().BlockedUntil())
	}
	if uid, version := s.SecretVersion(); uid != "s" || version != "1" {
		t.Errorf("%s %s", uid, version)
	}
	if again, err := r.sessionOf(context.Background(), waba); err != nil || again != s {
		t.Errorf("the session must be kept: %v", err)
	}
	other := waba.DeepCopy()
	other.Spec.ID = "1"
	if again, err := r.sessionOf(context.Background(), other); err != nil || again == s {
		t.Errorf("another account, another session: %v", err)
	}
}

func TestUnitConnectWithoutSecret(t *testing.T) {
	_, err := unitResolver(t).sessionOf(context.Background(), lifecycletest.WABA())
	var e *credentials.Error
	if !errors.As(err, &e) || !e.Missing {
		t.Errorf("got %v", err)
	}
}

func TestUnitConnectUsesTheVersionOfTheAccount(t *testing.T) {
	r := unitResolver(t, accountSecret("1"))
	if _, err := r.connect(context.Background(), lifecycletest.WABA(func(w *v1alpha1.WABA) { w.Spec.GraphAPIVersion = "nonsense" })); err == nil {
		t.Error("spec.graphAPIVersion must be used")
	}
	if _, err := r.connect(context.Background(), lifecycletest.WABA()); err != nil {
		t.Errorf("without it the flag counts: %v", err)
	}
}

func TestUnitReferrerNamesTheAccount(t *testing.T) {
	for ns, want := range map[string]string{"": "shop/acme", "platform": "platform/acme"} {
		r := Referrer{Namespace: "shop", Ref: v1alpha1.WABAReference{Name: "acme", Namespace: ns}}
		if got := fmt.Sprint(r.Account()); got != want {
			t.Errorf("%q: %s, want %s", ns, got, want)
		}
	}
}
