// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package waba

import (
	"strings"
	"testing"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/controllers/lifecycle/lifecycletest"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
)

func said(t *testing.T, c *lifecycle.Conditions, kind string) string {
	t.Helper()
	got := meta.FindStatusCondition(c.List(), kind)
	if got == nil {
		t.Fatalf("no condition %s", kind)
	}
	if got.Message == "" {
		t.Errorf("%s has no message", kind)
	}
	return string(got.Status) + "/" + got.Reason
}

func TestUnitAccountReviewAndVerification(t *testing.T) {
	for status, want := range map[string]string{
		"APPROVED": "True/Approved", "REJECTED": "False/Rejected", "PENDING": "False/InReview", "DEFERRED": "False/InReview",
		"": "Unknown/Unknown", "ESCALATED": "Unknown/Unknown",
	} {
		c := lifecycle.NewConditions(nil, 1, lifecycletest.Start)
		r := approved(&v1alpha1.WABAStatus{ReviewStatus: status}, c)
		if got := said(t, c, v1alpha1.ConditionApproved); got != want || (r != nil) != (status == "REJECTED") {
			t.Errorf("review %q: %s, %+v", status, got, r)
		}
	}
	for status, want := range map[string]string{
		"VERIFIED": "True/Verified", "": "Unknown/Unknown", "PENDING": "False/NotVerified", "EXPIRED": "False/NotVerified",
	} {
		c := lifecycle.NewConditions(nil, 1, lifecycletest.Start)
		if r := verified(&v1alpha1.WABAStatus{BusinessVerificationStatus: status}, c); r != nil {
			t.Errorf("an account can be used without verification: %+v", r)
		}
		if got := said(t, c, v1alpha1.ConditionBusinessVerified); got != want {
			t.Errorf("verification %q: %s", status, got)
		}
	}
}

func TestUnitBilling(t *testing.T) {
	before, after := time.Date(2026, time.December, 31, 23, 0, 0, 0, time.UTC), time.Date(2027, time.January, 1, 0, 0, 0, 0, time.UTC)
	yes, no := true, false
	for _, tc := range []struct {
		present           *bool
		country, currency string
		now               time.Time
		want              string
	}{
		{nil, "IN", "USD", before, "Unknown/Pending"},
		{&yes, "DE", "EUR", after, "True/PaymentMethodPresent"},
		{&yes, "IN", "INR", after, "True/PaymentMethodPresent"},
		{&yes, "", "USD", after, "True/PaymentMethodPresent"},
		{&yes, "IN", "", after, "True/PaymentMethodPresent"}, // Meta says nothing
		{&no, "DE", "EUR", before, "False/NoPaymentMethod"},
		{&no, "IN", "USD", after, "False/NoPaymentMethod"},
		{&yes, "IN", "USD", before, "True/CurrencyDeadline"},
		{&yes, "IN", "USD", after, "False/CurrencyDeadline"},
		{&yes, "BR", "USD", after, "True/CurrencyDeadline"},
		{&yes, "BR", "USD", time.Date(2027, time.July, 1, 0, 0, 0, 0, time.UTC), "False/CurrencyDeadline"},
	} {
		c := lifecycle.NewConditions(nil, 1, lifecycletest.Start)
		billing(&v1alpha1.WABAStatus{PaymentMethodPresent: tc.present, Country: tc.country, Currency: tc.currency}, c, tc.now)
		if got := said(t, c, v1alpha1.ConditionBillingReady); got != tc.want {
			t.Errorf("%+v: %s", tc, got)
		}
	}
}

func TestUnitCanSend(t *testing.T) {
	health := func(summary string, entities ...string) *v1alpha1.HealthStatus {
		h := &v1alpha1.HealthStatus{CanSendMessage: summary}
		for i, e := range entities {
			h.Entities = append(h.Entities, v1alpha1.HealthEntity{Type: []string{"WABA", "BUSINESS", "APP"}[i], ID: "1", CanSendMessage: e})
		}
		return h
	}
	for name, c := range map[string]struct {
		health *v1alpha1.HealthStatus
		want   string
	}{
		"nothing said":                       {nil, "Unknown/Unknown"},
		"all well":                           {health("AVAILABLE", "AVAILABLE", "AVAILABLE"), "True/Healthy"},
		"the summary includes calls":         {health("BLOCKED", "AVAILABLE", "AVAILABLE"), "True/Healthy"},
		"the worst entity counts":            {health("AVAILABLE", "LIMITED", "BLOCKED", "AVAILABLE"), "False/Blocked"},
		"limited":                            {health("LIMITED", "AVAILABLE", "LIMITED"), "True/Limited"},
		"without entities the summary is it": {health("BLOCKED"), "False/Blocked"},
		"a new value":                        {health("X", "SLOW", "AVAILABLE"), "Unknown/Unknown"},
		"a new value never hides trouble":    {health("X", "SLOW", "BLOCKED"), "False/Blocked"},
		"nor limits":                         {health("X", "SLOW", "LIMITED"), "True/Limited"},
	} {
		set := lifecycle.NewConditions(nil, 1, lifecycletest.Start)
		r := canSend(&v1alpha1.WABAStatus{Health: c.health}, set)
		if got := said(t, set, v1alpha1.ConditionCanSendMessages); got != c.want || (r != nil) != (c.want == "False/Blocked") {
			t.Errorf("%s: %s, %+v, want %s", name, got, r, c.want)
		}
	}
}

func TestUnitPolicyCompliant(t *testing.T) {
	at := func(d time.Duration) *metav1.Time { return &metav1.Time{Time: lifecycletest.Start.Add(d)} }
	webhook := func(f func(*v1alpha1.WABAWebhookStatus)) func(*v1alpha1.WABA) {
		return func(w *v1alpha1.WABA) {
			w.Status.Webhook = &v1alpha1.WABAWebhookStatus{}
			f(w.Status.Webhook)
		}
	}
	restricted := func(until *metav1.Time) func(*v1alpha1.WABA) {
		return webhook(func(s *v1alpha1.WABAWebhookStatus) {
			s.Restrictions = []v1alpha1.Restriction{{Type: "RESTRICTED_BIZ_INITIATED_MESSAGING", ExpirationTime: until}}
		})
	}
	apps := func(approved string, subscribed ...string) func(*v1alpha1.WABA) {
		return func(w *v1alpha1.WABA) {
			if approved != "" {
				w.Spec.ApprovedApps = []v1alpha1.ApprovedApp{{ID: approved}}
			}
			for _, id := range subscribed {
				w.Status.SubscribedApps = append(w.Status.SubscribedApps, v1alpha1.SubscribedApp{ID: id, Name: "App " + id})
			}
		}
	}
	for name, c := range map[string]struct {
		change  func(*v1alpha1.WABA)
		want    string
		message string
	}{
		"nothing known":            {func(*v1alpha1.WABA) {}, "True/Compliant", "no restriction"},
		"restricted":               {restricted(at(time.Hour)), "False/Restricted", "RESTRICTED_BIZ_INITIATED_MESSAGING"},
		"restricted without end":   {restricted(nil), "False/Restricted", "restricted by Meta"},
		"the restriction is over":  {restricted(at(-time.Second)), "True/Compliant", "no restriction"},
		"to be banned":             {webhook(func(s *v1alpha1.WABAWebhookStatus) { s.Ban = &v1alpha1.Ban{State: "SCHEDULE_FOR_DISABLE"} }), "False/PolicyViolation", "SCHEDULE_FOR_DISABLE"},
		"reinstated":               {webhook(func(s *v1alpha1.WABAWebhookStatus) { s.Ban = &v1alpha1.Ban{State: "REINSTATE"} }), "True/Compliant", "no restriction"},
		"apps, but no list of any": {apps("", "7"), "True/Compliant", "no restriction"},
		"an approved app":          {apps("7", "7"), "True/Compliant", "no restriction"},
		"our own app": {func(w *v1alpha1.WABA) {
			apps("7", "9")(w)
			w.Status.Credentials = &v1alpha1.CredentialsStatus{AppID: "9"}
		}, "True/Compliant", "no restriction"},
		"another owner's app": {apps("7", "7", "8"), "False/UnapprovedApp", "8 App 8"},
		"both": {func(w *v1alpha1.WABA) {
			restricted(at(time.Hour))(w)
			apps("7", "8")(w)
		}, "False/Restricted", "8 App 8"},
	} {
		w := lifecycletest.WABA(c.change)
		set := lifecycle.NewConditions(nil, 1, lifecycletest.Start)
		compliant(w, set, lifecycletest.Start)
		if got := said(t, set, v1alpha1.ConditionPolicyCompliant); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
		if got := set.List()[0].Message; !strings.Contains(got, c.message) {
			t.Errorf("%s: %q must name %q", name, got, c.message)
		}
	}
}

// What is wrong with the credentials has a reason for each thing that a person can do about it.
func TestUnitCredentialsValid(t *testing.T) {
	token := func(scopes ...string) *graph.TokenInfo { return &graph.TokenInfo{Valid: true, Scopes: scopes} }
	denied := lifecycle.Waiting(v1alpha1.ReasonPermissionDenied, "m", 0)
	expires := metav1.NewTime(lifecycletest.Start.Add(3 * 24 * time.Hour))
	for name, c := range map[string]struct {
		p    *accountRun
		o    *lifecycle.Result
		want string
	}{
		"refused":      {&accountRun{}, lifecycle.Waiting(v1alpha1.ReasonCredentialsInvalid, "m", 0), "False/CredentialsInvalid"},
		"no scope":     {&accountRun{Found: observed{token: token("whatsapp_business_messaging")}}, denied, "False/MissingScope"},
		"not assigned": {&accountRun{Found: observed{token: token(scopeManagement)}}, denied, "False/NotAssigned"},
		"not known":    {&accountRun{}, denied, "Unknown/Pending"},
		"good":         {&accountRun{Found: observed{snapshot: &account.Snapshot{}, token: token(scopeManagement)}}, lifecycle.Done("m"), "True/Valid"},
		"expiring": {&accountRun{Found: observed{snapshot: &account.Snapshot{}, token: token(scopeManagement)}, Object: &v1alpha1.WABA{Status: v1alpha1.WABAStatus{
			Credentials: &v1alpha1.CredentialsStatus{ExpirationTime: &expires},
		}}}, lifecycle.Done("m"), "True/ExpiringSoon"},
	} {
		if c.p.Object == nil {
			c.p.Object = &v1alpha1.WABA{}
		}
		c.p.Now, c.p.Result = lifecycletest.Start, c.o
		conditions := lifecycle.NewConditions(nil, 1, lifecycletest.Start)
		describeCredentials(c.p, conditions)
		if got := said(t, conditions, v1alpha1.ConditionCredentialsValid); got != c.want {
			t.Errorf("%s: %s, want %s", name, got, c.want)
		}
	}
}
