// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
)

// forms gives a secret in the encodings in which it could turn up.
func forms(secret string) []string {
	raw := []byte(secret)
	return []string{
		secret, url.QueryEscape(secret), url.PathEscape(secret), hex.EncodeToString(raw),
		base64.StdEncoding.EncodeToString(raw), base64.RawStdEncoding.EncodeToString(raw),
		base64.URLEncoding.EncodeToString(raw), base64.RawURLEncoding.EncodeToString(raw),
	}
}

func noSecrets(t *testing.T, what, text, proof string) {
	t.Helper()
	for _, secret := range []string{testToken, testSecret, proof} {
		for _, form := range forms(secret) {
			if strings.Contains(text, form) {
				t.Errorf("%s shows a secret as %q: %s", what, form, text)
			}
		}
	}
	for _, fragment := range []string{"EAAGm0PX4ZCps", "://", testSession[:20], testSignature, testHandle[:28], "access_token=E", "appsecret_proof=" + proof[:8]} {
		if strings.Contains(text, fragment) {
			t.Errorf("%s shows %q: %s", what, fragment, text)
		}
	}
}

// textWithSecrets contains every secret in every form, and URLs.
func textWithSecrets(proof string) string {
	parts := []string{
		testSession + "?sig=" + testSignature, "sig=" + testSignature, testHandle, "Malformed access token EAAGm0PX4ZCpsBO", "https://graph.facebook.com/v25.0/1?access_token=EAAGq&x=1",
	}
	for _, secret := range []string{testToken, testSecret, proof} {
		parts = append(parts, forms(secret)...)
	}
	return strings.Join(parts, " ")
}

func TestNothingSecretInErrorsAndLogs(t *testing.T) {
	proof := appSecretProof(testSecret, testToken)
	text := textWithSecrets(proof)
	everywhere := map[string]any{
		"code": 190, "message": text, "type": text, "error_user_title": text, "error_user_msg": text, "fbtrace_id": text,
		"error_data": map[string]any{"details": text, "blame_field_specs": [][]string{{text}}},
	}
	asText := map[string]any{"code": 190, "message": "m", "error_data": text}
	header := http.Header{"X-Fb-Trace-Id": {text}, "Location": {"https://elsewhere.example/?access_token=" + url.QueryEscape(testToken)}}
	for name, a := range map[string]fakeAnswer{
		"envelope":       {status: 401, body: envelope(t, everywhere), header: header},
		"data as text":   {status: 400, body: envelope(t, asText)},
		"error as text":  {status: 400, body: fmt.Sprintf(`{"error":%q}`, text)},
		"html":           {status: 502, body: text, header: header},
		"redirect":       {status: 302, body: text, header: header},
		"odd page":       {body: fmt.Sprintf(`{"id":"1","data":[{"id":%q}],"paging":{"next":%q}}`, text, text)},
		"endless header": {status: 302, header: http.Header{"Location": {"http://[" + testToken}}},
	} {
		for op := range everyCall(nil) {
			t.Run(name+"/"+string(op), func(t *testing.T) {
				server := newFakeGraph(t, a)
				var log strings.Builder
				c := server.client(t, func(cfg *Config) {
					cfg.AppSecret = testSecret
					cfg.Log = funcr.New(func(prefix, args string) { log.WriteString(prefix + args + "\n") }, funcr.Options{Verbosity: 10})
				})
				err := everyCall(c)[op](t.Context())
				if !strings.Contains(log.String(), `"status"=`) || !strings.Contains(log.String(), string(op)) {
					t.Errorf("no log line: %q", log.String())
				}
				noSecrets(t, "log", log.String(), proof)
				if err == nil {
					return // the odd page suits some calls
				}
				e := mustError(t, err)
				noSecrets(t, "error", err.Error(), proof)
				noSecrets(t, "explanation", e.Explain(), proof)
				noSecrets(t, "fields", fmt.Sprintf("%#v %v", *e, e.Err), proof)
			})
		}
	}
}

func TestNothingSecretInNetworkErrors(t *testing.T) {
	proof := appSecretProof(testSecret, testToken)
	secretURL := "https://graph.facebook.com/v25.0/1?access_token=" + url.QueryEscape(testToken) + "&appsecret_proof=" + proof
	for name, failure := range map[string]error{
		"url error": &url.Error{Op: "Get", URL: secretURL, Err: errors.New("boom")},
		"wrapped":   fmt.Errorf("proxy: %w", &url.Error{Op: "Get", URL: secretURL, Err: errors.New("boom " + testToken)}),
		"text":      errors.New("cannot reach " + secretURL + " with " + textWithSecrets(proof)),
		"quoted":    errors.New("Get \"" + secretURL + "\": EOF"),
		"hollow":    &url.Error{Op: "Get", URL: secretURL, Err: errors.New("")},
	} {
		t.Run(name, func(t *testing.T) {
			var log strings.Builder
			c := testClient(t, "https://graph.invalid", func(cfg *Config) {
				cfg.AppSecret = testSecret
				cfg.Transport = roundTripper(func(*http.Request) (*http.Response, error) { return nil, failure })
				cfg.Log = funcr.New(func(_, args string) { log.WriteString(args + "\n") }, funcr.Options{Verbosity: 10})
			})
			for op, call := range everyCall(c) {
				err := call(t.Context())
				e := mustError(t, err)
				if e.Cause != CauseNetwork || e.Op != op {
					t.Errorf("got %v", err)
				}
				for cause := err; cause != nil; cause = errors.Unwrap(cause) {
					noSecrets(t, "chain", fmt.Sprintf("%v %+v %#v", cause, cause, cause), proof)
				}
			}
			if !strings.Contains(log.String(), `"cause"="Network"`) {
				t.Errorf("the log doesn't say why: %q", log.String())
			}
			noSecrets(t, "log", log.String(), proof)
		})
	}
}

func TestLogLine(t *testing.T) {
	const call = `"level"=4 "msg"="Graph call" "op"="FindTemplates" `
	refused := fakeAnswer{status: 400, body: `{"error":{"code":190,"error_subcode":463,"message":"expired","fbtrace_id":"Atrace"}}`}
	for name, c := range map[string]struct {
		answer fakeAnswer
		change func(*Config)
		want   string
	}{
		"success": {fakeAnswer{body: `{"data":[]}`}, nil, call + `"status"=200 "duration"="0s" "fbtrace_id"="" "result"="ok"`},
		"refusal": {refused, nil, call + `"status"=400 "duration"="0s" "fbtrace_id"="Atrace" "result"="Credentials" "cause"="TokenExpired" ` +
			`"code"=190 "subcode"=463 "error"="graph FindTemplates: Credentials (TokenExpired): code 190/463, HTTP 400: expired, trace Atrace"`},
		"network": {fakeAnswer{}, func(cfg *Config) {
			cfg.Transport = roundTripper(func(r *http.Request) (*http.Response, error) {
				return nil, &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: r.URL.Hostname(), IsNotFound: true}}
			})
		}, call + `"status"=0 "duration"="0s" "fbtrace_id"="" "result"="Transient" "cause"="Network" "code"=0 "subcode"=0 ` +
			`"error"="graph FindTemplates: Transient (Network): dial tcp: lookup 127.0.0.1: no such host"`},
		"rate limiter refuses": {fakeAnswer{}, func(cfg *Config) {
			cfg.RateLimiter = &callRecorder{refuse: &Error{Op: OpFindTemplates, Class: ClassThrottled, Message: "later"}}
		}, `"level"=4 "msg"="Graph call refused by the rate limiter" "op"="FindTemplates" "error"="graph FindTemplates: Throttled: later"`},
	} {
		t.Run(name, func(t *testing.T) {
			var lines []string
			client := newFakeGraph(t, c.answer).client(t, func(cfg *Config) {
				if c.change != nil {
					c.change(cfg)
				}
				cfg.Log = funcr.New(func(_, args string) { lines = append(lines, args) }, funcr.Options{Verbosity: 4})
			})
			_, _ = client.FindTemplates(t.Context(), testWABA, "order")
			equal(t, "log", lines, []string{c.want})
		})
	}
}

func TestRedactKeepsOrdinaryText(t *testing.T) {
	r := newRedactor(testToken, "", "")
	for _, tc := range []struct{ in, want string }{
		{"The message template name can only have lowercase letters.", "The message template name can only have lowercase letters."},
		{"See https://fb.me/x?a=b for more", "See [URL] for more"},
		{`{"verify_token": "abc"}`, `{"verify_token": "[redacted]"}`},
		{"EAST and EACH are words", "EAST and EACH are words"},
		{"token EAAGq8w7XkJ1ABCDEFGHIJ ends", "token [redacted] ends"},
		{"Upload upload:MTphdHRhY2htZW50?sig=ARZq&x=1 is over", "Upload [upload] is over"},
		{`{"sig": "ARZq"} and ?sig=ARZq`, `{"sig": "[redacted]"} and ?sig=[redacted]`},
		{"Handle " + testHandle + ", expired", "Handle [handle], expired"},
		{"upload:ed at 10:45, signal 1::2", "upload:ed at 10:45, signal 1::2"},
		{"", ""},
	} {
		equal(t, tc.in, r.text(tc.in), tc.want)
	}
}

// TestRedactor: the function hides what a client hides.
func TestRedactor(t *testing.T) {
	hide := Redactor(" "+testToken+"\n", testSecret)
	for _, text := range []string{testToken, testSecret, appSecretProof(testSecret, testToken), url.QueryEscape(testToken), testToken[:12], "https://x.example/?a=b"} {
		if got := hide("before " + text + " after"); strings.Contains(got, text) || !strings.HasPrefix(got, "before [") || !strings.HasSuffix(got, "] after") {
			t.Errorf("%q became %q", text, got)
		}
	}
	if got := Redactor("", "")("Acme Garden 102290129340398"); got != "Acme Garden 102290129340398" {
		t.Error(got)
	}
}
