// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/go-logr/logr/funcr"
)

// secretCalls are the calls with a PIN or code, by what they must not show.
func secretCalls(c *Client) map[string]map[Operation]func(context.Context) error {
	all := everyNumberCall(c)
	return map[string]map[Operation]func(context.Context) error{
		testPIN:  {OpRegisterPhoneNumber: all[OpRegisterPhoneNumber], OpSetPIN: all[OpSetPIN]},
		testCode: {OpVerifyCode: all[OpVerifyCode]},
	}
}

func TestPINsAndCodesAreNotInErrorsLogsAndURLs(t *testing.T) {
	for secret, calls := range secretCalls(nil) {
		text := fmt.Sprintf("pin=%[1]s,%[2]s-%[3]s %[2]s %[3]s (%[1]s) NDgyOTE1 NzMxMDQ2 343832393135 %[1]s", secret, secret[:3], secret[3:])
		fields := map[string]any{
			"code": 133005, "message": text, "type": text, "error_user_title": text, "error_user_msg": text, "fbtrace_id": text,
			"error_data": map[string]any{"details": text, "blame_field_specs": [][]string{{text}}},
		}
		for name, a := range map[string]fakeAnswer{
			"envelope": {status: 400, body: envelope(t, fields), header: http.Header{"X-Fb-Trace-Id": {text}}},
			"success":  {body: `{"success":true}`, header: http.Header{"X-Fb-Trace-Id": {text}}},
			"as text":  {status: 400, body: fmt.Sprintf(`{"error":%q}`, text)},
			"html":     {status: 502, body: text},
		} {
			for op := range calls {
				server := newFakeGraph(t, a)
				var log strings.Builder
				c := server.client(t, func(cfg *Config) {
					cfg.AppSecret = testSecret
					cfg.Log = funcr.New(func(prefix, args string) { log.WriteString(prefix + args + "\n") }, funcr.Options{Verbosity: 10})
				})
				err := secretCalls(c)[secret][op](t.Context())
				seen := server.onlyRequest(t)
				shown := []string{log.String(), fmt.Sprintf("%s %v %v", seen.Path, seen.Query, seen.Header)}
				if name != "success" {
					e := mustError(t, err)
					shown = append(shown, err.Error(), e.Explain(), fmt.Sprintf("%#v", *e))
				}
				if !strings.Contains(seen.Body, secret) {
					t.Errorf("%s: the body %q lacks the secret", op, seen.Body)
				}
				for _, text := range shown {
					noDigits(t, fmt.Sprintf("%s, %s", op, name), text, secret)
				}
			}
		}
	}
}

func noDigits(t *testing.T, what, text, secret string) {
	t.Helper()
	for _, form := range append(forms(secret), secret[:3]+"-"+secret[3:], secret[:3]+" "+secret[3:]) {
		if strings.Contains(text, form) {
			t.Errorf("%s shows %q: %s", what, form, text)
		}
	}
}

func TestPINsAndCodesAreNotInNetworkErrors(t *testing.T) {
	for secret, calls := range secretCalls(nil) {
		for op := range calls {
			var log strings.Builder
			c := testClient(t, "https://graph.invalid", func(cfg *Config) {
				cfg.Log = funcr.New(func(_, args string) { log.WriteString(args + "\n") }, funcr.Options{Verbosity: 10})
				cfg.Transport = roundTripper(func(*http.Request) (*http.Response, error) {
					return nil, fmt.Errorf("sending code=%s: %w", secret, context.DeadlineExceeded)
				})
			})
			err := secretCalls(c)[secret][op](t.Context())
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("%s: %v is no time-out any more", op, err)
			}
			for cause := err; cause != nil; cause = errors.Unwrap(cause) {
				noDigits(t, string(op), fmt.Sprintf("%v %+v %#v", cause, cause, cause), secret)
			}
			if !strings.Contains(log.String(), `"cause"="Timeout"`) {
				t.Errorf("the log doesn't say why: %q", log.String())
			}
			noDigits(t, "log", log.String(), secret)
		}
	}
}

func TestWithoutDigits(t *testing.T) {
	for _, tc := range []struct{ in, want string }{
		{"123456", "[redacted]"},
		{"123456 123456,123456", "[redacted] [redacted],[redacted]"},
		{"pin123456x", "pin[redacted]x"},
		{"number 15551234567 and 1234567 0123456", "number 15551234567 and 1234567 0123456"},
		{"1234561234567 123456", "1234561234567 [redacted]"},
		{"123-456", "[redacted]"},
		{"", ""},
	} {
		equal(t, tc.in, withoutDigits(tc.in, []string{"", "123456"}), tc.want)
	}
}

func TestRegistrationIsNotPrinted(t *testing.T) {
	r := Registration{PIN: testPIN, DataLocalizationRegion: "BR"}
	for _, text := range []string{fmt.Sprint(r), fmt.Sprintf("%+v", r), fmt.Sprintf("%#v", r), fmt.Sprintf("%s %d", r, &r)} {
		noDigits(t, "registration", text, testPIN)
	}
}

// A refused PIN or code must not come back in the refusal either.
func TestRefusalsDoNotRepeatSecrets(t *testing.T) {
	c := newFakeGraph(t).client(t)
	for _, err := range []error{
		c.SetPIN(t.Context(), testNumber, testPIN+"7"), c.VerifyCode(t.Context(), testNumber, testPIN+"7"),
		c.RegisterPhoneNumber(t.Context(), testNumber, Registration{PIN: testPIN + "7"}),
		c.SetPIN(t.Context(), "x", testPIN), c.VerifyCode(t.Context(), "x", testPIN),
	} {
		noDigits(t, "refusal", err.Error(), testPIN)
	}
}
