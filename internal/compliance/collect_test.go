// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package compliance_test

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	clocktesting "k8s.io/utils/clock/testing"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/fake"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/compliance"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

const (
	accountID = "102290129340398"
	appID     = "634974688087057"
	business  = "506914307656634"
	numberID  = "106540352242922"
	token     = "EAAGtoken+with/odd|characters0123"
	secret    = "app-secret-that-nobody-may-see-1"
)

var (
	start    = time.Date(2026, time.November, 22, 12, 0, 0, 0, time.UTC)
	resource = types.NamespacedName{Namespace: "platform", Name: "acme"}
)

func newSim(t *testing.T) *graphsim.Simulator {
	t.Helper()
	sim := graphsim.New(graphsim.WithClock(clocktesting.NewFakeClock(start)))
	sim.AddApp(graphsim.App{ID: appID, Name: "Acme Ops", Secret: secret})
	sim.AddAccount(graphsim.Account{ID: accountID, Name: "Acme Garden", OwnerBusinessID: business})
	sim.AddToken(graphsim.Token{
		Value: token, AppID: appID, UserID: "11", Scopes: []string{"whatsapp_business_management"}, Accounts: []string{accountID}, Granular: true,
		ExpiresAt: start.Add(40 * 24 * time.Hour),
	})
	sim.AddNumber(accountID, graphsim.Number{ID: numberID, NameStatus: "APPROVED", NumberSecrets: graphsim.NumberSecrets{PIN: "482915"}, PinEnabled: true})
	sim.SubscribeApp(accountID, appID, "https://bot.acme.example/wa")
	sim.SetAppCallback(appID, "https://hooks.acme.example/meta?verify=v3rify-me", "account_update")
	sim.AssignUser(accountID, graphsim.User{ID: "11", Name: "waba-operator", Tasks: []string{"MANAGE_TEMPLATES"}})
	sim.AddTemplate(accountID, graphsim.Template{Name: "order", Status: "APPROVED"})
	return sim
}

func objects() []client.Object {
	meta := metav1.ObjectMeta{Namespace: resource.Namespace, Name: resource.Name}
	observed := metav1.NewTime(start.Add(-time.Minute))
	return []client.Object{
		&v1alpha1.WABA{
			ObjectMeta: meta,
			Spec:       v1alpha1.WABASpec{ID: accountID, CredentialsSecretRef: v1alpha1.LocalSecretReference{Name: "acme-meta"}, ApprovedApps: []v1alpha1.ApprovedApp{{ID: appID}}},
			Status: v1alpha1.WABAStatus{
				LastObservedTime: &observed, Name: "Acme Garden",
				Webhook: &v1alpha1.WABAWebhookStatus{Events: []v1alpha1.WebhookEvent{{Field: "account_update", Time: observed}}},
			},
		},
		&corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{Namespace: resource.Namespace, Name: "acme-meta", Labels: map[string]string{v1alpha1.LabelSecretPurpose: v1alpha1.SecretPurposeAccount}},
			Data:       map[string][]byte{"accessToken": []byte(token), "appSecret": []byte(secret)},
		},
		&v1alpha1.WebhookSubscription{ObjectMeta: meta, Spec: v1alpha1.WebhookSubscriptionSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: resource.Name}},
			Messages:   &v1alpha1.WebhookOverride{CallbackURL: "https://bot.acme.example/wa"},
		}},
		// Of another account with the same name.
		&v1alpha1.PhoneNumber{ObjectMeta: metav1.ObjectMeta{Namespace: "elsewhere", Name: "stranger"}, Spec: v1alpha1.PhoneNumberSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: resource.Name}},
		}, Status: v1alpha1.PhoneNumberStatus{CommonStatus: v1alpha1.CommonStatus{ID: numberID}}},
		&v1alpha1.PhoneNumber{ObjectMeta: meta, Spec: v1alpha1.PhoneNumberSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: resource.Name}},
		}, Status: v1alpha1.PhoneNumberStatus{CommonStatus: v1alpha1.CommonStatus{ID: numberID}}},
	}
}

func cluster(t *testing.T, funcs interceptor.Funcs) client.Client {
	t.Helper()
	scheme := runtime.NewScheme()
	if err := errors.Join(corev1.AddToScheme(scheme), v1alpha1.AddToScheme(scheme)); err != nil {
		t.Fatal(err)
	}
	return fake.NewClientBuilder().WithScheme(scheme).WithObjects(objects()...).WithInterceptorFuncs(funcs).Build()
}

func question(base string, c client.Reader) compliance.Question {
	clock := clocktesting.NewFakePassiveClock(start)
	return compliance.Question{
		Cluster: c, Resource: resource, GraphAPIVersion: "v25.0", Version: "v1.2.3", Clock: clock, CallbackHosts: []string{"hooks.acme.example"},
		Accounts: account.NewManager(account.Options{BaseURL: base, Clock: clock, Log: logr.Discard(), PageSize: 100}),
	}
}

func gaps(r *compliance.Record) string {
	var b strings.Builder
	for _, g := range r.Gaps {
		b.WriteString(g.What + ": " + g.Why + "\n")
	}
	return b.String()
}

// TestCollect: cluster and Meta together, for an account without findings; and nothing was written.
func TestCollect(t *testing.T) {
	sim := newSim(t)
	r, err := compliance.Collect(t.Context(), question(sim.Start(t), cluster(t, interceptor.Funcs{})))
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Findings) > 0 {
		t.Errorf("findings: %+v", r.Findings)
	}
	for _, c := range r.Checks {
		if c.Result != compliance.ResultPassed {
			t.Errorf("check %s: %s %s", c.ID, c.Result, c.Reason)
		}
	}
	n := r.Numbers.Items[0]
	if r.OfficialAPI.Conclusion != compliance.OfficialProven || len(r.Numbers.Items) != 1 || n.Resource != "platform/acme" || n.PIN.Value != "set" || n.DataRegion.Value == "" {
		t.Errorf("numbers: %s %+v", r.OfficialAPI.Conclusion, r.Numbers.Items)
	}
	if own := r.Apps.Own; own.Callback != "https://hooks.acme.example/meta" || own.Active.Value != "yes" || own.Source != compliance.SourceMeta {
		t.Errorf("the app's own subscription: %+v", own)
	}
	if u := r.Users.Items; len(u) != 1 || !u[0].Token || u[0].Tasks[0].Permits == "" {
		t.Errorf("users: %+v", u)
	}
	if s := sim.Stats(); s.Writes != 0 || s.Calls == 0 {
		t.Errorf("%d of %d calls were writes", s.Writes, s.Calls)
	}
}

// TestPartsThatCannotBeRead: they are named, and the rest of the record is made.
func TestPartsThatCannotBeRead(t *testing.T) {
	forbidden := func(what string) error {
		return apierrors.NewForbidden(schema.GroupResource{Resource: what}, "", errors.New("no rule"))
	}
	for name, c := range map[string]struct {
		prepare func(*graphsim.Simulator)
		funcs   interceptor.Funcs
		change  func(*compliance.Question)
		gap     string
		// meta says that Meta was asked all the same.
		meta bool
	}{
		"offline": {change: func(q *compliance.Question) { q.Accounts = nil }, gap: "What Meta reports now: Meta wasn't queried (--offline)"},
		"a Secret that may not be read": {
			funcs: interceptor.Funcs{Get: func(ctx context.Context, w client.WithWatch, key client.ObjectKey, obj client.Object, opts ...client.GetOption) error {
				if _, ok := obj.(*corev1.Secret); ok {
					return forbidden("secrets")
				}
				return w.Get(ctx, key, obj, opts...)
			}}, gap: "What Meta reports now: you may not get Secret acme-meta in namespace platform",
		},
		"a token that Meta refuses": {
			prepare: func(s *graphsim.Simulator) { s.RevokeToken(token, 460) }, gap: "What Meta reports now: account " + accountID + " can't be read: Meta refuses the access token of Secret platform/acme-meta: Error validating access token",
		},
		"resources of other namespaces": {
			funcs: interceptor.Funcs{List: func(ctx context.Context, w client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				if len(opts) == 0 {
					return forbidden("things")
				}
				return w.List(ctx, list, opts...)
			}}, gap: "PhoneNumber resources in other namespaces: you may not list them in all namespaces", meta: true,
		},
		"users": {
			prepare: func(s *graphsim.Simulator) { s.UpdateToken(token, func(x *graphsim.Token) { x.BusinessID = "77" }) }, meta: true,
		},
	} {
		t.Run(name, func(t *testing.T) {
			sim := newSim(t)
			if c.prepare != nil {
				c.prepare(sim)
			}
			q := question(sim.Start(t), cluster(t, c.funcs))
			if c.change != nil {
				c.change(&q)
			}
			r, err := compliance.Collect(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(gaps(r), c.gap) {
				t.Errorf("gaps:\n%s", gaps(r))
			}
			if asked := slices.ContainsFunc(r.Sources, func(s compliance.Source) bool { return s.Name == compliance.SourceMeta }); asked != c.meta {
				t.Errorf("sources: %+v", r.Sources)
			}
			if r.Account.Name.Value != "Acme Garden" {
				t.Errorf("name: %+v", r.Account.Name)
			}
			if name == "users" && !strings.HasPrefix(r.Users.Unknown, "Meta doesn't report it: ") {
				t.Errorf("users: %+v", r.Users)
			}
		})
	}
}

// TestNothingToReport: without cluster and answer, or without the WABA, there is no record.
func TestNothingToReport(t *testing.T) {
	sim := newSim(t)
	base := sim.Start(t)
	q := question(base, cluster(t, interceptor.Funcs{}))
	q.Resource.Name = "none"
	if _, err := compliance.Collect(t.Context(), q); err == nil || err.Error() != "there is no WABA none in namespace platform" {
		t.Errorf("no WABA: %v", err)
	}
	q = question(base, nil)
	q.Cluster, q.Resource, q.AccountID, q.Credentials = nil, types.NamespacedName{}, "999", account.Credentials{AccessToken: token, AppSecret: secret}
	if _, err := compliance.Collect(t.Context(), q); err == nil || !strings.HasPrefix(err.Error(), "account 999 can't be read: ") {
		t.Errorf("another account: %v", err)
	}
	q.AccountID = accountID
	r, err := compliance.Collect(t.Context(), q)
	if err != nil || r.Standing.Unknown == "" || !strings.Contains(gaps(r), "History") || r.Numbers.Items[0].Status.Value == "" {
		t.Errorf("without a cluster: %v %+v", err, r)
	}
}

// TestNoLeak: whatever Meta repeats, and whatever is in addresses, no form of a record has a secret in any encoding.
func TestNoLeak(t *testing.T) {
	needles := append(harness.FormsOf("token", token), harness.FormsOf("app secret", secret)...)
	needles = append(needles, harness.Needle{What: "verify token", Text: "v3rify-me"}, harness.Needle{What: "PIN", Text: "482915"}, harness.Needle{What: "password", Text: "pa55"})
	sim := newSim(t)
	sim.UpdateAccount(accountID, func(a *graphsim.Account) { a.Name = "Acme " + token + " " + secret })
	sim.SubscribeApp(accountID, appID, "https://me:pa55@bot.acme.example/wa/"+token+"?hub.verify_token=v3rify-me")
	sim.AssignUser(accountID, graphsim.User{ID: "12", Name: token, Tasks: []string{token}})
	sim.AddTemplate(accountID, graphsim.Template{Name: "order_" + secret, Status: "REJECTED", RejectedReason: token})
	sim.Fail(graphsim.Fault{Path: "/*/subscriptions", Code: 987654, Message: "Malformed access token " + token + " of " + secret, Times: -1})
	r, err := compliance.Collect(t.Context(), question(sim.Start(t), cluster(t, interceptor.Funcs{})))
	if err != nil {
		t.Fatal(err)
	}
	for format, write := range compliance.Formats {
		var out bytes.Buffer
		if err := write(&out, r, compliance.Options{AllTemplates: true}); err != nil {
			t.Fatal(err)
		}
		if leaks := harness.Leaks(needles, out.String()); len(leaks) > 0 {
			t.Errorf("%s: %v", format, leaks)
		}
		if n := strings.Count(out.String(), "redacted"); n < 5 {
			t.Errorf("%s: %d places were redacted: the test provoked little", format, n)
		}
	}
	if leaks := sim.SecretsInURLs(); len(leaks) > 0 {
		t.Error(leaks)
	}
}
