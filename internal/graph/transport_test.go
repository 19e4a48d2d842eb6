// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	testingclock "k8s.io/utils/clock/testing"
)

// goodAnswer is enough of an answer for any call.
func goodAnswer(op Operation) fakeAnswer {
	switch op {
	case OpDebugToken:
		return ok(`[{"code":200,"body":"{\"data\":{\"is_valid\":true}}"}]`)
	case OpEditTemplate, OpDeleteTemplate:
		return ok(`{"success":true}`)
	case OpOpenUpload:
		return ok(`{"id":"` + testSession + "?sig=" + testSignature + `"}`)
	case OpSendUpload:
		return ok(`{"h":"` + testHandle + `"}`)
	case OpReadUpload:
		return ok(`{"id":"` + testSession + `","file_offset":3}`)
	default:
		return ok(`{"id":"1","name":"n","language":"en","data":[]}`)
	}
}

func TestEveryCallCarriesTokenAgentAndProof(t *testing.T) {
	for _, secret := range []string{"", testSecret} {
		for op := range everyCall(nil) {
			if slices.Contains(appCalls, op) { // with another token, see TestWebhookWrites
				continue
			}
			t.Run(string(op), func(t *testing.T) {
				server := newFakeGraph(t, goodAnswer(op))
				c := server.client(t, func(cfg *Config) { cfg.AppSecret = secret })
				if err := everyCall(c)[op](t.Context()); err != nil {
					t.Fatal(err)
				}
				got := server.onlyRequest(t)
				scheme := "Bearer "
				if op == OpSendUpload || op == OpReadUpload {
					scheme = "OAuth "
				}
				equal(t, "authorization", got.Header.Values("Authorization"), []string{scheme + testToken})
				equal(t, "user agent", got.Header.Get("User-Agent"), "waba-operator/test")
				if !strings.HasPrefix(got.Path, "/v25.0/") {
					t.Errorf("path %q has no version", got.Path)
				}
				proof := got.Query.Get("appsecret_proof")
				if got.Header.Get("Content-Type") == contentForm {
					form := got.form(t)
					proof = form.Get("appsecret_proof")
					if len(got.Query) != 0 {
						t.Errorf("beside the form is a query: %v", got.Query)
					}
				}
				equal(t, "proof", proof, c.proof)
				if (proof == "") != (secret == "") {
					t.Errorf("proof %q with secret %q", proof, secret)
				}
			})
		}
	}
}

func TestBodiesThatAreNotGraphAnswers(t *testing.T) {
	for _, tc := range []struct {
		name      string
		answer    fakeAnswer
		wantClass Class
		wantCause Cause
	}{
		{"html", fakeAnswer{status: 502, body: "<html>Bad gateway</html>"}, ClassTransient, CauseBadBody},
		{"html with 403", fakeAnswer{status: 403, body: "<html>Forbidden</html>"}, ClassTransient, CauseBadBody},
		{"html with 200", ok("<html>Log in to the hotel</html>"), ClassTransient, CauseBadBody},
		{"empty with 200", ok(""), ClassTransient, CauseBadBody},
		{"empty with 500", fakeAnswer{status: 500}, ClassTransient, CauseBadBody},
		{"truncated", ok(`{"id":"1","na`), ClassTransient, CauseBadBody},
		{"two values", ok(`{"id":"1"}{"id":"2"}`), ClassTransient, CauseBadBody},
		{"no object", ok(`[]`), ClassTransient, CauseBadBody},
		{"without id", ok(`{"name":"n"}`), ClassTransient, CauseBadBody},
		{"JSON with 500", fakeAnswer{status: 500, body: `{"id":"1"}`}, ClassTransient, CauseBadBody},
		{"JSON with 404", fakeAnswer{status: 404, body: `{"id":"1"}`}, ClassUnknown, CauseBadBody},
		{"JSON with 302", fakeAnswer{status: 302, body: `{"id":"1"}`}, ClassUnknown, CauseBadBody},
		{"error as text", refused(`{"error":"invalid_request","error_description":"no"}`), ClassUnknown, ""},
		{"error without code", refused(`{"error":{"message":"no"}}`), ClassUnknown, ""},
		{"passing error without code", refused(`{"error":{"message":"no","is_transient":true}}`), ClassTransient, ""},
		{"error with 200", ok(`{"error":{"code":190,"message":"no"}}`), ClassCredentials, CauseTokenInvalid},
		{"code as text", refused(`{"error":{"code":"100","error_subcode":"33"}}`), ClassAmbiguous, CauseMissingObject},
		{"known error with 500", fakeAnswer{status: 500, body: `{"error":{"code":10}}`}, ClassPermission, ""},
		{"unknown error with 500", fakeAnswer{status: 500, body: `{"error":{"code":987654}}`}, ClassUnknown, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			server := newFakeGraph(t, tc.answer)
			account, err := server.client(t).ReadAccount(t.Context(), testWABA, AccountQuery{})
			e := mustError(t, err)
			if account != nil || e.Class != tc.wantClass || e.Cause != tc.wantCause || e.Op != OpReadAccount {
				t.Errorf("got %+v, %s/%s of %s", account, e.Class, e.Cause, e.Op)
			}
			if want := max(tc.answer.status, 200); e.HTTPStatus != want {
				t.Errorf("got status %d, want %d", e.HTTPStatus, want)
			}
			if e.Explain() == "" || strings.Contains(e.Explain(), "<") {
				t.Errorf("explanation %q", e.Explain())
			}
		})
	}
}

func TestTooLargeAnswer(t *testing.T) {
	server := newFakeGraph(t, ok(`{"id":"1"}`+strings.Repeat(" ", maxBody)))
	_, err := server.client(t).ReadAccount(t.Context(), testWABA, AccountQuery{})
	if e := mustError(t, err); e.Class != ClassTransient || e.Cause != CauseReduceData {
		t.Errorf("got %s/%s", e.Class, e.Cause)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	target := newFakeGraph(t)
	for _, status := range []int{301, 302, 303, 307, 308} {
		server := newFakeGraph(t, fakeAnswer{status: status, header: http.Header{"Location": {target.URL + "/v25.0/1"}}})
		_, err := server.client(t).ReadAccount(t.Context(), testWABA, AccountQuery{})
		if e := mustError(t, err); e.Cause != CauseBadBody || e.HTTPStatus != status {
			t.Errorf("%d: got %v", status, err)
		}
	}
	if all := target.all(); len(all) != 0 {
		t.Errorf("the target of the redirect was called: %+v", all)
	}
}

func TestNetworkErrors(t *testing.T) {
	hang := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(hang.Close)
	cut := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }))
	t.Cleanup(cut.Close)
	half := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = w.Write([]byte(`{"id":`))
	}))
	t.Cleanup(half.Close)
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()

	for _, tc := range []struct {
		name   string
		base   string
		ctx    context.Context //nolint:containedctx // the row is about the context
		cause  Cause
		wantIs error
	}{
		{"deadline of the call", hang.URL, t.Context(), CauseTimeout, context.DeadlineExceeded},
		{"canceled by the caller", hang.URL, canceled, CauseNetwork, context.Canceled},
		{"connection cut", cut.URL, t.Context(), CauseNetwork, nil},
		{"body cut", half.URL, t.Context(), CauseNetwork, nil},
		{"no server there", closed.URL, t.Context(), CauseNetwork, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := testClient(t, tc.base, func(cfg *Config) { cfg.Timeout = 100 * time.Millisecond; cfg.AppSecret = testSecret })
			err := c.DeleteTemplate(tc.ctx, testWABA, "order", "77")
			e := mustError(t, err)
			if e.Class != ClassTransient || e.Cause != tc.cause || e.Err == nil || ClassOf(err) != ClassTransient {
				t.Errorf("got %s/%s (%v)", e.Class, e.Cause, e.Err)
			}
			if tc.wantIs != nil && !errors.Is(err, tc.wantIs) {
				t.Errorf("%v is not %v", err, tc.wantIs)
			}
			for _, text := range []string{err.Error(), e.Explain(), e.Err.Error()} {
				if strings.Contains(text, "http://") || strings.Contains(text, "hsm_id") || strings.Contains(text, testWABA) {
					t.Errorf("the error shows the URL: %s", text)
				}
			}
		})
	}
}

// TestProxyRefuses: a refusal of a proxy differs from one of Meta's, and the proxy's password stays out.
func TestProxyRefuses(t *testing.T) {
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusProxyAuthRequired) }))
	t.Cleanup(proxy.Close)
	host := strings.TrimPrefix(proxy.URL, "http://")
	transport, ok := newSharedTransport().(*http.Transport)
	if !ok {
		t.Fatal("no transport that can have a proxy")
	}
	transport.Proxy = http.ProxyURL(&url.URL{Scheme: "http", Host: host, User: url.UserPassword("me", "hush")})
	c := testClient(t, "https://graph.invalid", func(cfg *Config) { cfg.Transport = transport })
	err := c.DeleteTemplate(t.Context(), testWABA, "order", "77")
	if want := "the proxy " + host + " refuses the connection: 407 Proxy Authentication Required"; err == nil ||
		!strings.HasSuffix(err.Error(), want) || strings.Contains(err.Error(), "hush") {
		t.Errorf("got %v", err)
	}
}

// callRecorder is a RateLimiter and an observer.
type callRecorder struct {
	refuse error
	before []Operation
	after  []afterCall
	calls  []CallInfo
}

type afterCall struct {
	op    Operation
	usage Usage
	err   error
}

func (r *callRecorder) Before(op Operation) error {
	r.before = append(r.before, op)
	return r.refuse
}

func (r *callRecorder) After(op Operation, usage Usage, err error) {
	r.after = append(r.after, afterCall{op, usage, err})
}

func (r *callRecorder) configure(cfg *Config) {
	cfg.RateLimiter = r
	cfg.Observe = func(info CallInfo) { r.calls = append(r.calls, info) }
}

func TestGateAndObserver(t *testing.T) {
	usage := http.Header{
		"X-Business-Use-Case-Usage": {`{"` + testWABA + `":[{"type":"whatsapp_business_management","call_count":101,"estimated_time_to_regain_access":7}]}`},
		"X-Fb-Trace-Id":             {"Ahead"},
	}
	server := newFakeGraph(t,
		fakeAnswer{header: usage, body: `{"success":true}`},
		fakeAnswer{status: 400, header: usage, body: `{"error":{"code":80008,"message":"slow down"}}`})
	r := &callRecorder{}
	clock := testingclock.NewFakePassiveClock(time.Unix(1790000000, 0))
	c := server.client(t, r.configure, func(cfg *Config) {
		cfg.Clock = clock
		cfg.Transport = roundTripper(func(req *http.Request) (*http.Response, error) {
			clock.SetTime(clock.Now().Add(3 * time.Second))
			return http.DefaultTransport.RoundTrip(req)
		})
	})
	if err := c.EnableInsights(t.Context(), testWABA); err != nil {
		t.Fatal(err)
	}
	e := mustError(t, c.EnableInsights(t.Context(), testWABA))
	if e.Class != ClassThrottled || e.RetryAfter != 7*time.Minute || e.TraceID != "Ahead" {
		t.Errorf("got %s, retry after %v, trace %q", e.Class, e.RetryAfter, e.TraceID)
	}
	equal(t, "observed", r.calls, []CallInfo{
		{Op: OpUpdateAccount, HTTPStatus: 200, Duration: 3 * time.Second},
		{Op: OpUpdateAccount, HTTPStatus: 400, Class: ClassThrottled, Code: 80008, Duration: 3 * time.Second},
	})
	equal(t, "asked", r.before, []Operation{OpUpdateAccount, OpUpdateAccount})
	if len(r.after) != 2 || r.after[0].err != nil || r.after[1].err == nil {
		t.Fatalf("After was called with %+v", r.after)
	}
	equal(t, "usage", r.after[0].usage, Usage{BusinessPercent: 101, RegainAfter: 7 * time.Minute})
}

// TestUsageOfOtherAccounts: the answer to a call on a template's id lists other accounts of the app; only the client's own counts.
func TestUsageOfOtherAccounts(t *testing.T) {
	server := newFakeGraph(t, fakeAnswer{
		header: http.Header{"X-Business-Use-Case-Usage": {`{"102":[{"type":"whatsapp","call_count":12}],"103":[{"type":"whatsapp","call_count":99}]}`}},
		body:   `{"id":"77","name":"parcel_left","language":"en_US","status":"APPROVED","category":"UTILITY"}`,
	})
	r := &callRecorder{}
	if _, err := server.client(t, r.configure, func(c *Config) { c.AccountID = "102" }).ReadTemplate(t.Context(), "77"); err != nil {
		t.Fatal(err)
	}
	equal(t, "usage", r.after[0].usage, Usage{BusinessPercent: 12})
}

func TestGateRefuses(t *testing.T) {
	server := newFakeGraph(t)
	r := &callRecorder{refuse: &Error{Op: OpReadTemplate, Class: ClassThrottled, RetryAfter: time.Minute}}
	_, err := server.client(t, r.configure).ReadTemplate(t.Context(), "77")
	if ClassOf(err) != ClassThrottled || len(server.all()) != 0 || len(r.after) != 0 || len(r.calls) != 0 {
		t.Errorf("got %v, %d requests, After called with %v, observed %v", err, len(server.all()), r.after, r.calls)
	}
}

func TestRetryAfterHeader(t *testing.T) {
	for header, want := range map[string]time.Duration{
		"30": 30 * time.Second, "": 0, "-1": 0, "Wed, 21 Oct 2026 07:28:00 GMT": 0, "99999999": maxRegain,
	} {
		server := newFakeGraph(t, fakeAnswer{status: 503, header: http.Header{"Retry-After": {header}}})
		_, err := server.client(t).ReadTemplate(t.Context(), "77")
		if e := mustError(t, err); e.RetryAfter != want {
			t.Errorf("%q: got %v, want %v", header, e.RetryAfter, want)
		}
	}
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// TestProxyRefused: only a refusal is an error, and it names the proxy.
func TestProxyRefused(t *testing.T) {
	proxy := &url.URL{Host: "proxy.example:3128"}
	if err := proxyRefused(t.Context(), proxy, nil, &http.Response{StatusCode: http.StatusOK, Status: "200 OK"}); err != nil {
		t.Error(err)
	}
	err := proxyRefused(t.Context(), proxy, nil, &http.Response{StatusCode: http.StatusForbidden, Status: "403 Forbidden"})
	if err == nil || !strings.Contains(err.Error(), "proxy.example:3128") || !strings.Contains(err.Error(), "403") {
		t.Errorf("got %v", err)
	}
}
