// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/webhook"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
)

// installed returns a world in which everything is set up.
func installed(t *testing.T, change ...func(*v1alpha1.WebhookSubscription)) (*webhookWorld, *harness.Operator, *v1alpha1.WebhookSubscription) {
	t.Helper()
	w := newWebhookWorld(t)
	obj := w.subscription(change...)
	op := w.start()
	finish(op)
	w.expectReady(t, obj)
	op.Observe()
	finish(op)
	w.Sim.ResetStats()
	return w, op, obj
}

func allFields() []string { return append([]string{"messages"}, webhook.ManagementFields...) }

// TestWebhookDrift: the account's observation finds changes by other clients, and the operator repairs them with as few calls as
// possible.
func TestWebhookDrift(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		change func(*webhookWorld)
		calls  map[string]int
		// hourly: only the hourly read of the app shows it.
		hourly bool
	}{
		{
			name:   "override changed",
			change: func(w *webhookWorld) { w.Sim.SubscribeApp(harness.AccountID, harness.AppID, elseURL) },
			calls:  map[string]int{graphsim.OpSubscribeApp: 1},
		},
		{
			name:   "unsubscribed",
			change: func(w *webhookWorld) { w.meta(http.MethodDelete, harness.AccountID+"/subscribed_apps") },
			calls:  map[string]int{graphsim.OpSubscribeApp: 2},
		},
		{
			name:   "fields given up",
			change: func(w *webhookWorld) { w.Sim.SetAppCallback(harness.AppID, receiverURL, "messages", "security") },
			calls:  map[string]int{graphsim.OpSetSubscription: 1}, hourly: true,
		},
		{
			name:   "callback removed",
			change: func(w *webhookWorld) { w.Sim.SetAppCallback(harness.AppID, "") },
			calls:  map[string]int{graphsim.OpSetSubscription: 1},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w, op, obj := installed(t)
			tc.change(w)
			w.Sim.ResetStats()
			op.Observe()
			finish(op)
			finish(op)
			if tc.hourly {
				op.Advance(time.Hour)
			}
			w.expectReady(t, obj)
			w.expectRoute(t, botHost, operatorHost)
			s := w.Sim.Stats()
			for _, call := range []string{graphsim.OpSubscribeApp, graphsim.OpSetSubscription, graphsim.OpUnsubscribeApp} {
				if s.ByOp[call] != tc.calls[call] {
					t.Errorf("%s: %d times, want %d", call, s.ByOp[call], tc.calls[call])
				}
			}
			if _, fields := w.Sim.AppCallback(harness.AppID); !sameSet(fields, allFields()) {
				t.Errorf("fields: %v", fields)
			}
			w.CheckInvariants()
		})
	}
}

func TestWebhookDriftIsReported(t *testing.T) {
	t.Parallel()
	w, op, obj := installed(t, func(o *v1alpha1.WebhookSubscription) { o.Spec.DriftPolicy = v1alpha1.DriftPolicyReport })
	w.Sim.SubscribeApp(harness.AccountID, harness.AppID, elseURL)
	op.Observe()
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonDriftDetected, "messages")
	w.expectRoute(t, elseHost, operatorHost)
	w.Annotate(obj, v1alpha1.AnnotationRequestedAt, "now")
	finish(op)
	w.expectReady(t, obj)
	w.expectRoute(t, botHost, operatorHost)
	w.CheckInvariants()
}

// TestWebhookContested: after three repairs in a day the two owners have to agree.
func TestWebhookContested(t *testing.T) {
	t.Parallel()
	w, op, obj := installed(t)
	for range 3 {
		w.Sim.SubscribeApp(harness.AccountID, harness.AppID, elseURL)
		op.Observe()
		finish(op)
		w.expectReady(t, obj)
	}
	w.Sim.SubscribeApp(harness.AccountID, harness.AppID, elseURL)
	op.Observe()
	finish(op)
	op.Observe()
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonContested, "messages")
	w.expectRoute(t, elseHost, operatorHost)
	op.Stop()
	op = w.start()
	op.Observe()
	finish(op)
	w.expectProblem(t, obj, v1alpha1.ReasonContested, "messages")
	if n := w.Sim.Stats().ByOp[graphsim.OpSubscribeApp]; n != 3 {
		t.Errorf("%d repairs, the last ones after a restart", n)
	}
	w.CheckInvariants()
}

// TestWebhookTokenRotation: another version of a Secret is applied to its own level, once.
func TestWebhookTokenRotation(t *testing.T) {
	t.Parallel()
	w, op, obj := installed(t)
	bot := keySecretOf(w.World, "bot")
	w.Edit(bot, func() { bot.Data["bot"] = []byte("a new token") })
	op.Advance(6 * time.Minute)
	w.expectProblem(t, obj, v1alpha1.ReasonCallbackNotVerified, "403")
	expect(t, obj.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSubscribed)
	w.expectRoute(t, botHost, operatorHost) // what was verified stays
	w.services.expect(botHost, "a new token")
	op.Advance(10 * time.Minute)
	w.expectReady(t, obj)
	if applied := obj.Status.Operator.Applied(v1alpha1.CallbackLevelMessages); applied.VerifyTokenSecret.ResourceVersion != bot.ResourceVersion {
		t.Errorf("applied is %+v", applied.VerifyTokenSecret)
	}
	w.Sim.ResetStats()
	op.Observe()
	finish(op)
	if n := w.Sim.Stats().ByOp[graphsim.OpSubscribeApp]; n != 0 {
		t.Errorf("applied %d times more", n)
	}
	w.CheckInvariants()
}

// TestWebhookTwoAccounts: an app has one callback, so one resource sets it and the others agree or report the difference.
func TestWebhookTwoAccounts(t *testing.T) {
	t.Parallel()
	w, op, first := installed(t)
	w.second()
	op.Settle()
	other := w.subscription(func(o *v1alpha1.WebhookSubscription) {
		o.Name, o.Spec.WABARef.Name = "second", "second"
		o.Spec.Messages = &v1alpha1.WebhookOverride{CallbackURL: elseURL, VerifyTokenSecretRef: tokenOf("else")}
	})
	w.Sim.ResetStats()
	finish(op)
	w.expectReady(t, other)
	w.expectReady(t, first)
	if n := w.Sim.Stats().ByOp[graphsim.OpSetSubscription]; n != 0 {
		t.Errorf("the app was set %d times by a resource that doesn't manage it", n)
	}
	w.Edit(other, func() { other.Spec.App.Delivery, other.Spec.App.CallbackURL = v1alpha1.WebhookDeliveryCustom, elseURL })
	finish(op)
	w.expectProblem(t, other, v1alpha1.ReasonConflict, "WebhookSubscription acme manages the app")

	// Two resources for the same thing of one account.
	twin := w.subscription(func(o *v1alpha1.WebhookSubscription) { o.Name = "twin" })
	finish(op)
	w.expectProblem(t, twin, v1alpha1.ReasonConflict, "acme already manages this")
	w.expectReady(t, first)
	w.CheckInvariants()
}

// TestWebhookDeletion takes back what was set and nothing else, and diverts nothing on the way.
func TestWebhookDeletion(t *testing.T) {
	t.Parallel()
	deleted := func(o *v1alpha1.WebhookSubscription) { o.Spec.DeletionPolicy = v1alpha1.DeletionPolicyDelete }
	for _, tc := range []struct {
		name    string
		prepare func(*webhookWorld)
		change  func(*v1alpha1.WebhookSubscription)
		// messages and management are where events go afterwards.
		messages, management string
		app                  string
		stays                bool
	}{
		{name: "all of it", change: deleted},
		{name: "retained", change: func(*v1alpha1.WebhookSubscription) {}, messages: botHost, management: operatorHost, app: receiverURL},
		{
			name: "not what was there", change: deleted, app: "",
			prepare: func(w *webhookWorld) { w.Sim.SubscribeApp(harness.AccountID, harness.AppID, "") },
		},
		{
			name: "another account needs the app", change: deleted, app: receiverURL,
			prepare: func(w *webhookWorld) { w.second(); w.Sim.SubscribeApp(secondID, harness.AppID, elseURL) },
		},
		{
			name: "the messages would go to the operator", change: deleted, messages: botHost, management: operatorHost, app: receiverURL, stays: true,
			prepare: func(w *webhookWorld) {
				w.second()
				w.Sim.SubscribeApp(secondID, harness.AppID, elseURL)
				w.Sim.SubscribeApp(harness.AccountID, harness.AppID, "")
			},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWebhookWorld(t)
			if tc.prepare != nil {
				tc.prepare(w)
			}
			hosts := w.everywhere()
			obj := w.subscription(tc.change)
			op := w.start()
			finish(op)
			op.Observe()
			finish(op)
			w.expectReady(t, obj)
			w.Delete(obj)
			finish(op)
			if there := w.Reload(obj); there != tc.stays {
				t.Fatalf("there: %v; %+v", there, obj.Status.Conditions)
			}
			if tc.stays {
				w.expectProblem(t, obj, v1alpha1.ReasonWouldDivertMessages, "deletionPolicy: Retain")
			}
			w.expectRoute(t, tc.messages, tc.management)
			if address, _ := w.Sim.AppCallback(harness.AppID); address != tc.app {
				t.Errorf("the app's callback is %q, want %q", address, tc.app)
			}
			for _, host := range hosts() {
				if strings.Contains(host, operatorHost) {
					t.Errorf("messages went to %q", hosts())
				}
			}
		})
	}
}

// dieAt kills a process at one of its POSTs to a path, after so many others: when Meta has carried it out, or before.
func (w *webhookWorld) dieAt(path string, after int, commit bool, kill func()) {
	inner, left := w.Transport, atomic.Int64{}
	left.Store(int64(after))
	w.Transport = func(next http.RoundTripper) http.RoundTripper {
		next = inner(next)
		return transport(func(r *http.Request) (*http.Response, error) {
			if r.Method != http.MethodPost || !strings.HasSuffix(r.URL.Path, path) || left.Add(-1) != -1 {
				return next.RoundTrip(r)
			}
			if commit {
				resp, err := next.RoundTrip(r)
				kill()
				return resp, err
			}
			kill()
			return nil, http.ErrServerClosed
		})
	}
}

// TestWebhookCrash kills the process at each of its writes to Meta, before it and before the answer. The next one goes on,
// and no message is diverted meanwhile.
func TestWebhookCrash(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name, path string
		after      int
	}{
		{"subscribe", "/subscribed_apps", 0},
		{"override", "/subscribed_apps", 2},
		{"prime", "/subscriptions", 0},
		{"move", "/subscriptions", 1},
	} {
		for _, commit := range []bool{false, true} {
			t.Run(tc.name+map[bool]string{false: " lost", true: " done"}[commit], func(t *testing.T) {
				t.Parallel()
				w := newWebhookWorld(t)
				hosts := w.everywhere()
				var first *harness.Operator
				w.dieAt(tc.path, tc.after, commit, func() { first.Kill() })
				first = w.start()
				first.Settle()
				obj := w.subscription()
				first.Advance(20 * time.Second)
				first.StopKilled()
				second := w.start()
				second.Observe()
				finish(second)
				second.Observe()
				w.expectReady(t, obj)
				w.expectRoute(t, botHost, operatorHost)
				for _, host := range hosts() {
					if host != "" && host != botHost {
						t.Errorf("messages went to %q", hosts())
					}
				}
				memory := &obj.Status.Operator
				app, messages := memory.Applied(v1alpha1.CallbackLevelApp), memory.Applied(v1alpha1.CallbackLevelMessages)
				if app.URL != receiverURL || messages.URL != botURL || app.VerifyTokenSecret == nil || messages.VerifyTokenSecret == nil {
					t.Errorf("not ours: %+v", memory.AppliedCallbacks)
				}
				w.CheckInvariants()
			})
		}
	}
}
