// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package controllers_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/internal/operator"
	"github.com/waba-operator/waba-operator/internal/webhook"
	"github.com/waba-operator/waba-operator/test/graphsim"
	"github.com/waba-operator/waba-operator/test/harness"
	"github.com/waba-operator/waba-operator/test/patience"
)

const (
	operatorHost = "hooks.acme.example"
	botHost      = "bot.acme.example"
	elseHost     = "else.example"
	botURL       = "https://" + botHost + "/wa"
	elseURL      = "https://" + elseHost + "/meta"
	receiverURL  = "https://" + operatorHost + "/webhooks/" + harness.AppID
)

// services are what answers at callbacks: at each host with a verify token of its own.
type services struct {
	mu     sync.Mutex
	tokens map[string]string
}

func (s *services) expect(host, token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens[host] = token
}

func (s *services) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	token := s.tokens[r.Host]
	s.mu.Unlock()
	if r.Method != http.MethodGet {
		return // a delivery, which is taken
	}
	if token == "" || r.URL.Query().Get("hub.verify_token") != token {
		w.WriteHeader(http.StatusForbidden)
		return
	}
	_, _ = io.WriteString(w, r.URL.Query().Get("hub.challenge"))
}

// webhookWorld is a world with webhooks.
type webhookWorld struct {
	*harness.World
	services *services
}

// newWebhookWorld has an account, its Secret and the Secret with the verify tokens of the sample.
func newWebhookWorld(t *testing.T, opts ...graphsim.Option) *webhookWorld {
	t.Helper()
	w := &webhookWorld{harness.New(t, env, append(opts, graphsim.WithWebhooks())...), &services{tokens: map[string]string{
		operatorHost: "token-of-operator", botHost: "token-of-bot", elseHost: "token-of-else",
	}}}
	server := httptest.NewServer(w.services)
	t.Cleanup(server.Close)
	for _, host := range []string{operatorHost, botHost, elseHost} {
		w.Sim.MapCallback(host, server.URL)
	}
	w.Secret()
	w.WABA()
	for host, name := range map[string]string{operatorHost: "operator", botHost: "bot", elseHost: "else"} {
		keySecret(w.World, name, v1alpha1.SecretPurposeVerifyToken, w.services.tokens[host])
	}
	return w
}

// start starts the operator with a public address.
func (w *webhookWorld) start(change ...func(*operator.Options)) *harness.Operator {
	w.T.Helper()
	return w.Start(append([]func(*operator.Options){func(o *operator.Options) { o.WebhookURL = "https://" + operatorHost }}, change...)...)
}

func tokenOf(name string) v1alpha1.SecretKeyReference {
	return v1alpha1.SecretKeyReference{Name: name, Key: name}
}

// subscription creates the sample: management events go to the operator, messages to the bot.
func (w *webhookWorld) subscription(change ...func(*v1alpha1.WebhookSubscription)) *v1alpha1.WebhookSubscription {
	w.T.Helper()
	ref := tokenOf("operator")
	obj := &v1alpha1.WebhookSubscription{
		ObjectMeta: metav1.ObjectMeta{Name: "acme"},
		Spec: v1alpha1.WebhookSubscriptionSpec{
			CommonSpec: v1alpha1.CommonSpec{WABARef: v1alpha1.WABAReference{Name: "acme"}},
			App:        &v1alpha1.AppWebhook{Delivery: v1alpha1.WebhookDeliveryOperator, VerifyTokenSecretRef: &ref},
			Messages:   &v1alpha1.WebhookOverride{CallbackURL: botURL, VerifyTokenSecretRef: tokenOf("bot")},
		},
	}
	for _, c := range change {
		c(obj)
	}
	w.Create(obj)
	return obj
}

func takeover(o *v1alpha1.WebhookSubscription) { o.Spec.App.Takeover = v1alpha1.TakeoverPolicyAlways }

// meta makes a call to Meta as another program with the account's token would.
func (w *webhookWorld) meta(method, path string) {
	w.T.Helper()
	req, err := http.NewRequestWithContext(context.Background(), method, w.URL+"/v25.0/"+path, http.NoBody)
	if err != nil {
		w.T.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+harness.AccessToken)
	resp, err := (&http.Client{Timeout: patience.Limit}).Do(req)
	if err != nil {
		w.T.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		w.T.Fatalf("%s %s: %s", method, path, resp.Status)
	}
}

// route sends a message and a management event, and says at which hosts they arrive.
func (w *webhookWorld) route() (messages, management []string) {
	w.T.Helper()
	w.Sim.DropDeliveries()
	w.Sim.ResetDeliveries()
	number, _ := w.Sim.NumberByID(harness.NumberID)
	w.Sim.Emit(harness.AccountID, graphsim.MessageEvent("messages", number), graphsim.RawEvent("account_alerts", `{}`))
	if _, err := w.Sim.DeliverAll(context.Background()); err != nil {
		w.T.Fatal(err)
	}
	for _, d := range w.Sim.Deliveries() {
		host := strings.Split(strings.TrimPrefix(d.URL, "https://"), "/")[0]
		if slices.Contains(d.Fields, "messages") {
			messages = append(messages, host)
		} else {
			management = append(management, host)
		}
	}
	return messages, management
}

// everywhere watches where a message would go after each call of the operator's. The list has no repetitions.
func (w *webhookWorld) everywhere() (hosts func() []string) {
	var mu sync.Mutex
	var seen []string
	w.Transport = func(next http.RoundTripper) http.RoundTripper {
		return transport(func(r *http.Request) (*http.Response, error) {
			mu.Lock()
			defer mu.Unlock()
			resp, err := next.RoundTrip(r)
			if r.Method != http.MethodGet {
				messages, _ := w.route()
				if at := strings.Join(messages, "+"); len(seen) == 0 || seen[len(seen)-1] != at {
					seen = append(seen, at)
				}
			}
			return resp, err
		})
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(seen)
	}
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// finish lets the operator do all its steps, a second apart.
func finish(op *harness.Operator) {
	op.Settle()
	op.Advance(20 * time.Second)
}

// writesAbout counts the calls that set where events go.
func (w *webhookWorld) writesAbout() map[string]int {
	n := map[string]int{}
	for _, r := range w.Sim.Requests() {
		switch r.Op {
		case graphsim.OpSubscribeApp, graphsim.OpUnsubscribeApp, graphsim.OpSetSubscription, graphsim.OpDeleteSubscription, graphsim.OpUpdateNumber:
			n[r.Op]++
		}
	}
	return n
}

func (w *webhookWorld) expectReady(t *testing.T, obj *v1alpha1.WebhookSubscription) {
	t.Helper()
	w.Reload(obj)
	expect(t, obj.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionTrue, v1alpha1.ReasonSynced)
	expect(t, obj.Status.Conditions, v1alpha1.ConditionReady, metav1.ConditionTrue, v1alpha1.ReasonSubscribed)
	expect(t, obj.Status.Conditions, v1alpha1.ConditionSubscribed, metav1.ConditionTrue, v1alpha1.ReasonSubscribed)
	expect(t, obj.Status.Conditions, v1alpha1.ConditionCallbackVerified, metav1.ConditionTrue, v1alpha1.ReasonVerified)
	if len(obj.Status.Drift) > 0 {
		t.Errorf("drift: %v", obj.Status.Drift)
	}
}

// expectProblem wants Synced to be False for a reason, with a message that says something.
func (w *webhookWorld) expectProblem(t *testing.T, obj *v1alpha1.WebhookSubscription, reason, says string) {
	t.Helper()
	w.Reload(obj)
	expect(t, obj.Status.Conditions, v1alpha1.ConditionSynced, metav1.ConditionFalse, reason)
	if c := harness.Condition(obj.Status.Conditions, v1alpha1.ConditionSynced); !strings.Contains(c.Message, says) {
		t.Errorf("message %q, want %q in it", c.Message, says)
	}
}

func (w *webhookWorld) expectRoute(t *testing.T, messages, management string) {
	t.Helper()
	gotMessages, gotManagement := w.route()
	if strings.Join(gotMessages, "+") != messages || strings.Join(gotManagement, "+") != management {
		t.Errorf("messages go to %v and management events to %v, want %q and %q", gotMessages, gotManagement, messages, management)
	}
}

// TestWebhookInstallation: at no moment does a message go anywhere but where it went before, or where it shall go.
func TestWebhookInstallation(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name   string
		before func(*webhookWorld)
		change func(*v1alpha1.WebhookSubscription)
		// route is where a message went after each write; a repeated host is left out.
		route []string
		calls map[string]int
	}{
		{
			name: "a new app", before: func(*webhookWorld) {}, change: func(*v1alpha1.WebhookSubscription) {},
			route: []string{"", botHost},
			// Subscribed, overridden too early, overridden; primed and moved.
			calls: map[string]int{graphsim.OpSubscribeApp: 3, graphsim.OpSetSubscription: 2},
		},
		{
			name: "the bot has the app's callback", change: takeover,
			before: func(w *webhookWorld) {
				w.Sim.SetAppCallback(harness.AppID, botURL, "messages", "account_update")
				w.Sim.SubscribeApp(harness.AccountID, harness.AppID, "")
			},
			route: []string{botHost}, calls: map[string]int{graphsim.OpSubscribeApp: 1, graphsim.OpSetSubscription: 1},
		},
		{
			name: "the override is there", change: takeover,
			before: func(w *webhookWorld) {
				w.Sim.SetAppCallback(harness.AppID, elseURL, "messages")
				w.Sim.SubscribeApp(harness.AccountID, harness.AppID, botURL)
			},
			route: []string{botHost}, calls: map[string]int{graphsim.OpSetSubscription: 1},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWebhookWorld(t)
			tc.before(w)
			hosts := w.everywhere()
			obj := w.subscription(tc.change)
			op := w.start()
			finish(op)
			w.expectReady(t, obj)
			w.expectRoute(t, botHost, operatorHost)
			if got := hosts(); !slices.Equal(got, tc.route) {
				t.Errorf("messages went to %q, want %q", got, tc.route)
			}
			if got := w.writesAbout(); !equalCounts(got, tc.calls) {
				t.Errorf("calls: %v, want %v", got, tc.calls)
			}
			address, fields := w.Sim.AppCallback(harness.AppID)
			if want := append([]string{"messages"}, webhook.ManagementFields...); address != receiverURL || !sameSet(fields, want) {
				t.Errorf("the app has %s and %v", address, fields)
			}
			s := obj.Status
			if applied := s.Operator.Applied(v1alpha1.CallbackLevelApp); s.AppID != harness.AppID || applied.URL != receiverURL || applied.VerifyTokenSecret.Key != "operator" {
				t.Errorf("status: %+v, %+v", s.App, applied)
			}
			w.CheckInvariants()
		})
	}
}

func equalCounts(a, b map[string]int) bool {
	for k := range a {
		if a[k] != b[k] {
			return false
		}
	}
	return len(a) == len(b)
}

func sameSet(a, b []string) bool {
	return slices.Equal(slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b)))
}

// TestWebhookSteadyState: nothing but one read of the app an hour is added to the account's observation.
func TestWebhookSteadyState(t *testing.T) {
	t.Parallel()
	w := newWebhookWorld(t)
	obj := w.subscription()
	op := w.start()
	finish(op)
	w.expectReady(t, obj)
	op.Observe()
	finish(op)
	w.Sim.ResetStats()
	w.ResetAPIWrites()
	op.Advance(3 * time.Hour)
	s := w.Sim.Stats()
	if n := s.ByOp[graphsim.OpListSubscriptions]; n < 2 || n > 3 {
		t.Errorf("the app was read %d times in three hours", n)
	}
	if n := s.ByOp[graphsim.OpListApps] + s.ByOp[graphsim.OpReadNumber] + s.ByOp[graphsim.OpListNumbers]; n > 0 {
		t.Errorf("%d calls beside the observation: %v", n, s.ByOp)
	}
	if n := w.APIWrites("PATCH webhooksubscriptions"); n > 0 {
		t.Errorf("%d status writes though nothing changed", n)
	}
	w.expectReady(t, obj)
	w.CheckInvariants()
}
