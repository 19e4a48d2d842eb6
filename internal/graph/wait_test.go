// Copyright The waba-operator Authors.
// SPDX-License-Identifier: Apache-2.0

package graph

import (
	"net/http"
	"testing"
	"time"
)

func TestWaitsThatMetaTells(t *testing.T) {
	for _, tc := range []struct {
		code   int
		text   string
		header string
		want   time.Duration
	}{
		{133008, "Try again after 30 seconds", "", 30 * time.Second},
		{133008, "Try again in 1 minute.", "", time.Minute},
		{133009, "Please wait 1 hour and 5 minutes.", "", 65 * time.Minute},
		{133009, "Please wait 2 hours, 30 minutes and 10 secs", "", 2*time.Hour + 30*time.Minute + 10*time.Second},
		{133008, "You tried 5 times in 10 minutes. Wait AN HOUR.", "", time.Hour},
		{133008, "You tried 5 times in 10 minutes. Wait 12hrs.", "", 12 * time.Hour},
		{133008, "Wait 9999999 days and 9999999 days", "", maxWait},
		{133008, "Wait 99999999 seconds", "", 0}, // no time that Meta means
		{133008, "Guessed 3 more secrets, an hourglass", "", 0},
		{133008, "", "120", 2 * time.Minute},
		{133008, "Wait 1 minute", "120", 2 * time.Minute},
		{133005, "Try again in 30 seconds", "", 0},
		{133015, "", "", 5 * time.Minute},
		{133016, "Try again in 5 minutes", "", 72 * time.Hour},
		{136025, "Too many attempts, wait 10 mins", "", 10 * time.Minute},
	} {
		server := newFakeGraph(t, fakeAnswer{
			status: 400, header: http.Header{"Retry-After": {tc.header}},
			body: envelope(t, map[string]any{"code": tc.code, "message": "m", "error_data": map[string]any{"details": tc.text}}),
		})
		e := mustError(t, server.client(t).VerifyCode(t.Context(), testNumber, testCode))
		if e.RetryAfter != tc.want {
			t.Errorf("%d, %q: got %v, want %v", tc.code, tc.text, e.RetryAfter, tc.want)
		}
	}
}

// A condition must not count down.
func TestExplainOfWaitsIsStable(t *testing.T) {
	for _, text := range []string{"Try again in 1799 seconds.", "Try again in 1 hour and 2 minutes."} {
		server := newFakeGraph(t, refused(envelope(t, map[string]any{"code": 133008, "error_data": map[string]any{"details": text}})))
		e := mustError(t, server.client(t).RegisterPhoneNumber(t.Context(), testNumber, Registration{PIN: testPIN}))
		equal(t, text, e.Explain(), "Try again in some time.")
	}
}
