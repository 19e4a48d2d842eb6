// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package webhooksubscription

import (
	"slices"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	clocktesting "k8s.io/utils/clock/testing"

	"github.com/waba-operator/waba-operator/api/v1alpha1"
	"github.com/waba-operator/waba-operator/controllers/lifecycle"
	"github.com/waba-operator/waba-operator/internal/account"
	"github.com/waba-operator/waba-operator/internal/graph"
	"github.com/waba-operator/waba-operator/internal/metavalues"
	"github.com/waba-operator/waba-operator/internal/webhook"
)

const (
	operatorCallback = "https://hooks.acme.example/webhooks/1"
	botCallback      = "https://bot.acme.example/wa"
	otherCallback    = "https://other.example/meta?token=x"
)

// settledRoutes is a situation in which nothing is left to do.
func settledRoutes(change ...func(*routes)) *routes {
	s := &routes{
		subscribed:   true,
		subscription: route{path: "subscribed"},
		account:      route{path: "messages", want: botCallback, live: botCallback, applied: botCallback},
		app: appRoute{
			route:    route{path: "app", want: operatorCallback, live: operatorCallback, applied: operatorCallback},
			operator: operatorCallback, service: botCallback, liveKnown: true, fieldsKnown: true, secret: true,
			base: sorted(webhook.ManagementFields), fields: union(webhook.ManagementFields, []string{fieldMessages}),
		},
	}
	for _, c := range change {
		c(s)
	}
	return s
}

func fresh(s *routes) {
	s.subscribed = false
	s.account.live, s.account.applied = "", ""
	s.app.live, s.app.applied, s.app.fields = "", "", nil
}

func noOverride(s *routes) { s.account.live, s.account.applied = "", "" }

// otherApp: another client's callback, which gets messages.
func otherApp(s *routes) { s.app.live, s.app.applied = otherCallback, "" }

func TestUnitWebhookPlan(t *testing.T) {
	blocked := lifecycle.Waiting("Blocked", "not now", 0)
	for _, tc := range []struct {
		name   string
		change []func(*routes)
		step   routeWriteKind
		at     string
		// reasons of the complaints.
		reasons []string
	}{
		{name: "settled"},
		{name: "fresh", change: []func(*routes){fresh}, step: writeSubscription, at: "subscribed"},
		{name: "fresh, held", change: []func(*routes){fresh, func(s *routes) { s.subscription.blocked = blocked }}, reasons: []string{"Blocked"}},
		{name: "subscribed", change: []func(*routes){fresh, func(s *routes) { s.subscribed = true }}, step: writeAccountOverride, at: "messages"},
		{
			name: "override refused, so it is primed", step: writeAppPriming, at: "messages",
			change: []func(*routes){fresh, func(s *routes) { s.subscribed, s.app.refused = true, true }},
		},
		{
			name: "primed, so the override comes", step: writeAccountOverride, at: "messages",
			change: []func(*routes){noOverride, func(s *routes) {
				s.app.refused, s.app.live, s.app.applied, s.app.fields = true, botCallback, botCallback, []string{fieldMessages}
			}},
		},
		{
			name: "the override is there, so the app moves", step: writeApp, at: "app",
			change: []func(*routes){func(s *routes) {
				s.app.live, s.app.applied, s.app.fields = botCallback, botCallback, []string{fieldMessages}
			}},
		},
		{
			name: "no priming over another client's callback", reasons: []string{v1alpha1.ReasonAlreadyExists, v1alpha1.ReasonAlreadyExists},
			change: []func(*routes){noOverride, otherApp, func(s *routes) { s.app.refused, s.app.fields = true, s.app.base }},
		},
		{
			name: "no priming with the messages of others", reasons: []string{v1alpha1.ReasonWouldDivertMessages},
			change: []func(*routes){noOverride, func(s *routes) {
				s.app.refused, s.app.fields, s.app.uncovered = true, s.app.base, []string{"WABA b"}
			}},
		},
		{
			name: "no priming of an app that isn't managed", reasons: []string{v1alpha1.ReasonRefusedByMeta},
			change: []func(*routes){noOverride, func(s *routes) { s.app = appRoute{refused: true} }},
		},
		{
			name: "no priming without an override for the account", reasons: []string{v1alpha1.ReasonRefusedByMeta},
			change: []func(*routes){func(s *routes) {
				s.account = route{}
				s.numbers = []route{{path: "phoneNumbers[a]", level: "1", want: botCallback}}
				s.app.refused, s.app.fields = true, s.app.base
			}},
		},
		{
			name: "a service that is down doesn't keep the others back", step: writeNumberOverride, at: "phoneNumbers[a]", reasons: nil,
			change: []func(*routes){noOverride, func(s *routes) {
				s.account.blocked = blocked
				s.numbers = []route{{path: "phoneNumbers[a]", level: "1", want: botCallback}}
			}},
		},
		{
			name: "management events come though the service is down", step: writeApp, at: "app",
			change: []func(*routes){fresh, func(s *routes) { s.subscribed, s.account.blocked = true, blocked }}, reasons: []string{"Blocked"},
		},
		{
			name: "another token", step: writeAccountOverride, at: "messages",
			change: []func(*routes){func(s *routes) { s.account.stale = true }},
		},
		{name: "another client's override, as wanted", change: []func(*routes){func(s *routes) { s.account.applied, s.account.stale = "", true }}},
		{
			name: "an entry that is gone is cleared", step: writeNumberOverride, at: "phoneNumbers[a]",
			change: []func(*routes){func(s *routes) {
				s.numbers = []route{{path: "phoneNumbers[a]", level: "1", live: botCallback, applied: botCallback}}
			}},
		},
		{name: "another client's callback", change: []func(*routes){otherApp}, reasons: []string{v1alpha1.ReasonAlreadyExists}},
		{
			name: "taken over", step: writeApp, at: "app",
			change: []func(*routes){otherApp, func(s *routes) { s.app.takeover = true }},
		},
		{
			name: "taken over, messages of the account lost", reasons: []string{v1alpha1.ReasonWouldDivertMessages},
			change: []func(*routes){otherApp, func(s *routes) { s.app.takeover, s.app.exposed, s.account = true, true, route{} }},
		},
		{
			name: "taken over, messages of others lost", reasons: []string{v1alpha1.ReasonWouldDivertMessages},
			change: []func(*routes){otherApp, func(s *routes) { s.app.takeover, s.app.uncovered = true, []string{"WABA b"} }},
		},
		{
			name: "taken over, fields that no override moves", reasons: []string{v1alpha1.ReasonWouldDivertMessages},
			change: []func(*routes){otherApp, func(s *routes) { s.app.takeover, s.app.fields = true, []string{"user_preferences"} }},
		},
		{
			name: "taken over without messages", step: writeApp, at: "app",
			change: []func(*routes){otherApp, func(s *routes) {
				s.app.takeover, s.app.uncovered, s.app.exposed, s.account, s.app.fields = true, []string{"WABA b"}, true, route{}, []string{"security"}
			}},
		},
		{
			name: "custom callbacks may get messages", step: writeApp, at: "app",
			change: []func(*routes){otherApp, func(s *routes) { s.app.takeover, s.app.want, s.app.exposed = true, botCallback, true }},
		},
		{
			name: "messages that reach the operator already are reported", reasons: []string{v1alpha1.ReasonWouldDivertMessages},
			change: []func(*routes){func(s *routes) { s.app.uncovered = []string{"WABA b"} }},
		},
		{
			name: "fields are repaired where messages reach the operator already", step: writeApp, at: "app",
			change: []func(*routes){func(s *routes) { s.app.uncovered, s.app.fields = []string{"WABA b"}, []string{fieldMessages} }},
		},
		{name: "managed by another, alike", change: []func(*routes){func(s *routes) { s.app.holder = "b" }}},
		{
			name: "managed by another, otherwise", reasons: []string{v1alpha1.ReasonConflict},
			change: []func(*routes){func(s *routes) { s.app.holder, s.app.live = "b", botCallback }},
		},
		{
			name: "managed by another, without the fields", reasons: []string{v1alpha1.ReasonConflict},
			change: []func(*routes){func(s *routes) { s.app.holder, s.app.fields = "b", []string{fieldMessages} }},
		},
		{name: "no secret, alike", change: []func(*routes){func(s *routes) { s.app.secret, s.app.fieldsKnown = false, false }}},
		{
			name: "no secret, otherwise", reasons: []string{v1alpha1.ReasonActionRequired},
			change: []func(*routes){func(s *routes) { s.app.secret, s.app.fieldsKnown, s.app.live = false, false, "" }},
		},
		{
			name: "unreadable", reasons: []string{"Blocked"},
			change: []func(*routes){func(s *routes) { s.app.fieldsKnown, s.app.unreadable = false, blocked }},
		},
		{
			name: "no receiver", reasons: []string{"Blocked"},
			change: []func(*routes){func(s *routes) { s.app.want, s.app.blocked = "", blocked }},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			step, complaints := settledRoutes(tc.change...).plan()
			var kind routeWriteKind
			at := ""
			if step != nil {
				kind, at = step.kind, step.at.path
			}
			if kind != tc.step || at != tc.at {
				t.Errorf("got step %d at %q, want %d at %q", kind, at, tc.step, tc.at)
			}
			if step != nil && step.kind != writeApp {
				return // the complaints come when nothing else is left to do
			}
			var reasons []string
			for _, c := range complaints {
				reasons = append(reasons, c.Reason())
				if strings.Contains(c.Message(), "token=x") {
					t.Errorf("the message shows what could be a secret: %s", c.Message())
				}
			}
			if !slices.Equal(reasons, tc.reasons) {
				t.Errorf("got %v, want %v", complaints, tc.reasons)
			}
		})
	}
}

func TestUnitWebhookFields(t *testing.T) {
	for _, tc := range []struct {
		name, base, have, want string
		exact, messages        bool
	}{
		{name: "none yet", base: "a", want: "a"},
		{name: "messages are kept", base: "a", have: "messages calls", want: "a calls messages"},
		{name: "messages are added", base: "a", messages: true, want: "a messages"},
		{name: "all management fields", base: "account_update", have: "security", want: "account_update security"},
		{name: "only those named", base: "account_update", have: "security messages", exact: true, want: "account_update messages"},
		{name: "new ones of Meta's are kept", base: "account_update", have: "brand_new", exact: true, want: "account_update brand_new"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := appRoute{base: strings.Fields(tc.base), fields: strings.Fields(tc.have), exact: tc.exact}
			if got := strings.Join(a.target(tc.messages), " "); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestUnitWebhookDifferences(t *testing.T) {
	if got := settledRoutes().differences(); len(got) != 0 {
		t.Errorf("settled: %v", got)
	}
	got := settledRoutes(fresh, func(s *routes) {
		s.numbers = []route{{path: "phoneNumbers[a]", want: botCallback}}
	}).differences()
	want := []string{"subscribed", "messages.callbackURL", "phoneNumbers[a].callbackURL", "app.callbackURL", "app.fields"}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestUnitExposed(t *testing.T) {
	number := func(platform, callback string) account.NumberView {
		return account.NumberView{Number: &graph.PhoneNumber{PlatformType: platform, Webhook: &graph.WebhookConfiguration{PhoneNumber: callback}}}
	}
	address := func(s string) *string { return &s }
	registered, covered, idle := number(metavalues.PlatformCloudAPI, ""), number(metavalues.PlatformCloudAPI, botCallback), number("NOT_APPLICABLE", "")
	for _, tc := range []struct {
		name    string
		known   bool
		address *string
		numbers []account.NumberView
		want    bool
	}{
		{name: "not subscribed", known: true, numbers: []account.NumberView{registered}},
		{name: "not known", numbers: []account.NumberView{registered}, want: true},
		{name: "subscribed", known: true, address: address(""), numbers: []account.NumberView{registered}, want: true},
		{name: "override", known: true, address: address(botCallback), numbers: []account.NumberView{registered}},
		{name: "override to the operator", known: true, address: address(operatorCallback), numbers: []account.NumberView{registered}, want: true},
		{name: "each number", known: true, address: address(""), numbers: []account.NumberView{covered, idle}},
		{name: "one of two numbers", known: true, address: address(""), numbers: []account.NumberView{covered, registered}, want: true},
		{name: "number to the operator", known: true, address: address(""), numbers: []account.NumberView{number(metavalues.PlatformCloudAPI, operatorCallback)}, want: true},
		{name: "no registered number", known: true, address: address(""), numbers: []account.NumberView{idle}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			numbers := map[string]account.NumberView{}
			for i, n := range tc.numbers {
				numbers[string(rune('a'+i))] = n
			}
			if got := leaksMessages(tc.known, tc.address, numbers, operatorCallback); got != tc.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestUnitWebhookMemory(t *testing.T) {
	clock := clocktesting.NewFakeClock(time.Unix(1790000000, 0))
	m := newMemory(clock)
	h := &subscriptions{Base: &lifecycle.Base{Retries: lifecycle.NewRetries(clock)}}
	key := callbackKey("u", botCallback)
	refused := lifecycle.NotSynced(v1alpha1.ReasonRefusedByMeta, "403").WithBackoff(lifecycle.SlowPause)
	for _, want := range []time.Duration{30 * time.Second, time.Minute, 2 * time.Minute, 4 * time.Minute, 5 * time.Minute, 5 * time.Minute} {
		if o := h.hold(key, "one", refused); o.After() != want || o.Backoff() || !o.Unaffected() {
			t.Fatalf("got %+v, want a pause of %s", o, want)
		}
		if h.Retries.Held(key, "one") == nil || h.Retries.Held(key, "two") != nil || h.Retries.Failures("u", callbackPrefix)[key.Part] != "403" {
			t.Fatal("not held, or held for another attempt")
		}
		clock.Step(want)
		if h.Retries.Held(key, "one") != nil {
			t.Fatal("held too long")
		}
	}
	h.Retries.ReleaseParts("u", callbackPrefix, key)
	if len(h.Retries.Failures("u", callbackPrefix)) == 0 {
		t.Error("forgotten though wanted")
	}
	h.Retries.ReleaseParts("u", callbackPrefix)
	if len(h.Retries.Failures("u", callbackPrefix)) > 0 {
		t.Error("remembered though no level has the address")
	}
	m.setLacking("u", true)
	clock.Step(lifecycle.LongestPause)
	if !m.lacks("u", true) || m.lacks("u", false) {
		t.Error("what can be read needn't be tried, and what can't be read must be")
	}
	m.sawApp("u", appReading{appID: "1"})
	if _, ok := m.app("u", "2"); ok {
		t.Error("a reading of another app")
	}
	h.hold(key, "one", refused)
	m.Forget(lifecycle.Gone{UID: "u"})
	h.Retries.Forget(lifecycle.Gone{UID: "u"})
	if _, ok := m.app("u", "1"); ok || m.lacks("u", true) || h.Retries.Held(key, "one") != nil {
		t.Error("not forgotten")
	}
}

func TestUnitShownURL(t *testing.T) {
	for address, want := range map[string]string{
		otherCallback: "https://other.example/meta", "https://u:p@x.example/a#b": "https://x.example/a", "": "(an unreadable address)", "::": "(an unreadable address)",
	} {
		if got := shownURL(address); got != want {
			t.Errorf("%q: got %q, want %q", address, got, want)
		}
	}
}

// TestUnitInactiveCallback: the right address is no use while Meta has switched it off.
func TestUnitInactiveCallback(t *testing.T) {
	obj := &v1alpha1.WebhookSubscription{}
	obj.Spec.App = &v1alpha1.AppWebhook{Delivery: v1alpha1.WebhookDeliveryCustom, CallbackURL: otherCallback}
	subscribed := true
	obj.Status.Subscribed = &subscribed
	obj.Status.App = &v1alpha1.AppWebhookStatus{CallbackURL: otherCallback}
	clock := clocktesting.NewFakeClock(time.Unix(1790000000, 0))
	h := &subscriptions{Base: &lifecycle.Base{Retries: lifecycle.NewRetries(clock)}, memory: newMemory(clock)}
	for _, active := range []bool{true, false} {
		obj.Status.App.Active = &active
		r := h.Describe(&subscriptionRun{Object: obj}, lifecycle.NewConditions(nil, 1, time.Unix(1790000000, 0)))
		if got := r.Status == metav1.ConditionTrue; got != active || (lifecycle.KstatusOf[r.Reason] == lifecycle.KstatusStalled) == active {
			t.Errorf("active %t: %+v", active, r)
		}
	}
}
