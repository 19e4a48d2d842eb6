// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
)

const (
	testCallback    = "https://bot.acme.example/wa"
	testVerifyToken = "a b+c"
	testAppToken    = testApp + "|" + testSecret
)

func testChange() AppSubscriptionChange {
	return AppSubscriptionChange{CallbackURL: testCallback, VerifyToken: testVerifyToken, Fields: []string{"account_update", "security"}}
}

// everyWebhookCall makes each call about webhooks once. Those on the app need a client with the app secret.
func everyWebhookCall(c *Client) map[Operation]func(context.Context) error {
	return map[Operation]func(context.Context) error{
		OpReadAppSubscription: func(ctx context.Context) error {
			_, err := c.ReadAppSubscription(ctx, testApp)
			return err
		},
		OpSetAppSubscription:    func(ctx context.Context) error { return c.SetAppSubscription(ctx, testApp, testChange()) },
		OpDeleteAppSubscription: func(ctx context.Context) error { return c.DeleteAppSubscription(ctx, testApp) },
		OpSubscribeApp:          func(ctx context.Context) error { return c.SubscribeApp(ctx, testWABA) },
		OpUnsubscribeApp:        func(ctx context.Context) error { return c.UnsubscribeApp(ctx, testWABA) },
		OpOverrideAccountCallback: func(ctx context.Context) error {
			return c.OverrideAccountCallback(ctx, testWABA, testCallback, testVerifyToken)
		},
		OpSetNumberCallback: func(ctx context.Context) error {
			return c.SetNumberCallback(ctx, testNumber, testCallback, testVerifyToken)
		},
	}
}

func withSecret(cfg *Config) { cfg.AppSecret = testSecret }

var webhookWireCases = []struct {
	name, request, query, body string
	call                       func(context.Context, *Client) error
}{
	{
		name: "set the app", request: "POST /v25.0/" + testApp + "/subscriptions",
		body: "callback_url=https%3A%2F%2Fbot.acme.example%2Fwa&fields=account_update%2Csecurity&include_values=true" +
			"&object=whatsapp_business_account&verify_token=a+b%2Bc",
		call: func(ctx context.Context, c *Client) error { return c.SetAppSubscription(ctx, testApp, testChange()) },
	},
	{
		name: "delete the app's", request: "DELETE /v25.0/" + testApp + "/subscriptions", query: "object=whatsapp_business_account",
		call: func(ctx context.Context, c *Client) error { return c.DeleteAppSubscription(ctx, testApp) },
	},
	{
		name: "delete two fields", request: "DELETE /v25.0/" + testApp + "/subscriptions",
		query: "fields=account_update%2Csecurity&object=whatsapp_business_account",
		call: func(ctx context.Context, c *Client) error {
			return c.DeleteAppSubscription(ctx, testApp, "account_update", "security")
		},
	},
	{
		name: "subscribe", request: "POST /v25.0/" + testWABA + "/subscribed_apps",
		call: func(ctx context.Context, c *Client) error { return c.SubscribeApp(ctx, testWABA) },
	},
	{
		name: "unsubscribe", request: "DELETE /v25.0/" + testWABA + "/subscribed_apps",
		call: func(ctx context.Context, c *Client) error { return c.UnsubscribeApp(ctx, testWABA) },
	},
	{
		name: "override", request: "POST /v25.0/" + testWABA + "/subscribed_apps",
		body: `{"override_callback_uri":"https://bot.acme.example/wa","verify_token":"a b+c"}`,
		call: func(ctx context.Context, c *Client) error {
			return c.OverrideAccountCallback(ctx, testWABA, testCallback, testVerifyToken)
		},
	},
	{
		name: "number", request: "POST " + underNumber,
		body: `{"webhook_configuration":{"override_callback_uri":"https://bot.acme.example/wa","verify_token":"a b+c"}}`,
		call: func(ctx context.Context, c *Client) error {
			return c.SetNumberCallback(ctx, testNumber, testCallback, testVerifyToken)
		},
	},
	{
		name: "clear a number", request: "POST " + underNumber, body: `{"webhook_configuration":{"override_callback_uri":""}}`,
		call: func(ctx context.Context, c *Client) error {
			return c.SetNumberCallback(ctx, testNumber, "", testVerifyToken)
		},
	},
}

func TestWebhookWrites(t *testing.T) {
	for _, tc := range webhookWireCases {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, ok(`{"success":true}`), ok(`{"success":false}`), ok(`{}`))
			c := server.client(t, withSecret)
			if err := tc.call(t.Context(), c); err != nil {
				t.Fatal(err)
			}
			seen := server.onlyRequest(t)
			token, proof := testToken, c.proof
			if strings.Contains(tc.request, testApp) {
				token, proof = testAppToken, appSecretProof(testSecret, testAppToken)
			}
			equal(t, "request", seen.Method+" "+seen.Path, tc.request)
			equal(t, "authorization", seen.Header.Values("Authorization"), []string{"Bearer " + token})
			body := strings.Replace(seen.Body, "appsecret_proof="+proof+"&", "", 1) // a form has the proof itself
			if body == seen.Body {
				equal(t, "proof", seen.Query.Get("appsecret_proof"), proof)
				seen.Query.Del("appsecret_proof")
			}
			equal(t, "query", seen.Query.Encode(), tc.query)
			equal(t, "body", body, tc.body)
			if err := tc.call(t.Context(), c); ClassOf(err) != ClassUnknown {
				t.Errorf("denied: got %v", err)
			}
			if err := tc.call(t.Context(), c); ClassOf(err) != ClassTransient {
				t.Errorf("no word: got %v", err)
			}
		})
	}
}

func TestReadAppSubscription(t *testing.T) {
	const page = `{"object":"page","callback_url":"https://other.example","active":true,"fields":[{"name":"feed"}]}`
	for _, tc := range []struct {
		name, body string
		want       AppSubscription
	}{
		{name: "nothing", body: `{"data":[]}`},
		{name: "another topic", body: `{"data":[` + page + `]}`},
		{
			name: "subscribed",
			body: `{"data":[` + page + `,{"object":"whatsapp_business_account","callback_url":"https://bot.acme.example/wa","active":true,
				"fields":[{"name":"messages","version":"v25.0"},{"name":"security","version":"v25.0"}]}]}`,
			want: AppSubscription{CallbackURL: testCallback, Active: ptr(true), Fields: []string{"messages", "security"}},
		},
		{
			name: "names alone", body: `{"data":[{"object":"whatsapp_business_account","fields":["messages",{"version":"v25.0"},null]}]}`,
			want: AppSubscription{Fields: []string{"messages"}},
		},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, ok(tc.body))
			got, err := server.client(t, withSecret).ReadAppSubscription(t.Context(), testApp)
			if err != nil {
				t.Fatal(err)
			}
			equal(t, "subscription", *got, tc.want)
			equal(t, "request", server.onlyRequest(t).Method+" "+server.onlyRequest(t).Path, "GET /v25.0/"+testApp+"/subscriptions")
			equal(t, "authorization", server.onlyRequest(t).Header.Get("Authorization"), "Bearer "+testAppToken)
			equal(t, "query", server.onlyRequest(t).Query, url.Values{"appsecret_proof": {appSecretProof(testSecret, testAppToken)}})
		})
	}
	server := newFakeGraph(t, ok(`{}`))
	if _, err := server.client(t, withSecret).ReadAppSubscription(t.Context(), testApp); ClassOf(err) != ClassTransient {
		t.Errorf("no data: got %v", err)
	}
}

func TestWebhookCallsThatMustNotBeMade(t *testing.T) {
	server := newFakeGraph(t)
	c, without := server.client(t, withSecret), server.client(t)
	if !c.HasAppSecret() || without.HasAppSecret() {
		t.Error("HasAppSecret doesn't know")
	}
	app := func(c *Client, id string, change func(*AppSubscriptionChange)) error {
		s := testChange()
		change(&s)
		return c.SetAppSubscription(t.Context(), id, s)
	}
	same := func(*AppSubscriptionChange) {}
	long := "https://bot.acme.example/" + strings.Repeat("x", 200)
	for name, err := range map[string]error{
		"no secret":        app(without, testApp, same),
		"no secret, end":   without.DeleteAppSubscription(t.Context(), testApp),
		"app id":           app(c, "1/x", same),
		"app id, end":      c.DeleteAppSubscription(t.Context(), ""),
		"no fields":        app(c, testApp, func(s *AppSubscriptionChange) { s.Fields = nil }),
		"no verify token":  app(c, testApp, func(s *AppSubscriptionChange) { s.VerifyToken = "" }),
		"plain http":       app(c, testApp, func(s *AppSubscriptionChange) { s.CallbackURL = "http://bot.acme.example" }),
		"no address":       app(c, testApp, func(s *AppSubscriptionChange) { s.CallbackURL = "" }),
		"long address":     c.OverrideAccountCallback(t.Context(), testWABA, long, testVerifyToken),
		"account id":       c.OverrideAccountCallback(t.Context(), "x", testCallback, testVerifyToken),
		"account id, plus": c.SubscribeApp(t.Context(), "1/x"),
		"account id, end":  c.UnsubscribeApp(t.Context(), "1/x"),
		"number id":        c.SetNumberCallback(t.Context(), "1/x", testCallback, testVerifyToken),
		"number, no token": c.SetNumberCallback(t.Context(), testNumber, testCallback, ""),
	} {
		if ClassOf(err) != ClassInvalidSpec {
			t.Errorf("%s: got %v", name, err)
		}
		if strings.Contains(err.Error(), testVerifyToken) {
			t.Errorf("%s shows the verify token: %v", name, err)
		}
	}
	if _, err := without.ReadAppSubscription(t.Context(), testApp); ClassOf(err) != ClassInvalidSpec {
		t.Errorf("read without secret: got %v", err)
	}
	if all := server.all(); len(all) != 0 {
		t.Errorf("requests were made: %+v", all)
	}
}

// Verify tokens and the app's token belong to one call, so the client's own redactor doesn't know them.
func TestVerifyTokensAndAppTokensAreShownNowhere(t *testing.T) {
	secrets := []string{testVerifyToken, testAppToken, testSecret}
	var parts []string
	for _, secret := range secrets {
		parts = append(parts, forms(secret)...)
	}
	text := strings.Join(parts, "; ")
	body := envelope(t, map[string]any{
		"code": 2200, "message": text, "type": text, "error_user_title": text, "error_user_msg": text, "fbtrace_id": text,
		"error_data": map[string]any{"details": text, "blame_field_specs": [][]string{{text}}},
	})
	for op := range everyWebhookCall(nil) {
		if !slices.Contains(appCalls, op) && !slices.Contains(overrides, op) {
			continue
		}
		server := newFakeGraph(t, fakeAnswer{status: 400, body: body, header: http.Header{"X-Fb-Trace-Id": {text}}})
		var log strings.Builder
		c := server.client(t, withSecret, func(cfg *Config) {
			cfg.Log = funcr.New(func(prefix, args string) { log.WriteString(prefix + args + "\n") }, funcr.Options{Verbosity: 10})
		})
		e := mustError(t, everyWebhookCall(c)[op](t.Context()))
		seen := server.onlyRequest(t)
		shown := []string{log.String(), e.Error(), e.Explain(), fmt.Sprintf("%#v", *e), seen.Path + seen.Query.Encode()}
		hidden := []string{testSecret}
		if slices.Contains(appCalls, op) {
			hidden = append(hidden, testAppToken)
		}
		if strings.Contains(seen.Body, "verify_token") {
			hidden = append(hidden, testVerifyToken)
		}
		for _, secret := range hidden {
			for _, form := range forms(secret) {
				if i := slices.IndexFunc(shown, func(s string) bool { return strings.Contains(s, form) }); i >= 0 {
					t.Errorf("%s shows %q: %s", op, form, shown[i])
				}
			}
		}
	}
	if got := fmt.Sprintf("%v %+v %#v", testChange(), testChange(), testChange()); strings.Contains(got, testVerifyToken) {
		t.Errorf("printed: %s", got)
	}
}
